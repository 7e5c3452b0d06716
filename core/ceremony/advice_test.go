package ceremony

import (
	"strings"
	"testing"

	"anodize/core/quorum"
	"anodize/core/state"
)

func TestHowALostHSMIsShutOut(t *testing.T) {
	lost := state.HSM{Serial: "1", Generations: []int{1}}
	for name, tc := range map[string]struct {
		other []int
		want  string
	}{
		"another HSM opens to its cards":       {[]int{1}, "choose “New custodians” next, with every HSM plugged in, and when the screen says so destroy the cards of generation 1"},
		"another HSM may open to its cards":    {[]int{1, 2}, "choose “New custodians” next, with every HSM plugged in, and when the screen says so destroy the cards of generation 1"},
		"its cards open nothing else any more": {[]int{2}, "destroy the cards of generation 1 now"},
	} {
		s := state.State{HSMFleet: []state.HSM{lost, {Serial: "2", Generations: tc.other}}}
		if got := (retireHSM{}).shutOut(s, lost); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTheNumberOfSharesIsToldOnceItIsKnown(t *testing.T) {
	two, three := quorum.Roster{Threshold: 2}, quorum.Roster{Threshold: 3}
	if got := nextShare([]quorum.Roster{three, two}, 1); strings.Contains(got, "of") {
		t.Errorf("cards of either kind: %q", got)
	}
	if got := nextShare([]quorum.Roster{two, two}, 2); got != "Enter share 2 of 2" {
		t.Errorf("two kinds that need as many: %q", got)
	}
}
