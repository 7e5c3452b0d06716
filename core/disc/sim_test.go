package disc_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// sessionsOf reads the sessions that the disc's own table names. The errors say
// which tracks hold none that is whole.
func sessionsOf(ctx context.Context, d *disc.Drive, m disc.Medium) (found []*disc.Session, errs []error) {
	for _, t := range m.Tracks {
		s, err := d.Session(ctx, t)
		if err != nil {
			errs = append(errs, fmt.Errorf("track %d of session %d: %w", t.Number, t.Session, err))
			continue
		}
		found = append(found, s)
	}
	return found, errs
}

// burnNext carries every directory of the disc over, adds the n-th and burns.
func (b *bench) burnNext(n int) (disc.Receipt, error) {
	b.Helper()
	return b.burnSeen(n, nil)
}

// burnSeen is burnNext, whose progress is told.
func (b *bench) burnSeen(n int, progress func(disc.Progress)) (disc.Receipt, error) {
	b.Helper()
	m := b.medium()
	sessions, errs := sessionsOf(b.Context(), b.drive, m)
	if len(errs) > 0 {
		b.Fatalf("reading %d sessions before the next: %v", m.Sessions, errs)
	}
	var dirs []disc.Directory
	if len(sessions) > 0 {
		dirs = sessions[len(sessions)-1].Directories
	}
	return b.drive.Burn(b.Context(), m.Identity, volume(n), append(dirs[:len(dirs):len(dirs)], newStep(n)), progress)
}

func (b *bench) mustBurn(n int) disc.Receipt {
	b.Helper()
	r, err := b.burnNext(n)
	if err != nil {
		b.Fatalf("session %d: %v", n, err)
	}
	if !r.Valid() {
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
			sessions, errs := sessionsOf(t.Context(), b.drive, m)
			if len(sessions) != 10 || len(errs) != 0 {
				t.Fatalf("Sessions = %d, %v", len(sessions), errs)
			}
			for i, s := range sessions {
				if err := s.Verify(); err != nil {
					t.Error(err)
				}
				sectors := make([]byte, int(s.Blocks)*2048)
				if _, err := b.drive.ReaderAt(t.Context()).ReadAt(sectors, int64(s.Address)*2048); err != nil {
					t.Error(err)
				}
				if sha256.Sum256(sectors) != receipts[i].SHA256() {
					t.Errorf("session %d: the receipt's hash is not that of its sectors", i+1)
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
	// and poll; see that it reads from the medium; look; read back; allow.
	write, read := strings.Repeat("2A ", 12), strings.Repeat("28 ", 12)
	poll := "00 00 00 00 "
	want := "1E 00 46 51 52 " + write + "35 " + poll + "5B " + poll + "5B " + poll + "00 28 00 46 51 52 52 28 " + read + "1E"
	if got := b.opcodes(from); got != want {
		t.Errorf("commands\n got %s\nwant %s", got, want)
	}
	for _, e := range b.trace {
		if e.CDB[0] == 0x55 {
			t.Error("MODE SELECT was sent to a BD-R")
		}
	}
}

// Drives take some things that no disc needs: parts of clusters, and page 05h where
// nothing in it counts. None of it is sent.
func TestNothingIsSentThatOnlySomeDrivesTake(t *testing.T) {
	cluster := map[string]uint16{"CD-R": 1, "DVD-R": 16, "DVD+R": 16, "DVD+R DL": 16, "BD-R": 32}
	for _, medium := range media {
		b := newBench(t, medium.profile)
		b.mustBurn(1)
		b.mustBurn(2)
		for _, e := range b.trace {
			if e.CDB[0] != 0x2A {
				continue
			}
			if count := binary.BigEndian.Uint16(e.CDB[7:]); count%cluster[medium.name] != 0 {
				t.Fatalf("%s: %d sectors are written at once, no whole clusters", medium.name, count)
			}
		}
		if takes := medium.name == "CD-R" || medium.name == "DVD-R"; !takes && b.count(0x55) > 0 {
			t.Errorf("%s: MODE SELECT was sent", medium.name)
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
	if _, errs := sessionsOf(t.Context(), b.drive, m); len(errs) != 1 || !errors.Is(errs[0], disc.ErrMediumChanged) {
		t.Errorf("the session after a change = %v, want ErrMediumChanged alone", errs)
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
