package drm

import (
	"errors"
	"fmt"
	"image"
	"os"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Folder is where Linux has its cards.
const Folder = "/dev/dri"

var (
	// ErrNoDisplay is wrapped by the error for a machine without a display that can
	// be used.
	ErrNoDisplay = errors.New("no display was found")
	// ErrBusy is wrapped by the error for a display that another program has.
	ErrBusy = errors.New("another program has the display; end it, or switch to another terminal")
)

// glance is the time between two looks at what is plugged in. The kernel tells of
// that over a network socket only, which the ceremony's kernel does not have.
const glance = time.Second

// Mode is what a screen shows.
type Mode struct {
	Width, Height int // pixels
	RefreshHz     int
	// MillimetresX and MillimetresY are the size of the panel; 0 if it is not known,
	// as on the firmware's display, whose driver makes up a size at 96 dots an inch.
	MillimetresX, MillimetresY int
	Format                     Format
}

// Change is what Refresh found.
type Change uint8

const (
	Unchanged Change = iota // the mode and the memory are as before
	Resized                 // Mode and Buffer are new, and nothing is painted yet
	Hidden                  // nothing can be shown for now; what is presented is kept
)

// Screen is a display in use. Its methods may be called by any goroutine, but no
// other one may paint on the Buffer during Refresh or Close.
type Screen struct {
	dir  string
	open func(path string) (node, error)

	mu       sync.Mutex
	card     *card
	surface  *surface
	first    output    // what was shown on first
	before   crtcState // and what its CRTC showed before
	hidden   bool
	away     bool // another terminal is in front
	closed   bool
	terminal *terminal
	changes  chan struct{}
	stop     chan struct{}
	watching sync.WaitGroup
}

// Open takes the first card in dir with a connected output, sets its preferred mode,
// and takes the console over where there is one. The error wraps ErrNoDisplay or
// ErrBusy if that is why.
func Open(dir string) (*Screen, error) {
	s := newScreen(dir, openNode)
	t, err := takeTerminal()
	if err != nil {
		return nil, fmt.Errorf("opening the display: %w", err)
	}
	s.terminal = t
	if err := s.adopt(); err != nil {
		if t != nil {
			err = errors.Join(err, t.restore())
		}
		return nil, fmt.Errorf("opening the display: %w", err)
	}
	s.watching.Add(1)
	go s.watch()
	return s, nil
}

func newScreen(dir string, open func(string) (node, error)) *Screen {
	return &Screen{dir: dir, open: open, changes: make(chan struct{}, 1), stop: make(chan struct{})}
}

// adopt finds a card and shows an empty screen on it.
func (s *Screen) adopt() error {
	paths, err := cardPaths(s.dir)
	if err != nil {
		return err
	}
	var why []string
	for _, path := range paths {
		err := s.adoptCard(path)
		if err == nil {
			return nil
		}
		if errors.Is(err, ErrBusy) {
			return err
		}
		why = append(why, err.Error())
	}
	if len(why) == 0 {
		why = []string{"there is no card in " + s.dir}
	}
	return fmt.Errorf("%w: %s; plug in a display", ErrNoDisplay, strings.Join(why, "; "))
}

func (s *Screen) adoptCard(path string) (err error) {
	// Whoever opens a card that nobody has is its master. To older kernels that is the
	// thread: from another one setMaster takes privileges (Linux 6.1, drm_auth.c,
	// drm_master_check_perm).
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	n, err := s.open(path)
	if err != nil {
		return err
	}
	c := &card{node: n, path: path}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.capability(capDumbBuffer) == 0 {
		return fmt.Errorf("%s has no frame buffers for software", path)
	}
	if err := c.setMaster(); err != nil {
		return err
	}
	out, found, err := findOutput(c, true)
	switch {
	case err != nil:
		return err
	case !found:
		return fmt.Errorf("nothing is plugged into %s", path)
	}
	before, err := c.crtc(out.crtc)
	if err != nil {
		return err
	}
	surface, err := newSurface(c, out)
	if err != nil {
		return err
	}
	s.card, s.surface, s.first, s.before, s.hidden = c, surface, out, before, false
	return nil
}

// Mode returns what the screen shows. It changes in Refresh alone.
func (s *Screen) Mode() Mode {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surface == nil {
		return Mode{}
	}
	o, b := s.surface.out, s.surface.buffers[0]
	m := Mode{Width: b.width, Height: b.height, RefreshHz: int(o.mode.vrefresh), Format: b.format.paint}
	if !o.connector.virtual() {
		m.MillimetresX, m.MillimetresY = o.connector.millimetresX, o.connector.millimetresY
	}
	return m
}

// String describes the screen for a log: card, mode and how frames are shown.
func (s *Screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surface == nil {
		return "closed screen"
	}
	o, b := s.surface.out, s.surface.buffers[0]
	return fmt.Sprintf("%s: %d×%d at %d Hz, %d bits a pixel, %s", s.card.path, b.width, b.height, o.mode.vrefresh, 8*b.format.bytes, s.surface.method())
}

// Buffer returns the memory to paint on, Mode().Height rows of Mode().Width pixels
// of 4 bytes, and the bytes from one row to the next. What was painted stays. The
// memory is good until Refresh returns Resized, or Close; then it must not be
// touched. It is nil after Close.
func (s *Screen) Buffer() (pix []byte, stride int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.surface == nil {
		return nil, 0
	}
	return s.surface.canvas()
}

// Present shows what was painted. Damage holds every pixel that was written since
// the last Present; without any, nothing is done. A display that is gone, or that
// another program has, is no error: it shows the picture when it comes back.
func (s *Screen) Present(damage []image.Rectangle) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("presenting a frame: %w", os.ErrClosed)
	}
	damage = s.inside(damage)
	if len(damage) == 0 || s.hidden || s.away {
		return nil
	}
	err := s.surface.present(s.card, damage)
	if err == nil {
		return nil
	}
	// Another program may have changed the mode, or have taken the display.
	if notMaster(err) {
		err = s.card.setMaster()
	}
	if !gone(err) {
		if err = s.surface.show(s.card); err == nil {
			return nil
		}
	}
	s.hidden = true
	s.notify()
	if gone(err) || notMaster(err) {
		return nil // Refresh brings it back
	}
	return fmt.Errorf("presenting a frame: %w", err)
}

