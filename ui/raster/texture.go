package raster

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"math/bits"
)

// pixel is linear light, premultiplied.
type pixel struct{ r, g, b, a uint16 }

// texture is an image as it is sampled. Gio's images do not change.
type texture struct {
	w, h, stride int
	pix          []byte // R, G, B, A, sRGB, premultiplied after encoding
	// smaller holds copies for shrinking, each of half the size of the one before, the
	// last of one pixel; made when first needed.
	smaller []level
	used    uint64
}

// level is a smaller copy of a texture.
type level struct {
	w, h int
	pix  []pixel
}

// textureKey identifies an image as Gio does: the handle is unique to a NewImageOp.
type textureKey struct {
	src    *image.RGBA
	handle *int
}

// textures holds those of the last frame and of the one being read.
type textures struct {
	all   map[textureKey]*texture
	frame uint64
}

// get returns the texture of an image.
func (c *textures) get(k textureKey) (*texture, error) {
	t := c.all[k]
	if t == nil {
		var err error
		if t, err = newTexture(k.src); err != nil {
			return nil, err
		}
		c.all[k] = t
	}
	t.used = c.frame
	return t, nil
}

// trim ends a frame: what it did not use goes.
func (c *textures) trim() {
	for k, t := range c.all {
		if t.used != c.frame {
			delete(c.all, k)
		}
	}
	c.frame++
}

// maxTexture is the largest side of an image in pixels.
const maxTexture = 1 << 15

func newTexture(src *image.RGBA) (*texture, error) {
	w, h := src.Rect.Dx(), src.Rect.Dy()
	if w <= 0 || h <= 0 || w > maxTexture || h > maxTexture || src.Stride < 4*w || src.Stride > len(src.Pix) ||
		len(src.Pix) < (h-1)*src.Stride+4*w {
		return nil, fmt.Errorf("%w: an image of %v with %d bytes, %d a row", ErrMalformed, src.Rect, len(src.Pix), src.Stride)
	}
	return &texture{w: w, h: h, stride: src.Stride, pix: src.Pix}, nil
}

// at returns the texel nearest to (x, y).
func (t *texture) at(x, y int) pixel {
	i := max(0, min(t.h-1, y))*t.stride + 4*max(0, min(t.w-1, x))
	p := t.pix[i : i+4 : i+4]
	return pixel{toLinear[p[0]], toLinear[p[1]], toLinear[p[2]], uint16(p[3]) * 0x101}
}

func (l *level) at(x, y int) pixel {
	return l.pix[max(0, min(l.h-1, y))*l.w+max(0, min(l.w-1, x))]
}

// shrink makes the smaller copies.
func (t *texture) shrink() {
	if t.smaller != nil {
		return
	}
	w, h, at := t.w, t.h, t.at
	for range bits.Len(uint(max(w, h))) - 1 {
		l := halve(w, h, at)
		t.smaller = append(t.smaller, l)
		w, h, at = l.w, l.h, l.at
	}
}

// halve returns the means of two by two texels of an image; an odd last one is left out
// unless it is the only one.
func halve(w, h int, at func(x, y int) pixel) level {
	l := level{w: max(1, w/2), h: max(1, h/2)}
	l.pix = make([]pixel, 0, l.w*l.h)
	for y := range l.h {
		for x := range l.w {
			x1, y1 := min(2*x+1, w-1), min(2*y+1, h-1)
			l.pix = append(l.pix, mean(at(2*x, 2*y), at(x1, 2*y), at(2*x, y1), at(x1, y1)))
		}
	}
	return l
}

func mean(a, b, c, d pixel) pixel {
	m := func(a, b, c, d uint16) uint16 {
		return uint16((uint32(a) + uint32(b) + uint32(c) + uint32(d) + 2) / 4)
	}
	return pixel{m(a.r, b.r, c.r, d.r), m(a.g, b.g, c.g, d.g), m(a.b, b.b, c.b, d.b), m(a.a, b.a, c.a, d.a)}
}

// sample writes to dst the row of pixels from (x, y) on.
func (b *brush) sample(dst []pixel, x, y int) {
	switch {
	case b.kind == colorBrush:
		c := linear(b.c0)
		for i := range dst {
			dst[i] = c
		}
	case b.kind == gradientBrush:
		b.gradient(dst, x, y)
	case b.filter == nearestFilter || b.unscaled():
		b.nearest(dst, x, y)
	default:
		b.smooth(dst, x, y)
	}
}

