package disc

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// State is what can still be done with a disc.
type State int

const (
	Unknown    State = iota // nothing is known
	Blank                   // nothing is recorded
	Appendable              // another session may follow
	Closed                  // nothing can be recorded any more
)

func (s State) String() string {
	switch s {
	case Blank:
		return "blank"
	case Appendable:
		return "appendable"
	case Closed:
		return "closed"
	}
	return "unknown"
}

// A Track is a run of sectors in the disc's own table. A session of an archive
// is one track.
type Track struct {
	Number, Session int // from 1
	Start, Blocks   uint32
}

// Identity tells discs apart as far as that is possible: by medium, number of
// sessions, next address, and the descriptors of the last session, in which the
// archive's id stands. Two of them are compared with ==. A clone of a disc has
// the disc's identity, and so have two blank discs.
type Identity struct {
	profile    uint16
	sessions   int
	next, free uint32
	last       [sha256.Size]byte // of the last session's first sectors; zero if there is none or it cannot be read
}

// A Medium is a disc as the drive describes it.
type Medium struct {
	Profile      uint16 // MMC profile number
	Name         string // such as "BD-R"
	State        State
	Sessions     int     // complete ones
	Tracks       []Track // of the complete sessions, in the order of their addresses
	Unfinished   []Track // of a session that was broken off: CloseUnfinished ends it; Blocks is 0 where the drive does not know
	NextAddress  uint32  // where the next session begins
	FreeBlocks   uint32  // sectors from there on
	SessionsLeft int     // by the medium's format
	Identity     Identity

	plan  plan
	open  Track // the track that the next session is written to
	stuck error // why there is no next address: ErrNoAddress
}

// Errors that say why a disc takes no session.
var (
	ErrClosed     = errors.New("the disc is closed: nothing can be recorded on it any more")
	ErrFull       = errors.New("the disc is full: insert a blank one")
	ErrUnfinished = errors.New("the last recording was broken off: it must be closed before the next")
	ErrNoAddress  = errors.New("the drive does not say where the disc continues")
)

// maxTracks is more than any of the media has.
const maxTracks = 8192

// featureOverwrite is BD-R pseudo-overwrite (MMC-5 section 5.3.28).
const featureOverwrite = 0x0038

// Medium waits until the drive is ready and returns what it says of its disc.
// The error is, or wraps, ErrNoMedium, a *RefusedError for a medium that must
// not hold an archive, a *SenseError, or what the transport said. A disc that
// can be read and takes no session is no error here: CheckRoom says so.
func (d *Drive) Medium(ctx context.Context) (Medium, error) {
	var m Medium
	var err error
	for range attentions {
		if m, err = d.medium(ctx, nil); !errors.Is(err, ErrMediumChanged) {
			break
		}
	}
	if err != nil {
		return Medium{}, fmt.Errorf("looking at the disc: %w", err)
	}
	return m, nil
}

func (d *Drive) medium(ctx context.Context, busy func(uint16)) (Medium, error) {
	if err := d.waitReady(ctx, queryPatience, busy); err != nil {
		return Medium{}, err
	}
	profile, overwrite, err := d.profile(ctx)
	if err != nil {
		return Medium{}, err
	}
	p, err := planOf(profile)
	if err != nil {
		return Medium{}, err
	}
	if overwrite {
		return Medium{}, &RefusedError{Profile: profile, Name: p.name, Why: whyOverwrite}
	}
	m := Medium{Profile: profile, Name: p.name, plan: p}
	if err := d.readTable(ctx, &m); err != nil {
		return Medium{}, err
	}
	if len(m.Unfinished) > 0 {
		if err := d.flushLeftover(ctx); err != nil {
			return Medium{}, err
		}
		if err := d.readTable(ctx, &m); err != nil {
			return Medium{}, err
		}
	}
	m.SessionsLeft = max(0, p.sessions-m.Sessions)
	if m.State == Closed {
		m.SessionsLeft = 0
	}
	m.Identity, err = d.identify(ctx, m)
	return m, err
}

// profile asks for the current profile, and whether pseudo-overwrite is on.
func (d *Drive) profile(ctx context.Context) (profile uint16, overwrite bool, err error) {
	b, err := d.ask(ctx, getConfiguration(featureOverwrite, 16), make([]byte, 16), 8)
	if err != nil {
		return 0, false, err
	}
	profile = binary.BigEndian.Uint16(b[6:])
	overwrite = len(b) >= 12 && binary.BigEndian.Uint16(b[8:]) == featureOverwrite && b[10]&1 != 0
	return profile, overwrite, nil
}

