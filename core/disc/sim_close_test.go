package disc_test

import (
	"errors"
	"strings"
	"testing"

	"anodize/core/disc"
	"anodize/devices/sim"
)

// finalizing is how each medium is closed for ever: the last commands that it is
// sent, without their polls.
var finalizing = map[string]struct {
	page     bool // MODE SELECT with multi-session 00b
	function byte
}{"CD-R": {true, 2}, "DVD-R": {true, 2}, "DVD+R": {false, 5}, "DVD+R DL": {false, 5}, "BD-R": {false, 6}}

func TestEveryMediumCanBeClosedForEver(t *testing.T) {
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) {
			b := newBench(t, medium.profile)
			for n := 1; n <= 3; n++ {
				b.mustBurn(n)
			}
			b.reinsert()
			before := b.medium()
			from := len(b.trace)
			var steps []disc.Step
			if err := b.drive.Finalize(t.Context(), before.Identity, func(p disc.Progress) { steps = append(steps, p.Step) }); err != nil {
				t.Fatal(err)
			}
			want := finalizing[medium.name]
			if pages := strings.Count(b.opcodes(from), "55"); (pages == 1) != want.page || len(steps) == 0 {
				t.Errorf("%d pages were sent, %v reported", pages, steps)
			}
			for _, e := range b.trace[from:] {
				if e.CDB[0] == 0x5B && e.CDB[2] != want.function {
					t.Errorf("closed by function %d, not %d", e.CDB[2], want.function)
				}
			}
			b.reinsert()
			after := b.medium()
			if after.State != disc.Closed || after.Sessions != 3 || after.SessionsLeft != 0 || !errors.Is(after.CheckRoom(1, 1), disc.ErrClosed) {
				t.Errorf("after it: %s, %d sessions, %v", after.State, after.Sessions, after.CheckRoom(1, 1))
			}
			sessions, errs := sessionsOf(t.Context(), b.drive, after)
			if len(sessions) != 3 || len(errs) != 0 {
				t.Fatalf("%d sessions, %v", len(sessions), errs)
			}
			for _, s := range sessions {
				if err := s.Verify(); err != nil {
					t.Error(err)
				}
			}
			if _, err := b.drive.Burn(t.Context(), after.Identity, volume(4), []disc.Directory{newStep(4)}, nil); !errors.Is(err, disc.ErrClosed) {
				t.Errorf("a session on it: %v, want ErrClosed", err)
			}
			if err := b.drive.Finalize(t.Context(), after.Identity, nil); err != nil {
				t.Errorf("once more: %v", err)
			}
			if _, err := b.sim.Eject(); err != nil {
				t.Errorf("the disc stays locked: %v", err)
			}
		})
	}
}

func TestADiscThatIsNotTheOneIsNotClosed(t *testing.T) {
	b := newBench(t, bdR)
	blank := b.medium()
	if err := b.drive.Finalize(t.Context(), blank.Identity, nil); !errors.Is(err, disc.ErrNotFinal) {
		t.Errorf("a blank disc: %v", err)
	}
	b.mustBurn(1)
	if err := b.drive.Finalize(t.Context(), blank.Identity, nil); !errors.Is(err, disc.ErrSwapped) {
		t.Errorf("another disc: %v", err)
	}
	b.sim.SetFault(sim.AtOpcode(0x2A, 4, 4, sim.Refuse{Key: 4, ASC: 0x44}))
	if _, err := b.burnNext(2); err == nil {
		t.Fatal("a hardware fault while writing, and no error")
	}
	b.sim.SetFault(nil)
	if err := b.drive.Finalize(t.Context(), b.medium().Identity, nil); !errors.Is(err, disc.ErrUnfinished) {
		t.Errorf("a recording that was broken off: %v", err)
	}
}

func TestADriveThatDoesNotCloseForEverIsNotBelieved(t *testing.T) {
	survived := 0
	for name, effect := range map[string]sim.DriveEffect{
		"refused":             sim.Refuse{Key: 5, ASC: 0x24},
		"closing failed":      sim.Refuse{Key: 3, ASC: 0x72},
		"no answer":           sim.TimeOut{},
		"no power":            sim.PowerLoss{},
		"no power, too late":  sim.PowerLoss{Late: true},
		"nothing was done":    sim.Refuse{Key: 1, ASC: 0x17}, // recovered: the command counts as done
		"the drive goes away": sim.Reset{},
	} {
		for _, medium := range media {
			b := newBench(t, medium.profile)
			b.mustBurn(1)
			m := b.medium()
			b.sim.SetFault(sim.AtOpcode(0x5B, 1, 1, effect))
			err := b.drive.Finalize(t.Context(), m.Identity, nil)
			b.sim.SetFault(nil)
			b.sim.PowerOn()
			after := b.medium()
			if err == nil {
				t.Errorf("%s, %s: no error, and the disc is %s", medium.name, name, after.State)
			}
			survived++
			sessions, errs := sessionsOf(t.Context(), b.drive, after)
			if len(sessions) != 1 || len(errs) != 0 || sessions[0].Verify() != nil {
				t.Errorf("%s, %s: %d sessions, %v", medium.name, name, len(sessions), errs)
			}
		}
	}
	toldInDocs(t, "at the closing of a disc for ever, on every medium", survived)
}

func TestADriveThatReadsFromItsCacheIsNotBelieved(t *testing.T) {
	for name, setUp := range map[string]func(*sim.Drive){
		"it takes FUA":   func(*sim.Drive) {},
		"it refuses FUA": func(d *sim.Drive) { d.RefuseFUA() },
		"it is closed by hand": func(d *sim.Drive) {
			d.RefuseFUA()
			d.CloseByHand()
		},
	} {
		for _, medium := range media {
			t.Run(name+", "+medium.name, func(t *testing.T) {
				b := newBench(t, medium.profile)
				b.sim.RememberWrites()
				setUp(b.sim)
				push := func(p disc.Progress) {
					if p.Step == disc.StepReload {
						disc.WhenPausing(b.drive, b.sim.Push)
					}
				}
				if _, err := b.burnSeen(1, push); err != nil {
					t.Fatal(err)
				}
				b.sim.SetFault(sim.AtOpcode(0x2A, 3, 3, sim.FlipBit{Offset: 5}))
				r, err := b.burnSeen(2, push)
				failed, ok := errors.AsType[*disc.BurnError](err)
				if !ok || r.Valid() || failed.Step != disc.StepReadBack || !errors.Is(err, disc.ErrDiffers) {
					t.Fatalf("Burn = %+v, %v; want ErrDiffers while reading back", r, err)
				}
				b.sim.SetFault(nil)
				if _, err := b.sim.Eject(); err != nil {
					t.Errorf("the disc stays locked: %v", err)
				}
			})
		}
	}
}

func TestADriveThatNobodyClosesYieldsNoReceipt(t *testing.T) {
	b := newBench(t, bdR)
	b.sim.RefuseFUA()
	b.sim.CloseByHand()
	m := b.medium()
	r, err := b.drive.Burn(t.Context(), m.Identity, volume(1), []disc.Directory{newStep(1)}, nil)
	failed, ok := errors.AsType[*disc.BurnError](err)
	if !ok || r.Valid() || failed.Step != disc.StepReload || !errors.Is(err, disc.ErrNoMedium) {
		t.Fatalf("Burn = %+v, %v; want ErrNoMedium", r, err)
	}
	b.sim.Push()
	if m := b.medium(); m.Sessions != 1 {
		t.Errorf("%d sessions", m.Sessions)
	}
}
