package kit

import (
	"image"

	"gioui.org/gesture"
	"gioui.org/io/semantic"
	"gioui.org/layout"
	"gioui.org/op/clip"
)

// Hit makes what it draws answer to a pointer and to the semantic tree.
type Hit struct {
	Click   *gesture.Click // nil: cannot be pressed
	Label   string         // in the semantic tree
	Why     string         // why it cannot be pressed, in the semantic tree
	Focused bool           // draw the ring
	Radius  int            // of the ring's corners, pixels
}

// Layout draws w, which fills the rectangle that it returns.
func (h Hit) Layout(gtx layout.Context, w layout.Widget) layout.Dimensions {
	d, call := Record(gtx, w)
	r := image.Rectangle{Max: d.Size}
	if h.Focused {
		FocusRing(gtx, r, h.Radius)
	}
	defer clip.Rect(r).Push(gtx.Ops).Pop()
	semantic.Button.Add(gtx.Ops)
	semantic.LabelOp(h.Label).Add(gtx.Ops)
	semantic.EnabledOp(h.Click != nil).Add(gtx.Ops)
	if h.Why != "" {
		semantic.DescriptionOp(h.Why).Add(gtx.Ops)
	}
	if h.Click != nil {
		h.Click.Add(gtx.Ops)
	}
	call.Add(gtx.Ops)
	return d
}

// FocusRing draws the focus ring around r: three pixels of ink with a pale halo.
func FocusRing(gtx layout.Context, r image.Rectangle, radius int) {
	w := max(2, gtx.Dp(3))
	Round(gtx.Ops, r.Inset(-2*w), radius+2*w, Halo)
	Round(gtx.Ops, r.Inset(-w), radius+w, Ink)
}
