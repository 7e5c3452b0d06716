package usbredir

import (
	"context"
	"errors"
)

// What a Device's transfers end with besides success.
var (
	// ErrStall halts the endpoint, until the guest clears it or resets the device;
	// on the control endpoint it refuses one request.
	ErrStall = errors.New("simulated USB device: stall")
	// ErrBabble says that the device sent more than was asked for.
	ErrBabble = errors.New("simulated USB device: babble")
	// ErrGone takes the device off the bus for good: Serve ends.
	ErrGone = errors.New("simulated USB device: unplugged")
	// ErrRestart takes the device off the bus, and puts it back as a new one.
	ErrRestart = errors.New("simulated USB device: restarts")
)

// Speed is how fast a device's bus is. The zero value is full speed.
type Speed uint8

const (
	FullSpeed Speed = iota // 12 Mb/s; bulk packets of up to 64 bytes
	HighSpeed              // 480 Mb/s; bulk packets of 512 bytes
)

// bulkPacket is the size of a full bulk packet in bytes (USB 2.0 section 5.8.3).
func (s Speed) bulkPacket() int {
	if s == HighSpeed {
		return 512
	}
	return 64
}

// Description is what a device's descriptors say (USB 2.0 section 9.6). It has one
// configuration with one interface, whose endpoints are all bulk; those of a human
// interface device are interrupt endpoints.
type Description struct {
	Speed                     Speed
	Vendor, Product, Release  uint16
	Class, Subclass, Protocol byte // of the interface
	MaxPower                  byte // in 2 mA

	// Texts of ASCII, of up to 126 characters.
	Manufacturer, Name, Serial string

	Endpoints []byte // their addresses: number, and 80h for IN

	Report []byte // the report descriptor of a human interface device (HID 1.11 section 6.2.2); nil: it is none
}

// Setup is a control request (USB 2.0 section 9.3) that is not a standard one.
type Setup struct {
	Type, Request        byte
	Value, Index, Length uint16
}

// Device is a USB device as it is seen from its bus. The server answers the
// standard requests and keeps the halted endpoints; the rest is asked here. Calls
// for different endpoints may come at the same time, those for one do not.
type Device interface {
	Description() Description

	// Control carries out a class or vendor request. out is the data that came
	// with it; what is returned goes to the host, cut to s.Length.
	Control(s Setup, out []byte) (in []byte, err error)

	// BulkOut takes one transfer: one or more packets, of which only the last may
	// be short. It may wait, until ctx ends.
	BulkOut(ctx context.Context, endpoint byte, data []byte) error

	// BulkIn returns what answers a transfer of up to length bytes; less ends the
	// transfer with a short packet. It waits until the device has something to
	// send, or ctx ends. Data may come with ErrStall.
	BulkIn(ctx context.Context, endpoint byte, length int) ([]byte, error)

	// Reset is a reset of the bus: the device forgets what it was about to do.
	Reset()
}
