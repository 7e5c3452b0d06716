package drm

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// node is an open device node of a card. Tests put their own kernel here.
type node interface {
	ioctl(request uintptr, argument unsafe.Pointer) error
	mmap(offset int64, length int) ([]byte, error)
	munmap(mem []byte) error
	// read returns what the card has to say, none after the time given.
	read(buf []byte, patience time.Duration) (int, error)
	close() error
}

// fileNode is the kernel's.
type fileNode int

func openNode(path string) (node, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fileNode(fd), nil
}

func (n fileNode) ioctl(request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR, unix.EAGAIN:
		default:
			return errno
		}
	}
}

func (n fileNode) mmap(offset int64, length int) ([]byte, error) {
	return unix.Mmap(int(n), offset, length, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
}

func (n fileNode) munmap(mem []byte) error { return unix.Munmap(mem) }

func (n fileNode) read(buf []byte, patience time.Duration) (int, error) {
	for end := time.Now().Add(patience); ; {
		left := max(0, time.Until(end))
		fds := []unix.PollFd{{Fd: int32(n), Events: unix.POLLIN}}
		ready, err := unix.Poll(fds, int(left.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return 0, err
		case ready == 0:
			return 0, nil
		}
		got, err := unix.Read(int(n), buf)
		if errors.Is(err, unix.EINTR) || errors.Is(err, unix.EAGAIN) {
			continue
		}
		return max(0, got), err
	}
}

func (n fileNode) close() error { return unix.Close(int(n)) }

// cardPaths lists the primary nodes in dir, card0 first.
func cardPaths(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("looking for displays: %w", err)
	}
	var numbers []int
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "card")
		if n, err := strconv.Atoi(digits); ok && err == nil && n >= 0 {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	paths := make([]string, len(numbers))
	for i, n := range numbers {
		paths[i] = filepath.Join(dir, "card"+strconv.Itoa(n))
	}
	return paths, nil
}
