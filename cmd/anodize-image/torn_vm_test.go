//go:build vm

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"anodize/devices/sim/usbredir"
)

// tearing is the medium of a stick that is pulled out in the middle of being written.
type tearing struct {
	*os.File
	left atomic.Int64 // how many writes it takes yet; below zero it is out
}

func (m *tearing) torn() bool { return m.left.Load() < 0 }

func (m *tearing) WriteAt(b []byte, at int64) (int, error) {
	if m.left.Add(-1) < 0 {
		return 0, fmt.Errorf("the stick was pulled out before %d bytes at %d", len(b), at)
	}
	return m.File.WriteAt(b, at)
}

func (m *tearing) ReadAt(b []byte, at int64) (int, error) {
	if m.torn() {
		return 0, fmt.Errorf("the stick was pulled out before %d bytes at %d were read", len(b), at)
	}
	return m.File.ReadAt(b, at)
}

// tryStick has files written to a stick that was just plugged in, again until the machine
// has found one, and returns the title that follows: refused, or the last page's.
func (s *seat) tryStick(refused string) (title string) {
	s.room.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		s.Insist(refused, "Enter")
		if title = s.Await(refused, "Init root: done"); title != refused || !s.Says("The stick is not there.") {
			return title
		}
	}
	s.room.t.Fatalf("the machine does not find the stick: see %s", s.Keep("last"))
	return ""
}

// tearStick has files written to a new stick that is pulled out after so many writes of
// the machine's. The page before that is refused, and the one after. It returns the
// stick's name.
func (s *seat) tearStick(writes int64, refused string) (name string) {
	t := s.room.t
	t.Helper()
	name = fmt.Sprintf("torn%d", writes)
	file, err := os.OpenFile(s.room.makeStick(name, stickSize, "profile.toml"), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	medium := &tearing{File: file}
	medium.left.Store(writes)
	stick, err := usbredir.NewStick(medium, stickSize)
	if err != nil {
		t.Fatal(err)
	}
	pull := s.plug("more", usbredir.NewMassStorage(stick, "0123456789AD"))
	// The machine may not have found it when the key is pressed.
	for end := time.Now().Add(patience); !medium.torn(); {
		if time.Now().After(end) {
			t.Fatalf("%s was not written to: see %s", name, s.Keep(name))
		}
		s.Await(refused)
		s.Press("Enter")
		for wait := time.Now().Add(5 * time.Second); !medium.torn() && time.Now().Before(wait); time.Sleep(50 * time.Millisecond) {
		}
	}
	pull()
	if page := s.Await(refused, "Init root: done"); page != refused {
		t.Fatalf("%s was pulled out while it was written, and the machine shows %q", name, page)
	}
	return name
}

// holdsNoHalf looks at a stick that was pulled out while it was written: what has a file's
// name there is the whole file, as it is on another stick. mtools reads both.
func (r *room) holdsNoHalf(torn, whole string) {
	r.t.Helper()
	content := func(stick, name string) ([]byte, error) {
		return exec.Command("mtype", "-i", r.sticks[stick], "::"+name).Output()
	}
	listed := r.tool("mdir", "-b", "-i", r.sticks[torn], "::")
	r.t.Logf("%s holds %q", torn, strings.Fields(listed))
	if !strings.Contains(listed, "profile.toml") {
		r.t.Errorf("%s has lost its profile: %s", torn, listed)
	}
	for _, name := range []string{"ROOT.CRT", "ROOT.CRL"} {
		want, err := content(whole, name)
		if err != nil || len(want) == 0 {
			r.t.Errorf("%s of %s has %d bytes: %v", name, filepath.Base(r.sticks[whole]), len(want), err)
		}
		if !strings.Contains(listed, "::/"+name) {
			continue
		}
		if got, err := content(torn, name); err != nil || !bytes.Equal(got, want) {
			r.t.Errorf("%s of %s has %d bytes, not its %d: %v", name, torn, len(got), len(want), err)
		}
	}
}