// information is what READ DISC INFORMATION says (MMC-5 table 374).
type information struct {
	state      State
	incomplete bool // the last session holds something and is open
	sessions   int  // the open one included
	lastTrack  int
}

func (d *Drive) information(ctx context.Context) (information, error) {
	b, err := d.ask(ctx, readDiscInformation(34), make([]byte, 34), 12)
	if err != nil {
		return information{}, err
	}
	i := information{
		state:      [4]State{Blank, Appendable, Closed, Unknown}[b[2]&3],
		incomplete: b[2]>>2&3 == 1,
		sessions:   int(b[9])<<8 | int(b[4]),
		lastTrack:  int(b[11])<<8 | int(b[6]),
	}
	if i.state == Unknown || b[2]&0x10 != 0 {
		return information{}, errors.New("the disc is not a write-once disc recorded in order, by READ DISC INFORMATION")
	}
	if i.lastTrack < 1 || i.lastTrack > maxTracks || i.sessions < 1 {
		return information{}, fmt.Errorf("the drive says of the disc what cannot be: %d tracks in %d sessions, by READ DISC INFORMATION", i.lastTrack, i.sessions)
	}
	return i, nil
}

// trackInformation is what READ TRACK INFORMATION says (MMC-5 table 500).
type trackInformation struct {
	Track
	next      uint32 // next writable address
	nextValid bool
	blank     bool
	free      uint32
}

func (d *Drive) trackInformation(ctx context.Context, number uint32) (trackInformation, error) {
	b, err := d.ask(ctx, readTrackInformation(number, 36), make([]byte, 36), 28)
	if err != nil {
		return trackInformation{}, err
	}
	t := trackInformation{
		Track: Track{
			Number:  int(b[2]),
			Session: int(b[3]),
			Start:   binary.BigEndian.Uint32(b[8:]),
			Blocks:  binary.BigEndian.Uint32(b[24:]),
		},
		blank:     b[6]&0x40 != 0,
		nextValid: b[7]&1 != 0,
		next:      binary.BigEndian.Uint32(b[12:]),
		free:      binary.BigEndian.Uint32(b[16:]),
	}
	if len(b) >= 34 {
		t.Number |= int(b[32]) << 8
		t.Session |= int(b[33]) << 8
	}
	return t, nil
}

// readTable reads the disc's own table of tracks and finds where it continues.
func (d *Drive) readTable(ctx context.Context, m *Medium) error {
	info, err := d.information(ctx)
	if err != nil {
		return err
	}
	m.State, m.Sessions = info.state, info.sessions
	m.Tracks, m.Unfinished, m.stuck = nil, nil, nil
	openSession := 0
	if info.state != Closed {
		m.Sessions--
		openSession = info.sessions
	}
	end := uint32(0)
	for n := 1; n <= info.lastTrack; n++ {
		t, err := d.trackInformation(ctx, uint32(n))
		if err != nil {
			return err
		}
		if n == info.lastTrack && openSession != 0 {
			return d.readOpenTrack(ctx, m, t, info.incomplete)
		}
		if t.Start < end || t.Start+t.Blocks < t.Start {
			return fmt.Errorf("track %d, %d sectors from %d on, overlaps what stands before it", n, t.Blocks, t.Start)
		}
		end = t.Start + t.Blocks
		if t.Session == openSession {
			m.Unfinished = append(m.Unfinished, t.Track)
			continue
		}
		m.Tracks = append(m.Tracks, t.Track)
	}
	return nil
}

// flushLeftover empties the drive's cache of what a broken-off recording left
// in it: some drives read nothing before. That it cannot be recorded any more is
// no error here, for it does not count.
func (d *Drive) flushLeftover(ctx context.Context) error {
	err := d.long(ctx, synchronizeCache(), nil)
	var refused *SenseError
	if errors.As(err, &refused) && !errors.Is(err, ErrMediumChanged) && !errors.Is(err, ErrNoMedium) {
		return nil
	}
	return err
}

