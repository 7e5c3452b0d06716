package host

import (
	"image"
	"image/color"
	"math"

	"gioui.org/f32"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"

	"anodize/ui/kit"
)

// mouse is the drawn pointer: where a mouse or a tablet points. The zero mouse is
// not seen; it appears with the first move, and goes when a finger is used.
type mouse struct {
	at   point // pixels
	seen bool
}

// moveTo shows the pointer at a place within the window.
func (m *mouse) moveTo(at point, window image.Point) {
	m.at = point{
		X: max(0, min(at.X, float32(window.X-1))),
		Y: max(0, min(at.Y, float32(window.Y-1))),
	}
	m.seen = true
}

// arrow is the pointer's outline, its tip at the origin, in device-independent
// pixels.
var arrow = [...]point{{X: 0, Y: 0}, {X: 0, Y: 27}, {X: 6.2, Y: 21.4}, {X: 10.6, Y: 31}, {X: 15, Y: 29}, {X: 10.8, Y: 19.6}, {X: 19, Y: 19.2}}

// draw paints the pointer over everything else. It takes no part in what a tap
// falls on.
func (m *mouse) draw(ops *op.Ops, scale float32) {
	if !m.seen {
		return
	}
	// Whole pixels: a pointer that rests looks the same everywhere.
	defer op.Offset(image.Pt(int(m.at.X), int(m.at.Y))).Push(ops).Pop()
	fill(ops, arrowPath(ops, scale, 1.5*scale), kit.White)
	fill(ops, arrowPath(ops, scale, 0), kit.Ink)
}

// arrowPath is the arrow, grown by so many pixels on every side.
func arrowPath(ops *op.Ops, scale, grow float32) clip.Op {
	var p clip.Path
	p.Begin(ops)
	at := func(i int) point {
		v, prev, next := arrow[i], arrow[(i+len(arrow)-1)%len(arrow)], arrow[(i+1)%len(arrow)]
		return v.Mul(scale).Add(outward(prev, v, next).Mul(grow))
	}
	p.MoveTo(at(0))
	for i := 1; i < len(arrow); i++ {
		p.LineTo(at(i))
	}
	p.Close()
	return clip.Outline{Path: p.End()}.Op()
}

// outward is how the corner v moves when both of its sides move out by one: the
// outline runs anticlockwise on the screen, whose y axis points down.
func outward(prev, v, next point) point {
	a, b := normal(prev, v), normal(v, next)
	sum := a.Add(b)
	// Sum points along the bisector; its projection on either normal must be one.
	along := sum.X*a.X + sum.Y*a.Y
	if along < 0.2 {
		return a
	}
	return sum.Div(along)
}

// normal is of length one, at the outer side of the line from a to b.
func normal(a, b point) point {
	d := b.Sub(a)
	n := f32.Pt(-d.Y, d.X)
	return n.Div(float32(math.Hypot(float64(n.X), float64(n.Y))))
}

func fill(ops *op.Ops, shape clip.Op, c color.NRGBA) {
	defer shape.Push(ops).Pop()
	paint.ColorOp{Color: c}.Add(ops)
	paint.PaintOp{}.Add(ops)
}

// moveWithin keeps the pointer in a window that has become smaller.
func (m *mouse) moveWithin(window image.Point) {
	if m.seen {
		m.moveTo(m.at, window)
	}
}
