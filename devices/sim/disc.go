package sim

import (
	"sync"
)

// discSector is the size of a sector in bytes, on every medium here.
const discSector = 2048

// Disc is a write-once medium: its sectors and the table of its tracks and
// sessions. It outlives the drive it is in. Nothing recorded on it changes.
type Disc struct {
	mu         sync.Mutex
	medium     discMedium
	capacity   uint32
	store      discStore
	tracks     []*discTrack // in order of address; the last may be open
	sessions   int          // the open one included
	open       bool         // the last session is empty or incomplete
	formatted  bool         // FORMAT UNIT has set spare areas aside
	unreadable map[uint32]bool
	unwritable map[uint32]bool
}

// discTrack is a run of sectors. In the open session the last one is the
// invisible track (MMC-5 4.2.3.5.4): it reaches to the end of the disc.
type discTrack struct {
	session  int
	start    uint32
	size     uint32 // of a closed or reserved track
	written  uint32 // sectors on the medium, from start
	closed   bool
	reserved bool
	damaged  bool // a write failed: no next writable address until closed
}

// DiscTrack is a recorded track as it is on the medium, in sectors of 2048
// bytes. Recorded counts the readable ones from Start.
type DiscTrack struct {
	Session         int
	Start, Recorded uint32
	Closed          bool
}

// A DiscOption changes a new disc.
type DiscOption func(*Disc)

// WithCapacity sets the size of the user data area in sectors, rounded down
// to whole recording units; it cannot exceed the medium's own.
func WithCapacity(sectors uint32) DiscOption {
	return func(d *Disc) {
		d.capacity = min(sectors, d.medium.capacity) / d.medium.unit * d.medium.unit
	}
}

// WithFinalised records the shortest track there is, of zeros, and closes the
// disc for ever.
func WithFinalised() DiscOption {
	return func(d *Disc) {
		if t := d.invisible(); t != nil {
			t.written = max(d.medium.unit, d.medium.minTrack)
			d.closeTrack(t)
			d.closeSession(true)
		}
	}
}

// NewDisc makes a blank medium of an MMC profile (MMC-5 table 88). The drive
// records 0009h CD-R, 0011h DVD-R, 001Bh DVD+R, 002Bh DVD+R DL and 0041h BD-R
// SRM; it loads any other profile, so that software can be seen to refuse it.
func NewDisc(profile uint16, options ...DiscOption) *Disc {
	medium := discMediumOf(profile)
	d := &Disc{
		medium:     medium,
		capacity:   medium.capacity,
		store:      discStore{},
		unreadable: map[uint32]bool{},
		unwritable: map[uint32]bool{},
	}
	d.openSession(0)
	for _, option := range options {
		option(d)
	}
	return d
}

// Profile is the MMC profile number.
func (d *Disc) Profile() uint16 { return d.medium.profile }

// Tracks lists the tracks that hold recorded sectors, by address.
func (d *Disc) Tracks() []DiscTrack {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []DiscTrack
	for _, t := range d.tracks {
		if t.written > 0 {
			list = append(list, DiscTrack{Session: t.session, Start: t.start, Recorded: t.written, Closed: t.closed})
		}
	}
	return list
}

// MarkUnreadable makes every later READ of the sector end in 3/11/00,
// UNRECOVERED READ ERROR.
func (d *Disc) MarkUnreadable(sector uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unreadable[sector] = true
}

// MarkUnwritable makes the recording of the sector fail with 3/0C/00, WRITE
// ERROR. A drive that caches finds out when it empties its cache.
func (d *Disc) MarkUnwritable(sector uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.unwritable[sector] = true
}

// ChangeByte inverts one bit of a recorded sector behind the drive's back. It
// does nothing when the sector holds no data.
func (d *Disc) ChangeByte(sector uint32, offset int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.recorded(sector) || offset < 0 || offset >= discSector {
		return
	}
	data := d.store.read(sector)
	data[offset] ^= 1
	d.store.write(sector, data[:])
}

// openSession begins an empty session at an address, if the medium has room
// for one.
func (d *Disc) openSession(start uint32) {
	if !d.medium.recordable || d.sessions >= d.medium.sessions || start >= d.capacity {
		d.open = false
		return
	}
	d.sessions++
	d.open = true
	d.tracks = append(d.tracks, &discTrack{session: d.sessions, start: start})
}

// isBlank says that nothing has been recorded or reserved.
func (d *Disc) isBlank() bool {
	return d.open && len(d.tracks) == 1 && d.tracks[0].isEmpty()
}

