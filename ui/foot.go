package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/text"

	"anodize/ui/kit"
)

// actionID begins the focus names of actions.
const actionID = "action:"

// foot draws the actions: what to do at the right, the rest at the left, and
// between them the note and why something cannot be pressed. If that is too
// wide, the buttons become narrower; then the texts go on a line of their own.
func (s *Screens) foot(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	var left, right []ceremony.Action
	for _, a := range v.Actions {
		if a.Kind == ceremony.Primary {
			right = append(right, a)
		} else {
			left = append(left, a)
		}
	}
	width, margin, gap := gtx.Constraints.Max.X, gtx.Dp(32), gtx.Dp(24)
	height, pad := gtx.Dp(80), gtx.Dp(20)
	if s.th.Narrow() {
		margin = gtx.Dp(48)
	}
	if s.th.Low() {
		height, pad = max(s.th.Touch(), gtx.Dp(68)), gtx.Dp(12)
	}
	says := footSays(v)
	var ls, rs []piece
	room := 0
	for _, tight := range []bool{false, true} {
		s.rows = s.rows[:0]
		s.newRow()
		ls, rs = s.buttons(gtx, left, height, tight), s.buttons(gtx, right, height, tight)
		if tight {
			gap = gtx.Dp(16)
		}
		room = width - 2*margin - span(ls, gap) - span(rs, gap)
		for _, side := range [][]piece{ls, rs} {
			if len(side) > 0 {
				room -= gap
			}
		}
		if s.saysFit(gtx, says, room, height) {
			break
		}
	}
	above := 0
	fits := s.saysFit(gtx, says, room, height)
	var drawn op.CallOp
	if !fits {
		d, call := s.drawSays(gtx, says, width-2*margin)
		above, drawn = d.Size.Y+pad, call
	}
	size := image.Pt(width, above+height+2*pad)
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.White)
	kit.Fill(gtx.Ops, image.Rect(0, 0, width, max(1, gtx.Dp(1))), kit.Line)
	mid := above + pad + height/2
	line(gtx, ls, margin, mid, gap)
	line(gtx, rs, width-margin-span(rs, gap), mid, gap)
	if !fits {
		kit.Put(gtx, margin, pad, drawn)
		return layout.Dimensions{Size: size}
	}
	x := margin
	if len(ls) > 0 {
		x += span(ls, gap) + gap
		says.joined = true
	}
	d, call := s.drawSays(gtx, says, room)
	kit.Put(gtx, x, mid-d.Size.Y/2, call)
	return layout.Dimensions{Size: size}
}

// says is what the foot says beside its buttons.
type says struct {
	note   string
	whys   []string // why actions cannot be pressed
	joined bool     // one column at the right, instead of the note at the left
}

// footSays returns the note, and why actions cannot be pressed: with the
// action's name, unless it is the one to do.
func footSays(v *ceremony.View) says {
	t := says{note: v.Note}
	for _, a := range v.Actions {
		switch {
		case a.Why == "":
		case a.Kind == ceremony.Primary || len(v.Actions) == 1:
			t.whys = append(t.whys, a.Why)
		default:
			t.whys = append(t.whys, a.Label+": "+a.Why)
		}
	}
	return t
}

func (s *Screens) saysFit(gtx layout.Context, t says, room, height int) bool {
	if t.note == "" && len(t.whys) == 0 {
		return room >= 0
	}
	if room < gtx.Dp(180) {
		return false
	}
	t.joined = true
	d, _ := s.drawSays(gtx, t, room)
	return d.Size.Y <= height && d.Size.X <= room
}

// drawSays draws it in so many pixels: the note at the left and the rest at the
// right, or all of it at the right.
func (s *Screens) drawSays(gtx layout.Context, t says, width int) (layout.Dimensions, op.CallOp) {
	return kit.Record(gtx, func(gtx layout.Context) layout.Dimensions {
		if t.joined {
			all := s.saysColumn(gtx, text.End, width, append([]string{t.note}, t.whys...))
			kit.Put(gtx, 0, 0, all.call)
			return layout.Dimensions{Size: all.size}
		}
		left, right := width, width
		if t.note != "" && len(t.whys) > 0 {
			left = width/2 - gtx.Dp(12)
			right = left
		}
		note := s.saysColumn(gtx, text.Start, left, []string{t.note})
		whys := s.saysColumn(gtx, text.End, right, t.whys)
		high := max(note.size.Y, whys.size.Y)
		kit.Put(gtx, 0, (high-note.size.Y)/2, note.call)
		kit.Put(gtx, width-right, (high-whys.size.Y)/2, whys.call)
		return layout.Dimensions{Size: image.Pt(width, high)}
	})
}

func (s *Screens) saysColumn(gtx layout.Context, align text.Alignment, width int, lines []string) piece {
	st := kit.Style{Size: kit.SizeNote, Color: kit.Soft, Align: align}
	var ws []layout.Widget
	for _, l := range lines {
		ws = append(ws, s.widget(st, l))
	}
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		return kit.Column(kit.Wide(gtx, width), gtx.Dp(2), ws...)
	})
}

// buttons lays actions out. Held actions and those that can be pressed become
// targets.
func (s *Screens) buttons(gtx layout.Context, actions []ceremony.Action, height int, tight bool) []piece {
	var ps []piece
	for _, a := range actions {
		b := kit.Button{Label: a.Label, Key: a.Key, Look: look(a.Kind), Tight: tight}
		b.Why = a.Why
		if a.Why == "" {
			id := actionID + a.ID
			t := target{send: ceremony.Press{Action: a.ID}}
			if a.Held {
				t = target{hold: a.ID}
			}
			reg := s.target(gtx, id, t)
			b.Click, b.Focused = &reg.click, s.focus == id
			b.Pressed = reg.click.Pressed() || s.holding[a.ID]
		}
		ps = append(ps, s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
			return b.Layout(gtx, s.th, height)
		}))
	}
	return ps
}

func look(k ceremony.ActionKind) kit.Look {
	switch k {
	case ceremony.Primary:
		return kit.Filled
	case ceremony.Stop:
		return kit.Warning
	default:
		return kit.Outline
	}
}
