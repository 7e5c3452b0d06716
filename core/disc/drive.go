package disc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Drive is an optical drive. Its methods must not be called at the same time,
// but for those of a reader, which other readers may be called beside.
type Drive struct {
	t     Transport
	name  string
	sleep func(context.Context, time.Duration) error
}

// ErrNotOptical means that the device at the other end is no optical drive.
var ErrNotOptical = errors.New("the device is not an optical drive")

// Open asks the device behind t what it is. It moves nothing and needs no disc.
func Open(ctx context.Context, t Transport) (*Drive, error) {
	d := &Drive{t: t, sleep: sleep}
	b, err := d.ask(ctx, inquiry(36), make([]byte, 36), 36)
	if err != nil {
		return nil, fmt.Errorf("opening the optical drive: %w", err)
	}
	if b[0]&0x1F != 5 { // peripheral device type (SPC-4 section 6.6.2)
		return nil, fmt.Errorf("opening the optical drive: device type %02Xh: %w", b[0]&0x1F, ErrNotOptical)
	}
	d.name = printable(b[8:16]) + " " + printable(b[16:32]) + " " + printable(b[32:36])
	return d, nil
}

// Name returns vendor, product and firmware revision, as the drive gives them.
func (d *Drive) Name() string { return d.name }

// printable returns the ASCII text in b, with anything else left out.
func printable(b []byte) string {
	text := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, string(b))
	return strings.TrimSpace(text)
}

// Eject unlocks and opens the tray.
func (d *Drive) Eject(ctx context.Context) error {
	for _, c := range []command{preventRemoval(false), startStop(false)} {
		if err := d.insist(ctx, c); err != nil {
			return fmt.Errorf("ejecting the disc: %w", err)
		}
	}
	return nil
}

// ReaderAt returns a reader of the disc's sectors from address zero on, for as
// long as ctx lasts. A read ends with an error that is ErrMediumChanged when the
// disc may be another one than before; what was read until then stays true of
// the disc that was.
func (d *Drive) ReaderAt(ctx context.Context) io.ReaderAt { return d.reader(ctx) }

func (d *Drive) reader(ctx context.Context) *reader { return &reader{ctx: ctx, d: d} }

// reader reads through READ(10), at most 32 sectors a command.
type reader struct {
	ctx    context.Context
	d      *Drive
	medium bool // from the medium, not from the drive's cache
}

// maxSectors is where 32-bit addresses end.
const maxSectors = 1 << 32

func (r *reader) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off+int64(len(p)) < off || off+int64(len(p)) > maxSectors*sectorSize {
		return 0, fmt.Errorf("reading the disc: %d bytes at %d lie outside every disc", len(p), off)
	}
	done := 0
	for done < len(p) {
		n, err := r.readSome(p[done:], off+int64(done))
		if err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}

// readSome reads the beginning of p with one command.
func (r *reader) readSome(p []byte, off int64) (int, error) {
	skip := int(off % sectorSize)
	count := min(sectors(int64(skip)+int64(len(p))), cluster)
	in := p
	whole := skip == 0 && int64(len(p)) >= count*sectorSize
	if whole {
		in = p[:count*sectorSize]
	} else {
		in = make([]byte, count*sectorSize)
	}
	c := read10(uint32(off/sectorSize), uint16(count), r.medium)
	if _, err := r.d.ask(r.ctx, c, in, len(in)); err != nil {
		return 0, err
	}
	if whole {
		return len(in), nil
	}
	return copy(p, in[skip:]), nil
}

// Session reads the session that a track holds. Its contents are read from the
// disc when they are asked for, for as long as ctx lasts.
func (d *Drive) Session(ctx context.Context, t Track) (*Session, error) {
	return ReadSession(d.reader(ctx), (int64(t.Start)+int64(t.Blocks))*sectorSize, t.Start)
}
