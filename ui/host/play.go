package host

import (
	"fmt"
	"image"
	"slices"
	"strings"
	"time"
	"unicode"

	"gioui.org/f32"
	"gioui.org/io/input"
	"gioui.org/io/key"
	"gioui.org/io/pointer"
	"gioui.org/io/semantic"

	"anodize/ui"
)

// NotFoundError tells that a label is not on the screen.
type NotFoundError struct {
	Label   string
	Buttons []string // what could be tapped
}

func (e *NotFoundError) Error() string {
	return fmt.Sprintf("%q is not on the screen; what can be tapped: %s", e.Label, strings.Join(e.Buttons, ", "))
}

// DisabledError tells that a button cannot be pressed yet.
type DisabledError struct {
	Label, Why string
}

func (e *DisabledError) Error() string {
	return fmt.Sprintf("%q cannot be pressed: %s", e.Label, e.Why)
}

// HiddenError tells that a label is scrolled out of sight, or covered.
type HiddenError struct{ Label string }

func (e *HiddenError) Error() string {
	return fmt.Sprintf("%q is out of sight: scroll to it with PageDown or PageUp first", e.Label)
}

// point is a place on the window.
type point = f32.Point

// find returns the middle of the button with this label or, if there is none,
// of the text.
func (h *Headless) find(label string) (point, error) {
	ls := h.Labels()
	i := slices.IndexFunc(ls, func(l Label) bool { return l.Button && l.Text == label })
	if i < 0 {
		i = slices.IndexFunc(ls, func(l Label) bool { return l.Text == label })
	}
	if i < 0 {
		return point{}, &NotFoundError{Label: label, Buttons: buttons(ls)}
	}
	l := ls[i]
	if l.Disabled {
		why := l.Why
		if why == "" {
			why = "it is disabled"
		}
		return point{}, &DisabledError{Label: label, Why: why}
	}
	mid := l.Bounds.Min.Add(l.Bounds.Max).Div(2)
	at := point{X: float32(mid.X), Y: float32(mid.Y)}
	if !mid.In(l.Seen) || l.Button && !h.answers(at, label) {
		return point{}, &HiddenError{Label: label}
	}
	return at, nil
}

// answers tells whether what lies under at is the button with this label, or a
// text on it.
func (h *Headless) answers(at point, label string) bool {
	nodes := map[input.SemanticID]input.SemanticNode{}
	for _, n := range h.router.AppendSemantics(nil) {
		nodes[n.ID] = n
	}
	id, ok := h.router.SemanticAt(at)
	for ok {
		var n input.SemanticNode
		if n, ok = nodes[id]; ok && n.Desc.Class == semantic.Button {
			return n.Desc.Label == label
		}
		id = n.ParentID
	}
	return false
}

func buttons(ls []Label) []string {
	var bs []string
	for _, l := range ls {
		if l.Button && !l.Disabled {
			bs = append(bs, fmt.Sprintf("%q", l.Text))
		}
	}
	return bs
}

// step is the time between two events of a finger.
const step = 50 * time.Millisecond

func (h *Headless) finger(k pointer.Kind, at point) {
	h.clock += step
	h.mouse.seen = false
	h.queued = append(h.queued, pointer.Event{
		Kind: k, Source: pointer.Touch, PointerID: 1, Position: at, Time: h.clock,
	})
}

// Tap queues the touch of a finger on the middle of what has this label: a button
// if there is one, else a text. It is an error if it cannot be pressed or seen.
func (h *Headless) Tap(label string) error {
	if err := h.Press(label); err != nil {
		return fmt.Errorf("tapping: %w", err)
	}
	h.Release()
	return nil
}

// Press queues a finger going down on what has this label; it stays down until
// Release.
func (h *Headless) Press(label string) error {
	at, err := h.find(label)
	if err != nil {
		return err
	}
	h.clock += time.Second // never a double click
	h.finger(pointer.Press, at)
	h.held = &at
	return nil
}

// Release queues the finger going up.
func (h *Headless) Release() {
	if h.held != nil {
		h.finger(pointer.Release, *h.held)
		h.held = nil
	}
}

// Drag queues a finger that goes down at one place, moves to another in a few
// steps, and goes up there.
func (h *Headless) Drag(from, to image.Point) {
	const steps = 8
	h.clock += time.Second
	at := func(i int) point {
		d := to.Sub(from).Mul(i).Div(steps).Add(from)
		return point{X: float32(d.X), Y: float32(d.Y)}
	}
	h.finger(pointer.Press, at(0))
	for i := 1; i <= steps; i++ {
		h.finger(pointer.Move, at(i))
	}
	h.clock += time.Second // at rest before it goes up: no fling
	h.finger(pointer.Move, at(steps))
	h.finger(pointer.Release, at(steps))
}

