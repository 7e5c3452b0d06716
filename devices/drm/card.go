package drm

import (
	"errors"
	"fmt"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// maxObjects bounds every list that a card reports; real ones have a few dozen.
const maxObjects = 1024

// flipPatience is how long a page flip may take; it needs 42 ms at 24 Hz.
const flipPatience = 500 * time.Millisecond

// card is the kernel's mode-setting calls on one card.
type card struct {
	node
	path string
}

// resources are the objects of a card.
type resources struct{ crtcs, connectors []uint32 }

// connector is a socket or a panel, and what it can show.
type connector struct {
	id, kind     uint32
	connection   uint32
	millimetresX int
	millimetresY int
	encoder      uint32 // the one in use; 0 if none
	encoders     []uint32
	modes        []modeInfo
}

// call runs an ioctl and says what it was for.
func call[T any](c *card, what string, request uintptr, argument *T) error {
	if err := c.ioctl(request, unsafe.Pointer(argument)); err != nil {
		return fmt.Errorf("%s on %s: %w", what, c.path, err)
	}
	return nil
}

// address is where the kernel finds s; p keeps s in place until it is unpinned.
func address[T any](p *runtime.Pinner, s []T) uint64 {
	if len(s) == 0 {
		return 0
	}
	p.Pin(&s[0])
	return uint64(uintptr(unsafe.Pointer(&s[0])))
}

// capability is zero for what the driver does not know.
func (c *card) capability(number uint64) uint64 {
	arg := getCap{capability: number}
	if call(c, "asking for a capability", ioctlGetCap, &arg) != nil {
		return 0
	}
	return arg.value
}

// setMaster wraps ErrBusy if another program is the master. To be it twice is no error.
func (c *card) setMaster() error {
	err := call[byte](c, "taking the display", ioctlSetMaster, nil)
	if errors.Is(err, unix.EBUSY) || notMaster(err) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return err
}

func (c *card) dropMaster() error {
	return call[byte](c, "giving the display up", ioctlDropMaster, nil)
}

// resources asks how many objects there are, then for them; again if there are
// more by then.
func (c *card) resources() (resources, error) {
	const what = "listing outputs"
	var crtcs, connectors []uint32
	for range 4 {
		arg := cardResources{countCRTCs: uint32(len(crtcs)), countConnectors: uint32(len(connectors))}
		var p runtime.Pinner
		arg.crtcs, arg.connectors = address(&p, crtcs), address(&p, connectors)
		err := call(c, what, ioctlGetResources, &arg)
		p.Unpin()
		if err != nil {
			return resources{}, err
		}
		if arg.countCRTCs > maxObjects || arg.countConnectors > maxObjects {
			return resources{}, fmt.Errorf("%s on %s: it claims %d CRTCs and %d connectors", what, c.path, arg.countCRTCs, arg.countConnectors)
		}
		if int(arg.countCRTCs) <= len(crtcs) && int(arg.countConnectors) <= len(connectors) {
			return resources{crtcs[:arg.countCRTCs], connectors[:arg.countConnectors]}, nil
		}
		crtcs, connectors = make([]uint32, arg.countCRTCs), make([]uint32, arg.countConnectors)
	}
	return resources{}, fmt.Errorf("%s on %s: they never stop changing", what, c.path)
}

// connector reads a connector. With probe the kernel looks again at what is plugged
// in, which can take tens of milliseconds; without, it says what it last knew.
func (c *card) connector(id uint32, probe bool) (connector, error) {
	what := fmt.Sprintf("reading connector %d", id)
	modes, encoders := make([]modeInfo, 1), make([]uint32, 1)
	for try := range 4 {
		arg := getConnector{id: id, countModes: uint32(len(modes)), countEncoders: uint32(len(encoders))}
		if probe && try == 0 {
			arg.countModes = 0 // what asks for a probe
		}
		asked := arg.countModes
		var p runtime.Pinner
		arg.modes, arg.encoders = address(&p, modes), address(&p, encoders)
		err := call(c, what, ioctlGetConnector, &arg)
		p.Unpin()
		if err != nil {
			return connector{}, err
		}
		if arg.countModes > maxObjects || arg.countEncoders > maxObjects {
			return connector{}, fmt.Errorf("%s on %s: it claims %d modes and %d encoders", what, c.path, arg.countModes, arg.countEncoders)
		}
		if arg.countModes <= asked && int(arg.countEncoders) <= len(encoders) {
			return connector{
				id: id, kind: arg.kind, connection: arg.connection,
				millimetresX: int(arg.mmWidth), millimetresY: int(arg.mmHeight),
				encoder: arg.encoder, encoders: encoders[:arg.countEncoders], modes: modes[:arg.countModes],
			}, nil
		}
		modes, encoders = make([]modeInfo, max(1, arg.countModes)), make([]uint32, max(1, arg.countEncoders))
	}
	return connector{}, fmt.Errorf("%s on %s: it never stops changing", what, c.path)
}

func (c *card) encoder(id uint32) (getEncoder, error) {
	arg := getEncoder{id: id}
	err := call(c, fmt.Sprintf("reading encoder %d", id), ioctlGetEncoder, &arg)
	return arg, err
}

func (c *card) crtc(id uint32) (crtcState, error) {
	arg := crtcState{id: id}
	err := call(c, fmt.Sprintf("reading CRTC %d", id), ioctlGetCRTC, &arg)
	return arg, err
}

// setCRTC shows fb on a connector.
func (c *card) setCRTC(crtc, fb, connector uint32, mode modeInfo) error {
	var p runtime.Pinner
	defer p.Unpin()
	connectors := []uint32{connector}
	arg := crtcState{id: crtc, fb: fb, connectors: address(&p, connectors), countConnectors: 1, modeValid: 1, mode: mode}
	return call(c, fmt.Sprintf("setting mode %d×%d", mode.hdisplay, mode.vdisplay), ioctlSetCRTC, &arg)
}

// dirty tells the driver what has changed in fb; no clips mean all of it.
func (c *card) dirty(fb uint32, clips []clipRect) error {
	var p runtime.Pinner
	defer p.Unpin()
	arg := dirtyFB{fb: fb, countClips: uint32(len(clips)), clips: address(&p, clips)}
	return call(c, "showing what was painted", ioctlDirtyFB, &arg)
}

// flip asks for fb to be shown from the next frame on; waitFlip says when it is.
func (c *card) flip(crtc, fb uint32) error {
	arg := pageFlip{crtc: crtc, fb: fb, flags: pageFlipEvent}
	return call(c, "flipping to the next frame", ioctlPageFlip, &arg)
}

// errFlipLost means that a page flip was never completed.
var errFlipLost = errors.New("the display did not complete a page flip")

// waitFlip returns when a page flip that was asked for is complete.
func (c *card) waitFlip() error {
	buf := make([]byte, 1024)
	for end := time.Now().Add(flipPatience); time.Now().Before(end); {
		n, err := c.read(buf, time.Until(end))
		if err != nil {
			return fmt.Errorf("waiting for a page flip on %s: %w", c.path, err)
		}
		if hasFlip(buf[:n]) {
			return nil
		}
		if n == 0 {
			break
		}
	}
	return errFlipLost
}

// hasFlip tells whether the events of a read hold a completed page flip.
func hasFlip(b []byte) bool {
	const size = int(unsafe.Sizeof(eventHeader{}))
	for len(b) >= size {
		kind, length := native.Uint32(b), native.Uint32(b[4:])
		if kind == eventFlipComplete {
			return true
		}
		if length < uint32(size) || uint64(length) > uint64(len(b)) {
			return false
		}
		b = b[length:]
	}
	return false
}

// hasVblank tells whether the hardware has vertical blanks, and thus reads the
// frame buffer itself; index is the CRTC's place in the list.
func (c *card) hasVblank(index int) bool {
	arg := waitVblank{kind: vblankRelative | uint32(index)<<vblankHighShift}
	return call(c, "asking for vertical blanks", ioctlWaitVblank, &arg) == nil
}

// gone tells whether an error means that the card itself is no longer there.
func gone(err error) bool { return errors.Is(err, unix.ENODEV) || errors.Is(err, unix.ENXIO) }

// notMaster tells whether an error means that another program has the display.
func notMaster(err error) bool { return errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) }
