package usbredir

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"anodize/devices/sim"
)

// Medium is what a Stick keeps its blocks in: a file of the host, mostly.
type Medium interface {
	io.ReaderAt
	io.WriterAt
}

// stickBlock is the size of a block in bytes.
const stickBlock = 512

// Stick is a block device with removable media (SPC-4, SBC-3), a Target for
// NewMassStorage.
type Stick struct {
	mu     sync.Mutex
	medium Medium
	blocks uint32
	sense  [3]byte // key, code and qualifier, for REQUEST SENSE
}

// NewStick makes a stick of size bytes, a whole number of blocks of 512 bytes, of
// which a READ CAPACITY(10) can tell: 2 TiB at most.
func NewStick(medium Medium, size int64) (*Stick, error) {
	blocks := size / stickBlock
	if size <= 0 || size%stickBlock != 0 || blocks > 1<<32-1 {
		return nil, fmt.Errorf("simulated stick: %d bytes are no number of blocks that it could have", size)
	}
	return &Stick{medium: medium, blocks: uint32(blocks)}, nil
}

// Why a command is refused, SPC-4 tables 48 and 49.
var (
	stickBadOpcode  = [3]byte{5, 0x20, 0}
	stickOutOfRange = [3]byte{5, 0x21, 0}
	stickBadField   = [3]byte{5, 0x24, 0}
)

// Command carries one SCSI command out; see Target.
func (s *Stick) Command(_ context.Context, cdb, out, in []byte, _ time.Duration) (n int, sense []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(cdb) < 6 || cdb[0] >= 0x20 && len(cdb) < 10 {
		return 0, nil, fmt.Errorf("%w: a CDB of %d bytes", sim.ErrDriveTransfer, len(cdb))
	}
	answer, refusal, err := s.execute(cdb, out, in)
	switch {
	case err != nil:
		return 0, nil, err
	case refusal != [3]byte{}:
		s.sense = refusal
		return 0, senseData(refusal), nil
	case len(answer) > len(in):
		return 0, nil, fmt.Errorf("%w: %d bytes for %d", sim.ErrDriveTransfer, len(answer), len(in))
	}
	return copy(in, answer), nil, nil
}

// senseData is the fixed format, SPC-4 table 46.
func senseData(reason [3]byte) []byte {
	b := make([]byte, 18)
	b[0], b[2], b[7], b[12], b[13] = 0x70, reason[0], 10, reason[1], reason[2]
	return b
}

func (s *Stick) execute(cdb, out, in []byte) (answer []byte, refusal [3]byte, err error) {
	switch cdb[0] {
	case 0x00, 0x1B, 0x1E, 0x35: // TEST UNIT READY, START STOP UNIT, PREVENT REMOVAL, SYNCHRONIZE CACHE
		return nil, refusal, nil
	case 0x03: // REQUEST SENSE
		answer = senseData(s.sense)
		s.sense = [3]byte{}
		return cut(answer, int(cdb[4])), refusal, nil
	case 0x12: // INQUIRY
		if cdb[1]&1 != 0 || cdb[2] != 0 {
			return nil, stickBadField, nil
		}
		b := make([]byte, 36)
		b[1], b[2], b[3], b[4] = 0x80, 6, 2, 31 // removable, SPC-4
		copy(b[8:], "ANODIZE SIM STICK       1.00")
		return cut(b, int(binary.BigEndian.Uint16(cdb[3:]))), refusal, nil
	case 0x1A: // MODE SENSE(6): not write-protected, no pages
		if cdb[2]&0x3F != 0x3F {
			return nil, stickBadField, nil
		}
		return cut([]byte{3, 0, 0, 0}, int(cdb[4])), refusal, nil
	case 0x25: // READ CAPACITY(10)
		b := binary.BigEndian.AppendUint32(nil, s.blocks-1)
		return binary.BigEndian.AppendUint32(b, stickBlock), refusal, nil
	case 0x28, 0x2A: // READ(10), WRITE(10)
		return s.move(cdb, out, in)
	}
	return nil, stickBadOpcode, nil
}

func cut(b []byte, allocation int) []byte { return b[:min(len(b), allocation)] }

// move reads or writes blocks.
func (s *Stick) move(cdb, out, in []byte) (answer []byte, refusal [3]byte, err error) {
	first, count := uint64(binary.BigEndian.Uint32(cdb[2:])), uint64(binary.BigEndian.Uint16(cdb[7:]))
	data, access := in, s.medium.ReadAt
	if cdb[0] == 0x2A {
		data, access = out, s.medium.WriteAt
	}
	switch {
	case first+count > uint64(s.blocks):
		return nil, stickOutOfRange, nil
	case uint64(len(data)) != count*stickBlock:
		return nil, refusal, fmt.Errorf("%w: %d bytes for %d blocks", sim.ErrDriveTransfer, len(data), count)
	}
	if _, err := access(data, int64(first)*stickBlock); err != nil && !errors.Is(err, io.EOF) {
		return nil, refusal, fmt.Errorf("simulated stick: %w", err)
	}
	if cdb[0] == 0x2A {
		return nil, refusal, nil
	}
	return data, refusal, nil
}
