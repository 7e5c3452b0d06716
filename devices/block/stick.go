// Package block tells of disks and of what uses them, finds the USB stick that a
// ceremony's files travel on, and reads and writes the files at its top level.
//
// It guarantees that the stick may be pulled out whenever no call is running:
// every call mounts it, does its work, and unmounts it, for writing only to write.
// What WriteFile has written is on the stick under its whole name, was read back
// equal from the stick itself and not from the kernel's memory, and the file system
// is marked clean. A stick that was exchanged for another is never taken for the
// one it was.
//
// A stick is mounted without programs, set-user-ID, devices or symbolic links
// (noexec, nosuid, nodev, nosymfollow), at no place that other programs see.
//
// Sources: Linux's Documentation/ABI/stable/sysfs-block, and proc(5) for mountinfo and
// swaps; Microsoft's FAT specification of 2005 and exFAT specification of 2019;
// mount_setattr(2), fsync(2).
package block

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Errors that a caller must tell apart.
var (
	ErrGone     = errors.New("the stick is not there any more: put it back in")
	ErrName     = errors.New("this is not a name that a file on the stick can have")
	ErrNoFile   = errors.New("the stick holds no file of that name")
	ErrTooLarge = errors.New("the file is larger than it may be")
	ErrFull     = errors.New("the stick is full: remove files from it on another computer, or take another stick")
	ErrReadOnly = errors.New("the stick is write-protected: move its switch, or repair it on another computer")
	ErrDiffers  = errors.New("the file reads back different from what was written: take another stick")
)

// Stick is one file system on a stick. Its names are plain file names at the top
// level. Its methods may be called from several goroutines.
type Stick struct {
	at     Location
	format format
	mount  mounter

	mu sync.Mutex
}

// Location is where the stick was found.
func (s *Stick) Location() Location { return s.at }

// Present says whether the stick is still plugged in. It does not touch it.
func (s *Stick) Present() bool { return s.at.present() }

// maxNames bounds how many entries of its folder are looked at.
const maxNames = 10000

// List names the regular files, sorted. Names that begin with a dot are left out.
func (s *Stick) List(ctx context.Context) ([]string, error) {
	var names []string
	err := s.with(ctx, readOnly, func(folder *os.File) (err error) {
		names, err = list(folder)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing the files on %s: %w", s.at.Title, err)
	}
	return names, nil
}

func list(folder *os.File) (names []string, err error) {
	dir, err := openIn(folder, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	entries, err := dir.ReadDir(maxNames + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if len(entries) > maxNames {
		return nil, fmt.Errorf("it holds more than %d files: remove some", maxNames)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && plain(e.Name()) == nil {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// ReadFile reads a file of at most limit bytes; a longer one is refused with
// ErrTooLarge before anything of it is read.
func (s *Stick) ReadFile(ctx context.Context, name string, limit int64) ([]byte, error) {
	err := plain(name)
	var data []byte
	if err == nil {
		err = s.with(ctx, readOnly, func(folder *os.File) (err error) {
			data, err = read(folder, name, limit)
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q from %s: %w", name, s.at.Title, err)
	}
	return data, nil
}

func read(folder *os.File, name string, limit int64) ([]byte, error) {
	f, err := openIn(folder, name, unix.O_RDONLY|unix.O_NONBLOCK)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ELOOP) {
		return nil, fmt.Errorf("%w (%w)", ErrNoFile, err)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is no file: %w", ErrNoFile)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, err
	}
	return data, nil
}

// WriteFile writes a file under a temporary name, brings it to the stick, gives it
// its name in place of an older file, brings that to the stick too, unmounts it,
// and reads the file back. Once it has begun it goes on to the end whatever becomes
// of ctx. Whatever stops it, a file of that name is the old one or the new one, but
// that a FAT file system whose stick is pulled out at that very moment may need
// repair.
func (s *Stick) WriteFile(ctx context.Context, name string, data []byte) error {
	err := plain(name)
	if err == nil {
		err = s.with(ctx, readWrite, func(folder *os.File) error { return write(folder, name, data) })
	}
	if err == nil {
		err = s.with(context.WithoutCancel(ctx), readOnly, func(folder *os.File) error { return verify(folder, name, data) })
	}
	if err != nil {
		return fmt.Errorf("writing %q to %s: %w", name, s.at.Title, err)
	}
	return nil
}

func write(folder *os.File, name string, data []byte) error {
	at, temporary := int(folder.Fd()), "."+name+".part"
	err := create(folder, temporary, data)
	if err == nil {
		err = os.NewSyscallError("renameat", unix.Renameat(at, temporary, at, name))
	}
	if err == nil {
		return settle(folder)
	}
	if e := unix.Unlinkat(at, temporary, 0); e != nil && !errors.Is(e, unix.ENOENT) {
		err = errors.Join(err, fmt.Errorf("removing %s: %w", temporary, e))
	}
	return err
}

// create writes a file and brings it to the stick.
func create(folder *os.File, name string, data []byte) (err error) {
	f, err := openIn(folder, name, unix.O_WRONLY|unix.O_CREAT|unix.O_TRUNC)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

// settle brings the folder and all of the file system to the stick.
func settle(folder *os.File) error {
	dir, err := openIn(folder, ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	defer dir.Close()
	return errors.Join(dir.Sync(), os.NewSyscallError("syncfs", unix.Syncfs(int(dir.Fd()))))
}

func verify(folder *os.File, name string, data []byte) error {
	got, err := read(folder, name, int64(len(data)))
	if errors.Is(err, ErrTooLarge) || errors.Is(err, ErrNoFile) || err == nil && !bytes.Equal(got, data) {
		return ErrDiffers
	}
	return err
}

// openIn opens a file of a folder. Symbolic links are not followed.
func openIn(folder *os.File, name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(int(folder.Fd()), name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(fd), name), nil
}

// with runs body on the mounted stick.
func (s *Stick) with(ctx context.Context, a access, body func(folder *os.File) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.at.present() {
		return ErrGone
	}
	err := s.withFolder(a, body)
	if err != nil && s.pulled(err) {
		return fmt.Errorf("%w (%w)", ErrGone, err)
	}
	return explain(err)
}

// A disk that is pulled out fails before the kernel has noticed why.
const (
	noticeTimes = 20
	noticeEvery = 100 * time.Millisecond
)

// pulled says whether the stick is gone, and gives the kernel time to notice it after
// an error that it may be the cause of.
func (s *Stick) pulled(err error) bool {
	for range noticeTimes {
		if !s.at.present() {
			return true
		}
		if !errors.Is(err, unix.EIO) && !errors.Is(err, unix.ENODEV) && !errors.Is(err, unix.ENXIO) {
			return false
		}
		time.Sleep(noticeEvery)
	}
	return false
}

func (s *Stick) withFolder(a access, body func(folder *os.File) error) (err error) {
	top, err := s.mount(s.at, s.format, a)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, top.Close()) }()
	if !s.at.present() { // another one may have taken its node
		return ErrGone
	}
	return body(top.File)
}

// explain adds to an error of the kernel what it means here.
func explain(err error) error {
	for _, e := range []struct{ from, to error }{
		{unix.ENOSPC, ErrFull}, {unix.EROFS, ErrReadOnly}, {unix.EACCES, ErrReadOnly},
	} {
		if errors.Is(err, e.from) && !errors.Is(err, e.to) {
			return fmt.Errorf("%w (%w)", e.to, err)
		}
	}
	return err
}