func (t *discTrack) isEmpty() bool { return t.written == 0 && !t.reserved && !t.damaged }

// sessionEmpty says that the open session holds nothing but its invisible track.
func (d *Disc) sessionEmpty() bool {
	last := d.tracks[len(d.tracks)-1]
	return last.isEmpty() && last == d.firstOfSession(d.sessions)
}

func (d *Disc) firstOfSession(session int) *discTrack {
	for _, t := range d.tracks {
		if t.session == session {
			return t
		}
	}
	return nil
}

func (d *Disc) lastOfSession(session int) *discTrack {
	var last *discTrack
	for _, t := range d.tracks {
		if t.session == session {
			last = t
		}
	}
	return last
}

// completeSessions is the number of closed sessions.
func (d *Disc) completeSessions() int {
	if d.open {
		return d.sessions - 1
	}
	return d.sessions
}

// invisible is the open session's last track, nil on a complete disc.
func (d *Disc) invisible() *discTrack {
	if !d.open {
		return nil
	}
	return d.tracks[len(d.tracks)-1]
}

// number is the track's number on the disc, from 1.
func (d *Disc) number(track *discTrack) int {
	for i, t := range d.tracks {
		if t == track {
			return i + 1
		}
	}
	return 0
}

// track gives the track of a number, nil if there is none.
func (d *Disc) track(number uint32) *discTrack {
	if number == 0 || uint64(number) > uint64(len(d.tracks)) {
		return nil
	}
	return d.tracks[number-1]
}

// limit is the address after the last sector that the track may hold.
func (d *Disc) limit(t *discTrack) uint32 {
	if t.closed || t.reserved {
		return t.start + t.size
	}
	return d.capacity
}

// recorded says whether the sector is on the medium.
func (d *Disc) recorded(sector uint32) bool {
	for _, t := range d.tracks {
		if sector >= t.start && sector-t.start < t.written {
			return true
		}
	}
	return false
}

// recordedEnd is the address after the last recorded sector, 0 if none.
func (d *Disc) recordedEnd() uint32 {
	for i := len(d.tracks) - 1; i >= 0; i-- {
		if t := d.tracks[i]; t.written > 0 {
			return t.start + t.written
		}
	}
	return 0
}

// align rounds up to a whole recording unit.
func (d *Disc) align(sectors uint32) uint32 {
	return (sectors + d.medium.unit - 1) / d.medium.unit * d.medium.unit
}

// reserve splits a track of a fixed size off the empty invisible track.
func (d *Disc) reserve(size uint32) {
	t := d.invisible()
	t.size, t.reserved = d.align(size), true
	d.addInvisible(t.start + t.size)
}

// addInvisible appends the track that follows in the open session. It may be
// empty of room when the disc is full.
func (d *Disc) addInvisible(start uint32) {
	d.tracks = append(d.tracks, &discTrack{session: d.sessions, start: min(start, d.capacity)})
}

// closeTrack ends a track: what it lacks to a whole unit, to the shortest
// track or to its reserved size is recorded as zeros.
func (d *Disc) closeTrack(t *discTrack) {
	size := d.align(max(t.written, d.medium.minTrack))
	switch {
	case t.reserved:
		size = t.size
	case t.damaged:
		// The unit that failed belongs to the track and stays unreadable.
		size = d.align(t.written + 1)
	}
	size = min(size, d.capacity-t.start)
	if !t.damaged {
		t.written = size
	}
	t.size, t.closed = min(size+d.medium.runOut, d.capacity-t.start), true
	if t == d.invisible() {
		d.addInvisible(t.start + t.size + d.medium.trackGap)
	}
}

// incomplete finds a track that must be closed before its session can be.
func (d *Disc) incomplete() *discTrack {
	for _, t := range d.tracks {
		if !t.closed && !t.isEmpty() {
			return t
		}
	}
	return nil
}

// closeSession ends the open session; unless the disc is finalised, an empty
// one follows.
func (d *Disc) closeSession(finalise bool) {
	d.tracks = d.tracks[:len(d.tracks)-1]
	if finalise && (len(d.tracks) == 0 || d.tracks[len(d.tracks)-1].session != d.sessions) {
		d.sessions-- // the empty session vanishes
	}
	d.open = false
	if finalise || len(d.tracks) == 0 {
		return
	}
	last := d.tracks[len(d.tracks)-1]
	gap := d.medium.nextGap
	if d.sessions == 1 {
		gap = d.medium.firstGap
	}
	d.openSession(d.align(last.start + last.size + gap))
}
