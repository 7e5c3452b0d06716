package raster

import (
	"image"
	"image/color"
	"math"
	"slices"
	"testing"

	"gioui.org/f32"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
)

// A drawing is made twice: as Gio's operations, and by a slow sampler in float64 that
// shares nothing with the package. It has its own flattening, counts windings along
// sub-rows, and measures strokes by the distance from their line.
type drawing struct {
	ops    op.Ops
	w, h   int
	layer  []light   // what is painted on
	cover  []float64 // the clip in force
	m      affine
	sample func(x, y float64) light // the brush, at a place in the brush's coordinates
	image  image.Point              // the brush's size if it is an image
	summed bool                     // a pixel's coverage is min(|mean winding|, 1), as Gio has it
}

// light is linear and premultiplied.
type light [4]float64

// vec is a place, affine a transform as rows (a b c; d e f).
type vec struct{ x, y float64 }
type affine [6]float64

func (m affine) at(p vec) vec {
	return vec{m[0]*p.x + m[1]*p.y + m[2], m[3]*p.x + m[4]*p.y + m[5]}
}

func (m affine) then(b affine) affine {
	o, x, y := m.at(b.at(vec{0, 0})), m.at(b.at(vec{1, 0})), m.at(b.at(vec{0, 1}))
	return affine{x.x - o.x, y.x - o.x, o.x, x.y - o.y, y.y - o.y, o.y}
}

func (m affine) inverse() affine {
	d := m[0]*m[4] - m[1]*m[3]
	i := affine{m[4] / d, -m[1] / d, 0, -m[3] / d, m[0] / d, 0}
	o := i.at(vec{m[2], m[5]})
	i[2], i[5] = -o.x, -o.y
	return i
}

func newDrawing(w, h int, background color.NRGBA) *drawing {
	d := &drawing{w: w, h: h, layer: make([]light, w*h), cover: make([]float64, w*h), m: affine{1, 0, 0, 0, 1, 0}}
	for i := range d.cover {
		d.cover[i] = 1
	}
	d.color(background)
	d.paint()
	return d
}

