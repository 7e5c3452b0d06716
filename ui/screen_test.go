package ui_test

import (
	"image"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// sizes are the screens that everything must fit on.
var sizes = []image.Point{{800, 600}, {1024, 768}, {1366, 768}, {1920, 1080}, {3840, 2160}}

func show(t testing.TB, size image.Point, v *ceremony.View) *host.Headless {
	t.Helper()
	h := host.NewHeadless(size.X, size.Y, ui.New(kit.NewTheme()))
	if _, err := h.Frame(v); err != nil {
		t.Fatal(err)
	}
	return h
}

// touch uses a finger, so that keyboards show.
func touch(t testing.TB, h *host.Headless, v *ceremony.View) {
	t.Helper()
	if err := h.Tap(v.Title); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Frame(v); err != nil {
		t.Fatal(err)
	}
}
