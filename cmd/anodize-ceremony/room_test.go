package main

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/devices/block"
	"anodize/devices/scsi"
	"anodize/devices/sim"
	"anodize/devices/usb"
)

// simulatedHSM is a connection to a simulated HSM.
type simulatedHSM struct {
	*sim.HSM
	at     usb.Location
	ended  bool
	closed bool
}

func (h *simulatedHSM) Location() usb.Location       { return h.at }
func (h *simulatedHSM) Ended() bool                  { return h.ended }
func (h *simulatedHSM) Reopen(context.Context) error { return nil }
func (h *simulatedHSM) Close() error                 { h.closed = true; return nil }

// simulatedDrive is a simulated drive that is open.
type simulatedDrive struct {
	*sim.Drive
	loaded bool
	broken error
	closed bool
}

func (d *simulatedDrive) MediumPresent() (bool, error) { return d.loaded, d.broken }
func (d *simulatedDrive) Close() error                 { d.closed = true; return nil }

// testRoom is a room over a tree, whose HSMs and drives are simulated.
type testRoom struct {
	*room
	tree
	hsms   []*simulatedHSM
	drives []*simulatedDrive
	refuse error
	mounts mounts
}

// mounts are a gate that mounts the same folder for every stick, but the broken one.
type mounts struct{ folder, broken string }

func (m *mounts) MountStick(name string, _ bool) (string, error) {
	if name == m.broken {
		return "", errors.New("its file system is damaged")
	}
	return m.folder, nil
}

func (m *mounts) UnmountStick() error { return nil }

func newTestRoom(t *testing.T) *testRoom {
	m := newTree(t)
	r := &testRoom{room: newRoom(t.Context(), m.root), tree: m, mounts: mounts{folder: t.TempDir()}}
	r.sticks = block.NewFinderBehind(&r.mounts, m.root)
	r.openHSM = func(l usb.Location) (hsmConnection, error) {
		serial, err := strconv.ParseUint(l.Serial, 10, 32)
		if err != nil {
			return nil, err
		}
		h := &simulatedHSM{HSM: sim.NewHSM(uint32(serial)), at: l}
		r.hsms = append(r.hsms, h)
		return h, r.refuse
	}
	r.openDrive = func(scsi.Location) (opticalDrive, error) {
		d := &simulatedDrive{Drive: sim.NewDrive(), loaded: true}
		r.drives = append(r.drives, d)
		return d, r.refuse
	}
	return r
}

func (r *testRoom) openHSMs() ([]hsm.Device, error) { return r.HSMs(r.t.Context(), hsm.YubiHSM) }

// openAnHSM returns the first.
func (r *testRoom) openAnHSM() (hsm.Device, error) {
	devices, err := r.openHSMs()
	if err != nil {
		return nil, err
	}
	return devices[0], nil
}

