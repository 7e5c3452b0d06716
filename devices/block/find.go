package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"anodize/devices/internal/sysfs"
)

// Location is a place that can hold a file system on a disk that can be pulled out:
// a partition, or a whole disk that has none.
type Location struct {
	Name string // "sda1"
	Node string // its device node

	// Title is what people know it by, as Disk.Title says it.
	Title string

	// ID tells this disk, plugged in this once, from all others.
	ID string

	root, class string // where its machine is, and its link in sysfs
}

// Find lists the places that may be the stick, from what the kernel shows of them
// below root ("" is the machine's own root folder). It opens none.
func Find(root string) ([]Location, error) {
	class := filepath.Join(root, "/sys/class/block")
	entries, err := os.ReadDir(class)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for sticks: %w", err)
	}
	var found []Location
	for _, e := range entries {
		l := Location{Name: e.Name(), Node: filepath.Join(root, "/dev", e.Name()), root: root, class: filepath.Join(class, e.Name())}
		folder, disk, ok := l.folders()
		if !ok || !removable(disk) || !running(disk) || folder == disk && hasPartitions(disk) || sysfs.Attribute(folder, "size") == "0" {
			continue
		}
		l.ID, l.Title = identity(folder, disk), diskAt(root, disk).Title()
		found = append(found, l)
	}
	return found, nil
}

// folders returns its folder in sysfs and that of its disk, which is the same for a
// whole disk. It reports false if it is gone.
func (l Location) folders() (folder, disk string, ok bool) {
	folder, err := filepath.EvalSymlinks(l.class)
	if err != nil {
		return "", "", false
	}
	if sysfs.Attribute(folder, "partition") != "" {
		return folder, filepath.Dir(folder), true
	}
	return folder, folder, true
}

// identity holds the disk's sequence number (since Linux 5.15), which rises with
// every disk that comes and every medium that is changed.
func identity(folder, disk string) string { return folder + " " + sysfs.Attribute(disk, "diskseq") }

func (l Location) present() bool {
	folder, disk, ok := l.folders()
	return ok && sysfs.Attribute(folder, "size") != "0" && identity(folder, disk) == l.ID && running(disk)
}

// running says whether a SCSI disk is in use and not being removed
// (drivers/scsi/scsi_sysfs.c); others have no state.
func running(disk string) bool {
	state := sysfs.Attribute(disk, "device/state")
	return state == "" || state == "running"
}

// removable says whether a disk can be pulled out. An optical drive is none.
func removable(disk string) bool {
	const typeOptical = "5" // SPC-4 section 6.6.2
	if strings.Contains(disk, "/devices/virtual/") || sysfs.Attribute(disk, "device/type") == typeOptical {
		return false
	}
	return sysfs.Attribute(disk, "removable") == "1" || sysfs.OnUSB(disk)
}

func hasPartitions(disk string) bool {
	found, err := filepath.Glob(filepath.Join(disk, "*", "partition"))
	return err == nil && len(found) > 0
}
