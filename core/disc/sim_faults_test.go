package disc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"anodize/core/disc"
	"anodize/devices/sim"
)

func TestABurnThatReadsBackDifferentYieldsNoReceipt(t *testing.T) {
	for name, fault := range map[string]sim.DriveFault{
		"a bit flipped in a content":      sim.AtOpcode(0x2A, 3, 3, sim.FlipBit{Offset: 5}),
		"a bit flipped in the descriptor": sim.AtOpcode(0x2A, 1, 1, sim.FlipBit{Offset: 16*2048 + 50}),
		"a bit flipped in the padding":    sim.AtOpcode(0x2A, 12, 12, sim.FlipBit{Offset: 65535}),
		"a write stored elsewhere":        sim.AtOpcode(0x2A, 2, 2, sim.StoreElsewhere{By: 32}),
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, bdR)
			b.sim.SetFault(fault)
			r, err := b.burnNext(1)
			failed, ok := errors.AsType[*disc.BurnError](err)
			if !ok || r.Valid() || failed.NothingWritten || failed.Step != disc.StepReadBack || !errors.Is(err, disc.ErrDiffers) {
				t.Fatalf("Burn = %+v, %v; want ErrDiffers while reading back", r, err)
			}
			// The next session goes behind the spoilt one.
			b.sim.SetFault(nil)
			m := b.medium()
			r, err = b.drive.Burn(t.Context(), m.Identity, volume(2), []disc.Directory{newStep(2)}, nil)
			if err != nil || r.Address() <= failed.Address {
				t.Errorf("the next session: %+v, %v", r, err)
			}
		})
	}
}

// everyEffect is what can go wrong with a command.
var everyEffect = map[string]sim.DriveEffect{
	"time-out":           sim.TimeOut{},
	"time-out, done":     sim.TimeOut{Late: true},
	"reset":              sim.Reset{},
	"reset, done":        sim.Reset{Late: true},
	"power loss":         sim.PowerLoss{},
	"power loss, done":   sim.PowerLoss{Late: true},
	"write error":        sim.Refuse{Key: 3, ASC: 0x0C},
	"hardware":           sim.Refuse{Key: 4, ASC: 0x44},
	"unit attention":     sim.Refuse{Key: 6, ASC: 0x28},
	"refused":            sim.Refuse{Key: 5, ASC: 0x24},
	"busy":               sim.StayBusy{Polls: 2},
	"short":              sim.ShortRead{Bytes: 1},
	"next address unset": sim.HideNextAddress{},
}

func TestFaultsAtEveryCommandOfABurn(t *testing.T) {
	survived := 0
	for name, effect := range everyEffect {
		t.Run(name, func(t *testing.T) { survived += burnWithFaults(t, bdR, effect) })
	}
	toldInDocs(t, "at every command of a burn", survived)
}

// toldInDocs prints how many faults were injected and survived, and compares the
// number with the one that docs/optical.md gives.
func toldInDocs(t *testing.T, what string, survived int) {
	t.Helper()
	t.Logf("%d faults injected and survived %s", survived, what)
	page, err := os.ReadFile("../../docs/optical.md")
	if err != nil {
		t.Fatal(err)
	}
	if row := fmt.Sprintf("| %s | %d |", what, survived); !t.Failed() && !strings.Contains(string(page), row) {
		t.Errorf("docs/optical.md has no row %q", row)
	}
}

func TestPowerLossAtEveryCommandOnEveryMedium(t *testing.T) {
	survived := 0
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) { survived += burnWithFaults(t, medium.profile, sim.PowerLoss{Late: true}) })
	}
	toldInDocs(t, "power lost at every command, on every medium", survived)
}

// burnWithFaults burns a second session again and again, with a fault at each
// command in turn, and returns how many there were.
func burnWithFaults(t *testing.T, profile uint16, effect sim.DriveEffect) (faults int) {
	t.Helper()
	clean := newBench(t, profile)
	clean.mustBurn(1)
	m := clean.medium()
	start := len(clean.trace)
	dirs := []disc.Directory{newStep(1), newStep(2)}
	if _, err := clean.drive.Burn(t.Context(), m.Identity, volume(2), dirs, nil); err != nil {
		t.Fatal(err)
	}
	opcode := func(at int) byte { return clean.trace[at-1].CDB[0] }
	for at := start + 1; at <= len(clean.trace); at++ {
		// Of a long run of writes or reads, the first two and the last will do.
		if at > start+2 && at < len(clean.trace) && opcode(at) == opcode(at-1) && opcode(at) == opcode(at-2) && opcode(at) == opcode(at+1) {
			continue
		}
		burnWithFault(t, profile, at, effect)
		faults++
	}
	return faults
}

