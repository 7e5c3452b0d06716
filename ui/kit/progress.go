package kit

import (
	"image"

	"gioui.org/layout"
	"gioui.org/op/clip"
)

// Progress draws a bar, filled to a fraction between 0 and 1. Below 0 the
// fraction is not known, and a band in the middle says that work goes on.
func Progress(gtx layout.Context, fraction float64) layout.Dimensions {
	size := image.Pt(gtx.Constraints.Max.X, gtx.Dp(18))
	r := image.Rectangle{Max: size}
	Round(gtx.Ops, r, size.Y/2, Track)
	done := image.Rect(0, 0, int(min(1, fraction)*float64(size.X)), size.Y)
	if fraction < 0 {
		done = image.Rect(size.X/3, 0, size.X*2/3, size.Y)
	}
	if done.Dx() > 0 {
		defer clip.UniformRRect(r, size.Y/2).Push(gtx.Ops).Pop()
		Fill(gtx.Ops, done, Blue)
	}
	return layout.Dimensions{Size: size}
}
