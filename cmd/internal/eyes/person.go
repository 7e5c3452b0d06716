package eyes

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
)

// Machine is all that a person has of a kiosk.
type Machine interface {
	// Screendump is what its screen shows.
	Screendump() image.Image
	// Press presses keys, one after the other, by their names or what they type:
	// "Enter", "F2", "a", "A". It is as fast as no person is.
	Press(keys ...string)
}

// Person sits before a kiosk: looks at pictures of its screen, and presses keys. Its
// methods fail the test, and keep the last picture, if the kiosk does not do as it must.
type Person struct {
	Machine
	// Around is what stands around the page with a share: the bar's names and lamps,
	// and the phases. Where words stand depends on the room that they leave.
	Around ceremony.View
	// Touch puts a finger on a place of the screen and lifts it; nil where the machine
	// has no touchscreen.
	Touch func(at, size image.Point)

	t        testing.TB
	list     []string
	reader   *Reader
	patience time.Duration
	last     *image.RGBA
}

// Sit returns a person before a machine who knows the words of shares, and gives up on
// what does not appear in time.
func Sit(t testing.TB, m Machine, list []string, patience time.Duration) *Person {
	return &Person{Machine: m, t: t, list: list, patience: patience}
}

// look takes a picture, of whatever size the machine's screen has.
func (p *Person) look() *image.RGBA {
	p.t.Helper()
	p.last = flat(p.Screendump())
	if size := p.last.Rect.Size(); p.reader == nil || p.reader.size != size {
		p.reader = New(size, p.list)
	}
	return p.last
}

// wait looks again and again until what is seen is what was waited for.
func (p *Person) wait(what string, seen func(*image.RGBA) (bool, error)) {
	p.t.Helper()
	for end := time.Now().Add(p.patience); ; time.Sleep(blink) {
		picture := p.look()
		if small := picture.Rect.Size(); small.X >= 800 && small.Y >= 600 { // else it shows no kiosk yet
			ok, err := seen(picture)
			if err != nil {
				p.t.Fatal(err)
			}
			if ok {
				return
			}
		}
		if time.Now().After(end) {
			p.t.Fatalf("the machine does not show %s after %v: see %s", what, p.patience, p.Keep("last"))
		}
	}
}

// Await waits for one of several titles and returns which.
func (p *Person) Await(titles ...string) (shown string) {
	p.t.Helper()
	began := time.Now()
	p.wait(fmt.Sprintf("%q", titles), func(picture *image.RGBA) (bool, error) {
		for _, title := range titles {
			if ok, err := p.reader.Title(picture, title); ok || err != nil {
				shown = title
				return true, err
			}
		}
		return false, nil
	})
	p.t.Logf("%q after %v", shown, time.Since(began).Round(100*time.Millisecond))
	return shown
}

// AwaitNotice waits for one of several notices.
func (p *Person) AwaitNotice(kind ceremony.NoticeKind, texts ...string) {
	p.t.Helper()
	p.wait(fmt.Sprintf("%q", texts), func(picture *image.RGBA) (bool, error) {
		for _, text := range texts {
			if ok, err := p.reader.Notice(picture, ceremony.Notice{Kind: kind, Text: text}); ok || err != nil {
				return ok, err
			}
		}
		return false, nil
	})
}

// Says tells whether the page that is shown says that this happened.
func (p *Person) Says(what string) bool {
	p.t.Helper()
	says, err := p.reader.Happened(p.look(), what)
	if err != nil {
		p.t.Fatal(err)
	}
	return says
}

// Answer waits for a title, presses a key, and waits until the page is another one.
func (p *Person) Answer(title, key string) {
	p.t.Helper()
	p.Await(title)
	p.pressed(key)
}

// Insist waits for a title, and presses a key until it is gone. It is for a page that
// changes by itself: a key that was meant for the page as it was does nothing. Where the
// next page takes the key too, it may be pressed there.
func (p *Person) Insist(title, key string) {
	p.t.Helper()
	p.Await(title)
	for end := time.Now().Add(p.patience); time.Now().Before(end); {
		p.Press(key)
		if p.leaves(title) {
			return
		}
	}
	p.t.Fatalf("the machine still shows %q after %v: see %s", title, p.patience, p.Keep("last"))
}

// leaves reports whether a title is gone within a while.
func (p *Person) leaves(title string) bool {
	p.t.Helper()
	for end := time.Now().Add(oneTry); time.Now().Before(end); time.Sleep(blink) {
		shown, err := p.reader.Title(p.look(), title)
		if err != nil {
			p.t.Fatal(err)
		}
		if !shown {
			return true
		}
	}
	return false
}

// Tap waits for a title, touches a button, and waits until the page is another one.
func (p *Person) Tap(title string, a ceremony.Action) {
	p.t.Helper()
	p.Await(title)
	at, seen, err := p.reader.Button(p.look(), a)
	if err != nil || !seen {
		p.t.Fatalf("looking for the button %q: %v: see %s", a.Label, err, p.Keep("button"))
	}
	before := page(p.last)
	p.Touch(at, p.last.Rect.Size())
	p.wait("what touching "+a.Label+" does", func(picture *image.RGBA) (bool, error) { return !bytes.Equal(page(picture), before), nil })
}

