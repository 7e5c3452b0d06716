//go:build vm

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

// inGuest runs a ceremony on the machine's own devices, says which screen is shown,
// and presses what the test tells it.
func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	r := newRoom(ctx, "")
	c := ceremony.New(ceremony.Setup{Room: r, Mode: ceremony.Production, Random: rand.Reader})
	go c.Run(ctx)
	go func() {
		title := ""
		for range c.Updated() {
			if v := c.View(); v.Title != title && !v.Working {
				title = v.Title
				port.Say("SCREEN %s", title)
			}
		}
	}()
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		if words[0] == "drive" {
			port.Say("DRIVE %s", driveName(ctx, r))
			continue
		}
		c.Send(c.View().Screen, ceremony.Press{Action: words[1]})
	}
}

func driveName(ctx context.Context, r *room) string {
	transport, err := r.Drive(ctx)
	if errors.Is(err, ceremony.ErrAbsent) {
		return "absent"
	}
	if err != nil {
		return err.Error()
	}
	drive, err := disc.Open(ctx, transport)
	if err != nil {
		return err.Error()
	}
	_, err = drive.Medium(ctx)
	return fmt.Sprintf("%s, refused: %t", drive.Name(), err != nil)
}

// The gates on a real kernel: a stick that is plugged in opens its gate and the
// profile's by itself, and closes them when it is pulled out. QEMU's drive cannot
// write, which the disc's gate has to refuse.
func TestTheGatesOnAMachinesOwnDevices(t *testing.T) {
	dir := t.TempDir()
	program, stick, cd := filepath.Join(dir, "guest"), filepath.Join(dir, "stick"), filepath.Join(dir, "cd")
	for _, args := range [][]string{
		{"go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", program, "."},
		{"/usr/sbin/mkfs.vfat", "-C", "-n", "ANODIZE", stick, "16384"},
		{"mcopy", "-i", stick, "../../testdata/profile.toml", "::profile.toml"},
		{"xorriso", "-as", "mkisofs", "-V", "SOMETHING", "-o", cd, "../../testdata/profile.toml"},
	} {
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%q (Debian: dosfstools, mtools, xorriso): %v\n%s", args, err, out)
		}
	}
	vm := qemu.Boot(t, qemu.Options{
		Program: program, Devices: []string{"qemu-xhci,id=xhci"},
		Modules: []string{"xhci-pci", "usb-storage", "sd_mod", "sr_mod", "vfat", "nls_cp437", "nls_ascii", "nls_utf8"},
		Extra: []string{
			"-drive", "if=none,format=raw,id=stick,file=" + stick, "-drive", "if=none,media=cdrom,readonly=on,id=cd,file=" + cd,
		},
	})
	must := func(want string) {
		t.Helper()
		if got := vm.Expect("SCREEN "); got != want {
			t.Fatalf("the screen is %q, not %q", got, want)
		}
	}
	plug := func() {
		vm.Plug("usb-storage", "stick0", map[string]any{"drive": "stick", "bus": "xhci.0", "removable": true})
	}
	must("Is this the time?")
	vm.Send("press right")
	must("Put the USB stick in")
	plug()
	must("Is this the stick?")
	vm.Send("press use")
	must("Is this the profile?")
	vm.Send("press use")
	must("Put the HSM in")
	vm.Unplug("stick0")
	must("Put the USB stick in")
	vm.Send("drive")
	if got := vm.Expect("DRIVE "); got != "absent" {
		t.Errorf("the drive: %s", got)
	}
	vm.Plug("usb-storage", "drive0", map[string]any{"drive": "cd", "bus": "xhci.0"})
	got := "absent"
	for got == "absent" {
		vm.Send("drive")
		got = vm.Expect("DRIVE ")
	}
	if !strings.HasPrefix(got, "QEMU QEMU CD-ROM") || !strings.HasSuffix(got, "refused: true") {
		t.Errorf("the drive: %s", got)
	}
}
