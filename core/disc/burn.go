package disc

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// ErrSwapped means that the disc in the drive is not the one that was looked at
// before.
var ErrSwapped = errors.New("the disc is not the one that was checked before: insert that one again")

// ErrDiffers means that what was read back is not what was written.
var ErrDiffers = errors.New("what was read back differs from what was written")

// BurnError is a session that was not recorded, or not proved to be.
type BurnError struct {
	Step           Step   // what failed
	Address        uint32 // first sector of the session; meaningless if NothingWritten
	NothingWritten bool   // it is certain that the disc is as it was before
	Err            error
}

func (e *BurnError) Error() string {
	if e.NothingWritten {
		return fmt.Sprintf("%s failed, and nothing was written: %v", e.Step, e.Err)
	}
	return fmt.Sprintf("%s failed, in the session at sector %d: %v", e.Step, e.Address, e.Err)
}

func (e *BurnError) Unwrap() error { return e.Err }

// Sense returns what the drive said, false if the failure is not the drive's.
func (e *BurnError) Sense() (Sense, bool) {
	var s *SenseError
	if errors.As(e.Err, &s) {
		return s.Sense, true
	}
	return Sense{}, false
}

// maxLoad bounds the contents that Burn takes from the disc into memory.
const maxLoad = 256 << 20

// Burn records v and dirs as one session of the disc that expect identifies,
// reads all of it back from the medium through READ(10), compares it and returns
// the receipt.
// Contents that lie on this drive's disc are read into memory first: a drive
// that records is not asked to read.
//
// Just before the first write, with removal prevented, Burn looks at the disc
// once more and refuses any other than expect. ctx can end it before the first
// write and while reading back; in between it is not looked at, since a
// recording that is broken off spoils a session.
//
// Every error is a *BurnError. It wraps ErrSwapped, ErrClosed, ErrFull,
// ErrUnfinished, ErrNoAddress, ErrDiffers, a *SenseError, or what the transport said.
func (d *Drive) Burn(ctx context.Context, expect Identity, v Volume, dirs []Directory, progress func(Progress)) (Receipt, error) {
	b := &burn{d: d, volume: v, dirs: dirs, progress: progress, nothing: true}
	r, err := b.run(ctx, expect)
	if err != nil {
		return Receipt{}, &BurnError{Step: b.step, Address: b.medium.NextAddress, NothingWritten: b.nothing, Err: err}
	}
	return r, nil
}

// burn is one call of Burn.
type burn struct {
	d        *Drive
	volume   Volume
	dirs     []Directory
	progress func(Progress)

	step    Step
	nothing bool // no WRITE was sent
	medium  Medium
	image   *Image
	sum     [sha256.Size]byte
}

func (b *burn) run(ctx context.Context, expect Identity) (Receipt, error) {
	b.begin(StepBuild)
	if err := b.load(); err != nil {
		return Receipt{}, err
	}
	b.begin(StepPrepare)
	if err := b.d.insist(ctx, preventRemoval(true)); err != nil {
		return Receipt{}, err
	}
	defer b.d.unlock(ctx)
	if err := b.prepare(ctx, expect); err != nil {
		return Receipt{}, err
	}
	// From here on a recording that ctx broke off would spoil the session.
	safe := context.WithoutCancel(ctx)
	for _, step := range []func(context.Context) error{b.write, b.flush, b.close} {
		if err := step(safe); err != nil {
			return Receipt{}, err
		}
	}
	if err := b.readBack(ctx); err != nil {
		return Receipt{}, err
	}
	return Receipt{address: b.medium.NextAddress, blocks: b.image.Blocks(), sum: b.sum}, nil
}

// unlock allows removal again, whatever became of ctx. Its failure changes
// nothing about what was recorded: the disc stays in until the drive is told
// again or loses power.
func (d *Drive) unlock(ctx context.Context) {
	_ = d.insist(context.WithoutCancel(ctx), preventRemoval(false))
}

func (b *burn) begin(s Step) {
	b.step = s
	report(b.progress, Progress{Step: s})
}

func (b *burn) report(done, total int64) {
	report(b.progress, Progress{b.step, done, total})
}

// load brings contents that lie on the drive's own disc into memory.
func (b *burn) load() error {
	dirs := make([]Directory, len(b.dirs))
	var total int64
	for i, d := range b.dirs {
		dirs[i] = Directory{Name: d.Name, Files: make([]File, len(d.Files))}
		for j, f := range d.Files {
			dirs[i].Files[j] = f
			if !b.d.holds(f) {
				continue
			}
			if total += f.Size; f.Size < 0 || total > maxLoad {
				return fmt.Errorf("%s/%s: contents of more than %d bytes cannot be carried over from the same disc", d.Name, f.Name, maxLoad)
			}
			data := make([]byte, f.Size)
			if err := readContent(f, data, 0, 0); err != nil {
				return fmt.Errorf("%s: %w", d.Name, err)
			}
			dirs[i].Files[j].Content = bytes.NewReader(data)
		}
	}
	b.dirs = dirs
	return nil
}

// holds tells whether f's content is read from the disc in d.
func (d *Drive) holds(f File) bool {
	s, ok := f.Content.(*io.SectionReader)
	if !ok {
		return false
	}
	outer, _, _ := s.Outer()
	r, ok := outer.(*reader)
	return ok && r.d == d
}

