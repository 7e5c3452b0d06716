package evdev

// Numbers of include/uapi/linux/input-event-codes.h.
const (
	evSyn = 0x00
	evKey = 0x01
	evRel = 0x02
	evAbs = 0x03
	evLED = 0x11
	evRep = 0x14

	synReport  = 0
	synDropped = 3

	relX           = 0x00
	relY           = 0x01
	relHWheel      = 0x06
	relWheel       = 0x08
	relWheelHires  = 0x0b
	relHWheelHires = 0x0c

	absX          = 0x00
	absY          = 0x01
	absMTSlot     = 0x2f
	absMTX        = 0x35
	absMTY        = 0x36
	absMTToolType = 0x37
	absMTTracking = 0x39

	mtToolPalm = 2
	ledCaps    = 1

	propPointer       = 0x00
	propDirect        = 0x01
	propAccelerometer = 0x06

	keyMax = 0x2ff
	relMax = 0x0f
	absMax = 0x3f
)

// Codes of keys and buttons that have a meaning here.
const (
	keyEsc        = 1
	keyBackspace  = 14
	keyTab        = 15
	keyQ          = 16
	keyEnter      = 28
	keyLeftCtrl   = 29
	keyA          = 30
	keyLeftShift  = 42
	keyZ          = 44
	keyRightShift = 54
	keyLeftAlt    = 56
	keySpace      = 57
	keyCapsLock   = 58
	keyF1         = 59
	keyF10        = 68
	keyF11        = 87
	keyF12        = 88
	keyKPEnter    = 96
	keyRightCtrl  = 97
	keyRightAlt   = 100
	keyHome       = 102
	keyUp         = 103
	keyPageUp     = 104
	keyLeft       = 105
	keyRight      = 106
	keyEnd        = 107
	keyDown       = 108
	keyPageDown   = 109
	keyInsert     = 110
	keyDelete     = 111
	keyPower      = 116
	keyLeftMeta   = 125
	keyRightMeta  = 126

	btnFirst   = 0x100 // from here to btnLast are buttons, not keys
	btnLeft    = 0x110
	btnRight   = 0x111
	btnMiddle  = 0x112
	btnPen     = 0x140
	btnFinger  = 0x145
	btnTouch   = 0x14a
	btnStylus  = 0x14b
	btnStylus2 = 0x14c
	btnLast    = 0x15f
)

// ioctl numbers of include/uapi/linux/input.h; those with a length take it in bits
// 16 to 29.
const (
	ioctlGetRepeat = 0x80084503
	ioctlSetRepeat = 0x40084503
	ioctlGrab      = 0x40044590
	ioctlSetClock  = 0x400445a0
	ioctlGetName   = 0x80004506
	ioctlGetProps  = 0x80004509
	ioctlGetSlots  = 0x8000450a
	ioctlGetKeys   = 0x80004518
	ioctlGetBits   = 0x80004520 // plus the type of event
	ioctlGetAxis   = 0x80184540 // plus the axis
)

func withLength(request uintptr, length int) uintptr { return request | uintptr(length)<<16 }

// axis is struct input_absinfo.
type axis struct{ value, min, max, fuzz, flat, resolution int32 }

// fraction is where v lies on the axis, from 0 to just under 1.
func (a axis) fraction(v int32) float32 {
	width := float64(a.max) - float64(a.min) + 1
	f := float32((float64(v) - float64(a.min)) / width)
	return min(max(f, 0), 0x1.fffffep-1)
}

// usable tells whether the axis has any width.
func (a axis) usable() bool { return a.max > a.min }
