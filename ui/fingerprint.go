package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// fingerprint draws a digest in large groups, its QR code beside it, and under
// both what it is of.
func (s *Screens) fingerprint(gtx layout.Context, b ceremony.FingerprintBody) layout.Dimensions {
	gap, pad := gtx.Dp(24), image.Pt(gtx.Dp(36), gtx.Dp(22))
	if s.th.Low() {
		gap, pad.Y = gtx.Dp(12), gtx.Dp(11)
	}
	room := gtx.Constraints.Max.Y
	var facts piece
	if len(b.Facts) > 0 {
		facts = s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
			return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
				return s.table(gtx, b.Facts, s.nameWidth(gtx, b.Facts))
			})
		})
		room -= facts.size.Y + gap
	}
	d := s.digest(gtx, b, gap, room)
	if facts.size.Y == 0 {
		return d
	}
	kit.Put(gtx, 0, d.Size.Y+gap, facts.call)
	return layout.Dimensions{Size: image.Pt(d.Size.X, d.Size.Y+gap+facts.size.Y)}
}

// digest draws the groups and the code, each on its card, of the same height:
// room pixels if the groups stay large enough to be read from afar.
func (s *Screens) digest(gtx layout.Context, b ceremony.FingerprintBody, gap, room int) layout.Dimensions {
	width, pad := gtx.Constraints.Max.X, image.Pt(gtx.Dp(36), gtx.Dp(28))
	if s.th.Low() {
		pad = image.Pt(gtx.Dp(24), gtx.Dp(13))
	}
	code, codeWide := piece{}, 0
	if b.QR != "" {
		side := max(s.th.QRLeast(b.QR), min(gtx.Dp(450), width*3/10, room-2*gtx.Dp(2)))
		code = s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return s.th.QR(gtx, b.QR, side) })
		codeWide = code.size.X + 2*gtx.Dp(2)
	}
	left := width
	if code.size.X > 0 {
		left -= codeWide + gap
	}
	of := s.piece(kit.Loose(gtx, left-2*pad.X), s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Muted}, b.Of))
	g := kit.Loose(gtx, left-2*pad.X)
	g.Constraints.Max.Y = max(gtx.Dp(250), room-2*pad.Y-of.size.Y-gtx.Dp(6))
	digits := s.piece(g, func(gtx layout.Context) layout.Dimensions { return kit.Fingerprint(gtx, s.th, b.Hex) })
	inner := of.size.Y + gtx.Dp(6) + digits.size.Y
	high := max(inner+2*pad.Y, code.size.Y+2*gtx.Dp(2))
	kit.CardBox(gtx, image.Rect(0, 0, left, high), kit.Line, kit.White)
	y := (high - inner) / 2
	kit.Put(gtx, pad.X, y, of.call)
	kit.Put(gtx, pad.X, y+of.size.Y+gtx.Dp(6), digits.call)
	if code.size.X > 0 {
		r := image.Rect(left+gap, 0, width, high)
		kit.CardBox(gtx, r, kit.Line, kit.White)
		kit.Put(gtx, r.Min.X+(r.Dx()-code.size.X)/2, (high-code.size.Y)/2, code.call)
	}
	return layout.Dimensions{Size: image.Pt(width, high)}
}
