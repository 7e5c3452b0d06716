package kit

import (
	"image"
	"strconv"

	"anodize/core/ceremony"

	"gioui.org/layout"
)

// PhaseMark draws the sign of phase number n, counted from 1, in a circle of
// size pixels: a tick, a cross, a dash if it is not needed, or its number.
func PhaseMark(gtx layout.Context, th *Theme, n int, state ceremony.PhaseState, size int) layout.Dimensions {
	r := image.Rect(0, 0, size, size)
	number := func(st Style) {
		st.Size = float32(size) / gtx.Metric.PxPerDp * 0.5
		d, call := Record(gtx, func(gtx layout.Context) layout.Dimensions {
			return th.Line(gtx, st, strconv.Itoa(n))
		})
		Put(gtx, (size-d.Size.X)/2, (size-d.Size.Y)/2, call)
	}
	switch state {
	case ceremony.Done:
		Disc(gtx.Ops, r, Green)
		Check(gtx.Ops, r.Inset(size/6), White)
	case ceremony.Failed:
		Disc(gtx.Ops, r, Oxide)
		Cross(gtx.Ops, r.Inset(size/6), White)
	case ceremony.Current:
		Disc(gtx.Ops, r, Ink)
		number(Style{Color: White})
	case ceremony.NotNeeded:
		Ring(gtx.Ops, r, max(1, gtx.Dp(2)), RailRim, Rail)
		middle, thick := size/2, max(1, gtx.Dp(2))
		Fill(gtx.Ops, image.Rect(size/3, middle-thick/2, size-size/3, middle-thick/2+thick), Muted)
	default:
		Ring(gtx.Ops, r, max(1, gtx.Dp(2)), RailRim, Rail)
		number(Style{Color: Muted})
	}
	return layout.Dimensions{Size: r.Max}
}

func phaseStyle(state ceremony.PhaseState, size float32) Style {
	switch state {
	case ceremony.Current:
		return Style{Size: size, Face: Medium, Color: Ink}
	case ceremony.Done:
		return Style{Size: size, Color: Ink}
	case ceremony.Failed:
		return Style{Size: size, Face: Medium, Color: Oxide}
	default:
		return Style{Size: size, Color: Muted}
	}
}

// PhaseRail draws phases under each other, joined by a line.
func PhaseRail(gtx layout.Context, th *Theme, phases []ceremony.Phase) layout.Dimensions {
	mark, pitch, gap := gtx.Dp(36), gtx.Dp(64), gtx.Dp(18)
	thick := max(1, gtx.Dp(2))
	for i, p := range phases {
		y := i * pitch
		if i+1 < len(phases) {
			x := (mark - thick) / 2
			Fill(gtx.Ops, image.Rect(x, y+mark, x+thick, y+pitch), RailRim)
		}
		At(gtx, 0, y, func(gtx layout.Context) layout.Dimensions {
			return PhaseMark(gtx, th, i+1, p.State, mark)
		})
		d, call := Record(Loose(gtx, gtx.Constraints.Max.X-mark-gap), func(gtx layout.Context) layout.Dimensions {
			return th.Text(gtx, phaseStyle(p.State, SizeText), p.Name)
		})
		Put(gtx, mark+gap, y+(mark-d.Size.Y)/2, call)
	}
	return layout.Dimensions{Size: image.Pt(gtx.Constraints.Max.X, len(phases)*pitch)}
}

// PhaseStrip draws phases beside each other over the whole width, each with its
// name, for screens too narrow for a rail.
func PhaseStrip(gtx layout.Context, th *Theme, phases []ceremony.Phase) layout.Dimensions {
	mark, gap := gtx.Dp(32), gtx.Dp(8)
	total := 0
	widths := make([]int, len(phases))
	for i, p := range phases {
		widths[i] = mark + gap + th.Width(gtx, phaseStyle(p.State, SizeNote), p.Name)
		total += widths[i]
	}
	width := gtx.Constraints.Max.X
	between := 0
	if len(phases) > 1 {
		between = max(gap, (width-total)/(len(phases)-1))
	}
	x := 0
	for i, p := range phases {
		At(gtx, x, 0, func(gtx layout.Context) layout.Dimensions {
			return PhaseMark(gtx, th, i+1, p.State, mark)
		})
		d, call := Record(gtx, func(gtx layout.Context) layout.Dimensions {
			return th.Line(gtx, phaseStyle(p.State, SizeNote), p.Name)
		})
		Put(gtx, x+mark+gap, (mark-d.Size.Y)/2, call)
		x += widths[i] + between
	}
	return layout.Dimensions{Size: image.Pt(width, mark)}
}