// burnWithFault burns a second session with a fault at one command, and
// requires that a receipt stands for a session that is on the disc, that an
// error says the truth about what was written, and that the disc takes another
// session afterwards.
func burnWithFault(t *testing.T, profile uint16, at int, effect sim.DriveEffect) {
	t.Helper()
	b := newBench(t, profile)
	b.mustBurn(1)
	before := b.medium()
	tracks := b.disc.Tracks()
	writes := b.count(0x2A)
	b.sim.SetFault(sim.AtCommand(at, effect))
	dirs := []disc.Directory{newStep(1), newStep(2)}
	r, err := b.drive.Burn(b.Context(), before.Identity, volume(2), dirs, nil)
	b.sim.SetFault(nil)
	b.sim.PowerOn()

	failed, isBurn := errors.AsType[*disc.BurnError](err)
	switch {
	case err == nil && !r.Valid():
		t.Fatalf("command %d: no error and no receipt", at)
	case err != nil && (r.Valid() || !isBurn):
		t.Fatalf("command %d: %+v, %v", at, r, err)
	case err != nil && failed.NothingWritten && (b.count(0x2A) != writes || !slices.Equal(tracks, b.disc.Tracks())):
		t.Fatalf("command %d: something was written, and %v", at, err)
	}
	m := b.medium()
	if r.Valid() {
		last, err := b.drive.Session(b.Context(), m.Tracks[len(m.Tracks)-1])
		if err != nil || last.Address != r.Address() || last.Verify() != nil || m.Sessions != 2 {
			t.Fatalf("command %d: a receipt for %d, and the disc holds %+v, %v", at, r.Address(), last, err)
		}
	}
	if len(m.Unfinished) > 0 {
		b.wantRefusal(m, disc.ErrUnfinished)
		void, err := b.drive.CloseUnfinished(b.Context(), m.Identity)
		if err != nil || len(void) == 0 || void[0].Start != before.NextAddress {
			t.Fatalf("command %d: closing what was broken off: %v, %v", at, void, err)
		}
		m = b.medium()
	}
	if _, err := b.drive.Burn(b.Context(), m.Identity, volume(3), append(dirs, newStep(3)), nil); err != nil {
		t.Fatalf("command %d: the session after it: %v", at, err)
	}
}

func TestAWriteErrorIsSaidInWords(t *testing.T) {
	b := newBench(t, bdR)
	b.disc.MarkUnwritable(100)
	_, err := b.burnNext(1)
	failed, ok := errors.AsType[*disc.BurnError](err)
	if !ok || failed.NothingWritten {
		t.Fatalf("Burn = %v, want a BurnError", err)
	}
	if s, ok := failed.Sense(); !ok || s.Key != 3 || s.ASC != 0x0C || !strings.Contains(err.Error(), "writing failed") {
		t.Errorf("Burn = %v, sense %v", err, s)
	}
}

func TestADamagedSessionLeavesTheOthers(t *testing.T) {
	const n = 6
	for whole := 1; whole <= n; whole++ {
		b := newBench(t, bdR)
		for i := 1; i <= n; i++ {
			b.mustBurn(i)
		}
		m := b.medium()
		for i, track := range m.Tracks {
			if i+1 == whole {
				continue
			}
			if i%2 == 0 {
				b.disc.MarkUnreadable(track.Start + 16)
			} else {
				b.disc.ChangeByte(track.Start+16, 90)
			}
		}
		b.reinsert()
		sessions, errs := sessionsOf(t.Context(), b.drive, b.medium())
		if len(sessions) != 1 || len(errs) != n-1 {
			t.Fatalf("all but session %d damaged: %d sessions, %v", whole, len(sessions), errs)
		}
		if err := sessions[0].Verify(); err != nil {
			t.Error(err)
		}
		if got := len(sessions[0].Directories); got != whole {
			t.Errorf("session %d holds %d directories", whole, got)
		}
	}
}

func TestCancellingBeforeTheFirstWriteWritesNothing(t *testing.T) {
	for _, step := range []disc.Step{disc.StepBuild, disc.StepPrepare} {
		b := newBench(t, bdR)
		m := b.medium()
		ctx, cancel := context.WithCancel(t.Context())
		_, err := b.drive.Burn(ctx, m.Identity, volume(1), []disc.Directory{newStep(1)}, func(p disc.Progress) {
			if p.Step == step {
				cancel()
			}
		})
		failed, ok := errors.AsType[*disc.BurnError](err)
		if !ok || !failed.NothingWritten || !errors.Is(err, context.Canceled) || b.count(0x2A) != 0 {
			t.Errorf("cancelled while %s: %v", step, err)
		}
	}
}

