package sim

import (
	"encoding/binary"
	"fmt"
)

// opticalSense is why a command ended in CHECK CONDITION; the zero value is
// GOOD. Keys and codes are those of SPC-3 tables 27 and 28.
type opticalSense struct {
	key, asc, ascq byte
	sector         uint32 // INFORMATION field, if hasSector
	hasSector      bool
	progress       uint16 // SENSE KEY SPECIFIC field, if busy
	busy           bool
	deferred       bool // an earlier command failed (response code 71h)
}

var (
	opticalGood           = opticalSense{}
	opticalBecomingReady  = opticalSense{key: 2, asc: 0x04, ascq: 0x01}
	opticalOperationBusy  = opticalSense{key: 2, asc: 0x04, ascq: 0x07, busy: true}
	opticalLongWriteBusy  = opticalSense{key: 2, asc: 0x04, ascq: 0x08, busy: true}
	opticalNoMediumClosed = opticalSense{key: 2, asc: 0x3A, ascq: 0x01}
	opticalNoMediumOpen   = opticalSense{key: 2, asc: 0x3A, ascq: 0x02}
	opticalListLength     = opticalSense{key: 5, asc: 0x1A, ascq: 0x00}
	opticalBadOpcode      = opticalSense{key: 5, asc: 0x20, ascq: 0x00}
	opticalOutOfRange     = opticalSense{key: 5, asc: 0x21, ascq: 0x00}
	opticalBadWriteAddr   = opticalSense{key: 5, asc: 0x21, ascq: 0x02}
	opticalBadField       = opticalSense{key: 5, asc: 0x24, ascq: 0x00}
	opticalBadParameter   = opticalSense{key: 5, asc: 0x26, ascq: 0x00}
	opticalSequence       = opticalSense{key: 5, asc: 0x2C, ascq: 0x00}
	opticalWrongMedium    = opticalSense{key: 5, asc: 0x30, ascq: 0x02}
	opticalCannotWrite    = opticalSense{key: 5, asc: 0x30, ascq: 0x05}
	opticalNoSavedPages   = opticalSense{key: 5, asc: 0x39, ascq: 0x00}
	opticalLocked         = opticalSense{key: 5, asc: 0x53, ascq: 0x02}
	opticalEndOfTrack     = opticalSense{key: 5, asc: 0x63, ascq: 0x00}
	opticalTrackMode      = opticalSense{key: 5, asc: 0x64, ascq: 0x00}
	opticalOpenTrack      = opticalSense{key: 5, asc: 0x72, ascq: 0x03}
	opticalNoReservation  = opticalSense{key: 5, asc: 0x72, ascq: 0x05}
	opticalMediumChanged  = opticalSense{key: 6, asc: 0x28, ascq: 0x00}
	opticalWasReset       = opticalSense{key: 6, asc: 0x29, ascq: 0x00}
	opticalWriteProtected = opticalSense{key: 7, asc: 0x27, ascq: 0x00}
)

func opticalWriteError(sector uint32) opticalSense {
	return opticalSense{key: 3, asc: 0x0C, sector: sector, hasSector: true}
}

func opticalReadError(sector uint32) opticalSense {
	return opticalSense{key: 3, asc: 0x11, sector: sector, hasSector: true}
}

// isGood says that the command ended well.
func (s opticalSense) isGood() bool { return s == opticalGood }

// bytes is the fixed format of 18 bytes, SPC-3 table 26.
func (s opticalSense) bytes() []byte {
	b := make([]byte, 18)
	b[0] = 0x70
	if s.deferred {
		b[0] = 0x71
	}
	if s.hasSector {
		b[0] |= 0x80
		binary.BigEndian.PutUint32(b[3:], s.sector)
	}
	b[2], b[7], b[12], b[13] = s.key, 10, s.asc, s.ascq
	if s.busy {
		b[15] = 0x80
		binary.BigEndian.PutUint16(b[16:], s.progress)
	}
	return b
}

func (s opticalSense) String() string {
	return fmt.Sprintf("%X/%02X/%02X", s.key, s.asc, s.ascq)
}
