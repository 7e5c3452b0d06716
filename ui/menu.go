package ui

import (
	"fmt"
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// menuColumns is the number of cards in a row.
const menuColumns = 3

// menu draws the operations as cards, three a row.
func (s *Screens) menu(gtx layout.Context, b ceremony.MenuBody) layout.Dimensions {
	gap, width, y := gtx.Dp(18), gtx.Constraints.Max.X, 0
	wide := (width - (menuColumns-1)*gap) / menuColumns
	isKey := len(b.Cards) <= 9
	high := gtx.Dp(120)
	if !s.th.Low() {
		high = gtx.Dp(150)
	}
	for _, c := range b.Cards {
		high = max(high, s.cardText(kit.Wide(gtx, wide), c).size.Y+2*gtx.Dp(24))
	}
	for i, c := range b.Cards {
		col := i % menuColumns
		if col == 0 {
			if i > 0 {
				y += high + gap
			}
			s.newRow()
		}
		kit.At(kit.Wide(gtx, wide), col*(wide+gap), y, func(gtx layout.Context) layout.Dimensions {
			return s.menuCard(gtx, i, c, high, isKey)
		})
		s.revealed(choiceID(i), y-gap, y+high+gap)
	}
	if len(b.Cards) > 0 {
		y += high
	}
	return layout.Dimensions{Size: image.Pt(width, y)}
}

// cardIndent is where the words of a card begin.
func (s *Screens) cardIndent(gtx layout.Context) int {
	if s.th.Low() {
		return gtx.Dp(70)
	}
	return gtx.Dp(112)
}

// cardText lays out what a card of the maximal width says: why it cannot be
// picked, in place of what it does.
func (s *Screens) cardText(gtx layout.Context, c ceremony.Choice) piece {
	_, label := s.choiceStyles(c, true)
	detail := kit.Style{Size: kit.SizeDetail, Color: kit.Muted}
	said := c.Detail
	if c.Why != "" {
		said = c.Why
	}
	width := gtx.Constraints.Max.X - s.cardIndent(gtx) - gtx.Dp(16)
	return s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
		return kit.Column(kit.Wide(gtx, width), gtx.Dp(4), s.widget(label, c.Label), s.widget(detail, said))
	})
}

func (s *Screens) menuCard(gtx layout.Context, i int, c ceremony.Choice, high int, isKey bool) layout.Dimensions {
	h, pressed := s.hit(gtx, i, c)
	number, label := s.choiceStyles(c, isKey)
	return h.Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		size := image.Pt(gtx.Constraints.Max.X, high)
		s.choiceBox(gtx, size, c, pressed)
		words := s.cardText(gtx, c)
		n := s.piece(gtx, s.widget(number, fmt.Sprint(i+1)))
		top := gtx.Dp(24)
		one := s.th.Measure(gtx, label, "x", size.X).Y
		kit.Put(gtx, s.cardIndent(gtx)*28/100, top+(one-n.size.Y)/2, n.call)
		kit.Put(gtx, s.cardIndent(gtx), top, words.call)
		return layout.Dimensions{Size: size}
	})
}
