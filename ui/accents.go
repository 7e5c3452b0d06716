package ui

import "strings"

// accents is how far somebody has come on the way to a letter with an accent: first
// its key is pressed, then the letter, then one of what the letter has.
type accents struct {
	on bool   // the letter is looked for
	of string // the letter; empty: not chosen yet
}

// accentsOf are the letters of the Latin alphabets of Europe, by the letter that they
// are found under. The Go fonts have all of them.
var accentsOf = map[string]string{
	"a": "àáâäãåāăąæ", "c": "çćčĉ", "d": "ďđð", "e": "èéêëēĕėęě", "g": "ğģĝġ", "h": "ĥħ", "i": "ìíîïĩīĭįı", "j": "ĵ", "k": "ķ",
	"l": "łľļĺ", "n": "ñńňņ", "o": "òóôöõøōŏőœ", "r": "řŕŗ", "s": "śšşŝß", "t": "ťţþŧ", "u": "ùúûüũūŭůűų", "w": "ŵ", "y": "ýÿŷ", "z": "źžż",
}

// accentKey begins the way to an accent, or leaves it.
func (s *Screens) accentKey() onKey {
	return onKey{face: "áö", label: "Letters with accents", latched: s.accents.on, width: 1, does: target{do: func() {
		s.accents, s.digits = accents{on: !s.accents.on}, false
	}}}
}

// accented is a row of letters to choose from: those without an accent are dim.
func (s *Screens) accented(letters string) []onKey {
	var row []onKey
	for _, r := range letters {
		l := string(r)
		row = append(row, onKey{face: s.cased(l), width: 1, dim: accentsOf[l] == "", does: target{do: func() { s.accents.of = l }}})
	}
	return row
}

// accentRows are the keys of the chosen letter's accents, a keyboard of columns keys
// and three rows.
func (s *Screens) accentRows(w writer, columns float32) [][]onKey {
	all := s.cased(accentsOf[s.accents.of])
	if s.shift {
		all = strings.Replace(all, "I", "İ", 1) // the large letter of ı has no accent of its own
	}
	row := w.letters(all, never)
	for i := range row {
		row[i].does = s.then(row[i].does)
	}
	back := onKey{face: "abc", label: "Back to letters", does: target{do: func() { s.accents = accents{} }}, width: 1.5, indent: columns - 1.5}
	return [][]onKey{nil, row, {back}}
}

// then goes back to letters after a key has done what it does.
func (s *Screens) then(t target) target {
	return target{do: func() {
		s.press(&t, 0)
		s.accents = accents{}
	}}
}
