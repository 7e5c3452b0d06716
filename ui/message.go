package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// message draws what happened, what is certain, and what to do now.
func (s *Screens) message(gtx layout.Context, b ceremony.MessageBody) layout.Dimensions {
	return kit.Column(gtx, gtx.Dp(18),
		s.part(gtx, "What happened", kit.SizeSentence, b.Happened),
		s.certain(b.Certain),
		s.part(gtx, "What to do now", kit.SizeSentence, b.Do))
}

func (s *Screens) headed(title string, w layout.Widget) layout.Widget {
	return func(gtx layout.Context) layout.Dimensions {
		return kit.Card(gtx, image.Pt(gtx.Dp(36), gtx.Dp(24)), func(gtx layout.Context) layout.Dimensions {
			return kit.Column(gtx, gtx.Dp(8),
				s.widget(kit.Style{Size: kit.SizeNote, Face: kit.Medium, Color: kit.Muted}, title), w)
		})
	}
}

// part is a card with one text, nil if there is none.
func (s *Screens) part(gtx layout.Context, title string, size float32, text string) layout.Widget {
	if text == "" {
		return nil
	}
	return s.headed(title, s.widget(kit.Style{Size: size, Color: kit.Ink}, text))
}

// certain is a card with what is certain, a line each.
func (s *Screens) certain(lines []string) layout.Widget {
	if len(lines) == 0 {
		return nil
	}
	return s.headed("What is certain", func(gtx layout.Context) layout.Dimensions {
		var rows []layout.Widget
		for _, l := range lines {
			rows = append(rows, func(gtx layout.Context) layout.Dimensions { return s.dotted(gtx, l) })
		}
		return kit.Column(gtx, gtx.Dp(6), rows...)
	})
}

// dotted draws a text with a dot before its first line.
func (s *Screens) dotted(gtx layout.Context, text string) layout.Dimensions {
	st := kit.Style{Size: kit.SizeText, Color: kit.Ink}
	indent, dot := gtx.Dp(28), gtx.Dp(9)
	width := gtx.Constraints.Max.X
	one := s.th.Measure(gtx, st, "x", width).Y
	kit.Disc(gtx.Ops, image.Rect(0, (one-dot)/2, dot, (one-dot)/2+dot), kit.Blue)
	d := kit.At(kit.Loose(gtx, width-indent), indent, 0, s.widget(st, text))
	return layout.Dimensions{Size: image.Pt(width, d.Size.Y)}
}
