package kit

import (
	"image"

	"gioui.org/layout"
)

// Groups cuts a string of digits into groups of four; the last may be shorter.
func Groups(digits string) []string {
	var groups []string
	for len(digits) > 4 {
		groups, digits = append(groups, digits[:4]), digits[4:]
	}
	if digits != "" {
		groups = append(groups, digits)
	}
	return groups
}

// perRow is the number of groups in a row of a fingerprint.
const perRow = 4

// fingerprintMax is the size of a fingerprint's digits where there is room:
// readable from three metres.
const fingerprintMax = 70

// Fingerprint draws digits in groups of four, four groups a row, ink and blue
// in a checkerboard, as large as the maximal width and height allow.
func Fingerprint(gtx layout.Context, th *Theme, digits string) layout.Dimensions {
	groups := Groups(digits)
	rows := (len(groups) + perRow - 1) / perRow
	if rows == 0 {
		return layout.Dimensions{}
	}
	st := Style{Size: fingerprintMax, Face: Mono, Color: Ink}
	cell := th.Measure(gtx, st, "0000", gtx.Constraints.Max.X*4)
	// Between groups there is a fifth of a group; between rows, a tenth of one.
	wide := float32(cell.X) * (perRow + 0.22*(perRow-1))
	high := float32(cell.Y) * float32(rows)
	fit := min(1, float32(gtx.Constraints.Max.X)/wide, float32(gtx.Constraints.Max.Y)/high)
	st.Size = max(SizeText, fingerprintMax*fit)
	cell = th.Measure(gtx, st, "0000", gtx.Constraints.Max.X*4)
	stepX, stepY := cell.X+cell.X*22/100, cell.Y
	for i, g := range groups {
		row, col := i/perRow, i%perRow
		st.Color = Ink
		if (row+col)%2 == 1 {
			st.Color = Blue
		}
		At(gtx, col*stepX, row*stepY, func(gtx layout.Context) layout.Dimensions {
			return th.Line(gtx, st, g)
		})
	}
	return layout.Dimensions{Size: image.Pt(perRow*stepX-cell.X*22/100, rows*stepY)}
}
