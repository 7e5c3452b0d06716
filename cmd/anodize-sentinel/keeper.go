package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
	"anodize/devices/block"
	"anodize/devices/clock"
	"anodize/devices/machine"
	"anodize/devices/usbauth"
)

// keeper does what a kiosk asks for. It is a gate.Keeper.
type keeper struct {
	root     string
	machine  *machine.Machine
	identity []machine.Section // what stays the same until the machine is switched off
	clock    *clock.Clock
	end      func(how int) // ends everything, soon
	pass     func()        // judges what is plugged in, and calls found

	mu      sync.Mutex
	usb     []usbauth.Device
	faults  string // what did not go as it should when the machine was started; may be empty
	trouble string // and when something was plugged in
	crash   string // how the last kiosk ended
	crashes int
}

// MountStick mounts a place on the kiosk's folder, in place of what may have stayed
// there.
func (k *keeper) MountStick(name string, writable bool) (string, error) {
	if err := block.UnmountAt(stickAt); err != nil {
		return "", fmt.Errorf("unmounting what was there before: %w", err)
	}
	if err := block.MountAt(k.root, name, stickAt, writable, kioskID, kioskID); err != nil {
		return "", err
	}
	return stickAt, nil
}

func (k *keeper) UnmountStick() error { return block.UnmountAt(stickAt) }

// The years that the clock may be set to.
const (
	firstYear = 2025
	lastYear  = 2099
)

func (k *keeper) SetClock(t time.Time) error {
	if year := t.UTC().Year(); year < firstYear || year > lastYear {
		return fmt.Errorf("the clock is not set to the year %d: it must be from %d to %d", year, firstYear, lastYear)
	}
	return k.clock.Set(t)
}

func (k *keeper) PowerOff() error {
	k.end(unix.LINUX_REBOOT_CMD_POWER_OFF)
	return nil
}

func (k *keeper) Reboot() error {
	k.end(unix.LINUX_REBOOT_CMD_RESTART)
	return nil
}

// crashed keeps how a kiosk ended.
func (k *keeper) crashed(how string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.crash = how
	k.crashes++
}

// found keeps which USB devices are plugged in, and what went wrong meanwhile.
func (k *keeper) found(usb []usbauth.Device, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.usb, k.trouble = usb, oneLine(err)
}

// maxTrouble bounds an error's text on the screen, in bytes: there may be one for every
// device.
const maxTrouble = 480

// oneLine is an error's text; empty if there is none.
func oneLine(err error) string {
	if err == nil {
		return ""
	}
	text := strings.ReplaceAll(err.Error(), "\n", "; ")
	if len(text) > maxTrouble {
		text = strings.ToValidUTF8(text[:maxTrouble], "") + " and more"
	}
	return text
}

// Look returns what people are shown and what goes into the log. The kiosk may have
// noticed that something came or went before this process has: it is judged first.
func (k *keeper) Look() gate.Environment {
	k.pass()
	k.mu.Lock()
	defer k.mu.Unlock()
	usb := tellUSB(k.usb)
	e := gate.Environment{By: version(), Crash: k.crash, Warning: k.warning()}
	if k.crashes > 1 {
		e.Crash = fmt.Sprintf("%s (it ended %d times)", k.crash, k.crashes)
	}
	e.Sections = append(append(e.Sections, k.machine.Health()), k.identity...)
	e.Sections = append(e.Sections, machine.Section{Title: "USB", Facts: usb})
	e.Sections = slices.DeleteFunc(e.Sections, func(s machine.Section) bool { return len(s.Facts) == 0 })
	for _, s := range k.identity {
		e.Claims = append(e.Claims, s.Facts...)
	}
	if e.Crash != "" {
		e.Claims = append(e.Claims, machine.Fact{Name: "Kiosk ended before", Value: e.Crash})
	}
	for _, trouble := range k.troubles() {
		e.Claims = append(e.Claims, machine.Fact{Name: "Sentinel's trouble", Value: trouble})
	}
	e.Claims = append(e.Claims, usb...) // last: the log takes a bounded number, and devices could be many
	return e
}

// troubles are what did not go as it should.
func (k *keeper) troubles() []string {
	return slices.DeleteFunc([]string{k.faults, k.trouble}, func(s string) bool { return s == "" })
}

// identify reads what stays the same: the machine's own words, and the programs that
// run on it. The kernel and its initramfs cannot be read from inside: the firmware
// measures them into the TPM's register 4, where there is a TPM.
func identify(m *machine.Machine, program string) []machine.Section {
	all := m.Identity()
	kernel := "not readable from inside, and not measured: there is no TPM that did"
	if slices.ContainsFunc(all, measuredKernel) {
		kernel = "not readable from inside: compare PCR 4"
	}
	return append(all, machine.Section{Title: "Programs, SHA-256", Facts: []machine.Fact{
		m.Hash("Sentinel", "/proc/self/exe"), m.Hash("Kiosk", program), {Name: "Kernel and initramfs", Value: kernel},
	}})
}

func measuredKernel(s machine.Section) bool {
	return slices.ContainsFunc(s.Facts, func(f machine.Fact) bool { return f.Name == "PCR 4" })
}