// linear returns a colour as a pixel.
func linear(c color.NRGBA) pixel {
	a := uint32(c.A) * 0x101
	return pixel{
		uint16(mul(uint32(toLinear[c.R]), a)),
		uint16(mul(uint32(toLinear[c.G]), a)),
		uint16(mul(uint32(toLinear[c.B]), a)),
		uint16(a),
	}
}

func (b *brush) gradient(dst []pixel, x, y int) {
	c0, c1 := linear(b.c0), linear(b.c1)
	fy := float64(y) + 0.5
	for i := range dst {
		t := b.m.sx*(float64(x+i)+0.5) + b.m.hx*fy + b.m.ox
		dst[i] = mix(c0, c1, uint32(max(0, min(1, t))*full+0.5))
	}
}

// mix returns a·(1−t) + b·t for a 16-bit fraction t.
func mix(a, b pixel, t uint32) pixel {
	m := func(a, b uint16) uint16 {
		return uint16((uint32(a)*(full-t) + uint32(b)*t + full/2) / full)
	}
	return pixel{m(a.r, b.r), m(a.g, b.g), m(a.b, b.b), m(a.a, b.a)}
}

// unscaled reports whether texels fall on pixels, so that filters make no difference.
func (b *brush) unscaled() bool {
	m := &b.m
	return m.sx == 1 && m.sy == 1 && m.hx == 0 && m.hy == 0 && m.ox == math.Floor(m.ox) && m.oy == math.Floor(m.oy)
}

// texel returns the place in the image of the middle of a pixel.
func (b *brush) texel(x, y int) (u, v float64) {
	fx, fy := float64(x)+0.5, float64(y)+0.5
	return b.m.sx*fx + b.m.hx*fy + b.m.ox, b.m.hy*fx + b.m.sy*fy + b.m.oy
}

func (b *brush) nearest(dst []pixel, x, y int) {
	lastX, lastY := -1, -1
	var p pixel
	for i := range dst {
		u, v := b.texel(x+i, y)
		tx, ty := floor(u), floor(v)
		if tx != lastX || ty != lastY {
			p = b.image.at(tx, ty)
			lastX, lastY = tx, ty
		}
		dst[i] = p
	}
}

// floor rounds down what lies near an image, and anything else to far outside of one.
func floor(v float64) int {
	return int(math.Floor(max(-2*maxTexture, min(2*maxTexture, v))))
}

// smooth filters linearly, between two copies of the image if it is shrunk.
func (b *brush) smooth(dst []pixel, x, y int) {
	lod := b.lod()
	if lod <= 0 {
		for i := range dst {
			u, v := b.texel(x+i, y)
			dst[i] = bilinear(b.image, u, v)
		}
		return
	}
	last := float64(len(b.image.smaller))
	lod = min(lod, last)
	k := int(lod)
	t := uint32((lod-float64(k))*full + 0.5)
	for i := range dst {
		u, v := b.texel(x+i, y)
		p := b.image.bilinearAt(k, u, v)
		if t > 0 {
			p = mix(p, b.image.bilinearAt(k+1, u, v), t)
		}
		dst[i] = p
	}
}

// lod returns how many times the image must be halved for its texels to be as large as
// pixels (OpenGL ES 3.0, 3.8.9).
func (b *brush) lod() float64 {
	return math.Log2(max(math.Hypot(b.m.sx, b.m.hy), math.Hypot(b.m.hx, b.m.sy)))
}

// bilinearAt samples the k-th smaller copy, or the image itself for k = 0.
func (t *texture) bilinearAt(k int, u, v float64) pixel {
	if k == 0 {
		return bilinear(t, u, v)
	}
	l := &t.smaller[k-1]
	return bilinear(l, u*float64(l.w)/float64(t.w), v*float64(l.h)/float64(t.h))
}

// bilinear interpolates between the four texels around (u, v).
func bilinear[T interface{ at(x, y int) pixel }](t T, u, v float64) pixel {
	u, v = u-0.5, v-0.5
	x, y := floor(u), floor(v)
	fx := uint32(max(0, min(1, u-float64(x)))*full + 0.5)
	fy := uint32(max(0, min(1, v-float64(y)))*full + 0.5)
	return mix(mix(t.at(x, y), t.at(x+1, y), fx), mix(t.at(x, y+1), t.at(x+1, y+1), fx), fy)
}
