package ceremony

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// clockRoom is a room with a clock that stands still, and nothing else.
type clockRoom struct {
	fleetRoom
	time atomic.Int64 // in seconds since 1970
}

func (r *clockRoom) Now() time.Time { return time.Unix(r.time.Load(), 0) }

func (r *clockRoom) SetClock(t time.Time) error {
	r.time.Store(t.Unix())
	return nil
}

// imageTime is when the tests' image was built.
var imageTime = time.Date(2026, 11, 22, 11, 17, 22, 0, time.UTC)

// atClock is a ceremony of an image, and its room, at a time.
func atClock(t *testing.T, built time.Time, now string) (*Ceremony, *clockRoom) {
	t.Helper()
	r := &clockRoom{}
	at, err := time.Parse(clockLayout, now)
	if err != nil {
		t.Fatal(err)
	}
	r.time.Store(at.Unix())
	return New(Setup{Room: r, Mode: Rehearsal, Built: built}), r
}

func TestWhatAClockMaySay(t *testing.T) {
	for _, c := range []struct {
		why        string
		built      time.Time
		now        string
		impossible string // in what is said; empty: it is possible
		far        bool
	}{
		{"the clock was never set", time.Time{}, "1970-01-01 00:00:05", "the year 1970", false},
		{"the first year", time.Time{}, "2025-01-01 00:00:00", "", false},
		{"without an image nothing is far", time.Time{}, "2099-12-31 23:59:59", "", false},
		{"after the last year", time.Time{}, "2100-01-01 00:00:00", "the year 2100", false},
		{"never set, in an image", imageTime, "1970-01-01 00:00:05", "built on 2026-11-22, and the clock says 1970-01-01", false},
		{"a second before the image", imageTime, "2026-11-22 11:17:21", "the clock says 2026-11-22", false},
		{"the very second of the image", imageTime, "2026-11-22 11:17:22", "", false},
		{"ten years are usual", imageTime, "2036-11-22 11:17:21", "", false},
		{"more are not", imageTime, "2036-11-22 11:17:22", "", true},
		{"what OVMF makes of 1970", imageTime, "2070-01-01 00:00:05", "", true},
		{"after the last year, in an image", imageTime, "2100-01-01 00:00:00", "the year 2100", true},
	} {
		ceremony, room := atClock(t, c.built, c.now)
		if got := ceremony.impossible(room.Now()); (got != "") != (c.impossible != "") || !strings.Contains(got, c.impossible) {
			t.Errorf("%s: of %s it says %q, not %q", c.why, c.now, got, c.impossible)
		}
		if got := ceremony.far(room.Now()); (got != "") != c.far {
			t.Errorf("%s: of %s it says %q", c.why, c.now, got)
		}
	}
}

func TestTheClockIsSetToNoTimeBeforeTheImage(t *testing.T) {
	ceremony, _ := atClock(t, imageTime, "1970-01-01 00:00:05")
	for text, want := range map[string]string{
		"yesterday":           "write the date",
		"2024-12-31 23:59:59": "from 2025 to 2099",
		"2100-01-01 00:00:00": "from 2025 to 2099",
		"2026-11-22 11:17:21": "built on 2026-11-22, at 11:17:22",
	} {
		if err := ceremony.settable(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("setting it to %s: %v", text, err)
		}
	}
	for _, text := range []string{"2026-11-22 11:17:22", "2099-12-31 23:59:59"} {
		if err := ceremony.settable(text); err != nil {
			t.Errorf("setting it to %s: %v", text, err)
		}
	}
}

// gateAtClock plays the gate of the clock; ended delivers how it ended.
func gateAtClock(t *testing.T, c *Ceremony) (ended chan error) {
	ended = make(chan error, 1)
	go func() { ended <- c.clockGate(t.Context()) }()
	return ended
}

// press presses an action on the next screen of that title.
func press(t *testing.T, c *Ceremony, title, action string) *View {
	t.Helper()
	v := until(t, c, func(v *View) bool { return v.Title == title && !v.Working })
	c.Send(v.Screen, Press{action})
	until(t, c, func(now *View) bool { return now.Screen != v.Screen || now.Working })
	return v
}

func TestAYearLongAfterTheImageIsAskedForTwice(t *testing.T) {
	ceremony, _ := atClock(t, imageTime, "2070-01-01 00:00:05")
	ended := gateAtClock(t, ceremony)
	const clock, sure = "Is this the time?", "Is it really the year 2070?"
	if v := press(t, ceremony, clock, "right"); v.Notice.Kind != Danger || !strings.Contains(v.Notice.Text, "2026-11-22") {
		t.Errorf("the notice is %+v", v.Notice)
	}
	press(t, ceremony, sure, "back")
	press(t, ceremony, clock, "right")
	press(t, ceremony, sure, "sure")
	if err := <-ended; err != nil || !ceremony.table.clock || !ceremony.View().ClockConfirmed {
		t.Fatalf("the clock was not confirmed: %v", err)
	}
	ceremony.table.clock = false
	ended = gateAtClock(t, ceremony)
	press(t, ceremony, clock, "right")
	if err := <-ended; err != nil {
		t.Fatalf("of a year that people are sure of: %v", err)
	}
}

func TestATimeBeforeTheImageIsSet(t *testing.T) {
	ceremony, room := atClock(t, imageTime, "1970-01-01 00:00:05")
	ended := gateAtClock(t, ceremony)
	const clock, set = "Is this the time?", "What time is it?"
	v := press(t, ceremony, clock, "set")
	for _, a := range v.Actions {
		if a.ID == "right" && a.Why == "" {
			t.Error("1970 can be confirmed")
		}
	}
	v = until(t, ceremony, func(v *View) bool { return v.Title == set })
	for range len("1970-01-01 ") {
		ceremony.Send(v.Screen, Erase{})
	}
	ceremony.Send(v.Screen, Input{"2026-11-23 09:00:00"})
	press(t, ceremony, set, "done")
	press(t, ceremony, clock, "right")
	if err := <-ended; err != nil || dateOf(room.Now()) != "2026-11-23" {
		t.Errorf("the clock says %v, %v", room.Now(), err)
	}
}
