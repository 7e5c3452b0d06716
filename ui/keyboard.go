package ui

import (
	"image"
	"strings"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// onKey is one key of an on-screen keyboard. Its width and the gap before it are
// counted in columns of its keyboard.
type onKey struct {
	face   string // drawn, and typed unless text is set
	text   string // typed
	erase  bool
	shift  bool
	other  bool // changes between letters and digits
	dim    bool // cannot be pressed
	width  float32
	indent float32
}

// letterKeys returns a row of letters.
func letterKeys(letters string, dim func(string) bool) []onKey {
	var row []onKey
	for _, r := range letters {
		f := string(r)
		row = append(row, onKey{face: f, width: 1, dim: dim(f)})
	}
	return row
}

var eraseKey = onKey{erase: true, width: 1}

func never(string) bool { return false }

// wordKeys is the keyboard for words of a share: letters that cannot continue
// the word are dim.
func (s *Screens) wordKeys(gtx layout.Context, b ceremony.EntryBody) layout.Dimensions {
	dim := func(letter string) bool { return !strings.Contains(b.Next, letter) }
	erase := eraseKey
	erase.dim = b.Accepted == 0 && b.Current == ""
	last := letterKeys("zxcvbnm", dim)
	last[0].indent = 1
	return s.keyboard(gtx, 10, [][]onKey{
		letterKeys("qwertyuiop", dim),
		append(letterKeys("asdfghjkl", dim), erase),
		last,
	})
}

// textKeys is the keyboard for a TextBody.
func (s *Screens) textKeys(gtx layout.Context, b ceremony.TextBody) layout.Dimensions {
	space := onKey{face: "space", text: " ", width: 2.5}
	if b.Numeric {
		space.width = 2
		last := letterKeys("-:.", never)
		return s.keyboard(gtx, 10, [][]onKey{
			letterKeys("1234567890", never),
			append(last, space, onKey{erase: true, width: 2}),
		})
	}
	if s.th.Narrow() && s.th.Crowded() {
		return s.smallKeys(gtx)
	}
	rows := s.letterRows()
	last := append([]onKey{{shift: true, width: 1.5}}, letterKeys(rows[2], never)...)
	return s.keyboard(gtx, 11, [][]onKey{
		append(letterKeys("1234567890", never), eraseKey),
		append(letterKeys(rows[0], never), letterKeys("'", never)...),
		append(letterKeys(rows[1], never), letterKeys("-.", never)...),
		append(last, space),
	})
}

// smallKeys is the keyboard for text where there is no room for a fourth row: letters,
// or digits and signs.
func (s *Screens) smallKeys(gtx layout.Context) layout.Dimensions {
	space := onKey{face: "space", text: " ", width: 1}
	if s.digits {
		return s.keyboard(gtx, 10, [][]onKey{
			letterKeys("1234567890", never),
			append(letterKeys("-.'", never), onKey{erase: true, width: 1, indent: 6}),
			{{face: "abc", other: true, width: 1.5, indent: 7.5}, space},
		})
	}
	rows := s.letterRows()
	last := append([]onKey{{shift: true, width: 1}}, letterKeys(rows[2], never)...)
	return s.keyboard(gtx, 10, [][]onKey{
		letterKeys(rows[0], never),
		append(letterKeys(rows[1], never), eraseKey),
		append(last, onKey{face: "123", other: true, width: 1}, space),
	})
}

// letterRows are the letters, small or large.
func (s *Screens) letterRows() []string {
	rows := []string{"qwertyuiop", "asdfghjkl", "zxcvbnm"}
	if s.shift {
		for i := range rows {
			rows[i] = strings.ToUpper(rows[i])
		}
	}
	return rows
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
	face := kit.Key{Face: k.face}
	face.Label = k.face
	t := target{send: ceremony.Input{Text: k.face}}
	switch {
	case k.erase:
		face.Sign, face.Label, t = kit.Backspace, "Backspace", target{send: ceremony.Erase{}}
	case k.shift:
		face.Sign, face.Label, face.Latched = kit.ShiftKey, "Shift", s.shift
		t = target{do: func() { s.shift = !s.shift }}
	case k.other:
		face.Label = "Back to letters"
		if !s.digits {
			face.Label = "Digits and signs"
		}
		t = target{do: func() { s.digits = !s.digits }}
	case k.text != "":
		face.Label = "space"
		t.send = ceremony.Input{Text: k.text}
	}
	if !k.dim {
		id := "key:" + face.Label
		reg := s.target(gtx, id, t)
		face.Click, face.Focused, face.Pressed = &reg.click, s.focus == id, reg.click.Pressed()
	}
	return face.Layout(gtx, s.th, size)
}
