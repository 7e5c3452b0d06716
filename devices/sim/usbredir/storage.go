package usbredir

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"anodize/devices/sim"
)

// Target takes SCSI commands, as sim.Drive and Stick do: a CDB of 6 to 16 bytes
// and data one way, at most MaxCommandData. It returns the data's length and,
// after CHECK CONDITION, sense data, which it also keeps for REQUEST SENSE. An
// error means that no answer came.
type Target interface {
	Command(ctx context.Context, cdb, out, in []byte, timeout time.Duration) (n int, sense []byte, err error)
}

// MaxCommandData is how many bytes one command can move: 240 sectors of 512, which
// is what Linux's usb-storage asks of a high-speed device (max_sectors in
// drivers/usb/storage/scsiglue.c).
const MaxCommandData = 240 * 512

// The endpoints of a mass-storage device.
const (
	storageOut = 0x02
	storageIn  = 0x81
)

// Wrappers, Bulk-Only Transport 1.0 tables 5.1 and 5.2.
const (
	wrapperCommand = 31
	wrapperStatus  = 13

	commandSignature = 0x43425355 // "USBC"
	statusSignature  = 0x53425355 // "USBS"
)

// Status of a command, Bulk-Only Transport 1.0 table 5.3.
const (
	commandPassed = 0
	commandFailed = 1
	phaseError    = 2
)

// Class requests, Bulk-Only Transport 1.0 section 3.
const (
	typeClassIn  = 0xA1
	typeClassOut = 0x21

	requestMaxLUN       = 0xFE
	requestStorageReset = 0xFF
)

// storagePhase is what comes next between host and device.
type storagePhase uint8

const (
	phaseCommand storagePhase = iota // a command wrapper
	phaseDataOut                     // data to the device
	phaseDataIn                      // data from the device
	phaseShort                       // a stall, since less was sent than asked for
	phaseStatus                      // a status wrapper
	phaseInvalid                     // nothing but a reset
	phaseSilent                      // nothing at all: the drive does not answer
)

// MassStorage is a USB mass-storage device of the bulk-only kind with one logical
// unit.
type MassStorage struct {
	description Description
	target      Target

	bell   bell
	phase  storagePhase
	tag    uint32
	length int    // bytes the host wants moved
	cdb    []byte // of the command at hand
	data   []byte // gathered, or still to be sent
	status byte
	moved  int   // bytes, of length, that were processed
	left   error // why the device left the bus
}

// NewMassStorage puts the target behind a high-speed USB bridge. The serial number
// is text of 12 or more hexadecimal digits, upper case (Bulk-Only Transport 1.0
// section 4.1.1).
func NewMassStorage(target Target, serial string) *MassStorage {
	return &MassStorage{target: target, description: Description{
		Speed: HighSpeed, Vendor: 0x1209, Product: 0x0001, Release: 0x0100, // pid.codes' number for tests
		Class: 0x08, Subclass: 0x06, Protocol: 0x50, // mass storage, SCSI, bulk-only
		MaxPower: 250, Manufacturer: "ANODIZE", Name: "SIMULATED STORAGE", Serial: serial,
		Endpoints: []byte{storageIn, storageOut},
	}}
}

func (m *MassStorage) Description() Description { return m.description }

// Reset forgets the command at hand. What the target has begun goes on.
func (m *MassStorage) Reset() {
	m.bell.change(func() { m.phase, m.data, m.left = phaseCommand, nil, nil })
}

// Control knows Bulk-Only Mass Storage Reset and Get Max LUN.
func (m *MassStorage) Control(s Setup, _ []byte) ([]byte, error) {
	switch {
	case s.Type == typeClassOut && s.Request == requestStorageReset && s.Value == 0 && s.Index == 0 && s.Length == 0:
		m.Reset()
		return nil, nil
	case s.Type == typeClassIn && s.Request == requestMaxLUN && s.Value == 0 && s.Index == 0 && s.Length == 1:
		return []byte{0}, nil
	}
	return nil, ErrStall
}

// BulkOut takes a command wrapper, or data of the command before it.
func (m *MassStorage) BulkOut(ctx context.Context, _ byte, data []byte) error {
	err := ErrStall
	m.bell.change(func() {
		switch m.phase {
		case phaseCommand:
			err = m.command(ctx, data)
		case phaseDataOut:
			err = m.gather(ctx, data)
		default: // out of turn
			m.phase = phaseInvalid
		}
		if m.left != nil {
			err = m.left
		}
	})
	return err
}

