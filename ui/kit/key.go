package kit

import (
	"image"
	"image/color"

	"gioui.org/layout"
	"gioui.org/op"
)

// Key is one key of the on-screen keyboard, a candidate word, or a letter.
type Key struct {
	Face    string                                      // drawn in Go Mono
	Sign    func(*op.Ops, image.Rectangle, color.NRGBA) // drawn instead of Face
	Strong  bool                                        // ink rim: a word rather than a letter
	Latched bool                                        // shift is on
	Pressed bool
	Hit
}

// Layout draws the key in a rectangle of size pixels.
func (k Key) Layout(gtx layout.Context, th *Theme, size image.Point) layout.Dimensions {
	k.Radius = gtx.Dp(6)
	return k.Hit.Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		return k.draw(gtx, th, size)
	})
}

func (k Key) draw(gtx layout.Context, th *Theme, size image.Point) layout.Dimensions {
	rim, fill, ink := Line, White, Ink
	border := max(1, gtx.Dp(1))
	switch {
	case k.Click == nil:
		fill, ink = KeyDim, Disabled
	case k.Pressed:
		rim, fill = Ink, Halo
	case k.Latched:
		rim, fill, ink = Ink, Ink, White
	}
	if k.Strong {
		rim, border = Ink, max(1, gtx.Dp(2))
	}
	Box(gtx.Ops, image.Rectangle{Max: size}, gtx.Dp(6), border, rim, fill)
	if k.Sign != nil {
		side := min(gtx.Dp(32), size.X-gtx.Dp(8))
		x, y := (size.X-side)/2, (size.Y-side*3/4)/2
		k.Sign(gtx.Ops, image.Rect(x, y, x+side, y+side*3/4), ink)
		return layout.Dimensions{Size: size}
	}
	st := Style{Size: SizeAction, Face: Mono, Color: ink}
	if k.Strong {
		st.Size = SizeSentence
	}
	d, call := Record(gtx, func(gtx layout.Context) layout.Dimensions { return th.Line(gtx, st, k.Face) })
	Put(gtx, (size.X-d.Size.X)/2, (size.Y-d.Size.Y)/2, call)
	return layout.Dimensions{Size: size}
}
