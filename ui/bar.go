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

// piece is something in the top bar, laid out.
type piece struct {
	size image.Point
	call op.CallOp
}

func (s *Screens) piece(gtx layout.Context, w layout.Widget) piece {
	d, call := kit.Record(kit.Loose(gtx, gtx.Constraints.Max.X), w)
	return piece{d.Size, call}
}

// span is the width of pieces with gap pixels between them.
func span(ps []piece, gap int) int {
	w := 0
	for i, p := range ps {
		if i > 0 {
			w += gap
		}
		w += p.size.X
	}
	return w
}

// tallest is the height of the highest piece.
func tallest(ps []piece) int {
	h := 0
	for _, p := range ps {
		h = max(h, p.size.Y)
	}
	return h
}

// line draws pieces from x on, centred on mid.
func line(gtx layout.Context, ps []piece, x, mid, gap int) {
	for _, p := range ps {
		kit.Put(gtx, x, mid-p.size.Y/2, p.call)
		x += p.size.X + gap
	}
}

// barMargin is the margin at both ends of the top bar.
func (s *Screens) barMargin(gtx layout.Context) int {
	switch {
	case s.th.Narrow():
		return gtx.Dp(48)
	case s.th.Low():
		return gtx.Dp(24)
	}
	return gtx.Dp(32)
}

// topBar draws product, CA, banner, the three lamps and the clock, on one line if
// they fit, else on two; at its right end it leaves room for the help's button.
func (s *Screens) topBar(gtx layout.Context, v *ceremony.View) layout.Dimensions {
	all, margin, gap := gtx.Constraints.Max.X, s.barMargin(gtx), gtx.Dp(28)
	one := gtx.Dp(72)
	if s.th.Low() {
		one = gtx.Dp(60)
	}
	one = max(one, s.th.Touch()-gtx.Dp(24)) // what the button has below it is the page's margin
	// The button's own margin stands in for that of the bar.
	width := all - s.helpWidth(gtx) + margin - gap
	lamps := []piece{s.lamp(gtx, v.HSM), s.lamp(gtx, v.Disc), s.lamp(gtx, v.Stick)}
	clock := []piece{s.barClock(gtx, v)}
	both := append(append([]piece{}, lamps...), clock...)

	for _, size := range []float32{kit.SizeText, kit.SizeNote} {
		names := s.names(gtx, v, size, width)
		if 2*margin+span(names, gap)+2*gap+span(both, gap) <= width {
			kit.Fill(gtx.Ops, image.Rect(0, 0, all, one), kit.Ink)
			line(gtx, names, margin, one/2, gap)
			line(gtx, both, width-margin-span(both, gap), one/2, gap)
			return layout.Dimensions{Size: image.Pt(all, one)}
		}
	}
	// The names have the first line, beside the clock; what the clock lacks stands
	// with the lamps.
	clock = []piece{s.barTime(gtx, v)}
	lamps = append(lamps, s.unconfirmed(gtx, v, "Clock unconfirmed"))
	room := width - 2*margin - span(clock, gap) - gap
	var names []piece
	first := gtx.Dp(60)
	for _, size := range []float32{kit.SizeText, kit.SizeNote, kit.SizeSmall} {
		names = s.names(gtx, v, size, room)
		first = max(gtx.Dp(60), tallest(names)+gtx.Dp(16))
		if span(names, gap) <= room && first <= gtx.Dp(72) {
			break
		}
	}
	rows := wrapped(lamps, width-2*margin, gap)
	pitch := gtx.Dp(34)
	size := image.Pt(all, first+len(rows)*pitch)
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.Ink)
	line(gtx, names, margin, first/2, gap)
	line(gtx, clock, width-margin-span(clock, gap), first/2, gap)
	for i, row := range rows {
		line(gtx, row, margin, first+i*pitch+pitch/2-gtx.Dp(5), gap)
	}
	return layout.Dimensions{Size: size}
}

// helpID is the focus name of the help's button, and begins those of the buttons in it.
const helpID = "help"

// helpCap is the key's name on the help's button.
const helpCap = string(helpKey)

