package html

import (
	"image"
	"image/color"
	"math"
	"unicode/utf8"

	"gioui.org/f32"
	"gioui.org/io/semantic"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
	"gioui.org/text"
	"golang.org/x/image/math/fixed"
)

// mark is a part of a paragraph that was found.
type mark struct {
	para       *para
	start, end int32
	current    bool
}

// draw paints what stands between two heights of the page, with the height from
// at the top. Every line has its text as a label of the same extent in Gio's
// semantic tree.
func (l *Layout) draw(ops *op.Ops, fonts *Fonts, from, to int, marks []mark) {
	fills, lines := l.visible(from, to)
	for _, i := range fills {
		l.fills[i].draw(ops, from, l.thin())
	}
	for _, i := range lines {
		for _, m := range marks {
			if m.para == l.lines[i].para {
				l.highlight(ops, &l.lines[i], m, from)
			}
		}
	}
	for _, i := range lines {
		l.drawLine(ops, fonts, &l.lines[i], from)
	}
}

func (f *fill) draw(ops *op.Ops, from, thin int) {
	r := f.Sub(image.Pt(0, from))
	switch f.kind {
	case solid:
		if !r.Empty() {
			paintRect(ops, r, f.ink)
		}
	case frame:
		outline(ops, r, thin, f.ink)
	case closed:
		triangle(ops, f.ink, f32.Pt(float32(r.Min.X), float32(r.Min.Y)), f32.Pt(float32(r.Max.X), float32(r.Min.Y+r.Max.Y)/2), f32.Pt(float32(r.Min.X), float32(r.Max.Y)))
	case opened:
		triangle(ops, f.ink, f32.Pt(float32(r.Min.X), float32(r.Min.Y)), f32.Pt(float32(r.Max.X), float32(r.Min.Y)), f32.Pt(float32(r.Min.X+r.Max.X)/2, float32(r.Max.Y)))
	case drawing:
		picturePaint(ops, r, f.image)
	}
}

// outline paints a border inside the edge of r.
func outline(ops *op.Ops, r image.Rectangle, thick int, c color.NRGBA) {
	for _, e := range []image.Rectangle{
		image.Rect(r.Min.X, r.Min.Y, r.Max.X, r.Min.Y+thick), image.Rect(r.Min.X, r.Max.Y-thick, r.Max.X, r.Max.Y),
		image.Rect(r.Min.X, r.Min.Y, r.Min.X+thick, r.Max.Y), image.Rect(r.Max.X-thick, r.Min.Y, r.Max.X, r.Max.Y),
	} {
		paintRect(ops, e, c)
	}
}

func triangle(ops *op.Ops, c color.NRGBA, points ...f32.Point) {
	var p clip.Path
	p.Begin(ops)
	p.MoveTo(points[0])
	for _, q := range points[1:] {
		p.LineTo(q)
	}
	p.Close()
	paint.FillShape(ops, c, clip.Outline{Path: p.End()}.Op())
}

func picturePaint(ops *op.Ops, r image.Rectangle, p *picture) {
	size := p.op.Size()
	if r.Empty() || size.X == 0 || size.Y == 0 {
		return
	}
	defer clip.Rect(r).Push(ops).Pop()
	scale := f32.Pt(float32(r.Dx())/float32(size.X), float32(r.Dy())/float32(size.Y))
	to := f32.AffineId().Scale(f32.Point{}, scale).Offset(f32.Pt(float32(r.Min.X), float32(r.Min.Y)))
	defer op.Affine(to).Push(ops).Pop()
	p.op.Add(ops)
	paint.PaintOp{}.Add(ops)
}

// drawLine paints the words of a line.
func (l *Layout) drawLine(ops *op.Ops, fonts *Fonts, ln *line, from int) {
	y := ln.baseline - from
	left, right := math.MaxInt, 0
	for _, f := range l.frags[ln.from:ln.to] {
		r := &ln.para.runs[f.run]
		x := ln.x + f.x
		switch r.kind {
		case wordRun:
			fonts.draw(ops, r.style, r.style.size*l.rem, ln.para.text[f.start:f.end], x, y)
		case missingRun:
			l.drawMissing(ops, fonts, r, ln.para.text[r.start:r.end], x, y)
		case breakRun, chanceRun, imageRun, tickRun, gapRun:
			continue
		}
		left, right = min(left, x>>frac), max(right, (x+f.wide+one-1)>>frac)
	}
	if right > left {
		box := image.Rect(left, ln.top-from, right, ln.end-from)
		defer clip.Rect(box).Push(ops).Pop()
		semantic.LabelOp(l.lineText(ln)).Add(ops)
	}
}

