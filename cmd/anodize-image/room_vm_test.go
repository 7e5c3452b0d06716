//go:build vm

package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/internal/eyes"
	"anodize/cmd/internal/fat"
	"anodize/core/ceremony"
	"anodize/devices/qemu"
	"anodize/devices/sim"
	"anodize/devices/sim/usbredir"
)

// The simulated HSMs' serial numbers.
const (
	firstHSM = 34332673 + iota
	secondHSM
)

// room is a room for ceremonies: what is on its table stays from one start of the
// machine to the next.
type room struct {
	t      testing.TB
	dir    string
	image  string    // the boot medium's file
	built  time.Time // and when its commit was made
	drive  *sim.Drive
	hsms   map[uint32]*sim.HSM
	sticks map[string]string // their files, by name
}

// newRoom has a blank disc in the drive, factory-fresh HSMs, and a stick with a
// profile and a request on it.
func newRoom(t testing.TB) *room {
	t.Helper()
	dir := t.TempDir()
	r := &room{t: t, dir: dir, image: treeImage(t), drive: sim.NewDrive(), hsms: map[uint32]*sim.HSM{}, sticks: map[string]string{}}
	d, _, err := bootable.Open(read(t, r.image))
	if err != nil {
		t.Fatal(err)
	}
	r.built = d.Time
	for _, serial := range []uint32{firstHSM, secondHSM} {
		r.hsms[serial] = sim.NewHSM(serial)
	}
	if err := r.drive.Insert(sim.NewDisc(0x41)); err != nil {
		t.Fatal(err)
	}
	const profile, request = "profile.toml", "intermediate.csr"
	r.makeStick("stick", stickSize, profile, request)
	r.makeStick("other", stickSize, profile)
	r.fillStick("full", profile)
	broken := r.makeStick("broken", stickSize, profile)
	f, err := os.OpenFile(broken, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0x12}, 21); err != nil { // no such kind of medium
		t.Fatal(err)
	}
	return r
}

const stickSize = 16 << 20

// makeStick makes a stick of so many bytes, with some of the tests' files, and returns
// its file.
func (r *room) makeStick(name string, size int64, files ...string) string {
	r.t.Helper()
	if err := r.writeStick(name, size, testFiles(r.t, files...)); err != nil {
		r.t.Fatal(err)
	}
	return r.sticks[name]
}

// fillStick makes a small stick with some of the tests' files, and one more that leaves
// no room.
func (r *room) fillStick(name string, files ...string) {
	r.t.Helper()
	for left := fat.MinSize; ; left -= 512 {
		err := r.writeStick(name, fat.MinSize, append(testFiles(r.t, files...), fat.File{Path: "FILL", Data: make([]byte, left)}))
		switch {
		case err == nil:
			return
		case !errors.Is(err, fat.ErrFull):
			r.t.Fatal(err)
		}
	}
}

func (r *room) writeStick(name string, size int64, files []fat.File) error {
	r.sticks[name] = filepath.Join(r.dir, name+".img")
	f, err := os.Create(r.sticks[name])
	if err != nil {
		return err
	}
	return errors.Join(f.Truncate(size), fat.Write(f, fat.Volume{Size: size, Label: "ANODIZE", Serial: 1, Time: r.day(0), Files: files}), f.Close())
}

func testFiles(t testing.TB, names ...string) (files []fat.File) {
	t.Helper()
	for _, name := range names {
		files = append(files, fat.File{Path: name, Data: read(t, filepath.Join("../../testdata", name))})
	}
	return files
}

// day is when the machine is switched on for the n-th time: n days after the first, which
// is the day after its image was built.
func (r *room) day(n int) time.Time { return r.built.AddDate(0, 0, 1+n) }

// machine says how a room's machine is made.
type machine struct {
	medium  qemu.Medium
	display qemu.Display
	size    image.Point // of the display; zero where the firmware has its own
	memory  int         // MiB; 0: 1024
	clock   time.Time
	extra   []string
}

// A seat is the place before a machine that runs.
type seat struct {
	*eyes.Person
	vm   *qemu.VM
	room *room
}

