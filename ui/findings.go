package ui

import (
	"image"
	"image/color"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/kit"
)

// findingRows are what is known of the rows of a list at one scale.
type findingRows struct {
	of             *ceremony.Finding // the first one
	count, width   int
	levels, checks int   // widths of the columns
	high           []int // of each row; negative: not laid out yet
}

// findingRows returns what is known of the rows, or measures the columns.
func (s *Screens) findingRows(gtx layout.Context, fs []ceremony.Finding) *findingRows {
	scale, width := gtx.Metric.PxPerDp, gtx.Constraints.Max.X
	if r := s.findingsAt[scale]; r != nil && r.width == width && r.count == len(fs) && r.of == &fs[0] {
		return r
	}
	r := &findingRows{of: &fs[0], count: len(fs), width: width, high: make([]int, len(fs))}
	level, check := findingStyles()
	for i, f := range fs {
		r.high[i] = -1
		r.levels = max(r.levels, s.th.Width(gtx, level, f.Level))
		r.checks = max(r.checks, s.th.Width(gtx, check, f.Check))
	}
	if s.findingsAt == nil {
		s.findingsAt = map[float32]*findingRows{}
	}
	s.findingsAt[scale] = r
	return r
}

func findingStyles() (level, check kit.Style) {
	return kit.Style{Size: kit.SizeNote, Face: kit.Medium}, kit.Style{Size: kit.SizeDetail, Face: kit.Mono, Color: kit.Ink}
}

// findings draws what a validation found, a line each. There may be thousands: once
// their heights are known, only those are laid out that are in sight.
func (s *Screens) findings(gtx layout.Context, b ceremony.FindingsBody) layout.Dimensions {
	if len(b.Findings) == 0 {
		return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, 0)}
	}
	r := s.findingRows(gtx, b.Findings)
	level, check := findingStyles()
	pad := image.Pt(gtx.Dp(28), gtx.Dp(16))
	return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
		checks := min(r.checks, gtx.Constraints.Max.X*36/100)
		y := 0
		for i, f := range b.Findings {
			if r.high[i] < 0 || s.scroll.Near(pad.Y+y, pad.Y+y+r.high[i]) {
				r.high[i] = kit.At(gtx, 0, y, func(gtx layout.Context) layout.Dimensions {
					return s.finding(gtx, f, [2]kit.Style{level, check}, r.levels, checks, i+1 < len(b.Findings))
				}).Size.Y
			}
			y += r.high[i]
		}
		return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, y)}
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
