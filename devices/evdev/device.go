package evdev

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxName      = 256
	repeatDelay  = 500 // ms
	repeatPeriod = 33  // ms
)

// errUseless means that a device has nothing for a person's hands.
var errUseless = errors.New("no keys, touch or pointer")

// device is an open event device.
type device struct {
	path    string
	fd      int
	file    *os.File // fd's owner; reads through the runtime's poller
	can     capability
	kinds   Kinds
	repeat  [2]uint32 // delay and period before, in ms; 0 if unknown
	decoder *decoder
	since   time.Duration // of CLOCK_MONOTONIC: what happened before is not ours
	gone    chan struct{} // closed with the device
}

// openDevice opens and classifies a device. It does not grab it yet.
func openDevice(path string, next func() int) (*device, error) {
	// Writing switches lights; reading alone will do where it is not allowed.
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EROFS) {
		fd, err = unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	d := &device{path: path, fd: fd, file: os.NewFile(uintptr(fd), path), gone: make(chan struct{})}
	if d.can, err = d.capability(); err != nil {
		return nil, errors.Join(err, d.file.Close())
	}
	if d.kinds = d.can.kinds(); d.kinds == 0 {
		return nil, errors.Join(errUseless, d.file.Close())
	}
	clock := int32(unix.CLOCK_MONOTONIC) // the other one jumps when it is set
	if err := d.call("setting the clock", ioctlSetClock, unsafe.Pointer(&clock)); err != nil {
		return nil, errors.Join(err, d.file.Close())
	}
	d.decoder = newDecoder(&d.can, next)
	return d, nil
}

// call runs an ioctl that fills or reads length bytes at argument.
func (d *device) call(what string, request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d.fd), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
		default:
			return fmt.Errorf("%s of %s: %w", what, d.path, errno)
		}
	}
}

// bitmap reads one of the device's bitmaps, up to bit last.
func (d *device) bitmap(what string, request uintptr, last int) (bits, error) {
	b := newBits(last)
	return b, d.call("reading "+what, withLength(request, len(b)), unsafe.Pointer(&b[0]))
}

func (d *device) axis(number uintptr) (axis, error) {
	var a axis
	return a, d.call("reading an axis", ioctlGetAxis+number, unsafe.Pointer(&a))
}

// capability asks the device what it can do.
func (d *device) capability() (capability, error) {
	var c capability
	var errs [6]error
	c.keys, errs[0] = d.bitmap("the keys", ioctlGetBits+evKey, keyMax)
	c.rel, errs[1] = d.bitmap("the relative axes", ioctlGetBits+evRel, relMax)
	c.abs, errs[2] = d.bitmap("the absolute axes", ioctlGetBits+evAbs, absMax)
	c.props, errs[3] = d.bitmap("the properties", ioctlGetProps, 31)
	lights, err := d.bitmap("the lights", ioctlGetBits+evLED, 15)
	events, err2 := d.bitmap("the types of events", ioctlGetBits, 31)
	errs[4], errs[5] = err, err2
	if err := errors.Join(errs[:]...); err != nil {
		return c, err
	}
	c.capsLight, c.repeats = lights.has(ledCaps), events.has(evRep)
	c.name = d.name()
	return c, d.axes(&c)
}

// axes reads the ranges of the axes that the device has.
func (d *device) axes(c *capability) error {
	var slot axis
	multi := c.abs.has(absMTSlot) && c.abs.has(absMTTracking)
	for _, a := range []struct {
		number int
		read   bool
		into   *axis
	}{
		{absX, c.abs.has(absX), &c.x},
		{absY, c.abs.has(absY), &c.y},
		{absMTX, multi, &c.touchX},
		{absMTY, multi, &c.touchY},
		{absMTSlot, multi, &slot},
	} {
		if !a.read {
			continue
		}
		var err error
		if *a.into, err = d.axis(uintptr(a.number)); err != nil {
			return err
		}
	}
	if multi {
		c.slot, c.slots = int(slot.value), int(max(0, min(slot.max, maxSlots-1)))+1
	}
	return nil
}

