package sim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// What can be wrong with a stick, or with what is asked of it.
var (
	ErrStickGone     = errors.New("simulated stick: not plugged in")
	ErrStickFull     = errors.New("simulated stick: no space left")
	ErrStickName     = errors.New("simulated stick: not a plain file name")
	ErrStickTooLarge = errors.New("simulated stick: the file is larger than allowed")
	ErrStickDiffers  = errors.New("simulated stick: the file reads back different from what was written")
)

// Stick is a USB stick whose files are those of a directory of the host. It
// has one folder; links and folders in it are not shown and not followed.
type Stick struct {
	mu     sync.Mutex
	dir    string
	pulled bool
	number int
	trace  func(StickOperation)
	fault  StickFault
}

// StickStep is what an operation does to the stick. The set is closed.
type StickStep uint8

// The steps. WriteFile goes through StickCreate to StickVerify in this order.
const (
	StickList       StickStep = iota // the folder is read
	StickRead                        // a file is read
	StickCreate                      // a temporary file is made
	StickWrite                       // data is written to it
	StickSync                        // and is on the stick
	StickRename                      // the file takes its own name
	StickSyncFolder                  // and the name is on the stick
	StickVerify                      // the file is read back
)

var stickSteps = [...]string{"list", "read", "create", "write", "sync", "rename", "sync folder", "verify"}

func (s StickStep) String() string {
	if int(s) < len(stickSteps) {
		return stickSteps[s]
	}
	return "unknown"
}

// StickOperation is one step as it happened, Err included.
type StickOperation struct {
	Number int // from 1, over the life of the stick
	Step   StickStep
	Name   string // of the file that is meant in the end; empty for StickList
	Bytes  int    // read or written
	Err    error
}

// A StickEffect is something that goes wrong with one step. The set is closed:
// PulledOut, Full and ReadsDifferent.
type StickEffect interface{ stickEffect() }

// PulledOut removes the stick at this step. In a write, AfterBytes bytes still
// arrive.
type PulledOut struct{ AfterBytes int }

// Full ends a write after AfterBytes bytes for want of space.
type Full struct{ AfterBytes int }

// ReadsDifferent inverts a bit of byte Offset in what a read or a read-back
// delivers.
type ReadsDifferent struct{ Offset int }

func (PulledOut) stickEffect()      {}
func (Full) stickEffect()           {}
func (ReadsDifferent) stickEffect() {}

// A StickFault is asked before each step what goes wrong with it; nil is
// nothing.
type StickFault func(StickOperation) StickEffect

// AtStep lets the effect happen at one step, counted from 1.
func AtStep(number int, effect StickEffect) StickFault {
	return func(o StickOperation) StickEffect {
		if o.Number == number {
			return effect
		}
		return nil
	}
}

// NewStick makes a stick that is plugged in, with the files of dir, which must
// exist.
func NewStick(dir string) *Stick { return &Stick{dir: dir} }

// SetTrace lets f see every step after it happened, in order. f must not call
// the stick.
func (s *Stick) SetTrace(f func(StickOperation)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trace = f
}

// SetFault replaces the stick's faults; nil removes them.
func (s *Stick) SetFault(f StickFault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Pull takes the stick out.
func (s *Stick) Pull() { s.setPulled(true) }

// Plug puts the stick in.
func (s *Stick) Plug() { s.setPulled(false) }

func (s *Stick) setPulled(pulled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pulled = pulled
}

// Present says whether the stick is plugged in.
func (s *Stick) Present() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.pulled
}

// step runs one step between fault and trace. The body is told the effect and
// gives the number of bytes it moved.
func (s *Stick) step(ctx context.Context, step StickStep, name string, body func(StickEffect) (int, error)) error {
	s.number++
	o := StickOperation{Number: s.number, Step: step, Name: name}
	o.Bytes, o.Err = s.attempt(ctx, o, body)
	if s.trace != nil {
		s.trace(o)
	}
	if o.Err != nil {
		return fmt.Errorf("%s %q: %w", step, name, o.Err)
	}
	return nil
}

func (s *Stick) attempt(ctx context.Context, o StickOperation, body func(StickEffect) (int, error)) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	if s.pulled {
		return 0, ErrStickGone
	}
	var effect StickEffect
	if s.fault != nil {
		effect = s.fault(o)
	}
	if _, out := effect.(PulledOut); out {
		s.pulled = true
		if o.Step != StickWrite {
			return 0, ErrStickGone
		}
	}
	return body(effect)
}

// root opens the stick's folder, out of which no name leads.
func (s *Stick) root() (*os.Root, error) { return os.OpenRoot(s.dir) }

