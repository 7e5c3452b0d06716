package main

import (
	"slices"
	"testing"

	"anodize/devices/sim"
)

// The HSM that gets the copy was made ready, its log went on record and was let
// go, and then the copy failed: the backup goes on with it all the same.
func TestABackupThatWasClosedWithWordsGoesOnWithTheSameHSM(t *testing.T) {
	t.Parallel()
	well := enter(t, newTestRoom(t, nil))
	well.gates()
	well.root()
	well.toCopy()
	took := commandsOf(well.room.hsm, func() {
		well.press("next")
		well.expect("On the disc")
	})

	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.toCopy()
	r.hsm.FaultIn(slices.Index(took, cmdPutWrapKey)+1, sim.HSMFillLog)
	h.press("next")
	h.expect("Why does the ceremony stop here?")
	h.text("Its log was full")
	h.press("done")
	h.on("On the disc", "next")
	h.on("The ceremony stopped here", "back")
	h.on("Note the tree head", "menu")
	h.on("HSM "+secondSerial+" is not of the fleet", "go")
	h.on("Is this the head on your sheet?", "same")
	h.pick(backupCard)
	h.mended()
	h.on("Is this the HSM that gets the copy?", "use")
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.share(0)
	h.share(2)
	h.on("On the disc", "next")
	h.on("Back up the key: done", "next")
	h.noted()
	if fleet := fleetOf(t, r); !same(fleet, []int{1}, []int{1}) {
		t.Errorf("on the disc: %v", fleet)
	}
	agrees(t, r)
}
