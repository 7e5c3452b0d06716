package main

import (
	"fmt"
	"slices"
	"strings"

	"anodize/devices/machine"
	"anodize/devices/usbauth"
)

// What hostile devices could fill a screen and a log with is bounded.
const (
	maxTold   = 48 // devices, of 127 on each bus
	maxWarned = 3  // devices
	maxKinds  = 6  // of a device
)

// tellUSB tells what became of each USB device, a fact each.
func tellUSB(all []usbauth.Device) []machine.Fact {
	var facts []machine.Fact
	for i, d := range all {
		if i == maxTold {
			return append(facts, machine.Fact{Name: "USB", Value: fmt.Sprintf("and %d more devices", len(all)-i)})
		}
		var parts []string
		if len(d.LetIn) > 0 {
			parts = append(parts, "let in: "+kinds(d.LetIn))
		}
		if len(d.Refused) > 0 || len(d.LetIn) == 0 {
			parts = append(parts, "refused: "+kinds(d.Refused))
		}
		name := d.String()
		if d.BuiltIn {
			name += ", built in"
		}
		facts = append(facts, machine.Fact{Name: "USB " + d.Port, Value: name + ", " + strings.Join(parts, "; ")})
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
	switch n := len(names); {
	case n == 0:
		return "what cannot be read"
	case n > maxKinds:
		names = append(names[:maxKinds], fmt.Sprintf("and %d more kinds", n-maxKinds))
	}
	return strings.Join(names, ", ")
}

// warning is what people should see to: devices that were kept out whole and can be
// taken out, and that there is nothing to answer with.
func (k *keeper) warning() string {
	var all []string
	out := slices.DeleteFunc(slices.Clone(k.usb), func(d usbauth.Device) bool { return len(d.LetIn) > 0 || d.BuiltIn })
	for _, d := range out[:min(len(out), maxWarned)] {
		all = append(all, fmt.Sprintf("The USB device %s was not let in: %s. Take it out.", d, kinds(d.Refused)))
	}
	if more := len(out) - maxWarned; more > 0 {
		all = append(all, fmt.Sprintf("%d more USB devices were not let in. Take them out.", more))
	}
	if !k.machine.HasInput() {
		all = append(all, "There is no keyboard, no pointer and no touchscreen: plug one in.")
	}
	for _, trouble := range k.troubles() {
		all = append(all, "The machine's sentinel met with trouble: "+trouble+".")
	}
	return strings.Join(all, " ")
}
