package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/devices/sim"
)

// verified verifies a room's disc and returns what was found.
func verified(t *testing.T, r *room) archive.Result {
	t.Helper()
	var image bytes.Buffer
	if err := r.disc.WriteImage(&image); err != nil {
		t.Fatal(err)
	}
	sessions, damage := archive.FromImage(bytes.NewReader(image.Bytes()), int64(image.Len()))
	return archive.Verify(sessions, damage, archive.Options{})
}

// sound fails unless the room's disc verifies without an error.
func sound(t *testing.T, r *room) archive.Result {
	t.Helper()
	res := verified(t, r)
	if res.Worst() == archive.Error {
		for _, f := range res.Findings {
			if f.Level != archive.Pass {
				t.Error(f)
			}
		}
	}
	return res
}

// intents names the operations of the sessions that hold the intent of one that
// issues nothing.
func intents(log *audit.Log) map[string]string {
	operations := map[string]string{}
	intended := ""
	for _, r := range log.Records() {
		switch e := r.Event.(type) {
		case audit.IntentKeyBackup, audit.IntentUpdateHSM:
			intended = strings.TrimPrefix(e.Name(), "intent.")
		case audit.SessionClose:
			operations[e.Directory] = intended
			intended = ""
		}
	}
	return operations
}

// directories names the sessions of a room's disc by their first sector.
func directories(t *testing.T, r *room) map[uint32]string {
	t.Helper()
	var image bytes.Buffer
	if err := r.disc.WriteImage(&image); err != nil {
		t.Fatal(err)
	}
	sessions, problems := disc.Find(bytes.NewReader(image.Bytes()), int64(image.Len()))
	for _, p := range problems {
		t.Error(p)
	}
	names := map[uint32]string{}
	for _, s := range sessions {
		names[s.Address] = s.Directories[len(s.Directories)-1].Name
	}
	operations := intents(verified(t, r).Log)
	for address, name := range names {
		names[address] = strings.TrimSpace(name + " " + operations[name])
	}
	return names
}

// exported lists what the ceremony has put on the stick.
func exported(t *testing.T, r *room) []string {
	t.Helper()
	names, err := r.stick.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(names, func(s string) bool { return !strings.HasSuffix(s, ".CRT") && !strings.HasSuffix(s, ".CRL") })
}

func TestDiscBeforeStickAndIntentBeforeHSM(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	l := watch(r)
	h := enter(t, r)
	h.gates()
	h.root()
	h.sign()
	h.shutDown()
	<-h.ended
	names := directories(t, r)
	if err := broken(l.acts, names); err != nil {
		t.Error(err)
	}
	if got := exported(t, r); !slices.Equal(got, []string{"INTCA1.CRT", "ROOT.CRL", "ROOT.CRT"}) {
		t.Errorf("on the stick: %q", got)
	}
	sound(t, r)

	// The check notices when the order is another one.
	find := func(match func(act) bool) int { return slices.IndexFunc(l.acts, match) }
	firstRead := func(from int) int {
		return from + slices.IndexFunc(l.acts[from:], func(a act) bool { return a.kind == discRead })
	}
	closing := find(func(a act) bool { return a.kind == discClose })
	for name, spoil := range map[string]func([]act) []act{
		"the stick before the record is on the disc": func(a []act) []act {
			return slices.Insert(a, closing, act{kind: stickWrite, file: "ROOT.CRT"})
		},
		"the HSM opened before the intent was read back": func(a []act) []act {
			return slices.Insert(a, firstRead(closing), act{kind: hsmCommand, command: 0x03})
		},
		"a reset after the intent alone": func(a []act) []act {
			at := find(func(a act) bool { return a.kind == hsmCommand && a.command == 0x51 })
			return slices.Insert(a, at, act{kind: hsmCommand, command: cmdReset})
		},
		"a signature after the record": func(a []act) []act {
			return append(a, act{kind: hsmCommand, command: cmdSignECDSA})
		},
		"a sector that is not read back": func(a []act) []act {
			first := a[find(func(a act) bool { return a.kind == discWrite })].address
			return slices.DeleteFunc(a, func(a act) bool {
				return a.kind == discRead && a.address <= first+100 && first+100 < a.address+a.blocks
			})
		},
	} {
		if broken(spoil(slices.Clone(l.acts)), names) == nil {
			t.Errorf("%s: not noticed", name)
		}
	}
}

