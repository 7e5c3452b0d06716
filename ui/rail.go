package ui

import (
	"fmt"
	"image"
	"strings"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/kit"
)

// head is a digest that witnesses can note at any time.
type head struct{ name, digits string }

// heads returns the log's and the tree's head, none before a disc was read.
func heads(v *ceremony.View) []head {
	var hs []head
	if v.LogHead != "" {
		hs = append(hs, head{fmt.Sprintf("Log head, %s records", grouped(v.Records)), short(v.LogHead)})
	}
	if v.TreeHead != "" {
		hs = append(hs, head{"Tree head", short(v.TreeHead)})
	}
	return hs
}

// short is the first twelve digits of a digest, in groups of four.
func short(hex string) string {
	return strings.Join(kit.Groups(hex[:min(12, len(hex))]), " ")
}

// grouped writes a number in groups of three.
func grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// phases returns those that have a name.
func phases(v *ceremony.View) []ceremony.Phase {
	var ps []ceremony.Phase
	for _, p := range v.Phases {
		if p.Name != "" {
			ps = append(ps, p)
		}
	}
	return ps
}

// rail draws the operation and its phases, and at its foot the heads, which are
// left out while a share is in the open.
func (s *Screens) rail(gtx layout.Context, v *ceremony.View, r image.Rectangle, secret bool) {
	kit.Fill(gtx.Ops, r, kit.Rail)
	kit.Fill(gtx.Ops, image.Rect(r.Max.X-max(1, gtx.Dp(1)), r.Min.Y, r.Max.X, r.Max.Y), kit.Line)
	margin := gtx.Dp(28)
	defer op.Offset(r.Min.Add(image.Pt(margin, margin))).Push(gtx.Ops).Pop()
	gtx = kit.Wide(gtx, r.Dx()-2*margin)
	kit.Column(gtx, gtx.Dp(32),
		s.widget(kit.Style{Size: kit.SizeDetail, Color: kit.Muted}, v.Operation),
		func(gtx layout.Context) layout.Dimensions { return kit.PhaseRail(gtx, s.th, phases(v)) })
	if secret {
		return
	}
	var lines []layout.Widget
	for _, h := range heads(v) {
		lines = append(lines,
			s.widget(kit.Style{Size: kit.SizeSmall, Color: kit.Muted}, h.name),
			s.widget(kit.Style{Size: kit.SizeDetail, Face: kit.Mono, Color: kit.Ink}, h.digits))
	}
	d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions { return kit.Column(gtx, gtx.Dp(4), lines...) })
	kit.Put(gtx, 0, r.Dy()-2*margin-d.Size.Y, call)
}

// strip draws the same on two lines under the top bar.
func (s *Screens) strip(gtx layout.Context, v *ceremony.View, secret bool) layout.Dimensions {
	width, margin, pad := gtx.Constraints.Max.X, gtx.Dp(48), gtx.Dp(8)
	d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions {
		gtx = kit.Wide(gtx, width-2*margin)
		return kit.Column(gtx, gtx.Dp(6),
			func(gtx layout.Context) layout.Dimensions { return s.stripHeads(gtx, v, secret) },
			func(gtx layout.Context) layout.Dimensions { return kit.PhaseStrip(gtx, s.th, phases(v)) })
	})
	size := image.Pt(width, d.Size.Y+2*pad)
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.Rail)
	kit.Fill(gtx.Ops, image.Rect(0, size.Y-max(1, gtx.Dp(1)), width, size.Y), kit.Line)
	kit.Put(gtx, margin, pad, call)
	return layout.Dimensions{Size: size}
}

// stripHeads draws the operation at the left and the heads at the right.
func (s *Screens) stripHeads(gtx layout.Context, v *ceremony.View, secret bool) layout.Dimensions {
	width := gtx.Constraints.Max.X
	x, high := width, 0
	hs := heads(v)
	if secret {
		hs = nil
	}
	for i := len(hs) - 1; i >= 0; i-- {
		p := s.piece(gtx, func(gtx layout.Context) layout.Dimensions {
			return s.beside(gtx, gtx.Dp(8),
				kit.Style{Size: kit.SizeSmall, Color: kit.Muted}, hs[i].name,
				kit.Style{Size: kit.SizeSmall, Face: kit.Mono, Color: kit.Ink}, hs[i].digits)
		})
		x -= p.size.X
		kit.Put(gtx, x, 0, p.call)
		x -= gtx.Dp(24)
		high = max(high, p.size.Y)
	}
	op := s.piece(kit.Loose(gtx, x), s.widget(kit.Style{Size: kit.SizeNote, Face: kit.Medium, Color: kit.Muted}, v.Operation))
	kit.Put(gtx, 0, 0, op.call)
	return layout.Dimensions{Size: image.Pt(width, max(high, op.size.Y))}
}

// beside draws two texts on one line and one baseline.
func (s *Screens) beside(gtx layout.Context, gap int, sa kit.Style, a string, sb kit.Style, b string) layout.Dimensions {
	da, ca := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions { return s.th.Line(gtx, sa, a) })
	db, cb := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions { return s.th.Line(gtx, sb, b) })
	up := max(da.Size.Y-da.Baseline, db.Size.Y-db.Baseline)
	down := max(da.Baseline, db.Baseline)
	kit.Put(gtx, 0, up-(da.Size.Y-da.Baseline), ca)
	kit.Put(gtx, da.Size.X+gap, up-(db.Size.Y-db.Baseline), cb)
	return layout.Dimensions{Size: image.Pt(da.Size.X+gap+db.Size.X, up+down)}
}

// widget returns a widget that draws text in a style, nil if there is none.
func (s *Screens) widget(st kit.Style, text string) layout.Widget {
	if text == "" {
		return nil
	}
	return func(gtx layout.Context) layout.Dimensions { return s.th.Text(gtx, st, text) }
}
