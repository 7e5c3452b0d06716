package main

import (
	"slices"
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/core/state"
	"anodize/devices/sim"
)

// exchange takes the disc out of a room's drive, lays another in, and returns the
// one that was there.
func exchange(t *testing.T, r *room, in *sim.Disc) (out *sim.Disc) {
	t.Helper()
	out = r.disc
	if err := r.pull(discName); err != nil {
		t.Fatal(err)
	}
	r.disc = in
	if err := r.insert(discName); err != nil {
		t.Fatal(err)
	}
	return out
}

// otherDrive plugs another drive in, with a disc.
func (r *room) otherDrive(t *testing.T, in *sim.Disc) {
	t.Helper()
	drive := sim.NewDrive()
	if err := drive.Insert(in); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drive, r.disc = drive, in
}

// planMigration goes to the plan of a migration.
func (h *hands) planMigration() {
	h.t.Helper()
	h.pick(migrateCard)
	h.on("Is this still the time?", "right")
	h.expect("Shall this be done?")
}

// newDisc exchanges the disc when it is asked for, and returns the old one.
func (h *hands) newDisc(in *sim.Disc) (old *sim.Disc) {
	h.t.Helper()
	h.expect("Put the new disc in")
	old = exchange(h.t, h.room, in)
	h.on("Shall this disc take the archive?", "use")
	return old
}

// migrated goes from the archive on its new disc to the menu.
func (h *hands) migrated() {
	h.t.Helper()
	v := h.expect("On the disc: the archive")
	if !strings.Contains(v.Notice.Text, "Write on the old one") {
		h.t.Errorf("nobody is told to label the old disc:\n%s", say(v))
	}
	h.press("next")
	h.on("Migrate disc: done", "next")
	h.on("Note the tree head", "menu")
	h.on("Shall the old disc be closed for ever?", "leave")
	h.expect("What is this ceremony for?")
}

var blanks = []struct {
	name    string
	profile uint16
}{{"CD-R", 0x09}, {"DVD-R", 0x11}, {"DVD+R", 0x1B}, {"DVD+R DL", 0x2B}, {"BD-R", 0x41}}

func TestAnArchiveGoesOnOnAnotherDiscOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, medium := range blanks {
		t.Run(medium.name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			l := watch(r)
			h := enter(t, r)
			h.gates()
			h.root()
			used := len(l.ofHSM())
			h.planMigration()
			h.press("go")
			h.on("On the disc: the intent", "next")
			old := h.newDisc(sim.NewDisc(medium.profile))
			h.migrated()
			if got := l.ofHSM(); len(got) != used {
				t.Errorf("the HSM was asked for something: %v", got[used:])
			}
			if got := exported(t, r); !slices.Equal(got, []string{"ROOT.CRL", "ROOT.CRT"}) {
				t.Errorf("on the stick: %q", got)
			}
			res := sound(t, r)
			if len(res.Sessions) != 1 || len(res.Sessions[0].Directories) != 5 || res.State.OpenIntent != "" {
				t.Errorf("%d sessions, %+v", len(res.Sessions), res.State)
			}
			h = h.restart()
			h.gates()
			h.sign()
			if res := sound(t, r); len(res.Sessions) != 3 || res.State.Sessions != 7 || res.State.Intermediates != 1 {
				t.Errorf("%d sessions on the new disc, %+v", len(res.Sessions), res.State)
			}
			// The old disc is whole, marked, and takes nothing more.
			h.stop()
			exchange(t, r, old)
			if res := sound(t, r); !state.NewestDisc(res.Log).Marked || res.Worst() != archive.Warn {
				t.Errorf("the old disc: %v", res.Findings)
			}
			h = enter(t, r)
			h.gates()
			h.refusesAllButCopies()
		})
	}
}

// refusesAllButCopies looks at the menu of a marked disc.
func (h *hands) refusesAllButCopies() {
	h.t.Helper()
	v := h.expect("What is this ceremony for?")
	if !strings.Contains(v.Sentence, "This disc was marked") {
		h.t.Errorf("the mark is not told: %s", v.Sentence)
	}
	for i, card := range v.Body.(ceremony.MenuBody).Cards {
		mayBe := i == validateCard || i == copyCard || i == migrateCard
		if mayBe != (card.Why == "") {
			h.t.Errorf("%s: %q", card.Label, card.Why)
		}
	}
}

