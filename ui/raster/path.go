package raster

import (
	"encoding/binary"
	"fmt"
	"math"

	"gioui.org/f32"
	"gioui.org/internal/ops"
	"gioui.org/internal/scene"
	"gioui.org/internal/stroke"
)

const (
	// recordSize is the size of a path's record: its contour's number, a command.
	recordSize = 4 + scene.CommandSize
	// maxPath is the longest path in bytes; a line of 32 letters has about 30 KB.
	maxPath = 1 << 24
	// maxCoordinate bounds coordinates, in the path's units and in pixels: beyond it
	// float32 no longer tells pixels apart.
	maxCoordinate = 1 << 24
	// maxStroke bounds coordinates and width of what is stroked, and maxStroked the path's
	// bytes: Gio's stroker cuts a curve into pieces by the root of its size.
	maxStroke  = 1 << 16
	maxStroked = 1 << 19
	// flatness is the largest distance of a curve from the lines drawn for it.
	flatness = 1.0 / 512
	// maxPieces is the largest number of lines drawn for a curve.
	maxPieces = 1 << 12
	// maxEdges is the largest number of lines drawn for a path.
	maxEdges = 1 << 20
)

// point is in pixels.
type point struct{ x, y float64 }

// edge is a straight piece of an outline.
type edge struct{ x0, y0, x1, y1 float64 }

// splitAt splits a falling edge that crosses the vertical at x.
func (e edge) splitAt(x float64) (upper, lower edge) {
	y := e.y0 + (x-e.x0)/(e.x1-e.x0)*(e.y1-e.y0)
	y = max(e.y0, min(e.y1, y))
	return edge{e.x0, e.y0, x, y}, edge{x, y, e.x1, e.y1}
}

// matrix is the affine transform (x, y) → (sx·x + hx·y + ox, hy·x + sy·y + oy).
type matrix struct{ sx, hx, ox, hy, sy, oy float64 }

func (m matrix) apply(p f32.Point) point {
	x, y := float64(p.X), float64(p.Y)
	return point{m.sx*x + m.hx*y + m.ox, m.hy*x + m.sy*y + m.oy}
}

// invert returns m's inverse; ok is false if m has none that can be computed with.
func (m matrix) invert() (inv matrix, ok bool) {
	det := m.sx*m.sy - m.hx*m.hy
	inv = matrix{
		sx: m.sy / det, hx: -m.hx / det, ox: (m.hx*m.oy - m.sy*m.ox) / det,
		hy: -m.hy / det, sy: m.sx / det, oy: (m.hy*m.ox - m.sx*m.oy) / det,
	}
	return inv, det != 0 && inv.finite()
}

func (m matrix) finite() bool {
	// Any infinity or NaN makes the sum, multiplied by zero, a NaN.
	sum := m.sx + m.hx + m.ox + m.hy + m.sy + m.oy
	return sum*0 == 0
}

// segment is a command of a path: a line of 2 points, a quadratic curve of 3 or a cubic
// one of 4. A gap is the line that closes an open contour: drawn by a fill, not by a
// stroke.
type segment struct {
	contour uint32
	gap     bool
	n       int
	p       [4]f32.Point
}

// decodeSegment decodes one record of recordSize bytes.
func decodeSegment(record []byte) (segment, error) {
	s := segment{contour: binary.LittleEndian.Uint32(record)}
	cmd := ops.DecodeCommand(record[4:recordSize])
	switch cmd.Op() {
	case scene.OpLine:
		s.n = 2
		s.p[0], s.p[1] = scene.DecodeLine(cmd)
	case scene.OpGap:
		s.n, s.gap = 2, true
		s.p[0], s.p[1] = scene.DecodeGap(cmd)
	case scene.OpQuad:
		s.n = 3
		s.p[0], s.p[1], s.p[2] = scene.DecodeQuad(cmd)
	case scene.OpCubic:
		s.n = 4
		s.p[0], s.p[1], s.p[2], s.p[3] = scene.DecodeCubic(cmd)
	default:
		return s, fmt.Errorf("%w: a path's command is of unknown kind %d", ErrMalformed, cmd.Op())
	}
	return s, nil
}

// box is a rectangle that grows; the zero value is not empty, emptyBox is.
type box struct{ x0, y0, x1, y1 float64 }

var emptyBox = box{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}

func (b *box) grow(p point) {
	b.x0, b.y0 = min(b.x0, p.x), min(b.y0, p.y)
	b.x1, b.y1 = max(b.x1, p.x), max(b.y1, p.y)
}

// corners returns b's corners in their order around it.
func (b box) corners() [4]f32.Point {
	x0, y0, x1, y1 := float32(b.x0), float32(b.y0), float32(b.x1), float32(b.y1)
	return [4]f32.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}}
}

// transformed returns the smallest box around b's image under m.
func (b box) transformed(m matrix) box {
	out := emptyBox
	for _, c := range b.corners() {
		out.grow(m.apply(c))
	}
	return out
}

// within reports whether no side of b is farther than limit from the origin. (NaN is not.)
func (b box) within(limit float64) bool {
	return b.x0 >= -limit && b.y0 >= -limit && b.x1 <= limit && b.y1 <= limit
}