// sockets of the machine's USB that simulated devices go into.
var sockets = []string{"burner", "hsm0", "hsm1", "touch", "more"}

// switchOn starts a machine, and plugs nothing in but the stick and the medium that it
// boots from.
func (r *room) switchOn(m machine) *seat {
	r.t.Helper()
	if m.memory == 0 {
		m.memory = 1024
	}
	o := qemu.Options{
		Image: &qemu.Image{File: r.image, Medium: m.medium}, Memory: m.memory, Display: m.display, USB: sockets,
		Extra: append([]string{
			"-rtc", "base=" + m.clock.Format("2006-01-02T15:04:05"), "-device", "usb-kbd,id=keyboard,bus=boot.0",
		}, m.extra...),
	}
	for name, file := range r.sticks {
		o.Extra = append(o.Extra, "-drive", "if=none,format=raw,id="+name+",file="+file)
	}
	if m.size != (image.Point{}) {
		name := map[qemu.Display]string{qemu.Bochs: "VGA", qemu.VirtioGPU: "virtio-vga"}[m.display]
		o.Extra = append(o.Extra, "-global", fmt.Sprintf("%s.xres=%d", name, m.size.X), "-global", fmt.Sprintf("%s.yres=%d", name, m.size.Y))
	}
	vm := qemu.Boot(r.t, o)
	list := strings.Fields(string(read(r.t, "../../core/quorum/words-slip39.txt")))
	s := &seat{eyes.Sit(r.t, vm, list, patience), vm, r}
	s.Around = ceremony.View{
		CA: "Example Root CA", Operation: "Init root", Now: m.clock, ClockConfirmed: true,
		HSM: ceremony.Lamp{Word: hsmName(firstHSM)}, Disc: ceremony.Lamp{Word: "Disc, 254 sessions free"}, Stick: ceremony.Lamp{Word: "Stick"},
	}
	for i, name := range []string{"Preflight", "Plan", "Commit", "Quorum", "Execute", "Record", "Export"} {
		s.Around.Phases[i].Name = name
	}
	return s
}

// hsmName is an HSM as the screens name it.
func hsmName(serial uint32) string { return fmt.Sprintf("HSM %010d", serial) }

// plug plugs a simulated device into a socket, and returns what pulls it out.
func (s *seat) plug(socket string, d usbredir.Device) (pull func()) {
	s.room.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	conn := s.vm.USB(socket)
	served := make(chan error, 1)
	go func() { served <- usbredir.Serve(ctx, conn, d) }()
	pull = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			s.room.t.Logf("%s: %v", socket, err)
		}
	})
	s.room.t.Cleanup(pull)
	return pull
}

func (s *seat) plugDrive() (pull func()) {
	s.room.t.Helper()
	return s.plug("burner", usbredir.NewMassStorage(s.room.drive, "0123456789AB"))
}

func (s *seat) plugHSM(serial uint32) (pull func()) {
	s.room.t.Helper()
	h := s.room.hsms[serial]
	h.Plug()
	unplug := s.plug(fmt.Sprintf("hsm%d", serial-firstHSM), usbredir.NewHSM(h))
	return func() {
		unplug()
		h.Unplug()
	}
}

// plugStick plugs one of the room's sticks in. It is unplugged by its name.
func (s *seat) plugStick(name string) {
	s.room.t.Helper()
	s.vm.Plug("usb-storage", name, map[string]any{"drive": name, "bus": "boot.0", "removable": true, "serial": "0123-" + name})
}

// stickTitle is one of the room's sticks as the screens name it.
func stickTitle(name string) string {
	return fmt.Sprintf("QEMU HARDDISK %d MB (serial ends in %s)", stickSize/1000000, name[len(name)-4:])
}

// plugTouchscreen gives the person a screen to touch.
func (s *seat) plugTouchscreen() {
	s.room.t.Helper()
	screen := usbredir.NewTouchscreen()
	s.plug("touch", screen)
	s.Touch = func(at, size image.Point) {
		screen.Tap(uint16((at.X*usbredir.TouchRange+usbredir.TouchRange/2)/size.X), uint16((at.Y*usbredir.TouchRange+usbredir.TouchRange/2)/size.Y))
	}
}
