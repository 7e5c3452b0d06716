package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"anodize/cmd/internal/program"
	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/devices/sim"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// stage is the folder that a rehearsal leaves its things in.
type stage struct{ out string }

// What a rehearsal leaves.
const (
	imageName    = "disc.img"
	sessionsName = "sessions.txt"
	shuttleName  = "shuttle"
	screensName  = "screens"
)

// newStage empties the folder of an earlier rehearsal and puts the profile and
// the requests on the stick. A folder that holds anything else is refused.
func newStage(o options) (*stage, error) {
	s := &stage{o.out}
	entries, err := os.ReadDir(o.out)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("looking into the folder: %w", err)
	}
	for _, e := range entries {
		switch e.Name() {
		case imageName, sessionsName, shuttleName, screensName:
		default:
			return nil, fmt.Errorf("%s holds %s, which no rehearsal left: give another folder with -out", o.out, e.Name())
		}
	}
	for _, name := range []string{imageName, sessionsName, shuttleName, screensName} {
		if err := os.RemoveAll(filepath.Join(o.out, name)); err != nil {
			return nil, fmt.Errorf("removing what the last rehearsal left: %w", err)
		}
	}
	for _, name := range []string{shuttleName, screensName} {
		if err := os.MkdirAll(filepath.Join(o.out, name), 0o777); err != nil {
			return nil, fmt.Errorf("making the folder: %w", err)
		}
	}
	return s, s.fill(o)
}

func (s *stage) fill(o options) error {
	if err := copyFile(o.profile, filepath.Join(o.out, shuttleName, "profile.toml")); err != nil {
		return fmt.Errorf("putting the profile on the stick: %w", err)
	}
	for _, csr := range o.csrs {
		if err := copyFile(csr, filepath.Join(o.out, shuttleName, filepath.Base(csr))); err != nil {
			return fmt.Errorf("putting a request on the stick: %w", err)
		}
	}
	return nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o666)
}

// ceremony lays the room out and prepares a ceremony in it.
func (s *stage) ceremony() (*room, *ceremony.Ceremony, error) {
	r, err := newRoom(filepath.Join(s.out, shuttleName))
	if err != nil {
		return nil, nil, err
	}
	sum, err := program.Hash()
	if err != nil {
		return nil, nil, err
	}
	return r, ceremony.New(ceremony.Setup{Room: r, Mode: ceremony.Rehearsal, Random: rand.Reader, Image: sum, Program: version(), Machine: rehearsed{}}), nil
}

// start begins a ceremony on the stage, seen on d unless that is nil.
func (s *stage) start(ctx context.Context, o options, d host.Display) (*player, func(), error) {
	r, c, err := s.ceremony()
	if err != nil {
		return nil, nil, err
	}
	screen := host.NewHeadless(o.size.X, o.size.Y, ui.New(kit.NewTheme()))
	if d != nil {
		screen = host.NewShown(d, ui.New(kit.NewTheme()))
	}
	p, stop := newPlayer(ctx, c, screen, r, filepath.Join(s.out, screensName))
	p.seen = d != nil
	return p, stop, nil
}

// version names the program as it was built.
func version() string { return program.Version("anodize-rehearsal", "") }

// leave writes the disc's image and the list of its sessions.
func (s *stage) leave(d *sim.Disc) (err error) {
	f, err := os.Create(filepath.Join(s.out, imageName))
	if err != nil {
		return fmt.Errorf("writing the disc's image: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	if err := d.WriteImage(w); err != nil {
		return fmt.Errorf("writing the disc's image: %w", err)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("writing the disc's image: %w", err)
	}
	size, err := f.Seek(0, io.SeekCurrent)
	if err != nil {
		return fmt.Errorf("measuring the disc's image: %w", err)
	}
	return s.list(f, size)
}

func (s *stage) list(image io.ReaderAt, size int64) error {
	sessions, problems := disc.Find(image, size)
	if err := errors.Join(problems...); err != nil {
		return fmt.Errorf("finding the sessions of the disc: %w", err)
	}
	var b bytes.Buffer
	for _, session := range sessions {
		newest := session.Directories[len(session.Directories)-1]
		fmt.Fprintf(&b, "%d\t%d\t%s\n", session.Address, session.Blocks, newest.Name)
	}
	if err := os.WriteFile(filepath.Join(s.out, sessionsName), b.Bytes(), 0o666); err != nil {
		return fmt.Errorf("writing the list of sessions: %w", err)
	}
	return nil
}