func TestSharesThatAreRefused(t *testing.T) {
	t.Parallel()
	other := enter(t, newTestRoom(t, nil))
	other.gates()
	other.planRoot(custodians, 2)
	other.on("On the disc", "next")
	other.showAll(3)
	strangers := other.cards

	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.intendCSR()
	h.on("On the disc", "next")

	refused := func(why string) {
		t.Helper()
		b, ok := h.view().Body.(ceremony.EntryBody)
		if !ok || !strings.Contains(b.Wrong, why) {
			t.Fatalf("expected %q:\n%s", why, say(h.view()))
		}
		h.press("clear")
	}
	h.typeCard(strangers[0])
	h.press("next")
	refused("another set")

	wrong := slices.Clone(h.cards[0])
	wrong[20] = h.cards[1][20]
	if wrong[20] == h.cards[0][20] {
		wrong[20] = "academic"
	}
	h.typeCard(wrong)
	if b := h.view().Body.(ceremony.EntryBody); b.Suspect != 21 {
		t.Errorf("word 21 is wrong, the check words point at %d", b.Suspect)
	}
	h.press("next")
	refused("check words")

	h.share(0)
	h.typeCard(h.cards[0])
	h.press("next")
	refused("the same share twice")

	// Too few shares: nobody else comes.
	h.press("stop")
	h.on("Stop the ceremony?", "on")
	h.expect("Enter share")
	h.press("stop")
	h.on("Stop the ceremony?", "stop")
	h.expect("Why does the ceremony stop here?")
	h.text("Only Alice came")
	h.press("done")
	h.on("On the disc", "next")
	v := h.expect("The ceremony stopped here")
	if strings.Contains(say(v), "no record") {
		t.Error("the intent is still open")
	}
	if got := exported(t, r); slices.Contains(got, "INTCA1.CRT") {
		t.Errorf("on the stick: %q", got)
	}
	if res := sound(t, r); !bytes.Contains(res.Log.Bytes(), []byte("Only Alice came")) {
		t.Error("the words are not in the log")
	}
}

func TestAnHSMThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.intendCSR()
	h.on("On the disc", "next")
	h.share(0)
	h.expect("Enter share")
	h.typeCard(h.cards[1])
	r.hsm.FaultIn(6, sim.HSMLoseMessage)
	h.press("next")
	v := h.expect("Why does the ceremony stop here?")
	if !strings.Contains(v.Notice.Text, "no answer") {
		t.Errorf("the reason is not told: %s", say(v))
	}
	h.text("The HSM fell silent")
	h.press("done")
	h.on("On the disc", "next")
	h.on("The ceremony stopped here", "back")
	h.on("Note the tree head", "menu")
	if slices.Contains(exported(t, r), "INTCA1.CRT") {
		t.Error("something was exported")
	}
	sound(t, r)

	// The same ceremony again, with the HSM well.
	h.on("Is this the head on your sheet?", "same")
	h.sign()
	sound(t, r)
}

func TestDiscsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		disc *sim.Disc
		why  string
	}{
		"rewritable": {sim.NewDisc(0x43), "BD-RE"},
		"DVD+RW":     {sim.NewDisc(0x1A), "DVD+RW"},
		"closed":     {sim.NewDisc(0x41, sim.WithFinalised()), ""},
		"too small":  {sim.NewDisc(0x41, sim.WithCapacity(1500)), "full"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			if _, err := r.drive.Eject(); err != nil {
				t.Fatal(err)
			}
			good := r.disc
			r.disc = tc.disc
			if err := r.drive.Insert(tc.disc); err != nil {
				t.Fatal(err)
			}
			h := enter(t, r)
			h.on("Is this the time?", "right")
			h.on("Is this the stick?", "use")
			h.on("Is this the profile?", "use")
			h.on("Is this the HSM?", "use")
			v := h.view()
			if name == "too small" { // it is found when the plan is known
				h.press("new")
				h.pick(4)
				h.on("Is this still the time?", "right")
				h.text("A")
				h.press("done")
				h.text("B")
				h.press("done")
				h.press("extra")
				h.pick(0)
				if v = h.expect("This step could not be done"); !strings.Contains(say(v), tc.why) {
					t.Errorf("the reason is not told: %s", say(v))
				}
				return
			}
			if v.Title != "Put the archive's disc in" || v.Notice.Text == "" || !strings.Contains(v.Notice.Text, tc.why) {
				t.Fatalf("the disc is not refused with its reason: %s", say(v))
			}
			if err := r.pull(discName); err != nil {
				t.Fatal(err)
			}
			r.disc = good
			if err := r.insert(discName); err != nil {
				t.Fatal(err)
			}
			h.expect("Begin a new archive on this disc?")
		})
	}
}

