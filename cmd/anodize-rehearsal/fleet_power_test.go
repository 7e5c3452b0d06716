package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/devices/sim"
)

// both passes the gates with two HSMs on the table.
func (h *hands) both() {
	h.t.Helper()
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Are these the HSMs?", "use")
	if v := h.view(); strings.Contains(v.Title, "is not of the fleet") {
		h.press("go")
	}
	h.on("Is this the head on your sheet?", "same")
	h.expect("What is this ceremony for?")
}

// mended goes from a picked card through what an interrupted ceremony left.
func (h *hands) mended() {
	h.t.Helper()
	if h.view().Title == "The last recording was broken off" {
		h.press("go")
	}
	if strings.Contains(h.view().Title, "A ceremony stopped midway") {
		h.text("The mains failed")
		h.press("done")
	}
	h.on("Is this still the time?", "right")
}

// powerFails takes the power from all that is on the table, and gives it back a
// minute later.
func (h *hands) powerFails() *hands {
	h.t.Helper()
	h.stop()
	r := h.room
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	for _, hsm := range []*sim.HSM{r.hsm, r.hsm2} {
		hsm.Unplug()
		hsm.Plug()
	}
	if err := r.SetClock(r.Now().Add(time.Minute)); err != nil {
		h.t.Fatal(err)
	}
	next := enter(h.t, r)
	next.cards = h.cards
	return next
}

func TestPowerLostAtEveryStageOfARekey(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		play  func(h *hands)
		cards int // the first of those that open the first HSM afterwards
		then  []int
	}{
		"after the intent": {func(h *hands) { h.planRekey(); h.expect("On the disc") }, 0, []int{1}},
		"while the old cards are typed": {func(h *hands) {
			h.planRekey()
			h.on("On the disc", "next")
			h.share(0)
		}, 0, []int{1}},
		"while the new cards are written": {func(h *hands) {
			h.planRekey()
			h.on("On the disc", "next")
			h.share(0)
			h.share(1)
			h.press("show")
		}, 0, []int{1}},
		"after the commitments": {func(h *hands) { h.planRekey(); h.rekeyToCommit() }, 0, []int{1, 2}},
		"between the two HSMs": {func(h *hands) {
			h.planRekey()
			h.rekeyToCommit()
			h.room.hsm2.FaultIn(2, sim.HSMUnplugBefore)
			h.press("next")
			h.expect("HSM " + secondSerial + " does not answer")
		}, 3, []int{1, 2}},
		"while the record is written": {func(h *hands) {
			h.planRekey()
			h.rekeyToCommit()
			h.room.drive.SetFault(sim.AtOpcode(opWrite, 3, 3, sim.PowerLoss{}))
			h.press("next")
			if text := say(h.expect("The session is not on the disc")); !strings.Contains(text, "Keep all cards") || strings.Contains(text, "What it signed") {
				h.t.Errorf("what is certain is not told:\n%s", text)
			}
		}, 3, []int{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			h.backup()
			tc.play(h)
			h = h.powerFails()
			h.both()
			if fleet := fleetOf(t, r); !same(fleet, tc.then, tc.then) {
				t.Errorf("on the disc: %v", fleet)
			}
			h.pick(issueCRLCard)
			h.mended()
			h.on("Shall this be done?", "go")
			h.on("On the disc", "next")
			h.share(tc.cards)
			h.share(tc.cards + 1)
			h.finish("Issue CRL")
			h.noted()
			generation := 1 + tc.cards/3
			if fleet := fleetOf(t, r); !slices.Equal(fleet[firstSerial], []int{generation}) || !slices.Contains(fleet[secondSerial], generation) {
				t.Errorf("after the login: %v", fleet)
			}
			agrees(t, r)
		})
	}
}

// toCopy plays a backup up to the last share, which is typed and not yet taken.
func (h *hands) toCopy() {
	h.t.Helper()
	h.planBackup()
	h.on("On the disc", "next")
	h.share(0)
	h.expect("Enter share")
	h.typeCard(h.cards[1])
}

