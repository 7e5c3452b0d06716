package html

import (
	"image"
	"image/color"
	"math"
	"slices"
)

// px is a length across the page in parts of a pixel, so fine that a line's words
// add up to what they are. Heights are whole pixels.
type px = int

const (
	frac = 10
	one  = 1 << frac
)

// Layout is a page laid out at a width: where everything stands, in pixels from
// the page's top left corner. It is not
// safe for concurrent use.
type Layout struct {
	page  *Page
	rem   float32 // pixels
	width int
	high  int

	fills   []fill
	lines   []line
	frags   []frag
	anchors map[string]int
	spots   []spot

	cut []string

	bands []band
	first map[*para]int // line of each paragraph, once somebody asked
}

// firstLines gives the first line of each paragraph.
func (l *Layout) firstLines() map[*para]int {
	if l.first == nil {
		l.first = make(map[*para]int, len(l.page.paras))
		for i := len(l.lines) - 1; i >= 0; i-- {
			l.first[l.lines[i].para] = i
		}
	}
	return l.first
}

// fill is a rectangle of one colour, a sign, or an image.
type fill struct {
	image.Rectangle
	kind  fillKind
	ink   color.NRGBA
	image *picture
}

type fillKind uint8

const (
	solid  fillKind = iota
	frame           // one CSS pixel inside the edge
	closed          // the sign of a summary
	opened
	drawing // an image
)

// line is a line of words.
type line struct {
	para     *para
	x        px // of its first fragment's origin
	top, end int
	baseline int
	from, to int32 // fragments
	sign     bool  // of a list item
}

// frag is a part of a line in one run.
type frag struct {
	run        int32
	start, end int32 // in the paragraph's text
	x, wide    px    // from the line's x
}

// spot is where a link or a summary stands: one rectangle a line.
type spot struct {
	stop int32
	image.Rectangle
}

// band is what stands in a stripe of the page.
type band struct{ fills, lines []int32 }

// bandHeight is that of a stripe in pixels.
const bandHeight = 512

// Bounds of what a page may be laid out at.
const (
	minWidth = 64
	maxWidth = 1 << 14
	minRem   = 4
	maxRem   = 256
)

// Layout lays the page out width pixels wide with ordinary type of rem pixels.
// open says which details show what they hold, by number; nil: as the page says.
func (p *Page) Layout(width int, rem float32, open []bool) *Layout {
	if len(open) != len(p.folds) {
		open = p.folds
	}
	if math.IsNaN(float64(rem)) {
		rem = minRem
	}
	l := &Layout{
		page: p, width: max(minWidth, min(width, maxWidth)), rem: max(minRem, min(rem, maxRem)),
		anchors: make(map[string]int, len(p.anchors)),
	}
	s := setter{l: l, widths: measured(), open: open, css: l.thin()}
	full := l.width << frac
	wide := full
	if b := p.body; b.most > 0 {
		wide = min(full, l.px(b.most+b.padding.left+b.padding.right))
	}
	s.box(p.body, (full-wide)/2, wide)
	s.flush()
	l.high = s.y
	l.index()
	return l
}

// Size is the page's extent in pixels.
func (l *Layout) Size() image.Point { return image.Pt(l.width, l.high) }

// px is a length in rem.
func (l *Layout) px(rem float32) px { return px(math.Round(float64(rem) * float64(l.rem) * one)) }

// pixels is a length in rem in whole pixels.
func (l *Layout) pixels(rem float32) int { return int(math.Round(float64(rem * l.rem))) }

// thin is a CSS pixel in whole pixels; it is cut, as browsers cut borders.
func (l *Layout) thin() int { return max(1, int(l.rem/16)) }

// index puts everything in the bands that it touches.
func (l *Layout) index() {
	l.bands = make([]band, l.high/bandHeight+1)
	for i := range l.fills {
		for b := range l.touched(l.fills[i].Min.Y, l.fills[i].Max.Y) {
			b.fills = append(b.fills, int32(i))
		}
	}
	for i := range l.lines {
		for b := range l.touched(l.lines[i].top, l.lines[i].end) {
			b.lines = append(b.lines, int32(i))
		}
	}
}

// touched are the bands between two heights.
func (l *Layout) touched(from, to int) func(func(*band) bool) {
	return func(yield func(*band) bool) {
		last := len(l.bands) - 1
		for i := max(0, from/bandHeight); i <= min(last, max(from, to-1)/bandHeight); i++ {
			if !yield(&l.bands[i]) {
				return
			}
		}
	}
}

// visible returns the numbers of the fills and lines between two heights, in the
// order in which they are drawn.
func (l *Layout) visible(from, to int) (fills, lines []int32) {
	for b := range l.touched(from, to) {
		fills = append(fills, b.fills...)
		lines = append(lines, b.lines...)
	}
	slices.Sort(fills)
	slices.Sort(lines)
	return slices.Compact(fills), slices.Compact(lines)
}

// Anchor returns the height at which the element with an id begins.
func (l *Layout) Anchor(id string) (y int, ok bool) {
	y, ok = l.anchors[id]
	return y, ok
}

// Cut returns the words that no line has room for, other than those that may break
// anywhere. Nothing of them is lost, but a page for this width has none.
func (l *Layout) Cut() []string { return l.cut }
