package html

import (
	"sync"

	"gioui.org/font"
	"gioui.org/font/gofont"
	"gioui.org/text"
)

// face is one of the eight faces that pages are set in.
type face uint8

const (
	boldFace face = 1 << iota
	italicFace
	monoFace

	faces = 8
)

func (f face) font() font.Font {
	d := font.Font{Typeface: "Go"}
	if f&monoFace != 0 {
		d.Typeface = "Go Mono"
	}
	if f&boldFace != 0 {
		d.Weight = font.SemiBold // what Gio's collection calls Go Bold
	}
	if f&italicFace != 0 {
		d.Style = font.Italic
	}
	return d
}

// unitsPerEm is the same in all Go fonts.
const unitsPerEm = 2048

// Height above and below the baseline of all Go fonts, in parts of an em.
const (
	ascent  = 1935.0 / unitsPerEm
	descent = 432.0 / unitsPerEm
)

// tabled is the end of the characters whose widths are looked up in a table:
// Latin, Greek and Cyrillic.
const tabled = 0x530

// measuredEnd is the end of the characters that are drawn at all: the Go fonts
// have a few signs above it, and no letters.
const measuredEnd = 0x2C00

// missing is the width of a character without a glyph.
const missing = ^uint16(0)

// widths are the advances of a face's characters in font units.
type widths struct {
	table [tabled]uint16
	rest  map[rune]uint16 // of general punctuation and signs
}

func (w *widths) of(r rune) uint16 {
	if uint32(r) < tabled {
		return w.table[r]
	}
	if u, ok := w.rest[r]; ok {
		return u
	}
	return missing
}

// Fonts shapes and measures the text of pages. It reads no file. It is not safe
// for concurrent use, unlike a Page.
type Fonts struct {
	shaper *text.Shaper
	widths *[faces]widths
}

// NewFonts returns the Go fonts.
func NewFonts() *Fonts {
	var used []font.FontFace
	for f := range face(faces) {
		if ff, ok := find(f.font()); ok {
			used = append(used, ff)
		}
	}
	return &Fonts{
		shaper: text.NewShaper(text.NoSystemFonts(), text.WithCollection(used)),
		widths: measured(),
	}
}

func find(d font.Font) (font.FontFace, bool) {
	for _, ff := range gofont.Collection() {
		if ff.Font == d {
			return ff, true
		}
	}
	return font.FontFace{}, false
}

// measured reads the advances of all faces, once a program.
var measured = sync.OnceValue(func() *[faces]widths {
	var all [faces]widths
	for f := range face(faces) {
		w := &all[f]
		w.rest = map[rune]uint16{}
		ff, ok := find(f.font())
		if !ok {
			continue // cannot be: a test draws all faces
		}
		fc := ff.Face.Face()
		for r := rune(0); r < measuredEnd; r++ {
			u := missing
			if drawable(r) {
				if g, has := fc.NominalGlyph(r); has {
					u = uint16(max(0, min(fc.HorizontalAdvance(g), unitsPerEm*4)))
				}
			}
			switch {
			case r < tabled:
				w.table[r] = u
			case u != missing:
				w.rest[r] = u
			}
		}
	}
	return &all
})
