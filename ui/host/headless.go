// Package host shows the screens and feeds them what people do.
//
// It guarantees that a program which plays a person has no other way in than a
// person has: pointer and key events through Gio's router, on what the semantic
// tree says is on the screen and can be pressed.
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
	"gioui.org/io/event"
	"gioui.org/io/input"
	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui"
)

// Headless is a window that nobody sees. It is not safe for concurrent use.
type Headless struct {
	screens *ui.Screens
	router  input.Router
	ops     op.Ops
	painter *raster.Renderer
	target  raster.Target
	queued  []event.Event
	clock   time.Duration // of pointer events: advances with every one
	held    *point        // where a finger is down
	drawn   bool          // the last layout is in the target's pixels
}

// NewHeadless returns a window of w by h pixels.
func NewHeadless(w, h int, s *ui.Screens) *Headless {
	w, h = max(1, w), max(1, h)
	return &Headless{
		screens: s,
		painter: raster.New(),
		target:  raster.Target{Pix: make([]byte, 4*w*h), Stride: 4 * w, Width: w, Height: h},
	}
}

// Frame feeds what was queued since the last frame, shows v, and returns what
// the screens make of it. Events belong to the view shown before.
func (h *Headless) Frame(v *ceremony.View) ([]ui.Event, error) {
	if v == nil {
		return nil, errors.New("showing a frame: there is no view")
	}
	fed := len(h.queued) > 0
	h.router.Queue(h.queued...)
	h.queued = h.queued[:0]
	events := h.layout(v)
	if fed {
		// Once more, to see what the input did to focus and scroll bars.
		events = append(events, h.layout(v)...)
	}
	_, err := h.painter.Frame(&h.ops, h.target)
	if err != nil {
		return events, fmt.Errorf("painting screen %d (%T): %w", v.Screen, v.Body, err)
	}
	h.drawn = true
	return events, nil
}

func (h *Headless) layout(v *ceremony.View) []ui.Event {
	h.ops.Reset()
	gtx := layout.Context{
		Ops:         &h.ops,
		Source:      h.router.Source(),
		Now:         time.Unix(0, 0).Add(h.clock),
		Constraints: layout.Exact(image.Pt(h.target.Width, h.target.Height)),
	}
	events := h.screens.Layout(gtx, v)
	h.router.Frame(&h.ops)
	return events
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
