package kit

import (
	"strings"
	"testing"
)

func TestDigitsThatNeedSeveralLinesHaveAsManyGroupsOnEach(t *testing.T) {
	th := NewTheme()
	gtx := th.Fit(context(1920, 1080))
	st := Style{Size: SizeText, Face: Mono}
	groups := func(n int) string { return strings.TrimSpace(strings.Repeat("9f3c ", n)) }
	for name, c := range map[string]struct {
		text        string
		room        int // groups that fit on a line
		wide, lines int // groups on the longest line, lines
	}{
		"all on one line":              {groups(16), 16, 16, 1},
		"one too many for a line":      {groups(16), 15, 8, 2},
		"two lines hold just all":      {groups(16), 8, 8, 2},
		"three lines":                  {groups(16), 7, 6, 3},
		"a short group at the end":     {groups(8) + " f1", 8, 5, 2},
		"a line for each":              {groups(3), 1, 1, 3},
		"words are wrapped as text is": {"9f3c beside 9f3c", 2, 0, 0},
	} {
		room := th.Width(gtx, st, groups(c.room))
		g := gtx
		g.Constraints.Min.X, g.Constraints.Max.X = 0, room
		got := th.Digits(g, st, c.text).Size
		want := th.Measure(gtx, st, c.text, room)
		if c.lines > 0 {
			want = th.Measure(gtx, st, groups(c.wide), room)
			want.Y = th.Measure(gtx, st, strings.TrimSpace(strings.Repeat("9f3c\n", c.lines)), room).Y
		}
		if got != want {
			t.Errorf("%s: %v pixels, want %v", name, got, want)
		}
	}
}
