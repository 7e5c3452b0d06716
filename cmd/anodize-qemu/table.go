package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"anodize/cmd/internal/fat"
	"anodize/devices/sim"
	"anodize/devices/sim/usbredir"
)

// table is what lies on the ceremony's table, and where it is kept.
type table struct {
	ctx context.Context
	m   *machine
	dir string

	drive    *sim.Drive
	unplug   func() // the drive
	discName string // in the drive, "" for none
	hsms     [hsmSockets]*pluggedHSM
	stick    string // plugged in, "" for none
}

// pluggedHSM is an HSM in a socket.
type pluggedHSM struct {
	serial uint32
	unplug func()
}

// What lies there at the first start.
const (
	firstDisc  = "disc"
	firstHSM   = 34332673
	firstStick = "stick"
)

// lay plugs the drive in, with the disc, the HSM and the stick of the first start.
func lay(ctx context.Context, m *machine, dir string) (*table, error) {
	t := &table{ctx: ctx, m: m, dir: dir, drive: sim.NewDrive()}
	var err error
	if t.unplug, err = t.plug(driveSocket, func() (usbredir.Device, error) {
		return usbredir.NewMassStorage(t.drive, "0000000001"), nil
	}); err != nil {
		return nil, err
	}
	for _, err := range []error{t.insert(firstDisc, "bd-r"), t.plugHSM(firstHSM), t.plugStick(firstStick)} {
		if err != nil {
			return nil, errors.Join(err, t.close())
		}
	}
	return t, nil
}

// plug plugs a device into a socket and returns what pulls it out.
func (t *table) plug(socket string, device func() (usbredir.Device, error)) (func(), error) {
	d, err := device()
	if err != nil {
		return nil, err
	}
	conn, err := t.m.dial(socket)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(t.ctx)
	var served sync.WaitGroup
	served.Go(func() {
		if err := usbredir.Serve(ctx, conn, d); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", socket, err)
		}
	})
	return func() {
		cancel()
		served.Wait()
	}, nil
}

// media are the discs to be had, by the names that people give them.
var media = map[string]uint16{"cd-r": 0x09, "dvd-r": 0x11, "dvd+r": 0x1B, "dvd+r-dl": 0x2B, "bd-r": 0x41}

// checkName keeps names within the folder.
func checkName(name string) error {
	if name == "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") != "" {
		return fmt.Errorf("%q: a name is of letters, digits, hyphens and underscores", name)
	}
	return nil
}

func (t *table) disc(name string) string { return filepath.Join(t.dir, "discs", name) }

// insert puts a disc in: the one of that name, else a blank one of that medium.
func (t *table) insert(name, medium string) error {
	if err := checkName(name); err != nil {
		return err
	}
	profile, ok := media[medium]
	if !ok {
		return fmt.Errorf("%q: a disc is a cd-r, dvd-r, dvd+r, dvd+r-dl or bd-r", medium)
	}
	if t.discName != "" {
		return fmt.Errorf("the disc %s is in the drive: eject it first", t.discName)
	}
	d, err := sim.LoadDisc(t.disc(name))
	if errors.Is(err, fs.ErrNotExist) {
		d, err = sim.NewDisc(profile), nil
	}
	if err != nil {
		return err
	}
	if err := t.drive.Insert(d); err != nil {
		return err
	}
	t.discName = name
	return nil
}

// eject takes the disc out and keeps it.
func (t *table) eject() error {
	if t.discName == "" {
		return errors.New("there is no disc in the drive")
	}
	d, err := t.drive.Eject()
	if err != nil {
		return err
	}
	if d == nil { // the machine had it out already: it lies in the open tray
		return errors.New("the tray is open")
	}
	name := t.discName
	t.discName = ""
	return d.Save(t.disc(name))
}

// plugHSM plugs in the HSM of a serial number, a factory-fresh one the first time.
func (t *table) plugHSM(serial uint32) error {
	free := -1
	for i, h := range t.hsms {
		switch {
		case h == nil:
			free = i
		case h.serial == serial:
			return fmt.Errorf("HSM %d is plugged in", serial)
		}
	}
	if free < 0 {
		return fmt.Errorf("there are %d HSMs plugged in: unplug one", hsmSockets)
	}
	folder := filepath.Join(t.dir, "hsms")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	unplug, err := t.plug(hsmSocket(free), func() (usbredir.Device, error) {
		h, err := sim.OpenHSM(filepath.Join(folder, strconv.Itoa(int(serial))+".json"), serial)
		if err != nil {
			return nil, err
		}
		return usbredir.NewHSM(h), nil
	})
	if err != nil {
		return err
	}
	t.hsms[free] = &pluggedHSM{serial, unplug}
	return nil
}

func (t *table) unplugHSM(serial uint32) error {
	for i, h := range t.hsms {
		if h != nil && h.serial == serial {
			h.unplug()
			t.hsms[i] = nil
			return nil
		}
	}
	return fmt.Errorf("HSM %d is not plugged in", serial)
}

// plugStick plugs in the stick of a name; the first time it holds the profile and the
// request of the tests.
func (t *table) plugStick(name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	if t.stick != "" {
		return fmt.Errorf("the stick %s is plugged in: unplug it first", t.stick)
	}
	path := filepath.Join(t.dir, "sticks", name+".img")
	if err := makeStick(path); err != nil {
		return err
	}
	if err := t.m.plugStick(path); err != nil {
		return err
	}
	t.stick = name
	return nil
}

// stickSize is that of a new stick, in bytes.
const stickSize = 64 << 20

// makeStick makes a stick if it is not there.
func makeStick(path string) (err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var files []fat.File
	for _, name := range []string{"profile.toml", "intermediate.csr"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			return fmt.Errorf("%w; run it from the root of the tree, or put an image at %s", err, path)
		}
		files = append(files, fat.File{Path: name, Data: data})
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(stickSize); err != nil {
		return err
	}
	return fat.Write(f, fat.Volume{Size: stickSize, Label: "ANODIZE", Serial: 1, Time: time.Now(), Files: files})
}

func (t *table) unplugStick() error {
	if t.stick == "" {
		return errors.New("no stick is plugged in")
	}
	t.stick = ""
	return t.m.unplug("stick")
}

// String says what is on the table.
func (t *table) String() string {
	on := []string{"no disc", "no stick"}
	if t.discName != "" {
		on[0] = "disc " + t.discName
	}
	if t.stick != "" {
		on[1] = "stick " + t.stick
	}
	for _, h := range t.hsms {
		if h != nil {
			on = append(on, fmt.Sprintf("HSM %d", h.serial))
		}
	}
	return strings.Join(on, ", ")
}

// close pulls everything out and keeps the disc.
func (t *table) close() error {
	for i, h := range t.hsms {
		if h != nil {
			h.unplug()
			t.hsms[i] = nil
		}
	}
	t.unplug()
	if t.discName == "" {
		return nil
	}
	t.drive.PowerOn() // a drive without power lets nobody lock its tray
	return t.eject()
}
