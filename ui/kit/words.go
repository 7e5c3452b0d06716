package kit

import (
	"fmt"
	"image"
	"strconv"

	"gioui.org/layout"
)

// Cell is one numbered place for a word of a share.
type Cell struct {
	Number  int    // counted from 1
	Word    string // drawn in the open; empty: not shown
	Taken   bool   // typed and accepted
	Typing  bool   // the one being typed
	Suspect bool   // the one that the check words point at
}

// Layout draws the cell in a rectangle of size pixels, its word at most size
// device-independent pixels high.
func (c Cell) Layout(gtx layout.Context, th *Theme, size image.Point, textSize float32) layout.Dimensions {
	r := image.Rectangle{Max: size}
	c.box(gtx, r)
	number := Style{Size: max(SizeSmall, textSize*0.64), Face: Mono, Color: Muted}
	word := Style{Size: textSize, Face: Mono, Color: Ink}
	if c.Suspect {
		number.Color = Oxide
	}
	indent := gtx.Dp(12)
	column := th.Width(gtx, number, "00")
	nd, drawNumber := Record(gtx, func(gtx layout.Context) layout.Dimensions {
		return th.Line(gtx, number, strconv.Itoa(c.Number))
	})
	wd, drawWord := Record(gtx, func(gtx layout.Context) layout.Dimensions { return c.word(gtx, th, word) })
	x := indent + column + min(gtx.Dp(16), max(gtx.Dp(6), size.X/18))
	// The number stands on the word's baseline.
	base := (size.Y-wd.Size.Y)/2 + wd.Size.Y - wd.Baseline
	Put(gtx, indent+column-nd.Size.X, base-(nd.Size.Y-nd.Baseline), drawNumber)
	Put(gtx, x, (size.Y-wd.Size.Y)/2, drawWord)
	return layout.Dimensions{Size: size}
}

func (c Cell) box(gtx layout.Context, r image.Rectangle) {
	radius, thin := gtx.Dp(6), max(1, gtx.Dp(1))
	edge := image.Rect(0, 0, gtx.Dp(5), r.Dy())
	switch {
	case c.Typing:
		FocusRing(gtx, r, radius)
		Box(gtx.Ops, r, radius, max(1, gtx.Dp(2)), Ink, White)
	case c.Suspect:
		Box(gtx.Ops, r, radius, max(2, gtx.Dp(3)), Oxide, OxidePaper)
	case c.Taken:
		Round(gtx.Ops, r, radius, Green)
		in := r.Inset(thin)
		in.Min.X = edge.Max.X
		Round(gtx.Ops, in, max(0, radius-thin), White)
	default:
		Box(gtx.Ops, r, radius, thin, Line, White)
	}
}

// word draws the word, or the dots or the point that stand for it. The
// dimensions are always those of a word, so that cells share one baseline.
func (c Cell) word(gtx layout.Context, th *Theme, st Style) layout.Dimensions {
	cell := th.Measure(gtx, st, "x", gtx.Constraints.Max.X)
	base := 0
	{
		d, _ := Record(gtx, func(gtx layout.Context) layout.Dimensions { return th.Line(gtx, st, "x") })
		base = d.Baseline
	}
	label := fmt.Sprintf("word %d, hidden", c.Number)
	switch {
	case c.Word != "":
		d := th.Secret(gtx, st, c.Word, fmt.Sprintf("word %d, shown", c.Number))
		if c.Typing {
			At(gtx, d.Size.X+cell.X/4, 0, func(gtx layout.Context) layout.Dimensions {
				st.Color = Muted
				return th.labelled(Loose(gtx, gtx.Constraints.Max.X), st, "…", "")
			})
		}
	case c.Typing:
		Fill(gtx.Ops, image.Rect(0, cell.Y/8, max(2, gtx.Dp(3)), cell.Y*7/8), Blue)
	case c.Taken:
		dot, step := max(3, cell.X*45/100), cell.X
		y := (cell.Y - dot) / 2
		for i := range 4 {
			Disc(gtx.Ops, image.Rect(i*step, y, i*step+dot, y+dot), Ink)
		}
		mark(gtx.Ops, image.Rect(0, y, 4*step, y+dot), label)
	default:
		dot := max(2, cell.X/4)
		y := (cell.Y - dot) / 2
		Disc(gtx.Ops, image.Rect(0, y, dot, y+dot), RailRim)
	}
	return layout.Dimensions{Size: cell, Baseline: base}
}

// Cells draws cells in a grid of so many columns, each height pixels high.
func Cells(gtx layout.Context, th *Theme, cells []Cell, columns, height int, gap image.Point, textSize float32) layout.Dimensions {
	width := gtx.Constraints.Max.X
	rows := (len(cells) + columns - 1) / columns
	// The one being typed comes last, so that its ring lies over its neighbours.
	order := make([]int, 0, len(cells))
	for i, c := range cells {
		if !c.Typing {
			order = append(order, i)
		}
	}
	for i, c := range cells {
		if c.Typing {
			order = append(order, i)
		}
	}
	for _, i := range order {
		col, row := i%columns, i/columns
		x0 := col * (width + gap.X) / columns
		x1 := (col+1)*(width+gap.X)/columns - gap.X
		At(gtx, x0, row*(height+gap.Y), func(gtx layout.Context) layout.Dimensions {
			return cells[i].Layout(gtx, th, image.Pt(x1-x0, height), textSize)
		})
	}
	return layout.Dimensions{Size: image.Pt(width, max(0, rows*(height+gap.Y)-gap.Y))}
}

// Marks draws cells as marks on one line, height pixels high: full for a word that is
// taken, the whole height for the one being typed, crossed for the suspect one.
func Marks(gtx layout.Context, cells []Cell, height int) layout.Dimensions {
	width, gap := gtx.Constraints.Max.X, gtx.Dp(4)
	size := image.Pt(width, height)
	for i, c := range cells {
		r := image.Rect(i*(width+gap)/len(cells), 0, (i+1)*(width+gap)/len(cells)-gap, height)
		thin := r.Inset(height / 4)
		thin.Min.X, thin.Max.X = r.Min.X, r.Max.X
		switch {
		case c.Typing:
			Fill(gtx.Ops, r, Ink)
		case c.Suspect:
			Fill(gtx.Ops, r, OxidePaper)
			Cross(gtx.Ops, image.Rect(0, 0, height, height).Add(image.Pt((r.Min.X+r.Max.X-height)/2, 0)), Oxide)
		case c.Taken:
			Fill(gtx.Ops, thin, Green)
		default:
			Fill(gtx.Ops, thin, Line)
		}
	}
	return layout.Dimensions{Size: size}
}
