package html

import (
	"image"
	"math"
	"unicode/utf8"
)

// setter lays a page out from top to bottom. Margins between boxes collapse (CSS
// 2.2, section 8.3.1): pending is the largest of those that meet, and becomes
// room when something is put below it.
type setter struct {
	l       *Layout
	widths  *[faces]widths
	open    []bool
	y       int // pixels
	pending int
	css     int // pixels in a CSS pixel, at least one
}

func (s *setter) flush() {
	s.y += s.pending
	s.pending = 0
}

func (s *setter) margin(rem float32) { s.pending = max(s.pending, s.l.pixels(rem)) }

// box lays out a block with its left edge at x, within wide.
func (s *setter) box(b *box, x, wide px) {
	if b.fold > 0 && !b.folds && !s.open[b.fold-1] {
		return
	}
	var m, p edges
	if b.look.margin != nil {
		m = *b.look.margin
	}
	if b.padding != nil {
		p = *b.padding
	}
	s.margin(m.top)
	x += s.l.px(m.left)
	wide -= s.l.px(m.left + m.right)
	if b.id != "" {
		s.l.anchors[b.id] = s.y + s.pending
	}
	if b.table != nil {
		s.flush()
		s.table(b, x, max(0, wide))
		s.margin(m.bottom)
		return
	}
	d := s.begin(b, p, x, wide)
	inner, room := s.inside(b, p, x, wide)
	s.content(b, inner, room)
	if d.edged {
		s.flush()
		s.y += s.l.pixels(p.bottom) + s.edge(b, onBottom)
		s.close(b, d, x, wide)
	}
	s.margin(m.bottom)
}

// edge is how many pixels the border takes at one side.
func (s *setter) edge(b *box, side sides) int {
	if b.bar && side == onLeft {
		return s.l.pixels(barWidth)
	}
	if b.border&side != 0 {
		return s.css
	}
	return 0
}

// inside is where the content of a box stands.
func (s *setter) inside(b *box, p edges, x, wide px) (inner, room px) {
	inner = x + s.l.px(p.left) + s.edge(b, onLeft)<<frac
	room = wide - s.l.px(p.left+p.right) - (s.edge(b, onLeft)+s.edge(b, onRight))<<frac
	return inner, max(0, room)
}

// drawn is a box that has been begun.
type drawn struct {
	edged bool
	from  int // fill to be completed
	top   int
}

// begin puts the upper edge of a box, if it has one to be seen.
func (s *setter) begin(b *box, p edges, x, wide px) drawn {
	if p.top == 0 && p.bottom == 0 && b.border == 0 && !b.bar && b.fill.A == 0 {
		return drawn{}
	}
	s.flush()
	d := drawn{true, len(s.l.fills), s.y}
	s.l.fills = append(s.l.fills, fill{}, fill{}, fill{}, fill{}, fill{})
	s.y += s.l.pixels(p.top) + s.edge(b, onTop)
	return d
}

// close completes the fills of a box that ends here.
func (s *setter) close(b *box, d drawn, x, wide px) {
	r := image.Rect(x>>frac, d.top, (x+wide)>>frac, s.y)
	f := s.l.fills[d.from : d.from+5]
	if b != s.l.page.body && b.fill.A != 0 {
		f[0] = fill{Rectangle: r, ink: b.fill}
	}
	for i, e := range []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+s.edge(b, onTop)),
		image.Rect(r.Max.X-s.edge(b, onRight), r.Min.Y, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Max.Y-s.edge(b, onBottom), r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+s.edge(b, onLeft), r.Max.Y),
	} {
		if !e.Empty() {
			f[i+1] = fill{Rectangle: e, ink: b.rim}
		}
	}
}

// content lays out what a box holds.
func (s *setter) content(b *box, x, room px) {
	if b.folds {
		s.flush()
		s.foldSign(b, x)
	}
	if b.marker != "" {
		defer s.mark(b, x, len(s.l.lines))
	}
	if b.words != nil {
		s.flush()
		s.paragraph(b.words, x, room)
	}
	for _, k := range b.kids {
		s.box(k, x, room)
	}
}

