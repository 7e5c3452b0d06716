package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"

	"anodize/ui/kit"
)

// Widths of a window in pixels in which the help has room beside the screen, and of
// the least that the screen keeps.
const (
	besideWidth = 1366
	screenWidth = 800
)

// besideGuide is the part of the window that the ceremony keeps while the help is
// open; nothing if the help needs all of it but the top bar.
func (s *Screens) besideGuide(v *ceremony.View, size image.Point) image.Point {
	if size.X < besideWidth || secret(v) || s.guide.reader.touch {
		return image.Point{}
	}
	return image.Pt(max(screenWidth, size.X*5/8), size.Y)
}

// drawWithGuide lays out the window while the help is open: beside the screen, or over
// all of it but the top bar.
func (s *Screens) drawWithGuide(gtx layout.Context, v *ceremony.View) {
	size := gtx.Constraints.Max
	room := image.Rectangle{Max: size}
	if part := s.besideGuide(v, size); part.X > 0 {
		left := gtx
		left.Constraints = layout.Exact(part)
		s.draw(s.th.Fit(left), keyless(v))
		room.Min.X = part.X
		gtx = s.th.Shrink(s.th.Fit(gtx))
	} else {
		gtx = s.th.Fit(gtx)
		room.Min.Y = s.drawBar(gtx, v)
	}
	rows := s.rows
	s.drawGuide(gtx, v, room)
	s.rows = append(rows, s.rows...)
}

// keyless is a view without the names of keys, which the help has.
func keyless(v *ceremony.View) *ceremony.View {
	w := *v
	w.Actions = append([]ceremony.Action(nil), v.Actions...)
	for i := range w.Actions {
		w.Actions[i].Key = ""
	}
	return &w
}

// drawGuide draws the help within r: what the ceremony does meanwhile, the page, and
// what can be done here.
func (s *Screens) drawGuide(gtx layout.Context, v *ceremony.View, r image.Rectangle) {
	defer clip.Rect(r).Push(gtx.Ops).Pop()
	defer op.Offset(r.Min).Push(gtx.Ops).Pop()
	kit.Fill(gtx.Ops, image.Rectangle{Max: r.Size()}, kit.Paper)
	gtx = kit.Wide(gtx, r.Dx())

	s.rows = nil
	foot, drawFoot := kit.Record(gtx, s.guideFoot)
	top := s.guideHead(gtx, v).Size.Y
	bottom := r.Dy() - foot.Size.Y
	kit.Put(gtx, 0, bottom, drawFoot)
	if s.guide.reader.touch {
		keys, drawKeys := kit.Record(kit.Wide(gtx, r.Dx()-2*gtx.Dp(24)), func(gtx layout.Context) layout.Dimensions {
			return s.smallKeys(gtx, s.guide.reader.writer())
		})
		bottom -= keys.Size.Y + gtx.Dp(12)
		kit.Put(gtx, gtx.Dp(24), bottom, drawKeys)
		bottom -= gtx.Dp(12)
	}
	s.guidePage(gtx, image.Rect(0, top, r.Dx(), bottom))
	if r.Min.X > 0 {
		kit.Fill(gtx.Ops, image.Rect(0, 0, max(1, gtx.Dp(2)), r.Dy()), kit.Ink)
	}
}

// guideHead says that this is the help, and what the ceremony does meanwhile.
func (s *Screens) guideHead(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	width, pad := gtx.Constraints.Max.X, image.Pt(gtx.Dp(24), gtx.Dp(10))
	meanwhile := "Keys act in the help alone. The ceremony shows: " + v.Title
	if v.Working {
		meanwhile = "Keys act in the help alone. The ceremony goes on: " + v.Title
	}
	d, call := kit.Record(kit.Wide(gtx, width-2*pad.X), func(gtx layout.Context) layout.Dimensions {
		if s.guide.moved(v) {
			return kit.Notice(gtx, s.th, kit.Caution, "The ceremony has moved on. It shows: "+v.Title)
		}
		return s.th.Text(gtx, kit.Style{Size: kit.SizeNote, Color: kit.Soft}, meanwhile)
	})
	size := image.Pt(width, d.Size.Y+2*pad.Y)
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.Rail)
	kit.Fill(gtx.Ops, image.Rect(0, size.Y-max(1, gtx.Dp(1)), width, size.Y), kit.Line)
	kit.Put(gtx, pad.X, pad.Y, call)
	return layout.Dimensions{Size: size}
}

// guidePage draws the page within r.
func (s *Screens) guidePage(gtx layout.Context, r image.Rectangle) {
	defer op.Offset(r.Min).Push(gtx.Ops).Pop()
	gtx.Constraints = layout.Exact(image.Pt(max(0, r.Dx()), max(0, r.Dy())))
	if view := s.guide.reader.view; view != nil {
		view.Layout(gtx)
		return
	}
	kit.Notice(gtx, s.th, kit.Danger, "This page cannot be drawn: "+s.guide.reader.problem.Error()+".")
}

// guideButtons are what can be done in the help.
func (s *Screens) guideButtons() []pageButton {
	r := &s.guide.reader
	if r.searching() {
		return r.buttons()
	}
	turn := "Whole runbook"
	switch {
	case s.guide.moved(s.shown):
		turn = "Its page"
	case s.guide.whole:
		turn = "This step"
	}
	return append([]pageButton{{"Close", "Esc", target{do: s.toggleGuide}}, {turn, "F2", target{do: s.turnGuide}}}, r.buttons()...)
}

// guideFoot draws what can be done in the help, on several lines if it must.
func (s *Screens) guideFoot(gtx layout.Context) layout.Dimensions {
	width, margin, pad, gap := gtx.Constraints.Max.X, gtx.Dp(24), gtx.Dp(12), gtx.Dp(16)
	high := max(s.th.Touch(), gtx.Dp(64))
	s.newRow()
	var ps []piece
	for _, b := range s.guideButtons() {
		t := s.target(gtx, helpID+":"+b.label, b.does)
		k := kit.Button{Label: b.label, Key: b.key, Tight: true}
		k.Click, k.Pressed = &t.click, t.click.Pressed()
		ps = append(ps, s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return k.Layout(gtx, s.th, high) }))
	}
	rows := wrapped(ps, width-2*margin, gap)
	size := image.Pt(width, len(rows)*(high+pad)+pad)
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.White)
	kit.Fill(gtx.Ops, image.Rect(0, 0, width, max(1, gtx.Dp(1))), kit.Line)
	for i, row := range rows {
		line(gtx, row, margin, pad+i*(high+pad)+high/2, gap)
	}
	return layout.Dimensions{Size: size}
}
