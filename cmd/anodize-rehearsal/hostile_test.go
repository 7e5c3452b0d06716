package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/ceremony"
	"anodize/devices/sim"
)

// restart is the same people after the machine was turned off and on.
func (h *hands) restart() *hands {
	h.t.Helper()
	h.stop()
	next := enter(h.t, h.room)
	next.cards = h.cards
	return next
}

// toDiscGate passes every gate before the disc's.
func (h *hands) toDiscGate() {
	h.t.Helper()
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Is this the HSM?", "use")
}

// proposeCRL goes from the picked card to the plan of a CRL.
func (h *hands) proposeCRL() {
	h.t.Helper()
	h.on("Is this still the time?", "right")
	h.expect("Shall this be done?")
}

// planCRL goes to the plan of a CRL.
func (h *hands) planCRL() {
	h.t.Helper()
	h.expect("What is this ceremony for?")
	h.pick(issueCRLCard)
	h.proposeCRL()
}

// issueCRL goes from the plan of a CRL to the menu.
func (h *hands) issueCRL() {
	h.t.Helper()
	h.expect("Shall this be done?")
	h.press("go")
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.finish("Issue CRL")
	h.noted()
}

// explain tells what became of an intent that has no record.
func (h *hands) explain(words string) {
	h.t.Helper()
	h.expect("A ceremony stopped midway")
	h.text(words)
	h.press("done")
}

// giveUp leaves a ceremony that could not go on; its disc is read again.
func (h *hands) giveUp() {
	h.t.Helper()
	h.on("The ceremony stopped here", "back")
	h.on("Note the tree head", "menu")
	h.on("Is this the head on your sheet?", "same")
	h.expect("What is this ceremony for?")
}

// logged counts the records of an event in a disc's log.
func logged(res archive.Result, event string) int {
	if res.Log == nil {
		return -1
	}
	n := 0
	for _, r := range res.Log.Records() {
		if r.Event.Name() == event {
			n++
		}
	}
	return n
}

func TestAnExportIsNotToldToAnotherDisc(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	if err := r.pull(discName); err != nil {
		t.Fatal(err)
	}
	h.expect("Put the archive's disc in")
	r.disc = sim.NewDisc(0x41)
	if err := r.insert(discName); err != nil {
		t.Fatal(err)
	}
	h.on("Begin a new archive on this disc?", "new")
	h.planRoot(custodians, 2)
	h.expect("On the disc")
	if res := sound(t, r); logged(res, "export.done") != 0 {
		t.Error("the other archive's export stands in this log")
	}
}

func TestAnExportAndAnOpenIntentAreBothTold(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	closed := false
	r.drive.SetFault(func(_ int, cdb []byte) sim.DriveEffect {
		if closed = closed || closesSession(cdb); closed && cdb[0] == opRead {
			return sim.Refuse{Key: 3, ASC: 0x11} // unrecovered read error
		}
		return nil
	})
	h.press("go")
	h.on("The session is not on the disc", "stop")
	r.drive.SetFault(nil)
	h.giveUp()
	h.pick(issueCRLCard)
	h.explain("The drive did not read")
	h.proposeCRL()
	h.issueCRL()
	// The intent that was left used CRL number 2 up.
	if res := sound(t, r); logged(res, "export.done") != 1 || logged(res, "intent.abandoned") != 1 || res.State.CRLNumber != 3 {
		t.Errorf("exports told: %d, intents explained: %d, CRL number %d", logged(res, "export.done"), logged(res, "intent.abandoned"), res.State.CRLNumber)
	}
}

func TestNoNumberOfEscapesStopsACeremony(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	h.showAll(3)
	h.share(0)
	h.share(1)
	h.expect("Enter share 3")
	h.text("a")
	for i := range 6 {
		v := h.view()
		at := slices.IndexFunc(v.Actions, func(a ceremony.Action) bool { return a.Key == "Esc" })
		if at < 0 {
			t.Fatalf("after %d escapes the screen has none:\n%s", i, say(v))
		}
		h.press(v.Actions[at].ID)
		if _, ok := h.view().Body.(ceremony.TextBody); ok {
			t.Fatalf("%d escapes ended the ceremony:\n%s", i+1, say(h.view()))
		}
	}
	if _, ok := h.view().Body.(ceremony.EntryBody); !ok {
		h.press("on")
	}
	h.share(2)
	h.expect("On the disc")
}