func TestAMigrationCutShortGoesOnFromTheMarkedDisc(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(h *hands){
		"before the new disc is in":    func(h *hands) { h.expect("Put the new disc in") },
		"before it is agreed to":       func(h *hands) { h.expect("Put the new disc in"); exchange(h.t, h.room, sim.NewDisc(0x41)) },
		"while the new disc is burned": func(h *hands) { h.breakNewDisc(sim.AtOpcode(opWrite, 2, 2, sim.PowerLoss{})) },
		"before it is closed":          func(h *hands) { h.breakNewDisc(sim.AtOpcode(opCloseSession, 1, 1, sim.PowerLoss{})) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			old := r.disc
			h.planMigration()
			h.press("go")
			h.on("On the disc: the intent", "next")
			cut(h)
			h.stop() // the power fails
			r.drive.SetFault(nil)
			r.drive.PowerOn()
			exchange(t, r, old)
			h = h.restart()
			h.gates()
			h.refusesAllButCopies()
			h.pick(migrateCard)
			h.on("Is there a newer disc?", "go")
			h.on("Does anyone have a later head?", "go")
			h.on("Is this still the time?", "right")
			h.newDisc(sim.NewDisc(0x09))
			h.migrated()
			sound(t, r)
			h.sign()
			if res := sound(t, r); len(res.Sessions) != 3 || logged(res, "disc.migrated") != 1 {
				t.Errorf("%d sessions on the new disc", len(res.Sessions))
			}
		})
	}
}

// breakNewDisc puts a new disc in, whose burn fails.
func (h *hands) breakNewDisc(fault sim.DriveFault) {
	h.t.Helper()
	h.expect("Put the new disc in")
	exchange(h.t, h.room, sim.NewDisc(0x41))
	h.expect("Shall this disc take the archive?")
	h.room.drive.SetFault(fault)
	h.press("use")
	v := h.expect("The session is not on the disc")
	if !strings.Contains(say(v), "on the old disc, unchanged") {
		h.t.Errorf("where the archive is is not told:\n%s", say(v))
	}
}

func TestAMigrationWhoseNewDiscIsCompleteGoesOnThere(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	h.newDisc(sim.NewDisc(0x41))
	h.expect("On the disc: the archive")
	h = h.restart() // before anything reached the stick
	h.gates()
	h.sign()
	sound(t, r)
}

func TestANewDiscWhoseFirstBurnFailsTakesTheArchive(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	h.breakNewDisc(sim.AtOpcode(opWrite, 2, 2, sim.FlipBit{Offset: 3}))
	h.room.drive.SetFault(nil)
	h.press("again")
	h.migrated()
	if res := sound(t, r); logged(res, "session.void") != 1 || res.Worst() != archive.Warn {
		t.Errorf("declared void: %d", logged(res, "session.void"))
	}
	h = h.restart()
	h.gates()
}

func TestANewDiscThatFailsIsExchangedForAnother(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	h.breakNewDisc(sim.AtOpcode(opWrite, 2, 0, sim.FlipBit{Offset: 3}))
	h.room.drive.SetFault(nil)
	h.press("change")
	h.newDisc(sim.NewDisc(0x1B))
	h.migrated()
	if res := sound(t, r); logged(res, "disc.migrated") != 2 || logged(res, "session.void") != 1 {
		t.Errorf("%v", res.Findings)
	}
	h.sign()
	sound(t, r)
}

