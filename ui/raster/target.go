package raster

import (
	"errors"
	"fmt"
	"image"
)

// ErrTarget is wrapped by the error for a Target that cannot be painted on.
var ErrTarget = errors.New("unusable target")

// maxSide is the longest side of a target in pixels.
const maxSide = 1 << 14

// Format is the order of the bytes of a pixel in memory, under the names that Linux
// gives them (drm_fourcc.h; those name the bits of a little-endian word, so that the
// bytes come in reverse).
type Format uint8

const (
	XRGB8888 Format = iota // bytes B, G, R, X
	XBGR8888               // bytes R, G, B, X
)

// Target is memory to paint on: Height rows of Width pixels of 4 bytes, Stride bytes
// from one row to the next. X is written as 255.
type Target struct {
	Pix           []byte
	Stride        int
	Width, Height int
	Format        Format
}

// bounds is the rectangle of t's pixels.
func (t Target) bounds() image.Rectangle { return image.Rect(0, 0, t.Width, t.Height) }

func (t Target) check() error {
	switch {
	case t.Width <= 0 || t.Height <= 0 || t.Width > maxSide || t.Height > maxSide:
		return fmt.Errorf("raster: %w: %d×%d pixels; each side must be 1 to %d", ErrTarget, t.Width, t.Height, maxSide)
	case t.Stride < 4*t.Width:
		return fmt.Errorf("raster: %w: a stride of %d bytes is less than %d pixels of 4", ErrTarget, t.Stride, t.Width)
	case t.Height > 1 && t.Stride > len(t.Pix), len(t.Pix) < (t.Height-1)*t.Stride+4*t.Width:
		return fmt.Errorf("raster: %w: %d bytes are less than %d rows of %d", ErrTarget, len(t.Pix), t.Height, t.Stride)
	case t.Format > XBGR8888:
		return fmt.Errorf("raster: %w: unknown format %d", ErrTarget, t.Format)
	}
	return nil
}

// row returns the bytes of pixels x0 to x1 of row y.
func (t Target) row(y, x0, x1 int) []byte {
	at := y * t.Stride
	return t.Pix[at+4*x0 : at+4*x1]
}

// store writes a row of pixels in the order B, G, R, X to the target, from (x, y) on.
func (t Target) store(x, y int, bgrx []byte) {
	dst := t.row(y, x, x+len(bgrx)/4)
	if t.Format == XRGB8888 {
		copy(dst, bgrx)
		return
	}
	for i := 0; i+4 <= len(bgrx); i += 4 {
		s, d := bgrx[i:i+4:i+4], dst[i:i+4:i+4]
		d[0], d[1], d[2], d[3] = s[2], s[1], s[0], s[3]
	}
}

// Image returns a copy of t's pixels, opaque, for an encoder; nil if t is unusable.
func Image(t Target) *image.RGBA {
	if t.check() != nil {
		return nil
	}
	img := image.NewRGBA(t.bounds())
	for y := range t.Height {
		src, dst := t.row(y, 0, t.Width), img.Pix[y*img.Stride:]
		for i := 0; i < len(src); i += 4 {
			dst[i], dst[i+1], dst[i+2], dst[i+3] = src[i], src[i+1], src[i+2], 255
			if t.Format == XRGB8888 {
				dst[i], dst[i+2] = src[i+2], src[i]
			}
		}
	}
	return img
}
