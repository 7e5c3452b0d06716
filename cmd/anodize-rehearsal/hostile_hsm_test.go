package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/ceremony"
	"anodize/devices/sim"
)

// Further commands of the HSM (YubiHSM 2 command reference).
const (
	cmdCreateSession = 0x03
	cmdGetLog        = 0x4D
)

// commands records every command that reaches a room's HSM while act runs, the
// one inside a session message where there is one.
func commands(r *room, act func()) []byte { return commandsOf(r.hsm, act) }

// commandsOf records every command that reaches an HSM.
func commandsOf(h *sim.HSM, act func()) []byte {
	var all []byte
	h.Trace = func(f sim.HSMFrame) {
		c := f.Command
		if f.Inner != 0 {
			c = f.Inner
		}
		all = append(all, c)
	}
	act()
	h.Trace = nil
	return all
}

// signed makes a room whose archive holds one intermediate, and returns the
// commands that its signature took, from the last share on.
func signed(t *testing.T) (*hands, []byte) {
	t.Helper()
	h := enter(t, newTestRoom(t, nil))
	h.gates()
	h.root()
	h.toLastShare()
	took := commands(h.room, func() {
		h.press("next")
		h.expect("Compare the fingerprint")
	})
	h.finish("Sign CSR")
	h.noted()
	return h, took
}

// toLastShare signs up to the last share, which is typed and not yet taken.
func (h *hands) toLastShare() {
	h.t.Helper()
	h.intendCSR()
	h.lastShareTyped()
}

func (h *hands) lastShareTyped() {
	h.t.Helper()
	h.on("On the disc", "next")
	h.share(0)
	h.expect("Enter share")
	h.typeCard(h.cards[1])
}

// toLastShareWithAFullLog does the same to empty the HSM's log.
func (h *hands) toLastShareWithAFullLog() {
	h.t.Helper()
	h.planCSR()
	h.on("too full for this", "empty")
	h.on("Shall this be done?", "go")
	h.lastShareTyped()
}

// closeIntent closes a ceremony that stopped after its intent with words.
func (h *hands) closeIntent(words string) {
	h.t.Helper()
	h.expect("Why does the ceremony stop here?")
	h.text(words)
	h.press("done")
	h.on("On the disc", "next")
	h.giveUp()
}

// holds reports whether a verified disc has a file of that name.
func holds(res archive.Result, name string) bool {
	for _, d := range res.Sessions[len(res.Sessions)-1].Directories {
		for _, f := range d.Files {
			if f.Name == name {
				return true
			}
		}
	}
	return false
}

func TestAFailureAfterASignatureKeepsWhatWasSigned(t *testing.T) {
	t.Parallel()
	h, took := signed(t)
	at := slices.Index(took, cmdSignECDSA)
	after := slices.Index(took[at+1:], cmdGetLog)
	if at < 0 || after < 0 {
		t.Fatalf("a signature took the commands %x", took)
	}
	h.toLastShare()
	h.room.hsm.FaultIn(at+1+after+1, sim.HSMLoseAnswer)
	h.press("next")
	h.closeIntent("The HSM fell silent")
	res := sound(t, h.room)
	if !holds(res, "INTCA2.CRT") || res.State.Intermediates != 2 || res.State.OpenIntent != "" {
		t.Errorf("what was signed is not on the disc: %+v", res.State)
	}
	if log := res.Log.Bytes(); !bytes.Contains(log, []byte("The HSM fell silent")) || !bytes.Contains(log, []byte("no answer")) {
		t.Error("words or reason are not in the log")
	}
	if slices.Contains(exported(t, h.room), "INTCA2.CRT") {
		t.Error("it was exported")
	}
	h = h.restart()
	h.gates()
	h.sign()
	if res := sound(t, h.room); !holds(res, "INTCA3.CRT") {
		t.Error("the next ceremony signed nothing")
	}
}

func TestASignatureThatWasNeverSeenIsAWarning(t *testing.T) {
	t.Parallel()
	h, took := signed(t)
	at := slices.Index(took, cmdSignECDSA)
	if at < 0 {
		t.Fatalf("a signature took the commands %x", took)
	}
	h.toLastShare()
	h.room.hsm.FaultIn(at+1, sim.HSMLoseAnswer)
	h.press("next")
	h.closeIntent("The HSM fell silent")
	if res := sound(t, h.room); holds(res, "INTCA2.CRT") || res.State.OpenIntent != "" {
		t.Errorf("state: %+v", res.State)
	}
	h.sign()
	if res := sound(t, h.room); res.Worst() != archive.Warn || !holds(res, "INTCA2.CRT") {
		t.Errorf("the worst finding is %v; the next ceremony's file is there: %v", res.Worst(), holds(res, "INTCA2.CRT"))
	}
	h = h.restart()
	h.gates()
	h.sign()
	sound(t, h.room)
}

func TestAFullLogOfTheHSMIsEmptiedByAStoppedCeremony(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	for range 70 { // each start takes an entry; there is room for 62
		r.hsm.Unplug()
		r.hsm.Plug()
	}
	h = h.restart()
	h.gates()
	if took := commands(r, func() {
		h.planCSR()
		h.on("too full for this", "back")
		h.expect("What is this ceremony for?")
	}); slices.ContainsFunc(took, func(c byte) bool { return c != cmdDeviceInfo }) {
		t.Errorf("the plan was refused by more than who the HSM says it is: %x", took)
	}
	h.toLastShareWithAFullLog()
	if slices.Contains(commands(r, func() {
		h.press("next")
		h.expect("Why does the ceremony stop here?")
	}), cmdSignECDSA) {
		t.Error("the key was used though the log was full")
	}
	h.closeIntent("The HSM's log is full")
	h.sign()
	if res := sound(t, r); !holds(res, "INTCA1.CRT") {
		t.Error("the emptied log did not let the key sign")
	}
}

