package disc_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/core/disc"
	"anodize/devices/sim"
)

// bench is a simulated drive with a disc in it, and every command it was sent.
type bench struct {
	*testing.T
	sim   *sim.Drive
	disc  *sim.Disc
	drive *disc.Drive
	trace []sim.DriveExchange
}

const bdR = 0x0041

// newBench puts a new disc of a profile into a new drive.
func newBench(t *testing.T, profile uint16, options ...sim.DiscOption) *bench {
	t.Helper()
	b := &bench{T: t, sim: sim.NewDrive(), disc: sim.NewDisc(profile, options...)}
	b.sim.SetTrace(func(e sim.DriveExchange) {
		e.CDB = bytes.Clone(e.CDB)
		e.Out, e.In = nil, nil
		b.trace = append(b.trace, e)
	})
	if err := b.sim.Insert(b.disc); err != nil {
		t.Fatal(err)
	}
	drive, err := disc.Open(t.Context(), b.sim)
	if err != nil {
		t.Fatal(err)
	}
	disc.WithoutPauses(drive)
	b.drive = drive
	return b
}

func (b *bench) medium() disc.Medium {
	b.Helper()
	m, err := b.drive.Medium(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return m
}

// opcodes returns the operation codes that were sent since the trace had from
// entries.
func (b *bench) opcodes(from int) string {
	var codes []string
	for _, e := range b.trace[from:] {
		codes = append(codes, fmt.Sprintf("%02X", e.CDB[0]))
	}
	return strings.Join(codes, " ")
}

func (b *bench) count(opcode byte) int {
	n := 0
	for _, e := range b.trace {
		if e.CDB[0] == opcode {
			n++
		}
	}
	return n
}

func volume(n int) disc.Volume {
	return disc.Volume{Archive: [32]byte{0xAB, 31: 0xCD}, Mode: "dev", Number: n, Time: stamp(n)}
}

func stamp(n int) time.Time {
	return time.Date(2026, 4, 25, 14, 30, n, 0, time.UTC)
}

// newStep is the directory of the n-th session, with contents around a
// cluster's size.
func newStep(n int) disc.Directory {
	return disc.Directory{Name: stamp(n).Format("20060102T150405Z"), Files: []disc.File{
		disc.NewFile("AUDIT.LOG", bytes.Repeat([]byte{byte('A' + n%26)}, 1000*n)),
		disc.NewFile("RECORD.HTML", bytes.Repeat([]byte("<p>"), 20000+n)),
	}}
}

// burnNext carries every directory of the disc over, adds the n-th and burns.
func (b *bench) burnNext(n int) (disc.Receipt, error) {
	b.Helper()
	m := b.medium()
	sessions, errs := b.drive.Sessions(b.Context(), m, nil)
	if len(errs) > 0 {
		b.Fatalf("reading %d sessions before the next: %v", m.Sessions, errs)
	}
	var dirs []disc.Directory
	if len(sessions) > 0 {
		dirs = sessions[len(sessions)-1].Directories
	}
	return b.drive.Burn(b.Context(), m.Identity, volume(n), append(dirs[:len(dirs):len(dirs)], newStep(n)), nil)
}

func (b *bench) mustBurn(n int) disc.Receipt {
	b.Helper()
	r, err := b.burnNext(n)
	if err != nil {
		b.Fatalf("session %d: %v", n, err)
	}
	if !r.Valid() || r.Directory() != newStep(n).Name {
		b.Fatalf("session %d: receipt %+v", n, r)
	}
	return r
}

// image returns the disc as a plain image.
func (b *bench) image() []byte {
	b.Helper()
	var w bytes.Buffer
	if err := b.disc.WriteImage(&w); err != nil {
		b.Fatal(err)
	}
	return w.Bytes()
}

var media = []struct {
	name     string
	profile  uint16
	sessions int
}{
	{"CD-R", 0x0009, 99},
	{"DVD-R", 0x0011, 254},
	{"DVD+R", 0x001B, 153},
	{"DVD+R DL", 0x002B, 153},
	{"BD-R", bdR, 255},
}

func TestTenSessionsOnEveryMedium(t *testing.T) {
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) {
			b := newBench(t, medium.profile)
			if m := b.medium(); m.State != disc.Blank || m.Name != medium.name || m.SessionsLeft != medium.sessions {
				t.Errorf("blank disc: %s %s with %d sessions left", m.State, m.Name, m.SessionsLeft)
			}
			var receipts []disc.Receipt
			for n := 1; n <= 10; n++ {
				receipts = append(receipts, b.mustBurn(n))
				if n%4 == 0 {
					b.reinsert()
				}
			}
			m := b.medium()
			if m.State != disc.Appendable || m.Sessions != 10 || m.SessionsLeft != medium.sessions-10 {
				t.Errorf("after ten: %s, %d sessions, %d left", m.State, m.Sessions, m.SessionsLeft)
			}
			sessions, errs := b.drive.Sessions(t.Context(), m, nil)
			if len(sessions) != 10 || len(errs) != 0 {
				t.Fatalf("Sessions = %d, %v", len(sessions), errs)
			}
			for i, s := range sessions {
				if err := s.Verify(); err != nil {
					t.Error(err)
				}
				if s.Volume != volume(i+1) || s.Address != receipts[i].Address() || s.Blocks != receipts[i].Blocks() || len(s.Directories) != i+1 {
					t.Errorf("session %d: %+v at %d, %d blocks, %d directories; receipt %+v", i+1, s.Volume, s.Address, s.Blocks, len(s.Directories), receipts[i])
				}
			}
		})
	}
}