func TestAViewIsNotChangedOnceItWasPublished(t *testing.T) {
	t.Parallel()
	h := enter(t, newTestRoom(t, nil))
	var mu sync.Mutex
	seen := map[*ceremony.View]string{}
	h.seen = func(v *ceremony.View) {
		mu.Lock()
		defer mu.Unlock()
		if seen[v] == "" {
			seen[v] = fmt.Sprintf("%+v", *v)
		}
	}
	watched := make(chan struct{})
	go func() { // the views between those that people answer
		defer close(watched)
		for {
			h.seen(h.c.View())
			select {
			case <-h.ended:
				return
			case <-time.After(100 * time.Microsecond):
			}
		}
	}()
	h.gates()
	h.root()
	h.stop()
	<-watched
	for v, was := range seen {
		if is := fmt.Sprintf("%+v", *v); is != was {
			t.Errorf("was %s\nis  %s", was, is)
		}
	}
	if len(seen) < 50 {
		t.Errorf("only %d views were seen", len(seen))
	}
}

func TestAClockThatFallsBackDoesNotStrandASignature(t *testing.T) {
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
	if err := r.SetClock(time.Now().Add(-10 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	h.finish("Sign CSR")
	h.noted()
	res := sound(t, r)
	if res.State.Intermediates != 1 || res.State.OpenIntent != "" {
		t.Errorf("state: %+v", res.State)
	}
	if !slices.ContainsFunc(res.Log.Records(), func(r audit.Record) bool {
		e, ok := r.Event.(audit.ClockConfirmed)
		return ok && e.Adjusted > 300 // seconds; the people took a moment of the ten minutes
	}) {
		t.Error("the session's moved time is not on record")
	}
}

// What would be signed begins when its plan was made. A plan that stood on the screen
// over a weekend is made anew, as no validator would have its certificate.
func TestAPlanThatIsNoLongerTrueIsMadeAnew(t *testing.T) {
	t.Parallel()
	for name, moved := range map[string]time.Duration{"read for three days": 72 * time.Hour, "of a later time than now": -time.Minute} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			if err := r.SetClock(r.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			before := directories(t, r)
			h.planCRL()
			if err := r.SetClock(r.Now().Add(moved)); err != nil {
				t.Fatal(err)
			}
			h.press("go")
			h.on("This step could not be done", "back")
			if after := directories(t, r); len(after) != len(before) {
				t.Errorf("%v were %v", after, before)
			}
			h.planCRL()
			h.issueCRL()
			sound(t, r)
		})
	}
}

func TestTheNotedHeadIsFoundAgainAfterAPowerFailure(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	sheet := strings.ToUpper(h.view().TreeHead)
	h.planCRL()
	h.press("go")
	h.expect("On the disc")
	h = h.restart()
	h.toDiscGate()
	v := h.expect("Is this the head on your sheet?")
	if v.Body.(ceremony.FingerprintBody).Hex == sheet {
		t.Fatal("the intent is not under the head that is shown")
	}
	h.press("differs")
	choices, ok := h.view().Body.(ceremony.ChoicesBody)
	if !ok {
		t.Fatalf("no earlier head is offered:\n%s", say(h.view()))
	}
	at := slices.IndexFunc(choices.Choices, func(c ceremony.Choice) bool {
		digits, _, _ := strings.Cut(strings.ReplaceAll(c.Label, " ", ""), "…")
		return digits != "" && strings.HasPrefix(sheet, digits)
	})
	if at < 0 {
		t.Fatalf("the sheet's head is not among %+v", choices.Choices)
	}
	h.pick(at)
	v = h.expect("Is this the head on your sheet?")
	if b := v.Body.(ceremony.FingerprintBody); b.Hex != sheet || v.Notice.Text == "" {
		t.Fatalf("shown is %s, with %q", b.Hex, v.Notice.Text)
	}
	h.press("same")
	h.expect("What is this ceremony for?")
	h.pick(issueCRLCard)
	h.explain("The mains failed")
	h.proposeCRL()
	h.issueCRL()
	if res := sound(t, r); !bytes.Contains(res.Log.Bytes(), []byte(strings.ToLower(sheet))) {
		t.Error("the head that was compared is not in the log")
	}
}

func TestARootThatNobodyAgreedToSignsNothing(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	h.showAll(3)
	for i := range 3 {
		h.share(i)
	}
	h.on("On the disc", "next")
	h.on("Compare the fingerprint", "differs")
	h.on("Does it really differ?", "sure")
	h.on("On the disc", "next")
	h.giveUp()
	refused := func() {
		t.Helper()
		v := h.expect("What is this ceremony for?")
		for _, card := range []int{signCSRCard, issueCRLCard, copyCard, initRootCard} {
			if b := v.Body.(ceremony.MenuBody); b.Cards[card].Why == "" {
				t.Errorf("%q is offered", b.Cards[card].Label)
			}
			h.pick(card)
			if now := h.view(); now.Screen != v.Screen {
				t.Fatalf("card %d leads to %q", card, now.Title)
			}
		}
	}
	refused()
	h = h.restart()
	h.gates()
	refused()
	sound(t, r)
	if got := exported(t, r); len(got) != 0 {
		t.Errorf("on the stick: %q", got)
	}
}