func TestAForeignHSMIsToldBeforeTheMenu(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	own := r.hsm
	own.Unplug()
	r.hsm = sim.NewHSM(11111111)
	h = h.restart()
	h.toDiscGate()
	v := h.view()
	if text := say(v); !strings.Contains(text, "11111111") || !strings.Contains(text, "34332673") {
		t.Fatalf("the serials are not both told:\n%s", text)
	}
	if _, ok := v.Body.(ceremony.MessageBody); !ok {
		t.Errorf("it is no message:\n%s", say(v))
	}
	if err := r.pull(hsmName); err != nil {
		t.Fatal(err)
	}
	h.expect("Put the HSM in")
	r.hsm = own
	if err := r.insert(hsmName); err != nil {
		t.Fatal(err)
	}
	h.on("Is this the HSM?", "use")
	h.on("Is this the head on your sheet?", "same")
	h.sign()
	sound(t, r)
}

func TestAnHSMThatDidMoreThanTheDiscSaysSignsNothing(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	folder := t.TempDir()
	if err := r.disc.Save(folder); err != nil {
		t.Fatal(err)
	}
	h.sign()
	h.stop()
	old, err := sim.LoadDisc(folder)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.drive.Eject(); err != nil {
		t.Fatal(err)
	}
	r.disc = old
	if err := r.drive.Insert(old); err != nil {
		t.Fatal(err)
	}
	h = h.restart()
	h.gates() // somebody says that the old head is the same
	h.toLastShare()
	if slices.Contains(commands(r, func() {
		h.press("next")
		v := h.expect("Why does the ceremony stop here?")
		if v.Notice.Kind != ceremony.Danger || !strings.Contains(v.Notice.Text, "HSM's log") {
			t.Errorf("the reason is not told:\n%s", say(v))
		}
	}), cmdSignECDSA) {
		t.Error("the key was used")
	}
	h.closeIntent("The disc is an old one")
	sound(t, r)
}

func TestAnHSMPulledAtThePlanBurnsNoIntent(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	before := recordings(r)
	h.planCRL()
	if err := r.pull(hsmName); err != nil {
		t.Fatal(err)
	}
	if v := h.view(); strings.Contains(v.Title, "Shall this be done?") {
		h.press("go")
	}
	h.expect("Put the HSM in")
	if recordings(r) != before {
		t.Error("an intent was burned for an HSM that is not there")
	}
	if err := r.insert(hsmName); err != nil {
		t.Fatal(err)
	}
	h.on("Is this the HSM?", "use")
	h.on("Is this the head on your sheet?", "same")
	h.planCRL()
	h.issueCRL()
	if res := sound(t, r); res.State.CRLNumber != 2 || logged(res, "intent.abandoned") != 0 {
		t.Errorf("state: %+v", res.State)
	}
}

// toBootstrap goes to the burned commit of a root.
func (h *hands) toBootstrap() {
	h.t.Helper()
	h.gates()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	h.showAll(3)
	for i := range 3 {
		h.share(i)
	}
	h.expect("On the disc")
}

func TestAnHSMThatWasNotResetIsNotLoggedAsBootstrapped(t *testing.T) {
	t.Parallel()
	well := enter(t, newTestRoom(t, nil))
	well.toBootstrap()
	took := commands(well.room, func() {
		well.press("next")
		well.expect("Compare the fingerprint")
	})
	at := slices.Index(took, cmdCreateSession)
	if at < 0 || at > slices.Index(took, cmdReset) {
		t.Fatalf("making the root took the commands %x", took)
	}

	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.toBootstrap()
	r.hsm.FaultIn(at+1, sim.HSMLoseMessage)
	if slices.Contains(commands(r, func() {
		h.press("next")
		h.expect("Why does the ceremony stop here?")
	}), cmdReset) {
		t.Fatal("the HSM was reset all the same")
	}
	h.closeIntent("No answer came")
	res := sound(t, r)
	if logged(res, "hsm.bootstrapped") != 0 {
		t.Error("a bootstrap is on record, and nothing was reset")
	}
	if !bytes.Contains(res.Log.Bytes(), []byte("No answer came")) {
		t.Error("the words are not in the log")
	}
}

func TestAReasonThatCannotBeBurnedSpeaksOfNoKey(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.intendCSR()
	h.on("On the disc", "next")
	h.expect("Enter share")
	h.press("stop")
	h.on("Stop the ceremony?", "stop")
	h.expect("Why does the ceremony stop here?")
	h.text("Nobody came")
	r.drive.SetFault(sim.AtOpcode(opWrite, 1, 1, sim.PowerLoss{}))
	h.press("done")
	v := h.expect("The session is not on the disc")
	if text := say(v); strings.Contains(text, "key has been used") || strings.Contains(text, "What it signed") {
		t.Errorf("the key was not used in this ceremony:\n%s", text)
	}
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	h.press("again")
	h.on("On the disc", "next")
	h.giveUp()
	if res := sound(t, r); !bytes.Contains(res.Log.Bytes(), []byte("Nobody came")) || res.State.OpenIntent != "" {
		t.Error("the words do not close the intent")
	}
}