// Point queues a mouse moving to a place, where its pointer is drawn from then on.
func (h *Headless) Point(at image.Point) {
	h.mouse.moveTo(point{X: float32(at.X), Y: float32(at.Y)}, h.size())
	h.pointing(pointer.Move, 0)
}

// Click queues a mouse's button going down and up where its pointer is.
func (h *Headless) Click() {
	h.pointing(pointer.Press, pointer.ButtonPrimary)
	h.pointing(pointer.Release, 0)
}

func (h *Headless) pointing(k pointer.Kind, b pointer.Buttons) {
	h.clock += step
	h.queued = append(h.queued, pointer.Event{
		Kind: k, Source: pointer.Mouse, Time: h.clock, Position: h.mouse.at, Buttons: b,
	})
}

// Wheel queues the turning of a mouse's wheel by so many pixels, down if positive.
func (h *Headless) Wheel(at image.Point, px int) {
	h.clock += step
	h.queued = append(h.queued, pointer.Event{
		Kind: pointer.Scroll, Source: pointer.Mouse, Time: h.clock,
		Position: point{X: float32(at.X), Y: float32(at.Y)}, Scroll: point{Y: float32(px)},
	})
}

// keyNames are the names of keys that have no letter, as people write them.
var keyNames = map[string]key.Name{
	"Power": ui.PowerKey, "Enter": key.NameReturn, "Esc": key.NameEscape, "Tab": key.NameTab, "Space": key.NameSpace,
	"Backspace": key.NameDeleteBackward, "Delete": key.NameDeleteForward,
	"Up": key.NameUpArrow, "Down": key.NameDownArrow, "Left": key.NameLeftArrow, "Right": key.NameRightArrow,
	"PageUp": key.NamePageUp, "PageDown": key.NamePageDown, "Home": key.NameHome, "End": key.NameEnd,
	"F1": key.NameF1, "F2": key.NameF2, "F3": key.NameF3, "F4": key.NameF4, "F5": key.NameF5, "F6": key.NameF6,
	"F7": key.NameF7, "F8": key.NameF8, "F9": key.NameF9, "F10": key.NameF10, "F11": key.NameF11, "F12": key.NameF12,
}

// keyName returns Gio's name of a key: one of keyNames, or one character.
func keyName(name string) (key.Name, error) {
	if n, ok := keyNames[name]; ok {
		return n, nil
	}
	if r := []rune(name); len(r) == 1 && unicode.IsPrint(r[0]) {
		return key.Name(strings.ToUpper(name)), nil
	}
	return "", fmt.Errorf("pressing a key: there is no key %q; use Enter, Esc, Tab, Space, Backspace, Up, Down, Left, Right, PageUp, PageDown, Home, End, F1 to F12 or one character", name)
}

// Key queues a key going down and up. A key that types a character types it too.
func (h *Headless) Key(name string, mods key.Modifiers) error {
	if err := h.KeyDown(name, mods); err != nil {
		return err
	}
	return h.KeyUp(name, mods)
}

// KeyDown queues a key going down.
func (h *Headless) KeyDown(name string, mods key.Modifiers) error {
	n, err := keyName(name)
	if err != nil {
		return err
	}
	h.queued = append(h.queued, key.Event{Name: n, Modifiers: mods, State: key.Press})
	if mods&^key.ModShift != 0 {
		return nil
	}
	switch {
	case n == key.NameSpace:
		h.queued = append(h.queued, key.EditEvent{Text: " "})
	case len([]rune(name)) == 1:
		h.queued = append(h.queued, key.EditEvent{Text: name})
	}
	return nil
}

// KeyUp queues a key going up.
func (h *Headless) KeyUp(name string, mods key.Modifiers) error {
	n, err := keyName(name)
	if err != nil {
		return err
	}
	h.queued = append(h.queued, key.Event{Name: n, Modifiers: mods, State: key.Release})
	return nil
}

// Type queues the typing of text, a key a character.
func (h *Headless) Type(text string) error {
	for _, r := range text {
		name := string(r)
		if r == ' ' {
			name = "Space"
		}
		var mods key.Modifiers
		if unicode.IsUpper(r) {
			mods = key.ModShift
		}
		if err := h.Key(name, mods); err != nil {
			return fmt.Errorf("typing a text: %w", err)
		}
	}
	return nil
}
