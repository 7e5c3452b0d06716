package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// terminals names the serial lines of the machine below root that there is hardware
// for: others are of type 0 (include/uapi/linux/serial_core.h, PORT_UNKNOWN).
func terminals(root string) []string {
	found, err := filepath.Glob(filepath.Join(root, "/sys/class/tty/ttyS*"))
	if err != nil {
		return nil
	}
	var names []string
	for _, f := range found {
		kind, err := os.ReadFile(filepath.Join(f, "type"))
		if err == nil && strings.TrimSpace(string(kind)) != "0" {
			names = append(names, filepath.Join(root, "/dev", filepath.Base(f)))
		}
	}
	return names
}

// status is what every other terminal says: the ceremony is not there.
type status struct {
	mu      sync.Mutex
	text    string
	changed chan struct{} // closed when the text is another; nil before anybody waits
}

func (s *status) set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.text = text
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// now returns the text, and what is closed when it is another.
func (s *status) now() (string, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.text, s.changed
}

// tellOn says the status on a terminal, for as long as there is one. A terminal that
// cannot be used is left alone.
func (s *status) tellOn(name string) {
	f, err := openTerminal(name)
	if err != nil {
		return
	}
	defer f.Close()
	s.tell(f)
}

// pace is the least time between two answers to someone who types.
const pace = time.Second

// tell says the status whenever it changes, and whenever something is typed. Nothing
// that is typed means anything.
func (s *status) tell(terminal io.ReadWriter) {
	typed := make(chan struct{}, 1)
	go func() {
		defer close(typed)
		b := make([]byte, 64)
		for {
			if _, err := terminal.Read(b); err != nil {
				return
			}
			select {
			case typed <- struct{}{}:
			default: // it is to be answered already
			}
			time.Sleep(pace)
		}
	}()
	for {
		text, changed := s.now()
		if text != "" {
			if _, err := fmt.Fprintf(terminal, "\r\n%s\r\n", text); err != nil {
				return
			}
		}
		select {
		case <-changed:
		case _, ok := <-typed:
			if !ok {
				return
			}
		}
	}
}

// openTerminal opens a serial line that nobody need be at the other end of.
func openTerminal(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	fd := int(f.Fd())
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err == nil {
		t.Iflag, t.Lflag = 0, 0 // no echo, no signals
		t.Cflag |= unix.CREAD | unix.CLOCAL
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		err = unix.IoctlSetTermios(fd, unix.TCSETS, t)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
