package disc

import (
	"bytes"
	"fmt"
	"io"
	"math"
)

// chunk is how many bytes are read at once: 32 sectors, what one READ(10) moves.
const chunk = cluster * sectorSize

// StrayError says that sectors outside every session are not empty.
type StrayError struct {
	First, Last uint32
}

func (e *StrayError) Error() string {
	if e.First == e.Last {
		return fmt.Sprintf("sector %d belongs to no session and is not empty", e.First)
	}
	return fmt.Sprintf("between sectors %d and %d something stands that belongs to no session", e.First, e.Last)
}

// Find looks for sessions in r, an image of a disc from sector 0 on with size
// readable bytes and no table of contents. It returns them in the order of
// their addresses; the errors say what else stands in the image: damaged
// sessions, sectors that belong to none (StrayError), unreadable ones. Find
// reads no contents and no padding; Session.Verify does.
func Find(r io.ReaderAt, size int64) ([]*Session, []error) {
	f := &finder{r: r, end: min(size/sectorSize, math.MaxUint32)}
	if size%sectorSize != 0 {
		f.fault(fmt.Errorf("the image ends in the middle of sector %d", f.end))
	}
	for f.next < f.end {
		f.scan()
	}
	f.endStray()
	if f.untold > 0 {
		f.errs = append(f.errs, fmt.Errorf("looking for sessions: %d more faults are not told", f.untold))
	}
	return f.sessions, f.errs
}

// Bounds of what is kept of one image, which may be made to fill all memory. The
// sessions of a disc hold all earlier logs again and again: before they hold so many
// files, the largest disc is full.
const (
	maxFaults   = 1000
	maxAllFiles = 1 << 22
)

// finder is the state of Find.
type finder struct {
	r        io.ReaderAt
	end      int64 // sectors
	next     int64 // the sector to look at
	floor    int64 // no session begins before it
	sessions []*Session
	files    int         // of all sessions
	errs     []error     // at most maxFaults
	untold   int         // and so many more
	stray    *StrayError // not yet reported
}

func (f *finder) fault(err error) {
	if len(f.errs) < maxFaults {
		f.errs = append(f.errs, err)
	} else {
		f.untold++
	}
}

// scan looks at the next sectors, up to and including one session.
func (f *finder) scan() {
	b := make([]byte, min(cluster, f.end-f.next)*sectorSize)
	err := readFull(f.r, b, f.next*sectorSize)
	if err == nil {
		f.examine(b)
		return
	}
	// One bad sector must not hide a session that begins near it.
	f.fault(fmt.Errorf("looking for sessions: %w", err))
	one := b[:sectorSize]
	for stop := f.next + int64(len(b))/sectorSize; f.next < stop; {
		if readFull(f.r, one, f.next*sectorSize) != nil {
			f.next++
		} else if f.examine(one) {
			return
		}
	}
}

// examine looks at sectors that were read, and tells whether it came to a
// session.
func (f *finder) examine(b []byte) bool {
	for ; len(b) > 0; b = b[sectorSize:] {
		if isVolume(b) && f.session(f.next-volumeSector) {
			return true
		}
		if !bytes.Equal(b[:sectorSize], zeroSector[:]) {
			f.addStray(uint32(f.next))
		}
		f.next++
	}
	return false
}

var zeroSector [sectorSize]byte

// session reads the session whose first sector is start, goes behind it and
// tells whether there is one.
func (f *finder) session(start int64) bool {
	if start < f.floor {
		f.fault(fmt.Errorf("the volume descriptor at sector %d is too near to what stands before it", f.next))
		return false
	}
	s, err := ReadSession(f.r, f.end*sectorSize, uint32(start))
	if err != nil {
		f.fault(err)
		return false
	}
	f.endStray()
	f.sessions = append(f.sessions, s)
	f.next = start + int64(s.Blocks)
	f.floor = f.next
	for _, d := range s.Directories {
		f.files += len(d.Files)
	}
	if f.files > maxAllFiles {
		f.fault(fmt.Errorf("looking for sessions: the sessions up to sector %d hold more than %d files, more than any disc of an archive", f.next, maxAllFiles))
		f.next = f.end
	}
	return true
}

// addStray notes that a sector outside every session is not empty. Strays with
// empty sectors between them are one finding.
func (f *finder) addStray(sector uint32) {
	if f.stray == nil {
		f.stray = &StrayError{First: sector}
	}
	f.stray.Last = sector
}

func (f *finder) endStray() {
	if f.stray != nil {
		f.fault(f.stray)
		f.stray = nil
	}
}
