package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// steps draws long work as the list of its steps.
func (s *Screens) steps(gtx layout.Context, b ceremony.StepsBody) layout.Dimensions {
	pad := image.Pt(gtx.Dp(36), gtx.Dp(20))
	return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
		var rows []layout.Widget
		for i, st := range b.Steps {
			rows = append(rows, func(gtx layout.Context) layout.Dimensions {
				return s.step(gtx, st, i+1 < len(b.Steps))
			})
		}
		return kit.Column(gtx, 0, rows...)
	})
}

// step draws one step: its sign, its name, its time, and a bar while it runs.
func (s *Screens) step(gtx layout.Context, w ceremony.WorkStep, rule bool) layout.Dimensions {
	width, indent, gap := gtx.Constraints.Max.X, gtx.Dp(52), gtx.Dp(24)
	name := kit.Style{Size: kit.SizeSentence, Color: kit.Ink}
	if w.State == ceremony.ToCome {
		name.Color = kit.Muted
	}
	detail := s.piece(kit.Loose(gtx, (width-indent)/2), s.widget(kit.Style{Size: kit.SizeDetail, Face: kit.Mono, Color: kit.Muted}, w.Detail))
	label := s.piece(kit.Loose(gtx, width-indent-gap-detail.size.X), s.widget(name, w.Label))
	high := max(gtx.Dp(66), label.size.Y+gtx.Dp(24), detail.size.Y+gtx.Dp(24))
	sign := gtx.Dp(26)
	stepSign(gtx, w.State, image.Rect(0, (high-sign)/2, sign, (high-sign)/2+sign))
	kit.Put(gtx, indent, (high-label.size.Y)/2, label.call)
	kit.Put(gtx, width-detail.size.X, (high-detail.size.Y)/2, detail.call)
	if w.State == ceremony.Current {
		high += kit.At(kit.Wide(gtx, width-indent), indent, high-gtx.Dp(4), func(gtx layout.Context) layout.Dimensions {
			return kit.Progress(gtx, w.Fraction)
		}).Size.Y + gtx.Dp(20)
	}
	if rule {
		kit.Fill(gtx.Ops, image.Rect(0, high-max(1, gtx.Dp(1)), width, high), kit.Line)
	}
	return layout.Dimensions{Size: image.Pt(width, high)}
}

// stepSign paints the sign of how far a step is.
func stepSign(gtx layout.Context, st ceremony.PhaseState, r image.Rectangle) {
	small := r.Inset(r.Dx() / 4)
	switch st {
	case ceremony.Done:
		kit.Check(gtx.Ops, r, kit.Green)
	case ceremony.Failed:
		kit.Cross(gtx.Ops, r, kit.Oxide)
	case ceremony.Current:
		kit.Disc(gtx.Ops, small, kit.Blue)
	default:
		kit.Ring(gtx.Ops, small, max(1, gtx.Dp(2)), kit.Muted, kit.White)
	}
}
