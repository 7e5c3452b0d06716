package evdev

import (
	"strings"
	"unicode"
)

// names are the keys that mean the same in every layout.
var names = map[uint16]Name{
	keyEsc: Escape, keyBackspace: Backspace, keyTab: Tab, keyEnter: Enter, keyKPEnter: Enter,
	keyHome: Home, keyEnd: End, keyUp: Up, keyDown: Down, keyLeft: Left, keyRight: Right,
	keyPageUp: PageUp, keyPageDown: PageDown, keyInsert: Insert, keyDelete: Delete, keyPower: Power,
	keyF1: F1, keyF1 + 1: F2, keyF1 + 2: F3, keyF1 + 3: F4, keyF1 + 4: F5, keyF1 + 5: F6,
	keyF1 + 6: F7, keyF1 + 7: F8, keyF1 + 8: F9, keyF10: F10, keyF11: F11, keyF12: F12,
	keyLeftShift: Shift, keyRightShift: Shift, keyLeftCtrl: Ctrl, keyRightCtrl: Ctrl,
	keyLeftAlt: Alt, keyLeftMeta: Super, keyRightMeta: Super, keyCapsLock: CapsLock,
}

// numeric are the keys of the numeric pad, which always types: its cursor keys
// would come with Num Lock off, a light that nobody watches. Its decimal sign is
// the layout's.
var numeric = map[uint16]rune{
	71: '7', 72: '8', 73: '9', 75: '4', 76: '5', 77: '6', 79: '1', 80: '2', 81: '3', 82: '0',
	55: '*', 74: '-', 78: '+', 98: '/', 117: '=', 121: ',',
}

// modifiers are the keys that hold while they are pressed.
var modifiers = map[uint16]Mods{
	keyLeftShift: ModShift, keyRightShift: ModShift, keyLeftCtrl: ModCtrl, keyRightCtrl: ModCtrl,
	keyLeftAlt: ModAlt, keyLeftMeta: ModSuper, keyRightMeta: ModSuper,
}

// repeats are the named keys that repeat.
var repeats = map[Name]bool{
	Backspace: true, Delete: true, Left: true, Right: true, Up: true, Down: true, PageUp: true, PageDown: true,
}

// typist knows what all keyboards together have pressed, and gives keys their
// meaning.
type typist struct {
	layout *Layout
	down   map[uint16]int // on how many keyboards a modifier is held
	caps   bool
	dead   string // the dead key that waits for its letter; empty if none
}

func newTypist(l *Layout) *typist { return &typist{layout: l, down: map[uint16]int{}} }

// setLayout begins anew with another layout.
func (t *typist) setLayout(l *Layout) { t.layout, t.dead = l, "" }

// fill gives a key its name, text and modifiers. False means that it is a
// repetition nobody should see.
func (t *typist) fill(k *Key) bool {
	if mod := t.modifier(k.Code); mod != 0 || k.Code == keyCapsLock {
		t.hold(*k)
		k.Name, k.Mods = t.name(k.Code), t.mods()
		return k.Action != Repeat
	}
	k.Name, k.Mods = t.name(k.Code), t.mods()
	if k.Action == Release {
		return true
	}
	sym := t.symbol(k.Code, k.Mods)
	if k.Action == Repeat && (sym.char == ' ' || sym.char == 0 && !repeats[k.Name]) {
		return false
	}
	k.Text = t.text(sym)
	return true
}

// modifier is what a key holds; the right Alt key depends on the layout.
func (t *typist) modifier(code uint16) Mods {
	if code != keyRightAlt {
		return modifiers[code]
	}
	if t.layout.altGr {
		return ModAltGr
	}
	return ModAlt
}

// hold follows modifiers.
func (t *typist) hold(k Key) {
	switch {
	case k.Code == keyCapsLock && k.Action == Press:
		t.caps = !t.caps
	case k.Code == keyCapsLock:
	case k.Action == Press:
		t.down[k.Code]++
	case k.Action == Release && t.down[k.Code] > 0:
		t.down[k.Code]--
	}
}

func (t *typist) mods() Mods {
	var m Mods
	for code, n := range t.down {
		if n > 0 {
			m |= t.modifier(code)
		}
	}
	if t.caps {
		m |= ModCaps
	}
	return m
}

func (t *typist) name(code uint16) Name {
	if n, ok := names[code]; ok {
		return n
	}
	if mod := t.modifier(code); mod != 0 { // the right Alt key
		return map[Mods]Name{ModAlt: Alt, ModAltGr: AltGr}[mod]
	}
	char := t.symbol(code, 0).char
	switch {
	case char == 0:
		return ""
	case char == ' ':
		return Space
	}
	return Name(strings.ToUpper(string(char)))
}

// symbol is what a key types; nothing with modifiers that make it a command.
func (t *typist) symbol(code uint16, mods Mods) symbol {
	if mods&(ModCtrl|ModAlt|ModSuper) != 0 {
		return symbol{}
	}
	if char, ok := numeric[code]; ok {
		return symbol{char: char}
	}
	return t.layout.at(code, mods)
}

// text resolves dead keys. An accent that does not go with the letter after it is
// typed before it; one that is followed by a key without a character is dropped.
func (t *typist) text(sym symbol) string {
	dead := t.dead
	t.dead = ""
	table, err := accents()
	if err != nil { // the file is part of the program
		return ""
	}
	accent := table[dead]
	switch {
	case dead == "" && sym.dead != "":
		t.dead = sym.dead
		return ""
	case sym.dead != "" && sym.dead == dead:
		return printable(accent.twice)
	case sym.dead != "":
		t.dead = sym.dead
		return printable(accent.twice)
	case dead == "" || sym.char == 0:
		return printable(sym.char)
	case sym.char == ' ':
		return printable(accent.space)
	}
	if char, ok := accent.with[sym.char]; ok {
		return string(char)
	}
	return printable(accent.twice) + string(sym.char)
}

// printable is a character as a text; nothing for 0 and for accents that cannot
// stand by themselves.
func printable(char rune) string {
	if char == 0 || unicode.Is(unicode.Mn, char) {
		return ""
	}
	return string(char)
}
