package main

import (
	"fmt"
	"image"

	"gioui.org/anodize"
	"gioui.org/gpu/headless"
	"gioui.org/op"
)

// renderer paints frames of one size.
type renderer interface {
	// paint returns once the frame's pixels can be read. If whole is set, it repaints
	// those that did not change as well.
	paint(frame *op.Ops, whole bool) error
	// picture is what the last frame left.
	picture() (*image.RGBA, error)
}

// ours is ui/raster, painting into memory.
type ours struct {
	painter *raster.Renderer
	target  raster.Target
}

func newOurs(size image.Point) *ours {
	return &ours{
		painter: raster.New(),
		target:  raster.Target{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Width: size.X, Height: size.Y},
	}
}

func (o *ours) paint(frame *op.Ops, whole bool) error {
	if whole {
		o.painter.Invalidate()
	}
	_, err := o.painter.Frame(frame, o.target)
	return err
}

func (o *ours) picture() (*image.RGBA, error) { return raster.Image(o.target), nil }

// gios is Gio's GPU renderer on whatever OpenGL ES the environment offers.
type gios struct {
	window *headless.Window
	corner *image.RGBA
}

func newGios(size image.Point) (*gios, error) {
	w, err := headless.NewWindow(size.X, size.Y)
	if err != nil {
		return nil, fmt.Errorf("opening a window of Gio's GPU renderer: %w; it needs Mesa (libegl-mesa0, libgl1-mesa-dri, libgles2), EGL_PLATFORM=surfaceless and LIBGL_ALWAYS_SOFTWARE=1", err)
	}
	return &gios{window: w, corner: image.NewRGBA(image.Rect(0, 0, 1, 1))}, nil
}

// paint reads one pixel back, because OpenGL only queues the work: glReadPixels waits
// for all of it. The renderer always repaints the whole frame.
func (g *gios) paint(frame *op.Ops, _ bool) error {
	if err := g.window.Frame(frame); err != nil {
		return err
	}
	return g.window.Screenshot(g.corner)
}

func (g *gios) picture() (*image.RGBA, error) {
	img := image.NewRGBA(image.Rectangle{Max: g.window.Size()})
	return img, g.window.Screenshot(img)
}

func (g *gios) close() { g.window.Release() }
