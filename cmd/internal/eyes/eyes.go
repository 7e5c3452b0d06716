// Package eyes reads a kiosk's screen from a picture of it, as a person in the room
// would, and from nothing else. It is for tests alone.
//
// It guarantees that what it reads is on the picture to the pixel: a text is seen where
// the same screens, drawn unseen and in the same size, put those very pixels; a word of
// a share is the one word of the list that is drawn so in its cell. A QR code is read by
// zbarimg, which is not ours.
package eyes

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"iter"
	"os/exec"
	"slices"
	"strings"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// Reader reads pictures of one size. It is not safe for concurrent use.
type Reader struct {
	window *host.Headless
	size   image.Point
	list   []string // the words a share is made of
	cards  map[string]*card
	texts  map[string]*image.RGBA
}

// New returns a reader of pictures of that size, in pixels. list is the words that a
// share is made of, the longest of them eight letters.
func New(size image.Point, list []string) *Reader {
	return &Reader{
		window: host.NewHeadless(size.X, size.Y, ui.New(kit.NewTheme())),
		size:   size, list: list, cards: map[string]*card{}, texts: map[string]*image.RGBA{},
	}
}

// draw is the picture of a view, and the labels on it.
func (r *Reader) draw(v *ceremony.View) (*image.RGBA, []host.Label, error) {
	for range 2 { // a window takes two frames to come to rest
		if _, err := r.window.Frame(v); err != nil {
			return nil, nil, fmt.Errorf("drawing %q: %w", v.Title, err)
		}
	}
	return r.window.Image(), r.window.Labels(), nil
}

// slide is how far a title may stand below its highest place: other things on its line
// push it down.
const slide = 64

// Title tells whether a picture's title is title.
func (r *Reader) Title(picture image.Image, title string) (bool, error) {
	return r.stands(picture, &ceremony.View{Title: title}, title, slide)
}

// Notice tells whether a picture has a notice of that kind and text.
func (r *Reader) Notice(picture image.Image, n ceremony.Notice) (bool, error) {
	return r.stands(picture, &ceremony.View{Title: "A title", Notice: n}, n.Text, r.size.Y)
}

// Happened tells whether a picture's message says that this happened.
func (r *Reader) Happened(picture image.Image, what string) (bool, error) {
	return r.stands(picture, &ceremony.View{Title: "A title", Body: ceremony.MessageBody{Happened: what}}, what, r.size.Y)
}

// stands tells whether a text of a view stands on a picture as it stands there, or at
// most down pixels lower.
func (r *Reader) stands(picture image.Image, v *ceremony.View, text string, down int) (bool, error) {
	if picture.Bounds().Size() != r.size {
		return false, nil
	}
	want, err := r.look(v, text)
	if err != nil {
		return false, err
	}
	got := flat(picture)
	for y := range down {
		if same(want, want.Rect.Min, got, want.Rect.Add(image.Pt(0, y))) {
			return true, nil
		}
	}
	return false, nil
}

// Button finds a button on a picture, by how it looks alone on a screen. It returns its
// label's middle; false if it is not there.
func (r *Reader) Button(picture image.Image, a ceremony.Action) (image.Point, bool, error) {
	if picture.Bounds().Size() != r.size {
		return image.Point{}, false, nil
	}
	want, err := r.look(&ceremony.View{Title: "A title", Actions: []ceremony.Action{a}}, a.Label)
	if err != nil {
		return image.Point{}, false, err
	}
	at, seen := find(flat(picture), image.Rectangle{Max: r.size}, want)
	return at.Min.Add(at.Max).Div(2), seen, nil
}

// Why tells whether a picture says at its foot why one of these actions cannot be taken
// yet.
func (r *Reader) Why(picture image.Image, actions []ceremony.Action, why string) (bool, error) {
	if picture.Bounds().Size() != r.size {
		return false, nil
	}
	want, err := r.look(&ceremony.View{Title: "A title", Actions: actions}, why)
	if err != nil {
		return false, err
	}
	_, seen := find(flat(picture), image.Rect(0, r.size.Y*2/3, r.size.X, r.size.Y), want)
	return seen, nil
}

// Fact reads what stands beside a fact's name on a picture: the first of some beginnings
// that it begins with. It is false if there is no such fact, or it begins with none.
func (r *Reader) Fact(picture image.Image, name string, beginnings iter.Seq[string]) (string, bool, error) {
	if picture.Bounds().Size() != r.size {
		return "", false, nil
	}
	got := flat(picture)
	for _, more := range []int{0, manyFacts} {
		want, err := r.look(factView(name, "A value", more), name)
		if err != nil {
			return "", false, err
		}
		line, seen := find(got, image.Rectangle{Max: r.size}, want)
		if !seen {
			continue
		}
		line.Min.X, line.Max.X = line.Max.X-line.Dy(), r.size.X
		return r.value(got, line, name, more, beginnings)
	}
	return "", false, nil
}