func TestAnEmptyTableLacksEverything(t *testing.T) {
	r := newTestRoom(t)
	_, stick := r.Stick(t.Context())
	_, device := r.openAnHSM()
	_, drive := r.Drive(t.Context())
	for what, err := range map[string]error{"stick": stick, "HSM": device, "optical drive": drive} {
		if !errors.Is(err, ceremony.ErrAbsent) || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestADeviceIsOpenedOnceHoweverOftenItIsLookedAt(t *testing.T) {
	r := newTestRoom(t)
	r.yubiHSM("1-2", "0034332673", 7)
	r.opticalDrive("sr0", 6)
	for range 3 {
		device, err := r.openAnHSM()
		if err != nil {
			t.Fatal(err)
		}
		if info, err := device.Info(t.Context()); err != nil || info.Serial != "0034332673" {
			t.Errorf("%+v, %v", info, err)
		}
		if err := device.Close(); err != nil {
			t.Error(err)
		}
		transport, err := r.Drive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := disc.Open(t.Context(), transport); err != nil {
			t.Error(err)
		}
	}
	if len(r.hsms) != 1 || r.hsms[0].closed || len(r.drives) != 1 || r.drives[0].closed {
		t.Errorf("%d HSMs and %d drives were opened", len(r.hsms), len(r.drives))
	}
	if err := r.close(); err != nil || !r.hsms[0].closed || !r.drives[0].closed {
		t.Errorf("closing the room: %v", err)
	}
}

func TestWhatIsGoneIsClosedAndWhatComesIsOpened(t *testing.T) {
	r := newTestRoom(t)
	r.yubiHSM("1-2", "0034332673", 7)
	r.opticalDrive("sr0", 6)
	look := func() error {
		_, err := r.openAnHSM()
		_, e := r.Drive(t.Context())
		return errors.Join(err, e)
	}
	if err := look(); err != nil {
		t.Fatal(err)
	}
	r.remove("sys/bus/usb/devices/1-2")
	r.remove("sys/class/block/sr0")
	if err := look(); !errors.Is(err, ceremony.ErrAbsent) || !r.hsms[0].closed || !r.drives[0].closed {
		t.Errorf("pulled out: %v", err)
	}
	r.yubiHSM("1-2", "0034332673", 8)
	r.opticalDrive("sr0", 7)
	if err := look(); err != nil || len(r.hsms) != 2 || len(r.drives) != 2 {
		t.Errorf("put back: %v, %d HSMs and %d drives", err, len(r.hsms), len(r.drives))
	}
	// Nobody looked while these went and came.
	r.remove("sys/bus/usb/devices/1-2")
	r.remove("sys/class/block/sr0")
	r.yubiHSM("1-2", "0034332673", 9)
	r.opticalDrive("sr0", 8)
	if err := look(); err != nil || !r.hsms[1].closed || !r.drives[1].closed || len(r.hsms) != 3 || len(r.drives) != 3 {
		t.Errorf("pulled out and put back at once: %v, %d HSMs and %d drives", err, len(r.hsms), len(r.drives))
	}
}

func TestAnHSMWhoseConnectionEndedIsOpenedAgain(t *testing.T) {
	r := newTestRoom(t)
	r.yubiHSM("1-2", "0034332673", 7)
	if _, err := r.openAnHSM(); err != nil {
		t.Fatal(err)
	}
	r.hsms[0].ended = true
	if _, err := r.openAnHSM(); err != nil || len(r.hsms) != 2 || !r.hsms[0].closed {
		t.Errorf("%v, %d opened", err, len(r.hsms))
	}
}

func TestEveryHSMIsThereAndStaysTheSame(t *testing.T) {
	r := newTestRoom(t)
	r.yubiHSM("1-2", "0034332673", 7)
	r.yubiHSM("1-3", "0000000009", 8)
	first, err := r.openHSMs()
	if err != nil || len(first) != 2 {
		t.Fatalf("%d HSMs, %v", len(first), err)
	}
	for i, want := range []string{"0034332673", "0000000009"} {
		if info, err := first[i].Info(t.Context()); err != nil || info.Serial != want {
			t.Errorf("HSM %d: %+v, %v", i, info, err)
		}
	}
	r.remove("sys/bus/usb/devices/1-2")
	left, err := r.openHSMs()
	if err != nil || len(left) != 1 || left[0] != first[1] {
		t.Errorf("one pulled out: %v, %v", left, err)
	}
	if !r.hsms[0].closed || r.hsms[1].closed {
		t.Error("the one that is gone is open, or the other one closed")
	}
}

// The ceremony would have to guess which one is meant.
func TestTwoOfAKindAreRefusedByName(t *testing.T) {
	r := newTestRoom(t)
	r.opticalDrive("sr0", 6)
	r.opticalDrive("sr1", 7)
	r.says("sr0", "PIONEER", "BD-RW")
	r.says("sr1", "ASUS", "SBW-06")
	if _, err := r.Drive(t.Context()); err == nil || err.Error() != "there are discs in 2 drives, PIONEER BD-RW and ASUS SBW-06: take out all but one" {
		t.Errorf("%v", err)
	}
	r.drives[0].loaded = false
	if transport, err := r.Drive(t.Context()); err != nil || transport != disc.Transport(r.drives[1]) {
		t.Errorf("with a disc in one of two drives: %v, %v", transport, err)
	}
}

func TestTwoSticksAreToldApartByWhatStandsOnThem(t *testing.T) {
	for want, models := range map[string][2]string{
		"2 sticks are plugged in, SanDisk Ultra 4 MB and SanDisk Cruzer 4 MB: leave one in":              {"Ultra", "Cruzer"},
		"2 sticks are plugged in, SanDisk Ultra 4 MB at sda and SanDisk Ultra 4 MB at sdb: leave one in": {"Ultra", "Ultra"},
		"2 sticks are plugged in, SanDisk Ultra 4 MB and sdb: leave one in":                              {"Ultra", ""},
	} {
		r := newTestRoom(t)
		for i, name := range []string{"sda", "sdb"} {
			r.stick(name, labelled())
			if models[i] != "" {
				r.says(name, "SanDisk", models[i])
			}
		}
		if _, err := r.Stick(t.Context()); err == nil || err.Error() != want {
			t.Errorf("%v, not %s", err, want)
		}
		r.remove("sys/class/block/sdb")
		if _, err := r.Stick(t.Context()); err != nil {
			t.Errorf("one stick of two taken away: %v", err)
		}
	}
}

// The broken one may be the one that is meant.
func TestAStickThatCannotBeReadIsNotPassedOver(t *testing.T) {
	r := newTestRoom(t)
	r.mounts.broken = "sdb"
	r.stick("sda", labelled())
	r.stick("sdb", labelled())
	r.says("sda", "SanDisk", "Ultra")
	r.says("sdb", "Kingston", "DataTraveler")
	const both = "2 sticks are plugged in: leave one in. SanDisk Ultra 4 MB can be read; Kingston DataTraveler 4 MB cannot: its file system is damaged"
	if _, err := r.Stick(t.Context()); err == nil || err.Error() != both {
		t.Errorf("beside a good one: %v", err)
	}
	r.remove("sys/class/block/sda")
	if _, err := r.Stick(t.Context()); err == nil || err.Error() != "the stick Kingston DataTraveler 4 MB cannot be read: its file system is damaged" {
		t.Errorf("alone: %v", err)
	}
}

func TestDrivesThatCannotServe(t *testing.T) {
	r := newTestRoom(t)
	r.opticalDrive("sr0", 6)
	r.refuse = scsi.ErrInUse
	if _, err := r.Drive(t.Context()); !errors.Is(err, scsi.ErrInUse) || errors.Is(err, ceremony.ErrAbsent) {
		t.Errorf("in use: %v", err)
	}
	r.refuse = nil
	if _, err := r.Drive(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := r.drives[len(r.drives)-1]
	d.loaded = false
	if _, err := r.Drive(t.Context()); !errors.Is(err, ceremony.ErrAbsent) || !strings.Contains(err.Error(), "disc") {
		t.Errorf("empty: %v", err)
	}
	d.broken = scsi.ErrGone
	if _, err := r.Drive(t.Context()); !errors.Is(err, scsi.ErrGone) || errors.Is(err, ceremony.ErrAbsent) {
		t.Errorf("broken: %v", err)
	}
}

func TestAStickThatIsNoneSaysWhy(t *testing.T) {
	r := newTestRoom(t)
	r.stick("sda", "nothing that is known")
	if _, err := r.Stick(t.Context()); err == nil || errors.Is(err, ceremony.ErrAbsent) || !strings.Contains(err.Error(), "sda") {
		t.Errorf("%v", err)
	}
}

func TestTheProfileMayNameAnHSMThatThisProgramDoesNotKnow(t *testing.T) {
	if _, err := newTestRoom(t).HSMs(t.Context(), hsm.PKCS11); !errors.Is(err, hsm.ErrUnsupported) {
		t.Errorf("%v", err)
	}
}

func TestADiscThatCameIsTold(t *testing.T) {
	r := newTestRoom(t)
	r.opticalDrive("sr0", 6)
	r.opticalDrive("sr1", 7)
	if _, err := r.Drive(t.Context()); err == nil {
		t.Fatal("there are discs in both")
	}
	before := r.media()
	for range 20 { // in whatever order the drives are kept
		if r.media() != before {
			t.Fatal("nothing changed, and something is told")
		}
	}
	r.drives[1].loaded = false
	if r.media() == before {
		t.Error("a disc that was taken out is not told")
	}
}

// The kernel's own devices, which the tree does not have, and the ceremony's gates:
// without a stick it stands at the second, and says so.
func TestWithoutDevicesTheCeremonyStandsAtTheFirstGateThatLacksOne(t *testing.T) {
	m := newTree(t)
	ctx, end := context.WithCancel(t.Context())
	r := newRoom(ctx, m.root)
	c := ceremony.New(ceremony.Setup{Room: r, Mode: ceremony.Dev, Random: strings.NewReader("")})
	ended := make(chan error)
	go func() { ended <- c.Run(ctx) }()
	if v := await(t, c, titled("Is this the time?")); v.Banner != "DEV" || !c.Send(v.Screen, ceremony.Press{Action: "right"}) {
		t.Errorf("the first gate: %+v", v)
	}
	v := await(t, c, titled("Put the USB stick in"))
	if v.Notice.Text != "" || v.Stick.Word != "No stick" {
		t.Errorf("the second gate: %+v", v)
	}
	// One that is no stick of a ceremony is told when it comes, and nobody need ask.
	m.stick("sda", "nothing that is known")
	v = await(t, c, func(v *ceremony.View) bool { return v.Notice.Text != "" })
	if !strings.Contains(v.Notice.Text, "formatted neither") {
		t.Errorf("what is no stick: %+v", v)
	}
	end()
	if err := errors.Join(<-ended, r.close()); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// await returns the first view that is so. The view changes every second.
func await(t *testing.T, c *ceremony.Ceremony, is func(*ceremony.View) bool) *ceremony.View {
	t.Helper()
	for range 60 {
		if v := c.View(); is(v) {
			return v
		}
		<-c.Updated()
	}
	t.Fatalf("the ceremony stands still at %q", c.View().Title)
	return nil
}

func titled(title string) func(*ceremony.View) bool {
	return func(v *ceremony.View) bool { return v.Title == title && !v.Working }
}
