//go:build vm

package main

import (
	"testing"

	"anodize/cmd/internal/eyes"
	"anodize/devices/qemu"
)

// ending is where people say how the machine is to end.
const ending = "Shut down?"

// powerOff has the machine switch itself off where it asks how it is to end.
func powerOff(p *eyes.Person, vm *qemu.VM) {
	p.Await(ending)
	p.Press("1")
	vm.AwaitOff()
}

// The machine's own button asks what F10 asks. A machine that is started again is at the
// first page again: nothing of the ceremony is left.
func TestThePowerButtonAsksAndTheMachineStartsAgain(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Image: &qemu.Image{File: treeImage(t), Medium: qemu.CD}, Display: qemu.Bochs, Devices: []string{"usb-kbd,bus=boot.0"},
	})
	person := eyes.Sit(t, vm, nil, patience)
	person.Insist(firstPage, "Enter")
	person.Await(firstGate)
	vm.PressPower()
	person.Insist(ending, "2")
	person.Await(firstPage)
	vm.PressPower()
	powerOff(person, vm)
}