// prepare looks at the disc again, lays out the image for its next address and
// sets the drive up.
func (b *burn) prepare(ctx context.Context, expect Identity) error {
	m, err := b.d.Medium(ctx)
	if err != nil {
		return err
	}
	if m.Identity != expect {
		return ErrSwapped
	}
	if err := m.writable(); err != nil {
		return err
	}
	b.medium = m
	b.begin(StepBuild)
	if b.image, err = NewImage(b.volume, m.NextAddress, b.dirs); err != nil {
		return err
	}
	if m.SessionsLeft < 1 || b.image.Blocks() > m.FreeBlocks {
		return fmt.Errorf("a session of %d sectors, and %d sectors and %d sessions are left: %w", b.image.Blocks(), m.FreeBlocks, m.SessionsLeft, ErrFull)
	}
	if err := b.hash(ctx); err != nil {
		return err
	}
	b.begin(StepPrepare)
	if err := b.d.selectPage(ctx, m.plan.page); err != nil {
		return err
	}
	return ctx.Err()
}

// hash reads the whole image once: whatever cannot be read is found before the
// first write.
func (b *burn) hash(ctx context.Context) error {
	h := sha256.New()
	err := b.chunks(ctx, chunk, func(p []byte, off int64) error {
		_, err := h.Write(p)
		return err
	})
	h.Sum(b.sum[:0])
	return err
}

// chunks calls f for every size bytes of the image, in order.
func (b *burn) chunks(ctx context.Context, size int64, f func(p []byte, off int64) error) error {
	p := make([]byte, size)
	for off := int64(0); off < b.image.Size(); off += size {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := p[:min(size, b.image.Size()-off)]
		if n, err := b.image.ReadAt(p, off); n != len(p) {
			return err
		}
		if err := f(p, off); err != nil {
			return err
		}
		b.report(off+int64(len(p)), b.image.Size())
	}
	return nil
}

// write sends the image in order, from the next writable address on.
func (b *burn) write(ctx context.Context) error {
	b.begin(StepWrite)
	size := int64(b.medium.plan.transfer) * sectorSize
	return b.chunks(ctx, size, func(p []byte, off int64) error {
		b.nothing = false
		sector := b.medium.NextAddress + uint32(off/sectorSize)
		_, err := b.d.do(ctx, write10(sector, uint16(len(p)/sectorSize)), p, nil)
		return err
	})
}

func (b *burn) flush(ctx context.Context) error {
	b.begin(StepFlush)
	return b.long(ctx, synchronizeCache())
}

func (b *burn) close(ctx context.Context) error {
	b.begin(StepClose)
	for _, function := range b.medium.plan.closing {
		if err := b.long(ctx, closeTrackSession(function, uint16(b.medium.open.Number))); err != nil {
			return err
		}
	}
	return nil
}

// long sends a command that answers before it is done, and waits for its end.
func (b *burn) long(ctx context.Context, c command) error {
	return b.d.long(ctx, c, func(progress uint16) { b.report(int64(progress), 1<<16) })
}

func (d *Drive) long(ctx context.Context, c command, busy func(uint16)) error {
	c.busy = busy
	if _, err := d.do(ctx, c, nil, nil); err != nil {
		return err
	}
	// A drive may report its own recording as a change of the disc. What
	// follows compares every byte, so no other disc can pass for this one.
	if err := d.waitReady(ctx, closePatience, busy); err != nil {
		return fmt.Errorf("waiting for the end of %s: %w", c.name, err)
	}
	return nil
}

// readBack finds the session in the disc's own table and compares it with the
// image.
func (b *burn) readBack(ctx context.Context) error {
	b.begin(StepReadBack)
	want := Track{Start: b.medium.NextAddress, Blocks: b.image.Blocks()}
	if err := b.d.waitReady(ctx, queryPatience, nil); err != nil {
		return err
	}
	r, err := b.uncached(ctx, want.Start)
	if err != nil {
		return err
	}
	m, err := b.d.Medium(ctx)
	if err != nil {
		return err
	}
	if m.Sessions != b.medium.Sessions+1 || len(m.Tracks) == 0 {
		return fmt.Errorf("the disc's own table lists %d sessions, not %d: %w", m.Sessions, b.medium.Sessions+1, ErrDiffers)
	}
	if got := m.Tracks[len(m.Tracks)-1]; got.Start != want.Start || got.Blocks < want.Blocks {
		return fmt.Errorf("the disc's own table lists %d sectors from sector %d on, not %d from %d: %w", got.Blocks, got.Start, want.Blocks, want.Start, ErrDiffers)
	}
	sum := sha256.New()
	got := make([]byte, chunk)
	err = b.chunks(ctx, chunk, func(p []byte, off int64) error {
		got := got[:len(p)]
		if _, err := r.ReadAt(got, int64(want.Start)*sectorSize+off); err != nil {
			return err
		}
		if !bytes.Equal(got, p) {
			return fmt.Errorf("%w: %w", ErrDiffers, mismatch(p, got, want.Start, off, ""))
		}
		_, err := sum.Write(got)
		return err
	})
	if err != nil {
		return err
	}
	if [sha256.Size]byte(sum.Sum(nil)) != b.sum {
		return fmt.Errorf("the contents changed while they were recorded: %w", ErrDiffers)
	}
	return nil
}

// selectPage sends a write parameters page, if the medium has one.
func (d *Drive) selectPage(ctx context.Context, page []byte) error {
	if page == nil {
		return nil
	}
	_, err := d.do(ctx, modeSelect(uint16(len(page))), page, nil)
	return err
}
