package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/sim"
)

func TestTheArchiveGoesOnAfterPowerOff(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	cards := h.cards
	h.stop()
	r.hsm.Unplug()
	r.hsm.Plug()

	h = enter(t, r)
	h.cards = cards
	h.gates()
	h.sign()
	if res := sound(t, r); res.State.Intermediates != 1 || res.State.OpenIntent != "" {
		t.Errorf("state: %+v", res.State)
	}
}

func TestAnIntentWithoutRecordIsExplainedOnTheDisc(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	cards := h.cards
	h.intendCSR()
	h.expect("On the disc")
	h.stop() // the power fails after the intent

	h = enter(t, r)
	h.cards = cards
	h.gates()
	h.pick(0)
	h.expect("A ceremony stopped midway")
	h.press("done")
	if v := h.view(); !v.Body.(ceremony.TextBody).Wrong {
		t.Error("an empty explanation was taken")
	}
	h.text("The mains failed")
	h.press("done")
	h.on("Is this still the time?", "right")
	h.expect("Which request")
	h.pick(0)
	h.expect("What kind")
	h.pick(0)
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.share(1)
	h.share(2)
	h.finish("Sign CSR")
	res := sound(t, r)
	if !bytes.Contains(res.Log.Bytes(), []byte("The mains failed")) {
		t.Error("the explanation is not in the log")
	}
}

func TestAReadBackThatDiffersExportsNothing(t *testing.T) {
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
	r.drive.SetFault(sim.AtOpcode(0x2A, 3, 3, sim.FlipBit{Offset: 700}))
	h.press("same")
	v := h.expect("The session is not on the disc")
	if !strings.Contains(say(v), "differs") {
		t.Errorf("the reason is not told: %s", say(v))
	}
	if slices.Contains(exported(t, r), "INTCA1.CRT") {
		t.Error("a certificate whose record is not on the disc was exported")
	}
	r.drive.SetFault(nil)
	h.press("again")
	h.on("On the disc", "next")
	h.on("Sign CSR: done", "next")
	if !slices.Contains(exported(t, r), "INTCA1.CRT") {
		t.Error("after the second burn nothing was exported")
	}
	if res := sound(t, r); !bytes.Contains(res.Log.Bytes(), []byte(`"session.void"`)) {
		t.Error("the failed burn is not declared")
	}
}

func TestADriveThatReadsFromItsCacheIsCaught(t *testing.T) {
	t.Parallel()
	for name, refuses := range map[string]bool{"it takes FUA": false, "it refuses FUA": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			r.drive.RememberWrites()
			if refuses {
				r.drive.RefuseFUA()
			}
			h := enter(t, r)
			h.gates()
			h.root()
			h.planCRL()
			r.drive.SetFault(sim.AtOpcode(0x2A, 3, 3, sim.FlipBit{Offset: 700}))
			h.press("go")
			if v := h.expect("The session is not on the disc"); !strings.Contains(say(v), "differs") {
				t.Errorf("the reason is not told: %s", say(v))
			}
			r.drive.SetFault(nil)
			h.press("again")
			h.on("On the disc", "next")
			h.share(0)
			h.share(1)
			h.finish("Issue CRL")
			if res := sound(t, r); logged(res, "session.void") != 1 {
				t.Errorf("declared void: %d", logged(res, "session.void"))
			}
		})
	}
}

func TestPowerLostAtEveryStageOfABurnIsMended(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]sim.DriveFault{
		"the first write":      sim.AtOpcode(0x2A, 1, 1, sim.PowerLoss{}),
		"a later write":        sim.AtOpcode(0x2A, 5, 5, sim.PowerLoss{Late: true}),
		"emptying the cache":   sim.AtOpcode(0x35, 1, 1, sim.PowerLoss{}),
		"closing the track":    sim.AtOpcode(0x5B, 1, 1, sim.PowerLoss{Late: true}),
		"closing the session":  sim.AtOpcode(0x5B, 2, 2, sim.PowerLoss{}),
		"the session's closed": sim.AtOpcode(0x5B, 2, 2, sim.PowerLoss{Late: true}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			h.expect("What is this ceremony for?")
			h.pick(1)
			h.on("Is this still the time?", "right")
			h.expect("Shall this be done?")
			r.drive.SetFault(fault)
			h.press("go")
			h.expect("The session is not on the disc")
			r.drive.SetFault(nil)
			r.drive.PowerOn()
			h.press("again")
			h.on("On the disc", "next")
			h.share(0)
			h.share(2)
			h.finish("Issue CRL")
			if res := sound(t, r); res.State.CRLNumber != 2 {
				t.Errorf("CRL number %d", res.State.CRLNumber)
			}
		})
	}
}

func TestAMachineThatLosesPowerMidBurnGoesOn(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		fault  sim.DriveFault
		broken bool // something that is no session is left on the disc
	}{
		"before the first write":  {sim.AtOpcode(0x2A, 1, 1, sim.PowerLoss{}), false},
		"emptying the cache":      {sim.AtOpcode(0x35, 1, 1, sim.PowerLoss{Late: true}), false},
		"closing the track":       {sim.AtOpcode(0x5B, 1, 1, sim.PowerLoss{Late: true}), true},
		"closing the session":     {sim.AtOpcode(0x5B, 2, 2, sim.PowerLoss{}), true},
		"a byte stored wrong":     {sim.AtOpcode(0x2A, 2, 2, sim.FlipBit{Offset: 3}), true},
		"a session stored wrong":  {sim.AtOpcode(0x2A, 1, 1, sim.FlipBit{Offset: 16*2048 + 3}), true},
		"before it was read back": {sim.AtOpcode(0x28, 5, 5, sim.PowerLoss{}), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			h := enter(t, r)
			h.gates()
			h.root()
			cards := h.cards
			h.pick(1)
			h.on("Is this still the time?", "right")
			h.expect("Shall this be done?")
			r.drive.SetFault(tc.fault)
			h.press("go")
			h.expect("The session is not on the disc")
			h.stop() // the machine goes down with the drive
			r.drive.SetFault(nil)
			r.drive.PowerOn()
			if err := r.SetClock(time.Now().Add(time.Minute)); err != nil { // it takes a while to start again
				t.Fatal(err)
			}

			h = enter(t, r)
			h.cards = cards
			h.gates()
			h.pick(1)
			if tc.broken {
				h.on("The last recording was broken off", "go")
			} else if v := h.view(); v.Title == "A ceremony stopped midway. What happened?" {
				h.text("The mains failed")
				h.press("done")
			}
			h.on("Is this still the time?", "right")
			h.on("Shall this be done?", "go")
			h.on("On the disc", "next")
			h.share(0)
			h.share(2)
			h.finish("Issue CRL")
			if res := sound(t, r); tc.broken != bytes.Contains(res.Log.Bytes(), []byte(`"session.void"`)) {
				t.Errorf("declared void: %v, not %v", !tc.broken, tc.broken)
			}

			// What was declared is forgiven at the next start.
			h.stop()
			h = enter(t, r)
			h.gates()
		})
	}
}
