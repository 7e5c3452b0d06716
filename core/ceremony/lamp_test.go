package ceremony

import (
	"errors"
	"fmt"
	"testing"
)

func TestALampTellsWhatIsAbsentFromWhatCannotBeHad(t *testing.T) {
	for _, c := range []struct {
		problem error
		passed  bool
		want    Lamp
	}{
		{fmt.Errorf("the stick is %w", ErrAbsent), false, Lamp{Absent, "No stick"}},
		{errors.New("2 sticks are plugged in"), false, Lamp{NeedsYou, "Stick"}},
		{errors.New("2 sticks are plugged in"), true, Lamp{NeedsYou, "Stick"}},
		{nil, false, Lamp{NeedsYou, "Stick"}},
		{nil, true, Lamp{There, "Stick"}},
	} {
		if got := lamp(c.problem, c.passed, "Stick", "No stick"); got != c.want {
			t.Errorf("%v, passed %t: %v, not %v", c.problem, c.passed, got, c.want)
		}
	}
}
