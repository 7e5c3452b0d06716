//go:build vm

package main

import (
	"fmt"
	"image"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/qemu"
	"anodize/devices/sim"
	"anodize/devices/sim/usbredir"
)

// noOldKeyboard leaves a machine with what is plugged into its USB.
var noOldKeyboard = []string{"-machine", "i8042=off"}

// Every USB device is pulled out once where it hurts: the drive in the middle of a
// burn, the HSM when it is about to be used, the keyboard before a share is typed, the
// stick before the certificates are written to it and three times while they are, and
// another one is full. The ceremony waits, says so, and goes on.
func TestDevicesArePulledOutAtBadMoments(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.switchOn(machine{display: qemu.VirtioGPU, size: image.Pt(1920, 1080), clock: r.day(0), extra: noOldKeyboard})
	s.plugDrive()
	pullHSM := s.plugHSM(firstHSM)
	s.plugStick("stick")
	s.machineGate()
	s.Gates()
	s.Choose(initRootCard)
	custodians := []string{"Ann", "Bob"}
	s.NameCustodians(custodians, 2)

	r.drive.SetFault(sim.AtOpcode(0x2A, 2, 2, sim.PowerLoss{}))
	s.Answer("Shall this be done?", "Enter")
	const lost = "The session is not on the disc"
	s.Await(lost)
	r.drive.SetFault(nil)
	r.drive.PowerOn()
	s.plugDrive()
	s.Insist(lost, "Enter")

	s.Await("On the disc: the intent")
	pullHSM()
	s.Press("Enter")
	s.Await(fmt.Sprintf("Put %s back", hsmName(firstHSM)))
	s.plugHSM(firstHSM)
	cards := s.CopyShares(custodians, 2, 1)

	s.Await("Enter share 1 of 2: Ann")
	s.vm.Unplug("keyboard")
	s.vm.Plug("usb-kbd", "keyboard", map[string]any{"bus": "boot.0"})
	s.Wake("a", "Backspace")
	s.EnterShares(custodians, cards)
	s.Answer("On the disc: the custodians' commitments", "Enter")

	s.Answer("Compare the fingerprint", "Enter")
	s.Await("On the disc: the record")
	s.vm.Unplug("stick")
	s.Press("Enter")
	const refused = "The stick did not take the files"
	s.Await(refused)
	s.plugStick("full")
	if s.tryStick(refused) != refused {
		t.Error("a full stick took the files")
	}
	s.vm.Unplug("full")
	torn := []string{s.tearStick(1, refused), s.tearStick(5, refused), s.tearStick(12, refused)}
	s.plugStick("other")
	s.tryStick(refused)
	s.Answer("Init root: done", "Enter")
	head := s.NoteHead()
	s.shutDown("Is this the stick?") // it is another one
	r.validateDisc(r.takeDisc(), head)
	for _, name := range torn {
		r.holdsNoHalf(name, "other")
	}
}

// What a machine and its table may be like before a ceremony: little memory, the
// firmware's display, no keyboard, an empty clock, a broken stick, and two of everything.
func TestTheGatesBearWhatTheyFind(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	// The firmware would make 2070 of 1970, which is no year that cannot be.
	empty := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	s := r.switchOn(machine{medium: qemu.CD, display: qemu.RAMFB, memory: 512, clock: empty, extra: noOldKeyboard})
	s.Await(firstPage)
	s.vm.Unplug("keyboard")
	s.AwaitNotice(ceremony.Caution, "There is no keyboard, no pointer and no touchscreen: plug one in.")
	s.vm.Plug("usb-kbd", "keyboard", map[string]any{"bus": "boot.0"})
	s.machineGate()

	s.AwaitNotice(ceremony.Caution, fmt.Sprintf("This image was built on %s, and the clock says 2000-01-01: the battery of the machine's clock may be empty. Set the clock.", r.built.Format(time.DateOnly)))
	setClock(s.Person, empty, r.day(0))

	s.Await("Put the USB stick in")
	s.plugStick("broken")
	const damaged = "its file system is damaged: repair it on another computer, or take another stick (invalid argument)."
	s.AwaitNotice(ceremony.Danger, fmt.Sprintf("The stick %s cannot be read: %s", stickTitle("broken"), damaged))
	s.plugStick("stick")
	s.AwaitNotice(ceremony.Danger, fmt.Sprintf("2 sticks are plugged in: leave one in. %s can be read; %s cannot: %s", stickTitle("stick"), stickTitle("broken"), damaged))
	s.vm.Unplug("broken")
	s.Await("Is this the stick?")
	s.plugStick("other")
	s.AwaitNotice(ceremony.Danger, several("2 sticks are plugged in, %s and %s: leave one in.", stickTitle("stick"), stickTitle("other"))...)
	s.vm.Unplug("other")
	s.Answer("Is this the stick?", "Enter")
	s.Answer("Is this the profile?", "Enter")

	s.Await("Put the HSM in")
	s.plugDrive()
	second := sim.NewDrive()
	if err := second.Insert(sim.NewDisc(0x41)); err != nil {
		t.Fatal(err)
	}
	pullSecond := s.plug("more", usbredir.NewMassStorage(second, "0123456789AC"))
	pullFirst := s.plugHSM(firstHSM)
	s.Await("Is this the HSM?")
	s.plugHSM(secondHSM)
	s.Answer("Are these the HSMs?", "Enter")

	s.AwaitNotice(ceremony.Danger, several("There are discs in 2 drives, %s and %s: take out all but one.", "ANODIZE SIM OPTICAL (serial ends in 89AB)", "ANODIZE SIM OPTICAL (serial ends in 89AC)")...)
	pullSecond()
	s.Await("A root is made in one HSM")
	pullFirst()
	s.Answer("Is this the HSM?", "Enter")
	s.Answer("Begin a new archive on this disc?", "Enter")
	s.shutDown(menu)
}

// several is a text with two names in it, in either order.
func several(text, one, other string) []string {
	return []string{fmt.Sprintf(text, one, other), fmt.Sprintf(text, other, one)}
}