// checkPath checks a path's records, and returns a box around its image under m, which
// may be larger than it need be: Bézier curves stay within their control points.
// A width of zero fills the path, any other strokes it.
func checkPath(data []byte, m matrix, width float32) (box, error) {
	most := maxPath
	if width != 0 {
		most = maxStroked
	}
	if len(data)%recordSize != 0 || len(data) > most {
		return box{}, fmt.Errorf("%w: a path of %d bytes is no whole number of records of %d, or more than %d bytes", ErrMalformed, len(data), recordSize, most)
	}
	local, device := emptyBox, emptyBox
	for at := 0; at < len(data); at += recordSize {
		s, err := decodeSegment(data[at:])
		if err != nil {
			return box{}, err
		}
		if width != 0 && s.contour == 0 {
			return box{}, fmt.Errorf("%w: a stroked path's contours are numbered from 1, not 0", ErrMalformed)
		}
		for _, p := range s.p[:s.n] {
			if !finite(p.X) || !finite(p.Y) {
				return box{}, fmt.Errorf("%w: a path's coordinate is not a number", ErrMalformed)
			}
			local.grow(point{float64(p.X), float64(p.Y)})
			device.grow(m.apply(p))
		}
	}
	if len(data) == 0 {
		return box{}, nil
	}
	limit := float64(maxCoordinate)
	if width != 0 {
		limit = maxStroke
		half := float64(width) / 2
		local = box{local.x0 - half, local.y0 - half, local.x1 + half, local.y1 + half}
		device = local.transformed(m)
	}
	if !local.within(limit) || !device.within(maxCoordinate) {
		return box{}, fmt.Errorf("%w: a path reaches beyond ±%.0f", ErrMalformed, limit)
	}
	return device, nil
}

func finite(v float32) bool { return v-v == 0 }

// outline appends to edges those of a checked path under m, filled or stroked.
func outline(edges []edge, data []byte, m matrix, width float32) ([]edge, error) {
	if width != 0 {
		return strokeOutline(edges, data, m, width)
	}
	for at := 0; at < len(data); at += recordSize {
		s, err := decodeSegment(data[at:])
		if err != nil {
			return edges, err
		}
		var p [4]point
		for i := range s.n {
			p[i] = m.apply(s.p[i])
		}
		if edges = flatten(edges, p[:s.n]); len(edges) > maxEdges {
			return edges, fmt.Errorf("%w: a path of more than %d lines", ErrMalformed, maxEdges)
		}
	}
	return edges, nil
}

// strokeOutline strokes in the path's own units, as Gio does: m may distort the line.
func strokeOutline(edges []edge, data []byte, m matrix, width float32) ([]edge, error) {
	clean, err := withoutCusps(data)
	if err != nil {
		return edges, err
	}
	for _, q := range stroke.StrokePathCommands(stroke.StrokeStyle{Width: width}, clean) {
		p := [3]point{m.apply(q.Quad.From), m.apply(q.Quad.Ctrl), m.apply(q.Quad.To)}
		if sum := p[0].x + p[0].y + p[1].x + p[1].y + p[2].x + p[2].y; sum*0 != 0 {
			continue // no direction could be computed for an arc of no size
		}
		edges = flatten(edges, p[:])
	}
	return edges, nil
}

// withoutCusps returns the path with those quadratic curves replaced by lines that are
// lines, because their control point is one of their ends: the stroker finds no
// direction at such an end.
func withoutCusps(data []byte) ([]byte, error) {
	clean := make([]byte, 0, len(data))
	for at := 0; at < len(data); at += recordSize {
		record := data[at : at+recordSize]
		s, err := decodeSegment(record)
		if err != nil {
			return nil, err
		}
		if s.p[0] == s.p[1] && (s.n == 2 || s.p[1] == s.p[2]) && s.n < 4 {
			continue
		}
		clean = append(clean, record...)
		if s.n == 3 && (s.p[1] == s.p[0] || s.p[1] == s.p[2]) {
			ops.EncodeCommand(clean[len(clean)-scene.CommandSize:], scene.Line(s.p[0], s.p[2]))
		}
	}
	return clean, nil
}

// flatten appends the lines that stand for a segment of 2, 3 or 4 points, of equal length
// in the curve's parameter t. The distance of a curve from its chord is at most an eighth
// of its largest second derivative, times the square of the step in t.
func flatten(edges []edge, p []point) []edge {
	last := p[len(p)-1]
	bend := 0.0 // the largest second derivative
	switch len(p) {
	case 3:
		bend = 2 * secondDifference(p[0], p[1], p[2])
	case 4:
		bend = 6 * max(secondDifference(p[0], p[1], p[2]), secondDifference(p[1], p[2], p[3]))
	}
	n := int(min(math.Ceil(math.Sqrt(bend/(8*flatness))), maxPieces))
	from := p[0]
	for i := 1; i < n; i++ {
		to := bezier(p, float64(i)/float64(n))
		edges = append(edges, edge{from.x, from.y, to.x, to.y})
		from = to
	}
	return append(edges, edge{from.x, from.y, last.x, last.y})
}

func secondDifference(a, b, c point) float64 {
	return math.Hypot(a.x-2*b.x+c.x, a.y-2*b.y+c.y)
}

// bezier evaluates a quadratic or cubic curve at t.
func bezier(p []point, t float64) point {
	u := 1 - t
	if len(p) == 3 {
		a, b, c := u*u, 2*u*t, t*t
		return point{a*p[0].x + b*p[1].x + c*p[2].x, a*p[0].y + b*p[1].y + c*p[2].y}
	}
	a, b, c, d := u*u*u, 3*u*u*t, 3*u*t*t, t*t*t
	return point{
		a*p[0].x + b*p[1].x + c*p[2].x + d*p[3].x,
		a*p[0].y + b*p[1].y + c*p[2].y + d*p[3].y,
	}
}