// helpLabel draws what stands on the help's button.
func (s *Screens) helpLabel(gtx layout.Context) piece {
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		gap := gtx.Dp(10)
		word := s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
			return s.th.Line(gtx, kit.Style{Size: kit.SizeNote, Face: kit.Medium, Color: kit.BarText}, "Help")
		})
		sign := s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return kit.KeyCap(gtx, s.th, helpCap, kit.BarMuted) })
		high := max(word.size.Y, sign.size.Y)
		line(gtx, []piece{word, sign}, 0, high/2, gap)
		return layout.Dimensions{Size: image.Pt(word.size.X+gap+sign.size.X, high)}
	})
}

// helpWidth is the width of what answers to a finger: the frame, what is left of it
// and the bar's margin.
func (s *Screens) helpWidth(gtx layout.Context) int {
	return gtx.Dp(12) + max(s.th.Touch(), s.helpLabel(gtx).size.X+2*gtx.Dp(16)) + s.barMargin(gtx)
}

// helpButton draws the help's button at the right end of the top bar. It comes last in
// the order of the focus.
func (s *Screens) helpButton(gtx layout.Context, bar image.Point) {
	label := s.helpLabel(gtx)
	size := image.Pt(s.helpWidth(gtx), max(bar.Y, s.th.Touch()))
	s.newRow()
	t := s.target(gtx, helpID, target{do: s.toggleGuide})
	hit := kit.Hit{Click: &t.click, Label: "Help", Focused: s.focus == helpID, Radius: gtx.Dp(8)}
	kit.At(gtx, bar.X-size.X, 0, func(gtx layout.Context) layout.Dimensions {
		return hit.Layout(gtx, func(gtx layout.Context) layout.Dimensions {
			high := min(bar.Y-2*gtx.Dp(6), gtx.Dp(52))
			frame := image.Rect(gtx.Dp(12), (bar.Y-high)/2, size.X-s.barMargin(gtx), (bar.Y+high)/2)
			fill := kit.Ink
			if t.click.Pressed() || s.guide.open {
				fill = kit.Soft
			}
			kit.Box(gtx.Ops, frame, gtx.Dp(8), max(1, gtx.Dp(1)), kit.BarMuted, fill)
			kit.Put(gtx, (frame.Min.X+frame.Max.X-label.size.X)/2, (bar.Y-label.size.Y)/2, label.call)
			return layout.Dimensions{Size: size}
		})
	})
}

// troubleLine draws at y what is wrong with the input devices, and why the power button
// did nothing, and returns its height.
func (s *Screens) troubleLine(gtx layout.Context, v *ceremony.View, y int) int {
	told := strings.TrimSpace(s.trouble + " " + v.StaysOn)
	if told == "" {
		return 0
	}
	pad, sign, margin := gtx.Dp(8), gtx.Dp(26), gtx.Dp(48)
	width, left := gtx.Constraints.Max.X, margin+sign+gtx.Dp(12)
	text := s.piece(kit.Loose(gtx, width-left-margin), s.widget(kit.Style{Size: kit.SizeNote, Color: kit.Ink}, told))
	high := max(text.size.Y, sign) + 2*pad
	kit.Fill(gtx.Ops, image.Rect(0, y, width, y+high), kit.AmberPaper)
	kit.Sign(gtx.Ops, image.Rect(margin, y+(high-sign)/2, margin+sign, y+(high+sign)/2), kit.Caution, kit.Amber)
	kit.Put(gtx, left, y+(high-text.size.Y)/2, text.call)
	return high
}

// wrapped breaks pieces into lines that fit in width.
func wrapped(ps []piece, width, gap int) [][]piece {
	var rows [][]piece
	for _, p := range ps {
		if p.size.X == 0 {
			continue
		}
		n := len(rows) - 1
		if n >= 0 && span(append(rows[n][:len(rows[n]):len(rows[n])], p), gap) <= width {
			rows[n] = append(rows[n], p)
		} else {
			rows = append(rows, []piece{p})
		}
	}
	return rows
}

