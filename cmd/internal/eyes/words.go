package eyes

import (
	"crypto/sha256"
	"fmt"
	"image"
	"slices"

	"anodize/core/ceremony"
	"anodize/ui/host"
)

// card is where a screen has its words, and what each word of the list looks like there.
type card struct {
	cells []image.Rectangle
	looks []map[[32]byte]string // by cell: SHA-256 of the pixels, and the word they are
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
		word, known := c.looks[i][pixels(got, cell)]
		if !known {
			return nil, fmt.Errorf("reading a share: what stands in cell %d is no word of the list", i+1)
		}
		words[i] = word
	}
	return words, nil
}

// card draws every word of the list in every cell, once for each kind of screen.
func (r *Reader) card(v ceremony.View, count int) (*card, error) {
	key := fmt.Sprint(v.Sentence, v.Note, len(v.Actions), count)
	if c := r.cards[key]; c != nil {
		return c, nil
	}
	c := &card{}
	for _, word := range r.list {
		v.Body = ceremony.ShareBody{Words: ceremony.NewWords(slices.Repeat([]string{word}, count))}
		v.Screen++
		v.Revision++
		drawn, labels, err := r.draw(&v)
		if err != nil {
			return nil, err
		}
		if c.cells == nil {
			if len(word) != widest {
				return nil, fmt.Errorf("the list begins with %q, not with a word of %d letters", word, widest)
			}
			for i := range count {
				at := slices.IndexFunc(labels, func(l host.Label) bool { return l.Text == fmt.Sprintf("word %d, shown", i+1) })
				if at < 0 || !labels[at].Whole() {
					return nil, fmt.Errorf("word %d is not in sight", i+1)
				}
				c.cells = append(c.cells, labels[at].Bounds)
				c.looks = append(c.looks, map[[32]byte]string{})
			}
		}
		for i, cell := range c.cells {
			look := pixels(drawn, cell)
			if other, taken := c.looks[i][look]; taken {
				return nil, fmt.Errorf("%s and %s look the same", other, word)
			}
			c.looks[i][look] = word
		}
	}
	r.cards[key] = c
	return c, nil
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
