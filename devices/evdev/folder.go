package evdev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// folder watches a folder of devices that may not exist yet: the kernel makes
// /dev/input with the first device, and removes it with the last.
type folder struct {
	dir     string
	fd      int
	file    *os.File      // fd's owner
	changes chan struct{} // receives a value when something may have changed
}

func watchFolder(dir string) (*folder, error) {
	fd, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("watching %s: %w", dir, err)
	}
	f := &folder{dir: dir, fd: fd, file: os.NewFile(uintptr(fd), "inotify"), changes: make(chan struct{}, 1)}
	if _, err := unix.InotifyAddWatch(fd, filepath.Dir(dir), unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR); err != nil {
		return nil, errors.Join(fmt.Errorf("watching %s: %w", filepath.Dir(dir), err), f.file.Close())
	}
	go f.read()
	return f, nil
}

// read turns whatever inotify says into one value: the folder is listed anyway.
func (f *folder) read() {
	buf := make([]byte, 16<<10)
	for {
		if _, err := f.file.Read(buf); err != nil {
			return // closed
		}
		select {
		case f.changes <- struct{}{}:
		default: // one is waiting already
		}
	}
}

// list returns the paths of the event devices, and goes on watching.
func (f *folder) list() ([]string, error) {
	// Watch first, so that nothing comes in between; the same folder twice is one watch.
	const mask = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_ATTRIB | unix.IN_DELETE | unix.IN_DELETE_SELF | unix.IN_ONLYDIR
	if _, err := unix.InotifyAddWatch(f.fd, f.dir, mask); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil, nil
		}
		return nil, fmt.Errorf("watching %s: %w", f.dir, err)
	}
	entries, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("looking for devices: %w", err)
	}
	var paths []string
	for _, e := range entries {
		if digits, ok := strings.CutPrefix(e.Name(), "event"); ok {
			if _, err := strconv.ParseUint(digits, 10, 16); err == nil {
				paths = append(paths, filepath.Join(f.dir, e.Name()))
			}
		}
	}
	return paths, nil
}

func (f *folder) close() error { return f.file.Close() }