// inside returns the parts of the damage that lie on the canvas.
func (s *Screen) inside(damage []image.Rectangle) []image.Rectangle {
	var in []image.Rectangle
	for _, r := range damage {
		if r = r.Intersect(s.surface.bounds()); !r.Empty() {
			in = append(in, r)
		}
	}
	return in
}

// Changes receives a value when Refresh should be called: something was plugged in
// or out, the display came back or went.
func (s *Screen) Changes() <-chan struct{} { return s.changes }

func (s *Screen) notify() {
	select {
	case s.changes <- struct{}{}:
	default: // one is waiting already
	}
}

// Refresh looks at what is plugged in, and goes on showing there. It shows by itself
// what was painted, unless the change is Resized. An error comes with Hidden; the
// next Refresh tries again.
func (s *Screen) Refresh() (Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return Hidden, fmt.Errorf("looking at the display: %w", os.ErrClosed)
	}
	if s.away {
		return Hidden, nil
	}
	change, err := s.refresh()
	if gone(err) {
		change, err = s.replace()
	}
	s.hidden = err != nil || change == Hidden
	switch {
	case notMaster(err), errors.Is(err, ErrBusy), errors.Is(err, ErrNoDisplay), gone(err):
		return Hidden, nil
	case err != nil:
		return Hidden, fmt.Errorf("looking at the display: %w", err)
	}
	return change, nil
}

func (s *Screen) refresh() (Change, error) {
	out, found, err := findOutput(s.card, true)
	switch {
	case err != nil:
		return Hidden, err
	case !found:
		return Hidden, nil
	}
	if s.hidden {
		// EACCES is said to every thread but the one that opened the card, also of who is
		// the master still: then showing the screen tells.
		if err := s.card.setMaster(); err != nil && !errors.Is(err, unix.EACCES) {
			return Hidden, err
		}
	}
	if out.same(s.surface.out) {
		if !s.hidden {
			return Unchanged, nil
		}
		return Unchanged, s.surface.show(s.card)
	}
	next, err := newSurface(s.card, out)
	if err != nil {
		return Hidden, err
	}
	old := s.surface
	s.surface = next
	return Resized, old.free(s.card)
}

// replace finds another card after the last one went: a driver that takes over from
// the firmware's display does that. The old memory stays until a new one is there.
func (s *Screen) replace() (Change, error) {
	card, surface := s.card, s.surface
	if err := s.adopt(); err != nil {
		return Hidden, err
	}
	return Resized, errors.Join(surface.free(card), card.close())
}

// SwitchTo asks for another virtual terminal, by its number from 1, as Ctrl, Alt and
// a function key do on a console: with the console's keyboard silenced they are the
// program's to read. It does nothing on a machine without virtual terminals.
func (s *Screen) SwitchTo(terminal int) error {
	s.mu.Lock()
	t := s.terminal
	s.mu.Unlock()
	if t == nil {
		return nil
	}
	return t.switchTo(terminal)
}

// Close gives the display and the console back as they were. It may be deferred, and
// does its work when the program panics; the second call does nothing.
func (s *Screen) Close() error {
	err := s.restore()
	s.watching.Wait()
	return err
}

func (s *Screen) restore() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	close(s.stop)
	if s.before.modeValid != 0 && !s.hidden {
		// The console's own frame buffer may have gone since; the kernel then brings
		// another one when the card is closed.
		_ = s.card.setCRTC(s.before.id, s.before.fb, s.first.connector.id, s.before.mode)
	}
	err := errors.Join(s.surface.free(s.card), s.card.close())
	s.surface = nil
	if s.terminal != nil {
		err = errors.Join(err, s.terminal.restore())
	}
	if err != nil && !gone(err) {
		return fmt.Errorf("closing the display: %w", err)
	}
	return nil
}
