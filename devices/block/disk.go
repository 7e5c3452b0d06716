package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"anodize/devices/internal/sysfs"
)

// Disk is a whole disk as the kernel tells of it, before anything is done to it. What
// the disk says of itself is printable.
type Disk struct {
	Name   string // "sdb"
	Number string // of its node, "8:16"
	Size   int64  // bytes; 0 without a medium
	Maker  string // these three may be empty
	Model  string
	Serial string // of the USB device that it hangs on

	// ID tells this disk, plugged in this once, from all others.
	ID string

	Removable bool // the kernel says that its medium can be removed
	OnUSB     bool
	ReadOnly  bool // write-protected, or it does not say

	root, folder string
}

// ErrNoDisk says that a name is not that of a disk.
var ErrNoDisk = errors.New("the kernel knows no such disk; give a whole disk, not a partition")

// Disks lists all disks below root ("" is the machine's own root folder), in the order
// of their names.
func Disks(root string) ([]Disk, error) {
	entries, err := os.ReadDir(filepath.Join("/", root, "sys/block"))
	if err != nil {
		return nil, fmt.Errorf("listing the disks: %w", err)
	}
	var all []Disk
	for _, e := range entries {
		d, err := DiskNamed(root, e.Name())
		if errors.Is(err, ErrNoDisk) { // it was pulled out since it was listed
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// DiskNamed is the disk with a name, "sdb". Its error wraps ErrNoDisk if there is none.
func DiskNamed(root, name string) (Disk, error) {
	if name == "" || name != filepath.Base(name) || name[0] == '.' {
		return Disk{}, fmt.Errorf("%q: %w", name, ErrNoDisk)
	}
	folder, err := filepath.EvalSymlinks(filepath.Join("/", root, "sys/block", name))
	if errors.Is(err, fs.ErrNotExist) {
		return Disk{}, fmt.Errorf("%s: %w", name, ErrNoDisk)
	} else if err != nil {
		return Disk{}, fmt.Errorf("looking at the disk %s: %w", name, err)
	}
	return diskAt(root, folder), nil
}

// diskAt is the disk whose folder in sysfs that is.
func diskAt(root, folder string) Disk {
	return Disk{
		Name: filepath.Base(folder), Number: sysfs.Attribute(folder, "dev"), Size: sizeOf(folder), ID: identity(folder, folder),
		Maker: sysfs.Said(folder, "device/vendor"), Model: sysfs.Said(folder, "device/model"), Serial: sysfs.USBSerial(folder),
		Removable: sysfs.Attribute(folder, "removable") == "1", OnUSB: sysfs.OnUSB(folder), ReadOnly: sysfs.Attribute(folder, "ro") != "0",
		root: root, folder: folder,
	}
}

// sizeOf is the size of a disk or a partition in bytes; 0 if it is not told.
func sizeOf(folder string) int64 {
	const unit = 512 // of sysfs' sizes, whatever the disk's sectors are
	sectors, err := strconv.ParseInt(sysfs.Attribute(folder, "size"), 10, 64)
	if err != nil || sectors < 0 || sectors > 1<<53 {
		return 0
	}
	return sectors * unit
}

// Sold is what stands on the disk's box: its maker and its model. It may be empty.
func (d Disk) Sold() string { return strings.Join(strings.Fields(d.Maker+" "+d.Model), " ") }

// Capacity is its size as disks are sold: "67 MB", "1.5 GB", "16 GB".
func (d Disk) Capacity() string { return Capacity(d.Size) }

// Capacity is a number of bytes as disks are sold.
func Capacity(n int64) string {
	switch {
	case n >= 10e9:
		return fmt.Sprintf("%d GB", n/1e9)
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

// Title is what people know the disk by: "SanDisk Ultra 16 GB (serial ends in 4D5A)";
// its name if it says nothing of itself.
func (d Disk) Title() string {
	if title := sysfs.Title(d.Maker, d.Model, d.Capacity(), d.Serial); title != "" {
		return title
	}
	return d.Name
}
