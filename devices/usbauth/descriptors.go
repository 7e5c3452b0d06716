package usbauth

import (
	"encoding/binary"
	"errors"
)

// Types and lengths of descriptors (USB 2.0 section 9.6, USB 3.2 section 9.6).
const (
	typeDevice        = 1
	typeConfiguration = 2
	typeInterface     = 4

	lengthDevice        = 18
	lengthConfiguration = 9
	lengthInterface     = 9
)

// errDescriptors says that what a device says of itself cannot be read.
var errDescriptors = errors.New("its descriptors are damaged")

// descriptors is what a device says of itself.
type descriptors struct {
	vendor, product uint16
	kind            Kind
	interfaces      map[place][]Kind // every alternate setting
}

// place is where an interface stands: bConfigurationValue, bInterfaceNumber.
type place struct{ configuration, number uint8 }

// parse reads the kernel's file "descriptors": the device descriptor, then every
// configuration with all that follows it (drivers/usb/core/sysfs.c).
//
// The kernel reads each configuration by itself, and looks past a header of one that
// stands inside another. Here that would be taken for the next one, and what follows it
// for what belongs there: a device with more headers than configurations is damaged.
func parse(b []byte) (*descriptors, error) {
	if len(b) < lengthDevice || b[0] != lengthDevice || b[1] != typeDevice {
		return nil, errDescriptors
	}
	d := &descriptors{
		vendor: binary.LittleEndian.Uint16(b[8:]), product: binary.LittleEndian.Uint16(b[10:]),
		kind: Kind{b[4], b[5], b[6]}, interfaces: map[place][]Kind{},
	}
	configuration, seen, all := uint8(0), 0, int(b[17])
	for b = b[lengthDevice:]; len(b) > 0; b = b[b[0]:] {
		if len(b) < 2 || b[0] < 2 || int(b[0]) > len(b) {
			return nil, errDescriptors
		}
		switch b[1] {
		case typeConfiguration:
			if b[0] < lengthConfiguration {
				return nil, errDescriptors
			}
			configuration, seen = b[5], seen+1
		case typeInterface:
			if b[0] < lengthInterface || seen == 0 {
				return nil, errDescriptors
			}
			at := place{configuration, b[2]}
			d.interfaces[at] = append(d.interfaces[at], Kind{b[5], b[6], b[7]})
		}
	}
	if seen != all {
		return nil, errDescriptors
	}
	return d, nil
}

// may says whether an interface may have a driver: whatever setting it takes.
func (d *descriptors) may(at place) bool {
	for _, k := range d.interfaces[at] {
		if !d.maySettle(k) {
			return false
		}
	}
	return len(d.interfaces[at]) > 0
}

// mayAny says whether there is an interface that may.
func (d *descriptors) mayAny() bool {
	for at := range d.interfaces {
		if d.may(at) {
			return true
		}
	}
	return false
}
