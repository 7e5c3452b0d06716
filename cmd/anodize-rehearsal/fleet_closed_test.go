package main

import (
	"slices"
	"strings"
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

// The commitments are on the disc and no HSM was changed: the new cards open
// nothing, and whoever types them is told which ones to bring.
func TestCardsThatMightOpenAnHSMAndDoNotAreNamed(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	h.planRekey()
	h.rekeyToCommit()
	h = h.powerFails()
	h.both()
	h.pick(issueCRLCard)
	h.mended()
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.share(3)
	h.share(4)
	if v := h.expect("Why does the ceremony stop here?"); !strings.Contains(v.Notice.Text, "cards of generation 2, of those that may open it (1 or 2)") {
		t.Errorf("which cards to bring is not told: %s", v.Notice.Text)
	}
	h.text("The first custodians are called")
	h.press("done")
	h.on("On the disc", "next")
	h.giveUp()
	if fleet := fleetOf(t, r); !same(fleet, []int{1, 2}, []int{1, 2}) {
		t.Errorf("a PIN that did not open it settles nothing: %v", fleet)
	}
	h.pick(issueCRLCard)
	h.mended()
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.finish("Issue CRL")
	h.noted()
	if fleet := fleetOf(t, r); !slices.Equal(fleet[firstSerial], []int{1}) {
		t.Errorf("after the login: %v", fleet)
	}
	agrees(t, r)
}

func TestARekeyIsRefusedBeforeItsIntentIfAnyHSMsLogIsTooFull(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	r.hsm2.FaultIn(1, sim.HSMFillLog)
	h.pick(rekeyCard)
	h.on("Is this still the time?", "right")
	for _, name := range successors {
		h.expect("Who keeps the shares?")
		h.text(name)
		h.press("done")
	}
	h.press("extra")
	h.expect("How many custodians open the HSM?")
	h.pick(0)
	if text := say(h.expect("too full for this")); !strings.Contains(text, "HSM "+secondSerial) {
		t.Errorf("which HSM it is is not told:\n%s", text)
	}
	h.press("back")
	h.expect("What is this ceremony for?")
}

// The power failed while the key crossed, and nobody begins the backup again: the
// next ceremony deletes the wrap key that was left.
func TestAWrapKeyThatABackupLeftIsDeletedAtTheNextLogin(t *testing.T) {
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
	r.hsm.FaultIn(slices.Index(took, cmdPutWrapKey)+1, sim.HSMUnplugAfter)
	h.press("next")
	h.expect("Put HSM " + firstSerial + " back")
	h = h.powerFails()
	h.both()
	h.pick(issueCRLCard)
	h.mended()
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	for _, deletes := range []bool{true, false} {
		h.share(0)
		h.expect("Enter share")
		h.typeCard(h.cards[1])
		got := commandsOf(r.hsm, func() {
			h.press("next")
			h.expect("Compare the fingerprint")
		})
		if slices.Contains(got, cmdDelete) != deletes {
			t.Errorf("the commands were %x; a deletion among them: want %v", got, deletes)
		}
		h.finish("Issue CRL")
		h.noted()
		if deletes {
			h.planCRL()
			h.press("go")
			h.on("On the disc", "next")
		}
	}
	sound(t, r)
	agrees(t, r)
}
