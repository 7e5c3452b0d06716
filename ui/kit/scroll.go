package kit

import (
	"image"
	"math"

	"gioui.org/gesture"
	"gioui.org/io/pointer"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
)

// Scroll shows a part of what is higher than its room, and says that more
// follows. The zero Scroll is at the top.
type Scroll struct {
	gesture gesture.Scroll
	offset  int // pixels, from the top
	room    int
	height  int
}

// Update takes drags and the wheel, as delivered since the last frame.
func (s *Scroll) Update(gtx layout.Context) {
	all := pointer.ScrollRange{Min: math.MinInt32 / 2, Max: math.MaxInt32 / 2}
	s.By(s.gesture.Update(gtx.Metric, gtx.Source, gtx.Now, gesture.Vertical, pointer.ScrollRange{}, all))
}

// By moves by pixels, down if positive.
func (s *Scroll) By(px int) {
	s.offset = max(0, min(s.offset+px, s.height-s.room))
}

// Page moves by pages, a little less than what is seen.
func (s *Scroll) Page(pages int) { s.By(pages * s.room * 7 / 8) }

// End moves to the end, or to the start.
func (s *Scroll) End(down bool) {
	if down {
		s.By(s.height)
	} else {
		s.By(-s.height)
	}
}

// Reveal moves so that the lines from y0 to y1 are seen.
func (s *Scroll) Reveal(y0, y1 int) {
	switch {
	case y0 < s.offset:
		s.By(y0 - s.offset)
	case y1 > s.offset+s.room:
		s.By(y1 - s.offset - s.room)
	}
}

// Near tells whether any of the lines from y0 to y1 is in sight, or nearly; of what does
// not scroll all is.
func (s *Scroll) Near(y0, y1 int) bool {
	return s.room <= 0 || y1 >= s.offset-s.room/16 && y0 <= s.offset+s.room+s.room/16
}

// Reset goes back to the top.
func (s *Scroll) Reset() { *s = Scroll{} }

// Layout shows content, which is height pixels high, in the maximal height.
// Its last line is a sign that more follows.
func (s *Scroll) Layout(gtx layout.Context, th *Theme, height int, content op.CallOp) layout.Dimensions {
	size := gtx.Constraints.Max
	foot := gtx.Dp(36)
	s.room, s.height = size.Y-foot, height
	s.By(0)
	func() {
		// A focus ring at an edge stands out of the room; it is not cut there.
		out := gtx.Dp(8)
		seen := image.Rect(-out, 0, size.X+out, s.room)
		if s.offset == 0 {
			seen.Min.Y = -out
		}
		defer clip.Rect(seen).Push(gtx.Ops).Pop()
		s.gesture.Add(gtx.Ops)
		Put(gtx, 0, -s.offset, content)
	}()
	Fill(gtx.Ops, image.Rect(0, s.room, size.X, s.room+max(1, gtx.Dp(1))), Line)
	s.sign(gtx, th, image.Rect(0, s.room, size.X, size.Y))
	return layout.Dimensions{Size: size}
}

func (s *Scroll) sign(gtx layout.Context, th *Theme, r image.Rectangle) {
	side := gtx.Dp(24)
	st := Style{Size: SizeSmall, Color: Blue}
	mid := (r.Min.Y + r.Max.Y) / 2
	x := r.Min.X
	one := func(word string, up bool) {
		Chevron(gtx.Ops, image.Rect(x, mid-side/2, x+side, mid+side/2), up, Blue)
		x += side + gtx.Dp(6)
		d, call := Record(gtx, func(gtx layout.Context) layout.Dimensions { return th.Line(gtx, st, word) })
		Put(gtx, x, mid-d.Size.Y/2, call)
		x += d.Size.X + gtx.Dp(28)
	}
	if s.offset < s.height-s.room {
		one("More below", false)
	}
	if s.offset > 0 {
		one("More above", true)
	}
	// A bar at the right tells how much is seen.
	w := gtx.Dp(160)
	bar := image.Rect(r.Max.X-w, mid-gtx.Dp(3), r.Max.X, mid+gtx.Dp(3))
	Round(gtx.Ops, bar, bar.Dy()/2, Track)
	from := bar.Min.X + w*s.offset/s.height
	to := min(bar.Max.X, from+max(bar.Dy(), w*s.room/s.height))
	Round(gtx.Ops, image.Rect(from, bar.Min.Y, to, bar.Max.Y), bar.Dy()/2, Blue)
}
