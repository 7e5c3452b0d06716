package raster

import "image"

// stripPixels is the number of pixels painted at a time: few enough to stay in a core's
// cache while everything that lies over them is painted, so that the target's memory is
// written only once.
const stripPixels = 1 << 15

// placed is a mask at its place in the target.
type placed struct {
	mask *mask
	off  image.Point
}

// picture is what painters share, and only read.
type picture struct {
	target Target
	list   *list
	masks  []placed
}

// painter paints strips of a picture. Each goroutine has its own.
type painter struct {
	*picture
	strip  image.Rectangle
	bytes  []byte // the strip's pixels
	layers []surfaceLayer
	depth  int // of layers, in the strip
	source []pixel
	cover  []uint16
}

// surfaceLayer is a layer's part of a strip.
type surfaceLayer struct {
	rect image.Rectangle
	pix  []pixel
}

// paint paints the strips of the damaged rectangles whose number leaves the remainder
// turn when divided by turns.
func (p *painter) paint(damage []image.Rectangle, turn, turns int) {
	n := 0
	for _, d := range damage {
		rows := max(1, stripPixels/d.Dx())
		for y := d.Min.Y; y < d.Max.Y; y += rows {
			if n%turns == turn {
				p.paintStrip(image.Rect(d.Min.X, y, d.Max.X, min(y+rows, d.Max.Y)))
			}
			n++
		}
	}
}

func (p *painter) paintStrip(strip image.Rectangle) {
	p.strip = strip
	p.bytes = sized(p.bytes, 4*area(strip))
	p.depth = 0
	items := p.list.items
	first := p.lowest()
	if first < 0 {
		black := ink{bgrx: [4]byte{3: 255}, a: full}
		black.fill(p.bytes)
		first = 0
	}
	for i := first; i < len(items); i++ {
		it := &items[i]
		r := it.bounds.Intersect(strip)
		switch {
		case r.Empty():
		case it.kind == pushItem:
			p.push(r)
		case it.kind == popItem:
			p.pop(it.opacity)
		case it.live[0] != hidden:
			p.paintItem(it, r)
		}
	}
	w := 4 * strip.Dx()
	for y := strip.Min.Y; y < strip.Max.Y; y++ {
		at := (y - strip.Min.Y) * w
		p.target.store(strip.Min.X, y, p.bytes[at:at+w])
	}
}

// lowest returns the uppermost item that hides all that is below it in the strip, or a
// negative number.
func (p *painter) lowest() int {
	items, depth := p.list.items, 0
	for i := len(items) - 1; i >= 0; i-- {
		it := &items[i]
		switch {
		case it.kind == popItem:
			depth++
		case it.kind == pushItem:
			depth--
		case depth == 0 && it.live[0] == it.live[1] && it.live[0] != hidden && it.brush.opaque() && p.strip.In(it.bounds):
			return i
		}
	}
	return -1
}

func (p *painter) push(r image.Rectangle) {
	if p.depth == len(p.layers) {
		p.layers = append(p.layers, surfaceLayer{})
	}
	l := &p.layers[p.depth]
	p.depth++
	l.rect = r
	l.pix = zeroed(l.pix, area(r))
}

// pop paints the innermost layer on what is below it.
func (p *painter) pop(opacity float32) {
	p.depth--
	l := &p.layers[p.depth]
	a := uint32(opacity*full + 0.5)
	w := l.rect.Dx()
	for y := l.rect.Min.Y; y < l.rect.Max.Y; y++ {
		row := l.pix[(y-l.rect.Min.Y)*w:][:w]
		for i := range row {
			row[i] = row[i].scaled(a)
		}
		p.over(l.rect.Min.X, y, row, nil)
	}
}

// over paints pixels on the innermost layer, or on the strip, from (x, y) on.
func (p *painter) over(x, y int, src []pixel, cover []uint16) {
	if p.depth == 0 {
		overBytes(p.row(x, y, len(src)), src, cover)
		return
	}
	l := &p.layers[p.depth-1]
	at := (y-l.rect.Min.Y)*l.rect.Dx() + x - l.rect.Min.X
	overPixels(l.pix[at:at+len(src)], src, cover)
}

// row returns n pixels of the strip's bytes.
func (p *painter) row(x, y, n int) []byte {
	at := 4 * ((y-p.strip.Min.Y)*p.strip.Dx() + x - p.strip.Min.X)
	return p.bytes[at : at+4*n]
}

// paintItem paints what of an item lies in r.
func (p *painter) paintItem(it *item, r image.Rectangle) {
	fill := filler{painter: p, brush: &it.brush, plain: it.brush.kind == colorBrush && p.depth == 0}
	if fill.plain {
		fill.ink = newInk(&it.brush)
	}
	masks := p.masks[it.live[0]:it.live[1]]
	for _, m := range masks {
		r = r.Intersect(m.mask.rect.Add(m.off))
	}
	for y := r.Min.Y; y < r.Max.Y; y++ {
		switch len(masks) {
		case 0:
			fill.run(r.Min.X, y, r.Dx(), nil)
		case 1:
			fill.spans(masks[0], r.Min.X, r.Max.X, y)
		default:
			fill.product(masks, r.Min.X, r.Max.X, y)
		}
	}
}

// filler paints runs of pixels with a brush.
type filler struct {
	*painter
	brush *brush
	plain bool // one colour, straight on the strip: ink is set
	ink   ink
}

// run paints n pixels from (x, y) on.
func (f *filler) run(x, y, n int, cover []uint16) {
	switch {
	case !f.plain:
		f.source = sized(f.source, n)
		f.brush.sample(f.source, x, y)
		f.over(x, y, f.source, cover)
	case cover == nil:
		f.ink.fill(f.row(x, y, n))
	default:
		f.ink.cover(f.row(x, y, n), cover)
	}
}

// spans paints what of a row lies in a mask, between x0 and x1.
func (f *filler) spans(m placed, x0, x1, y int) {
	for _, s := range m.mask.row(y - m.off.Y) {
		start := int(s.x0) + m.off.X
		from, to := max(x0, start), min(x1, int(s.x1)+m.off.X)
		switch {
		case start >= x1:
			return
		case from >= to:
		case s.at == solid:
			f.run(from, y, to-from, nil)
		default:
			at := int(s.at) + from - start
			f.run(from, y, to-from, m.mask.cover[at:at+to-from])
		}
	}
}

// product paints what of a row lies in several masks, between x0 and x1.
func (f *filler) product(masks []placed, x0, x1, y int) {
	f.cover = sized(f.cover, x1-x0)
	for i := range f.cover {
		f.cover[i] = full
	}
	for _, m := range masks {
		m.mask.multiply(f.cover, x0-m.off.X, y-m.off.Y)
	}
	f.run(x0, y, x1-x0, f.cover)
}
