package main

import (
	"strings"
	"testing"

	"anodize/devices/sim"
)

// The heads of a session that had to be read again are not left to be noted.
func TestASessionThatWasReadAgainIsShownAsBurned(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	closed, unlocked := false, false
	r.drive.SetFault(func(_ int, cdb []byte) sim.DriveEffect {
		if unlocked {
			return sim.PowerLoss{}
		}
		closed = closed || closesSession(cdb)
		unlocked = closed && cdb[0] == opPrevent && cdb[4]&1 == 0
		return nil
	})
	h.press("go")
	h.view()
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	h.press("again")
	h.on("On the disc", "next")
	h.expect("Enter share")
}

// An opened HSM whose key signed nothing: the screen must not say it did.
func TestAnOpenedHSMThatSignedNothingIsNotSaidToHave(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	for range 70 { // its log is full: it is opened, and its key is not used
		r.hsm.Unplug()
		r.hsm.Plug()
	}
	h = h.restart()
	h.gates()
	h.toLastShareWithAFullLog()
	h.press("next")
	h.expect("Why does the ceremony stop here?")
	h.text("The HSM's log is full")
	r.drive.SetFault(sim.AtOpcode(opWrite, 1, 1, sim.PowerLoss{}))
	h.press("done")
	v := h.expect("The session is not on the disc")
	if text := say(v); strings.Contains(text, "key has been used") || strings.Contains(text, "What it signed") {
		t.Errorf("the key was not used in this ceremony:\n%s", text)
	}
}