func TestCancellingWhileWritingSpoilsNothing(t *testing.T) {
	b := newBench(t, bdR)
	m := b.medium()
	ctx, cancel := context.WithCancel(t.Context())
	_, err := b.drive.Burn(ctx, m.Identity, volume(1), []disc.Directory{newStep(1)}, func(p disc.Progress) {
		if p.Step == disc.StepWrite {
			cancel()
		}
	})
	failed, ok := errors.AsType[*disc.BurnError](err)
	if !ok || failed.Step != disc.StepReadBack || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while writing: %v; want it to end when reading back", err)
	}
	if m := b.medium(); m.Sessions != 1 || len(m.Unfinished) != 0 {
		t.Errorf("the session was not finished: %+v", m)
	}
}

func TestClosingWhatWasBrokenOff(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	whole := b.medium()
	if void, err := b.drive.CloseUnfinished(t.Context(), whole.Identity); void != nil || err != nil {
		t.Errorf("nothing was broken off, and CloseUnfinished = %v, %v", void, err)
	}
	b.sim.SetFault(sim.AtOpcode(0x2A, 4, 4, sim.Refuse{Key: 4, ASC: 0x44}))
	if _, err := b.burnNext(2); err == nil {
		t.Fatal("a hardware fault while writing, and no error")
	}
	b.sim.SetFault(nil)
	m := b.medium()
	if len(m.Unfinished) != 1 || m.Unfinished[0].Start != whole.NextAddress || m.Unfinished[0].Blocks != 3*32 {
		t.Errorf("after three of the writes: unfinished %+v, want 96 sectors at %d", m.Unfinished, whole.NextAddress)
	}
	if _, err := b.drive.CloseUnfinished(t.Context(), whole.Identity); !errors.Is(err, disc.ErrSwapped) {
		t.Errorf("with another disc expected: %v, want ErrSwapped", err)
	}
	b.sim.SetFault(sim.AtOpcode(0x5B, 1, 1, sim.Refuse{Key: 3, ASC: 0x72}))
	if _, err := b.drive.CloseUnfinished(t.Context(), m.Identity); err == nil || !strings.Contains(err.Error(), "closing the session failed") {
		t.Errorf("a track that cannot be closed: %v", err)
	}
	b.sim.SetFault(sim.AtOpcode(0x5B, 2, 2, sim.Refuse{Key: 3, ASC: 0x72, ASCQ: 2}))
	if _, err := b.drive.CloseUnfinished(t.Context(), m.Identity); err == nil {
		t.Error("a session that cannot be closed is no error")
	}
	b.sim.SetFault(nil)
	// The track is closed now, and only the session is left to close.
	m = b.medium()
	void, err := b.drive.CloseUnfinished(t.Context(), m.Identity)
	if err != nil || len(void) != 1 {
		t.Errorf("CloseUnfinished = %v, %v", void, err)
	}
	if m = b.medium(); m.Sessions != 2 || m.CheckRoom(1, 1) != nil {
		t.Errorf("after it: %d sessions, %v", m.Sessions, m.CheckRoom(1, 1))
	}
	sessions, errs := sessionsOf(t.Context(), b.drive, m)
	if len(sessions) != 1 || len(errs) != 1 {
		t.Errorf("Sessions = %d, %v; want the whole one, and an error for the other", len(sessions), errs)
	}
	if _, err := b.sim.Eject(); err != nil {
		t.Errorf("the disc stays locked: %v", err)
	}
}

func TestFindGoesPastUnreadableSectors(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	b.mustBurn(2)
	m := b.medium()
	b.disc.MarkUnreadable(m.Tracks[0].Start + 16)
	end := int64(m.NextAddress) * 2048
	sessions, errs := disc.Find(b.drive.ReaderAt(t.Context()), end)
	if len(sessions) != 1 || sessions[0].Address != m.Tracks[1].Start {
		t.Errorf("Find = %d sessions, %v; want the second one", len(sessions), errs)
	}
	if sense, ok := errors.AsType[*disc.SenseError](errors.Join(errs...)); !ok || sense.Sense.Key != 3 {
		t.Errorf("Find does not report what it could not read: %v", errs)
	}
}
