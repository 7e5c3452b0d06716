package evdev

import "strings"

// Event is one of Key, Touch, Motion, Position, Button, Scroll, Plugged, Unplugged
// and Trouble.
type Event interface{ event() }

// Action is what happens to a key.
type Action uint8

const (
	Press   Action = iota
	Release        // follows a Press
	Repeat         // the key is held down; only for keys that type or move a cursor
)

// Key is a key pressed, released or held.
type Key struct {
	Action Action
	Code   uint16 // KEY_* of linux/input-event-codes.h
	Name   Name
	// Text is what a Press or Repeat types, with dead keys resolved: mostly nothing
	// or one character, two if an accent does not go with the letter after it.
	Text string
	Mods Mods
}

// Name is a key's meaning, whatever the layout. A key that types a character has
// its plain one as its name, in upper case. Empty for keys without a meaning here.
type Name string

const (
	Enter     Name = "Enter"
	Escape    Name = "Escape"
	Backspace Name = "Backspace"
	Delete    Name = "Delete"
	Insert    Name = "Insert"
	Tab       Name = "Tab"
	Space     Name = "Space"
	Left      Name = "Left"
	Right     Name = "Right"
	Up        Name = "Up"
	Down      Name = "Down"
	Home      Name = "Home"
	End       Name = "End"
	PageUp    Name = "PageUp"
	PageDown  Name = "PageDown"
	F1        Name = "F1"
	F2        Name = "F2"
	F3        Name = "F3"
	F4        Name = "F4"
	F5        Name = "F5"
	F6        Name = "F6"
	F7        Name = "F7"
	F8        Name = "F8"
	F9        Name = "F9"
	F10       Name = "F10"
	F11       Name = "F11"
	F12       Name = "F12"
	Power     Name = "Power"
	Shift     Name = "Shift"
	Ctrl      Name = "Ctrl"
	Alt       Name = "Alt"
	AltGr     Name = "AltGr"
	Super     Name = "Super"
	CapsLock  Name = "CapsLock"
)

// Mods are the modifiers that hold while an event happens.
type Mods uint8

const (
	ModShift Mods = 1 << iota
	ModCtrl
	ModAlt
	ModAltGr
	ModSuper
	ModCaps // Caps Lock is on
)

// Has tells whether all of m are among the modifiers.
func (s Mods) Has(m Mods) bool { return s&m == m }

// Phase is what happens to a finger.
type Phase uint8

const (
	TouchDown Phase = iota
	TouchMove
	TouchUp
	TouchCancel // the device went, or the finger was a palm: as if it had not touched
)

// Touch is a finger on a touchscreen. ID tells fingers apart from TouchDown to
// TouchUp or TouchCancel, and is not used again. X and Y are fractions of the
// screen from its upper left corner, 0 and more and less than 1.
type Touch struct {
	Phase Phase
	ID    int
	X, Y  float32
}

// Motion is a relative movement of a mouse, in counts, or on a touchpad, scaled
// like a mouse's. DX grows to the right and DY downwards.
type Motion struct{ DX, DY float32 }

// Position is where an absolute device points; X and Y as in Touch.
type Position struct{ X, Y float32 }

// Which is a button of a pointer. A pen's tip is ButtonLeft.
type Which uint8

const (
	ButtonLeft Which = iota
	ButtonRight
	ButtonMiddle
)

// Button is a button of a pointer pressed or released.
type Button struct {
	Which   Which
	Pressed bool
}

// Scroll is a turn of a wheel, in notches. A positive DY brings what is further
// down into sight, a positive DX what is further right.
type Scroll struct{ DX, DY float32 }

// Kinds says what a device is; some are several things at once.
type Kinds uint8

const (
	Keyboard    Kinds = 1 << iota // types letters
	Keypad                        // has other keys only: numeric pads, power buttons
	Touchscreen                   // Touch
	Tablet                        // Position: pens, and what virtual machines have
	Mouse                         // Motion
	Touchpad                      // Motion
)

// String names the kinds.
func (k Kinds) String() string {
	var names []string
	for i, name := range []string{"keyboard", "keypad", "touchscreen", "tablet", "mouse", "touchpad"} {
		if k&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Plugged is a device that can be used from now on. The devices that are there at
// the start are plugged in first of all.
type Plugged struct {
	Name  string // as the device gives it, printable, 256 bytes at most
	Kinds Kinds
}

// Unplugged is a device that went. What was held down on it has been released.
type Unplugged struct {
	Name  string
	Kinds Kinds
}

// Trouble is a device that is there but cannot be used. Err is nil once that is over:
// it can be used now, or it has gone.
type Trouble struct {
	Path string
	Err  error
}

func (Key) event()       {}
func (Touch) event()     {}
func (Motion) event()    {}
func (Position) event()  {}
func (Button) event()    {}
func (Scroll) event()    {}
func (Plugged) event()   {}
func (Unplugged) event() {}
func (Trouble) event()   {}
