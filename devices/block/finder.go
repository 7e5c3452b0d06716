package block

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Label is the label of a ceremony's stick, without regard to case.
const Label = "ANODIZE"

// ProfileName is the file by which a stick with another label is known, without
// regard to case.
const ProfileName = "profile.toml"

// Finder tells the ceremony's sticks from whatever else is plugged in. Each thing
// is looked into once, when it comes. The methods may be called from several
// goroutines.
type Finder struct {
	root  string
	mount mounter

	mu    sync.Mutex
	known map[string]verdict // by ID
}

// verdict is what something that is plugged in has turned out to be: a stick, or
// something else for a reason that people should hear, or, with neither, something
// else.
type verdict struct {
	stick *Stick
	why   error
}

// NewFinder looks below root ("" is the machine's own root folder).
func NewFinder(root string) *Finder {
	return &Finder{root: root, mount: mount, known: map[string]verdict{}}
}

// UnreadableError tells of something that is labelled as the stick, and cannot be read.
type UnreadableError struct {
	At  Location
	Err error
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the stick %s cannot be read: %v", e.At.Title, e.Err)
}

func (e *UnreadableError) Unwrap() error { return e.Err }

// Find returns the sticks that are plugged in and can be read: labelled ANODIZE, or
// holding profile.toml. refused says why other things are not taken for one, with an
// *UnreadableError for each that is labelled ANODIZE; a medium to boot from is passed
// over in silence. The same stick is the same value at every call until it is pulled
// out.
func (f *Finder) Find(ctx context.Context) (sticks []*Stick, refused []error, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	all, err := Find(f.root)
	if err != nil {
		return nil, nil, err
	}
	known := map[string]verdict{}
	for _, l := range all {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		v, ok := f.known[l.ID]
		if !ok {
			v, err = f.judge(ctx, l)
			if errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) || errors.Is(err, ErrGone) { // it comes or goes just now
				continue
			}
			if err != nil { // it may be better another time
				refused = append(refused, fmt.Errorf("looking for the stick on %s: %w", l.Title, err))
				continue
			}
		}
		known[l.ID] = v
		if v.stick != nil {
			sticks = append(sticks, v.stick)
		}
		if v.why != nil {
			refused = append(refused, v.why)
		}
	}
	f.known = known
	return sticks, refused, nil
}

// judge looks into what is plugged in. It changes nothing there.
func (f *Finder) judge(ctx context.Context, l Location) (verdict, error) {
	format, label, err := look(l)
	if err != nil {
		return verdict{}, err
	}
	switch format {
	case unknown:
		return verdict{why: fmt.Errorf("%s is formatted neither as FAT nor as exFAT: format it on another computer, with the label %s", l.Title, Label)}, nil
	case iso9660, partitions: // the latter come in a moment
		return verdict{}, nil
	}
	s := &Stick{at: l, format: format, mount: f.mount}
	if strings.EqualFold(label, Label) {
		return s.tried(ctx)
	}
	return s.judgeContents(ctx, label)
}

// tried is the verdict on what is labelled as the stick: one that cannot be mounted or
// listed would be found out late, or taken for a second one.
func (s *Stick) tried(ctx context.Context) (verdict, error) {
	err := s.with(ctx, readOnly, func(folder *os.File) error {
		_, err := list(folder)
		return err
	})
	switch {
	case err == nil:
		return verdict{stick: s}, nil
	case errors.Is(err, unix.ENXIO) || errors.Is(err, unix.ENODEV) || errors.Is(err, ErrGone):
		return verdict{}, err
	}
	return verdict{why: &UnreadableError{s.at, err}}, nil // until it is plugged in again: each look may take seconds
}

// look reads the format and the label.
func look(l Location) (format, string, error) {
	node, err := os.Open(l.Node)
	if err != nil {
		return unknown, "", err
	}
	defer node.Close()
	return probe(node)
}

// judgeContents looks for the profile on something that has another label.
func (s *Stick) judgeContents(ctx context.Context, label string) (v verdict, err error) {
	err = s.with(ctx, readOnly, func(folder *os.File) error {
		profile, err := holds(folder, ProfileName)
		if err != nil {
			return err
		}
		boots, err := holds(folder, "EFI")
		switch {
		case err != nil:
			return err
		case profile:
			v.stick = s
		case !boots:
			v.why = fmt.Errorf("%s is labelled %q and holds no %s: if it is the stick, copy the profile to it or give it the label %s",
				s.at.Title, label, ProfileName, Label)
		}
		return nil
	})
	return v, err
}

// holds says whether a folder has an entry of that name; FAT and exFAT find it in
// any case of its letters.
func holds(folder *os.File, name string) (bool, error) {
	var st unix.Stat_t
	err := unix.Fstatat(int(folder.Fd()), name, &st, unix.AT_SYMLINK_NOFOLLOW)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return err == nil, os.NewSyscallError("fstatat", err)
}