// pressed presses a key and waits until the page has changed.
func (p *Person) pressed(key string) {
	p.t.Helper()
	before := page(p.last)
	p.Press(key)
	p.wait("what "+key+" does", func(picture *image.RGBA) (bool, error) { return !bytes.Equal(page(picture), before), nil })
}

// page is the picture's pixels below the bar at the top, in which the clock runs.
func page(p *image.RGBA) []byte { return p.Pix[p.Stride*(p.Rect.Dy()/6):] }

// Write types letters, digits, spaces and marks into a line of text.
func (p *Person) Write(text string) {
	p.t.Helper()
	for _, r := range text {
		p.look()
		p.pressed(string(r))
	}
}

// share types a share, of each word the fewest letters that are its own. It looks up
// after every word, and reports whether each was taken: a keyboard keeps only so many
// letters for a machine that is slow to read them.
func (p *Person) share(words []string) bool {
	p.t.Helper()
	for i, word := range words {
		p.Press(strings.Split(p.shortest(word), "")...)
		if !p.taken(i+1, len(words)) {
			return false
		}
	}
	return true
}

// taken reports whether the page where a share is typed shows within a while that n
// words were taken: it asks for the next one, or lets the person go on.
func (p *Person) taken(n, of int) bool {
	p.t.Helper()
	next := ceremony.Action{Label: "Next", Key: "Enter", Kind: ceremony.Primary}
	ask := next
	ask.Why = fmt.Sprintf("Word %d of %d", n+1, of)
	actions := []ceremony.Action{{Label: "Clear this share", Key: "Esc", Kind: ceremony.Stop}, {Label: "Show while held", Key: "F2", Held: true}, ask}
	for end := time.Now().Add(oneTry); time.Now().Before(end); time.Sleep(blink) {
		var seen bool
		var err error
		if picture := p.look(); n == of {
			_, seen, err = p.reader.Button(picture, next)
		} else {
			seen, err = p.reader.Why(picture, actions, ask.Why)
		}
		if err != nil {
			p.t.Fatal(err)
		}
		if seen {
			return true
		}
	}
	return false
}

// tries presses a key and reports whether the page changes within a while.
func (p *Person) tries(key string) bool {
	p.t.Helper()
	before := page(p.look())
	p.Press(key)
	for end := time.Now().Add(oneTry); time.Now().Before(end); time.Sleep(blink) {
		if !bytes.Equal(page(p.look()), before) {
			return true
		}
	}
	return false
}

// blink is how long a person looks away from a screen that should change.
const blink = 20 * time.Millisecond

// oneTry is how long a person waits before doing something again.
const oneTry = 20 * time.Second

// shortest is the shortest beginning of a word that no other word of the list has.
func (p *Person) shortest(word string) string {
	for n := 1; n < len(word); n++ {
		alone := true
		for _, other := range p.list {
			alone = alone && (other == word || !strings.HasPrefix(other, word[:n]))
		}
		if alone {
			return word[:n]
		}
	}
	return word
}

// Wake presses a key of a keyboard that was just plugged in, again and again: nobody
// knows when it can be read. Then it presses the one that undoes what came of it.
func (p *Person) Wake(key, undo string) {
	p.t.Helper()
	before := page(p.look())
	is := func(changed bool) func(*image.RGBA) (bool, error) {
		pressed := time.Now()
		return func(picture *image.RGBA) (bool, error) {
			if bytes.Equal(page(picture), before) != changed {
				return true, nil
			}
			if time.Since(pressed) > 3*time.Second {
				p.Press(map[bool]string{true: key, false: undo}[changed])
				pressed = time.Now()
			}
			return false, nil
		}
	}
	p.wait("what "+key+" does", is(true))
	p.wait("what "+undo+" does", is(false))
}

// Fact waits until one of some beginnings of it stands beside a fact's name, and returns
// which.
func (p *Person) Fact(name string, beginnings iter.Seq[string]) (value string) {
	p.t.Helper()
	p.wait("a value of "+name+" that was looked for", func(picture *image.RGBA) (seen bool, err error) {
		value, seen, err = p.reader.Fact(picture, name, beginnings)
		return seen, err
	})
	return value
}

// QR reads the one QR code on the screen.
func (p *Person) QR() string {
	p.t.Helper()
	text, err := QR(p.look())
	if err != nil {
		p.t.Fatalf("%v: see %s", err, p.Keep("qr"))
	}
	return text
}

// Keep keeps the last picture and returns where.
func (p *Person) Keep(name string) string {
	p.t.Helper()
	path := filepath.Join(os.TempDir(), strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+name+".png")
	f, err := os.Create(path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, p.last); err != nil {
		p.t.Fatal(err)
	}
	return path
}
