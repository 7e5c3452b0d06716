package usbauth

import "fmt"

// Codes of classes (USB-IF, Defined Class Codes).
const (
	classHID         = 0x03
	classMassStorage = 0x08
	classHub         = 0x09
	classVendor      = 0xFF
)

// The YubiHSM 2's identity on the bus.
const (
	hsmVendor  = 0x1050
	hsmProduct = 0x0030
)

// Kind is the class, subclass and protocol of an interface or a device (USB 2.0
// table 9-12).
type Kind struct{ Class, Subclass, Protocol uint8 }

// classes are the names of what people may find plugged in.
var classes = map[uint8]string{
	0x01: "audio", 0x02: "communications or network", classHID: "keyboard, pointer or touch", 0x05: "physical", 0x06: "camera", 0x07: "printer",
	classMassStorage: "storage", classHub: "hub", 0x0A: "communications data", 0x0B: "smart card", 0x0E: "video", 0x0F: "health",
	0xDC: "diagnostic", 0xE0: "wireless", 0xEF: "miscellaneous", 0xFE: "application-specific", classVendor: "vendor-specific",
}

// String is the class in words, with its code: "communications or network (02h)".
func (k Kind) String() string {
	name := classes[k.Class]
	if name == "" {
		name = "unknown class"
	}
	return fmt.Sprintf("%s (%02Xh)", name, k.Class)
}

// maySettle says whether an interface in this setting may have a driver.
func (d *descriptors) maySettle(k Kind) bool {
	switch k.Class {
	case classHub:
		return d.kind.Class == classHub
	case classHID:
		return true
	case classMassStorage:
		return storage(k)
	case classVendor:
		return d.vendor == hsmVendor && d.product == hsmProduct
	}
	return false
}

// storage takes disks and optical drives that are driven by SCSI commands over the
// bulk-only transport or UAS (USB Mass Storage Class Overview 1.4, tables 1 and 2).
func storage(k Kind) bool {
	const (
		mmc, sff8070i, scsi = 0x02, 0x05, 0x06
		bulkOnly, uas       = 0x50, 0x62
	)
	known := k.Subclass == mmc || k.Subclass == sff8070i || k.Subclass == scsi
	return known && (k.Protocol == bulkOnly || k.Protocol == uas)
}
