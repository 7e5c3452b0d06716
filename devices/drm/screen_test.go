package drm

import (
	"bytes"
	"errors"
	"image"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

var all = image.Rect(0, 0, 40, 30)

func mustSee(t testing.TB, s *Screen, f *fakeCard) {
	t.Helper()
	if !bytes.Equal(f.visible(), painted(s)) {
		t.Fatal("what is visible is not what was painted")
	}
}

func mustChange(t testing.TB, s *Screen) {
	t.Helper()
	select {
	case <-s.Changes():
	default:
		t.Fatal("no change was told")
	}
}

func mustRefresh(t testing.TB, s *Screen, want Change) {
	t.Helper()
	if got, err := s.Refresh(); got != want || err != nil {
		t.Fatalf("Refresh gave %d and %v, not %d", got, err, want)
	}
}

// drivers are the ways in which frames are shown.
var drivers = map[string]struct {
	make   func() *fakeCard
	method string
}{
	"flips":                          {newFake, "page flips"},
	"copies damage":                  {func() *fakeCard { return newFake().copying() }, "damage copied by the driver"},
	"copies but prefers a shadow":    {func() *fakeCard { f := newFake().copying(); f.preferShadow, f.flips = true, false; return f }, "one buffer behind a shadow"},
	"neither flips nor copies":       {func() *fakeCard { f := newFake(); f.flips = false; return f }, "one buffer behind a shadow"},
	"loses page flips":               {func() *fakeCard { f := newFake(); f.flipsLost = true; return f }, "one buffer behind a shadow"},
	"has memory for one buffer":      {func() *fakeCard { f := newFake(); f.memory = 1; return f }, "one buffer behind a shadow"},
	"loses its memory with the mode": {func() *fakeCard { f := newFake(); f.forgets = true; return f }, "page flips"},
	"flips in XBGR8888":              {func() *fakeCard { f := newFake(); f.formats = []uint32{scanouts[1].fourcc}; return f }, "page flips"},
}

func TestEveryKindOfDriverShowsWhatIsPainted(t *testing.T) {
	for name, d := range drivers {
		f := d.make()
		s := mustScreen(t, f)
		if got := s.String(); !strings.Contains(got, d.method) {
			t.Errorf("a driver that %s: %s", name, got)
		}
		for i := range 5 {
			paint(t, s, image.Rect(i, i, 10+3*i, 10+2*i), 0xff112233*uint32(i+1))
			mustSee(t, s, f)
		}
		if flips := strings.Contains(d.method, "flips"); flips && f.calls[ioctlSetCRTC] != 1 {
			t.Errorf("a driver that %s: the mode was set %d times", name, f.calls[ioctlSetCRTC])
		}
		if err := errors.Join(s.Close(), s.Close()); err != nil {
			t.Errorf("a driver that %s: %v", name, err)
		}
		if len(f.buffers) != 0 || f.opened != 0 || f.crtc.fb != 99 || f.crtc.mode != mode(800, 600, 60) {
			t.Errorf("a driver that %s: after Close there are %d buffers, %d open cards and frame buffer %d", name, len(f.buffers), f.opened, f.crtc.fb)
		}
		if err := s.Present([]image.Rectangle{all}); !errors.Is(err, os.ErrClosed) {
			t.Errorf("Present after Close: %v", err)
		}
	}
}

func TestFormats(t *testing.T) {
	f := newFake()
	f.formats = []uint32{scanouts[1].fourcc}
	if got := mustScreen(t, f).Mode().Format; got != XBGR8888 {
		t.Errorf("the format is %v", got)
	}
	f = newFake().copying()
	f.formats = []uint32{scanouts[2].fourcc}
	s := mustScreen(t, f)
	paint(t, s, all, 0x00ff8421) // in memory 21 84 ff 00: blue, green, red
	if got, want := native.Uint16(f.visible()), uint16(0x1f<<11|0x21<<5|0x04); got != want || s.Mode().Format != XRGB8888 {
		t.Errorf("RGB565 shows %#x, not %#x", got, want)
	}
	f = newFake()
	f.formats = nil
	if _, err := screenOn(t, f); !errors.Is(err, ErrNoDisplay) || f.opened != 0 || len(f.buffers) != 0 {
		t.Errorf("a display without a format for us: %v; %d buffers are left", err, len(f.buffers))
	}
}

func TestNothingIsDoneForNoDamage(t *testing.T) {
	for name, d := range drivers {
		f := d.make()
		s := mustScreen(t, f)
		clear(f.calls)
		if err := s.Present([]image.Rectangle{{}, image.Rect(-5, -5, 0, 0), image.Rect(40, 0, 60, 30)}); err != nil {
			t.Fatal(err)
		}
		if len(f.calls) != 0 {
			t.Errorf("a driver that %s was called: %v", name, f.calls)
		}
	}
}

func TestTheDriverIsToldTheDamageAlone(t *testing.T) {
	f := newFake().copying()
	s := mustScreen(t, f)
	paint(t, s, image.Rect(30, 20, 90, 90), 1)
	if want := (clipRect{30, 20, 40, 30}); len(f.clips) != 1 || f.clips[0] != want {
		t.Errorf("the driver was told %v", f.clips)
	}
	many := make([]image.Rectangle, maxDirtyClips+1)
	for i := range many {
		many[i] = image.Rect(i%40, i%30, i%40+1, i%30+1)
	}
	if err := s.Present(many); err != nil || len(f.clips) != 1 {
		t.Errorf("more rectangles than the driver takes became %d: %v", len(f.clips), err)
	}
}

func TestCardsThatCannotBeUsedArePassedOver(t *testing.T) {
	render, dumb, dark := newFake(), newFake(), newFake()
	render.noModes = true
	dumb.noDumb = true
	dark.connectors[51].connection = connectionDisconnected
	good := newFake()
	s := mustScreen(t, render, dumb, dark, good)
	paint(t, s, all, 7)
	mustSee(t, s, good)
	if render.opened+dumb.opened+dark.opened != 0 {
		t.Error("a card that is of no use was left open")
	}
	if _, err := screenOn(t, render, dark); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("the error is %v", err)
	}
	if _, err := screenOn(t); !errors.Is(err, ErrNoDisplay) {
		t.Errorf("without a card the error is %v", err)
	}
	good.taken = true
	if _, err := screenOn(t, good); !errors.Is(err, ErrBusy) {
		t.Errorf("with another program on the display the error is %v", err)
	}
}

