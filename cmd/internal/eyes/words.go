package eyes

import (
	"crypto/sha256"
	"fmt"
	"image"
	"maps"
	"slices"

	"anodize/core/ceremony"
	"anodize/ui/host"
)

// card is where a screen has its words, and what each word of the list looks like there.
// Words in one column look the same.
type card struct {
	cells []image.Rectangle
	looks map[int]map[[32]byte]string // by the cell's left edge: SHA-256 of the pixels, and the word they are
}

// widest is how many letters the longest word has.
const widest = 8

// Words reads a share of so many words from a picture of the screen that v describes,
// all but its words. Every cell must hold a word of the list.
func (r *Reader) Words(picture image.Image, v ceremony.View, count int) ([]string, error) {
	if picture.Bounds().Size() != r.size {
		return nil, fmt.Errorf("reading a share: the picture has %v pixels, not %v", picture.Bounds().Size(), r.size)
	}
	c, err := r.card(v, count)
	if err != nil {
		return nil, fmt.Errorf("reading a share: %w", err)
	}
	got := flat(picture)
	words := make([]string, count)
	for i, cell := range c.cells {
		word, known := c.looks[cell.Min.X][pixels(got, cell)]
		if !known {
			return nil, fmt.Errorf("reading a share: what stands in cell %d is no word of the list", i+1)
		}
		words[i] = word
	}
	return words, nil
}

// card draws every word of the list in every column, once for each kind of screen.
func (r *Reader) card(v ceremony.View, count int) (*card, error) {
	key := fmt.Sprint(v.Sentence, v.Note, len(v.Actions), count)
	if c := r.cards[key]; c != nil {
		return c, nil
	}
	cells, err := r.cells(v, count)
	if err != nil {
		return nil, err
	}
	c := &card{cells: cells, looks: map[int]map[[32]byte]string{}}
	rows := map[int]int{} // of each column, so far
	row := make([]int, count)
	for i, cell := range cells {
		row[i] = rows[cell.Min.X]
		rows[cell.Min.X]++
		c.looks[cell.Min.X] = map[[32]byte]string{}
	}
	high := slices.Min(slices.Collect(maps.Values(rows)))
	words := make([]string, count)
	for from := 0; from < len(r.list); from += high {
		for i := range words {
			words[i] = r.list[min(from+row[i], len(r.list)-1)]
		}
		drawn, _, err := r.words(v, words, from+1)
		if err != nil {
			return nil, err
		}
		for i, cell := range cells {
			look := pixels(drawn, cell)
			if other, taken := c.looks[cell.Min.X][look]; taken && other != words[i] {
				return nil, fmt.Errorf("%s and %s look the same", other, words[i])
			}
			c.looks[cell.Min.X][look] = words[i]
		}
	}
	r.cards[key] = c
	return c, nil
}

// cells is where the words stand, each as wide as the longest.
func (r *Reader) cells(v ceremony.View, count int) ([]image.Rectangle, error) {
	if first := r.list[0]; len(first) != widest {
		return nil, fmt.Errorf("the list begins with %q, not with a word of %d letters", first, widest)
	}
	_, labels, err := r.words(v, slices.Repeat(r.list[:1], count), 0)
	if err != nil {
		return nil, err
	}
	var cells []image.Rectangle
	for i := range count {
		at := slices.IndexFunc(labels, func(l host.Label) bool { return l.Text == fmt.Sprintf("word %d, shown", i+1) })
		if at < 0 || !labels[at].Whole() {
			return nil, fmt.Errorf("word %d is not in sight", i+1)
		}
		cells = append(cells, labels[at].Bounds)
	}
	return cells, nil
}

// words draws v with words, as its n-th screen.
func (r *Reader) words(v ceremony.View, words []string, n int) (*image.RGBA, []host.Label, error) {
	v.Body = ceremony.ShareBody{Words: ceremony.NewWords(slices.Clone(words))}
	v.Screen += uint64(n)
	v.Revision += uint64(n)
	return r.draw(&v)
}

// pixels is the SHA-256 of a part of a picture.
func pixels(p *image.RGBA, r image.Rectangle) [32]byte {
	h := sha256.New()
	r = r.Intersect(p.Rect)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		i := p.PixOffset(r.Min.X, y)
		h.Write(p.Pix[i : i+4*r.Dx()])
	}
	return [32]byte(h.Sum(nil))
}
