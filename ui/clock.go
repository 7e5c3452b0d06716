package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/text"

	"anodize/ui/kit"
)

// clock draws the time in the largest type, and its date below.
func (s *Screens) clock(gtx layout.Context, b ceremony.ClockBody) layout.Dimensions {
	t := b.Time.UTC()
	pad := image.Pt(gtx.Dp(36), gtx.Dp(56))
	if s.th.Low() {
		pad.Y = gtx.Dp(32)
	}
	return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
		return kit.Column(gtx, gtx.Dp(8),
			s.widget(kit.Style{Size: 132, Face: kit.Mono, Color: kit.Ink, Align: text.Middle}, t.Format("15:04:05")),
			s.widget(kit.Style{Size: 40, Color: kit.Muted, Align: text.Middle}, t.Format("Monday, 2 January 2006, UTC")))
	})
}
