package html

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gioui.org/io/key"
)

// Key takes a key that was pressed, and reports whether the view has a use for
// it: arrows, Page, Home and End scroll, Tab moves to the next link or summary,
// Enter presses it, / or F3 or Ctrl+F finds. While something is looked for, Enter
// goes to the next place and Shift+Enter to the one before, Esc ends it.
func (v *View) Key(e key.Event) bool {
	if e.State != key.Press {
		return false
	}
	if v.Searching() && v.findKey(e) {
		return true
	}
	switch e.Name {
	case key.NameUpArrow:
		v.scroll(-v.step())
	case key.NameDownArrow:
		v.scroll(v.step())
	case key.NamePageUp:
		v.scroll(-v.room.Y * 7 / 8)
	case key.NamePageDown, key.NameSpace:
		v.scroll(v.room.Y * 7 / 8)
	case key.NameHome:
		v.offset = 0
	case key.NameEnd:
		if v.laid != nil {
			v.scroll(v.laid.high)
		}
	case key.NameTab:
		by := 1
		if e.Modifiers.Contain(key.ModShift) {
			by = -1
		}
		v.moveFocus(by)
	case key.NameReturn, key.NameEnter:
		if v.focus < 0 {
			return false
		}
		v.press(v.focus)
	case "/", key.NameF3:
		v.finding, v.slash = true, e.Name == "/"
	case "F":
		if !e.Modifiers.Contain(key.ModCtrl) {
			return false
		}
		v.finding = true
	default:
		return false
	}
	return true
}

// step is how far an arrow key scrolls.
func (v *View) step() int { return max(1, int(v.rem*3)) }

// findKey takes the keys that are the query's.
func (v *View) findKey(e key.Event) bool {
	switch e.Name {
	case key.NameEscape:
		v.finding = false
		v.Find("")
	case key.NameReturn, key.NameEnter, key.NameF3:
		v.finding = false
		if e.Modifiers.Contain(key.ModShift) {
			v.next(-1)
		} else {
			v.next(1)
		}
	case key.NameDeleteBackward:
		if !v.finding {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(v.query)
		v.Find(v.query[:len(v.query)-n])
	case key.NameSpace:
		return v.finding // it comes as a letter too
	default:
		return v.finding && len(e.Name) == 1
	}
	return true
}

// Type takes letters that were typed, and reports whether they were looked for.
func (v *View) Type(letters string) bool {
	if !v.finding {
		return false
	}
	if v.slash {
		v.slash = false
		letters = strings.TrimPrefix(letters, "/")
	}
	q := []rune(v.query)
	for _, r := range letters {
		if unicode.IsPrint(r) && len(q) < maxQuery {
			q = append(q, r)
		}
	}
	v.Find(string(q))
	return true
}

// Find looks for a text without regard to case, shows the first place at or after
// what is seen, and returns how many there are. An empty text ends it.
func (v *View) Find(query string) int {
	v.query = query
	v.marks = v.page.find(query)
	v.current = 0
	if len(v.marks) == 0 {
		return 0
	}
	for i := range v.marks {
		if y, ok := v.height(v.marks[i]); ok && y >= v.offset {
			v.current = i
			break
		}
	}
	v.showMark()
	return len(v.marks)
}

// next shows the next place, or the one before.
func (v *View) next(by int) {
	if n := len(v.marks); n > 0 {
		v.current = (v.current + by + n) % n
		v.showMark()
	}
}

// count says which place of how many is shown.
func (v *View) count() string {
	switch {
	case v.query == "":
		return "Type what to look for"
	case len(v.marks) == 0:
		return "Not on this page"
	}
	return fmt.Sprintf("%d of %d   Enter: next   Esc: end", v.current+1, len(v.marks))
}

// showMark scrolls to the current place, and opens what hides it.
func (v *View) showMark() {
	m := v.marks[v.current]
	for _, f := range m.para.folded {
		v.setFold(f, true)
	}
	if v.laid == nil {
		v.laid = v.page.Layout(v.width, v.rem, v.open)
	}
	if y, ok := v.height(m); ok {
		v.reveal(y, y+int(v.rem*1.5))
	}
	v.scroll(0)
}

// height is where a mark begins, if it is laid out.
func (v *View) height(m mark) (int, bool) {
	if v.laid == nil {
		return 0, false
	}
	at, ok := v.laid.firstLines()[m.para]
	if !ok {
		return 0, false
	}
	for i := at; i < len(v.laid.lines); i++ {
		ln := &v.laid.lines[i]
		if ln.para == m.para && v.laid.frags[ln.to-1].end > m.start {
			return ln.top, true
		}
	}
	return 0, false
}

// moveFocus goes by steps through the links and summaries that are laid out.
func (v *View) moveFocus(by int) {
	if v.laid == nil || len(v.laid.spots) == 0 {
		return
	}
	there := make([]bool, len(v.page.stops))
	for _, s := range v.laid.spots {
		there[s.stop] = true
	}
	n := len(there)
	at := v.focus
	if at < 0 && by < 0 {
		at = 0
	}
	for range n {
		at = (at + by + n) % n
		if there[at] {
			v.focus, v.shown = at, true
			return
		}
	}
}
