package main

import (
	"bytes"
	"errors"
	"image"
	"io"
	"os"
	"path/filepath"
	"testing"

	"anodize/devices/drm"
	"anodize/ui/host"
)

// wall is a display in memory.
type wall struct {
	pix    []byte
	frames int
	closed int
}

const wallWidth, wallHeight = 1024, 768

func newWall() *wall { return &wall{pix: make([]byte, 4*wallWidth*wallHeight)} }

func (w *wall) Mode() drm.Mode                  { return drm.Mode{Width: wallWidth, Height: wallHeight, RefreshHz: 60} }
func (w *wall) Buffer() ([]byte, int)           { return w.pix, 4 * wallWidth }
func (w *wall) Changes() <-chan struct{}        { return nil }
func (w *wall) Refresh() (drm.Change, error)    { return drm.Unchanged, nil }
func (w *wall) SwitchTo(int) error              { return nil }
func (w *wall) Close() error                    { w.closed++; return nil }
func (w *wall) Present([]image.Rectangle) error { w.frames++; return nil }

func TestAScriptIsPlayedOnTheMachinesOwnScreen(t *testing.T) {
	steps, err := parseScript("test", "tap It is right\nexpect Is this the stick?\nshot stick")
	if err != nil {
		t.Fatal(err)
	}
	o := options{profile: "../../testdata/profile.toml", csrs: []string{"../../testdata/intermediate.csr"}, out: t.TempDir()}
	w := newWall()
	if err := rehearse(t.Context(), o, w, steps, io.Discard); err != nil {
		t.Fatal(err)
	}
	if w.frames == 0 || bytes.Count(w.pix, []byte{0}) == len(w.pix) {
		t.Error("nothing was shown")
	}
	if w.closed != 1 {
		t.Errorf("the display was closed %d times", w.closed)
	}
	f, err := os.Open(filepath.Join(o.out, screensName, "01-stick.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if c, _, err := image.DecodeConfig(f); err != nil || c.Width != wallWidth || c.Height != wallHeight {
		t.Errorf("the picture has %d×%d: %v", c.Width, c.Height, err)
	}
}

func TestWhereTheScreensAreShown(t *testing.T) {
	w := newWall()
	there := func() (host.Display, error) { return w, nil }
	absent := func() (host.Display, error) { return nil, drm.ErrNoDisplay }
	never := func() (host.Display, error) { panic("the display was opened") }
	for _, test := range []struct {
		wanted string
		open   func() (host.Display, error)
		want   host.Display
		err    error
	}{
		{pngDisplay, never, nil, nil},
		{autoDisplay, there, w, nil},
		{autoDisplay, absent, nil, nil},
		{kmsDisplay, there, w, nil},
		{kmsDisplay, absent, nil, drm.ErrNoDisplay},
	} {
		if d, err := openDisplay(test.wanted, test.open); d != test.want || !errors.Is(err, test.err) {
			t.Errorf("-display %s gave %v, %v", test.wanted, d, err)
		}
	}
}
