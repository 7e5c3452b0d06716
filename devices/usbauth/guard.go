// Package usbauth decides which USB devices the kernel may drive, interface by
// interface.
//
// It guarantees that after Guard.Pass no interface has a driver but those of hubs,
// keyboards, pointers and touchscreens (HID), disks and optical drives (mass
// storage), and the YubiHSM 2; and that the kernel gives no driver to whatever is
// plugged in later before Pass was called again. A device is judged by what it says
// of itself: one that says it is a keyboard is let in as a keyboard, and as nothing
// else.
//
// Sources: Linux's Documentation/usb/authorization.rst and
// Documentation/ABI/testing/sysfs-devices-removable; USB 2.0 section 9.6.
package usbauth

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// Device is a USB device that is plugged in, other than a root hub.
type Device struct {
	Port            string // the kernel's name: "1-2", "1-2.4" behind a hub
	Vendor, Product uint16
	Text            string // what the device calls itself, printable; may be empty
	LetIn, Refused  []Kind // its interfaces' kinds, of the configuration in use or, for a refused device, of all
	BuiltIn         bool   // it cannot be taken out, by what the machine says of its own ports
}

// String names the device, with its own words in quotation marks: 0525:a4a2 "QEMU RNDIS".
func (d Device) String() string {
	name := fmt.Sprintf("%04x:%04x", d.Vendor, d.Product)
	if d.Text != "" {
		name += " " + strconv.Quote(d.Text)
	}
	return name
}

// Guard authorizes the USB devices of one machine.
type Guard struct{ devices, probe string }

// New returns the guard of the machine whose root folder is root ("" is this one).
func New(root string) *Guard {
	bus := filepath.Join(root, "/sys/bus/usb")
	return &Guard{devices: filepath.Join(bus, "devices"), probe: filepath.Join(bus, "drivers_probe")}
}

// Pass judges everything that is plugged in, and tells what it found. Controllers
// are told to let nothing in by themselves. An error does not keep it from judging
// the rest; what is unplugged meanwhile is none.
func (g *Guard) Pass() ([]Device, error) {
	entries, err := os.ReadDir(g.devices)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a machine without USB
	}
	if err != nil {
		return nil, fmt.Errorf("looking for USB devices: %w", err)
	}
	var errs []error
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), "usb") {
			errs = append(errs, g.set(e.Name(), "authorized_default", "0"), g.set(e.Name(), "interface_authorized_default", "0"))
		}
	}
	var found []Device
	for _, e := range entries {
		if !port.MatchString(e.Name()) {
			continue
		}
		d, err := g.judge(e.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("judging the USB device %s: %w", e.Name(), err))
		}
		found = append(found, d)
	}
	return found, errors.Join(errs...)
}

// port matches the folder of a device that is plugged in: a bus and ports.
var port = regexp.MustCompile(`^[0-9]+-[0-9]+(\.[0-9]+)*$`)

// judge lets a device in, whole or in part, or keeps it out. One whose descriptors
// cannot be read is kept out.
func (g *Guard) judge(name string) (Device, error) {
	d := Device{Port: name, Text: g.text(name), BuiltIn: g.builtIn(name)}
	says, err := g.descriptors(name)
	if err != nil {
		return d, errors.Join(err, g.set(name, "authorized", "0"))
	}
	d.Vendor, d.Product = says.vendor, says.product
	if !says.mayAny() {
		for _, kinds := range says.interfaces {
			d.Refused = append(d.Refused, kinds...)
		}
		return d, g.set(name, "authorized", "0")
	}
	if err := g.set(name, "authorized", "1"); err != nil {
		return d, err
	}
	return d, g.judgeInterfaces(&d, says)
}

// builtIn says whether a device and every hub before it are fixed. What a hub that was
// plugged in says of its own ports does not count.
func (g *Guard) builtIn(name string) bool {
	for {
		if fixed, err := g.read(name, "removable"); err != nil || strings.TrimSpace(fixed) != "fixed" {
			return false
		}
		hub := strings.LastIndexByte(name, '.')
		if hub < 0 {
			return true
		}
		name = name[:hub]
	}
}

// descriptors is what a device says of itself. The kernel's file ends after
// 65553 bytes (drivers/usb/core/sysfs.c), whether or not there is more that the kernel
// knows of: a device that fills it is not known whole.
func (g *Guard) descriptors(name string) (*descriptors, error) {
	raw, err := g.read(name, "descriptors")
	if err != nil {
		return nil, err
	}
	if len(raw) == maxAttribute {
		return nil, errDescriptors
	}
	return parse([]byte(raw))
}

// judgeInterfaces gives the kernel those interfaces that it may have.
func (g *Guard) judgeInterfaces(d *Device, says *descriptors) error {
	folders, err := filepath.Glob(filepath.Join(g.devices, d.Port+":*"))
	if err != nil {
		return err
	}
	var errs []error
	for _, folder := range folders {
		name := filepath.Base(folder)
		at, ok := parsePlace(strings.TrimPrefix(name, d.Port+":"))
		if !ok || !says.may(at) {
			d.Refused = append(d.Refused, says.interfaces[at]...)
			errs = append(errs, g.set(name, "authorized", "0"))
			continue
		}
		d.LetIn = append(d.LetIn, says.interfaces[at]...)
		errs = append(errs, g.letIn(name))
	}
	return errors.Join(errs...)
}

// letIn authorizes an interface, and has the kernel look for its driver, which it
// does not do by itself.
func (g *Guard) letIn(name string) error {
	now, err := g.read(name, "authorized")
	if err != nil || strings.TrimSpace(now) == "1" {
		return ignoreGone(err)
	}
	if err := g.set(name, "authorized", "1"); err != nil {
		return err
	}
	if err := write(g.probe, name); err != nil {
		return fmt.Errorf("having a driver looked for: %w", err)
	}
	return nil
}

// parsePlace reads "1.0", configuration and number.
func parsePlace(s string) (place, bool) {
	c, n, ok := strings.Cut(s, ".")
	configuration, err1 := strconv.ParseUint(c, 10, 8)
	number, err2 := strconv.ParseUint(n, 10, 8)
	return place{uint8(configuration), uint8(number)}, ok && err1 == nil && err2 == nil
}

// set writes an attribute that is not so already.
func (g *Guard) set(name, attribute, value string) error {
	now, err := g.read(name, attribute)
	if err != nil || strings.TrimSpace(now) == value {
		return ignoreGone(err)
	}
	return ignoreGone(write(filepath.Join(g.devices, name, attribute), value))
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func write(name, value string) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = f.WriteString(value)
	return err
}

// maxAttribute bounds what is read of a file in sysfs, in bytes.
const maxAttribute = 64 << 10

func (g *Guard) read(name, attribute string) (string, error) {
	f, err := os.Open(filepath.Join(g.devices, name, attribute))
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAttribute))
	return string(b), err
}

// maxText bounds what a device may call itself, in characters.
const maxText = 60

// text is what a device calls itself.
func (g *Guard) text(name string) string {
	maker, _ := g.read(name, "manufacturer") // a device need not say it
	product, _ := g.read(name, "product")
	words := strings.Fields(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(maker+" "+product, "?")))
	text := []rune(strings.Join(words, " "))
	return string(text[:min(len(text), maxText)])
}
