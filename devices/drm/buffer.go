package drm

import (
	"errors"
	"fmt"
	"image"

	"golang.org/x/sys/unix"
)

// Format is the order of the bytes of a pixel in the memory that Screen.Buffer
// returns. The names are those of drm_fourcc.h, which name the bits of a
// little-endian word: the bytes come in reverse.
type Format uint8

const (
	XRGB8888 Format = iota // bytes B, G, R, X
	XBGR8888               // bytes R, G, B, X
)

// String returns the name.
func (f Format) String() string {
	if f == XBGR8888 {
		return "XBGR8888"
	}
	return "XRGB8888"
}

// scanout is a format that a frame buffer may have.
type scanout struct {
	fourcc uint32
	bytes  int // a pixel
	paint  Format
}

// scanouts are tried in this order.
var scanouts = []scanout{
	{fourcc('X', 'R', '2', '4'), 4, XRGB8888},
	{fourcc('X', 'B', '2', '4'), 4, XBGR8888},
	{fourcc('R', 'G', '1', '6'), 2, XRGB8888},
}

func fourcc(a, b, c, d byte) uint32 {
	return uint32(a) | uint32(b)<<8 | uint32(c)<<16 | uint32(d)<<24
}

// buffer is a dumb buffer: memory that the display can show, mapped.
type buffer struct {
	format        scanout
	width, height int
	handle, fb    uint32
	stride        int
	pix           []byte
	stale         []image.Rectangle // where the shadow has newer pixels
}

// newBuffer makes a frame buffer of the mode's size. It cleans up after itself.
func newBuffer(c *card, width, height int, f scanout) (_ *buffer, err error) {
	b := &buffer{format: f, width: width, height: height}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("making a frame buffer of %d×%d: %w", width, height, err), b.free(c))
		}
	}()
	create := createDumb{width: uint32(width), height: uint32(height), bpp: uint32(8 * f.bytes)}
	if err := call(c, "allocating memory", ioctlCreateDumb, &create); err != nil {
		return nil, err
	}
	b.handle, b.stride = create.handle, int(create.pitch)
	if b.stride < width*f.bytes || create.size < uint64(b.stride)*uint64(height) || create.size > 1<<31-1 {
		return nil, fmt.Errorf("%s gave %d bytes in rows of %d", c.path, create.size, create.pitch)
	}
	add := framebuffer{width: create.width, height: create.height, format: f.fourcc}
	add.handles[0], add.pitches[0] = create.handle, create.pitch
	if err := call(c, "adding a frame buffer", ioctlAddFB2, &add); err != nil {
		return nil, err
	}
	b.fb = add.id
	at := mapDumb{handle: create.handle}
	if err := call(c, "finding the memory", ioctlMapDumb, &at); err != nil {
		return nil, err
	}
	b.pix, err = c.mmap(int64(at.offset), int(create.size))
	if err != nil {
		return nil, fmt.Errorf("mapping %d bytes of %s: %w", create.size, c.path, err)
	}
	return b, nil
}

// free undoes what newBuffer did, as far as it came. A card that is gone has freed
// the rest by itself.
func (b *buffer) free(c *card) error {
	var errs []error
	if b.pix != nil {
		errs = append(errs, c.munmap(b.pix))
	}
	if b.fb != 0 {
		errs = append(errs, call(c, "removing a frame buffer", ioctlRemoveFB, &b.fb))
	}
	if b.handle != 0 {
		errs = append(errs, call(c, "freeing a frame buffer", ioctlDestroyDumb, &b.handle))
	}
	*b = buffer{}
	err := errors.Join(errs...)
	if gone(err) {
		return nil
	}
	return err
}

// unsuitable tells whether an error means that the display cannot show such a
// buffer, and another format may do.
func unsuitable(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ERANGE)
}

// bounds is the rectangle of b's pixels.
func (b *buffer) bounds() image.Rectangle { return image.Rect(0, 0, b.width, b.height) }

// fill copies a rectangle of a shadow into the buffer, converting it if need be.
// Both have pixels at all of r.
func (b *buffer) fill(shadow []byte, stride int, r image.Rectangle) {
	n := r.Dx()
	for y := r.Min.Y; y < r.Max.Y; y++ {
		src := shadow[y*stride+4*r.Min.X:][:4*n]
		dst := b.pix[y*b.stride+b.format.bytes*r.Min.X:][:b.format.bytes*n]
		if b.format.bytes == 4 {
			copy(dst, src)
			continue
		}
		for i := range n {
			s, d := src[4*i:4*i+4], dst[2*i:2*i+2]
			native.PutUint16(d, uint16(s[2]>>3)<<11|uint16(s[1]>>2)<<5|uint16(s[0]>>3))
		}
	}
}

// refresh copies what is stale.
func (b *buffer) refresh(shadow []byte, stride int) {
	for _, r := range b.stale {
		b.fill(shadow, stride, r)
	}
	b.stale = b.stale[:0]
}

// outdate notes that the shadow has newer pixels. So many rectangles that copying
// them one by one would be slow become one.
func (b *buffer) outdate(damage []image.Rectangle) {
	b.stale = append(b.stale, damage...)
	if len(b.stale) <= maxDirtyClips {
		return
	}
	var all image.Rectangle
	for _, r := range b.stale {
		all = all.Union(r)
	}
	b.stale = append(b.stale[:0], all)
}
