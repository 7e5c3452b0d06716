package kit

import (
	"image"
	"image/color"

	"gioui.org/f32"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
)

// Fill paints a rectangle.
func Fill(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	paint.FillShape(ops, c, clip.Rect(r).Op())
}

// Round paints a rectangle with round corners.
func Round(ops *op.Ops, r image.Rectangle, radius int, c color.NRGBA) {
	radius = min(radius, r.Dx()/2, r.Dy()/2)
	paint.FillShape(ops, c, clip.UniformRRect(r, radius).Op(ops))
}

// Box paints a rectangle with round corners and a border inside its edge.
func Box(ops *op.Ops, r image.Rectangle, radius, border int, rim, fill color.NRGBA) {
	Round(ops, r, radius, rim)
	Round(ops, r.Inset(border), max(0, radius-border), fill)
}

// Disc paints a circle that fills r.
func Disc(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	paint.FillShape(ops, c, clip.Ellipse(r).Op(ops))
}

// Ring paints a circle of one colour with a rim of another.
func Ring(ops *op.Ops, r image.Rectangle, border int, rim, fill color.NRGBA) {
	Disc(ops, r, rim)
	Disc(ops, r.Inset(border), fill)
}

// stroke paints an open line through points given in parts of r's sides.
func stroke(ops *op.Ops, r image.Rectangle, width float32, c color.NRGBA, points ...f32.Point) {
	var p clip.Path
	p.Begin(ops)
	for i, q := range points {
		at := f32.Pt(float32(r.Min.X)+q.X*float32(r.Dx()), float32(r.Min.Y)+q.Y*float32(r.Dy()))
		if i == 0 {
			p.MoveTo(at)
		} else {
			p.LineTo(at)
		}
	}
	paint.FillShape(ops, c, clip.Stroke{Path: p.End(), Width: width}.Op())
}

// Check paints the sign of what is done within the square r.
func Check(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	w := max(1.5, float32(r.Dx())/9)
	stroke(ops, r, w, c, f32.Pt(0.22, 0.54), f32.Pt(0.42, 0.74), f32.Pt(0.80, 0.28))
}

// Cross paints the sign of what failed within the square r.
func Cross(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	w := max(1.5, float32(r.Dx())/9)
	stroke(ops, r, w, c, f32.Pt(0.27, 0.27), f32.Pt(0.73, 0.73))
	stroke(ops, r, w, c, f32.Pt(0.73, 0.27), f32.Pt(0.27, 0.73))
}

// Bang paints the sign of what is to be read within the square r.
func Bang(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	w := max(2, r.Dx()/7)
	x, y := r.Min.X+(r.Dx()-w)/2, func(part int) int { return r.Min.Y + r.Dy()*part/100 }
	Round(ops, image.Rect(x, y(14), x+w, y(60)), w/2, c)
	Disc(ops, image.Rect(x, y(70), x+w, y(70)+w), c)
}

// Chevron paints an arrowhead that points down, or up, within the square r.
func Chevron(ops *op.Ops, r image.Rectangle, up bool, c color.NRGBA) {
	a, b := float32(0.36), float32(0.66)
	if up {
		a, b = b, a
	}
	stroke(ops, r, max(1.5, float32(r.Dx())/10), c, f32.Pt(0.18, a), f32.Pt(0.5, b), f32.Pt(0.82, a))
}

// Backspace paints the sign of the key that erases, within r.
func Backspace(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	w := max(1.5, float32(r.Dy())/12)
	stroke(ops, r, w, c, f32.Pt(0.32, 0.12), f32.Pt(0.98, 0.12), f32.Pt(0.98, 0.88),
		f32.Pt(0.32, 0.88), f32.Pt(0.02, 0.5), f32.Pt(0.32, 0.12), f32.Pt(0.36, 0.12))
	stroke(ops, r, w, c, f32.Pt(0.50, 0.33), f32.Pt(0.78, 0.67))
	stroke(ops, r, w, c, f32.Pt(0.78, 0.33), f32.Pt(0.50, 0.67))
}

