//go:build vm

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/internal/eyes"
	"anodize/core/ceremony"
	"anodize/devices/qemu"
)

// unpacked writes what is in an image to files, and returns their names by what they are
// in the image.
func unpacked(t testing.TB, image string) (bootable.Disc, map[string]string) {
	t.Helper()
	disc, parts, err := contents(read(t, image))
	if err != nil {
		t.Fatal(err)
	}
	dir, at := t.TempDir(), map[string]string{}
	for _, p := range parts {
		at[p.Path] = filepath.Join(dir, filepath.Base(p.Path))
		if err := os.WriteFile(at[p.Path], p.Data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return disc, at
}

// bare is a machine that starts the image's kernel without UEFI: SeaBIOS, and QEMU in the
// place of a boot loader. What it must hand over besides is not looked at.
func bare(kernel string) qemu.Options {
	return qemu.Options{
		Kernel: &qemu.Kernel{Image: kernel}, Program: kernel, Display: qemu.Bochs,
		Extra: []string{"-action", "reboot=reset"}, // after a panic it starts again, as under UEFI
	}
}

// A machine's clock may say any year. UEFI's firmware corrects those that are not from
// 1998 to 2097; a kernel that was started without it gets them as they are.
func TestAClockMaySayAnyYear(t *testing.T) {
	t.Parallel()
	image := treeImage(t)
	disc, at := unpacked(t, image)
	built := disc.Time.Format(time.DateOnly)
	const again = "Is it really the year %d?"
	for _, c := range []struct {
		why   string
		uefi  bool
		clock time.Time
		says  ceremony.Notice
		far   bool
	}{
		{"1970: the battery was empty", false, time.Date(1970, 1, 1, 0, 1, 0, 0, time.UTC), ceremony.Notice{
			Text: "This image was built on " + built + ", and the clock says 1970-01-01: the battery of the machine's clock may be empty. Set the clock.",
		}, false},
		{"2099: the last year that a ceremony may be held in", false, time.Date(2099, 6, 1, 12, 0, 0, 0, time.UTC), ceremony.Notice{
			Kind: ceremony.Danger, Text: "The clock says 2099-06-01, and this image was built on " + built + ". If that is not so many years ago, set the clock.",
		}, true},
		{"2097: the last year that the firmware leaves as it is", true, time.Date(2097, 6, 1, 12, 0, 0, 0, time.UTC), ceremony.Notice{
			Kind: ceremony.Danger, Text: "The clock says 2097-06-01, and this image was built on " + built + ". If that is not so many years ago, set the clock.",
		}, true},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			o := bare(at[bootable.Kernel])
			if c.uefi {
				o = qemu.Options{Image: &qemu.Image{File: image}, Display: qemu.Bochs}
			}
			// QEMU keeps how far its own clock is from the host's in 32 bits, of seconds.
			o.Extra = append(o.Extra, "-rtc", "clock=vm,base="+c.clock.Format("2006-01-02T15:04:05"))
			vm := qemu.Boot(t, o)
			p := eyes.Sit(t, vm, nil, patience)
			p.Await(firstPage)
			if c.uefi {
				vm.Unplug("medium")
			} else {
				p.Answer(firstPage, "PageDown")
				p.Fact("Secure Boot", slices.Values([]string{"none: not started by UEFI"}))
			}
			p.Insist(firstPage, "Enter")
			p.Await(firstGate)
			p.AwaitNotice(c.says.Kind, c.says.Text)
			if c.far {
				p.Answer(firstGate, "Enter")
				p.Answer(fmt.Sprintf(again, c.clock.Year()), "Esc")
			}
			setClock(p, c.clock, disc.Time.AddDate(0, 0, 1))
			p.Await("Put the USB stick in")
			p.Press("F10")
			powerOff(p, vm)
		})
	}
}

// setClock sets the machine's clock at its gate, from what it says to another time, and
// confirms it.
func setClock(p *eyes.Person, from, to time.Time) {
	p.Answer(firstGate, "s")
	const when = "What time is it?"
	p.Await(when)
	for range len(from.Format("2006-01-02 ")) {
		p.Answer(when, "Backspace")
	}
	p.Write(to.Format(time.DateTime))
	p.Answer(when, "Enter")
	p.Answer(firstGate, "Enter")
}
