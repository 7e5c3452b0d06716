//go:build vm

package main

import (
	"image"
	"testing"

	"anodize/cmd/internal/eyes"
	"anodize/core/ceremony"
	"anodize/devices/qemu"
)

// Places of the menu's cards, as their numbers on the keyboard.
const (
	signCSRCard  = 1
	issueCRLCard = 2
	validateCard = 3
	initRootCard = 5
	backupCard   = 7
	rekeyCard    = 8
)

const menu = "What is this ceremony for?"

// machineGate takes the medium out that the machine was started from. The page tells
// of what is plugged in, and changes with it.
func (s *seat) machineGate() {
	s.room.t.Helper()
	s.Await(firstPage)
	s.vm.Unplug("medium")
	s.Insist(firstPage, "Enter")
}

// touchGates goes through the gates to the menu by touch, and returns the head of the
// log that was shown.
func (s *seat) touchGates() (head string) {
	s.room.t.Helper()
	for _, page := range []struct{ title, button string }{
		{firstGate, "It is right"}, {"Is this the stick?", "Use this stick"}, {"Is this the profile?", "It is the profile"}, {"Is this the HSM?", "The same number"},
	} {
		s.Tap(page.title, primary(page.button))
	}
	const compare = "Is this the head on your sheet?"
	s.Await(compare)
	head = s.QR()
	s.Tap(compare, primary("The same"))
	s.Await(menu)
	return head
}

// primary is the button that goes on, and its key.
func primary(label string) ceremony.Action {
	return ceremony.Action{Label: label, Key: "Enter", Kind: ceremony.Primary}
}

// shutDown switches the machine off at the menu, or at a gate.
func (s *seat) shutDown(title string) {
	s.room.t.Helper()
	s.Await(title)
	s.Press("F10")
	powerOff(s.Person, s.vm)
}

// validate has the kiosk check the disc, and returns the head that it shows.
func (s *seat) validate() string {
	s.room.t.Helper()
	s.Answer(menu, "3")
	// Nobody vouches for a simulated HSM: that is a warning.
	s.Answer("The disc is sound, with warnings", "Enter")
	return s.NoteHead()
}

// The whole ceremony, in the image as it is, started by a machine's firmware: people
// make a root, switch the machine off and on again, sign a request and a list, and
// check the disc. Nothing but the screen tells what to do, and nothing but keys and a
// finger does it.
func TestTheCeremonyInTheImage(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.switchOn(machine{display: qemu.Bochs, size: image.Pt(800, 600), clock: r.day(0)})
	s.plugDrive()
	pullHSM := s.plugHSM(firstHSM)
	s.plugStick("stick")
	s.machineGate()
	if head := s.Gates(); head != "" {
		t.Errorf("a blank disc has the head %q", head)
	}
	s.Choose(initRootCard)
	cards, root := s.InitRoot([]string{"Alice", "Bruno", "Chiara"}, 2)
	s.shutDown(menu)
	pullHSM()

	s = r.switchOn(machine{medium: qemu.CD, display: qemu.VirtioGPU, size: image.Pt(1024, 768), clock: r.day(1)})
	s.plugDrive()
	s.plugHSM(firstHSM)
	s.plugStick("stick")
	s.plugTouchscreen()
	s.machineGate()
	if head := s.touchGates(); head != root.Head {
		t.Errorf("the machine that was switched on again shows the head %q, not %q", head, root.Head)
	}
	s.Choose(signCSRCard)
	signed := s.SignCSR(cards[2], cards[0])
	s.Choose(issueCRLCard)
	crl := s.IssueCRL(cards[1], cards[2])
	if head := s.validate(); head != crl.Head {
		t.Errorf("the validated disc has the head %q, not %q", head, crl.Head)
	}
	s.shutDown(menu)
	r.check(crl.Head, map[string]eyes.Noted{"ROOT.CRT": root, "INTCA1.CRT": signed, "ROOT.CRL": crl})
}
