package scsi

import (
	"encoding/binary"
	"time"
)

// quiet is how long nobody must have used the drive before it is asked for its
// disc: a burn, whose commands follow each other faster, is not to be disturbed.
const quiet = 3 * time.Second

// eventTimeout is for a question that a drive answers at once.
const eventTimeout = 30 * time.Second

// MediumPresent says whether there is a disc in the drive. It asks by GET EVENT
// STATUS NOTIFICATION, which reports no unit attention and clears none (MMC-5
// section 6.6), so that whoever uses the drive still learns that the disc was
// changed. While the drive is in use the last answer stands. A drive that does not
// know the command is taken to have a disc.
func (d *Drive) MediumPresent() (bool, error) {
	if !d.mu.TryLock() { // a command is being carried out
		return d.medium.Load(), nil
	}
	defer d.mu.Unlock()
	if d.now().Sub(d.last) < quiet {
		return d.medium.Load(), nil
	}
	var in [8]byte
	n, sense, err := d.send(mediaEvent(), nil, in[:], eventTimeout)
	if err != nil {
		return d.medium.Load(), err
	}
	d.medium.Store(sense != nil || mediumIn(in[:n]))
	return d.medium.Load(), nil
}

const mediaClass = 4 // of events (MMC-5 table 283)

// mediaEvent is GET EVENT STATUS NOTIFICATION, polled, of media events.
func mediaEvent() []byte {
	return []byte{0x4A, 1, 0, 0, 1 << mediaClass, 0, 0, 0, 8, 0}
}

// mediumIn reads the answer to mediaEvent: a header of four bytes (length of what
// follows its first two, class, classes supported), then event, status, and two
// slots. An answer that holds no status leaves the question open: there may be a
// disc.
func mediumIn(b []byte) bool {
	const noEvent, classMask, present = 0x80, 0x07, 0x02
	if len(b) < 6 || binary.BigEndian.Uint16(b) < 4 || b[2]&noEvent != 0 || b[2]&classMask != mediaClass {
		return true
	}
	return b[5]&present != 0
}
