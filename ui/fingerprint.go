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
	gap := gtx.Dp(24)
	if s.th.Low() {
		gap = gtx.Dp(16)
	}
	var facts layout.Widget
	if len(b.Facts) > 0 {
		facts = func(gtx layout.Context) layout.Dimensions {
			return kit.CardOf(gtx, image.Pt(gtx.Dp(36), gtx.Dp(22)), 0, func(gtx layout.Context) layout.Dimensions {
				return s.table(gtx, b.Facts, s.nameWidth(gtx, b.Facts))
			})
		}
	}
	return kit.Column(gtx, gap,
		func(gtx layout.Context) layout.Dimensions { return s.digest(gtx, b, gap) }, facts)
}

// digest draws the groups and the code, each on its card, of the same height.
func (s *Screens) digest(gtx layout.Context, b ceremony.FingerprintBody, gap int) layout.Dimensions {
	width, pad := gtx.Constraints.Max.X, image.Pt(gtx.Dp(36), gtx.Dp(28))
	if s.th.Low() {
		pad = image.Pt(gtx.Dp(24), gtx.Dp(16))
	}
	code, codeWide := piece{}, 0
	if b.QR != "" {
		side := max(s.th.QRLeast(b.QR), min(gtx.Dp(430), width*3/10))
		code = s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return s.th.QR(gtx, b.QR, side) })
		codeWide = code.size.X + 2*gtx.Dp(8)
	}
	left := width
	if code.size.X > 0 {
		left -= codeWide + gap
	}
	of := s.piece(kit.Loose(gtx, left-2*pad.X), s.textOf(kit.Style{Size: kit.SizeDetail, Color: kit.Muted}, b.Of))
	g := kit.Loose(gtx, left-2*pad.X)
	g.Constraints.Max.Y = 1 << 20
	digits := s.piece(g, func(gtx layout.Context) layout.Dimensions { return kit.Fingerprint(gtx, s.th, b.Hex) })
	inner := of.size.Y + gtx.Dp(6) + digits.size.Y
	high := max(inner+2*pad.Y, code.size.Y+2*gtx.Dp(8))
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
