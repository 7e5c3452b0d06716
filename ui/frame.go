package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/io/event"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"

	"anodize/ui/kit"
)

// draw lays out the whole window: bar, rail or strip, page, foot.
func (s *Screens) draw(gtx layout.Context, v *ceremony.View) {
	size := gtx.Constraints.Max
	window := image.Rectangle{Max: size}
	kit.Fill(gtx.Ops, window, kit.Paper)
	defer clip.Rect(window).Push(gtx.Ops).Pop()
	event.Op(gtx.Ops, s)
	s.rows = s.rows[:0]

	_, secret := v.Body.(ceremony.ShareBody)
	bar := s.topBar(kit.Wide(gtx, size.X), v)
	top, left := bar.Size.Y+s.troubleLine(kit.Wide(gtx, size.X), v, bar.Size.Y), 0
	switch {
	case s.crowded(v):
	case s.th.Narrow():
		top += kit.At(kit.Wide(gtx, size.X), 0, top, func(g layout.Context) layout.Dimensions {
			return s.strip(g, v, secret)
		}).Size.Y
	default:
		left = gtx.Dp(340)
	}

	// The foot is laid out first, for its height, but comes last in the order
	// of the focus.
	foot, drawFoot := kit.Record(kit.Wide(gtx, size.X), func(g layout.Context) layout.Dimensions {
		return s.foot(g, v)
	})
	bottom := size.Y - foot.Size.Y
	feet := s.rows
	s.rows = nil

	if left > 0 {
		s.rail(gtx, v, image.Rect(0, top, left, bottom), secret)
	}
	page := image.Rect(left, top, size.X, bottom)
	margin := image.Pt(gtx.Dp(64), gtx.Dp(40))
	if left == 0 {
		margin.X = gtx.Dp(48)
	}
	switch {
	case s.crowded(v):
		margin.Y = gtx.Dp(16)
	case s.th.Low():
		margin.Y = gtx.Dp(24)
	}
	page.Min = page.Min.Add(margin)
	page.Max = page.Max.Sub(image.Pt(margin.X, margin.Y*2/3))
	s.page(gtx, v, page)
	s.rows = append(s.rows, feet...)
	kit.Put(gtx, 0, bottom, drawFoot)
	s.helpButton(gtx, bar.Size)
}

// drawBar lays out the top bar alone and returns its height.
func (s *Screens) drawBar(gtx layout.Context, v *ceremony.View) int {
	defer clip.Rect{Max: gtx.Constraints.Max}.Push(gtx.Ops).Pop()
	event.Op(gtx.Ops, s)
	s.rows = nil
	bar := s.topBar(kit.Wide(gtx, gtx.Constraints.Max.X), v)
	trouble := s.troubleLine(kit.Wide(gtx, gtx.Constraints.Max.X), v, bar.Size.Y)
	s.helpButton(gtx, bar.Size)
	return bar.Size.Y + trouble
}

// crowded tells whether a keyboard, or a page to read, leaves so little room that
// the phases are not drawn beside it.
func (s *Screens) crowded(v *ceremony.View) bool {
	_, page := v.Body.(ceremony.PageBody)
	return s.th.Narrow() && (page || s.keysDrawn(v.Body)) && s.th.Crowded()
}

// keysDrawn tells whether a keyboard is on the screen: for words until somebody types
// on a keyboard of their own, for other text once a finger was used.
func (s *Screens) keysDrawn(b ceremony.Body) bool {
	switch b.(type) {
	case ceremony.EntryBody:
		return s.hands != typing
	case ceremony.TextBody:
		return s.hands == touching
	}
	return false
}

// page draws title, sentence, body and notice within r.
func (s *Screens) page(gtx layout.Context, v *ceremony.View, r image.Rectangle) {
	defer op.Offset(r.Min).Push(gtx.Ops).Pop()
	title, gap, line := float32(kit.SizeTitle), gtx.Dp(30), gtx.Dp(12)
	if s.th.Low() {
		title, gap, line = 42, gtx.Dp(16), gtx.Dp(4)
	}
	gtx = kit.Wide(gtx, r.Dx())
	s.rows = nil
	head := kit.Column(gtx, line,
		func(gtx layout.Context) layout.Dimensions { return s.heading(gtx, title, v) },
		s.words(kit.SizeSentence, kit.Regular, v.Sentence))
	beside := s.rows
	y := 0
	if head.Size.Y > 0 {
		y = head.Size.Y + gap
	}
	room := r.Dy() - y
	var notice op.CallOp
	if v.Notice.Text != "" {
		d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions {
			return kit.Notice(gtx, s.th, tone(v.Notice.Kind), v.Notice.Text)
		})
		notice = call
		room -= d.Size.Y + gap
	}
	gtx.Constraints.Max.Y = max(0, room)
	y += kit.At(gtx, 0, y, func(gtx layout.Context) layout.Dimensions { return s.fit(gtx, v) }).Size.Y
	if v.Notice.Text != "" {
		kit.Put(gtx, 0, y+gap, notice)
	}
	s.rows = append(beside, s.rows...)
}

