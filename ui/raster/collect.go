package raster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"image"
	"image/color"
	"math"

	"gioui.org/f32"
	"gioui.org/internal/ops"
	"gioui.org/op"
)

// ErrMalformed is wrapped by the error for an operation list that cannot be painted.
var ErrMalformed = errors.New("malformed operations")

const (
	// maxLayers bounds the depth of layers, each of which takes memory to paint.
	maxLayers = 16
	// maxSaves bounds the number of saved transforms.
	maxSaves = 1 << 16
)

// collector reads a list of operations into a list of items. Nothing that it gives out
// depends on what it read before but for the speed.
type collector struct {
	masks    *cache
	textures *textures
	reader   ops.Reader
	view     image.Rectangle
	list     *list

	state      state
	transforms []matrix
	clips      []clipState
	layers     []layer
	saves      map[int]matrix
	path       pendingPath
}

// state is what PaintOp depends on besides the layers.
type state struct {
	t     matrix
	clip  clipState
	brush source
}

// clipState is the intersection of the clips in force.
type clipState struct {
	bounds image.Rectangle
	chain  int32 // of list.stencils
}

// source is a brush in the coordinates of the operations.
type source struct {
	kind         brushKind
	filter       imageFilter
	c0, c1       color.NRGBA
	stop0, stop1 f32.Point
	image        *texture
}

// layer is a PushOpacity that is not popped yet. An opaque one has no items of its own,
// an invisible one none at all.
type layer struct {
	opacity float32
	item    int // its pushItem
	bounds  image.Rectangle
}

// pendingPath is what Path, Aux and Stroke leave for the Clip that follows.
type pendingPath struct {
	set   bool
	hash  uint64
	data  []byte
	width float32
}

var identity = matrix{sx: 1, sy: 1}

// collect reads root into dst.
func (c *collector) collect(root *op.Ops, view image.Rectangle, dst *list) error {
	dst.reset()
	c.view, c.list = view, dst
	c.transforms, c.layers = c.transforms[:0], c.layers[:0]
	clear(c.saves)
	c.path = pendingPath{}
	c.resetState(identity)
	if root == nil {
		return nil
	}
	c.reader.Reset(&root.Internal)
	for {
		o, ok := c.reader.Decode()
		if !ok {
			break
		}
		if len(o.Data) == 0 {
			return fmt.Errorf("raster: %w: an operation of unknown kind", ErrMalformed)
		}
		if err := c.read(o); err != nil {
			return fmt.Errorf("raster: operation %d: %w", o.Data[0], err)
		}
	}
	if len(c.layers) > 0 {
		return fmt.Errorf("raster: %w: an opacity was pushed and not popped", ErrMalformed)
	}
	return nil
}

// resetState is what Load does to the state, for a saved transform.
func (c *collector) resetState(t matrix) {
	c.state = state{
		t:     t,
		clip:  clipState{bounds: c.view, chain: none},
		brush: source{c0: color.NRGBA{A: 255}},
	}
	c.clips = c.clips[:0]
}

// read takes one operation. Those that do not draw are passed over.
func (c *collector) read(o ops.EncodedOp) error {
	switch ops.OpType(o.Data[0]) {
	case ops.TypeTransform:
		return c.transform(o.Data)
	case ops.TypePopTransform:
		n := len(c.transforms)
		if n == 0 {
			return fmt.Errorf("%w: a transform is popped that was not pushed", ErrMalformed)
		}
		c.state.t, c.transforms = c.transforms[n-1], c.transforms[:n-1]
	case ops.TypePushOpacity:
		return c.pushOpacity(ops.DecodeOpacity(o.Data))
	case ops.TypePopOpacity:
		return c.popOpacity()
	case ops.TypePath:
		return c.readPath(o.Data)
	case ops.TypeStroke:
		return c.readStroke(o.Data)
	case ops.TypeClip:
		return c.pushClip(o.Data)
	case ops.TypePopClip:
		n := len(c.clips)
		if n == 0 {
			return fmt.Errorf("%w: a clip is popped that was not pushed", ErrMalformed)
		}
		c.state.clip, c.clips = c.clips[n-1], c.clips[:n-1]
	case ops.TypeColor:
		c.state.brush = source{c0: decodeColor(o.Data[1:])}
	case ops.TypeLinearGradient:
		return c.readGradient(o.Data)
	case ops.TypeImage:
		return c.readImage(o)
	case ops.TypePaint:
		return c.paint()
	case ops.TypeSave:
		return c.save(ops.DecodeSave(o.Data))
	case ops.TypeLoad:
		t, ok := c.saves[ops.DecodeLoad(o.Data)]
		if !ok {
			return fmt.Errorf("%w: state %d is loaded that was not saved", ErrMalformed, ops.DecodeLoad(o.Data))
		}
		c.resetState(t)
	case ops.TypeAux:
		return fmt.Errorf("%w: a path's commands without the path", ErrMalformed)
	}
	return nil
}