// manyFacts do not fit on any screen. Then all of them are written smaller.
const manyFacts = 80

// factView has a fact, and some more below it.
func factView(name, value string, more int) *ceremony.View {
	facts := append([]ceremony.Fact{{Name: name, Value: value}}, slices.Repeat([]ceremony.Fact{{Name: "More", Value: "more"}}, more)...)
	return &ceremony.View{Title: "A title", Body: ceremony.FactsBody{Groups: []ceremony.FactGroup{{Facts: facts}}}}
}

// value is the first of some beginnings that a fact's value begins with, on its line of a
// picture.
func (r *Reader) value(got *image.RGBA, line image.Rectangle, name string, more int, beginnings iter.Seq[string]) (string, bool, error) {
	for value := range beginnings {
		drawn, at, err := r.label(factView(name, value, more), value)
		if err != nil {
			return "", false, err
		}
		at.Min.X -= at.Dy() // a number that ends so is another one
		if _, seen := find(got, line, drawn.SubImage(at).(*image.RGBA)); seen {
			return value, true, nil
		}
	}
	return "", false, nil
}

// find is where a part of another picture stands within a part of a picture.
func find(got *image.RGBA, within image.Rectangle, want *image.RGBA) (at image.Rectangle, seen bool) {
	for y := within.Min.Y; y <= within.Max.Y-want.Rect.Dy(); y++ {
		for x := within.Min.X; x <= within.Max.X-want.Rect.Dx(); x++ {
			at = image.Rectangle{Max: want.Rect.Size()}.Add(image.Pt(x, y))
			if same(want, want.Rect.Min, got, at) {
				return at, true
			}
		}
	}
	return image.Rectangle{}, false
}

// look is a text as it stands in a view. It is drawn once.
func (r *Reader) look(v *ceremony.View, text string) (*image.RGBA, error) {
	key := fmt.Sprint(v.Title, v.Notice, v.Actions, v.Body)
	if drawn := r.texts[key]; drawn != nil {
		return drawn, nil
	}
	whole, at, err := r.label(v, text)
	if err != nil {
		return nil, err
	}
	at.Max.X = min(r.size.X, at.Max.X+at.Dy()) // a longer text that begins so is another one
	r.texts[key] = whole.SubImage(at).(*image.RGBA)
	return r.texts[key], nil
}

// label is a view's picture, and where a text stands on it.
func (r *Reader) label(v *ceremony.View, text string) (whole *image.RGBA, at image.Rectangle, err error) {
	whole, labels, err := r.draw(v)
	if err != nil {
		return nil, at, err
	}
	for _, l := range labels {
		if l.Text == text {
			at = l.Seen
		}
	}
	if at.Empty() {
		return nil, at, fmt.Errorf("drawing %q: it is nowhere", text)
	}
	return whole, at, nil
}

// same tells whether the part of b in r is the part of a that begins at from.
func same(a *image.RGBA, from image.Point, b *image.RGBA, r image.Rectangle) bool {
	if !r.In(b.Rect) {
		return false
	}
	for y := range r.Dy() {
		i, j := a.PixOffset(from.X, from.Y+y), b.PixOffset(r.Min.X, r.Min.Y+y)
		if !bytes.Equal(a.Pix[i:i+4*r.Dx()], b.Pix[j:j+4*r.Dx()]) {
			return false
		}
	}
	return true
}

// flat is a picture as bytes, from 0, 0.
func flat(p image.Image) *image.RGBA {
	if p, ok := p.(*image.RGBA); ok && p.Rect.Min == (image.Point{}) {
		return p
	}
	out := image.NewRGBA(image.Rectangle{Max: p.Bounds().Size()})
	draw.Draw(out, out.Rect, p, p.Bounds().Min, draw.Src)
	return out
}

// QR is the text of the one QR code on a picture.
func QR(picture image.Image) (string, error) {
	var in bytes.Buffer
	if err := png.Encode(&in, picture); err != nil {
		return "", fmt.Errorf("reading a QR code: %w", err)
	}
	c := exec.Command("zbarimg", "--quiet", "--raw", "PNG:-")
	c.Stdin = &in
	out, err := c.Output()
	if err != nil {
		return "", fmt.Errorf("reading a QR code with zbarimg (Debian: zbar-tools): %w", err)
	}
	text := strings.TrimSpace(string(out))
	if strings.Contains(text, "\n") {
		return "", fmt.Errorf("reading a QR code: there are several: %q", text)
	}
	return text, nil
}
