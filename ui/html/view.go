package html

import (
	"image"
	"math"

	"gioui.org/gesture"
	"gioui.org/io/pointer"
	"gioui.org/io/semantic"
	"gioui.org/layout"
	"gioui.org/op/clip"
)

// View shows a page in a window that scrolls. Touch and the wheel come to it by
// itself; keys and letters are given to it with Key and Type, by whoever has the
// focus. It is not safe for concurrent use.
type View struct {
	// Follow is called when a link to another page is pressed. Without it such a
	// link does nothing.
	Follow func(Link)

	page  *Page
	fonts *Fonts

	laid  *Layout
	width int
	rem   float32
	open  []bool // by number of a details

	drag   gesture.Scroll
	tap    gesture.Click
	room   image.Point // of the last frame, without the find bar
	offset int         // pixels
	goal   string      // an anchor to go to when the page is laid out
	focus  int         // link or summary, -1: none
	shown  bool        // the focus was moved: scroll to it

	finding bool // letters go to the query
	slash   bool // it began with a slash, which comes as a letter, too
	query   string
	marks   []mark
	current int // of marks
}

// RemDp is the size of a page's ordinary type in device-independent pixels.
const RemDp = 24

// NewView returns a view of the page's beginning.
func NewView(fonts *Fonts, page *Page) *View {
	v := &View{fonts: fonts}
	v.Show(page)
	return v
}

// Show shows another page, from its beginning.
func (v *View) Show(page *Page) {
	*v = View{Follow: v.Follow, fonts: v.fonts, page: page, open: append([]bool(nil), page.folds...), focus: -1}
}

// GoTo scrolls to the element with an id, and reports whether there is one.
// Details that hold it are opened.
func (v *View) GoTo(id string) bool {
	b, ok := v.page.anchors[id]
	if !ok {
		return false
	}
	v.unfold(b)
	v.goal = id
	return true
}

// unfold opens the details around a box.
func (v *View) unfold(b *box) {
	var path func(at *box) bool
	path = func(at *box) bool {
		if at == b {
			return true
		}
		for _, k := range at.kids {
			if path(k) {
				if k.fold > 0 && !k.folds {
					v.setFold(k.fold-1, true)
				}
				return true
			}
		}
		return false
	}
	path(v.page.body)
}

func (v *View) setFold(n int, open bool) {
	if v.open[n] != open {
		v.open[n] = open
		v.laid = nil
	}
}

// Layout draws the view over the maximal size.
func (v *View) Layout(gtx layout.Context) layout.Dimensions {
	size := gtx.Constraints.Max
	v.arrange(gtx, size)
	v.Update(gtx)
	v.arrange(gtx, size)
	v.settle()
	paintRect(gtx.Ops, image.Rectangle{Max: size}, paper)
	v.paint(gtx)
	if v.Searching() {
		v.findBar(gtx, size)
	}
	return layout.Dimensions{Size: size}
}

// arrange lays the page out again if its width, its size or its details changed.
// What stood at the top stays there.
func (v *View) arrange(gtx layout.Context, size image.Point) {
	v.room = size
	if v.Searching() {
		v.room.Y = max(0, size.Y-v.barHeight(gtx))
	}
	width := size.X - gtx.Dp(scrollBar)
	rem := float32(RemDp) * gtx.Metric.PxPerDp
	if rem <= 0 {
		rem = RemDp
	}
	if v.laid != nil && v.width == width && v.rem == rem {
		return
	}
	old := v.laid
	v.width, v.rem = width, rem
	v.laid = v.page.Layout(width, rem, v.open)
	if old != nil && old.high > 0 && old.width != v.laid.width {
		v.offset = v.offset * v.laid.high / old.high
	}
}

// settle brings the offset to where it may be.
func (v *View) settle() {
	if y, ok := v.laid.Anchor(v.goal); ok {
		v.offset = y - int(v.rem/2)
	}
	v.goal = ""
	if v.shown {
		v.revealFocus()
	}
	v.shown = false
	v.scroll(0)
}

// scroll moves by pixels, down if positive.
func (v *View) scroll(by int) {
	high := 0
	if v.laid != nil {
		high = v.laid.high
	}
	v.offset = max(0, min(v.offset+by, high-v.room.Y))
}

// reveal scrolls so that the lines from y0 to y1 are seen, with a line around.
func (v *View) reveal(y0, y1 int) {
	around := int(v.rem * 1.5)
	switch {
	case y0-around < v.offset:
		v.offset = y0 - around
	case y1+around > v.offset+v.room.Y:
		v.offset = y1 + around - v.room.Y
	}
}

func (v *View) revealFocus() {
	y0, y1 := math.MaxInt, 0
	for _, s := range v.laid.spots {
		if int(s.stop) == v.focus {
			y0, y1 = min(y0, s.Min.Y), max(y1, s.Max.Y)
		}
	}
	if y1 > y0 {
		v.reveal(y0, y1)
	}
}

// Update takes drags, the wheel and taps since the last frame. Layout does so, too; but
// who reads a pointer's events from a larger area must call it before that: a drag is
// not known for one once it was seen to end.
func (v *View) Update(gtx layout.Context) {
	if v.laid == nil {
		return
	}
	all := pointer.ScrollRange{Min: math.MinInt32 / 2, Max: math.MaxInt32 / 2}
	v.scroll(v.drag.Update(gtx.Metric, gtx.Source, gtx.Now, gesture.Vertical, pointer.ScrollRange{}, all))
	for {
		e, ok := v.tap.Update(gtx.Source)
		if !ok {
			return
		}
		if e.Kind == gesture.KindClick {
			v.tapped(e.Position.Add(image.Pt(0, v.offset)), gtx.Dp(32))
		}
	}
}