func TestXorrisoReadsWhatWasBurnedOnEveryMedium(t *testing.T) {
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) {
			b := newBench(t, medium.profile)
			path := filepath.Join(t.TempDir(), "disc.img")
			var last disc.Receipt
			for n := 1; n <= 3; n++ {
				last = b.mustBurn(n)
			}
			image := b.image()
			if err := os.WriteFile(path, image, 0o600); err != nil {
				t.Fatal(err)
			}
			found, errs := disc.Find(bytes.NewReader(image), int64(len(image)))
			if len(found) != 3 || len(errs) != 0 {
				t.Errorf("Find in the plain image = %d sessions, %v", len(found), errs)
			}
			out, err := exec.Command("xorriso", "-no_rc", "-load", "sbsector", fmt.Sprint(last.Address()),
				"-indev", "stdio:"+path, "-find", "/", "-type", "f").CombinedOutput()
			if err != nil {
				t.Fatalf("xorriso: %v\n%s", err, out)
			}
			for n := 1; n <= 3; n++ {
				for _, f := range newStep(n).Files {
					if !bytes.Contains(out, []byte("'/"+newStep(n).Name+"/"+f.Name+"'")) {
						t.Errorf("xorriso does not list %s/%s:\n%s", newStep(n).Name, f.Name, out)
					}
				}
			}
		})
	}
}

// reinsert takes the disc out and puts it in again.
func (b *bench) reinsert() {
	b.Helper()
	if _, err := b.sim.Eject(); err != nil {
		b.Fatal(err)
	}
	if err := b.sim.Insert(b.disc); err != nil {
		b.Fatal(err)
	}
}

func TestTheOrderOfCommandsOnBDR(t *testing.T) {
	b := newBench(t, bdR)
	m := b.medium()
	from := len(b.trace)
	if _, err := b.drive.Burn(t.Context(), m.Identity, volume(1), []disc.Directory{newStep(1)}, nil); err != nil {
		t.Fatal(err)
	}
	// Prevent; look; write; flush and poll; close track and poll; close session
	// and poll; look; read back; allow.
	write, read := strings.Repeat("2A ", 12), strings.Repeat("28 ", 12)
	poll := "00 00 00 00 "
	want := "1E 00 46 51 52 " + write + "35 " + poll + "5B " + poll + "5B " + poll + "00 46 51 52 52 28 " + read + "1E"
	if got := b.opcodes(from); got != want {
		t.Errorf("commands\n got %s\nwant %s", got, want)
	}
	for _, e := range b.trace {
		if e.CDB[0] == 0x55 {
			t.Error("MODE SELECT was sent to a BD-R")
		}
	}
}

