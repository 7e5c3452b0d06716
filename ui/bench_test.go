package ui_test

import (
	"image"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/kit"

	"gioui.org/anodize"
	"gioui.org/layout"
	"gioui.org/op"
)

// window draws views as a kiosk does: layout, then paint.
type window struct {
	screens *ui.Screens
	painter *raster.Renderer
	target  raster.Target
	ops     op.Ops
}

func newWindow(size image.Point) *window {
	return &window{
		screens: ui.New(kit.NewTheme()), painter: raster.New(),
		target: raster.Target{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Width: size.X, Height: size.Y},
	}
}

func (w *window) frame(b *testing.B, v *ceremony.View) {
	w.ops.Reset()
	gtx := layout.Context{Ops: &w.ops, Constraints: layout.Exact(image.Pt(w.target.Width, w.target.Height))}
	w.screens.Layout(gtx, v)
	if _, err := w.painter.Frame(&w.ops, w.target); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkBusiestFrame lays out and repaints every pixel of the fullest screens
// with warm caches.
func BenchmarkBusiestFrame(b *testing.B) {
	for _, name := range []string{"entry", "share", "longfacts", "longfindings", "fingerprint"} {
		b.Run(name, func(b *testing.B) {
			w, v := newWindow(sizes[3]), byName(b, name)
			w.frame(b, v)
			for b.Loop() {
				w.painter.Invalidate()
				w.frame(b, v)
			}
		})
	}
}

// BenchmarkSecond is a frame in which only the clock moves on.
func BenchmarkSecond(b *testing.B) {
	w, v := newWindow(sizes[3]), *byName(b, "entry")
	w.frame(b, &v)
	for b.Loop() {
		v.Now = v.Now.Add(time.Second)
		w.frame(b, &v)
	}
}

// BenchmarkUnchanged paints a frame in which nothing has changed.
func BenchmarkUnchanged(b *testing.B) {
	for _, name := range []string{"fingerprint", "longfindings"} {
		b.Run(name, func(b *testing.B) {
			w, v := newWindow(sizes[3]), byName(b, name)
			w.frame(b, v)
			w.frame(b, v)
			for b.Loop() {
				if _, err := w.painter.Frame(&w.ops, w.target); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