// tapped presses the link or summary at a place, or the nearest one within reach.
func (v *View) tapped(at image.Point, reach int) {
	best, distance := -1, reach+1
	for _, s := range v.laid.spots {
		dx := max(0, s.Min.X-at.X, at.X-s.Max.X)
		dy := max(0, s.Min.Y-at.Y, at.Y-s.Max.Y)
		if d := max(dx, dy); d < distance {
			best, distance = int(s.stop), d
		}
	}
	if best >= 0 {
		v.press(best)
	}
}

// press follows a link, or folds a details up or down.
func (v *View) press(n int) {
	s := v.page.stops[n]
	switch {
	case s.page != "":
		if v.Follow != nil {
			v.Follow(Link{s.page, s.to})
		}
		return
	case s.to != "":
		v.GoTo(s.to)
		return
	}
	v.focus = n
	v.setFold(s.fold, !v.open[s.fold])
}

// paint draws what is seen of the page, and how much that is.
func (v *View) paint(gtx layout.Context) {
	seen := image.Rectangle{Max: v.room}
	defer clip.Rect(seen).Push(gtx.Ops).Pop()
	v.drag.Add(gtx.Ops)
	v.tap.Add(gtx.Ops)
	v.laid.draw(gtx.Ops, v.fonts, v.offset, v.offset+v.room.Y, v.near())
	v.stops(gtx)
	v.scrollSign(gtx)
}

// near are the marks that may be seen.
func (v *View) near() []mark {
	if len(v.marks) == 0 {
		return nil
	}
	_, lines := v.laid.visible(v.offset, v.offset+v.room.Y)
	paras := map[*para]bool{}
	for _, i := range lines {
		paras[v.laid.lines[i].para] = true
	}
	var near []mark
	for i, m := range v.marks {
		if paras[m.para] {
			m.current = i == v.current
			near = append(near, m)
		}
	}
	return near
}

// stops tells the semantic tree of the links and summaries that are seen, and
// draws the ring around the one in focus.
func (v *View) stops(gtx layout.Context) {
	for _, s := range v.laid.spots {
		r := s.Sub(image.Pt(0, v.offset))
		if r.Max.Y < 0 || r.Min.Y > v.room.Y {
			continue
		}
		if int(s.stop) == v.focus {
			outline(gtx.Ops, r.Inset(-gtx.Dp(4)), max(2, gtx.Dp(3)), ink)
		}
		c := clip.Rect(r).Push(gtx.Ops)
		semantic.Button.Add(gtx.Ops)
		semantic.LabelOp(v.page.stops[s.stop].text).Add(gtx.Ops)
		semantic.EnabledOp(true).Add(gtx.Ops)
		c.Pop()
	}
}

// scrollBar is the room for the bar at the right, in device-independent pixels.
const scrollBar = 20

// scrollSign draws how much of the page is seen, and where that is.
func (v *View) scrollSign(gtx layout.Context) {
	if v.laid.high <= v.room.Y || v.room.Y < 1 {
		return
	}
	w := gtx.Dp(8)
	right := v.room.X - (gtx.Dp(scrollBar)-w)/2
	way := image.Rect(right-w, w, right, v.room.Y-w)
	paintRound(gtx.Ops, way, w/2, track)
	from := way.Min.Y + way.Dy()*v.offset/v.laid.high
	to := max(from+3*w, way.Min.Y+way.Dy()*(v.offset+v.room.Y)/v.laid.high)
	paintRound(gtx.Ops, image.Rect(way.Min.X, min(from, way.Max.Y-3*w), way.Max.X, min(to, way.Max.Y)), w/2, blue)
}

// More tells whether there is more of the page above and below what is seen.
func (v *View) More() (above, below bool) {
	return v.offset > 0, v.laid != nil && v.offset+v.room.Y < v.laid.high
}

func (v *View) barHeight(gtx layout.Context) int { return gtx.Dp(64) }

// findBar draws what is looked for, below the page.
func (v *View) findBar(gtx layout.Context, size image.Point) {
	bar := image.Rect(0, v.room.Y, size.X, size.Y)
	paintRect(gtx.Ops, bar, white)
	paintRect(gtx.Ops, image.Rect(0, bar.Min.Y, bar.Max.X, bar.Min.Y+max(1, gtx.Dp(1))), hair)
	st := &style{size: 1, ink: ink}
	label := "Find: " + v.query
	if v.finding {
		label += "_"
	}
	l := Layout{rem: v.rem}
	y := bar.Min.Y + bar.Dy()/2 + int(v.rem*0.35)
	put := func(s string, x px) {
		v.fonts.draw(gtx.Ops, st, v.rem, s, x, y)
		wide := l.measure(&run{style: st}, s)
		c := clip.Rect(image.Rect(x>>frac, bar.Min.Y, (x+wide)>>frac, bar.Max.Y)).Push(gtx.Ops)
		semantic.LabelOp(s).Add(gtx.Ops)
		c.Pop()
	}
	defer clip.Rect(bar).Push(gtx.Ops).Pop()
	put(label, gtx.Dp(24)<<frac)
	st = &style{size: 1, ink: muted}
	count := v.count()
	wide := l.measure(&run{style: st}, count)
	put(count, (bar.Max.X-gtx.Dp(24))<<frac-wide)
}

// Finding tells whether letters go to what is looked for.
func (v *View) Finding() bool { return v.finding }

// Searching tells whether something is looked for: Enter and Esc are the search's.
func (v *View) Searching() bool { return v.finding || v.query != "" }