// heading draws the title and, where text is typed, the choice of the keyboard at
// its right.
func (s *Screens) heading(gtx layout.Context, size float32, v *ceremony.View) layout.Dimensions {
	var b piece
	if s.typing() && !s.crowded(v) {
		b = s.piece(gtx, s.keyboardButton)
	}
	width := gtx.Constraints.Max.X
	if b.size.X > 0 {
		width -= b.size.X + gtx.Dp(24)
	}
	t := s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		if v.Title == "" {
			return layout.Dimensions{}
		}
		return s.words(size, kit.Medium, v.Title)(kit.Wide(gtx, width))
	})
	high := max(t.size.Y, b.size.Y)
	kit.Put(gtx, 0, (high-t.size.Y)/2, t.call)
	kit.Put(gtx, gtx.Constraints.Max.X-b.size.X, 0, b.call)
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, high)}
}

// words returns a widget that draws text, nil if there is none.
func (s *Screens) words(size float32, face kit.Face, text string) layout.Widget {
	if text == "" {
		return nil
	}
	st := kit.Style{Size: size, Face: face, Color: kit.Ink}
	if face == kit.Regular {
		st.Color = kit.Soft
	}
	return func(gtx layout.Context) layout.Dimensions { return s.th.Text(gtx, st, text) }
}

func tone(k ceremony.NoticeKind) kit.Tone {
	switch k {
	case ceremony.Danger:
		return kit.Danger
	case ceremony.Good:
		return kit.Good
	default:
		return kit.Caution
	}
}

// fit draws the body in the room there is: as it is, else one step smaller, else
// scrolled, with what must stay in sight below it.
func (s *Screens) fit(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	whole, call := s.try(gtx, v)
	if whole > gtx.Constraints.Max.Y {
		gtx = s.th.Shrink(gtx)
		whole, call = s.try(gtx, v)
	}
	s.overflow = whole > gtx.Constraints.Max.Y
	if !s.overflow {
		s.scroll.Reset()
		call.Add(gtx.Ops)
		return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, whole)}
	}
	d := s.scroll.Layout(gtx, s.th, whole, call)
	return d
}

// try records the body and returns its height.
func (s *Screens) try(gtx layout.Context, v *ceremony.View) (int, op.CallOp) {
	s.rows = nil
	d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions { return s.body(gtx, v) })
	return d.Size.Y, call
}

// body draws one body at its natural height. The maximal height is the room
// that it would fit in.
func (s *Screens) body(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	switch b := v.Body.(type) {
	case nil:
		return layout.Dimensions{}
	case ceremony.ClockBody:
		return s.clock(gtx, b)
	case ceremony.TextBody:
		return s.text(gtx, b)
	case ceremony.FactsBody:
		return s.facts(gtx, b)
	case ceremony.ChoicesBody:
		return s.choiceList(gtx, b)
	case ceremony.MenuBody:
		return s.menu(gtx, b)
	case ceremony.StepsBody:
		return s.steps(gtx, b)
	case ceremony.ShareHiddenBody:
		return s.shareHidden(gtx, b)
	case ceremony.ShareBody:
		return s.share(gtx, b)
	case ceremony.EntryBody:
		return s.entry(gtx, b)
	case ceremony.FingerprintBody:
		return s.fingerprint(gtx, b)
	case ceremony.FindingsBody:
		return s.findings(gtx, b)
	case ceremony.MessageBody:
		return s.message(gtx, b)
	case ceremony.PageBody:
		return s.pageBody(gtx, b)
	}
	return kit.Notice(gtx, s.th, kit.Danger, "This screen cannot be drawn: its body is of an unknown kind.")
}

// revealed scrolls to the lines from y0 to y1 of the body if the focus was just
// moved there.
func (s *Screens) revealed(id string, y0, y1 int) {
	if s.reveal && s.focus == id {
		s.scroll.Reveal(y0, y1)
	}
}
