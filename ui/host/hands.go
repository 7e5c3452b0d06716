package host

import (
	"strings"
	"time"
	"unicode/utf8"

	"gioui.org/f32"
	"gioui.org/io/event"
	"gioui.org/io/key"
	"gioui.org/io/pointer"

	"anodize/devices/evdev"
	"anodize/ui"
)

// notch is how far one notch of a wheel scrolls, in device-independent pixels.
const notch = 80

// hands turns what people do into Gio's events.
type hands struct {
	keys    map[uint16]key.Name // held down, by code: a layout may change meanwhile
	buttons pointer.Buttons
}

// take queues an event on the window. The time is that of the event, from any
// beginning.
func (h *hands) take(w *window, e evdev.Event, at time.Duration) {
	switch e := e.(type) {
	case evdev.Key:
		h.key(w, e)
	case evdev.Touch:
		h.touch(w, e, at)
	case evdev.Motion:
		// A count is a pixel at 1080 lines, and as far on the panel above.
		by := f32.Pt(e.DX, e.DY).Mul(max(1, w.scale()))
		h.point(w, w.mouse.at.Add(by), at)
	case evdev.Position:
		h.point(w, fraction(w, e.X, e.Y), at)
	case evdev.Button:
		h.button(w, e, at)
	case evdev.Scroll:
		scroll := h.pointing(w, pointer.Scroll, at)
		scroll.Scroll = f32.Pt(e.DX, e.DY).Mul(notch * w.scale())
		w.queue(scroll)
	}
}

// fraction is a place in the window's pixels.
func fraction(w *window, x, y float32) point {
	size := w.size()
	return f32.Pt(x*float32(size.X), y*float32(size.Y))
}

func (h *hands) key(w *window, e evdev.Key) {
	if e.Action == evdev.Release {
		if name, ok := h.keys[e.Code]; ok {
			delete(h.keys, e.Code)
			w.queue(key.Event{Name: name, Modifiers: modifiers(e.Mods), State: key.Release})
		}
		return
	}
	name, mods := meaning(e), modifiers(e.Mods)
	if name != "" {
		if h.keys == nil {
			h.keys = map[uint16]key.Name{}
		}
		h.keys[e.Code] = name
		w.queue(key.Event{Name: name, Modifiers: mods, State: key.Press})
	}
	if e.Text != "" && mods&^key.ModShift == 0 {
		w.queue(key.EditEvent{Text: e.Text})
	}
}

// evdevNames are Gio's names of keys that type nothing, or more than text.
var evdevNames = map[evdev.Name]key.Name{
	evdev.Enter: key.NameReturn, evdev.Escape: key.NameEscape, evdev.Tab: key.NameTab, evdev.Space: key.NameSpace,
	evdev.Backspace: key.NameDeleteBackward, evdev.Delete: key.NameDeleteForward,
	evdev.Left: key.NameLeftArrow, evdev.Right: key.NameRightArrow, evdev.Up: key.NameUpArrow, evdev.Down: key.NameDownArrow,
	evdev.Home: key.NameHome, evdev.End: key.NameEnd, evdev.PageUp: key.NamePageUp, evdev.PageDown: key.NamePageDown,
	evdev.F1: key.NameF1, evdev.F2: key.NameF2, evdev.F3: key.NameF3, evdev.F4: key.NameF4, evdev.F5: key.NameF5, evdev.F6: key.NameF6,
	evdev.F7: key.NameF7, evdev.F8: key.NameF8, evdev.F9: key.NameF9, evdev.F10: key.NameF10, evdev.F11: key.NameF11, evdev.F12: key.NameF12,
	evdev.Power: ui.PowerKey,
}

// meaning is Gio's name of a key: of the character that it types, so that a digit is
// one also where it takes Shift, else of the key itself; empty if it has none.
func meaning(e evdev.Key) key.Name {
	if n, ok := evdevNames[e.Name]; ok {
		return n
	}
	s := e.Text
	if s == "" {
		s = string(e.Name)
	}
	if utf8.RuneCountInString(s) != 1 {
		return ""
	}
	return key.Name(strings.ToUpper(s))
}

// modifiers leaves out AltGr and Caps Lock: they only change what is typed.
func modifiers(m evdev.Mods) key.Modifiers {
	var mods key.Modifiers
	for from, to := range map[evdev.Mods]key.Modifiers{
		evdev.ModShift: key.ModShift, evdev.ModCtrl: key.ModCtrl, evdev.ModAlt: key.ModAlt, evdev.ModSuper: key.ModSuper,
	} {
		if m.Has(from) {
			mods |= to
		}
	}
	return mods
}

// phases are Gio's names of what a finger does. A move of a finger that is down is
// made a drag by Gio itself.
var phases = map[evdev.Phase]pointer.Kind{
	evdev.TouchDown: pointer.Press, evdev.TouchMove: pointer.Move,
	evdev.TouchUp: pointer.Release, evdev.TouchCancel: pointer.Cancel,
}

func (h *hands) touch(w *window, e evdev.Touch, at time.Duration) {
	w.mouse.seen = false
	w.queue(pointer.Event{
		Kind: phases[e.Phase], Source: pointer.Touch, PointerID: fingers + pointer.ID(e.ID),
		Position: fraction(w, e.X, e.Y), Time: at,
	})
}

// fingers is the first number of a finger; the mouse is 0.
const fingers = 1

func (h *hands) point(w *window, to point, at time.Duration) {
	w.mouse.moveTo(to, w.size())
	w.queue(h.pointing(w, pointer.Move, at))
}

// whichButtons are Gio's names of a mouse's buttons.
var whichButtons = map[evdev.Which]pointer.Buttons{
	evdev.ButtonLeft: pointer.ButtonPrimary, evdev.ButtonRight: pointer.ButtonSecondary, evdev.ButtonMiddle: pointer.ButtonTertiary,
}

func (h *hands) button(w *window, e evdev.Button, at time.Duration) {
	kind := pointer.Release
	if e.Pressed {
		kind = pointer.Press
		h.buttons |= whichButtons[e.Which]
	} else {
		h.buttons &^= whichButtons[e.Which]
	}
	w.queue(h.pointing(w, kind, at))
}

// pointing is an event where the mouse is.
func (h *hands) pointing(w *window, k pointer.Kind, at time.Duration) pointer.Event {
	return pointer.Event{Kind: k, Source: pointer.Mouse, Position: w.mouse.at, Buttons: h.buttons, Time: at}
}

// queue keeps events for the next frame.
func (w *window) queue(es ...event.Event) { w.queued = append(w.queued, es...) }