func TestABackupThatBrokeOffGoesOn(t *testing.T) {
	t.Parallel()
	well := enter(t, newTestRoom(t, nil))
	well.gates()
	well.root()
	well.toCopy()
	took := commandsOf(well.room.hsm2, func() {
		well.press("next")
		well.expect("On the disc")
	})
	wrap := slices.Index(took, cmdPutWrapKey) + 1
	for name, play := range map[string]func(h *hands){
		"the power fails after the intent": func(h *hands) { h.planBackup(); h.expect("On the disc") },
		"the second HSM is pulled while the key crosses": func(h *hands) {
			h.toCopy()
			h.room.hsm2.FaultIn(wrap, sim.HSMUnplugAfter)
			h.press("next")
			h.on("Put HSM "+secondSerial+" back", "stop")
			h.expect("Why does the ceremony stop here?")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			play(h)
			h = h.powerFails()
			h.both()
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
			if err := r.pull(hsmName); err != nil {
				t.Fatal(err)
			}
			h.on("Is this the HSM?", "use")
			h.on("Is this the head on your sheet?", "same")
			h.sign()
			sound(t, r)
			agrees(t, r)
		})
	}
}

// The HSM gave the key away and its answer was lost: it gives it once more, and the
// record says so.
func TestAnExportWhoseAnswerIsLostIsOnRecord(t *testing.T) {
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
	r.hsm.FaultIn(slices.Index(took, cmdExport)+1, sim.HSMLoseAnswer)
	again := commandsOf(r.hsm, func() {
		h.press("next")
		h.expect("On the disc")
	})
	if n := len(slices.DeleteFunc(again, func(c byte) bool { return c != cmdExport })); n != 2 {
		t.Fatalf("the key was exported %d times: the test does not lose the answer that it means to", n)
	}
	h.press("next")
	h.on("Back up the key: done", "next")
	h.noted()
	sound(t, r)
	agrees(t, r)
}

func TestTheOrderOfActsOnAFleet(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	l := watch(r)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	h.rekey()
	h.sign()
	h.shutDown()
	<-h.ended
	names := directories(t, r)
	if err := broken(l.acts, names); err != nil {
		t.Error(err)
	}
	sound(t, r)

	// The check notices when the order is another one.
	for what, command := range map[string]byte{"a changed PIN": cmdChangeKey, "an exported key": cmdExport, "a reset": cmdReset} {
		first := slices.IndexFunc(l.acts, func(a act) bool { return a.kind == hsmCommand && a.command == cmdSignECDSA })
		acts := slices.Insert(slices.Clone(l.acts), len(l.acts)-1, act{kind: hsmCommand, command: command})
		if broken(acts, names) == nil || first < 0 {
			t.Errorf("%s without its session: not noticed", what)
		}
	}
}

func TestAnHSMThatRefusesTheNewPINTakesAllBack(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	h.planRekey()
	h.rekeyToCommit()
	r.hsm2.FaultIn(2, sim.HSMFillLog) // its log has no room for the change
	h.press("next")
	v := h.expect("Why does the ceremony stop here?")
	for _, want := range []string{secondSerial + " refused the new PIN", "opens to the old cards again", "log is full"} {
		if !strings.Contains(v.Notice.Text, want) {
			t.Errorf("%q is not told: %s", want, v.Notice.Text)
		}
	}
	h.text("Its log is full")
	h.press("done")
	h.on("On the disc", "next")
	if text := say(h.expect("The ceremony stopped here")); !strings.Contains(text, firstSerial+" opens to the cards of generation 1") || !strings.Contains(text, secondSerial+" opens to the cards of generation 1") {
		t.Errorf("which cards open them is not told:\n%s", text)
	}
	h.giveUp()
	if fleet := fleetOf(t, r); !same(fleet, []int{1}, []int{1}) {
		t.Errorf("on the disc: %v", fleet)
	}
	agrees(t, r)

	// The record has emptied that log; the next attempt has another generation.
	h.rekey()
	if fleet := fleetOf(t, r); !same(fleet, []int{3}, []int{3}) {
		t.Errorf("on the disc: %v", fleet)
	}
	agrees(t, r)
}
