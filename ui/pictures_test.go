package ui_test

import (
	"flag"
	"fmt"
	"image"
	"path/filepath"
	"testing"

	"anodize/core/ceremony"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

var pictures = flag.String("pictures", "", "directory for a picture of every view made by hand")

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

// TestPictures writes pictures to look at: go test ./ui -run TestPictures -pictures DIR
func TestPictures(t *testing.T) {
	if *pictures == "" {
		t.Skip("no -pictures directory was given")
	}
	for _, f := range fixtures() {
		for _, size := range []image.Point{sizes[0], sizes[3]} {
			h := show(t, size, &f.view)
			if _, ok := f.view.Body.(ceremony.TextBody); ok {
				touch(t, h, &f.view)
			}
			name := fmt.Sprintf("%s-%d.png", f.name, size.Y)
			if err := h.SavePNG(filepath.Join(*pictures, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
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
