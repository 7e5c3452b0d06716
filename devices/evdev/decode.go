package evdev

import (
	"slices"
	"time"
)

// decoder makes events of what one device sends. It has no side effects.
type decoder struct {
	kinds    Kinds
	held     map[uint16]bool // keys whose press was passed on, and buttons
	pressed  [3]bool         // buttons whose press was passed on, by Which
	touch    touch
	pointer  pointer
	pad      pad
	dropping bool // since SYN_DROPPED, up to the next SYN_REPORT
	out      []Event
}

// newDecoder decodes for a device that can do what c says. Fingers are numbered by
// next, which no two decoders share a result of.
func newDecoder(c *capability, next func() int) *decoder {
	d := &decoder{kinds: c.kinds(), held: map[uint16]bool{}}
	switch {
	case d.kinds&(Touchscreen|Touchpad) != 0:
		d.touch = newTouch(c, next)
		d.pad = newPad(c)
	case d.kinds&(Tablet|Mouse) != 0:
		d.pointer = pointer{x: c.x, y: c.y}
	}
	d.pointer.fine = c.rel.has(relWheelHires)
	return d
}

// feed takes one event, and returns what became clear with it; the slice is good
// until the next call. With lost, events were lost: restore must be called.
func (d *decoder) feed(r raw) (events []Event, lost bool) {
	d.out = d.out[:0]
	switch {
	case r.kind == evSyn && r.code == synDropped:
		d.dropping = true
	case r.kind == evSyn && r.code == synReport:
		if d.dropping {
			d.dropping = false
			return nil, true
		}
		d.report(r.at)
	case d.dropping:
	case r.kind == evKey:
		d.key(r.code, r.value)
	case r.kind == evAbs && d.kinds&(Touchscreen|Touchpad) != 0:
		d.touch.absolute(r.code, r.value)
	case r.kind == evAbs && d.kinds&Tablet != 0:
		d.pointer.absolute(r.code, r.value)
	case r.kind == evRel:
		d.pointer.relative(r.code, r.value)
	}
	return d.out, false
}

// report ends a frame: what it changed is passed on.
func (d *decoder) report(at time.Duration) {
	changes := d.touch.report()
	if d.kinds&Touchpad != 0 {
		d.out = d.pad.report(d.out, changes, at)
	} else {
		for _, c := range changes {
			d.out = append(d.out, c.event(&d.touch))
		}
	}
	d.out = d.pointer.report(d.out, d.buttons())
}

// buttons are the presses and releases that were not passed on yet. Two buttons with
// one meaning, a pen's tip and its barrel, are pressed while one of them is.
func (d *decoder) buttons() []Button {
	var held [3]bool
	for code := range d.held {
		if which, ok := d.button(code); ok {
			held[which] = true
		}
	}
	var changed []Button
	for which, is := range held {
		if is != d.pressed[which] {
			changed = append(changed, Button{Which: Which(which), Pressed: is})
		}
	}
	d.pressed = held
	return changed
}

// key takes a key or button. Values are 0 up, 1 down and 2 repeated.
func (d *decoder) key(code uint16, value int32) {
	if value < 0 || value > 2 {
		return
	}
	if code == btnTouch && d.kinds&(Touchscreen|Touchpad) != 0 {
		d.touch.contact(value != 0)
		return
	}
	_, isButton := d.button(code)
	isKey := code > 0 && (code < btnFirst || code > btnLast)
	if !isButton && !isKey || value == 2 && (isButton || !d.held[code]) || value != 2 && d.held[code] == (value != 0) {
		return
	}
	switch value {
	case 0:
		delete(d.held, code)
	case 1:
		d.held[code] = true
	}
	switch {
	case isButton:
		d.pad.click() // passed on at the end of the frame: what moves and presses moves first
	case value == 0:
		d.out = append(d.out, Key{Action: Release, Code: code})
	case value == 1:
		d.out = append(d.out, Key{Action: Press, Code: code})
	case value == 2:
		d.out = append(d.out, Key{Action: Repeat, Code: code})
	}
}

// button is what a code means on a device that points.
func (d *decoder) button(code uint16) (Which, bool) {
	if d.kinds&(Mouse|Tablet|Touchpad) == 0 {
		return 0, false
	}
	switch code {
	case btnLeft:
		return ButtonLeft, true
	case btnRight, btnStylus:
		return ButtonRight, true
	case btnMiddle, btnStylus2:
		return ButtonMiddle, true
	case btnTouch: // a pen's tip
		return ButtonLeft, true
	}
	return 0, false
}

// state is what the kernel says is held down.
type state struct {
	keys  bits
	slots []slot // tracking, x, y and palm; nil for single touch
	slot  int    // the one that is being written
	x, y  int32
}

// restore brings the decoder in line with the kernel after events were lost.
func (d *decoder) restore(s state, at time.Duration) []Event {
	d.out = d.out[:0]
	d.pointer.forget()
	for _, code := range d.sorted() {
		if !s.keys.has(int(code)) {
			d.key(code, 0)
		}
	}
	for code := uint16(1); code <= keyMax; code++ {
		if s.keys.has(int(code)) && !d.held[code] && code != btnTouch {
			d.key(code, 1)
		}
	}
	d.touch.restore(s)
	if d.kinds&Tablet != 0 {
		d.pointer.absolute(absX, s.x)
		d.pointer.absolute(absY, s.y)
		d.key(btnTouch, boolValue(s.keys.has(btnTouch)))
	}
	d.report(at)
	return d.out
}

// release lets go of all that is held: the device went, or others use it now. What
// is still held down then is not heard of again.
func (d *decoder) release() []Event {
	d.out = d.out[:0]
	d.pointer.forget()
	d.dropping = false
	for _, code := range d.sorted() {
		d.key(code, 0)
	}
	for _, c := range d.touch.cancel() {
		if d.kinds&Touchscreen != 0 {
			d.out = append(d.out, c.event(&d.touch))
		}
	}
	d.pad.reset()
	d.out = d.pointer.report(d.out, d.buttons())
	return d.out
}

// sorted are the keys and buttons held, in a fixed order.
func (d *decoder) sorted() []uint16 {
	codes := make([]uint16, 0, len(d.held))
	for code := range d.held {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	return codes
}

func boolValue(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
