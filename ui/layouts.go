package ui

import (
	"image"

	"gioui.org/io/key"
	"gioui.org/layout"

	"anodize/ui/kit"
)

// nextKeyboard is the key that goes on to the next keyboard layout.
const nextKeyboard = key.NameF9

// keyboards are the layouts that a real keyboard may have.
type keyboards struct {
	names   []string
	chosen  int
	choose  func(int)
	pressed bool // just now: a finger there is about a real keyboard
}

// SetKeyboards offers keyboard layouts by their names, the first of which is in use,
// wherever text is typed: by F9 and by a button, which both go on to the next one.
// Choose is told which. Without any, nothing is offered. On a screen so small that a
// keyboard drawn on it leaves no room for the button, it comes with the first key that
// is typed on a real one.
func (s *Screens) SetKeyboards(names []string, choose func(index int)) {
	s.keyboards = keyboards{names: names, choose: choose}
}

// next goes on to the next layout; false if there is none.
func (k *keyboards) next() bool {
	if len(k.names) < 2 {
		return false
	}
	k.chosen = (k.chosen + 1) % len(k.names)
	if k.choose != nil {
		k.choose(k.chosen)
	}
	return true
}

// keyboardButton draws what the layout is, as a button for the next one; nothing
// where there is nothing to choose.
func (s *Screens) keyboardButton(gtx layout.Context) layout.Dimensions {
	k := &s.keyboards
	if len(k.names) < 2 {
		return layout.Dimensions{}
	}
	const id = "keyboard"
	t := s.target(gtx, id, target{do: func() { k.pressed = k.next() }})
	b := kit.Button{Label: "Keyboard: " + k.names[k.chosen], Key: string(nextKeyboard), Tight: true}
	b.Click, b.Focused, b.Pressed = &t.click, s.focus == id, t.click.Pressed()
	gtx.Constraints.Min = image.Point{}
	return b.Layout(gtx, s.th, s.th.Touch())
}