func TestAFailedBurnInAnyCeremonyCanGoToANewDisc(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sim.DriveFault{
		"stored wrong":         sim.AtOpcode(opWrite, 3, 3, sim.FlipBit{Offset: 700}),
		"nothing written":      sim.AtOpcode(opWrite, 1, 0, sim.Refuse{Key: 3, ASC: 0x0C}),
		"the drive vanishes":   sim.AtOpcode(opWrite, 4, 4, sim.Vanish{}),
		"it cannot be closed":  sim.AtOpcode(opCloseSession, 1, 0, sim.Refuse{Key: 3, ASC: 0x72}),
		"the power of a drive": sim.AtOpcode(opWrite, 4, 4, sim.PowerLoss{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			h.intendCSR()
			h.on("On the disc", "next")
			h.share(0)
			h.share(1)
			h.expect("Compare the fingerprint")
			r.drive.SetFault(fault)
			h.press("same")
			h.on("The session is not on the disc", "change")
			h.expect("Put the new disc in")
			r.drive.SetFault(nil)
			r.drive.PowerOn()
			r.otherDrive(t, sim.NewDisc(0x11))
			h.press("again")
			h.on("Shall this disc take the archive?", "use")
			h.on("On the disc: the record", "next")
			h.on("Sign CSR: done", "next")
			h.noted()
			res := sound(t, r)
			if len(res.Sessions) != 1 || res.State.Intermediates != 1 || logged(res, "disc.migrated") != 1 {
				t.Errorf("%v", res.Findings)
			}
			if !slices.Contains(exported(t, r), "INTCA1.CRT") {
				t.Error("nothing was exported")
			}
			h = h.restart()
			h.gates()
			h.planCRL()
			h.issueCRL()
			sound(t, r)
		})
	}
}

func TestTheOldDiscCanBeClosedForEver(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	old := h.newDisc(sim.NewDisc(0x41))
	h.on("On the disc: the archive", "next")
	h.on("Migrate disc: done", "next")
	h.on("Note the tree head", "menu")
	h.on("Shall the old disc be closed for ever?", "close")
	h.expect("Put the old disc in")
	fresh := r.disc
	exchange(t, r, fresh) // the wrong one
	h.press("close")
	if v := h.expect("Put the old disc in"); !strings.Contains(v.Notice.Text, "not the old disc") {
		t.Errorf("the wrong disc is not told:\n%s", say(v))
	}
	exchange(t, r, old)
	h.press("close")
	h.on("The old disc is closed for ever", "next")
	h.on("Is this the head on your sheet?", "same")
	h.refusesAllButCopies()
	if res := sound(t, r); !state.NewestDisc(res.Log).Marked {
		t.Error("the old disc lost its mark")
	}
	h.stop()
	exchange(t, r, fresh)
	h = h.restart()
	h.gates()
	h.sign()
	sound(t, r)
}

// An auditor who has the new disc alone learns from it what became of the old one.
func TestTheNextLogTellsWhatBecameOfTheOldDisc(t *testing.T) {
	t.Parallel()
	for name, closed := range map[string]bool{"left as it is": false, "closed for ever": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			h.planMigration()
			h.press("go")
			h.on("On the disc: the intent", "next")
			old := h.newDisc(sim.NewDisc(0x41))
			if !closed {
				h.migrated()
			} else {
				h.on("On the disc: the archive", "next")
				h.on("Migrate disc: done", "next")
				h.on("Note the tree head", "menu")
				h.on("Shall the old disc be closed for ever?", "close")
				h.expect("Put the old disc in")
				fresh := r.disc
				exchange(t, r, old)
				h.press("close")
				h.expect("The old disc is closed for ever")
				exchange(t, r, fresh)
				h.press("next")
				h.on("Is this the head on your sheet?", "same")
			}
			h.sign()
			var told []audit.DiscLeft
			res := sound(t, r)
			for _, record := range res.Log.Records() {
				if e, ok := record.Event.(audit.DiscLeft); ok {
					told = append(told, e)
				}
			}
			if len(told) != 1 || told[0].Closed != closed {
				t.Errorf("the log tells %+v", told)
			}
			agrees(t, r)
		})
	}
}