func TestProgressGoesThroughEveryStepToItsEnd(t *testing.T) {
	b := newBench(t, bdR)
	m := b.medium()
	last := map[disc.Step]disc.Progress{}
	var order []disc.Step
	_, err := b.drive.Burn(t.Context(), m.Identity, volume(1), []disc.Directory{newStep(1)}, func(p disc.Progress) {
		if before := last[p.Step]; p.Done < before.Done && before.Step == p.Step && p.Total != 0 && p.Step != disc.StepClose {
			t.Errorf("%s went back from %d to %d", p.Step, before.Done, p.Done)
		}
		if len(order) == 0 || order[len(order)-1] != p.Step {
			order = append(order, p.Step)
		}
		last[p.Step] = p
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []disc.Step{disc.StepBuild, disc.StepPrepare, disc.StepBuild, disc.StepPrepare, disc.StepWrite, disc.StepFlush, disc.StepClose, disc.StepReadBack}
	if fmt.Sprint(order) != fmt.Sprint(want) {
		t.Errorf("steps %v, want %v", order, want)
	}
	for _, s := range []disc.Step{disc.StepBuild, disc.StepWrite, disc.StepReadBack} {
		if p := last[s]; p.Total == 0 || p.Done != p.Total {
			t.Errorf("%s ended at %d of %d", s, p.Done, p.Total)
		}
	}
}

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
	if err := b.drive.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
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
	for name, effect := range everyEffect {
		t.Run(name, func(t *testing.T) { burnWithFaults(t, bdR, effect) })
	}
}

func TestPowerLossAtEveryCommandOnEveryMedium(t *testing.T) {
	for _, medium := range media {
		t.Run(medium.name, func(t *testing.T) { burnWithFaults(t, medium.profile, sim.PowerLoss{Late: true}) })
	}
}

// burnWithFaults burns a second session again and again, with a fault at each
// command in turn.
func burnWithFaults(t *testing.T, profile uint16, effect sim.DriveEffect) {
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
	}
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
		sessions, errs := b.drive.Sessions(t.Context(), b.medium(), nil)
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

func TestReadingEndsWhenTheDiscIsChanged(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	m := b.medium()
	r := b.drive.ReaderAt(t.Context())
	if _, err := r.ReadAt(make([]byte, 5000), int64(m.Tracks[0].Start)*2048+1000); err != nil {
		t.Fatal(err)
	}
	b.reinsert()
	// The drive first spins up, then says that the disc was changed.
	if _, err := r.ReadAt(make([]byte, 10), 0); !errors.Is(err, disc.ErrMediumChanged) {
		t.Errorf("reading after a change = %v, want ErrMediumChanged", err)
	}
	b.reinsert()
	if _, errs := b.drive.Sessions(t.Context(), m, nil); len(errs) != 1 || !errors.Is(errs[0], disc.ErrMediumChanged) {
		t.Errorf("Sessions after a change = %v, want ErrMediumChanged alone", errs)
	}
}

func TestReadAtOfTheDriveAgreesWithTheImage(t *testing.T) {
	b := newBench(t, bdR)
	b.mustBurn(1)
	image := b.image()
	r := b.drive.ReaderAt(t.Context())
	for _, c := range [][2]int{{0, 1}, {16 * 2048, 2048}, {100, 70000}, {2047, 2}, {65536, 65536}, {65535, 65538}, {0, 3 * 65536}} {
		got := make([]byte, c[1])
		if n, err := r.ReadAt(got, int64(c[0])); n != c[1] || err != nil || !bytes.Equal(got, image[c[0]:c[0]+c[1]]) {
			t.Errorf("ReadAt(%d bytes, %d) = %d, %v, equal %v", c[1], c[0], n, err, bytes.Equal(got, image[c[0]:c[0]+c[1]]))
		}
	}
	for _, off := range []int64{-1, 1 << 62, int64(len(image))} {
		if _, err := r.ReadAt(make([]byte, 1), off); err == nil {
			t.Errorf("ReadAt at %d is no error", off)
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

func TestContentsOnTheSameDiscAreReadBeforeTheFirstWrite(t *testing.T) {
	b := newBench(t, 0x0009) // a CD-R's track breaks off when it is read from
	b.mustBurn(1)
	from := len(b.trace)
	b.mustBurn(2)
	codes := b.opcodes(from)
	first, last := strings.Index(codes, "2A"), strings.LastIndex(codes, "2A")
	if between := codes[first:last]; strings.Contains(between, "28") {
		t.Errorf("the drive was read from while it recorded: %s", between)
	}
}

func TestADriveWithoutANextAddressIsNotWritten(t *testing.T) {
	b := newBench(t, bdR)
	m := b.medium()
	b.sim.SetFault(sim.AtOpcode(0x52, 1, 0, sim.HideNextAddress{}))
	b.wantRefusal(m, disc.ErrNoAddress)
}

// BenchmarkOpenArchive opens a full BD-R: its table, and the last of 255
// sessions in full.
func BenchmarkOpenArchive(b *testing.B) {
	drive := fullDisc(b)
	for b.Loop() {
		m, err := drive.Medium(b.Context())
		if err != nil || m.Sessions != 255 {
			b.Fatal(m.Sessions, err)
		}
		s, err := drive.Session(b.Context(), m.Tracks[254])
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkVerifyArchive reads and verifies each of 255 sessions.
func BenchmarkVerifyArchive(b *testing.B) {
	drive := fullDisc(b)
	for b.Loop() {
		m, err := drive.Medium(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		sessions, errs := drive.Sessions(b.Context(), m, nil)
		if len(sessions) != 255 || len(errs) != 0 {
			b.Fatal(len(sessions), errs)
		}
		for _, s := range sessions {
			if err := s.Verify(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// fullDisc burns 255 sessions, each with the directories of all earlier ones.
func fullDisc(b *testing.B) *disc.Drive {
	b.Helper()
	simulated := sim.NewDrive()
	if err := simulated.Insert(sim.NewDisc(bdR)); err != nil {
		b.Fatal(err)
	}
	drive, err := disc.Open(b.Context(), simulated)
	if err != nil {
		b.Fatal(err)
	}
	disc.WithoutPauses(drive)
	var dirs []disc.Directory
	for n := 1; n <= 255; n++ {
		dirs = append(dirs, disc.Directory{Name: stamp(n).Format("20060102T150405Z"), Files: []disc.File{
			disc.NewFile("AUDIT.LOG", make([]byte, 3000)),
			disc.NewFile("STATE.JSON", make([]byte, 1500)),
		}})
		m, err := drive.Medium(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := drive.Burn(b.Context(), m.Identity, volume(n), dirs, nil); err != nil {
			b.Fatal(err)
		}
	}
	return drive
}