func (c *collector) save(id int) error {
	if len(c.saves) >= maxSaves {
		return fmt.Errorf("%w: more than %d saved states", ErrMalformed, maxSaves)
	}
	c.saves[id] = c.state.t
	return nil
}

func (c *collector) transform(data []byte) error {
	t, push := ops.DecodeTransform(data)
	if push {
		c.transforms = append(c.transforms, c.state.t)
	}
	c.state.t = c.state.t.mul(fromAffine(t))
	if !c.state.t.finite() {
		return fmt.Errorf("%w: a transform is not finite", ErrMalformed)
	}
	return nil
}

func fromAffine(t f32.Affine2D) matrix {
	sx, hx, ox, hy, sy, oy := t.Elems()
	return matrix{float64(sx), float64(hx), float64(ox), float64(hy), float64(sy), float64(oy)}
}

func (c *collector) pushOpacity(opacity float32) error {
	if len(c.layers) == maxLayers {
		return fmt.Errorf("%w: opacities nested deeper than %d", ErrMalformed, maxLayers)
	}
	if !finite(opacity) {
		return fmt.Errorf("%w: an opacity is not a number", ErrMalformed)
	}
	opacity = max(0, min(1, opacity))
	if n := len(c.layers); n > 0 && c.layers[n-1].opacity == 0 {
		opacity = 0
	}
	l := layer{opacity: opacity, item: len(c.list.items)}
	if l.translucent() {
		c.list.items = append(c.list.items, item{kind: pushItem, clip: none, opacity: opacity})
	}
	c.layers = append(c.layers, l)
	return nil
}

// translucent reports whether l must be painted apart and blended.
func (l *layer) translucent() bool { return l.opacity > 0 && l.opacity < 1 }

func (c *collector) popOpacity() error {
	n := len(c.layers)
	if n == 0 {
		return fmt.Errorf("%w: an opacity is popped that was not pushed", ErrMalformed)
	}
	l := c.layers[n-1]
	c.layers = c.layers[:n-1]
	if n > 1 {
		c.layers[n-2].bounds = c.layers[n-2].bounds.Union(l.bounds)
	}
	switch {
	case !l.translucent():
	case l.bounds.Empty():
		c.list.items = c.list.items[:l.item]
	default:
		c.list.items[l.item].bounds = l.bounds
		c.list.items = append(c.list.items, item{kind: popItem, bounds: l.bounds, clip: none, opacity: l.opacity})
	}
	return nil
}

func (c *collector) readPath(data []byte) error {
	aux, ok := c.reader.Decode()
	if !ok || ops.OpType(aux.Data[0]) != ops.TypeAux {
		return fmt.Errorf("%w: a path without its commands", ErrMalformed)
	}
	c.path.set = true
	c.path.hash = binary.LittleEndian.Uint64(data[1:])
	c.path.data = aux.Data[ops.TypeAuxLen:]
	return nil
}

func (c *collector) readStroke(data []byte) error {
	w := math.Float32frombits(binary.LittleEndian.Uint32(data[1:]))
	if !(w > 0 && w <= maxStroke) {
		return fmt.Errorf("%w: a stroke's width of %v", ErrMalformed, w)
	}
	c.path.width = w
	return nil
}

// pushClip intersects the clip with the pending path or else with the clip's rectangle.
func (c *collector) pushClip(data []byte) error {
	var o ops.ClipOp
	o.Decode(data)
	p := c.path
	c.path = pendingPath{}
	c.clips = append(c.clips, c.state.clip)
	switch {
	case !p.set || len(p.data) == 0:
		r := box{float64(o.Bounds.Min.X), float64(o.Bounds.Min.Y), float64(o.Bounds.Max.X), float64(o.Bounds.Max.Y)}
		return c.clipRect(&c.state.clip, r)
	case p.width == 0 && !o.Outline:
		c.state.clip.bounds = image.Rectangle{} // a stroke of no width
		return nil
	}
	return c.clipPath(p)
}