func TestAClosedDiscIsCarriedOnWithoutAMark(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	drive, err := disc.Open(t.Context(), r.drive)
	if err != nil {
		t.Fatal(err)
	}
	m, err := drive.Medium(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := drive.Finalize(t.Context(), m.Identity, nil); err != nil {
		t.Fatal(err)
	}
	h = h.restart()
	h.gates()
	h.planMigration()
	if v := h.view(); !strings.Contains(v.Notice.Text, "the disc is closed") {
		t.Errorf("why it takes no mark is not told:\n%s", say(v))
	}
	h.press("go")
	old := h.newDisc(sim.NewDisc(0x09))
	h.on("On the disc: the intent", "next")
	h.on("On the disc: the archive", "next")
	h.on("Migrate disc: done", "next")
	h.on("Note the tree head", "menu")
	h.on("Shall the old disc be closed for ever?", "leave")
	if res := sound(t, r); len(res.Sessions) != 2 || logged(res, "disc.migrated") != 1 {
		t.Errorf("%v", res.Findings)
	}
	h.sign()
	sound(t, r)
	exchange(t, r, old)
	if res := sound(t, r); state.NewestDisc(res.Log).Marked {
		t.Error("the closed disc has a mark")
	}
}

func TestAMigrationCutShortOnTheNewDiscIsExplainedThere(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	r.drive.SetFault(sim.AtOpcode(opWrite, 1, 0, sim.Refuse{Key: 3, ASC: 0x0C}))
	h.press("go") // the mark cannot be written
	h.on("The session is not on the disc", "change")
	h.expect("Put the new disc in")
	r.drive.SetFault(nil)
	h.newDisc(sim.NewDisc(0x41))
	h.expect("On the disc: the intent")
	h = h.restart() // before the record
	h.gates()
	h.pick(issueCRLCard)
	h.explain("The power failed")
	h.proposeCRL()
	h.issueCRL()
	if res := sound(t, r); len(res.Sessions) != 3 || logged(res, "intent.abandoned") != 1 {
		t.Errorf("%v", res.Findings)
	}
}

func TestADiscTooFullForACeremonyStillTakesItsMark(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	exchange(t, r, sim.NewDisc(0x41, sim.WithCapacity(5600)))
	h := enter(t, r)
	h.gates()
	h.root()
	full := false
	for range 9 {
		h.pick(issueCRLCard)
		h.on("Is this still the time?", "right")
		if v := h.view(); v.Title == "This step could not be done" {
			if full = strings.Contains(say(v), "full"); !full {
				t.Errorf("the reason is not told:\n%s", say(v))
			}
			h.press("back")
			break
		}
		h.issueCRL()
	}
	if !full {
		t.Fatal("the disc is not full")
	}
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	h.newDisc(sim.NewDisc(0x41))
	h.migrated()
	h.sign()
	sound(t, r)
}

func TestNewDiscsThatAreRefused(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	old := r.disc
	written := enter(t, newTestRoom(t, nil))
	written.gates()
	written.root()
	written.stop()
	strange := written.room.disc
	if _, err := written.room.drive.Eject(); err != nil {
		t.Fatal(err)
	}
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	for _, tc := range []struct {
		disc *sim.Disc
		says string
	}{
		{old, "the old disc is still in the drive"},
		{strange, "a blank disc is needed"},
		{sim.NewDisc(0x43), "BD-RE"},
		{sim.NewDisc(0x41, sim.WithCapacity(2000)), "full"},
		{sim.NewDisc(0x41, sim.WithFinalised()), "a blank disc is needed"},
	} {
		h.expect("Put the new disc in")
		exchange(t, r, tc.disc)
		h.press("again")
		if v := h.expect("Put the new disc in"); !strings.Contains(strings.ToLower(v.Notice.Text), strings.ToLower(tc.says)) {
			t.Errorf("%q is not told:\n%s", tc.says, say(v))
		}
		if r.disc != old && len(r.disc.Tracks()) > 0 && r.disc != strange && tc.says != "a blank disc is needed" {
			t.Error("something was written")
		}
	}
	exchange(t, r, sim.NewDisc(0x41))
	h.on("Shall this disc take the archive?", "other")
	h.newDisc(sim.NewDisc(0x41))
	h.migrated()
	sound(t, r)
}

func TestASwappedNewDiscIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planMigration()
	h.press("go")
	h.on("On the disc: the intent", "next")
	h.expect("Put the new disc in")
	exchange(t, r, sim.NewDisc(0x41))
	h.expect("Shall this disc take the archive?")
	other := sim.NewDisc(0x09) // behind the ceremony's back: nobody says that it changed
	if _, err := r.drive.Eject(); err != nil {
		t.Fatal(err)
	}
	if err := r.drive.Insert(other); err != nil {
		t.Fatal(err)
	}
	h.press("use")
	v := h.expect("The session is not on the disc")
	if !strings.Contains(say(v), "not the one that was checked") || len(other.Tracks()) > 0 {
		t.Errorf("the exchange is not told, or something was written:\n%s", say(v))
	}
}
