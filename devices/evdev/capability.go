package evdev

// bits is a bitmap as the kernel writes it: words in native order, which on the
// little-endian machines that this runs on is bytes in order.
type bits []byte

func newBits(last int) bits { return make(bits, last/64*8+8) }

func (b bits) has(n int) bool { return n/8 < len(b) && b[n/8]&(1<<(n%8)) != 0 }

func (b bits) set(n int) { b[n/8] |= 1 << (n % 8) }

// any tells whether a bit of from to last is set.
func (b bits) any(from, last int) bool {
	for n := from; n <= last; n++ {
		if b.has(n) {
			return true
		}
	}
	return false
}

func (b bits) all(from, last int) bool {
	for n := from; n <= last; n++ {
		if !b.has(n) {
			return false
		}
	}
	return true
}

// maxSlots bounds how many fingers are followed.
const maxSlots = 32

// capability is what a device says of itself.
type capability struct {
	name                  string
	keys, rel, abs, props bits
	repeats, capsLight    bool
	x, y, touchX, touchY  axis
	slot                  int // of multi-touch protocol B, the one that is being written
	slots                 int // how many of them there are; 0 if it does not speak it
}

// kinds classifies a device, much as udev's input_id does: 0 for what is of no use
// here, such as joysticks and motion sensors.
func (c *capability) kinds() Kinds {
	if c.props.has(propAccelerometer) {
		return 0
	}
	var k Kinds
	switch {
	case c.keys.all(keyQ, keyQ+9) && c.keys.has(keyA) && c.keys.has(keyZ):
		k |= Keyboard
	case c.keys.any(1, btnFirst-1):
		k |= Keypad
	}
	return k | c.pointing()
}

// pointing is what a device points with.
func (c *capability) pointing() Kinds {
	switch {
	case c.slots > 0 && c.touchX.usable() && c.touchY.usable():
		if c.isPad() {
			return Touchpad
		}
		return Touchscreen
	case c.abs.has(absX) && c.abs.has(absY) && c.x.usable() && c.y.usable():
		switch {
		case c.keys.has(btnPen) || c.keys.has(btnStylus) || c.keys.has(btnLeft) && !c.isPad():
			return Tablet
		case c.keys.has(btnTouch) && c.isPad():
			return Touchpad
		case c.keys.has(btnTouch):
			return Touchscreen
		}
	case c.rel.has(relX) && c.rel.has(relY) && c.keys.has(btnLeft):
		return Mouse
	}
	return 0
}

// isPad tells a touchpad from a touchscreen.
func (c *capability) isPad() bool {
	if c.props.has(propDirect) {
		return false
	}
	return c.props.has(propPointer) && c.keys.has(btnTouch) || c.keys.has(btnFinger) && !c.keys.has(btnPen)
}
