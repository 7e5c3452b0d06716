package ui

import (
	"image"
	"image/color"
	"strings"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/kit"
)

// onKey is one key of an on-screen keyboard. Its width and the gap before it are
// counted in columns of its keyboard.
type onKey struct {
	face    string
	sign    func(*op.Ops, image.Rectangle, color.NRGBA) // drawn instead of face
	label   string                                      // in the semantic tree, if it is not the face
	does    target
	latched bool
	dim     bool // cannot be pressed
	width   float32
	indent  float32
}

// writer is where the keys of a keyboard go.
type writer struct {
	text  func(string) target
	erase target
}

// toCeremony writes into the ceremony's text.
var toCeremony = writer{
	text:  func(t string) target { return target{send: ceremony.Input{Text: t}} },
	erase: target{send: ceremony.Erase{}},
}

// letters returns a row of letters.
func (w writer) letters(letters string, dim func(string) bool) []onKey {
	var row []onKey
	for _, r := range letters {
		f := string(r)
		row = append(row, onKey{face: f, does: w.text(f), width: 1, dim: dim(f)})
	}
	return row
}

func (w writer) back(width float32) onKey {
	return onKey{sign: kit.Backspace, label: "Backspace", does: w.erase, width: width}
}

func (w writer) space(width float32) onKey {
	return onKey{face: "space", does: w.text(" "), width: width}
}

func never(string) bool { return false }

// wordKeys is the keyboard for words of a share: letters that cannot continue
// the word are dim.
func (s *Screens) wordKeys(gtx layout.Context, b ceremony.EntryBody) layout.Dimensions {
	w := toCeremony
	dim := func(letter string) bool { return !strings.Contains(b.Next, letter) }
	erase := w.back(1)
	erase.dim = b.Accepted == 0 && b.Current == ""
	last := w.letters("zxcvbnm", dim)
	last[0].indent = 1
	return s.keyboard(gtx, 10, [][]onKey{
		w.letters("qwertyuiop", dim),
		append(w.letters("asdfghjkl", dim), erase),
		last,
	})
}

// textKeys is the keyboard for a TextBody.
func (s *Screens) textKeys(gtx layout.Context, b ceremony.TextBody) layout.Dimensions {
	w := toCeremony
	if b.Numeric {
		return s.keyboard(gtx, 10, [][]onKey{
			w.letters("1234567890", never),
			append(w.letters("-:.", never), w.space(2), w.back(2)),
		})
	}
	if s.th.Narrow() && s.th.Crowded() {
		return s.smallKeys(gtx, w)
	}
	if s.accents.of != "" {
		return s.keyboard(gtx, 11, append([][]onKey{nil}, s.accentRows(w, 11)...))
	}
	rows := s.letterRows(w)
	return s.keyboard(gtx, 11, [][]onKey{
		append(w.letters("1234567890", never), w.back(1)),
		append(rows[0], w.letters("'", never)...),
		append(rows[1], w.letters("-.", never)...),
		append(append([]onKey{s.shiftKey()}, rows[2]...), s.accentKey(), w.space(2)),
	})
}

// smallKeys is the keyboard for text where there is no room for a fourth row:
// letters, or digits and signs.
func (s *Screens) smallKeys(gtx layout.Context, w writer) layout.Dimensions {
	switch {
	case s.accents.of != "":
		return s.keyboard(gtx, 10, s.accentRows(w, 10))
	case s.digits:
		accent := s.accentKey()
		accent.indent = 5
		letters := onKey{face: "abc", label: "Back to letters", does: s.other(false), width: 1.5, indent: 6.5}
		return s.keyboard(gtx, 10, [][]onKey{
			w.letters("1234567890", never),
			append(w.letters("-.'", never), accent, w.back(1)),
			{letters, w.space(2)},
		})
	}
	rows := s.letterRows(w)
	digits := onKey{face: "12é", label: "Digits, signs and accents", does: s.other(true), width: 1}
	return s.keyboard(gtx, 10, [][]onKey{
		rows[0],
		append(rows[1], w.back(1)),
		append(append([]onKey{s.shiftKey()}, rows[2]...), digits, w.space(1)),
	})
}

// other goes to digits and signs, or back to letters.
func (s *Screens) other(digits bool) target {
	return target{do: func() { s.digits, s.accents = digits, accents{} }}
}

func (s *Screens) shiftKey() onKey {
	return onKey{sign: kit.ShiftKey, label: "Shift", latched: s.shift, does: target{do: func() { s.shift = !s.shift }}, width: 1}
}

// letterRows are the letters, small or large; or, while an accent is looked for,
// those that have any.
func (s *Screens) letterRows(w writer) [3][]onKey {
	var rows [3][]onKey
	for i, letters := range []string{"qwertyuiop", "asdfghjkl", "zxcvbnm"} {
		if s.accents.on {
			rows[i] = s.accented(letters)
			continue
		}
		rows[i] = w.letters(s.cased(letters), never)
	}
	return rows
}

// cased is a text in small or large letters.
func (s *Screens) cased(text string) string {
	if s.shift {
		return strings.ToUpper(text)
	}
	return text
}

func keyGap(gtx layout.Context) int { return gtx.Dp(8) }

func (s *Screens) keyHeight(gtx layout.Context) int { return max(s.th.Touch(), gtx.Dp(66)) }

// keyboard draws rows of keys over the maximal width, columns keys a row.
func (s *Screens) keyboard(gtx layout.Context, columns float32, rows [][]onKey) layout.Dimensions {
	width, gap, high := float32(gtx.Constraints.Max.X), keyGap(gtx), s.keyHeight(gtx)
	col := (width + float32(gap)) / columns
	for i, row := range rows {
		s.newRow()
		at := float32(0)
		for _, k := range row {
			at += k.indent
			x0 := int(at*col + 0.5)
			at += k.width
			x1 := int(at*col+0.5) - gap
			kit.At(gtx, x0, i*(high+gap), func(gtx layout.Context) layout.Dimensions {
				return s.drawKey(gtx, k, image.Pt(x1-x0, high))
			})
		}
	}
	n := len(rows)
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, n*high+(n-1)*gap)}
}

// drawKey draws one key and makes it a target, unless it is dim.
func (s *Screens) drawKey(gtx layout.Context, k onKey, size image.Point) layout.Dimensions {
	face := kit.Key{Face: k.face, Sign: k.sign, Latched: k.latched}
	if face.Label = k.label; face.Label == "" {
		face.Label = k.face
	}
	if !k.dim {
		id := "key:" + face.Label
		reg := s.target(gtx, id, k.does)
		face.Click, face.Focused, face.Pressed = &reg.click, s.focus == id, reg.click.Pressed()
	}
	return face.Layout(gtx, s.th, size)
}
