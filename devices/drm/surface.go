package drm

import (
	"errors"
	"fmt"
	"image"
)

// surface is one output with the buffers that it shows.
type surface struct {
	out      output
	buffers  []*buffer // the first is shown; with a second, Present flips
	shadow   []byte    // what is painted on; nil if that is the first buffer
	stride   int       // of the shadow
	dirty    bool      // the driver wants to be told what has changed
	flipping bool      // a page flip is not complete yet
}

// newSurface sets the output's mode and finds out how the driver is to be served.
func newSurface(c *card, out output) (*surface, error) {
	s := &surface{out: out}
	if err := s.setFormat(c); err != nil {
		return nil, err
	}
	shown := s.buffers[0]
	dirtyErr := c.dirty(shown.fb, nil)
	s.dirty = dirtyErr == nil
	if s.dirty && !c.hasVblank(out.crtcIndex) && c.capability(capDumbPreferShadow) == 0 && shown.format.bytes == 4 {
		return s, nil
	}
	s.stride = 4 * shown.width
	s.shadow = make([]byte, s.stride*shown.height)
	s.setFlipping(c)
	return s, nil
}

// setFormat makes a buffer in the first format that the display takes, and sets the
// mode with it: bochs loses what is painted before.
func (s *surface) setFormat(c *card) error {
	var errs []error
	for _, f := range scanouts {
		b, err := newBuffer(c, int(s.out.mode.hdisplay), int(s.out.mode.vdisplay), f)
		if err == nil {
			err = c.setCRTC(s.out.crtc, b.fb, s.out.connector.id, s.out.mode)
			if err == nil {
				s.buffers = []*buffer{b}
				return nil
			}
			err = errors.Join(err, b.free(c))
		}
		errs = append(errs, err)
		if !unsuitable(err) {
			break
		}
	}
	return errors.Join(errs...)
}

// setFlipping adds a second buffer, if there is memory for it and the driver flips.
func (s *surface) setFlipping(c *card) {
	shown := s.buffers[0]
	b, err := newBuffer(c, shown.width, shown.height, shown.format)
	if err != nil {
		return
	}
	if err = c.flip(s.out.crtc, b.fb); err == nil {
		err = c.waitFlip()
	}
	if err != nil {
		// The mode's own buffer is shown again, before the other one goes.
		_ = c.setCRTC(s.out.crtc, shown.fb, s.out.connector.id, s.out.mode)
		_ = b.free(c)
		return
	}
	s.buffers = []*buffer{b, shown}
}

// method names the way in which frames are shown.
func (s *surface) method() string {
	switch {
	case len(s.buffers) > 1:
		return "page flips"
	case s.shadow == nil:
		return "damage copied by the driver"
	}
	return "one buffer behind a shadow"
}

// canvas is what is painted on.
func (s *surface) canvas() (pix []byte, stride int) {
	if s.shadow != nil {
		return s.shadow, s.stride
	}
	return s.buffers[0].pix, s.buffers[0].stride
}

// bounds is the rectangle of the canvas's pixels.
func (s *surface) bounds() image.Rectangle { return s.buffers[0].bounds() }

// present shows what has changed on the canvas. The damage lies within its bounds.
func (s *surface) present(c *card, damage []image.Rectangle) error {
	for _, b := range s.buffers {
		b.outdate(damage)
	}
	if len(s.buffers) > 1 {
		return s.flip(c)
	}
	b := s.buffers[0]
	if s.shadow == nil {
		b.stale = b.stale[:0]
	} else {
		b.refresh(s.shadow, s.stride)
	}
	if !s.dirty {
		return nil
	}
	return c.dirty(b.fb, clips(damage))
}

// flip brings the buffer that is not shown up to date, and shows it.
func (s *surface) flip(c *card) error {
	if err := s.settle(c); err != nil {
		return err
	}
	next := s.buffers[1]
	next.refresh(s.shadow, s.stride)
	if err := c.flip(s.out.crtc, next.fb); err != nil {
		return err
	}
	s.flipping = true
	s.buffers[0], s.buffers[1] = next, s.buffers[0]
	return nil
}

// settle waits for the last page flip: until then its buffer is still being read.
func (s *surface) settle(c *card) error {
	if !s.flipping {
		return nil
	}
	s.flipping = false
	return c.waitFlip()
}

// show sets the mode again and shows all of the canvas, without a page flip: the
// display may have shown something else meanwhile, and its memory may be lost.
func (s *surface) show(c *card) error {
	if s.flipping {
		_ = s.settle(c) // what was in flight is overtaken by setting the mode
	}
	shown := s.buffers[0]
	s.fill() // so that nothing old is seen
	if err := c.setCRTC(s.out.crtc, shown.fb, s.out.connector.id, s.out.mode); err != nil {
		return err
	}
	s.fill() // bochs loses what is there when the mode is set
	if !s.dirty {
		return nil
	}
	return c.dirty(shown.fb, nil)
}

// fill copies all of the shadow into the buffer that is shown; the other one is to
// follow.
func (s *surface) fill() {
	if s.shadow == nil {
		return
	}
	for _, b := range s.buffers {
		b.stale = append(b.stale[:0], b.bounds())
	}
	s.buffers[0].refresh(s.shadow, s.stride)
}

// free gives the buffers back. The canvas must not be used any more.
func (s *surface) free(c *card) error {
	if s.flipping {
		_ = s.settle(c) // freeing the buffers ends it anyway
	}
	var errs []error
	for _, b := range s.buffers {
		errs = append(errs, b.free(c))
	}
	s.buffers, s.shadow = nil, nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("giving frame buffers back: %w", err)
	}
	return nil
}

// clips are the rectangles for the driver; one around all of them if they are more
// than it takes. No side of a mode is longer than 65535.
func clips(damage []image.Rectangle) []clipRect {
	if len(damage) > maxDirtyClips {
		var all image.Rectangle
		for _, r := range damage {
			all = all.Union(r)
		}
		damage = []image.Rectangle{all}
	}
	cs := make([]clipRect, len(damage))
	for i, r := range damage {
		cs[i] = clipRect{uint16(r.Min.X), uint16(r.Min.Y), uint16(r.Max.X), uint16(r.Max.Y)}
	}
	return cs
}