func TestAnOutputPulledOutAndPluggedIn(t *testing.T) {
	for _, d := range drivers {
		f := d.make()
		s := mustScreen(t, f)
		paint(t, s, all, 1)
		f.connectors[51].connection = connectionDisconnected
		s.look()
		mustChange(t, s)
		mustRefresh(t, s, Hidden)
		paint(t, s, image.Rect(3, 3, 9, 9), 2) // is kept
		s.look()
		select {
		case <-s.Changes():
			t.Error("nothing has changed, and a change was told")
		default:
		}
		f.connectors[51].connection = connectionConnected
		s.look()
		mustChange(t, s)
		mustRefresh(t, s, Unchanged)
		mustSee(t, s, f)
		paint(t, s, image.Rect(5, 5, 12, 12), 3)
		mustSee(t, s, f)
	}
}

func TestAnotherMode(t *testing.T) {
	f := newFake()
	s := mustScreen(t, f)
	f.connectors[51].modes = []modeInfo{mode(64, 48, 60)}
	s.look()
	mustChange(t, s)
	mustRefresh(t, s, Resized)
	if m := s.Mode(); m.Width != 64 || m.Height != 48 {
		t.Errorf("the mode is %+v", m)
	}
	paint(t, s, image.Rect(0, 0, 64, 48), 5)
	mustSee(t, s, f)
	if len(f.buffers) != 2 {
		t.Errorf("%d buffers, where two are in use", len(f.buffers))
	}
	mustRefresh(t, s, Unchanged)
}

func TestAnotherProgramTakesTheDisplay(t *testing.T) {
	for _, d := range drivers {
		f := d.make()
		s := mustScreen(t, f)
		f.taken = true
		paint(t, s, all, 1)
		if d.make().takesDirty || len(s.surface.buffers) > 1 {
			mustChange(t, s)
			mustRefresh(t, s, Hidden)
		}
		f.taken, f.crtc = false, crtcState{id: 31, fb: 77}
		s.hidden = true // a driver that is never called cannot tell
		s.look()
		mustChange(t, s)
		mustRefresh(t, s, Unchanged)
		mustSee(t, s, f)
	}
}

func TestAModeChangedBehindOurBackIsSetAgain(t *testing.T) {
	f := newFake()
	s := mustScreen(t, f)
	f.flipRefused = unix.EINVAL
	f.crtc.fb = 77
	paint(t, s, all, 1)
	mustSee(t, s, f)
}

func TestAnotherDriverTakesOver(t *testing.T) {
	firmware, real := newFake().copying(), newFake()
	real.gone = true
	s := mustScreen(t, firmware, real)
	firmware.gone = true
	paint(t, s, all, 1)
	mustChange(t, s)
	mustRefresh(t, s, Hidden)
	if pix, _ := s.Buffer(); pix == nil {
		t.Error("there is nothing to paint on while the card is gone")
	}
	paint(t, s, all, 2)
	real.gone = false
	s.look()
	mustChange(t, s)
	mustRefresh(t, s, Resized)
	paint(t, s, all, 3)
	mustSee(t, s, real)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// Whatever happens in whatever order: once the display can be had, it shows what
// was painted.
func TestWhatIsPaintedIsShownInTheEnd(t *testing.T) {
	for _, d := range drivers {
		rapid.Check(t, func(r *rapid.T) {
			f := d.make()
			s := mustScreen(t, f)
			for i := range rapid.IntRange(1, 25).Draw(r, "steps") {
				switch rapid.IntRange(0, 7).Draw(r, "step") {
				case 0:
					f.connectors[51].connection = connectionDisconnected + connectionConnected - f.connectors[51].connection
				case 1:
					f.taken = !f.taken
				case 2:
					f.flipRefused = unix.EINVAL
				case 3:
					if _, err := s.Refresh(); err != nil {
						r.Fatal(err)
					}
				default:
					x, y := rapid.IntRange(-3, 39).Draw(r, "x"), rapid.IntRange(-3, 29).Draw(r, "y")
					paint(t, s, image.Rect(x, y, x+rapid.IntRange(1, 20).Draw(r, "w"), y+9), uint32(i+1)*0x010203)
				}
			}
			f.taken, f.flipRefused, f.connectors[51].connection = false, nil, connectionConnected
			mustRefresh(t, s, Unchanged)
			paint(t, s, image.Rect(0, 0, 2, 2), 9)
			mustSee(t, s, f)
			if err := s.Close(); err != nil || len(f.buffers) != 0 {
				r.Fatalf("Close left %d buffers: %v", len(f.buffers), err)
			}
		})
	}
}
