package main

import (
	"fmt"
	"slices"
	"strings"

	"anodize/devices/machine"
	"anodize/devices/usbauth"
)

// tellUSB tells what became of each USB device, a fact each.
func tellUSB(all []usbauth.Device) []machine.Fact {
	var facts []machine.Fact
	for _, d := range all {
		var parts []string
		if len(d.LetIn) > 0 {
			parts = append(parts, "let in: "+kinds(d.LetIn))
		}
		if len(d.Refused) > 0 || len(d.LetIn) == 0 {
			parts = append(parts, "refused: "+kinds(d.Refused))
		}
		facts = append(facts, machine.Fact{Name: "USB " + d.Port, Value: d.String() + ", " + strings.Join(parts, "; ")})
	}
	return facts
}

// kinds names kinds, each once.
func kinds(all []usbauth.Kind) string {
	var names []string
	for _, k := range all {
		if name := k.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if names == nil {
		return "what cannot be read"
	}
	return strings.Join(names, ", ")
}

// warning is what people should see to: devices that were kept out whole, and that
// there is nothing to answer with.
func (k *keeper) warning() string {
	var all []string
	for _, d := range k.usb {
		if len(d.LetIn) == 0 {
			all = append(all, fmt.Sprintf("The USB device %s was not let in: %s. Take it out.", d, kinds(d.Refused)))
		}
	}
	if !k.machine.HasInput() {
		all = append(all, "There is no keyboard, no pointer and no touchscreen: plug one in.")
	}
	for _, trouble := range k.troubles() {
		all = append(all, "The machine's sentinel met with trouble: "+trouble+".")
	}
	return strings.Join(all, " ")
}
