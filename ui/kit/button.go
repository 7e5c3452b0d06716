package kit

import (
	"image"
	"image/color"

	"gioui.org/layout"
	"gioui.org/op"
)

// Look is how a button is coloured.
type Look uint8

const (
	Outline Look = iota // ink on white
	Filled              // white on ink
	Warning             // oxide on white
)

// Button is an action at the foot of a screen: what happens, and its key.
type Button struct {
	Label, Key string
	Look       Look
	Tight      bool // narrow margins and smaller type, for small screens
	Pressed    bool
	Hit
}

// Layout draws the button at its natural width, height pixels high.
func (b Button) Layout(gtx layout.Context, th *Theme, height int) layout.Dimensions {
	b.Hit.Label, b.Radius = b.Label, gtx.Dp(8)
	return b.Hit.Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		return b.draw(gtx, th, height)
	})
}

func (b Button) draw(gtx layout.Context, th *Theme, height int) layout.Dimensions {
	rim, fill, ink, small := b.colours()
	margin, gap, size := gtx.Dp(40), gtx.Dp(18), float32(SizeAction)
	if b.Tight {
		margin, gap, size = gtx.Dp(20), gtx.Dp(12), SizeText
	}
	gtx = Loose(gtx, gtx.Constraints.Max.X)
	label, drawLabel := Record(gtx, func(gtx layout.Context) layout.Dimensions {
		return th.Line(gtx, Style{Size: size, Face: Medium, Color: ink}, b.Label)
	})
	cap, drawCap := Record(gtx, func(gtx layout.Context) layout.Dimensions {
		return KeyCap(gtx, th, b.Key, small)
	})
	if b.Key == "" {
		gap = 0
	}
	w := margin + label.Size.X + gap + cap.Size.X + margin
	w = max(w, gtx.Dp(160))
	Box(gtx.Ops, image.Rect(0, 0, w, height), gtx.Dp(8), max(1, gtx.Dp(2)), rim, fill)
	x := (w - label.Size.X - gap - cap.Size.X) / 2
	capX, labelX := x, x+cap.Size.X+gap
	if b.Look == Filled {
		labelX, capX = x, x+label.Size.X+gap
	}
	Put(gtx, labelX, (height-label.Size.Y)/2, drawLabel)
	Put(gtx, capX, (height-cap.Size.Y)/2, drawCap)
	return layout.Dimensions{Size: image.Pt(w, height)}
}

func (b Button) colours() (rim, fill, ink, small color.NRGBA) {
	switch {
	case b.Click == nil:
		return RailRim, White, Disabled, Disabled
	case b.Look == Filled && b.Pressed:
		return Soft, Soft, BarText, BarText
	case b.Look == Filled:
		return Ink, Ink, BarText, BarMuted
	case b.Look == Warning && b.Pressed:
		return Oxide, OxidePaper, Oxide, Oxide
	case b.Look == Warning:
		return Oxide, White, Oxide, Oxide
	case b.Pressed:
		return Ink, Halo, Ink, Ink
	}
	return Ink, White, Ink, Muted
}

// KeyCap draws the name of a key in a small frame; nothing if it has none.
func KeyCap(gtx layout.Context, th *Theme, name string, c color.NRGBA) layout.Dimensions {
	if name == "" {
		return layout.Dimensions{}
	}
	m := op.Record(gtx.Ops)
	d := th.Line(gtx, Style{Size: SizeSmall, Face: Mono, Color: c}, name)
	draw := m.Stop()
	size := image.Pt(d.Size.X+2*gtx.Dp(9), d.Size.Y+2*gtx.Dp(2))
	frame(gtx, image.Rectangle{Max: size}, gtx.Dp(5), max(1, gtx.Dp(1)), c)
	Put(gtx, (size.X-d.Size.X)/2, (size.Y-d.Size.Y)/2, draw)
	return layout.Dimensions{Size: size}
}
