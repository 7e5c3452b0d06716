package raster

import (
	"image"
	"testing"

	"gioui.org/op"
)

const benchWidth, benchHeight = 1920, 1080

// benchScreens lays out the busy screen with the small square at two places.
func benchScreens() [2]*op.Ops {
	s := newScreen()
	var screens [2]*op.Ops
	for i := range screens {
		screens[i] = new(op.Ops)
		s.cursor = image.Pt(1200+20*i, 500)
		s.layout(screens[i], image.Pt(benchWidth, benchHeight))
	}
	return screens
}

// BenchmarkFull repaints the whole screen with warm caches.
func BenchmarkFull(b *testing.B) {
	screens, r, t := benchScreens(), New(), newTarget(benchWidth, benchHeight)
	frame(b, r, screens[0], t)
	for b.Loop() {
		r.Invalidate()
		frame(b, r, screens[0], t)
	}
}

// BenchmarkCold draws every shape anew.
func BenchmarkCold(b *testing.B) {
	screens, t := benchScreens(), newTarget(benchWidth, benchHeight)
	for b.Loop() {
		frame(b, New(), screens[0], t)
	}
}

// BenchmarkSmallChange moves a square of 52 by 52 pixels by 20.
func BenchmarkSmallChange(b *testing.B) {
	screens, r, t := benchScreens(), New(), newTarget(benchWidth, benchHeight)
	frame(b, r, screens[0], t)
	for i := 1; b.Loop(); i++ {
		frame(b, r, screens[i%2], t)
	}
}

// BenchmarkUnchanged finds that there is nothing to do.
func BenchmarkUnchanged(b *testing.B) {
	screens, r, t := benchScreens(), New(), newTarget(benchWidth, benchHeight)
	frame(b, r, screens[0], t)
	for b.Loop() {
		frame(b, r, screens[0], t)
	}
}
