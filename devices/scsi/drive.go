// Package scsi carries SCSI commands to the machine's optical drives, through the
// SG_IO request of Linux's sr driver.
//
// It guarantees that a command is handed to the kernel once and never again,
// neither here nor by the kernel: what a drive that is not ready, or whose disc
// was changed, wants is for the caller to decide. What a drive answers, sense
// data included, is passed on as it came. Where no answer came the error says
// what the kernel knows of it, and whether the drive is gone.
//
// A Drive is open for exclusive writing, which also stops the kernel from asking
// for media events behind the caller's back (drivers/scsi/sr.c, block/bdev.c).
//
// Source: Linux's SCSI Generic HOWTO and include/scsi/sg.h, version 3 of the
// interface; MMC-5.
package scsi

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// MaxTransfer is how many bytes one command can move, either way. USB bridges are
// known to take that much.
const MaxTransfer = 64 << 10

// Errors that a caller must tell apart.
var (
	// ErrGone means that the drive was unplugged. Whether the command at hand was
	// carried out is not known.
	ErrGone = errors.New("the drive is not there any more: check its cable")
	// ErrInUse means that another program has the drive open.
	ErrInUse = errors.New("another program uses the drive: end that program")
)

// Drive is one open optical drive. Its methods may be called from several
// goroutines; commands are carried out one after the other.
type Drive struct {
	node string

	mu     sync.Mutex
	kernel kernel
	now    func() time.Time
	last   time.Time   // when the last command of Command ended
	medium atomic.Bool // what the drive last said
}

// kernel is an open device node. Tests put their own drive here.
type kernel interface {
	sgIO(*sgHeader) error
	close() error
}

// Open opens a drive for the sole use of this program, and asks it whether it has a
// disc; it needs none.
func Open(l Location) (*Drive, error) {
	k, err := openNode(l.Node)
	if err != nil {
		return nil, fmt.Errorf("opening the optical drive %s: %w", l.Name, explain(err))
	}
	d := newDrive(l.Node, k)
	if _, err := d.MediumPresent(); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the optical drive %s: %w", l.Name, err), k.close())
	}
	return d, nil
}

func newDrive(node string, k kernel) *Drive {
	d := &Drive{node: node, kernel: k, now: time.Now}
	d.medium.Store(true)
	return d
}

// Close gives the drive back. Nothing may be sent after it.
func (d *Drive) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kernel == nil {
		return nil
	}
	err := d.kernel.close()
	d.kernel = nil
	return err
}

// Command sends cdb (6 to 16 bytes) and moves data one way: out to the drive or
// from the drive into in; at most one of them is not empty, and neither is longer
// than MaxTransfer. It returns how many bytes arrived in in and, after CHECK
// CONDITION, the sense data (fixed or descriptor format, SPC-4 section 4.5); sense
// is nil after GOOD.
//
// A non-nil error says that the command failed in another way than by the drive's
// own word, so that it may or may not have been carried out. ctx is looked at
// before the command is sent; from then on its end is awaited, for up to timeout
// and the time that the kernel takes to abort it: leaving early would not stop it.
func (d *Drive) Command(ctx context.Context, cdb, out, in []byte, timeout time.Duration) (n int, sense []byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	n, sense, err = d.send(cdb, out, in, timeout)
	d.last = d.now()
	return n, sense, err
}

func (d *Drive) send(cdb, out, in []byte, timeout time.Duration) (n int, sense []byte, err error) {
	if d.kernel == nil {
		return 0, nil, fmt.Errorf("sending to %s: %w", d.node, fs.ErrClosed)
	}
	if err := check(cdb, out, in, timeout); err != nil {
		return 0, nil, fmt.Errorf("sending to %s: %w", d.node, err)
	}
	r := newRequest(cdb, out, in, timeout)
	defer r.release()
	if err := d.kernel.sgIO(&r.header); err != nil {
		return 0, nil, fmt.Errorf("sending command %02Xh to %s: %w", cdb[0], d.node, explain(err))
	}
	n, sense, err = r.answer()
	if err != nil {
		return 0, nil, fmt.Errorf("sending command %02Xh to %s: %w", cdb[0], d.node, err)
	}
	return n, sense, nil
}

// check refuses what the interface does not carry.
func check(cdb, out, in []byte, timeout time.Duration) error {
	switch {
	case len(cdb) < 6 || len(cdb) > 16:
		return fmt.Errorf("a command of %d bytes: 6 to 16 are possible", len(cdb))
	case len(out) > 0 && len(in) > 0:
		return errors.New("a command that moves data both ways")
	case len(out) > MaxTransfer || len(in) > MaxTransfer:
		return fmt.Errorf("%d bytes in one command: %d are possible", max(len(out), len(in)), MaxTransfer)
	case timeout < time.Millisecond || timeout.Milliseconds() > math.MaxInt32:
		return fmt.Errorf("a time limit of %v", timeout)
	}
	return nil
}

// explain adds to an error of the kernel what it means here.
func explain(err error) error {
	switch {
	case errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENXIO), errors.Is(err, unix.ENOENT):
		return fmt.Errorf("%w (%w)", ErrGone, err)
	case errors.Is(err, unix.EBUSY):
		return fmt.Errorf("%w (%w)", ErrInUse, err)
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: this program's user may not write to the drive", err)
	}
	return err
}