// ShiftKey paints the sign of the key that gives capitals, within r.
func ShiftKey(ops *op.Ops, r image.Rectangle, c color.NRGBA) {
	w := max(1.5, float32(r.Dy())/12)
	stroke(ops, r, w, c, f32.Pt(0.5, 0.06), f32.Pt(0.94, 0.52), f32.Pt(0.7, 0.52), f32.Pt(0.7, 0.94),
		f32.Pt(0.3, 0.94), f32.Pt(0.3, 0.52), f32.Pt(0.06, 0.52), f32.Pt(0.5, 0.06), f32.Pt(0.54, 0.10))
}

// At draws w with its corner at (x, y). A nil widget draws nothing, here and in
// Record and Column.
func At(gtx layout.Context, x, y int, w layout.Widget) layout.Dimensions {
	if w == nil {
		return layout.Dimensions{}
	}
	defer op.Offset(image.Pt(x, y)).Push(gtx.Ops).Pop()
	return w(gtx)
}

// Record lays w out without drawing it; the call draws it.
func Record(gtx layout.Context, w layout.Widget) (layout.Dimensions, op.CallOp) {
	if w == nil {
		return layout.Dimensions{}, op.CallOp{}
	}
	m := op.Record(gtx.Ops)
	d := w(gtx)
	return d, m.Stop()
}

// Put draws a recorded call with its corner at (x, y).
func Put(gtx layout.Context, x, y int, call op.CallOp) {
	defer op.Offset(image.Pt(x, y)).Push(gtx.Ops).Pop()
	call.Add(gtx.Ops)
}

// Wide returns gtx with exactly the width w and any height.
func Wide(gtx layout.Context, w int) layout.Context {
	gtx.Constraints.Min = image.Pt(max(0, w), 0)
	gtx.Constraints.Max.X = max(0, w)
	return gtx
}

// Loose returns gtx with at most the width w and any height.
func Loose(gtx layout.Context, w int) layout.Context {
	gtx.Constraints.Min = image.Point{}
	gtx.Constraints.Max.X = max(0, w)
	return gtx
}

// Column draws widgets under each other, gap pixels apart, each of the maximal
// width. A nil widget takes no room.
func Column(gtx layout.Context, gap int, ws ...layout.Widget) layout.Dimensions {
	y, first := 0, true
	for _, w := range ws {
		if w == nil {
			continue
		}
		if !first {
			y += gap
		}
		first = false
		y += At(Wide(gtx, gtx.Constraints.Max.X), 0, y, w).Size.Y
	}
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, y)}
}

// frame paints a border inside the edge of r and leaves the rest as it is.
func frame(gtx layout.Context, r image.Rectangle, radius, border int, c color.NRGBA) {
	half := float32(border) / 2
	x0, y0 := float32(r.Min.X)+half, float32(r.Min.Y)+half
	x1, y1 := float32(r.Max.X)-half, float32(r.Max.Y)-half
	k := float32(radius)
	var p clip.Path
	p.Begin(gtx.Ops)
	p.MoveTo(f32.Pt(x0+k, y0))
	p.LineTo(f32.Pt(x1-k, y0))
	p.QuadTo(f32.Pt(x1, y0), f32.Pt(x1, y0+k))
	p.LineTo(f32.Pt(x1, y1-k))
	p.QuadTo(f32.Pt(x1, y1), f32.Pt(x1-k, y1))
	p.LineTo(f32.Pt(x0+k, y1))
	p.QuadTo(f32.Pt(x0, y1), f32.Pt(x0, y1-k))
	p.LineTo(f32.Pt(x0, y0+k))
	p.QuadTo(f32.Pt(x0, y0), f32.Pt(x0+k, y0))
	p.Close()
	paint.FillShape(gtx.Ops, c, clip.Stroke{Path: p.End(), Width: float32(border)}.Op())
}
