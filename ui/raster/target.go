package raster

import (
	"encoding/binary"
	"errors"
	"fmt"
	"image"
)

// ErrTarget is wrapped by the error for a Target that cannot be painted on.
var ErrTarget = errors.New("unusable target")

// maxSide is the longest side of a target in pixels.
const maxSide = 1 << 14

// Format is how a pixel lies in memory, under the names that Linux gives it
// (drm_fourcc.h; those name the bits of a little-endian word, so that the bytes come in
// reverse).
type Format uint8

const (
	XRGB8888 Format = iota // bytes B, G, R, X
	XBGR8888               // bytes R, G, B, X
	RGB565                 // 2 bytes: red in the upper five bits, then six of green, five of blue
)

// bytes is the size of a pixel.
func (f Format) bytes() int {
	if f == RGB565 {
		return 2
	}
	return 4
}

// Target is memory to paint on: Height rows of Width pixels, Stride bytes from one row
// to the next. X is written as 255.
type Target struct {
	Pix           []byte
	Stride        int
	Width, Height int
	Format        Format
}

// bounds is the rectangle of t's pixels.
func (t Target) bounds() image.Rectangle { return image.Rect(0, 0, t.Width, t.Height) }

func (t Target) check() error {
	if t.Format > RGB565 {
		return fmt.Errorf("raster: %w: unknown format %d", ErrTarget, t.Format)
	}
	row := t.Width * t.Format.bytes()
	switch {
	case t.Width <= 0 || t.Height <= 0 || t.Width > maxSide || t.Height > maxSide:
		return fmt.Errorf("raster: %w: %d×%d pixels; each side must be 1 to %d", ErrTarget, t.Width, t.Height, maxSide)
	case t.Stride < row:
		return fmt.Errorf("raster: %w: a stride of %d bytes is less than %d pixels of %d", ErrTarget, t.Stride, t.Width, t.Format.bytes())
	case t.Height > 1 && t.Stride > len(t.Pix), len(t.Pix) < (t.Height-1)*t.Stride+row:
		return fmt.Errorf("raster: %w: %d bytes are less than %d rows of %d", ErrTarget, len(t.Pix), t.Height, t.Stride)
	}
	return nil
}

// row returns the bytes of pixels x0 to x1 of row y.
func (t Target) row(y, x0, x1 int) []byte {
	at, n := y*t.Stride, t.Format.bytes()
	return t.Pix[at+n*x0 : at+n*x1]
}

// store writes a row of pixels in the order B, G, R, X to the target, from (x, y) on.
func (t Target) store(x, y int, bgrx []byte) {
	dst := t.row(y, x, x+len(bgrx)/4)
	switch t.Format {
	case XRGB8888:
		copy(dst, bgrx)
	case XBGR8888:
		for i := 0; i+4 <= len(bgrx); i += 4 {
			s, d := bgrx[i:i+4:i+4], dst[i:i+4:i+4]
			d[0], d[1], d[2], d[3] = s[2], s[1], s[0], s[3]
		}
	case RGB565:
		for i := 0; i+4 <= len(bgrx); i += 4 {
			s := bgrx[i : i+4 : i+4]
			v := quantized(s[2], 31)<<11 | quantized(s[1], 63)<<5 | quantized(s[0], 31)
			binary.LittleEndian.PutUint16(dst[i/2:], v)
		}
	}
}

// quantized returns the number of 0 to most that is nearest to v in proportion.
func quantized(v uint8, most uint16) uint16 { return (uint16(v)*most + 127) / 255 }

// spread is the reverse of quantized.
func spread(v, most uint16) uint8 { return uint8((v*255 + most/2) / most) }

// Image returns a copy of t's pixels, opaque, for an encoder; nil if t is unusable.
func Image(t Target) *image.RGBA {
	if t.check() != nil {
		return nil
	}
	img := image.NewRGBA(t.bounds())
	for y := range t.Height {
		t.load(img.Pix[y*img.Stride:][:4*t.Width], t.row(y, 0, t.Width))
	}
	return img
}

// load writes a row of the target as bytes R, G, B, 255.
func (t Target) load(rgba, row []byte) {
	red, blue := 2, 0
	switch t.Format {
	case XBGR8888:
		red, blue = 0, 2
	case RGB565:
		for i := 0; i+2 <= len(row); i += 2 {
			v, d := binary.LittleEndian.Uint16(row[i:]), rgba[2*i:2*i+4:2*i+4]
			d[0], d[1], d[2], d[3] = spread(v>>11, 31), spread(v>>5&63, 63), spread(v&31, 31), 255
		}
		return
	}
	for i := 0; i+4 <= len(row); i += 4 {
		s, d := row[i:i+4:i+4], rgba[i:i+4:i+4]
		d[0], d[1], d[2], d[3] = s[red], s[1], s[blue], 255
	}
}