func TestAStickPulledOutMidCeremonyLosesNothing(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	if err := r.pull(stickName); err != nil {
		t.Fatal(err)
	}
	h.showAll(3)
	for i := range 3 {
		h.share(i)
	}
	h.on("On the disc", "next")
	h.on("Compare the fingerprint", "same")
	h.on("On the disc", "next")
	h.expect("The stick did not take the files")
	h.press("again")
	h.expect("The stick did not take the files")
	if err := r.insert(stickName); err != nil {
		t.Fatal(err)
	}
	h.press("again")
	h.expect("Init root: done")
	if got := exported(t, r); !slices.Equal(got, []string{"ROOT.CRL", "ROOT.CRT"}) {
		t.Errorf("on the stick: %q", got)
	}
	sound(t, r)
}

func TestAStickPulledOutAtTheGatesFallsBackToItsGate(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	if err := r.pull(stickName); err != nil {
		t.Fatal(err)
	}
	h.expect("Put the USB stick in")
	if err := r.insert(stickName); err != nil {
		t.Fatal(err)
	}
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.expect("Is this the HSM?")
	if err := r.pull(hsmName); err != nil {
		t.Fatal(err)
	}
	h.expect("Put the HSM in")
}

func TestRequestsThatAreRefused(t *testing.T) {
	t.Parallel()
	good, err := os.ReadFile("../../testdata/intermediate.csr")
	if err != nil {
		t.Fatal(err)
	}
	r := newTestRoom(t, map[string]string{
		"a-empty.csr": "", "b-truncated.csr": string(good[:len(good)/2]), "c-text.csr": "not a request", "d-other.pem": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	})
	h := enter(t, r)
	h.gates()
	h.root()
	h.pick(0)
	h.on("Is this still the time?", "right")
	for i := range 4 {
		h.expect("Which request shall be signed?")
		h.pick(i)
		h.on("This request is refused", "back")
	}
	h.expect("Which request shall be signed?")
	h.pick(4)
	h.expect("What kind of certificate shall it be?")
	if res := sound(t, r); res.State.OpenIntent != "" {
		t.Error("an intent was burned for a request that was refused")
	}
}

func TestAProfileThatIsWrongIsToldByLine(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	path := filepath.Join(stickFolder(t, nil), "profile.toml")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r.stick = sim.NewStick(filepath.Dir(path))
	if err := os.WriteFile(path, bytes.Replace(good, []byte(`"US"`), []byte(`"USA"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	h := enter(t, r)
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	v := h.expect("The profile cannot be used")
	if !strings.Contains(say(v), "line ") || !strings.Contains(say(v), "country") {
		t.Errorf("line or key is not told: %s", say(v))
	}
	if err := os.WriteFile(path, good, 0o600); err != nil {
		t.Fatal(err)
	}
	h.press("again")
	h.expect("Is this the profile?")
}

func TestAClockBehindTheDiscIsRefused(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	if err := r.SetClock(time.Now().Add(-48 * time.Hour)); err != nil {
		t.Fatal(err)
	}
	h = enter(t, r)
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Is this the HSM?", "use")
	v := h.expect("Is this the time?")
	if !strings.Contains(v.Notice.Text, "The last record on the disc was written") {
		t.Errorf("the reason is not told: %s", say(v))
	}
	h.press("set")
	h.expect("What time is it?")
	for range len(h.view().Body.(ceremony.TextBody).Value) {
		h.send(ceremony.Erase{})
	}
	h.text(time.Now().UTC().Add(time.Minute).Format("2006-01-02 15:04:05"))
	h.press("done")
	h.on("Is this the time?", "right")
	h.expect("Is this the head on your sheet?")
}

func TestAFingerprintThatDiffersIsOnRecordAndNotExported(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.intendCSR()
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.on("Compare the fingerprint", "differs")
	h.on("Does it really differ?", "again")
	h.on("Compare the fingerprint", "differs")
	h.on("Does it really differ?", "sure")
	h.on("On the disc", "next")
	v := h.expect("The ceremony stopped here")
	if !strings.Contains(say(v), "differs") {
		t.Errorf("the reason is not told: %s", say(v))
	}
	if slices.Contains(exported(t, r), "INTCA1.CRT") {
		t.Error("it was exported")
	}
	if res := sound(t, r); !bytes.Contains(res.Log.Bytes(), []byte(`"same":false`)) {
		t.Error("the answer is not in the log")
	}
}

func TestAnOldDiscBroughtBackIsNoticedByItsHead(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	h = enter(t, r)
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Is this the HSM?", "use")
	h.on("Is this the head on your sheet?", "differs")
	h.on("Which head is on your sheet?", "back")
	v := h.expect("Put the archive's disc in")
	if !strings.Contains(v.Notice.Text, "older copy") {
		t.Errorf("the reason is not told: %s", say(v))
	}
}
