// Package host shows the screens and feeds them what people do.
//
// It guarantees that what is shown is the ceremony's present view, that nothing is
// laid out or painted while nothing happens, and that the console comes back when
// Run returns or panics. And it guarantees that a program which plays a person, on a
// Headless, has no other way in than a person has: pointer and key events through
// Gio's router, on what the semantic tree says is on the screen and can be pressed.
package host

import (
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"time"

	"anodize/core/ceremony"

	"gioui.org/anodize"

	"anodize/ui"
)

// Headless is a window that nobody sees, unless it is told to Show itself. It is not
// safe for concurrent use.
type Headless struct {
	window
	clock time.Duration // of pointer events: advances with every one
	held  *point        // where a finger is down
	drawn bool          // the last layout is in the target's pixels
	shown Display       // nil: nobody sees it
}

// NewHeadless returns a window of w by h pixels.
func NewHeadless(w, h int, s *ui.Screens) *Headless {
	w, h = max(1, w), max(1, h)
	return &Headless{window: window{
		screens: s,
		painter: raster.New(),
		target:  raster.Target{Pix: make([]byte, 4*w*h), Stride: 4 * w, Width: w, Height: h},
	}}
}

// NewShown returns a window that is seen on d, in d's size, while a program plays.
// What people do there is not read.
func NewShown(d Display, s *ui.Screens) *Headless {
	return &Headless{window: window{screens: s, painter: raster.New(), target: targetOf(d)}, shown: d}
}

// Frame feeds what was queued since the last frame, shows v, and returns what
// the screens make of it. Events belong to the view shown before.
func (h *Headless) Frame(v *ceremony.View) ([]ui.Event, error) {
	if h.shown != nil {
		select {
		case <-h.shown.Changes():
			if _, err := h.refresh(h.shown); err != nil {
				return nil, err
			}
		default:
		}
	}
	events, damage, err := h.window.frame(v, time.Unix(0, 0).Add(h.clock))
	if err != nil {
		return events, err
	}
	h.drawn = true
	if h.shown != nil {
		return events, h.shown.Present(damage)
	}
	return events, nil
}

// Image returns a copy of the last frame.
func (h *Headless) Image() *image.RGBA { return raster.Image(h.target) }

// SavePNG writes the last frame to a new file at path, or over an old one.
func (h *Headless) SavePNG(path string) error {
	if !h.drawn {
		return fmt.Errorf("saving a picture to %s: no frame was drawn yet", path)
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("saving a picture: %w", err)
	}
	enc := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := errors.Join(enc.Encode(f, h.Image()), f.Close()); err != nil {
		return fmt.Errorf("saving a picture to %s: %w", path, err)
	}
	return nil
}
