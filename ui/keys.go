package ui

import (
	"slices"
	"strings"

	"anodize/core/ceremony"

	"gioui.org/io/key"
	"gioui.org/io/pointer"
)

// keyNames gives Gio's name of the keys that an action names in words.
var keyNames = map[string]key.Name{
	"Enter": key.NameReturn,
	"Esc":   key.NameEscape,
	"Space": key.NameSpace,
}

// named returns Gio's name of an action's key, empty if it has none.
func named(k string) key.Name {
	if n, ok := keyNames[k]; ok {
		return n
	}
	return key.Name(strings.ToUpper(k))
}

// repeats tells whether a key that is held down acts again and again.
func repeats(n key.Name) bool {
	switch n {
	case key.NameDeleteBackward, key.NameUpArrow, key.NameDownArrow,
		key.NameLeftArrow, key.NameRightArrow, key.NamePageUp, key.NamePageDown, key.NameTab:
		return true
	}
	return false
}

// PowerKey is Gio's name here for the machine's power button, which Gio does not know.
const PowerKey key.Name = "Power"

func (s *Screens) key(e key.Event) {
	if e.Name == key.NameEnter {
		e.Name = key.NameReturn
	}
	if e.State == key.Release {
		delete(s.down, e.Name)
		delete(s.guide.deaf, e.Name)
		if a := s.action(e.Name); a != nil && a.Held {
			s.hold(a.ID, false)
		}
		return
	}
	if s.down[e.Name] && !repeats(e.Name) {
		return
	}
	s.down[e.Name] = true
	switch {
	case e.Name == PowerKey:
		if s.guide.open { // what is asked or said now is the ceremony's
			s.toggleGuide()
		}
		s.send(ceremony.PowerButton{})
		return
	case e.Name == helpKey && e.Modifiers == 0:
		s.toggleGuide()
		return
	case s.guide.open:
		s.guideKey(e)
		return
	case s.readKey(e):
		return
	}
	if e.Modifiers&^key.ModShift != 0 {
		return
	}
	if e.Name == nextKeyboard && s.typing() && s.keyboards.next() {
		return
	}
	if s.navigate(e) || s.erase(e) {
		return
	}
	if e.Name == key.NameReturn && s.focus != "" {
		if t := s.targets[s.focus]; t != nil && t.hold == "" {
			s.press(t, pointer.Mouse)
		}
		return
	}
	if a := s.action(e.Name); a != nil {
		s.act(a)
		return
	}
	s.number(e.Name)
}

// action returns the action that a key stands for, nil if there is none. While
// text is typed, a letter is text.
func (s *Screens) action(n key.Name) *ceremony.Action {
	if s.shown == nil || n == "" {
		return nil
	}
	if s.typing() && (len(n) == 1 || n == key.NameSpace) {
		return nil
	}
	actions := s.shown.Actions
	if i := slices.IndexFunc(actions, func(a ceremony.Action) bool { return a.Key != "" && named(a.Key) == n }); i >= 0 {
		return &actions[i]
	}
	if n == key.NameReturn {
		if i := slices.IndexFunc(actions, func(a ceremony.Action) bool { return a.Kind == ceremony.Primary }); i >= 0 {
			return &actions[i]
		}
	}
	return nil
}

func (s *Screens) act(a *ceremony.Action) {
	switch {
	case a.Why != "":
	case a.Held:
		s.hold(a.ID, true)
	default:
		s.send(ceremony.Press{Action: a.ID})
	}
}

func (s *Screens) erase(e key.Event) bool {
	if e.Name != key.NameDeleteBackward || !s.typing() {
		return false
	}
	s.focus = ""
	s.send(ceremony.Erase{})
	return true
}

// number picks from a list whose numbers are keys.
func (s *Screens) number(n key.Name) {
	if len(n) != 1 || n[0] < '1' || n[0] > '9' {
		return
	}
	b := s.choices()
	i := int(n[0]-'0') - b.Number(0)
	if b.Keys() && i >= 0 && i < len(b.Choices) && b.Choices[i].Why == "" {
		s.send(ceremony.Pick{Index: i})
	}
}

func (s *Screens) choices() ceremony.ChoicesBody {
	switch b := s.shown.Body.(type) {
	case ceremony.ChoicesBody:
		return b
	case ceremony.MenuBody:
		return ceremony.ChoicesBody{Choices: b.Cards}
	}
	return ceremony.ChoicesBody{}
}

// navigate moves the focus, or the body if nothing in it can be focused.
func (s *Screens) navigate(e key.Event) bool {
	switch e.Name {
	case key.NameTab:
		if e.Modifiers.Contain(key.ModShift) {
			s.move(-1)
		} else {
			s.move(1)
		}
	case key.NameLeftArrow:
		s.move(-1)
	case key.NameRightArrow:
		s.move(1)
	case key.NameUpArrow:
		s.vertical(-1)
	case key.NameDownArrow:
		s.vertical(1)
	case key.NamePageUp:
		s.scroll.Page(-1)
	case key.NamePageDown:
		s.scroll.Page(1)
	case key.NameHome, key.NameEnd:
		s.scroll.End(e.Name == key.NameEnd)
	default:
		return false
	}
	return true
}

// move goes by steps through everything that can be focused.
func (s *Screens) move(by int) {
	all := slices.Concat(s.rows...)
	if len(all) == 0 {
		return
	}
	i := slices.Index(all, s.focus)
	switch {
	case i < 0 && by < 0:
		i = len(all) - 1
	case i < 0:
		i = 0
	default:
		i = (i + by + len(all)) % len(all)
	}
	s.focusOn(all[i])
}

// vertical goes to the row above or below, about as far along it.
func (s *Screens) vertical(by int) {
	if s.overflow && s.bodyRows() == 0 {
		s.scroll.By(by * 3 * s.th.Touch() / 2)
		return
	}
	rows := slices.DeleteFunc(slices.Clone(s.rows), func(r []string) bool { return len(r) == 0 })
	if len(rows) == 0 {
		return
	}
	at := slices.IndexFunc(rows, func(r []string) bool { return slices.Contains(r, s.focus) })
	if at < 0 {
		if by < 0 {
			s.focusOn(rows[len(rows)-1][0])
		} else {
			s.focusOn(rows[0][0])
		}
		return
	}
	to := at + by
	if to < 0 || to >= len(rows) {
		return
	}
	col := slices.Index(rows[at], s.focus)
	if len(rows[to]) < len(rows[at]) && len(rows[at]) > 1 {
		col = col * (len(rows[to]) - 1) / (len(rows[at]) - 1)
	}
	s.focusOn(rows[to][min(col, len(rows[to])-1)])
}

func (s *Screens) focusOn(id string) {
	s.focus, s.reveal = id, true
}

// bodyRows counts what can be focused above the foot.
func (s *Screens) bodyRows() int {
	n := 0
	for _, row := range s.rows {
		for _, id := range row {
			if !strings.HasPrefix(id, actionID) && id != helpID {
				n++
			}
		}
	}
	return n
}