func (c *collector) clipPath(p pendingPath) error {
	s := shape{kind: pathShape, hash: p.hash, size: len(p.data), width: p.width}
	if p.width != 0 {
		s.contours = contours(p.data)
	}
	m, off, err := splitOffset(c.state.t)
	if err != nil {
		return err
	}
	s.m = m
	return c.clipShape(&c.state.clip, s, off, p.data)
}

// contours hashes the contours' numbers of a path.
func contours(data []byte) uint64 {
	h := fnv.New64a()
	for at := 0; at+recordSize <= len(data); at += recordSize {
		h.Write(data[at : at+4])
	}
	return h.Sum64()
}

// splitOffset takes the whole pixels out of m's translation.
func splitOffset(m matrix) (matrix, image.Point, error) {
	x, y := math.Floor(m.ox), math.Floor(m.oy)
	if math.Abs(x) > maxCoordinate || math.Abs(y) > maxCoordinate {
		return m, image.Point{}, fmt.Errorf("%w: a translation by %.0f, %.0f", ErrMalformed, x, y)
	}
	m.ox, m.oy = m.ox-x, m.oy-y
	return m, image.Pt(int(x), int(y)), nil
}

// clipRect intersects cs with a rectangle under the transform.
func (c *collector) clipRect(cs *clipState, r box) error {
	if r.x0 >= r.x1 || r.y0 >= r.y1 {
		cs.bounds = image.Rectangle{}
		return nil
	}
	t := c.state.t
	if t.hx != 0 || t.hy != 0 {
		m, off, err := splitOffset(t)
		if err != nil {
			return err
		}
		return c.clipShape(cs, shape{kind: rectShape, rect: r, m: m}, off, nil)
	}
	// What lies more than a pixel out of view makes no difference.
	w, h := float64(c.view.Max.X+1), float64(c.view.Max.Y+1)
	d := r.transformed(t)
	d = box{max(-1, min(w, d.x0)), max(-1, min(h, d.y0)), max(-1, min(w, d.x1)), max(-1, min(h, d.y1))}
	fx, fy := math.Floor(d.x0), math.Floor(d.y0)
	off := image.Pt(int(fx), int(fy))
	if d.x0 == fx && d.y0 == fy && d.x1 == math.Floor(d.x1) && d.y1 == math.Floor(d.y1) {
		cs.bounds = cs.bounds.Intersect(image.Rect(off.X, off.Y, int(d.x1), int(d.y1)))
		return nil
	}
	d = box{d.x0 - fx, d.y0 - fy, d.x1 - fx, d.y1 - fy}
	return c.clipShape(cs, shape{kind: rectShape, rect: d, m: identity}, off, nil)
}

// maxWhole is the number of pixels of a shape that is always drawn whole, so that it
// can move without being drawn anew.
const maxWhole = 1 << 22

// clipShape intersects cs with a shape whose origin is at off.
func (c *collector) clipShape(cs *clipState, s shape, off image.Point, path []byte) error {
	e, fresh := c.masks.get(s)
	if fresh {
		b, err := s.check(path)
		if err != nil {
			c.masks.drop(e)
			return err
		}
		e.bounds = b.outer()
	}
	if area(e.bounds) > maxWhole {
		whole := e.bounds
		s.window = whole.Intersect(c.view.Sub(off))
		if e, fresh = c.masks.get(s); fresh {
			e.bounds = s.window
		}
	}
	cs.bounds = cs.bounds.Intersect(e.bounds.Add(off))
	if cs.bounds.Empty() {
		return nil
	}
	c.list.stencils = append(c.list.stencils, stencil{entry: e, off: off, next: cs.chain, path: path})
	cs.chain = int32(len(c.list.stencils) - 1)
	return nil
}

// check checks s, whose commands are in path, and returns a box around it.
func (s *shape) check(path []byte) (box, error) {
	if s.kind == pathShape {
		return checkPath(path, s.m, s.width)
	}
	return s.rect.transformed(s.m), nil
}

