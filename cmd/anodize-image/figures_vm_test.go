//go:build vm

package main

import (
	"fmt"
	"image"
	"iter"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/internal/eyes"
	"anodize/devices/qemu"
)

// starts are the ways in which the kiosk is started, with what is timed: the image as it
// is, its kernel without firmware, and Debian's kernel with the same programs and the
// modules that they need.
func starts(image string, at map[string]string) []start {
	inside := func(name string) string { return at[bootable.Kernel+":initramfs/"+name] }
	debian := qemu.Options{
		Display: qemu.Bochs, Program: inside("init"), Files: map[string]string{"/anodize-ceremony": inside("anodize-ceremony")},
		Modules: []string{"evdev", "xhci-pci", "usbhid", "hid-generic", "usb-storage", "sd_mod", "sr_mod", "sg", "vfat", "exfat", "nls_cp437", "nls_ascii", "nls_utf8"},
	}
	return []start{
		{"the image's kernel, started by QEMU", bare(at[bootable.Kernel])},
		{"Debian's kernel with the same two programs, and the modules that they need", debian},
		{"the image, started by UEFI firmware from a USB stick", qemu.Options{Display: qemu.Bochs, Image: &qemu.Image{File: image}}},
	}
}

type start struct {
	name string
	o    qemu.Options
}

// BenchmarkImage prints the tables of docs/performance.md that are of the image: the
// seconds from QEMU's start to the kiosk's first page, what memory is in use, and how
// large the image's parts are. All of it is seen from outside.
func BenchmarkImage(b *testing.B) {
	file := treeImage(b)
	_, at := unpacked(b, file)
	ways := starts(file, at)
	seconds := make([][]float64, len(ways))
	var table strings.Builder
	for b.Loop() {
		for i, w := range ways {
			began := time.Now()
			vm := qemu.Boot(b, w.o)
			eyes.Sit(b, vm, nil, patience).Await(firstPage)
			seconds[i] = append(seconds[i], time.Since(began).Seconds())
			vm.Execute("quit", nil)
		}
	}
	fmt.Fprintf(&table, "\n| to the kiosk's first page, of %d starts | seconds, median (least) |\n| --- | --- |\n", b.N)
	for i, w := range ways {
		slices.Sort(seconds[i])
		fmt.Fprintf(&table, "| %s | %.1f (%.1f) |\n", w.name, seconds[i][len(seconds[i])/2], seconds[i][0])
	}
	fmt.Fprintf(&table, "\n| memory in use, of %d MiB | MiB |\n| --- | --- |\n%s", measured, memory(b))
	fmt.Fprintf(&table, "\n| part of the image | bytes, as compressed |\n| --- | --- |\n%s", parts(b, file, at[bootable.Kernel]))
	fmt.Print(table.String())
}

// measured is the memory of the machine whose use of it is measured, in MiB.
const measured = 512

// memory is the rows of what is in use, as the kiosk itself shows it: at its first page,
// and at the menu with drive, HSM and stick. Nothing is counted as free that is not: not
// what the firmware keeps, not the kernel's own.
func memory(b *testing.B) string {
	r := newRoom(b)
	s := r.switchOn(machine{display: qemu.Bochs, size: image.Pt(1024, 768), memory: measured, clock: r.day(0)})
	s.plugDrive()
	s.plugHSM(firstHSM)
	s.plugStick("stick")
	s.Await(firstPage)
	first := inUse(b, s.Person)
	s.machineGate()
	s.Gates()
	s.Answer(menu, "F3")
	s.Await("The machine")
	return fmt.Sprintf("| at the first page | %d |\n| at the menu | %d |\n", first, inUse(b, s.Person))
}

// inUse is how much memory is in use, in MiB, by what the page with the machine's health
// says to be free.
func inUse(b *testing.B, p *eyes.Person) int {
	b.Helper()
	upTo := func(format string) iter.Seq[string] {
		return func(yield func(string) bool) {
			for n := measured; n > 0 && yield(fmt.Sprintf(format, n)); n-- {
			}
		}
	}
	free, err := strconv.Atoi(strings.TrimSuffix(p.Fact("Memory", upTo("%d of")), " of"))
	if err != nil {
		b.Fatal(err)
	}
	return measured - free
}

// parts is the rows of what the image is made of. Kernel and programs are compressed in
// one: the programs are what they add to a kernel that carries none.
func parts(b *testing.B, image, kernel string) string {
	builder, err := (&call{log: os.Stderr}).looseKernel()
	if err != nil {
		b.Fatal(err)
	}
	empty, err := builder.Link(bootable.Initramfs(nil), "production")
	if err != nil {
		b.Fatal(err)
	}
	whole, both := len(read(b, image)), len(read(b, kernel))
	return fmt.Sprintf("| kernel | %d |\n| the two programs | %d |\n| file systems and tables | %d |\n| in all | %d |\n",
		len(empty), both-len(empty), whole-both, whole)
}