// lineText is what a line says.
func (l *Layout) lineText(ln *line) string {
	f := l.frags[ln.from:ln.to]
	return trimmed(ln.para.text[f[0].start:f[len(f)-1].end])
}

func trimmed(s string) string {
	for len(s) > 0 && (s[len(s)-1] == ' ' || s[len(s)-1] == '\n') {
		s = s[:len(s)-1]
	}
	return s
}

// drawMissing paints the number of a character in its box.
func (l *Layout) drawMissing(ops *op.Ops, fonts *Fonts, r *run, s string, x px, y int) {
	for _, c := range s {
		st := *r.style
		st.face = monoFace
		digits := codePoint(c)
		size := st.size * missingSize
		inner := l.scaled(len(digits)*1229, size)
		x += (l.missingWidth(c, r.style) - inner) / 2
		y -= int(math.Round(float64(st.size*l.rem) * 0.18))
		fonts.draw(ops, &st, size*l.rem, digits, x, y)
		return
	}
}

// draw paints s with its origin at x and the baseline y, size pixels an em. The
// shaper gives the glyphs, and widths their places: the shaper's own advances are
// those of the next whole size, and the Go fonts have no kerning that it could know
// of.
func (fs *Fonts) draw(ops *op.Ops, st *style, size float32, s string, x px, y int) {
	if trimmed(s) == "" {
		return
	}
	fs.shaper.LayoutString(text.Parameters{
		Font: st.face.font(), PxPerEm: fixed.Int26_6(math.Round(float64(size) * 64)), MaxWidth: math.MaxInt32 / 128, DisableSpaceTrim: true,
	}, s)
	var line [32]text.Glyph
	n := 0
	flush := func() {
		if n == 0 {
			return
		}
		at := f32.Pt(float32(x)/one+float32(line[0].X)/64, float32(y))
		t := op.Affine(f32.AffineId().Offset(at)).Push(ops)
		c := clip.Outline{Path: fs.shaper.Shape(line[:n])}.Op().Push(ops)
		paint.ColorOp{Color: st.ink}.Add(ops)
		paint.PaintOp{}.Add(ops)
		c.Pop()
		t.Pop()
		n = 0
	}
	w, units, rest := &fs.widths[st.face], 0, s
	for g, ok := fs.shaper.NextGlyph(); ok; g, ok = fs.shaper.NextGlyph() {
		g.X = fixed.Int26_6(math.Round(float64(units) * float64(size) * 64 / unitsPerEm))
		for range g.Runes {
			r, n := utf8.DecodeRuneInString(rest)
			if u := w.of(r); u != missing {
				units += int(u)
			}
			rest = rest[n:]
		}
		line[n] = g
		if n++; n == len(line) {
			flush()
		}
	}
	flush()
}

// highlight paints the ground under what was found in a line.
func (l *Layout) highlight(ops *op.Ops, ln *line, m mark, from int) {
	for _, r := range l.found(ln, m) {
		r = r.Sub(image.Pt(0, from))
		c := foundPaper
		if m.current {
			c = currentPaper
		}
		paintRect(ops, r, c)
		if m.current {
			outline(ops, r, l.thin(), ink)
		}
	}
}

// found is where a mark stands in a line: a rectangle a fragment.
func (l *Layout) found(ln *line, m mark) []image.Rectangle {
	var rs []image.Rectangle
	for _, f := range l.frags[ln.from:ln.to] {
		start, end := max(f.start, m.start), min(f.end, m.end)
		if start >= end {
			continue
		}
		r := &ln.para.runs[f.run]
		x0, x1 := ln.x+f.x, ln.x+f.x+f.wide
		if r.kind == wordRun {
			x0 += l.measure(r, ln.para.text[f.start:start])
			x1 = x0 + l.measure(r, ln.para.text[start:end])
		}
		rs = append(rs, image.Rect(x0>>frac, ln.top, (x1+one-1)>>frac, ln.end))
	}
	return rs
}

// paintRect paints a rectangle.
func paintRect(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	paint.FillShape(ops, c, clip.Rect(r).Op())
}

// paintRound paints a rectangle with round corners.
func paintRound(ops *op.Ops, r image.Rectangle, radius int, c color.NRGBA) {
	paint.FillShape(ops, c, clip.UniformRRect(r, min(radius, r.Dx()/2, r.Dy()/2)).Op(ops))
}
