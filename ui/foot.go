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

// footRow is the buttons of a foot, laid out.
type footRow struct {
	left, right []piece
	gap         int // between buttons
	room        int // left over between the two sides, beside a gap at each
}

// foot draws the actions: what to do at the right, the rest at the left, and
// between them the note and why something cannot be pressed. If that is too
// wide, the buttons become narrower; then the texts go on a line of their own;
// then the buttons take several.
func (s *Screens) foot(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	width, margin, height, pad := gtx.Constraints.Max.X, gtx.Dp(32), gtx.Dp(80), gtx.Dp(20)
	if s.th.Narrow() {
		margin = gtx.Dp(48)
	}
	if s.th.Low() {
		height, pad = max(s.th.Touch(), gtx.Dp(68)), gtx.Dp(12)
	}
	says := footSays(v)
	row := s.footRow(gtx, v, width-2*margin, height, false)
	fits := s.saysFit(gtx, says, row.room, height)
	if !fits {
		row = s.footRow(gtx, v, width-2*margin, height, true)
		fits = s.saysFit(gtx, says, row.room, height)
	}
	x, space := margin, row.room
	if !fits {
		space = width - 2*margin
	} else if len(row.left) > 0 {
		x += span(row.left, row.gap) + row.gap
		says.joined = true
	}
	d, call := s.drawSays(gtx, says, space)
	first, y := pad, pad+(height-d.Size.Y)/2
	if !fits {
		first, y = pad, pad
		if d.Size.Y > 0 {
			first += d.Size.Y + pad
		}
	}
	lines := row.lines(width - 2*margin)
	size := image.Pt(width, first+len(lines)*(height+pad))
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.White)
	kit.Fill(gtx.Ops, image.Rect(0, 0, width, max(1, gtx.Dp(1))), kit.Line)
	for i, l := range lines {
		mid := first + i*(height+pad) + height/2
		line(gtx, l.left, margin, mid, l.gap)
		line(gtx, l.right, width-margin-span(l.right, l.gap), mid, l.gap)
	}
	kit.Put(gtx, x, y, call)
	return layout.Dimensions{Size: size}
}

// lines breaks a row that is wider than width into several: first what stands
// at the left, then what stands at the right.
func (r footRow) lines(width int) []footRow {
	if r.room >= -r.gap || len(r.left)+len(r.right) < 2 {
		return []footRow{r}
	}
	var lines []footRow
	for _, ps := range wrapped(r.left, width, r.gap) {
		lines = append(lines, footRow{left: ps, gap: r.gap})
	}
	for _, ps := range wrapped(r.right, width, r.gap) {
		lines = append(lines, footRow{right: ps, gap: r.gap})
	}
	return lines
}

// footRow lays the buttons out for a row of width pixels, and makes them the
// only row of the focus.
func (s *Screens) footRow(gtx layout.Context, v *ceremony.View, width, height int, tight bool) footRow {
	var left, right []act
	for _, a := range s.acts(v) {
		if a.Kind == ceremony.Primary {
			right = append(right, a)
		} else {
			left = append(left, a)
		}
	}
	s.rows = [][]string{nil}
	r := footRow{gap: gtx.Dp(24)}
	if tight {
		r.gap = gtx.Dp(16)
	}
	r.left = s.buttons(gtx, left, height, tight)
	r.right = s.buttons(gtx, right, height, tight)
	r.room = width - span(r.left, r.gap) - span(r.right, r.gap)
	for _, side := range [][]piece{r.left, r.right} {
		if len(side) > 0 {
			r.room -= r.gap
		}
	}
	return r
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

// act is an action, and what pressing it does.
type act struct {
	ceremony.Action
	does target
}

// acts are the actions of a view and of the page that it has people read. While
// something is looked for on that, there is nothing else to do.
func (s *Screens) acts(v *ceremony.View) []act {
	var all []act
	if b, ok := v.Body.(ceremony.PageBody); ok {
		s.openPage(b)
		for _, b := range s.reader.buttons() {
			a := ceremony.Action{ID: "page:" + b.label, Label: b.label, Key: b.key}
			if s.guide.open {
				a.Key = ""
			}
			all = append(all, act{a, b.does})
		}
		if s.reader.searching() {
			return all
		}
	}
	for _, a := range v.Actions {
		t := target{send: ceremony.Press{Action: a.ID}}
		if a.Held {
			t = target{hold: a.ID}
		}
		all = append(all, act{a, t})
	}
	return all
}

// buttons lays actions out. Held actions and those that can be pressed become
// targets.
func (s *Screens) buttons(gtx layout.Context, actions []act, height int, tight bool) []piece {
	var ps []piece
	for _, a := range actions {
		b := kit.Button{Label: a.Label, Key: a.Key, Look: look(a.Kind), Tight: tight}
		b.Why = a.Why
		if a.Why == "" {
			id := actionID + a.ID
			reg := s.target(gtx, id, a.does)
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
