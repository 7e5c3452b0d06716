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

const (
	perRow   = 4    // groups in a row
	groupGap = 0.22 // between groups, in widths of a group
	rowPitch = 1.06 // from row to row, in heights of a line
)

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
	wide := float32(cell.X) * (perRow + groupGap*(perRow-1))
	high := float32(cell.Y) * float32(rows) * rowPitch
	fit := min(1, float32(gtx.Constraints.Max.X)/wide, float32(gtx.Constraints.Max.Y)/high)
	st.Size = max(SizeText, fingerprintMax*fit)
	cell = th.Measure(gtx, st, "0000", gtx.Constraints.Max.X*4)
	stepX, stepY := int(float32(cell.X)*(1+groupGap)), int(float32(cell.Y)*rowPitch)
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
	return layout.Dimensions{Size: image.Pt((perRow-1)*stepX+cell.X, (rows-1)*stepY+cell.Y)}
}