// List names the regular files, sorted. Names that a stick could not hold and
// those that begin with a dot are left out.
func (s *Stick) List(ctx context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	err := s.step(ctx, StickList, "", func(StickEffect) (int, error) {
		entries, err := os.ReadDir(s.dir)
		if err != nil {
			return 0, err
		}
		for _, entry := range entries {
			if entry.Type().IsRegular() && stickName(entry.Name()) {
				names = append(names, entry.Name())
			}
		}
		return len(names), nil
	})
	slices.Sort(names)
	return names, err
}

// ReadFile reads a file of at most limit bytes; a longer one is refused with
// ErrStickTooLarge before anything of it is read.
func (s *Stick) ReadFile(ctx context.Context, name string, limit int64) ([]byte, error) {
	if !stickName(name) {
		return nil, fmt.Errorf("read %q: %w", name, ErrStickName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var data []byte
	err := s.step(ctx, StickRead, name, func(effect StickEffect) (n int, err error) {
		data, err = s.readAll(name, limit, effect)
		return len(data), err
	})
	return data, err
}

func (s *Stick) readAll(name string, limit int64, effect StickEffect) ([]byte, error) {
	root, err := s.root()
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, ErrStickName
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrStickTooLarge, info.Size(), limit)
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil {
		return nil, err
	}
	if e, ok := effect.(ReadsDifferent); ok && e.Offset >= 0 && e.Offset < len(data) {
		data[e.Offset] ^= 1
	}
	return data, nil
}

// WriteFile writes a file under a temporary name, brings it to the stick, gives
// it its name, brings that to the stick too, and reads the file back. Whatever
// stops it, a file of that name is the old one or the whole new one.
func (s *Stick) WriteFile(ctx context.Context, name string, data []byte) error {
	if !stickName(name) {
		return fmt.Errorf("write %q: %w", name, ErrStickName)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := s.root()
	if err != nil {
		return fmt.Errorf("write %q: %w", name, err)
	}
	defer root.Close()
	temporary := "." + name + ".part"
	if err := s.writeTemporary(ctx, root, name, temporary, data); err != nil {
		if !s.pulled {
			err = errors.Join(err, removeIfThere(root, temporary))
		}
		return err
	}
	if err := s.step(ctx, StickRename, name, func(StickEffect) (int, error) {
		return 0, root.Rename(temporary, name)
	}); err != nil {
		return err
	}
	if err := s.step(ctx, StickSyncFolder, name, func(StickEffect) (int, error) {
		return 0, syncFolder(root)
	}); err != nil {
		return err
	}
	return s.verify(ctx, name, data)
}

func (s *Stick) writeTemporary(ctx context.Context, root *os.Root, name, temporary string, data []byte) (err error) {
	var file *os.File
	if err := s.step(ctx, StickCreate, name, func(StickEffect) (_ int, err error) {
		file, err = root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		return 0, err
	}); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := s.step(ctx, StickWrite, name, func(effect StickEffect) (int, error) {
		return stickWrite(file, data, effect)
	}); err != nil {
		return err
	}
	return s.step(ctx, StickSync, name, func(StickEffect) (int, error) {
		return 0, file.Sync()
	})
}

// stickWrite writes as much of the data as the effect lets through.
func stickWrite(file *os.File, data []byte, effect StickEffect) (int, error) {
	part, failure := data, error(nil)
	switch e := effect.(type) {
	case PulledOut:
		part, failure = data[:min(max(e.AfterBytes, 0), len(data))], ErrStickGone
	case Full:
		part, failure = data[:min(max(e.AfterBytes, 0), len(data))], ErrStickFull
	}
	n, err := file.Write(part)
	return n, errors.Join(failure, err)
}

func (s *Stick) verify(ctx context.Context, name string, data []byte) error {
	return s.step(ctx, StickVerify, name, func(effect StickEffect) (int, error) {
		got, err := s.readAll(name, int64(len(data)), effect)
		if err == nil && !bytes.Equal(got, data) || errors.Is(err, ErrStickTooLarge) {
			err = ErrStickDiffers
		}
		return len(got), err
	})
}

func syncFolder(root *os.Root) error {
	folder, err := root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func removeIfThere(root *os.Root, name string) error {
	if err := root.Remove(name); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// stickName says whether a FAT file system could hold the name: no separators,
// none of its reserved characters, no control characters, no leading dot, no
// dot or space at the end, at most 200 bytes so that the temporary name fits.
func stickName(name string) bool {
	if name == "" || len(name) > 200 || !utf8.ValidString(name) || name[0] == '.' {
		return false
	}
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r < 0x20 || r == 0x7F || strings.ContainsRune(`/\:*?"<>|`, r)
	})
}
