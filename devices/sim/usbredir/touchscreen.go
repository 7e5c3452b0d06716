package usbredir

import (
	"context"
	"encoding/binary"
)

// TouchRange is how finely a Touchscreen tells places: from 0 to TouchRange-1, both ways.
const TouchRange = 10000

// Class requests, HID 1.11 section 7.2, and its types of reports.
const (
	requestGetReport = 0x01
	requestSetIdle   = 0x0A
	reportFeature    = 3
)

// Reports of a touchscreen.
const (
	touchReport    = 1
	contactsReport = 2 // how many fingers it can tell apart
	touchIn        = 0x81
)

// touchDescriptor describes the reports (HID 1.11 section 6.2.2, HID Usage Tables 1.12
// chapter 16): a digitizer that tells one finger from another, with one finger.
var touchDescriptor = []byte{
	0x05, 0x0D, 0x09, 0x04, 0xA1, 0x01, // digitizers: touch screen, application
	0x85, touchReport,
	0x09, 0x22, 0xA1, 0x02, // finger, logical
	0x09, 0x42, 0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x01, 0x81, 0x02, // tip switch
	0x95, 0x07, 0x81, 0x03, // seven bits of nothing
	0x09, 0x51, 0x25, 0x7F, 0x75, 0x08, 0x95, 0x01, 0x81, 0x02, // contact identifier
	0x05, 0x01, 0x26, 0x0F, 0x27, 0x75, 0x10, 0x09, 0x30, 0x81, 0x02, 0x09, 0x31, 0x81, 0x02, // x and y, 0 to 9999
	0xC0,
	0x05, 0x0D, 0x09, 0x54, 0x25, 0x7F, 0x75, 0x08, 0x95, 0x01, 0x81, 0x02, // contact count
	0x85, contactsReport, 0x09, 0x55, 0x25, 0x0A, 0x75, 0x08, 0x95, 0x01, 0xB1, 0x02, // most contacts
	0xC0,
}

// Touchscreen is a USB touchscreen with one finger on it.
type Touchscreen struct {
	bell    bell
	x, y    uint16
	reports [][]byte // that the machine has not taken yet
}

// NewTouchscreen returns a touchscreen that nobody touches.
func NewTouchscreen() *Touchscreen { return new(Touchscreen) }

func (t *Touchscreen) Description() Description {
	return Description{
		Speed: FullSpeed, Vendor: 0x1209, Product: 0x0002, Release: 0x0100, // pid.codes' number for tests
		Class: 0x03, MaxPower: 50, // a human interface device, of no boot protocol
		Manufacturer: "ANODIZE", Name: "SIMULATED TOUCHSCREEN", Serial: "1",
		Endpoints: []byte{touchIn}, Report: touchDescriptor,
	}
}

// Tap puts the finger down and lifts it. x and y are from 0 to TouchRange-1, from the
// screen's upper left corner.
func (t *Touchscreen) Tap(x, y uint16) {
	t.bell.change(func() {
		t.x, t.y = min(x, TouchRange-1), min(y, TouchRange-1)
		t.reports = append(t.reports, t.report(true), t.report(false))
	})
}

func (t *Touchscreen) report(down bool) []byte {
	b := []byte{touchReport, 0, 0}
	if down {
		b[1] = 1
	}
	b = binary.LittleEndian.AppendUint16(b, t.x)
	b = binary.LittleEndian.AppendUint16(b, t.y)
	return append(b, 1)
}

// Control tells how many fingers there are; the rest of a driver's wishes are granted
// by doing nothing.
func (t *Touchscreen) Control(s Setup, _ []byte) ([]byte, error) {
	switch {
	case s.Type == typeClassIn && s.Request == requestGetReport && s.Value == reportFeature<<8|contactsReport:
		return []byte{contactsReport, 1}, nil
	case s.Type == typeClassOut && s.Request == requestSetIdle:
		return nil, nil
	}
	return nil, ErrStall
}

// BulkOut and BulkIn refuse: there is no such endpoint.
func (t *Touchscreen) BulkOut(context.Context, byte, []byte) error       { return ErrStall }
func (t *Touchscreen) BulkIn(context.Context, byte, int) ([]byte, error) { return nil, ErrStall }

// Interrupt returns the next report, and waits for one.
func (t *Touchscreen) Interrupt(ctx context.Context) (report []byte, err error) {
	err = t.bell.wait(ctx, func() bool {
		if len(t.reports) == 0 {
			return false
		}
		report, t.reports = t.reports[0], t.reports[1:]
		return true
	})
	return report, err
}

// Reset forgets what was not taken.
func (t *Touchscreen) Reset() { t.bell.change(func() { t.reports = nil }) }
