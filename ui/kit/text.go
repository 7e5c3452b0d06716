package kit

import (
	"image"
	"image/color"
	"math"

	"gioui.org/f32"
	"gioui.org/font"
	"gioui.org/io/semantic"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
	"gioui.org/text"
	"gioui.org/unit"
	"golang.org/x/image/math/fixed"
)

const (
	goText   font.Typeface = "Go"
	goMedium font.Typeface = "Go Medium"
	goMono   font.Typeface = "Go Mono"
)

// Face is one of the three faces in use.
type Face uint8

const (
	Regular Face = iota
	Medium       // titles, what is pressed
	Mono         // what is compared or copied
)

func (f Face) font() font.Font {
	switch f {
	case Medium:
		return font.Font{Typeface: goMedium, Weight: font.Medium}
	case Mono:
		return font.Font{Typeface: goMono}
	default:
		return font.Font{Typeface: goText}
	}
}

// Style is how a text is drawn.
type Style struct {
	Size  float32 // device-independent pixels
	Face  Face
	Color color.NRGBA
	Align text.Alignment // within the minimal width
}

// px is a size in whole pixels, never under the smallest text.
func (th *Theme) px(gtx layout.Context, size float32) int {
	return max(th.minText, int(math.Round(float64(size*gtx.Metric.PxPerDp))))
}

// Text draws s wrapped at the maximal width and returns its size.
func (th *Theme) Text(gtx layout.Context, st Style, s string) layout.Dimensions {
	return th.labelled(gtx, st, s, s)
}

// labelled draws s under another semantic label.
func (th *Theme) labelled(gtx layout.Context, st Style, s, label string) layout.Dimensions {
	th.shaper.LayoutString(text.Parameters{
		Font:      st.Face.font(),
		PxPerEm:   fixed.I(th.px(gtx, st.Size)),
		Alignment: st.Align,
		MaxWidth:  gtx.Constraints.Max.X,
		MinWidth:  gtx.Constraints.Min.X,
		Locale:    gtx.Locale,
	}, s)
	p := painter{shaper: th.shaper, color: st.Color}
	for g, ok := th.shaper.NextGlyph(); ok; g, ok = th.shaper.NextGlyph() {
		p.glyph(gtx.Ops, g)
	}
	mark(gtx.Ops, p.bounds, label)
	size := image.Pt(max(p.bounds.Max.X, gtx.Constraints.Min.X), p.bounds.Max.Y)
	return layout.Dimensions{Size: size, Baseline: size.Y - p.baseline}
}

// mark gives the rectangle r a label in the semantic tree.
func mark(ops *op.Ops, r image.Rectangle, label string) {
	if label == "" {
		return
	}
	defer clip.Rect(r).Push(ops).Pop()
	semantic.LabelOp(label).Add(ops)
}

// Width returns the width in pixels of s on one line.
func (th *Theme) Width(gtx layout.Context, st Style, s string) int {
	return th.Measure(gtx, st, s, math.MaxInt32/128).X
}

// Measure returns the size in pixels of s wrapped at width, without drawing it.
func (th *Theme) Measure(gtx layout.Context, st Style, s string, width int) image.Point {
	gtx.Constraints = layout.Constraints{Max: image.Pt(width, gtx.Constraints.Max.Y)}
	m := op.Record(gtx.Ops)
	d := th.Text(gtx, st, s)
	m.Stop()
	return d.Size
}

// Line draws s on one line, whatever the maximal width.
func (th *Theme) Line(gtx layout.Context, st Style, s string) layout.Dimensions {
	gtx.Constraints = layout.Constraints{Max: image.Pt(math.MaxInt32/128, gtx.Constraints.Max.Y)}
	return th.Text(gtx, st, s)
}

// Spaced draws s on one line, its letters apart by spacing.
func (th *Theme) Spaced(gtx layout.Context, st Style, spacing unit.Dp, s string) layout.Dimensions {
	return th.letters(gtx, st, gtx.Dp(spacing), s, s)
}

// Secret draws a word letter by letter under a label that does not tell it.
func (th *Theme) Secret(gtx layout.Context, st Style, word, label string) layout.Dimensions {
	return th.letters(gtx, st, 0, word, label)
}

func (th *Theme) letters(gtx layout.Context, st Style, spacing int, s, label string) layout.Dimensions {
	var size image.Point
	var base int
	for _, r := range s {
		stack := op.Offset(image.Pt(size.X, 0)).Push(gtx.Ops)
		g := gtx
		g.Constraints.Min.X = 0
		d := th.labelled(g, st, string(r), "")
		stack.Pop()
		size = image.Pt(size.X+d.Size.X+spacing, max(size.Y, d.Size.Y))
		base = d.Baseline
	}
	if size.X > 0 {
		size.X -= spacing
	}
	mark(gtx.Ops, image.Rectangle{Max: size}, label)
	return layout.Dimensions{Size: size, Baseline: base}
}

// painter draws glyphs as they come from the shaper, a line at a time.
type painter struct {
	shaper   *text.Shaper
	color    color.NRGBA
	line     [32]text.Glyph
	n        int
	any      bool
	bounds   image.Rectangle
	baseline int // of the first line, from the top
}

func (p *painter) glyph(ops *op.Ops, g text.Glyph) {
	r := image.Rectangle{
		Min: image.Pt(g.X.Floor(), int(g.Y)-g.Ascent.Ceil()),
		Max: image.Pt((g.X + g.Advance).Ceil(), int(g.Y)+g.Descent.Ceil()),
	}
	if !p.any {
		p.any, p.bounds, p.baseline = true, r, int(g.Y)
	}
	// Not Rectangle.Union: it forgets empty rectangles, and a line may be empty.
	p.bounds.Min.X, p.bounds.Min.Y = min(p.bounds.Min.X, r.Min.X), min(p.bounds.Min.Y, r.Min.Y)
	p.bounds.Max.X, p.bounds.Max.Y = max(p.bounds.Max.X, r.Max.X), max(p.bounds.Max.Y, r.Max.Y)
	p.line[p.n] = g
	p.n++
	if p.n == len(p.line) || g.Flags&text.FlagLineBreak != 0 {
		p.flush(ops)
	}
}

func (p *painter) flush(ops *op.Ops) {
	line := p.line[:p.n]
	first := line[0]
	off := f32.Pt(float32(first.X)/64, float32(first.Y))
	defer op.Affine(f32.AffineId().Offset(off)).Push(ops).Pop()
	defer clip.Outline{Path: p.shaper.Shape(line)}.Op().Push(ops).Pop()
	paint.ColorOp{Color: p.color}.Add(ops)
	paint.PaintOp{}.Add(ops)
	p.n = 0
}

// lastLine returns where the last line of s ends when it is wrapped at width.
func (th *Theme) lastLine(gtx layout.Context, st Style, s string, width int) image.Point {
	th.shaper.LayoutString(text.Parameters{
		Font:     st.Face.font(),
		PxPerEm:  fixed.I(th.px(gtx, st.Size)),
		MaxWidth: width,
		Locale:   gtx.Locale,
	}, s)
	var end image.Point
	for g, ok := th.shaper.NextGlyph(); ok; g, ok = th.shaper.NextGlyph() {
		end = image.Pt((g.X + g.Advance).Ceil(), int(g.Y)+g.Descent.Ceil())
	}
	return end
}
