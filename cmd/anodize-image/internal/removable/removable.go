// Package removable finds USB sticks and writes an image to one.
//
// It guarantees that nothing is written to a disk that the kernel does not call
// removable, that is not on USB, that anything is mounted from or that swaps; and
// that what was written has been read back from the stick itself.
//
// Sources: Linux's Documentation/ABI/stable/sysfs-block and proc(5), mountinfo.
package removable

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Disk is a disk as the kernel tells of it.
type Disk struct {
	Name   string // "sdb"
	Model  string // maker and model, as the disk says them
	Size   int64  // bytes
	number string // major:minor
	id     string // tells this disk, plugged in this once, from all others

	removable, usb, readOnly bool
	used                     []string // where it or its partitions are mounted, and what else holds them
}

// ErrRefused says that a disk is not one to write an image to.
var ErrRefused = errors.New("this is no USB stick to write to")

// Refusal says why no image is written to the disk; nil if it may be.
func (d Disk) Refusal() error {
	switch {
	case !d.usb:
		return fmt.Errorf("%w: %s is not on USB", ErrRefused, d.Name)
	case !d.removable:
		return fmt.Errorf("%w: %s is not removable", ErrRefused, d.Name)
	case len(d.used) > 0:
		return fmt.Errorf("%w: %s is in use: %s; unmount it first", ErrRefused, d.Name, strings.Join(d.used, ", "))
	case d.readOnly:
		return fmt.Errorf("%w: %s is write-protected", ErrRefused, d.Name)
	case d.Size == 0:
		return fmt.Errorf("%w: %s holds no medium", ErrRefused, d.Name)
	}
	return nil
}

// System is where the kernel tells of its devices. The zero value is this machine's;
// another root is for tests.
type System struct{ Root string }

func (s System) path(parts ...string) string {
	return filepath.Join(append([]string{"/", s.Root}, parts...)...)
}

// Sticks returns the disks on USB that are removable, in the order of their names.
func (s System) Sticks() ([]Disk, error) {
	entries, err := os.ReadDir(s.path("sys/block"))
	if err != nil {
		return nil, fmt.Errorf("listing the disks: %w", err)
	}
	var found []Disk
	for _, e := range entries {
		d, err := s.Disk(e.Name())
		if err != nil {
			return nil, err
		}
		if d.usb && d.removable {
			found = append(found, d)
		}
	}
	return found, nil
}

// Disk returns what the kernel tells of a disk, named "sdb" or "/dev/sdb".
func (s System) Disk(name string) (d Disk, err error) {
	d.Name = strings.TrimPrefix(name, "/dev/")
	if d.Name == "" || d.Name != filepath.Base(d.Name) || d.Name[0] == '.' {
		return d, fmt.Errorf("%w: %q names no disk; give one as /dev/sdb", ErrRefused, name)
	}
	folder, err := filepath.EvalSymlinks(s.path("sys/block", d.Name))
	if errors.Is(err, os.ErrNotExist) {
		return d, fmt.Errorf("%w: the kernel knows no disk %s; give a whole disk, not a partition", ErrRefused, d.Name)
	} else if err != nil {
		return d, fmt.Errorf("looking at the disk %s: %w", d.Name, err)
	}
	sectors, err := strconv.ParseInt(attribute(folder, "size"), 10, 64)
	if err != nil {
		return d, fmt.Errorf("reading the size of the disk %s: %w", d.Name, err)
	}
	d.Size = 512 * sectors // whatever the disk's own sectors are
	d.Model = printable(attribute(folder, "device/vendor") + " " + attribute(folder, "device/model"))
	d.number = attribute(folder, "dev")
	// The sequence number (since Linux 5.15) rises with every disk that comes.
	d.id = strings.Join([]string{folder, attribute(folder, "diskseq"), d.Model, attribute(folder, "size")}, " ")
	d.removable = attribute(folder, "removable") == "1"
	d.readOnly = attribute(folder, "ro") != "0"
	d.usb = strings.Contains(folder, "/usb")
	d.used, err = s.used(folder, d.Name)
	return d, err
}

// attribute is a file of sysfs without the line's end; empty if it cannot be read,
// which is never what lets a disk pass.
func attribute(folder, name string) string {
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

// printable is what a disk says of itself, which could be meant for the terminal.
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?")))
}

// used says what uses a disk or one of its partitions: mounts, swap, and what is
// built on it.
func (s System) used(folder, disk string) ([]string, error) {
	folders := []string{folder}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("looking for the partitions of %s: %w", disk, err)
	}
	for _, e := range entries {
		if attribute(filepath.Join(folder, e.Name()), "partition") != "" {
			folders = append(folders, filepath.Join(folder, e.Name()))
		}
	}
	mounts, err := os.ReadFile(s.path("proc/self/mountinfo"))
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	swaps, err := os.ReadFile(s.path("proc/swaps"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("reading what swaps: %w", err)
	}
	var used []string
	for _, f := range folders {
		number, node := attribute(f, "dev"), "/dev/"+filepath.Base(f)
		for line := range strings.Lines(string(mounts)) {
			// The third word is the device, the fifth where it is mounted; what is
			// mounted under a number of its own is found by its name behind the hyphen.
			words := strings.Fields(line)
			if len(words) > 4 && (words[2] == number || slices.Contains(words[5:], node)) {
				used = append(used, "mounted at "+words[4])
			}
		}
		for line := range strings.Lines(string(swaps)) {
			if words := strings.Fields(line); len(words) > 0 && words[0] == node {
				used = append(used, node+" swaps")
			}
		}
		holders, _ := os.ReadDir(filepath.Join(f, "holders")) // a kernel without it has no holders
		for _, h := range holders {
			used = append(used, h.Name()+" is built on it")
		}
	}
	return used, nil
}
