package disc_test

import (
	"errors"
	"testing"

	"anodize/core/disc"
	"anodize/devices/sim"
)

func TestMediaThatAreRefused(t *testing.T) {
	for _, profile := range []uint16{0x000A, 0x0012, 0x0013, 0x0014, 0x0015, 0x0017, 0x001A, 0x002A, 0x0042, 0x0043, 0x0050, 0x0051, 0x0052, 0x7777} {
		b := newBench(t, profile)
		_, err := b.drive.Medium(t.Context())
		refused, ok := errors.AsType[*disc.RefusedError](err)
		if !ok || refused.Profile != profile || refused.Why == "" {
			t.Errorf("profile %04Xh: %v, want a RefusedError", profile, err)
		}
		_, err = b.drive.Burn(t.Context(), disc.Identity{}, volume(1), []disc.Directory{newStep(1)}, nil)
		if failed, ok := errors.AsType[*disc.BurnError](err); !ok || !failed.NothingWritten {
			t.Errorf("profile %04Xh: burn = %v, want a BurnError with nothing written", profile, err)
		}
		if b.count(0x2A) != 0 {
			t.Errorf("profile %04Xh: something was written", profile)
		}
	}
}

func TestNoDiscInTheDrive(t *testing.T) {
	b := newBench(t, bdR)
	if err := b.drive.Eject(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.drive.Medium(t.Context()); !errors.Is(err, disc.ErrNoMedium) {
		t.Errorf("Medium with an open tray = %v, want ErrNoMedium", err)
	}
	b.sim.Push()
	if m := b.medium(); m.State != disc.Blank {
		t.Errorf("after the tray went in again: %s", m.State)
	}
}

func TestAClosedDiscIsReadAndNotWritten(t *testing.T) {
	b := newBench(t, bdR, sim.WithFinalised())
	m := b.medium()
	if m.State != disc.Closed || m.SessionsLeft != 0 {
		t.Errorf("a finalised disc: %s, %d sessions left", m.State, m.SessionsLeft)
	}
	if err := m.CheckRoom(1, 1); !errors.Is(err, disc.ErrClosed) {
		t.Errorf("CheckRoom = %v, want ErrClosed", err)
	}
	b.wantRefusal(m, disc.ErrClosed)
}

// wantRefusal requires that a burn is refused for a reason before anything is
// written.
func (b *bench) wantRefusal(m disc.Medium, reason error) {
	b.Helper()
	before := b.count(0x2A)
	r, err := b.drive.Burn(b.Context(), m.Identity, volume(1), []disc.Directory{newStep(1)}, nil)
	failed, ok := errors.AsType[*disc.BurnError](err)
	if !ok || !failed.NothingWritten || !errors.Is(err, reason) || r.Valid() {
		b.Errorf("Burn = %+v, %v; want %v with nothing written", r, err, reason)
	}
	if b.count(0x2A) != before {
		b.Error("something was written")
	}
}

func TestAFullDisc(t *testing.T) {
	b := newBench(t, bdR, sim.WithCapacity(1000))
	m := b.medium()
	if m.FreeBlocks == 0 || m.FreeBlocks > 1000 {
		t.Fatalf("%d free blocks", m.FreeBlocks)
	}
	if err := m.CheckRoom(1, 320*2048); err != nil {
		t.Errorf("three sessions of 320 sectors fit: %v", err)
	}
	if err := m.CheckRoom(2, 320*2048); !errors.Is(err, disc.ErrFull) {
		t.Errorf("four sessions of 320 sectors do not fit: %v, want ErrFull", err)
	}
	b.mustBurn(1)
	b.mustBurn(2)
	b.wantRefusal(b.medium(), disc.ErrFull)
}

func TestCheckRoomCountsGapsAndSessions(t *testing.T) {
	b := newBench(t, 0x0009)
	m := b.medium()
	// An 80-minute CD-R has room for many small sessions and few gaps.
	if err := m.CheckRoom(40, 320*2048); err != nil {
		t.Errorf("42 sessions of 320 sectors fit: %v", err)
	}
	if err := m.CheckRoom(50, 320*2048); !errors.Is(err, disc.ErrFull) {
		t.Errorf("52 sessions do not fit with their gaps: %v, want ErrFull", err)
	}
	blu := newBench(t, bdR).medium()
	if err := blu.CheckRoom(253, 2048); err != nil {
		t.Errorf("253 sessions and two more: %v", err)
	}
	if err := blu.CheckRoom(254, 2048); !errors.Is(err, disc.ErrFull) {
		t.Errorf("254 sessions and two more are more than 255: %v, want ErrFull", err)
	}
	if err := (disc.Medium{}).CheckRoom(1, 1); err == nil {
		t.Error("a medium that is not known has room")
	}
	for _, bad := range []int64{-1, 1 << 62} {
		if err := blu.CheckRoom(1, bad); err == nil {
			t.Errorf("sessions of %d bytes have room", bad)
		}
	}
}

func TestASwappedDiscIsNotWritten(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	m := b.medium()
	// Another archive's disc with a session of the same shape.
	other := newBench(t, bdR)
	v := volume(1)
	v.Archive[5] = 1
	om := other.medium()
	if _, err := other.drive.Burn(t.Context(), om.Identity, v, []disc.Directory{newStep(1)}, nil); err != nil {
		t.Fatal(err)
	}
	b.swap(other.disc)
	if now := b.medium(); now.NextAddress != m.NextAddress || now.Sessions != m.Sessions {
		t.Fatalf("the discs do not have one shape: %+v, %+v", now, m)
	}
	b.wantRefusal(m, disc.ErrSwapped)
	b.swap(sim.NewDisc(bdR))
	b.wantRefusal(m, disc.ErrSwapped)
}

func (b *bench) swap(d *sim.Disc) {
	b.Helper()
	if _, err := b.sim.Eject(); err != nil {
		b.Fatal(err)
	}
	if err := b.sim.Insert(d); err != nil {
		b.Fatal(err)
	}
}

func TestADiscCannotBeTakenOutWhileItIsRecorded(t *testing.T) {
	b := newBench(t, bdR)
	m := b.medium()
	tried := false
	_, err := b.drive.Burn(t.Context(), m.Identity, volume(1), []disc.Directory{newStep(1)}, func(p disc.Progress) {
		if p.Step == disc.StepWrite && !tried {
			tried = true
			if _, err := b.sim.Eject(); !errors.Is(err, sim.ErrDriveLocked) {
				t.Errorf("the disc came out while it was recorded: %v", err)
			}
		}
	})
	if err != nil || !tried {
		t.Errorf("Burn = %v, tried %v", err, tried)
	}
	if _, err := b.sim.Eject(); err != nil {
		t.Errorf("the disc stays locked after it was recorded: %v", err)
	}
}

func TestADriveWithoutANextAddressIsNotWritten(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	b.sim.SetFault(sim.AtOpcode(0x52, 1, 0, sim.HideNextAddress{}))
	m := b.medium()
	if err := m.CheckRoom(1, 1); !errors.Is(err, disc.ErrNoAddress) {
		t.Errorf("CheckRoom = %v, want ErrNoAddress", err)
	}
	b.wantRefusal(m, disc.ErrNoAddress)
	if sessions, errs := sessionsOf(t.Context(), b.drive, m); len(sessions) != 1 || len(errs) != 0 {
		t.Errorf("the disc cannot be read any more: %d sessions, %v", len(sessions), errs)
	}
}
