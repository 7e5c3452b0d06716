package qmp

import (
	"strings"
	"unicode"
)

// codes are QEMU's names (QKeyCode) of keys that are not called as what they type is.
var codes = map[string]string{
	"Enter": "ret", "Esc": "esc", "Backspace": "backspace", "Tab": "tab", "Space": "spc", " ": "spc",
	"Up": "up", "Down": "down", "Home": "home", "End": "end", "PageUp": "pgup", "PageDown": "pgdn",
	"-": "minus", ".": "dot", ",": "comma", "'": "apostrophe", "/": "slash",
}

// shifted are marks on a US keyboard's keys that want the shift key.
var shifted = map[string]string{":": "semicolon"}

// Keys are QEMU's names of the keys to hold down together for a key by the name on it,
// or by the letter, digit or mark that it types on a US keyboard: "Enter", "F2", "a", "A".
func Keys(name string) []string {
	if code, ok := shifted[name]; ok {
		return []string{"shift", code}
	}
	code, ok := codes[name]
	if !ok {
		code = strings.ToLower(name)
	}
	if r := []rune(name); len(r) == 1 && unicode.IsUpper(r[0]) {
		return []string{"shift", code}
	}
	return []string{code}
}
