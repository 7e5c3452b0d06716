// Package removable finds USB sticks and writes an image to one.
//
// It guarantees that nothing is written to a disk that the kernel does not call
// removable, that is not on USB, that anything is mounted from or that swaps; and
// that what was written has been read back from the stick itself.
//
// What the kernel tells of disks, and of what uses them, package block reads.
package removable

import (
	"errors"
	"fmt"
	"strings"

	"anodize/devices/block"
)

// Disk is a disk, and what speaks against writing to it.
type Disk struct {
	block.Disk
	used []string // where it or its partitions are mounted, and what else holds them
}

// ErrRefused says that a disk is not one to write an image to.
var ErrRefused = errors.New("this is no USB stick to write to")

// Refusal says why no image is written to the disk; nil if it may be.
func (d Disk) Refusal() error {
	switch {
	case !d.OnUSB:
		return fmt.Errorf("%w: %s is not on USB", ErrRefused, d.Name)
	case !d.Removable:
		return fmt.Errorf("%w: %s is not removable", ErrRefused, d.Name)
	case len(d.used) > 0:
		return fmt.Errorf("%w: %s is in use: %s; unmount it first", ErrRefused, d.Name, strings.Join(d.used, ", "))
	case d.ReadOnly:
		return fmt.Errorf("%w: %s is write-protected", ErrRefused, d.Name)
	case d.Size == 0:
		return fmt.Errorf("%w: %s holds no medium", ErrRefused, d.Name)
	}
	return nil
}

// System is where the kernel tells of its devices. The zero value is this machine's;
// another root is for tests.
type System struct{ Root string }

// Sticks returns the disks on USB that are removable, in the order of their names.
func (s System) Sticks() ([]Disk, error) {
	all, err := block.Disks(s.Root)
	if err != nil {
		return nil, err
	}
	var found []Disk
	for _, d := range all {
		if !d.OnUSB || !d.Removable {
			continue
		}
		used, err := d.Uses()
		if err != nil {
			return nil, err
		}
		found = append(found, Disk{d, used})
	}
	return found, nil
}

// Disk returns what the kernel tells of a disk, named "sdb" or "/dev/sdb".
func (s System) Disk(name string) (Disk, error) {
	d, err := block.DiskNamed(s.Root, strings.TrimPrefix(name, "/dev/"))
	if errors.Is(err, block.ErrNoDisk) {
		return Disk{}, fmt.Errorf("%w: %w", ErrRefused, err)
	} else if err != nil {
		return Disk{}, err
	}
	used, err := d.Uses()
	return Disk{d, used}, err
}