// names lays out the product, the CA and the banner in at most room pixels; the
// CA's name is wrapped if it must be.
func (s *Screens) names(gtx layout.Context, v *ceremony.View, size float32, room int) []piece {
	gap := gtx.Dp(28)
	ps := []piece{s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		return s.th.Line(gtx, kit.Style{Size: kit.SizeText, Face: kit.Medium, Color: kit.BarText}, "Anodize")
	})}
	var banner []piece
	if v.Banner != "" {
		banner = []piece{s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return s.banner(gtx, v.Banner) })}
	}
	if v.CA != "" {
		left := room - span(ps, gap) - gap - span(banner, gap) - gap
		ps = append(ps, s.piece(kit.Loose(gtx, left), func(gtx layout.Context) layout.Dimensions {
			return s.th.Text(gtx, kit.Style{Size: size, Color: kit.BarMuted}, v.CA)
		}))
	}
	return append(ps, banner...)
}

func (s *Screens) banner(gtx layout.Context, text string) layout.Dimensions {
	d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions {
		return s.th.Spaced(gtx, kit.Style{Size: kit.SizeSmall, Face: kit.Medium, Color: kit.White}, 2, text)
	})
	pad := image.Pt(gtx.Dp(14), gtx.Dp(6))
	size := d.Size.Add(pad.Mul(2))
	kit.Round(gtx.Ops, image.Rectangle{Max: size}, gtx.Dp(4), kit.Oxide)
	kit.Put(gtx, pad.X, pad.Y, call)
	return layout.Dimensions{Size: size}
}

func (s *Screens) lamp(gtx layout.Context, l ceremony.Lamp) piece {
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		if l.Word == "" {
			return layout.Dimensions{}
		}
		dot, gap := gtx.Dp(12), gtx.Dp(10)
		st := kit.Style{Size: kit.SizeNote, Color: kit.BarWord}
		if l.State == ceremony.Absent {
			st.Color = kit.BarMuted
		}
		d := kit.At(gtx, dot+gap, 0, func(gtx layout.Context) layout.Dimensions { return s.th.Line(gtx, st, l.Word) })
		y := (d.Size.Y - dot) / 2
		r := image.Rect(0, y, dot, y+dot)
		if l.State == ceremony.Absent {
			kit.Ring(gtx.Ops, r, max(1, gtx.Dp(2)), kit.LampGrey, kit.Ink)
		} else {
			kit.Disc(gtx.Ops, r, lampColour(l.State))
		}
		return layout.Dimensions{Size: image.Pt(dot+gap+d.Size.X, d.Size.Y)}
	})
}

func lampColour(st ceremony.LampState) color.NRGBA {
	if st == ceremony.There {
		return kit.LampGreen
	}
	return kit.LampAmber
}

// barClock is the time, and a word if nobody has confirmed it.
func (s *Screens) barClock(gtx layout.Context, v *ceremony.View) piece {
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		var ps []piece
		if word := s.unconfirmed(gtx, v, "unconfirmed"); word.size.X > 0 {
			ps = append(ps, word)
		}
		ps = append(ps, s.barTime(gtx, v))
		gap, high := gtx.Dp(12), tallest(ps)
		line(gtx, ps, 0, high/2, gap)
		return layout.Dimensions{Size: image.Pt(span(ps, gap), high)}
	})
}

func (s *Screens) barTime(gtx layout.Context, v *ceremony.View) piece {
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		st := kit.Style{Size: 30, Face: kit.Mono, Color: kit.BarText}
		if !v.ClockConfirmed {
			st.Color = kit.BarMuted
		}
		return s.th.Line(gtx, st, v.Now.UTC().Format("15:04:05 UTC"))
	})
}

// unconfirmed is a word for a clock that nobody has confirmed.
func (s *Screens) unconfirmed(gtx layout.Context, v *ceremony.View, word string) piece {
	if v.ClockConfirmed {
		return piece{}
	}
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		return s.th.Line(gtx, kit.Style{Size: kit.SizeSmall, Color: kit.LampAmber}, word)
	})
}
