package ui

import (
	"fmt"
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// text draws one line of text being typed, what was entered before, and, once a
// finger was used, a keyboard.
func (s *Screens) text(gtx layout.Context, b ceremony.TextBody) layout.Dimensions {
	hint := kit.Style{Size: kit.SizeDetail, Color: kit.Muted}
	hintText := s.widget(hint, b.Hint)
	if b.Wrong && b.Hint != "" {
		hintText = func(gtx layout.Context) layout.Dimensions { return s.wrong(gtx, b.Hint) }
	}
	var listed, keys layout.Widget
	if len(b.Listed) > 0 {
		listed = func(gtx layout.Context) layout.Dimensions { return s.listed(gtx, b.Listed) }
	}
	label := s.widget(kit.Style{Size: kit.SizeDetail, Face: kit.Medium, Color: kit.Soft}, b.Label)
	if s.keysDrawn(b) {
		keys = func(gtx layout.Context) layout.Dimensions { return s.textKeys(gtx, b) }
	}
	return kit.Column(gtx, gtx.Dp(14),
		label,
		func(gtx layout.Context) layout.Dimensions { return kit.Field(gtx, s.th, b.Value, b.Mono, b.Wrong) },
		hintText, keys, listed)
}

// wrong draws what is wrong with a text, with its sign.
func (s *Screens) wrong(gtx layout.Context, what string) layout.Dimensions {
	sign, gap := gtx.Dp(26), gtx.Dp(10)
	d := kit.At(kit.Loose(gtx, gtx.Constraints.Max.X-sign-gap), sign+gap, 0,
		s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Oxide}, what))
	kit.Sign(gtx.Ops, image.Rect(0, 0, sign, sign), kit.Danger, kit.Oxide)
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, max(sign, d.Size.Y))}
}

// listed draws what was entered before, numbered, in two columns.
func (s *Screens) listed(gtx layout.Context, items []string) layout.Dimensions {
	return kit.Card(gtx, image.Pt(gtx.Dp(28), gtx.Dp(20)), func(gtx layout.Context) layout.Dimensions {
		half := (gtx.Constraints.Max.X - gtx.Dp(40)) / 2
		number := kit.Style{Size: kit.SizeNote, Face: kit.Mono, Color: kit.Muted}
		indent := s.th.Width(gtx, number, "00") + gtx.Dp(16)
		y, rowHigh := 0, 0
		for i, item := range items {
			x := i % 2 * (half + gtx.Dp(40))
			if i%2 == 0 && i > 0 {
				y, rowHigh = y+rowHigh+gtx.Dp(10), 0
			}
			d := kit.At(kit.Loose(gtx, half-indent), x+indent, y, s.widget(kit.Style{Size: kit.SizeText, Color: kit.Ink}, item))
			one := s.th.Measure(gtx, kit.Style{Size: kit.SizeText}, "x", half).Y
			n := s.piece(gtx, s.widget(number, fmt.Sprint(i+1)))
			kit.Put(gtx, x+indent-gtx.Dp(16)-n.size.X, y+(one-n.size.Y)/2, n.call)
			rowHigh = max(rowHigh, d.Size.Y)
		}
		return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, y+rowHigh)}
	})
}
