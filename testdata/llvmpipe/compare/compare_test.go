package main

import (
	"image"
	"os"
	"testing"

	"anodize/llvmpipe/screen"
)

func TestMain(m *testing.M) {
	// A test needs no window system and no graphics card.
	for name, value := range map[string]string{"EGL_PLATFORM": "surfaceless", "LIBGL_ALWAYS_SOFTWARE": "1"} {
		if err := os.Setenv(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// Gio's renderer at eight times the size is the judge: it shares no line with ui/raster,
// and its own errors lie within a pixel.
func TestOurPicturesAreThoseOfGio(t *testing.T) {
	size := image.Pt(800, 600)
	for name, p := range map[string]*screen.Page{"fingerprint": screen.Fingerprint(size), "findings": screen.Findings(size)} {
		g, err := newGios(size)
		if err != nil {
			t.Fatal(err)
		}
		defer g.close()
		a, b, err := both(p, newOurs(size), g)
		if err != nil {
			t.Fatal(err)
		}
		f, err := oversample(p)
		if err != nil {
			t.Fatal(err)
		}
		ours, theirs := differ(t, a, f), differ(t, b, f)
		if ours.mean > 0.03 || ours.over[1]*1000 > ours.pixels {
			t.Errorf("%s: ours differs by %.4f in the mean, and in %d pixels by more than %d", name, ours.mean, ours.over[1], steps[1])
		}
		if ours.mean >= theirs.mean {
			t.Errorf("%s: ours differs by %.4f in the mean, Gio's by %.4f", name, ours.mean, theirs.mean)
		}
	}
}

func differ(t *testing.T, a, b *image.RGBA) difference {
	t.Helper()
	d, err := compare(a, b)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDifferenceOfPicturesIsThatOfTheirColours(t *testing.T) {
	bounds := image.Rect(0, 0, 3, 2)
	a, b := image.NewRGBA(bounds), image.NewRGBA(bounds)
	copy(b.Pix[b.PixOffset(1, 0):], []byte{1, 0, 0, 0})
	copy(b.Pix[b.PixOffset(2, 1):], []byte{0, 17, 0, 200}) // alpha does not count
	d := differ(t, a, b)
	want := difference{largest: 17, at: image.Pt(2, 1), mean: 1, over: [len(steps)]int{2, 1, 1, 0}, pixels: 6}
	if d != want {
		t.Errorf("%+v, not %+v", d, want)
	}
	if s := show(a, b); s.GrayAt(0, 0).Y != 255 || s.GrayAt(1, 0).Y != 247 || s.GrayAt(2, 1).Y != 119 {
		t.Errorf("shown as %v", s.Pix)
	}
	if _, err := compare(a, image.NewRGBA(image.Rect(0, 0, 2, 3))); err == nil {
		t.Error("pictures of two sizes were compared")
	}
}

func TestAverageIsTakenInLinearLight(t *testing.T) {
	large := image.NewRGBA(image.Rect(0, 0, 2*finer, finer))
	for y := range finer {
		for x := range finer {
			if (x+y)%2 == 0 {
				copy(large.Pix[large.PixOffset(x, y):], []byte{255, 255, 255, 255})
			}
			copy(large.Pix[large.PixOffset(finer+x, y):], []byte{10, 100, 250, 255})
		}
	}
	small := image.NewRGBA(image.Rect(0, 0, 2, 1))
	average(small, small.Rect, large)
	// Half the light of white is level 188 of sRGB (IEC 61966-2-1).
	for i, want := range []byte{188, 188, 188, 255, 10, 100, 250, 255} {
		if small.Pix[i] != want {
			t.Errorf("byte %d is %d, not %d", i, small.Pix[i], want)
		}
	}
}
