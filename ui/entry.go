package ui

import (
	"image"
	"strings"

	"anodize/core/ceremony"

	"gioui.org/layout"

	"anodize/ui/kit"
)

// entry draws a share being typed: the cells, the candidates, the keys.
func (s *Screens) entry(gtx layout.Context, b ceremony.EntryBody) layout.Dimensions {
	gap := gtx.Dp(14)
	if s.th.Low() {
		gap = gtx.Dp(10)
	}
	below := []piece{s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return s.candidates(gtx, b) })}
	if s.keysDrawn(b) && !s.makesWay(b) {
		below = append(below, s.piece(gtx, func(gtx layout.Context) layout.Dimensions { return s.wordKeys(gtx, b) }))
	}
	// The keys keep their size; the cells take what room is left.
	room := gtx.Constraints.Max.Y
	for _, p := range below {
		room -= p.size.Y + gap
	}
	d := s.entryCells(gtx, b, room)
	y := d.Size.Y
	for _, p := range below {
		kit.Put(gtx, 0, y+gap, p.call)
		y += gap + p.size.Y
	}
	return layout.Dimensions{Size: image.Pt(d.Size.X, y)}
}

// makesWay tells whether the keys go while words are in the open, which need their
// room.
func (s *Screens) makesWay(b ceremony.EntryBody) bool {
	return b.Revealed != nil && s.th.Crowded() && s.th.Narrow()
}

// entryCells draws the accepted words as dots, or in the open while an action is
// held, and the present one as far as it was typed.
func (s *Screens) entryCells(gtx layout.Context, b ceremony.EntryBody, room int) layout.Dimensions {
	cells := cellsOf(b)
	defer clear(cells)
	if s.th.Narrow() && s.th.Crowded() && s.keysDrawn(b) && !s.makesWay(b) {
		return s.fewCells(gtx, b, cells, room)
	}
	columns, gap, least := 6, image.Pt(gtx.Dp(14), gtx.Dp(8)), gtx.Dp(26)
	switch {
	case s.makesWay(b):
		columns = 5
	case s.th.Low():
		columns, gap = 7, image.Pt(gtx.Dp(10), gtx.Dp(7))
	}
	most, largest := gtx.Dp(46), float32(26)
	if !s.keysDrawn(b) {
		most, largest = gtx.Dp(64), kit.SizeLarge
	}
	rows := max(1, (len(cells)+columns-1)/columns)
	high := max(least, min(most, (room+gap.Y)/rows-gap.Y))
	// Eight letters and the number must fit beside each other.
	wide := float32(gtx.Constraints.Max.X+gap.X)/float32(columns) - float32(gap.X)
	size := min(largest, float32(high)/gtx.Metric.PxPerDp*0.62, wide/gtx.Metric.PxPerDp/6.9)
	return kit.Cells(gtx, s.th, cells, columns, high, gap, size)
}

// cellsOf are the places of all words.
func cellsOf(b ceremony.EntryBody) []kit.Cell {
	shown := b.Revealed.All()
	defer clear(shown)
	cells := make([]kit.Cell, max(0, b.Total))
	for i := range cells {
		c := kit.Cell{Number: i + 1, Taken: taken(b, i+1), Suspect: i+1 == b.Suspect}
		if i < len(shown) && c.Taken {
			c.Word = shown[i]
		}
		if i+1 == b.Position {
			c.Typing, c.Word = true, b.Current
		}
		cells[i] = c
	}
	return cells
}

// fewCells draws, where the keys leave no room for all cells, those around the word
// that is typed or to be looked at, and all of them as marks.
func (s *Screens) fewCells(gtx layout.Context, b ceremony.EntryBody, cells []kit.Cell, room int) layout.Dimensions {
	const columns = 5
	at := b.Position
	if at > b.Total && b.Suspect > 0 {
		at = b.Suspect
	}
	from := max(0, min(at-1-columns/2, len(cells)-columns))
	few := cells[from:min(len(cells), from+columns)]
	gap, marks := image.Pt(gtx.Dp(12), gtx.Dp(12)), gtx.Dp(14)
	high := max(gtx.Dp(40), min(gtx.Dp(68), room-gap.Y-marks))
	d := kit.Cells(gtx, s.th, few, columns, high, gap, min(kit.SizeSentence, float32(high)/gtx.Metric.PxPerDp*0.62))
	m := kit.At(gtx, 0, d.Size.Y+gap.Y, func(gtx layout.Context) layout.Dimensions { return kit.Marks(gtx, cells, marks) })
	return layout.Dimensions{Size: image.Pt(d.Size.X, d.Size.Y+gap.Y+m.Size.Y)}
}

// taken tells whether word n, counted from 1, is one of the accepted. The word
// being typed is not, wherever it stands.
func taken(b ceremony.EntryBody, n int) bool {
	switch {
	case n == b.Position:
		return false
	case b.Position > 0 && n > b.Position:
		return n-1 <= b.Accepted
	}
	return n <= b.Accepted
}

func (s *Screens) candidateHeight(gtx layout.Context) int { return max(s.th.Touch(), gtx.Dp(64)) }

// candidates draws the words that can still be meant, or why the share was not
// taken. Its height is the same when it is empty, so that no key ever moves.
func (s *Screens) candidates(gtx layout.Context, b ceremony.EntryBody) layout.Dimensions {
	width, high, gap := gtx.Constraints.Max.X, s.candidateHeight(gtx), gtx.Dp(12)
	if b.Wrong != "" {
		d := kit.Notice(gtx, s.th, kit.Danger, b.Wrong)
		return layout.Dimensions{Size: image.Pt(width, max(high, d.Size.Y))}
	}
	if len(b.Candidates) == 0 {
		return layout.Dimensions{Size: image.Pt(width, high)}
	}
	s.newRow()
	x, y := 0, 0
	st := kit.Style{Size: kit.SizeSentence, Face: kit.Mono}
	for _, w := range b.Candidates {
		id := "word:" + w
		t := s.target(gtx, id, target{send: ceremony.PickWord{Word: w}})
		wide := s.th.Width(gtx, st, strings.Repeat("x", len(w))) + 2*gtx.Dp(26)
		if x > 0 && x+wide > width {
			x, y = 0, y+high+gap
		}
		kit.At(gtx, x, y, func(gtx layout.Context) layout.Dimensions {
			k := kit.Key{Face: w, Strong: true, Pressed: t.click.Pressed()}
			k.Label, k.Click, k.Focused = w, &t.click, s.focus == id
			return k.Layout(gtx, s.th, image.Pt(wide, high))
		})
		x += wide + gap
	}
	return layout.Dimensions{Size: image.Pt(width, y+high)}
}
