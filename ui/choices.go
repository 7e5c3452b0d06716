package ui

import (
	"fmt"
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// choiceID names the target of item i of a list.
func choiceID(i int) string { return fmt.Sprint("choice:", i) }

// choiceList draws a list of which one is picked.
func (s *Screens) choiceList(gtx layout.Context, b ceremony.ChoicesBody) layout.Dimensions {
	gap, y := gtx.Dp(12), 0
	for i := range b.Choices {
		s.newRow()
		d := kit.At(gtx, 0, y, func(gtx layout.Context) layout.Dimensions {
			return s.choice(gtx, b, i)
		})
		s.revealed(choiceID(i), y-gap, y+d.Size.Y+gap)
		y += d.Size.Y + gap
	}
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, max(0, y-gap))}
}

// hit returns what makes a row or a card answer, and whether it is pressed.
func (s *Screens) hit(gtx layout.Context, i int, c ceremony.Choice) (kit.Hit, bool) {
	h := kit.Hit{Label: c.Label, Why: c.Why, Radius: gtx.Dp(10)}
	if c.Why != "" {
		return h, false
	}
	t := s.target(gtx, choiceID(i), target{send: ceremony.Pick{Index: i}})
	h.Click, h.Focused = &t.click, s.focus == choiceID(i)
	return h, t.click.Pressed()
}

// choice draws one row: its number, its name, and under it what it is or why it
// cannot be picked. The number is muted where it is no key.
func (s *Screens) choice(gtx layout.Context, b ceremony.ChoicesBody, i int) layout.Dimensions {
	c := b.Choices[i]
	h, pressed := s.hit(gtx, i, c)
	number, label := s.choiceStyles(c, b.Keys())
	return h.Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		width, pad := gtx.Constraints.Max.X, image.Pt(gtx.Dp(28), gtx.Dp(16))
		indent := pad.X + gtx.Dp(72)
		body := s.piece(kit.Wide(gtx, width-indent-pad.X), func(gtx layout.Context) layout.Dimensions {
			gtx = kit.Wide(gtx, width-indent-pad.X)
			return kit.Column(gtx, gtx.Dp(2),
				s.widget(label, c.Label),
				s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Muted}, c.Detail),
				s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Amber}, c.Why))
		})
		size := image.Pt(width, max(gtx.Dp(88), s.th.Touch(), body.size.Y+2*pad.Y))
		s.choiceBox(gtx, size, c, pressed)
		n := s.piece(gtx, s.widget(number, fmt.Sprint(b.Number(i))))
		kit.Put(gtx, pad.X, (size.Y-n.size.Y)/2, n.call)
		kit.Put(gtx, indent, (size.Y-body.size.Y)/2, body.call)
		return layout.Dimensions{Size: size}
	})
}

func (s *Screens) choiceStyles(c ceremony.Choice, isKey bool) (number, label kit.Style) {
	number = kit.Style{Size: 40, Face: kit.Mono, Color: kit.Oxide}
	label = kit.Style{Size: kit.SizeAction, Face: kit.Medium, Color: kit.Ink}
	if !isKey {
		number.Color = kit.Muted
	}
	if c.Why != "" {
		number.Color, label.Color = kit.Disabled, kit.Disabled
	}
	return number, label
}

func (s *Screens) choiceBox(gtx layout.Context, size image.Point, c ceremony.Choice, pressed bool) {
	rim, fill := kit.Line, kit.White
	switch {
	case c.Why != "":
		fill = kit.Paper
	case pressed:
		rim, fill = kit.Ink, kit.Halo
	}
	kit.CardBox(gtx, image.Rectangle{Max: size}, rim, fill)
}
