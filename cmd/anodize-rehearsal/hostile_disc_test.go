package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/archive"
	"anodize/core/ceremony"
	"anodize/devices/sim"
)

// The operation codes that faults are set at (MMC-6, SPC-4).
const (
	opRead         = 0x28
	opWrite        = 0x2A
	opPrevent      = 0x1E
	opReadInfo     = 0x51
	opCloseSession = 0x5B
)

// closesSession reports whether a command closes a session, not only a track.
func closesSession(cdb []byte) bool { return cdb[0] == opCloseSession && cdb[2]&7 == 2 }

// recordings counts the recordings that a room's disc holds, whole or not.
func recordings(r *room) int {
	n := 0
	for _, track := range r.disc.Tracks() {
		if track.Recorded > 0 {
			n++
		}
	}
	return n
}

func TestASessionThatWasReadBackIsNotBurnedAgain(t *testing.T) {
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
	before := recordings(r)
	closed, unlocked := false, false
	r.drive.SetFault(func(_ int, cdb []byte) sim.DriveEffect {
		if unlocked {
			return sim.PowerLoss{}
		}
		closed = closed || closesSession(cdb)
		unlocked = closed && cdb[0] == opPrevent && cdb[4]&1 == 0 // the last command of a burn
		return nil
	})
	h.press("same")
	v := h.view()
	if b, ok := v.Body.(ceremony.MessageBody); !ok || !strings.Contains(fmt.Sprint(b.Certain), "is on the disc") {
		t.Fatalf("it is not told that the session is on the disc:\n%s", say(v))
	}
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	h.press("again")
	if strings.Contains(h.view().Title, "On the disc") { // it was on the screen before the fault, or was not
		h.press("next")
	}
	h.on("Sign CSR: done", "next")
	h.noted()
	if got := recordings(r) - before; got != 1 {
		t.Errorf("the record was burned %d times", got)
	}
	if res := sound(t, r); logged(res, "session.void") != 0 || res.State.Intermediates != 1 {
		t.Errorf("void: %d, state: %+v", logged(res, "session.void"), res.State)
	}
	if !slices.Contains(exported(t, r), "INTCA1.CRT") {
		t.Error("nothing was exported")
	}
	h = h.restart()
	h.gates()
	h.sign()
	sound(t, r)
}

func TestACommitThatFailedIsDeclaredVoidByTheNextCeremony(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	h.showAll(3)
	h.share(0)
	h.share(1)
	h.expect("Enter share")
	h.typeCard(h.cards[2])
	r.drive.SetFault(sim.AtOpcode(opWrite, 2, 2, sim.FlipBit{Offset: 3}))
	h.press("next")
	h.on("The session is not on the disc", "stop")
	r.drive.SetFault(nil)
	h.giveUp()
	h.pick(initRootCard)
	h.on("The last recording was broken off", "go")
	h.explain("The drive failed")
	h.cards = nil
	h.proposeRoot(custodians, 2)
	h.press("go")
	h.makeRoot()
	if res := sound(t, r); logged(res, "session.void") != 1 || res.State.OpenIntent != "" {
		t.Errorf("void: %d, open: %q", logged(res, "session.void"), res.State.OpenIntent)
	}
	h.sign()
	sound(t, r)
}

func TestABlankDiscWhoseFirstBurnFailsTakesTheArchive(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.pick(initRootCard)
	h.proposeRoot(custodians, 2)
	r.drive.SetFault(sim.AtOpcode(opWrite, 2, 2, sim.FlipBit{Offset: 3}))
	h.press("go")
	h.expect("The session is not on the disc")
	r.drive.SetFault(nil)
	h.press("again")
	h.makeRoot()
	if res := sound(t, r); logged(res, "session.void") != 1 {
		t.Errorf("declared void: %d", logged(res, "session.void"))
	}
	h = h.restart()
	h.gates()
}

func TestADriveThatFailsFourTimesLosesNothing(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	r.drive.SetFault(sim.AtOpcode(opWrite, 2, 0, sim.FlipBit{Offset: 3}))
	h.press("go")
	for range 3 {
		h.on("The session is not on the disc", "again")
	}
	h.on("The session is not on the disc", "stop")
	r.drive.SetFault(nil)
	h.giveUp()
	h.pick(issueCRLCard)
	h.on("The last recording was broken off", "go")
	h.proposeCRL()
	h.issueCRL()
	if res := sound(t, r); logged(res, "session.void") != 4 || res.State.CRLNumber != 2 {
		t.Errorf("declared void: %d, CRL number %d", logged(res, "session.void"), res.State.CRLNumber)
	}
	h = h.restart()
	h.gates()
}

