package main

import (
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
)

// TestATimeThatCannotBeIsNotConfirmed begins on a machine whose clock lost its battery.
func TestATimeThatCannotBeIsNotConfirmed(t *testing.T) {
	r := newTestRoom(t, nil)
	if err := r.SetClock(time.Date(1970, 1, 1, 0, 0, 5, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	h := enter(t, r)
	v := h.expect("Is this the time?")
	if !strings.Contains(v.Notice.Text, "It cannot be the year 1970") {
		t.Errorf("the notice says %q", v.Notice.Text)
	}
	h.press("right")
	if v := h.expect("Is this the time?"); v.ClockConfirmed {
		t.Fatal("the year 1970 is confirmed")
	}
	h.press("set")
	h.expect("What time is it?")
	for h.view().Body.(ceremony.TextBody).Value != "" {
		h.send(ceremony.Erase{})
	}
	h.text("2026-04-25 14:31:22")
	h.press("done")
	h.on("Is this the time?", "right")
	h.expect("Is this the stick?")
}
