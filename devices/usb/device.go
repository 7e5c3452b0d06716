// Package usb talks to YubiHSM 2 devices through Linux's usbfs: no library, no
// connector, no network.
//
// It guarantees that a message is written to a device at most once, that an answer
// is the whole answer to it, and that an error says which of three things is true:
// nothing was carried out (ErrGone, ErrEnded), or nobody knows (ErrOutcomeUnknown).
// The first exchange that fails ends the connection, so that an answer that comes
// late is never taken for another one's.
//
// Sources: YubiHSM 2 User Guide, command reference (a message is a command byte, a
// length of two bytes, big endian, and that much data); Linux's
// include/uapi/linux/usbdevice_fs.h; USB 2.0 section 5.8.3 (a transfer ends with a
// packet that is not full).
package usb

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Errors that a caller must tell apart.
var (
	// ErrGone means that the device was unplugged. Alone, it says that nothing was
	// sent; with ErrOutcomeUnknown, that it was unplugged after that.
	ErrGone = errors.New("the YubiHSM is not there any more: plug it in again")
	// ErrOutcomeUnknown means that a message, or some of it, was written and that
	// its answer is lost.
	ErrOutcomeUnknown = errors.New("the YubiHSM was sent a message and its answer is lost")
	// ErrEnded means that nothing was sent, because an earlier exchange failed.
	ErrEnded = errors.New("the connection to the YubiHSM has ended: open it again")
	// ErrInUse means that another program holds the device.
	ErrInUse = errors.New("another program uses the YubiHSM: end that program")
)

// MaxMessage is the longest message either way, in bytes, header included. It is
// more than any firmware sends or takes.
const MaxMessage = 8192

const headerSize = 3

// The device's only interface and its endpoints.
const (
	interfaceNumber = 0
	endpointOut     = 0x01
	endpointIn      = 0x81
	packetSize      = 64 // full speed
)

// How long things may take. An RSA key takes minutes to make.
const (
	writeTime  = 10 * time.Second
	answerTime = 5 * time.Minute
	drainTime  = time.Millisecond
)

// maxStale bounds how many answers that nobody read are thrown away on opening.
const maxStale = 16

// kernel is an open device node with the interface claimed. Tests put their own
// device here.
type kernel interface {
	// bulk moves data on an endpoint and returns how many bytes were moved.
	bulk(endpoint uint8, data []byte, timeout time.Duration) (int, error)
	close() error
}

// Device is one YubiHSM 2 that this program alone may talk to. Its methods may be
// called from several goroutines; exchanges are made one after the other.
type Device struct {
	bus bus

	mu     sync.Mutex
	at     Location
	kernel kernel
	ended  error // what ended the connection; nil while it lasts
}

// Open claims the device that was found at l.
func Open(l Location) (*Device, error) { return open(machine(l.root), l) }

func open(b bus, l Location) (*Device, error) {
	k, err := connect(b, l)
	if err != nil {
		return nil, fmt.Errorf("opening YubiHSM %s: %w", l.Serial, err)
	}
	return &Device{bus: b, at: l, kernel: k}, nil
}

// connect opens a device and throws away what an earlier program has not read.
func connect(b bus, l Location) (kernel, error) {
	k, err := b.open(l.Node)
	if err != nil {
		return nil, explain(err)
	}
	if err := drain(k); err != nil {
		return nil, errors.Join(explain(err), k.close())
	}
	return k, nil
}

func drain(k kernel) error {
	stale := make([]byte, MaxMessage)
	for range maxStale {
		if _, err := k.bulk(endpointIn, stale, drainTime); errors.Is(err, unix.ETIMEDOUT) {
			return nil
		} else if err != nil {
			return fmt.Errorf("throwing old answers away: %w", err)
		}
	}
	return errors.New("it sends without being asked: unplug it and plug it in again")
}

// Location is where the device was found when it was last opened.
func (d *Device) Location() Location {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

// Ended says whether the connection has ended, so that the device has to be opened
// again.
func (d *Device) Ended() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.ended != nil
}

// Close gives the device back.
func (d *Device) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ended == nil {
		d.ended = fs.ErrClosed
	}
	return d.disconnect()
}

// disconnect closes the node; d.ended says why.
func (d *Device) disconnect() error {
	if d.kernel == nil {
		return nil
	}
	k := d.kernel
	d.kernel = nil
	return k.close()
}

// Exchange sends one message and returns the answer to it, both whole, with their
// headers. ctx is looked at before the message is written; from then on the answer
// is awaited for up to five minutes, since to leave would not undo the command.
func (d *Device) Exchange(ctx context.Context, message []byte) (answer []byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := whole(message); err != nil {
		return nil, fmt.Errorf("a message for the YubiHSM: %w", err)
	}
	if d.ended != nil {
		return nil, fmt.Errorf("%w (%v)", ErrEnded, d.ended) // not %w: this message was not sent
	}
	answer, err = exchange(d.kernel, message)
	if err != nil {
		d.ended = err
		err = errors.Join(err, d.disconnect())
	}
	return answer, err
}

func exchange(k kernel, message []byte) ([]byte, error) {
	if err := write(k, message); err != nil {
		return nil, err
	}
	answer := make([]byte, MaxMessage)
	n, err := k.bulk(endpointIn, answer, answerTime)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOutcomeUnknown, explain(err))
	}
	if err := whole(answer[:n]); err != nil {
		return nil, fmt.Errorf("%w: what came is no answer: %w", ErrOutcomeUnknown, err)
	}
	return answer[:n], nil
}

// write sends a message as one transfer, and ends it with an empty packet if its
// last packet is full.
func write(k kernel, message []byte) error {
	n, err := k.bulk(endpointOut, message, writeTime)
	switch {
	case errors.Is(err, unix.ENODEV): // the kernel looks before it sends
		return explain(err)
	case err != nil:
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, explain(err))
	case n != len(message):
		return fmt.Errorf("%w: it took %d of %d bytes", ErrOutcomeUnknown, n, len(message))
	case len(message)%packetSize != 0:
		return nil
	}
	if _, err := k.bulk(endpointOut, nil, writeTime); err != nil {
		return fmt.Errorf("%w: %w", ErrOutcomeUnknown, explain(err))
	}
	return nil
}

// whole checks that b is one message, no less and no more.
func whole(b []byte) error {
	if len(b) < headerSize || len(b) > MaxMessage {
		return fmt.Errorf("%d bytes: %d to %d are possible", len(b), headerSize, MaxMessage)
	}
	if n := int(binary.BigEndian.Uint16(b[1:])); n != len(b)-headerSize {
		return fmt.Errorf("it announces %d bytes of data and holds %d", n, len(b)-headerSize)
	}
	return nil
}

// explain adds to an error of the kernel what it means here.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOENT), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ESHUTDOWN):
		return fmt.Errorf("%w (%w)", ErrGone, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w (%w)", ErrInUse, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: this program's user may not write to the device", err)
	case errors.Is(err, unix.ETIMEDOUT):
		return fmt.Errorf("it does not answer (%w)", err)
	}
	return err
}