// command begins a command. A wrapper that is not valid or not meaningful halts
// both endpoints until a reset (6.6.1).
func (m *MassStorage) command(ctx context.Context, b []byte) error {
	if !m.unwrap(b) {
		m.phase = phaseInvalid
		return ErrStall
	}
	in := b[12]&0x80 != 0
	switch {
	case m.length > MaxCommandData:
		m.end(phaseError, 0)
		if in {
			m.phase = phaseShort
		}
	case in || m.length == 0:
		m.execute(ctx, in && m.length > 0)
	default:
		m.phase, m.data = phaseDataOut, nil
	}
	return nil
}

// unwrap reads a command wrapper, table 5.1.
func (m *MassStorage) unwrap(b []byte) bool {
	if len(b) != wrapperCommand || binary.LittleEndian.Uint32(b) != commandSignature {
		return false
	}
	lun, length := b[13], int(b[14])
	if b[12]&0x7F != 0 || lun != 0 || length < 1 || length > 16 {
		return false
	}
	m.tag, m.length = binary.LittleEndian.Uint32(b[4:]), int(binary.LittleEndian.Uint32(b[8:]))
	m.cdb = append([]byte(nil), b[15:15+length]...)
	return true
}

// gather collects the data of a command until it is whole.
func (m *MassStorage) gather(ctx context.Context, b []byte) error {
	whole := len(m.data)+len(b) == m.length
	full := len(b)%m.description.Speed.bulkPacket() == 0 && len(b) > 0
	if len(m.data)+len(b) > m.length || !whole && !full {
		m.phase = phaseInvalid
		return ErrStall
	}
	m.data = append(m.data, b...)
	if whole {
		m.execute(ctx, false)
	}
	return nil
}

// execute lets the target carry the command out.
func (m *MassStorage) execute(ctx context.Context, in bool) {
	var answer []byte
	if in {
		answer = make([]byte, m.length)
	}
	// The command is not broken off when the host gives up waiting for its end.
	n, sense, err := m.target.Command(context.WithoutCancel(ctx), m.cdb, m.data, answer, time.Minute)
	m.data = nil
	switch {
	case errors.Is(err, sim.ErrDriveTransfer): // the thirteen cases, 6.7: not what the host said
		m.end(phaseError, 0)
		if in {
			m.phase = phaseShort
		}
		return
	case errors.Is(err, sim.ErrDriveTimeOut):
		m.phase = phaseSilent
		return
	case errors.Is(err, sim.ErrDriveReset):
		m.phase, m.left = phaseSilent, ErrRestart
		return
	case err != nil:
		m.phase, m.left = phaseSilent, ErrGone
		return
	}
	status := byte(commandPassed)
	if sense != nil {
		status = commandFailed
	}
	if !in {
		m.end(status, m.length)
		return
	}
	m.end(status, n)
	m.data = answer[:n]
	m.phase = phaseDataIn
	if n == 0 {
		m.phase = phaseShort
	}
}

// end settles what the status wrapper will say.
func (m *MassStorage) end(status byte, moved int) {
	m.status, m.moved, m.phase = status, moved, phaseStatus
}

// BulkIn sends data, then the status wrapper. Where there is less data than the
// host asked for, the endpoint halts between the two (6.7.2).
func (m *MassStorage) BulkIn(ctx context.Context, _ byte, length int) (out []byte, err error) {
	waiting := m.bell.wait(ctx, func() bool {
		switch m.phase {
		case phaseDataIn:
			out, err = m.sendData(length)
		case phaseShort:
			m.phase, err = phaseStatus, ErrStall
		case phaseStatus:
			out, err = m.sendStatus(length)
		case phaseInvalid:
			err = ErrStall
		default:
			return false
		}
		return true
	})
	if waiting != nil {
		return nil, waiting
	}
	return out, err
}

func (m *MassStorage) sendData(length int) ([]byte, error) {
	packet := m.description.Speed.bulkPacket()
	s := stream{data: m.data}
	out, babble := s.take(length, packet)
	if babble {
		m.phase = phaseInvalid
		return nil, ErrBabble
	}
	m.data = s.data
	switch {
	case len(m.data) > 0:
	case m.moved == m.length:
		m.phase = phaseStatus
	case len(out) < length && len(out)%packet == 0: // the packet after the last full one is a stall
		m.phase = phaseStatus
		return out, ErrStall
	default:
		m.phase = phaseShort
	}
	return out, nil
}

// sendStatus is the status wrapper, table 5.2.
func (m *MassStorage) sendStatus(length int) ([]byte, error) {
	if length < wrapperStatus {
		m.phase = phaseInvalid
		return nil, ErrBabble
	}
	b := binary.LittleEndian.AppendUint32(nil, statusSignature)
	b = binary.LittleEndian.AppendUint32(b, m.tag)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.length-m.moved))
	m.phase = phaseCommand
	return append(b, m.status), nil
}
