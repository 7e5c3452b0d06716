package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/devices/sim"
)

// foreignDisc is somebody else's disc: two sessions that are no archive's.
func foreignDisc(t *testing.T) *sim.Disc {
	t.Helper()
	d, drive := sim.NewDisc(0x41), sim.NewDrive()
	if err := drive.Insert(d); err != nil {
		t.Fatal(err)
	}
	core, err := disc.Open(t.Context(), drive)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		m, err := core.Medium(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range uint32(12) {
			send(t, drive, append([]byte{0x2A, 0, 0, 0, byte((m.NextAddress + 32*i) >> 8), byte(m.NextAddress + 32*i), 0, 0, 32}, 0), make([]byte, 65536))
		}
		for _, cdb := range [][]byte{{0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0}, {0x5B, 0, 1, 0, 0, byte(len(m.Tracks) + 1), 0, 0, 0, 0}, {0x5B, 0, 2, 0, 0, 0, 0, 0, 0, 0}} {
			send(t, drive, cdb, nil)
		}
	}
	if _, err := drive.Eject(); err != nil {
		t.Fatal(err)
	}
	return d
}

func send(t *testing.T, drive *sim.Drive, cdb, out []byte) {
	t.Helper()
	if _, sense, err := drive.Command(t.Context(), cdb, out, nil, time.Minute); err != nil || sense != nil {
		t.Fatalf("command %02X: %s %v", cdb[0], disc.SenseText(sense), err)
	}
}

// otherArchive is the disc of another CA.
func otherArchive(t *testing.T) *sim.Disc {
	t.Helper()
	r := newTestRoom(t, nil)
	folder := stickFolder(t, nil)
	path := filepath.Join(folder, "profile.toml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), `common_name = "`, `common_name = "Strange `, 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	r.stick = sim.NewStick(folder)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	if _, err := r.drive.Eject(); err != nil {
		t.Fatal(err)
	}
	return r.disc
}

// unreadable is an archive's disc none of whose sessions can be read.
func unreadable(t *testing.T) *sim.Disc {
	t.Helper()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.stop()
	for _, track := range r.disc.Tracks() {
		for sector := range track.Recorded {
			r.disc.MarkUnreadable(track.Start + sector)
		}
	}
	if _, err := r.drive.Eject(); err != nil {
		t.Fatal(err)
	}
	return r.disc
}

// What the disc's gate says of every disc that it does not take, to the people.
func TestEveryDiscThatIsRefusedIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		disc func(*testing.T) *sim.Disc
		says string
	}{
		"a CD-RW":              {func(*testing.T) *sim.Disc { return sim.NewDisc(0x0A) }, "can be erased or overwritten"},
		"a DVD-RAM":            {func(*testing.T) *sim.Disc { return sim.NewDisc(0x12) }, "can be erased or overwritten"},
		"a BD-RE":              {func(*testing.T) *sim.Disc { return sim.NewDisc(0x43) }, "can be erased or overwritten"},
		"a BD-R for random":    {func(*testing.T) *sim.Disc { return sim.NewDisc(0x42) }, "not recorded in order"},
		"an HD DVD-R":          {func(*testing.T) *sim.Disc { return sim.NewDisc(0x51) }, "not supported"},
		"an unknown medium":    {func(*testing.T) *sim.Disc { return sim.NewDisc(0x77) }, "kind is unknown"},
		"a finalized disc":     {func(*testing.T) *sim.Disc { return sim.NewDisc(0x1B, sim.WithFinalised()) }, "no session of an archive"},
		"somebody else's disc": {foreignDisc, "no session of an archive"},
		"an unreadable disc":   {unreadable, "cannot be read"},
		"another CA's archive": {otherArchive, `the archive of "Strange `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newTestRoom(t, nil)
			good := r.disc
			exchange(t, r, tc.disc(t))
			before := recordings(r)
			h := enter(t, r)
			h.toDiscGate()
			v := h.view()
			if v.Title != "Put the archive's disc in" || v.Notice.Kind != ceremony.Danger || !strings.Contains(v.Notice.Text, tc.says) {
				t.Errorf("%q is not told:\n%s", tc.says, say(v))
			}
			if recordings(r) != before {
				t.Error("something was written")
			}
			exchange(t, r, good)
			h.expect("Begin a new archive on this disc?")
		})
	}
}

// People read what failed and whose fault it is before the command that it happened
// to; the code is in the log.
func TestWhatADriveReportsIsToldInWordsFirst(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	r.drive.SetFault(sim.AtOpcode(opWrite, 3, 3, sim.Refuse{Key: 3, ASC: 0x0C, ASCQ: 0x03}))
	h.press("go")
	v := h.expect("The session is not on the disc")
	b := v.Body.(ceremony.MessageBody)
	const told = "Writing failed, in the session at sector "
	if !strings.HasPrefix(b.Happened, told) || !strings.Contains(b.Happened, ": the drive reports a fault of the disc: writing failed: a defect in the medium (sense 3/0C/03)") {
		t.Errorf("it is told as %q", b.Happened)
	}
	r.drive.SetFault(nil)
	h.press("again")
	h.on("On the disc", "next")
	if res := sound(t, r); !strings.Contains(string(res.Log.Bytes()), "(sense 3/0C/03)") {
		t.Error("the code is not in the log")
	}
}

func TestADriveThatVanishesMidBurnIsToldInWords(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	r.drive.SetFault(sim.AtOpcode(opWrite, 3, 3, sim.Vanish{}))
	h.press("go")
	v := h.expect("The session is not on the disc")
	b := v.Body.(ceremony.MessageBody)
	if !strings.Contains(b.Happened, "no answer from the drive") || !strings.Contains(strings.Join(b.Certain, " "), "It does not count") {
		t.Errorf("it is not told:\n%s", say(v))
	}
	h.press("again")
	if v := h.expect("The session is not on the disc"); !strings.Contains(say(v), "gone") {
		t.Errorf("that the drive is gone is not told:\n%s", say(v))
	}
}

func TestWritesToTheWrongPlaceAreCaught(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.planCRL()
	r.drive.SetFault(sim.AtOpcode(opWrite, 2, 2, sim.StoreElsewhere{By: 64}))
	h.press("go")
	if v := h.expect("The session is not on the disc"); !strings.Contains(say(v), "differs from what was written") {
		t.Errorf("it is not told:\n%s", say(v))
	}
	r.drive.SetFault(nil)
	h.press("again")
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.finish("Issue CRL")
	sound(t, r)
}
