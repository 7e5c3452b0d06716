package host

import (
	"fmt"
	"image"

	"gioui.org/anodize"

	"anodize/devices/drm"
)

// Display is a screen to paint on. A drm.Screen is one; its methods say what each of
// these does.
type Display interface {
	Mode() drm.Mode
	Buffer() (pix []byte, stride int)
	Present(damage []image.Rectangle) error
	Changes() <-chan struct{}
	Refresh() (drm.Change, error)
	SwitchTo(terminal int) error
	Close() error
}

// OpenDisplay takes the machine's own screen. The error says why there is none that
// can be used. Close gives it back.
func OpenDisplay() (Display, error) {
	s, err := drm.Open(drm.Folder)
	if err != nil {
		return nil, fmt.Errorf("showing the screens: %w", err)
	}
	return s, nil
}

// formats are the rasterizer's names of the display's formats.
var formats = map[drm.Format]raster.Format{drm.XRGB8888: raster.XRGB8888, drm.XBGR8888: raster.XBGR8888}

// targetOf is a display's memory.
func targetOf(d Display) raster.Target {
	m := d.Mode()
	pix, stride := d.Buffer()
	return raster.Target{Pix: pix, Stride: stride, Width: m.Width, Height: m.Height, Format: formats[m.Format]}
}

// panel is the size of a display's panel in millimetres, zero if it is not known.
func panel(d Display) image.Point {
	m := d.Mode()
	return image.Pt(m.MillimetresX, m.MillimetresY)
}

// refresh sees what has become of a display, and takes its new memory if there is one;
// nothing of the old memory is touched any more.
func (w *window) refresh(d Display) (drm.Change, error) {
	change, err := d.Refresh()
	if err != nil {
		err = fmt.Errorf("showing the screens: %w", err)
	}
	if change == drm.Resized {
		w.painter.Invalidate()
		w.target = targetOf(d)
		w.screens.SetPanel(panel(d))
		w.mouse.moveWithin(w.size())
	}
	return change, err
}