// readOpenTrack takes the open session's last track, t, into m.
func (d *Drive) readOpenTrack(ctx context.Context, m *Medium, t trackInformation, incomplete bool) error {
	last := t.Track
	if m.plan.open != 0 || !t.nextValid {
		// Drives differ in which number they answer to. The one that names the
		// open track may be refused while a broken-off one stands in the way.
		open, err := d.trackInformation(ctx, 0xFF)
		var refused *SenseError
		switch {
		case err == nil:
			t = open
		case !errors.As(err, &refused) || refused.Sense.Key != keyIllegal:
			return err
		}
	}
	if started := !t.nextValid || t.next != t.Start; len(m.Unfinished) > 0 || incomplete || t.nextValid && started {
		if last.Blocks = 0; t.nextValid && t.next > t.Start {
			last.Blocks = t.next - t.Start
		}
		if started {
			m.Unfinished = append(m.Unfinished, last)
		}
		return nil
	}
	if !t.nextValid || t.next == 0 && m.State != Blank {
		m.stuck = ErrNoAddress
		return nil
	}
	for _, before := range m.Tracks {
		if t.next < before.Start+before.Blocks {
			m.stuck = fmt.Errorf("sector %d lies inside track %d: %w", t.next, before.Number, ErrNoAddress)
			return nil
		}
	}
	if t.Number == 0 || t.Number == 0xFF {
		t.Number = last.Number
	}
	m.open, m.NextAddress, m.FreeBlocks = t.Track, t.next, t.free
	return nil
}

// identify reads the beginning of the last session.
func (d *Drive) identify(ctx context.Context, m Medium) (Identity, error) {
	id := Identity{profile: m.Profile, sessions: m.Sessions, next: m.NextAddress, free: m.FreeBlocks}
	if len(m.Tracks) == 0 {
		return id, nil
	}
	last := m.Tracks[len(m.Tracks)-1]
	b := make([]byte, int(min(last.Blocks, cluster))*sectorSize)
	if len(b) == 0 {
		return id, nil
	}
	_, err := d.reader(ctx).ReadAt(b, int64(last.Start)*sectorSize)
	var sense *SenseError
	switch {
	case err == nil:
		id.last = sha256.Sum256(b)
	case errors.As(err, &sense) && (sense.Sense.Key == keyMedium || sense.Sense.Key == keyIllegal):
		// Unreadable, or no data track: whoever reads the sessions will say so.
	default:
		return Identity{}, err
	}
	return id, nil
}

// CheckRoom reports why m cannot take sessions more sessions of up to bytes
// bytes each (an Image's Size) and two more of that size, which leave room to
// record what went wrong. The error is, or wraps, ErrClosed, ErrUnfinished,
// ErrNoAddress or ErrFull.
func (m Medium) CheckRoom(sessions int, bytes int64) error {
	return m.checkRoom(sessions, spareSessions, bytes)
}

// CheckLast reports why m cannot take one more session of up to bytes bytes, its
// last one: nothing is kept free after it. The errors are those of CheckRoom.
func (m Medium) CheckLast(bytes int64) error { return m.checkRoom(1, 0, bytes) }

func (m Medium) checkRoom(sessions, spare int, bytes int64) error {
	if err := m.writable(); err != nil {
		return err
	}
	if sessions < 1 || bytes < 0 || bytes > 1<<50 || sessions > maxTracks {
		return fmt.Errorf("checking the disc's room: %d sessions of %d bytes", sessions, bytes)
	}
	if wanted := sessions + spare; wanted > m.SessionsLeft {
		return fmt.Errorf("%d sessions are needed, with %d to spare, and %d are left: %w", wanted, spare, m.SessionsLeft, ErrFull)
	}
	var need int64
	for i := 1; i <= sessions+spare; i++ {
		need += m.plan.cost(m.Sessions+i, sectors(bytes))
	}
	if need > int64(m.FreeBlocks) {
		return fmt.Errorf("%d sectors are needed, with %d sessions to spare, and %d are free: %w", need, spare, m.FreeBlocks, ErrFull)
	}
	return nil
}

// spareSessions are kept free for recording that something failed.
const spareSessions = 2

// writable reports why nothing can be recorded on m now.
func (m Medium) writable() error {
	switch {
	case m.State == Closed:
		return ErrClosed
	case len(m.Unfinished) > 0:
		return ErrUnfinished
	case m.State != Blank && m.State != Appendable:
		return ErrNoMedium
	}
	return m.stuck
}