func decode(v uint8) float64 {
	c := float64(v) / 255
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

func encode(c float64) int {
	if c = min(1, c); c <= 0.0031308 {
		return int(math.Round(255 * 12.92 * c))
	}
	return int(math.Round(255 * (1.055*math.Pow(c, 1/2.4) - 0.055)))
}

func lightOf(c color.NRGBA) light {
	a := float64(c.A) / 255
	return light{decode(c.R) * a, decode(c.G) * a, decode(c.B) * a, a}
}

func (l light) times(v float64) light { return light{l[0] * v, l[1] * v, l[2] * v, l[3] * v} }

func (l light) plus(k light) light {
	return light{l[0] + k[0], l[1] + k[1], l[2] + k[2], l[3] + k[3]}
}

// pen draws a path for Gio, and its points for the sampler.
type pen struct {
	gio      clip.Path
	contours [][]vec
}

func toVec(p f32.Point) vec { return vec{float64(p.X), float64(p.Y)} }

func (p *pen) move(x, y float32) {
	p.gio.MoveTo(f32.Pt(x, y))
	p.contours = append(p.contours, []vec{{float64(x), float64(y)}})
}

// curve draws a line (no points between), a quadratic or a cubic curve.
func (p *pen) curve(pts ...f32.Point) {
	switch len(pts) {
	case 1:
		p.gio.LineTo(pts[0])
	case 2:
		p.gio.QuadTo(pts[0], pts[1])
	case 3:
		p.gio.CubeTo(pts[0], pts[1], pts[2])
	}
	c := &p.contours[len(p.contours)-1]
	ctrl := []vec{(*c)[len(*c)-1]}
	for _, q := range pts {
		ctrl = append(ctrl, toVec(q))
	}
	const steps = 100
	for i := 1; i <= steps; i++ {
		*c = append(*c, casteljau(ctrl, float64(i)/steps))
	}
}

func casteljau(p []vec, t float64) vec {
	if len(p) == 1 {
		return p[0]
	}
	var q []vec
	for i := range len(p) - 1 {
		q = append(q, vec{p[i].x + t*(p[i+1].x-p[i].x), p[i].y + t*(p[i+1].y-p[i].y)})
	}
	return casteljau(q, t)
}

// arc draws a circle's arc around (cx, cy) from the pen's place on, by an angle.
func (p *pen) arc(cx, cy, angle float32) {
	p.gio.ArcTo(f32.Pt(cx, cy), f32.Pt(cx, cy), angle)
	c := &p.contours[len(p.contours)-1]
	from, center := (*c)[len(*c)-1], vec{float64(cx), float64(cy)}
	radius := math.Hypot(from.x-center.x, from.y-center.y)
	start := math.Atan2(from.y-center.y, from.x-center.x)
	const steps = 200
	for i := 1; i <= steps; i++ {
		a := start + float64(angle)*float64(i)/steps
		*c = append(*c, vec{center.x + radius*math.Cos(a), center.y + radius*math.Sin(a)})
	}
}

// close closes the contour at the very point where it began.
func (p *pen) close() { p.gio.Close() }

func pt(x, y float32) f32.Point { return f32.Pt(x, y) }

// path records a path with draw, for Gio and for the sampler.
func (d *drawing) path(draw func(*pen)) (clip.PathSpec, [][]vec) {
	var p pen
	p.gio.Begin(&d.ops)
	draw(&p)
	return p.gio.End(), p.contours
}

func (d *drawing) clipped(draw func(*pen), then func()) {
	spec, contours := d.path(draw)
	for _, c := range contours {
		for i := range c {
			c[i] = d.m.at(c[i])
		}
	}
	stack := clip.Outline{Path: spec}.Op().Push(&d.ops)
	d.within(d.windings(contours), then)
	stack.Pop()
}

func (d *drawing) rect(r image.Rectangle, then func()) {
	stack := clip.Rect(r).Push(&d.ops)
	d.within(d.windings([][]vec{d.quad(r)}), then)
	stack.Pop()
}

func (d *drawing) quad(r image.Rectangle) []vec {
	x0, y0, x1, y1 := float64(r.Min.X), float64(r.Min.Y), float64(r.Max.X), float64(r.Max.Y)
	return []vec{d.m.at(vec{x0, y0}), d.m.at(vec{x1, y0}), d.m.at(vec{x1, y1}), d.m.at(vec{x0, y1})}
}

func (d *drawing) stroked(width float32, draw func(*pen), then func()) {
	spec, contours := d.path(draw)
	stack := clip.Stroke{Path: spec, Width: width}.Op().Push(&d.ops)
	d.within(d.near(contours, float64(width)/2), then)
	stack.Pop()
}

// within multiplies the clip by cover for what then does.
func (d *drawing) within(cover []float64, then func()) {
	outer := d.cover
	d.cover = make([]float64, len(outer))
	for i := range cover {
		d.cover[i] = outer[i] * cover[i]
	}
	then()
	d.cover = outer
}

// windings returns the part of each pixel where the winding number of closed polygons is
// not zero: along 512 lines a pixel, exact in x.
func (d *drawing) windings(polygons [][]vec) []float64 {
	const lines = 512
	type crossing struct {
		x   float64
		dir int
	}
	cover := make([]float64, d.w*d.h)
	for line := range d.h * lines {
		y := (float64(line) + 0.5) / lines
		var xs []crossing
		for _, p := range polygons {
			for i, a := range p {
				b := p[(i+1)%len(p)]
				if (a.y <= y) == (b.y <= y) {
					continue
				}
				dir := 1
				if b.y < a.y {
					dir = -1
				}
				xs = append(xs, crossing{a.x + (y-a.y)/(b.y-a.y)*(b.x-a.x), dir})
			}
		}
		slices.SortFunc(xs, func(a, b crossing) int { return int(math.Copysign(1, a.x-b.x)) })
		winding := 0
		for i, c := range xs {
			if winding += c.dir; winding == 0 {
				continue
			}
			weight := 1.0 / lines
			if d.summed {
				weight *= float64(winding)
			}
			row := cover[line/lines*d.w:][:d.w]
			from, to := max(0, c.x), min(float64(d.w), xs[i+1].x)
			for x := int(from); float64(x) < to; x++ {
				row[x] += (min(to, float64(x+1)) - max(from, float64(x))) * weight
			}
		}
	}
	for i, c := range cover {
		cover[i] = min(math.Abs(c), 1)
	}
	return cover
}

// near returns the part of each pixel within a distance of lines, both before the
// transform: by 32 by 32 samples where an edge may be.
func (d *drawing) near(lines [][]vec, distance float64) []float64 {
	inv := d.m.inverse()
	pixel := max(math.Hypot(inv[0], inv[3]), math.Hypot(inv[1], inv[4]))
	cover := make([]float64, d.w*d.h)
	for i := range cover {
		x, y := float64(i%d.w), float64(i/d.w)
		off := nearest(lines, inv.at(vec{x + 0.5, y + 0.5})) - distance
		if math.Abs(off) > pixel {
			if off < 0 {
				cover[i] = 1
			}
			continue
		}
		const n = 32
		for s := range n * n {
			if nearest(lines, inv.at(vec{x + (float64(s%n)+0.5)/n, y + (float64(s/n)+0.5)/n})) < distance {
				cover[i] += 1.0 / (n * n)
			}
		}
	}
	return cover
}

func nearest(lines [][]vec, p vec) float64 {
	best := math.Inf(1)
	for _, l := range lines {
		for i := range len(l) - 1 {
			a, b := l[i], l[i+1]
			dx, dy := b.x-a.x, b.y-a.y
			t := ((p.x-a.x)*dx + (p.y-a.y)*dy) / max(dx*dx+dy*dy, 1e-30)
			t = max(0, min(1, t))
			best = min(best, math.Hypot(a.x+t*dx-p.x, a.y+t*dy-p.y))
		}
	}
	return best
}

func (d *drawing) transformed(t f32.Affine2D, then func()) {
	outer := d.m
	a, b, c, e, f, g := t.Elems()
	d.m = outer.then(affine{float64(a), float64(b), float64(c), float64(e), float64(f), float64(g)})
	stack := op.Affine(t).Push(&d.ops)
	then()
	stack.Pop()
	d.m = outer
}

func (d *drawing) faded(opacity float32, then func()) {
	outer := d.layer
	d.layer = make([]light, len(outer))
	stack := paint.PushOpacity(&d.ops, opacity)
	then()
	stack.Pop()
	for i, l := range d.layer {
		l = l.times(float64(opacity))
		outer[i] = l.plus(outer[i].times(1 - l[3]))
	}
	d.layer = outer
}

func (d *drawing) color(c color.NRGBA) {
	paint.ColorOp{Color: c}.Add(&d.ops)
	d.image = image.Point{}
	d.sample = func(_, _ float64) light { return lightOf(c) }
}

func (d *drawing) gradient(from, to f32.Point, c0, c1 color.NRGBA) {
	paint.LinearGradientOp{Stop1: from, Color1: c0, Stop2: to, Color2: c1}.Add(&d.ops)
	d.image = image.Point{}
	a, b := toVec(from), toVec(to)
	d.sample = func(x, y float64) light {
		t := ((x-a.x)*(b.x-a.x) + (y-a.y)*(b.y-a.y)) / ((b.x-a.x)*(b.x-a.x) + (b.y-a.y)*(b.y-a.y))
		t = max(0, min(1, t))
		return lightOf(c0).times(1 - t).plus(lightOf(c1).times(t))
	}
}

func (d *drawing) picture(img *image.RGBA, filter paint.ImageFilter) {
	o := paint.NewImageOp(img)
	o.Filter = filter
	o.Add(&d.ops)
	d.image = img.Rect.Size()
	texel := func(x, y float64) light {
		c := img.RGBAAt(img.Rect.Min.X+int(max(0, min(float64(d.image.X-1), x))), img.Rect.Min.Y+int(max(0, min(float64(d.image.Y-1), y))))
		return light{decode(c.R), decode(c.G), decode(c.B), float64(c.A) / 255}
	}
	d.sample = func(x, y float64) light {
		if filter == paint.FilterNearest {
			return texel(math.Floor(x), math.Floor(y))
		}
		x, y = x-0.5, y-0.5
		x0, y0 := math.Floor(x), math.Floor(y)
		fx, fy := x-x0, y-y0
		top := texel(x0, y0).times(1 - fx).plus(texel(x0+1, y0).times(fx))
		bottom := texel(x0, y0+1).times(1 - fx).plus(texel(x0+1, y0+1).times(fx))
		return top.times(1 - fy).plus(bottom.times(fy))
	}
}

func (d *drawing) paint() {
	paint.PaintOp{}.Add(&d.ops)
	if d.image != (image.Point{}) {
		d.within(d.windings([][]vec{d.quad(image.Rectangle{Max: d.image})}), d.blend)
		return
	}
	d.blend()
}

func (d *drawing) blend() {
	inv := d.m.inverse()
	for i, c := range d.cover {
		p := inv.at(vec{float64(i%d.w) + 0.5, float64(i/d.w) + 0.5})
		l := d.sample(p.x, p.y).times(c)
		d.layer[i] = l.plus(d.layer[i].times(1 - l[3]))
	}
}

// check compares the package's picture with the sampler's.
func (d *drawing) check(t *testing.T) {
	t.Helper()
	target := newTarget(d.w, d.h)
	frame(t, New(), &d.ops, target)
	got := Image(target)
	worst, where := 0, image.Point{}
	for i, l := range d.layer {
		for c := range 3 {
			if diff := int(got.Pix[4*i+c]) - encode(l[c]); max(diff, -diff) > worst {
				worst, where = max(diff, -diff), image.Pt(i%d.w, i/d.w)
			}
		}
	}
	t.Logf("largest error %d/255", worst)
	if worst > 4 {
		l := d.layer[where.Y*d.w+where.X]
		t.Errorf("pixel %v is %v, and should be %d %d %d", where, got.RGBAAt(where.X, where.Y), encode(l[0]), encode(l[1]), encode(l[2]))
	}
}
