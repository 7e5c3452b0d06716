package host_test

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/drm"
	"anodize/devices/evdev"
	"anodize/ui/host"
)

// screen is a display in memory, in the layout of a dumb buffer: rows are longer than
// the picture. It is told what happens to it, and keeps what was presented.
type screen struct {
	changes chan struct{}
	frames  chan []image.Rectangle // a frame each

	mu       sync.Mutex
	mode     drm.Mode
	pix      []byte
	pending  drm.Change
	closed   int
	switched []int
	broken   error // what Present meets with
}

// margin is what a row has beside its pixels, in bytes; the display paints it, and
// nobody else may.
const (
	margin = 64
	paint  = 0xa5
)

func newScreen(w, h int) *screen {
	s := &screen{changes: make(chan struct{}, 1), frames: make(chan []image.Rectangle, 1000)}
	s.setMode(drm.Mode{Width: w, Height: h, RefreshHz: 60})
	return s
}

func (s *screen) setMode(m drm.Mode) {
	s.mode = m
	s.pix = make([]byte, (4*m.Width+margin)*m.Height)
	for i := range s.pix {
		s.pix[i] = paint
	}
}

// happen is a change that the kiosk is to notice.
func (s *screen) happen(change drm.Change, m drm.Mode) {
	s.mu.Lock()
	s.pending = change
	if change == drm.Resized {
		s.setMode(m)
	}
	s.mu.Unlock()
	s.changes <- struct{}{}
}

func (s *screen) Mode() drm.Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode
}

func (s *screen) Buffer() ([]byte, int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pix, 4*s.mode.Width + margin
}

func (s *screen) Present(damage []image.Rectangle) error {
	s.frames <- slices.Clone(damage)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *screen) breakDown(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = err
}

func (s *screen) Changes() <-chan struct{} { return s.changes }

func (s *screen) Refresh() (drm.Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending, nil
}

func (s *screen) SwitchTo(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switched = append(s.switched, n)
	return nil
}

func (s *screen) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

// hands is an input source that a test plays.
type hands struct {
	events chan evdev.Event
	mu     sync.Mutex
	layout string
	paused bool
	closed int
}

func newHands() *hands { return &hands{events: make(chan evdev.Event, 100)} }

func (h *hands) Events() <-chan evdev.Event { return h.events }

func (h *hands) SetLayout(l *evdev.Layout) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.layout = l.Name()
}

func (h *hands) Pause()  { h.setPaused(true) }
func (h *hands) Resume() { h.setPaused(false) }

func (h *hands) setPaused(p bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.paused = p
}

func (h *hands) isPaused() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.paused
}

func (h *hands) chosen() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.layout
}

func (h *hands) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed++; h.closed == 1 {
		close(h.events)
	}
	return nil
}

func (h *hands) key(code uint16, name evdev.Name, text string) {
	h.events <- evdev.Key{Action: evdev.Press, Code: code, Name: name, Text: text}
	h.events <- evdev.Key{Action: evdev.Release, Code: code}
}

// play is a ceremony that shows what a test tells it, and keeps what it is sent.
type play struct {
	mu      sync.Mutex
	view    *ceremony.View
	updated chan struct{}
	sent    chan ceremony.Event
}

func newPlay(v ceremony.View) *play {
	return &play{view: &v, updated: make(chan struct{}, 1), sent: make(chan ceremony.Event, 1000)}
}

func (p *play) View() *ceremony.View {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

func (p *play) Updated() <-chan struct{} { return p.updated }

func (p *play) Send(_ uint64, e ceremony.Event) bool {
	p.sent <- e
	return true
}

func (p *play) show(change func(*ceremony.View)) {
	p.mu.Lock()
	v := *p.view
	change(&v)
	p.view = &v
	p.mu.Unlock()
	p.updated <- struct{}{}
}

// running is a kiosk with all that it is connected to.
type running struct {
	screen   *screen
	hands    *hands
	ceremony *play
	end      func() error
}

func run(t *testing.T, w, h int, v ceremony.View) *running {
	t.Helper()
	r := &running{screen: newScreen(w, h), hands: newHands(), ceremony: newPlay(v)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- host.Run(ctx, host.Options{Display: r.screen, Input: r.hands}, r.ceremony) }()
	r.end = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := r.end(); !errors.Is(err, context.Canceled) {
			t.Errorf("the kiosk ended with: %v", err)
		}
	})
	return r
}

// patience ends a test that would hang, on the clock of its bubble.
const patience = time.Minute

func next[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s came", what)
	}
	panic("unreachable")
}

func (r *running) frame(t *testing.T) []image.Rectangle {
	t.Helper()
	return next(t, "frame", r.screen.frames)
}

func (r *running) sent(t *testing.T) ceremony.Event {
	t.Helper()
	return next(t, "event", r.ceremony.sent)
}

// settled waits until no further frame comes of what was done, ten seconds at most, and
// returns how many came. It is for a bubble, whose clock moves on when all are idle.
func (r *running) settled() (frames int) {
	for still, steps := 0, 0; still < 10 && steps < 100; steps++ {
		synctest.Wait()
		still++
		for ; len(r.screen.frames) > 0; still = 0 {
			<-r.screen.frames
			frames++
		}
		time.Sleep(100 * time.Millisecond)
	}
	return frames
}

// picture is what the display shows; the test fails if anything beside it was touched.
func (s *screen) picture(t *testing.T) *image.RGBA {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	img := image.NewRGBA(image.Rect(0, 0, s.mode.Width, s.mode.Height))
	stride := 4*s.mode.Width + margin
	for y := range s.mode.Height {
		row := s.pix[y*stride : (y+1)*stride]
		for x := range s.mode.Width {
			copy(img.Pix[y*img.Stride+4*x:], []byte{row[4*x+2], row[4*x+1], row[4*x], 255})
		}
		for _, b := range row[4*s.mode.Width:] {
			if b != paint {
				t.Fatalf("something was painted beside row %d", y)
			}
		}
	}
	return img
}
