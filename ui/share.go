package ui

import (
	"fmt"
	"image"

	"anodize/core/ceremony"

	"gioui.org/layout"
	"gioui.org/text"

	"anodize/ui/kit"
)

// shareHidden stands where a share will be shown: whose it is, what will happen,
// and who has written theirs down.
func (s *Screens) shareHidden(gtx layout.Context, b ceremony.ShareHiddenBody) layout.Dimensions {
	pad := image.Pt(gtx.Dp(36), gtx.Dp(48))
	if s.th.Low() {
		pad.Y = gtx.Dp(28)
	}
	middle := func(size float32, face kit.Face, st kit.Style, what string) layout.Widget {
		st.Size, st.Face, st.Align = size, face, text.Middle
		return s.widget(st, what)
	}
	return kit.Card(gtx, pad, func(gtx layout.Context) layout.Dimensions {
		return kit.Column(gtx, gtx.Dp(20),
			middle(kit.SizeSentence, kit.Regular, kit.Style{Color: kit.Muted}, fmt.Sprintf("Share %d of %d is for", b.Index, b.Total)),
			middle(84, kit.Medium, kit.Style{Color: kit.Ink}, b.Custodian),
			middle(kit.SizeSentence, kit.Regular, kit.Style{Color: kit.Soft},
				"Nobody else looks at the screen until the words have been written down."),
			func(gtx layout.Context) layout.Dimensions { return s.served(gtx, b) })
	})
}

// served draws a circle a custodian: a tick once the share is written down.
func (s *Screens) served(gtx layout.Context, b ceremony.ShareHiddenBody) layout.Dimensions {
	mark, gap := gtx.Dp(44), gtx.Dp(16)
	width := gtx.Constraints.Max.X
	done := 0
	row := max(0, len(b.Seen)*(mark+gap)-gap)
	for i, seen := range b.Seen {
		state := ceremony.ToCome
		switch {
		case seen:
			state = ceremony.Done
			done++
		case i+1 == b.Index:
			state = ceremony.Current
		}
		kit.At(gtx, (width-row)/2+i*(mark+gap), gtx.Dp(8), func(gtx layout.Context) layout.Dimensions {
			return kit.PhaseMark(gtx, s.th, i+1, state, mark)
		})
	}
	d := kit.At(kit.Wide(gtx, width), 0, mark+gtx.Dp(18), s.widget(
		kit.Style{Size: kit.SizeNote, Color: kit.Muted, Align: text.Middle},
		fmt.Sprintf("%d of %d written down", done, len(b.Seen))))
	return layout.Dimensions{Size: image.Pt(width, mark+gtx.Dp(18)+d.Size.Y)}
}

// share draws the words in the open, four a row, numbered.
func (s *Screens) share(gtx layout.Context, b ceremony.ShareBody) layout.Dimensions {
	words := b.Words.All()
	defer clear(words)
	cells := make([]kit.Cell, len(words))
	for i, w := range words {
		cells[i] = kit.Cell{Number: i + 1, Word: w}
	}
	defer clear(cells)
	const columns = 4
	rows := max(1, (len(cells)+columns-1)/columns)
	gap := image.Pt(gtx.Dp(22), gtx.Dp(10))
	high := max(gtx.Dp(36), min(gtx.Dp(58), gtx.Constraints.Max.Y/rows-gap.Y))
	size := min(34, float32(high)/gtx.Metric.PxPerDp*0.6)
	return kit.Cells(gtx, s.th, cells, columns, high, gap, size)
}
