package host

import (
	"errors"
	"fmt"
	"image"
	"time"

	"anodize/core/ceremony"

	"gioui.org/anodize"
	"gioui.org/io/event"
	"gioui.org/io/input"
	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui"
)

// window is the screens on memory to paint on. It is not safe for concurrent use.
type window struct {
	screens *ui.Screens
	router  input.Router
	ops     op.Ops
	painter *raster.Renderer
	target  raster.Target
	queued  []event.Event
	mouse   mouse
}

// frame feeds what was queued since the last frame and shows v. It returns what the
// screens make of it, and the rectangles of the target that were painted. Events
// belong to the view shown before.
func (w *window) frame(v *ceremony.View, now time.Time) ([]ui.Event, []image.Rectangle, error) {
	if v == nil {
		return nil, nil, errors.New("showing a frame: there is no view")
	}
	fed := len(w.queued) > 0
	w.router.Queue(w.queued...)
	clear(w.queued)
	w.queued = w.queued[:0]
	events := w.layout(v, now)
	if fed {
		// Once more, to see what the input did to focus and scroll bars.
		events = append(events, w.layout(v, now)...)
	}
	damage, err := w.painter.Frame(&w.ops, w.target)
	if err != nil {
		return events, nil, fmt.Errorf("painting screen %d (%T): %w", v.Screen, v.Body, err)
	}
	return events, damage, nil
}

func (w *window) layout(v *ceremony.View, now time.Time) []ui.Event {
	w.ops.Reset()
	size := w.size()
	gtx := layout.Context{
		Ops:         &w.ops,
		Source:      w.router.Source(),
		Now:         now,
		Constraints: layout.Exact(size),
	}
	events := w.screens.Layout(gtx, v)
	w.mouse.draw(&w.ops, w.scale())
	w.router.Frame(&w.ops)
	return events
}

// scale is the number of pixels in a device-independent one.
func (w *window) scale() float32 { return w.screens.Scale(w.size()) }

// size is that of the target in pixels.
func (w *window) size() image.Point { return image.Pt(w.target.Width, w.target.Height) }