// foldSign draws the triangle before a summary, and makes its line a spot.
func (s *setter) foldSign(b *box, x px) {
	high := s.l.pixels(b.style.size * b.style.leading)
	side := s.l.pixels(0.7)
	left := (x - s.l.px(1.1)) >> frac
	top := s.y + (high-side)/2
	kind := closed
	if s.open[b.fold-1] {
		kind = opened
	}
	s.l.fills = append(s.l.fills, fill{Rectangle: image.Rect(left, top, left+side, top+side), kind: kind, ink: b.style.ink})
}

// mark puts the sign of a list item before its first line.
func (s *setter) mark(b *box, x px, first int) {
	if first >= len(s.l.lines) {
		return
	}
	base := &s.l.lines[first]
	p := &para{text: b.marker, style: b.style, runs: []run{{end: int32(len(b.marker)), style: b.style, stop: -1}}}
	wide := s.l.measure(&p.runs[0], b.marker)
	from := int32(len(s.l.frags))
	s.l.frags = append(s.l.frags, frag{end: int32(len(b.marker)), wide: wide})
	s.l.lines = append(s.l.lines, line{
		para: p, x: x - wide - s.l.px(0.45), top: base.top, end: base.end, baseline: base.baseline, from: from, to: from + 1, sign: true,
	})
}

// measure is the width of a part of a run's text.
func (l *Layout) measure(r *run, s string) px {
	w := &measured()[r.style.face]
	units := 0
	for _, c := range s {
		if u := w.of(c); u != missing {
			units += int(u)
		}
	}
	return l.scaled(units, r.style.size)
}

// scaled is a length in font units at a size in rem.
func (l *Layout) scaled(units int, size float32) px {
	return px(math.Round(float64(units) * float64(size) * float64(l.rem) * one / unitsPerEm))
}

// wide is the width of a part of a run that is not cut.
func (s *setter) wide(p *para, r *run, from, to int32) px {
	switch r.kind {
	case wordRun:
		return s.text(p, r, from, to)
	case missingRun:
		c, _ := utf8.DecodeRuneInString(p.text[r.start:r.end])
		return s.l.missingWidth(c, r.style)
	case imageRun:
		return s.l.pictureSize(r.pic).X << frac
	case tickRun:
		return s.l.px(tickSide + tickGap)
	case gapRun:
		gap := s.l.px(r.style.pad)
		if r.style.rim.A != 0 {
			gap += s.css << frac
		}
		return gap
	}
	return 0
}

// Of a box to tick, in rem.
const (
	tickSide = 0.9
	tickGap  = 0.4
	tickDrop = 0.1 // below the baseline
)

func (s *setter) text(p *para, r *run, from, to int32) px {
	w := &s.widths[r.style.face]
	units := 0
	for i := from; i < to; {
		c := p.text[i]
		if c < utf8.RuneSelf {
			units += int(w.table[c])
			i++
			continue
		}
		wide, n := utf8.DecodeRuneInString(p.text[i:to])
		if u := w.of(wide); u != missing {
			units += int(u)
		}
		i += int32(n)
	}
	return s.l.scaled(units, r.style.size)
}

// missingSize is that of the digits in the box of a character without a glyph, in
// parts of the text's size.
const missingSize = 0.55

func (l *Layout) missingWidth(c rune, st *style) px {
	digits := len(codePoint(c))
	return l.scaled(digits*1229+700, st.size*missingSize) // Go Mono's advance
}

// pictureSize is an image's extent in whole pixels.
func (l *Layout) pictureSize(p *picture) image.Point {
	at := func(css int) int { return max(1, l.pixels(float32(css)/16)) }
	size := image.Pt(at(p.size.X), at(p.size.Y))
	if size.X > l.width {
		size = image.Pt(l.width, max(1, size.Y*l.width/size.X))
	}
	return size
}
