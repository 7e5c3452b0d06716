package drm

import (
	"image"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fakeCard is a card and its driver, as far as user space can tell them.
type fakeCard struct {
	noDumb, preferShadow, noModes bool
	vblank, takesDirty, flips     bool
	formats                       []uint32
	memory                        int // for how many buffers there is memory
	flipsLost                     bool
	forgets                       bool  // what is in the shown buffer when the mode is set, as bochs does
	flipRefused                   error // once

	crtcs      []uint32
	connectors map[uint32]*connector
	encoders   map[uint32]getEncoder

	taken  bool // another program is the master
	gone   bool
	opened int

	buffers map[uint32]*fakeBuffer // by handle
	next    uint32
	crtc    crtcState
	panel   []byte // what a driver that copies has copied
	pending int    // page flips to tell of
	clips   []clipRect
	calls   map[uintptr]int
}

type fakeBuffer struct {
	width, height, bpp, format, fb uint32
	pix                            []byte
}

// newFake is a card with one output, of 40×30 pixels, that flips.
func newFake() *fakeCard {
	return &fakeCard{
		vblank: true, flips: true, formats: []uint32{scanouts[0].fourcc}, memory: 10,
		crtcs:      []uint32{31, 32},
		connectors: map[uint32]*connector{51: {kind: 11, connection: connectionConnected, encoders: []uint32{41}, modes: []modeInfo{mode(40, 30, 60)}}},
		encoders:   map[uint32]getEncoder{41: {possibleCRTCs: 3}},
		buffers:    map[uint32]*fakeBuffer{}, next: 100, calls: map[uintptr]int{},
		crtc: crtcState{id: 31, fb: 99, modeValid: 1, mode: mode(800, 600, 60)},
	}
}

// copying makes it a card whose driver copies damage.
func (f *fakeCard) copying() *fakeCard {
	f.vblank, f.takesDirty = false, true
	return f
}

func mode(width, height uint16, hz uint32) modeInfo {
	return modeInfo{hdisplay: width, vdisplay: height, vrefresh: hz}
}

// at reads the list that a structure points to.
func at[T any](address uint64, n uint32) []T {
	if address == 0 {
		return nil
	}
	return unsafe.Slice((*T)(*(*unsafe.Pointer)(unsafe.Pointer(&address))), n)
}

func (f *fakeCard) ioctl(request uintptr, argument unsafe.Pointer) error {
	f.calls[request]++
	if f.gone {
		return unix.ENODEV
	}
	switch request {
	case ioctlSetCRTC, ioctlPageFlip, ioctlDirtyFB:
		if f.taken {
			return unix.EACCES
		}
	}
	switch request {
	case ioctlGetCap:
		a := (*getCap)(argument)
		a.value = map[uint64]uint64{capDumbBuffer: one(!f.noDumb), capDumbPreferShadow: one(f.preferShadow)}[a.capability]
	case ioctlSetMaster:
		if f.taken {
			return unix.EBUSY
		}
	case ioctlDropMaster:
	case ioctlWaitVblank:
		if !f.vblank {
			return unix.EOPNOTSUPP
		}
	case ioctlGetResources:
		return f.resources((*cardResources)(argument))
	case ioctlGetConnector:
		return f.connector((*getConnector)(argument))
	case ioctlGetEncoder:
		a := (*getEncoder)(argument)
		e := f.encoders[a.id]
		e.id = a.id
		*a = e
	case ioctlGetCRTC:
		id := (*crtcState)(argument).id
		*(*crtcState)(argument) = f.crtc
		(*crtcState)(argument).id = id
	default:
		return f.frames(request, argument)
	}
	return nil
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func (f *fakeCard) resources(a *cardResources) error {
	if f.noModes {
		return unix.EOPNOTSUPP
	}
	ids := slices.Sorted(maps.Keys(f.connectors))
	if int(a.countConnectors) >= len(ids) {
		copy(at[uint32](a.connectors, a.countConnectors), ids)
	}
	if int(a.countCRTCs) >= len(f.crtcs) {
		copy(at[uint32](a.crtcs, a.countCRTCs), f.crtcs)
	}
	a.countConnectors, a.countCRTCs = uint32(len(ids)), uint32(len(f.crtcs))
	return nil
}

func (f *fakeCard) connector(a *getConnector) error {
	c := f.connectors[a.id]
	if c == nil {
		return unix.ENOENT
	}
	if int(a.countModes) >= len(c.modes) && a.countModes > 0 {
		copy(at[modeInfo](a.modes, a.countModes), c.modes)
	}
	if int(a.countEncoders) >= len(c.encoders) {
		copy(at[uint32](a.encoders, a.countEncoders), c.encoders)
	}
	a.countModes, a.countEncoders = uint32(len(c.modes)), uint32(len(c.encoders))
	a.kind, a.connection, a.encoder = c.kind, c.connection, c.encoder
	a.mmWidth, a.mmHeight = uint32(c.millimetresX), uint32(c.millimetresY)
	return nil
}

// frames are the calls about buffers and what is shown.
func (f *fakeCard) frames(request uintptr, argument unsafe.Pointer) error {
	switch request {
	case ioctlCreateDumb:
		a := (*createDumb)(argument)
		if len(f.buffers) >= f.memory {
			return unix.ENOMEM
		}
		f.next++
		a.handle, a.pitch = f.next, (a.width*a.bpp/8+63)/64*64 // rows begin at a cache line
		a.size = uint64(a.pitch) * uint64(a.height)
		f.buffers[a.handle] = &fakeBuffer{width: a.width, height: a.height, bpp: a.bpp, pix: make([]byte, a.size)}
	case ioctlAddFB2:
		a := (*framebuffer)(argument)
		if !slices.Contains(f.formats, a.format) {
			return unix.EINVAL
		}
		f.next++
		b := f.buffers[a.handles[0]]
		b.fb, b.format, a.id = f.next, a.format, f.next
	case ioctlMapDumb:
		(*mapDumb)(argument).offset = uint64((*mapDumb)(argument).handle)
	case ioctlDestroyDumb:
		delete(f.buffers, *(*uint32)(argument))
	case ioctlRemoveFB:
		if f.crtc.fb == *(*uint32)(argument) {
			f.crtc.fb = 0 // the kernel switches the display off
		}
	case ioctlSetCRTC:
		f.crtc = *(*crtcState)(argument)
		if b := f.shown(); b != nil && f.forgets {
			clear(b.pix)
		}
		f.copy(nil)
	case ioctlPageFlip:
		return f.flip((*pageFlip)(argument))
	case ioctlDirtyFB:
		a := (*dirtyFB)(argument)
		if !f.takesDirty {
			return unix.ENOSYS
		}
		f.clips = slices.Clone(at[clipRect](a.clips, a.countClips))
		f.copy(f.clips)
	default:
		return unix.ENOTTY
	}
	return nil
}

func (f *fakeCard) flip(a *pageFlip) error {
	if err := f.flipRefused; err != nil {
		f.flipRefused = nil
		return err
	}
	switch {
	case !f.flips:
		return unix.EINVAL
	case f.pending > 0:
		return unix.EBUSY
	}
	f.crtc.fb = a.fb
	f.pending++
	f.copy(nil)
	return nil
}

// copy is what a driver that copies does; no clips mean all.
func (f *fakeCard) copy(clips []clipRect) {
	b := f.shown()
	if b == nil {
		return
	}
	if len(f.panel) != len(b.pix) || len(clips) == 0 {
		f.panel = slices.Clone(b.pix)
		return
	}
	n, pitch := int(b.bpp/8), len(b.pix)/int(b.height)
	for _, c := range clips {
		for y := int(c.y1); y < int(c.y2); y++ {
			from, to := y*pitch+n*int(c.x1), y*pitch+n*int(c.x2)
			copy(f.panel[from:to], b.pix[from:to])
		}
	}
}

func (f *fakeCard) shown() *fakeBuffer {
	for _, b := range f.buffers {
		if b.fb == f.crtc.fb {
			return b
		}
	}
	return nil
}

// visible returns the pixels that a person sees, without the ends of rows.
func (f *fakeCard) visible() []byte {
	b := f.shown()
	if b == nil {
		return nil
	}
	pix := b.pix
	if f.takesDirty && !f.vblank {
		pix = f.panel
	}
	var out []byte
	n, pitch := int(b.bpp/8*b.width), len(b.pix)/int(b.height)
	for y := range int(b.height) {
		out = append(out, pix[y*pitch:][:n]...)
	}
	return out
}

func (f *fakeCard) mmap(offset int64, length int) ([]byte, error) {
	return f.buffers[uint32(offset)].pix[:length], nil
}

func (f *fakeCard) munmap([]byte) error { return nil }

func (f *fakeCard) read(buf []byte, _ time.Duration) (int, error) {
	switch {
	case f.gone:
		return 0, unix.ENODEV
	case f.pending == 0 || f.flipsLost:
		f.pending = 0
		return 0, nil
	}
	f.pending--
	native.PutUint32(buf, 7) // another event first
	native.PutUint32(buf[4:], 16)
	native.PutUint32(buf[16:], eventFlipComplete)
	native.PutUint32(buf[20:], 32)
	return 48, nil
}

func (f *fakeCard) close() error { f.opened--; return nil }

// screenOn is a screen on cards, the first of which is card0.
func screenOn(t testing.TB, cards ...*fakeCard) (*Screen, error) {
	t.Helper()
	dir := t.TempDir()
	at := map[string]*fakeCard{}
	for i, c := range cards {
		path := filepath.Join(dir, "card"+string(rune('0'+i)))
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		at[path] = c
	}
	s := newScreen(dir, func(path string) (node, error) {
		if at[path].gone {
			return nil, unix.ENXIO
		}
		at[path].opened++
		return at[path], nil
	})
	return s, s.adopt()
}

func mustScreen(t testing.TB, cards ...*fakeCard) *Screen {
	t.Helper()
	s, err := screenOn(t, cards...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// paint fills a rectangle with a colour, and presents it.
func paint(t testing.TB, s *Screen, r image.Rectangle, colour uint32) {
	t.Helper()
	fill(s, r, colour)
	if err := s.Present([]image.Rectangle{r}); err != nil {
		t.Fatal(err)
	}
}

func fill(s *Screen, r image.Rectangle, colour uint32) {
	pix, stride := s.Buffer()
	m := s.Mode()
	r = r.Intersect(image.Rect(0, 0, m.Width, m.Height))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			native.PutUint32(pix[y*stride+4*x:], colour)
		}
	}
}

// painted returns the canvas's pixels, without the ends of rows.
func painted(s *Screen) []byte {
	pix, stride := s.Buffer()
	m := s.Mode()
	var out []byte
	for y := range m.Height {
		out = append(out, pix[y*stride:][:4*m.Width]...)
	}
	return out
}