// name is what the device calls itself, without what cannot be printed.
func (d *device) name() string {
	b := make([]byte, maxName)
	if d.call("reading the name", withLength(ioctlGetName, len(b)), unsafe.Pointer(&b[0])) != nil {
		return d.path
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(string(b), ""))
}

// grab keeps the device's events from everyone else, or lets go.
func (d *device) grab(on bool) error {
	var value uintptr
	if on {
		value = 1
	}
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(d.fd), ioctlGrab, value); errno != 0 {
		return fmt.Errorf("taking %s for this program alone: %w", d.path, errno)
	}
	return nil
}

// setRepeat sets the pace of repetitions, where the kernel makes them. Devices that
// cannot keep theirs.
func (d *device) setRepeat() {
	if !d.can.repeats || d.call("reading the repeat rate", ioctlGetRepeat, unsafe.Pointer(&d.repeat)) != nil {
		return
	}
	ours := [2]uint32{repeatDelay, repeatPeriod}
	_ = d.call("setting the repeat rate", ioctlSetRepeat, unsafe.Pointer(&ours)) // the old pace will do
}

// setCaps switches the light of Caps Lock, which is a nicety: errors say only that
// the device is going.
func (d *device) setCaps(on bool) {
	if !d.can.capsLight {
		return
	}
	light := raw{kind: evLED, code: ledCaps, value: boolValue(on)}
	_, _ = unix.Write(d.fd, append(light.encode(), raw{kind: evSyn, code: synReport}.encode()...))
}

// state asks the kernel what is held down.
func (d *device) state() (state, error) {
	var s state
	var err error
	if s.keys, err = d.bitmap("the keys held", ioctlGetKeys, keyMax); err != nil {
		return s, err
	}
	for _, a := range []struct {
		number int
		into   *int32
	}{{absX, &s.x}, {absY, &s.y}} {
		if d.can.abs.has(a.number) {
			now, err := d.axis(uintptr(a.number))
			if err != nil {
				return s, err
			}
			*a.into = now.value
		}
	}
	if d.can.slots > 0 {
		err = d.fingers(&s)
	}
	return s, err
}

// fingers reads what lies on a multi-touch device.
func (d *device) fingers(s *state) error {
	current, err := d.axis(absMTSlot)
	if err != nil {
		return err
	}
	s.slot, s.slots = int(current.value), make([]slot, d.can.slots)
	for _, a := range []struct {
		number int
		set    func(*slot, int32)
	}{
		{absMTTracking, func(s *slot, v int32) { s.tracking = v }},
		{absMTX, func(s *slot, v int32) { s.x = v }},
		{absMTY, func(s *slot, v int32) { s.y = v }},
		{absMTToolType, func(s *slot, v int32) { s.palm = v == mtToolPalm }},
	} {
		if !d.can.abs.has(a.number) {
			continue
		}
		values := make([]int32, 1+d.can.slots) // the axis, then a value a slot
		values[0] = int32(a.number)
		if err := d.call("reading the fingers", withLength(ioctlGetSlots, 4*len(values)), unsafe.Pointer(&values[0])); err != nil {
			return err
		}
		for i := range s.slots {
			a.set(&s.slots[i], values[1+i])
		}
	}
	return nil
}

// resume forgets what happened before now, while others had the device.
func (d *device) resume() error {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return fmt.Errorf("reading the clock: %w", err)
	}
	d.since = time.Duration(now.Nano())
	s, err := d.state()
	d.decoder.touch.current = s.slot
	return err
}

// close gives the device back as it was, as far as it is still there.
func (d *device) close() {
	close(d.gone)
	if d.repeat[1] != 0 {
		_ = d.call("restoring the repeat rate", ioctlSetRepeat, unsafe.Pointer(&d.repeat))
	}
	_ = d.file.Close() // lets go of the grab, and wakes the reader
}
