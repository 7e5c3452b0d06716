package scsi

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/sim"
)

func TestTheDriveTellsWhetherADiscIsIn(t *testing.T) {
	optical := sim.NewDrive()
	d := newDrive("sr0", simulated(optical))
	want := func(when string, present bool) {
		t.Helper()
		if got, err := d.MediumPresent(); err != nil || got != present {
			t.Errorf("%s: %v, %v", when, got, err)
		}
	}
	want("empty", false)
	if err := optical.Insert(sim.NewDisc(0x41)); err != nil {
		t.Fatal(err)
	}
	want("inserted", true)
	// The unit attention of the insertion is still there for whoever uses the drive.
	const notReady, attention = 2, 6
	for {
		_, sense, err := d.Command(t.Context(), make([]byte, 6), nil, nil, time.Second)
		if err != nil || len(sense) < 3 {
			t.Fatalf("TEST UNIT READY after asking for the disc: sense % X, %v", sense, err)
		}
		if key := sense[2] & 0xF; key == attention {
			return
		} else if key != notReady {
			t.Fatalf("the unit attention is lost: sense % X", sense)
		}
	}
}

func TestADriveInUseIsNotAskedForItsDisc(t *testing.T) {
	k := &fakeKernel{answer: func(*sgHeader, []byte, []byte) error { return nil }}
	d := newDrive("sr0", k)
	now := time.Unix(1000, 0)
	d.now = func() time.Time { return now }
	if _, _, err := d.Command(t.Context(), make([]byte, 6), nil, nil, time.Second); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		later time.Duration
		asked int
	}{{0, 1}, {quiet - 1, 1}, {quiet, 2}} {
		now = time.Unix(1000, 0).Add(c.later)
		if present, err := d.MediumPresent(); err != nil || !present || k.sent != c.asked {
			t.Errorf("after %v: %d commands, %v, %v", c.later, k.sent, present, err)
		}
	}
	d.mu.Lock() // as while a command is being carried out
	defer d.mu.Unlock()
	now = now.Add(time.Hour)
	if present, err := d.MediumPresent(); err != nil || !present || k.sent != 2 {
		t.Errorf("during a command: %d commands, %v, %v", k.sent, present, err)
	}
}

func TestADriveThatDoesNotKnowTheQuestionIsTakenToHaveADisc(t *testing.T) {
	d := newDrive("sr0", &fakeKernel{answer: func(h *sgHeader, _, _ []byte) error {
		setSense(h, 0x70, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x20, 0)
		return nil
	}})
	if present, err := d.MediumPresent(); err != nil || !present {
		t.Errorf("%v, %v", present, err)
	}
	d = newDrive("sr0", &fakeKernel{answer: func(*sgHeader, []byte, []byte) error { return unix.EIO }})
	if present, err := d.MediumPresent(); err == nil || !present {
		t.Errorf("after a failure: %v, %v", present, err)
	}
}

func TestMediaEvents(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []byte
		in     bool
	}{
		{"a disc", []byte{0, 6, 4, 0x10, 0, 2, 0, 0}, true},
		{"a disc just inserted", []byte{0, 6, 4, 0x10, 2, 2, 0, 0}, true},
		{"none", []byte{0, 6, 4, 0x10, 0, 0, 0, 0}, false},
		{"the tray is open", []byte{0, 6, 4, 0x10, 0, 1, 0, 0}, false},
		{"no such class", []byte{0, 2, 0x80, 0, 0, 0, 0, 0}, true},
		{"another class", []byte{0, 6, 6, 0x40, 0, 0, 0, 0}, true},
		{"cut short", []byte{0, 6, 4, 0x10, 0}, true},
		{"nothing", nil, true},
	} {
		if got := mediumIn(c.answer); got != c.in {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func FuzzMediaEvent(f *testing.F) {
	f.Add([]byte{0, 6, 4, 0x10, 0, 2, 0, 0})
	f.Add([]byte{0, 2, 0x80, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if !mediumIn(b) && (len(b) < 6 || b[5]&2 != 0) {
			t.Errorf("% X says that there is no disc", b)
		}
	})
}