// spoil changes a byte of a file in the newest session of a room's disc.
func spoil(t *testing.T, r *room, name string) {
	t.Helper()
	var image bytes.Buffer
	if err := r.disc.WriteImage(&image); err != nil {
		t.Fatal(err)
	}
	sessions, _ := archive.FromImage(bytes.NewReader(image.Bytes()), int64(image.Len()))
	for _, d := range sessions[len(sessions)-1].Directories {
		for _, f := range d.Files {
			if f.Name != name {
				continue
			}
			data := make([]byte, f.Size)
			if _, err := f.Content.ReadAt(data, 0); err != nil {
				t.Fatal(err)
			}
			at := bytes.LastIndex(image.Bytes(), data)
			r.disc.ChangeByte(uint32(at/2048), 30)
			return
		}
	}
	t.Fatalf("no %s on the disc", name)
}

func TestADamagedSessionIsNotValidatedAsSound(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	spoil(t, r, "ROOT.CRT")
	h.pick(validateCard)
	v := h.view()
	if _, ok := v.Body.(ceremony.FindingsBody); !ok || !strings.Contains(v.Title, "not sound") || v.Notice.Kind != ceremony.Danger {
		t.Fatalf("the damage is not told:\n%s", say(v))
	}
	h.press("next")
	v = h.view()
	if strings.Contains(v.Title, "Note the tree head") {
		t.Fatalf("a head of a damaged disc is to be noted:\n%s", say(v))
	}
	if v = h.expect("Is this the head on your sheet?"); v.Notice.Kind != ceremony.Danger || v.Notice.Text == "" {
		t.Errorf("the lost session is not told at the gate:\n%s", say(v))
	}
}

func TestASectorGoneBadIsNotCopiedOn(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	spoil(t, r, "ROOT.CRT")
	before := recordings(r)
	h.planCRL()
	h.press("go")
	v := h.expect("The session is not on the disc")
	if !strings.Contains(say(v), "ROOT.CRT") {
		t.Errorf("the file is not named:\n%s", say(v))
	}
	h.press("again")
	h.expect("The session is not on the disc")
	if recordings(r) != before {
		t.Error("something was burned")
	}
}

func TestAMendThatFailsMidwayReadsTheDiscAgain(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	r.drive.SetFault(sim.AtOpcode(opCloseSession, 1, 1, sim.PowerLoss{}))
	h.press("go")
	h.expect("The session is not on the disc")
	h.stop()
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	if err := r.SetClock(time.Now().Add(time.Minute)); err != nil { // it takes a while to start again
		t.Fatal(err)
	}
	h = h.restart()
	h.gates()
	h.pick(issueCRLCard)
	h.expect("The last recording was broken off")
	closed, failed := false, false
	r.drive.SetFault(func(_ int, cdb []byte) sim.DriveEffect {
		if closed = closed || closesSession(cdb); closed && cdb[0] == opReadInfo {
			failed = true
			return sim.Refuse{Key: 4, ASC: 0x44} // internal target failure
		}
		return nil
	})
	h.press("go")
	h.expect("This step could not be done")
	r.drive.SetFault(nil)
	if !failed {
		t.Fatal("the mend did not fail where it should")
	}
	h.press("back")
	h.on("Is this the head on your sheet?", "same")
	h.expect("What is this ceremony for?")
	h.pick(issueCRLCard)
	h.explain("The power and the drive failed") // closing made a whole session of it
	h.proposeCRL()
	h.issueCRL()
	if res := sound(t, r); logged(res, "session.void") != 0 || logged(res, "intent.abandoned") != 1 || res.State.OpenIntent != "" {
		t.Errorf("void: %d, intents explained: %d", logged(res, "session.void"), logged(res, "intent.abandoned"))
	}
	h = h.restart()
	h.gates()
}

func TestOneReadErrorHidesNoSession(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	head := strings.ToUpper(h.view().TreeHead)
	tracks := r.disc.Tracks()
	var last uint32
	for _, track := range tracks {
		if track.Recorded > 0 {
			last = track.Start
		}
	}
	for n := 1; n <= 4; n++ {
		for _, effect := range []sim.DriveEffect{sim.Reset{}, sim.Refuse{Key: 3, ASC: 0x11}} {
			h = h.restart()
			h.on("Is this the time?", "right")
			h.on("Is this the stick?", "use")
			h.on("Is this the profile?", "use")
			h.expect("Is this the HSM?")
			reads := 0
			r.drive.SetFault(func(_ int, cdb []byte) sim.DriveEffect {
				if cdb[0] != opRead || binary.BigEndian.Uint32(cdb[2:]) < last {
					return nil
				}
				if reads++; reads != n {
					return nil
				}
				return effect
			})
			h.press("use")
			if v := h.view(); strings.Contains(v.Title, "Put the archive's disc in") {
				h.press("again") // an error told is no session hidden
			}
			v := h.expect("Is this the head on your sheet?")
			if b := v.Body.(ceremony.FingerprintBody); b.Hex != head || v.Notice.Text != "" {
				t.Errorf("read %d, %T: shown is %s…, with %q", n, effect, b.Hex[:8], v.Notice.Text)
			}
			if reads < n {
				t.Errorf("read %d did not happen", n)
			}
		}
	}
}
