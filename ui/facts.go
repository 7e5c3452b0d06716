package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// facts draws groups of names and values, a card each.
func (s *Screens) facts(gtx layout.Context, b ceremony.FactsBody) layout.Dimensions {
	names := 0
	for _, g := range b.Groups {
		names = max(names, s.nameWidth(gtx, g.Facts))
	}
	var cards []layout.Widget
	pad, gap := image.Pt(gtx.Dp(36), gtx.Dp(26)), gtx.Dp(18)
	if s.th.Low() {
		pad.Y, gap = gtx.Dp(16), gtx.Dp(12)
	}
	for _, g := range b.Groups {
		cards = append(cards, func(gtx layout.Context) layout.Dimensions {
			return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
				return kit.Column(gtx, gtx.Dp(12),
					s.widget(kit.Style{Size: kit.SizeText, Face: kit.Medium, Color: kit.Ink}, g.Title),
					func(gtx layout.Context) layout.Dimensions { return s.table(gtx, g.Facts, names) })
			})
		})
	}
	return kit.Column(gtx, gap, cards...)
}

func factName(gtx layout.Context) kit.Style {
	return kit.Style{Size: kit.SizeText, Color: kit.Muted}
}

// nameWidth is the width of the names' column of a table.
func (s *Screens) nameWidth(gtx layout.Context, facts []ceremony.Fact) int {
	w := gtx.Dp(190)
	for _, f := range facts {
		w = max(w, s.th.Width(gtx, factName(gtx), f.Name))
	}
	return min(w, gtx.Constraints.Max.X*28/100)
}

// table draws rows of names, names pixels wide, and values.
func (s *Screens) table(gtx layout.Context, facts []ceremony.Fact, names int) layout.Dimensions {
	gap := gtx.Dp(30)
	var rows []layout.Widget
	for _, f := range facts {
		rows = append(rows, func(gtx layout.Context) layout.Dimensions {
			value, draw := kit.Style{Size: kit.SizeText, Color: kit.Ink}, s.th.Text
			if f.Mono {
				value.Face, draw = kit.Mono, s.th.Digits
			}
			width := gtx.Constraints.Max.X
			n := s.piece(kit.Loose(gtx, names), func(gtx layout.Context) layout.Dimensions {
				return s.th.Text(gtx, factName(gtx), f.Name)
			})
			v := s.piece(kit.Loose(gtx, width-names-gap), func(gtx layout.Context) layout.Dimensions {
				return draw(gtx, value, f.Value)
			})
			kit.Put(gtx, 0, 0, n.call)
			kit.Put(gtx, names+gap, 0, v.call)
			return layout.Dimensions{Size: image.Pt(width, max(n.size.Y, v.size.Y))}
		})
	}
	return kit.Column(gtx, gtx.Dp(11), rows...)
}