// outer returns the smallest rectangle of whole pixels around b, or what of it is
// within a distance at which nothing can be seen any more.
func (b box) outer() image.Rectangle {
	const far = 2 * maxCoordinate
	clamp := func(v float64) int { return int(max(-far, min(far, v))) }
	return image.Rect(clamp(math.Floor(b.x0)), clamp(math.Floor(b.y0)), clamp(math.Ceil(b.x1)), clamp(math.Ceil(b.y1)))
}

func decodeColor(d []byte) color.NRGBA { return color.NRGBA{R: d[0], G: d[1], B: d[2], A: d[3]} }

func (c *collector) readGradient(d []byte) error {
	f := func(at int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(d[at:])) }
	s := source{
		kind:  gradientBrush,
		stop0: f32.Pt(f(1), f(5)), stop1: f32.Pt(f(9), f(13)),
		c0: decodeColor(d[17:]), c1: decodeColor(d[21:]),
	}
	if !finite(s.stop0.X) || !finite(s.stop0.Y) || !finite(s.stop1.X) || !finite(s.stop1.Y) {
		return fmt.Errorf("%w: a gradient's stop is not a number", ErrMalformed)
	}
	c.state.brush = s
	return nil
}

func (c *collector) readImage(o ops.EncodedOp) error {
	src, ok := o.Refs[0].(*image.RGBA)
	handle, known := o.Refs[1].(*int)
	filter := imageFilter(o.Data[1])
	if !ok || !known || filter > nearestFilter {
		return fmt.Errorf("%w: an image of type %T, filter %d", ErrMalformed, o.Refs[0], filter)
	}
	t, err := c.textures.get(textureKey{src, handle})
	if err != nil {
		return err
	}
	c.state.brush = source{kind: imageBrush, filter: filter, image: t}
	return nil
}

// paint adds an item for the area of the clip, and of the image if there is one.
func (c *collector) paint() error {
	if n := len(c.layers); n > 0 && c.layers[n-1].opacity == 0 {
		return nil
	}
	inv, ok := c.state.t.invert()
	if !ok {
		return nil // the plane has shrunk to a line
	}
	cs := c.state.clip
	if b := &c.state.brush; b.kind == imageBrush {
		if err := c.clipRect(&cs, box{0, 0, float64(b.image.w), float64(b.image.h)}); err != nil {
			return err
		}
	}
	brush, ok := c.state.brush.under(inv)
	if cs.bounds.Empty() || !ok {
		return nil
	}
	c.list.items = append(c.list.items, item{bounds: cs.bounds, clip: cs.chain, brush: brush})
	if n := len(c.layers); n > 0 {
		c.layers[n-1].bounds = c.layers[n-1].bounds.Union(cs.bounds)
	}
	return nil
}

// under returns the brush in pixels, for the inverse of the transform; ok is false if
// there is nothing to see.
func (s *source) under(inv matrix) (b brush, ok bool) {
	b = brush{kind: s.kind, filter: s.filter, c0: s.c0, c1: s.c1, image: s.image}
	switch s.kind {
	case colorBrush:
		return b, b.c0.A > 0
	case gradientBrush:
		x, y := float64(s.stop0.X), float64(s.stop0.Y)
		dx, dy := float64(s.stop1.X)-x, float64(s.stop1.Y)-y
		length := dx*dx + dy*dy
		dx, dy = dx/length, dy/length
		b.m = matrix{
			sx: inv.sx*dx + inv.hy*dy,
			hx: inv.hx*dx + inv.sy*dy,
			ox: (inv.ox-x)*dx + (inv.oy-y)*dy,
		}
		if length == 0 || !b.m.finite() {
			// Both stops in one place: everything is past the second, as in SVG 2, 14.2.
			return brush{c0: s.c1}, s.c1.A > 0
		}
		return b, true
	default:
		b.m = inv
		return b, true
	}
}

// mul returns the transform that applies b first and then m.
func (m matrix) mul(b matrix) matrix {
	return matrix{
		sx: m.sx*b.sx + m.hx*b.hy, hx: m.sx*b.hx + m.hx*b.sy, ox: m.sx*b.ox + m.hx*b.oy + m.ox,
		hy: m.hy*b.sx + m.sy*b.hy, sy: m.hy*b.hx + m.sy*b.sy, oy: m.hy*b.ox + m.sy*b.oy + m.oy,
	}
}
