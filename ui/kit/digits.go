package kit

import (
	"slices"
	"strings"

	"gioui.org/layout"
)

// Digits draws s as Text does. If it is digits in groups of four that need several
// lines, each has as many groups, so that nobody who compares them looks for a last
// group that stands alone.
func (th *Theme) Digits(gtx layout.Context, st Style, s string) layout.Dimensions {
	groups := strings.Split(s, " ")
	if !inFours(groups) {
		return th.Text(gtx, st, s)
	}
	for lines := 1; lines <= len(groups); lines++ {
		each := (len(groups) + lines - 1) / lines
		if th.Width(gtx, st, strings.Join(groups[:each], " ")) <= gtx.Constraints.Max.X {
			return th.labelled(gtx, st, inLines(groups, each), s)
		}
	}
	return th.Text(gtx, st, s)
}

// inFours reports whether these are groups of four hex digits; the last may be shorter.
func inFours(groups []string) bool {
	last := len(groups) - 1
	if strings.Trim(strings.Join(groups, ""), "0123456789abcdef") != "" || len(groups[last]) > 4 {
		return false
	}
	return !slices.ContainsFunc(groups[:last], func(g string) bool { return len(g) != 4 })
}

// inLines writes each groups a line.
func inLines(groups []string, each int) string {
	var lines []string
	for line := range slices.Chunk(groups, each) {
		lines = append(lines, strings.Join(line, " "))
	}
	return strings.Join(lines, "\n")
}
