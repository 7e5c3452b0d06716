package ui

import (
	"image"
	"image/color"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/kit"
)

// findings draws what a validation found, a line each.
func (s *Screens) findings(gtx layout.Context, b ceremony.FindingsBody) layout.Dimensions {
	level := kit.Style{Size: kit.SizeNote, Face: kit.Medium}
	check := kit.Style{Size: kit.SizeDetail, Face: kit.Mono, Color: kit.Ink}
	levels, checks := 0, 0
	for _, f := range b.Findings {
		levels = max(levels, s.th.Width(gtx, level, f.Level))
		checks = max(checks, s.th.Width(gtx, check, f.Check))
	}
	pad := image.Pt(gtx.Dp(28), gtx.Dp(16))
	return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
		checks = min(checks, gtx.Constraints.Max.X*36/100)
		var rows []layout.Widget
		for i, f := range b.Findings {
			rows = append(rows, func(gtx layout.Context) layout.Dimensions {
				return s.finding(gtx, f, [2]kit.Style{level, check}, levels, checks, i+1 < len(b.Findings))
			})
		}
		return kit.Column(gtx, 0, rows...)
	})
}

func (s *Screens) finding(gtx layout.Context, f ceremony.Finding, st [2]kit.Style, levels, checks int, rule bool) layout.Dimensions {
	width, gap, sign := gtx.Constraints.Max.X, gtx.Dp(22), gtx.Dp(26)
	paint, c := levelSign(f.Level)
	st[0].Color = c
	x1 := sign + gtx.Dp(12)
	x2 := x1 + levels + gap
	x3 := x2 + checks + gap
	l := s.piece(kit.Loose(gtx, levels), s.widget(st[0], f.Level))
	k := s.piece(kit.Loose(gtx, checks), s.widget(st[1], f.Check))
	w := s.piece(kit.Loose(gtx, width-x3), s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Ink}, f.What))
	text := max(l.size.Y, k.size.Y, w.size.Y)
	high := text + 2*gtx.Dp(10)
	one := l.size.Y
	y := (high - text) / 2
	paint(gtx.Ops, image.Rect(0, y+(one-sign)/2, sign, y+(one-sign)/2+sign), c)
	kit.Put(gtx, x1, y, l.call)
	kit.Put(gtx, x2, y, k.call)
	kit.Put(gtx, x3, y, w.call)
	if rule {
		kit.Fill(gtx.Ops, image.Rect(0, high-max(1, gtx.Dp(1)), width, high), kit.Line)
	}
	return layout.Dimensions{Size: image.Pt(width, high)}
}

// levelSign returns the sign and the colour of a finding's level; what is not
// known is drawn as an error.
func levelSign(level string) (func(*op.Ops, image.Rectangle, color.NRGBA), color.NRGBA) {
	switch level {
	case "PASS":
		return kit.Check, kit.Green
	case "WARN":
		return kit.Bang, kit.Amber
	}
	return kit.Cross, kit.Oxide
}
