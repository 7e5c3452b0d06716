package block

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Location is a place that can hold a file system on a disk that can be pulled out:
// a partition, or a whole disk that has none.
type Location struct {
	Name string // "sda1"
	Node string // its device node

	// ID tells this disk, plugged in this once, from all others.
	ID string

	class string // its link in sysfs
}

// onUSB matches the folder in sysfs of what hangs on a USB bus.
var onUSB = regexp.MustCompile(`/usb[0-9]+/`)

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
		l := Location{Name: e.Name(), Node: filepath.Join(root, "/dev", e.Name()), class: filepath.Join(class, e.Name())}
		folder, disk, ok := l.folders()
		if !ok || !removable(disk) || !running(disk) || folder == disk && hasPartitions(disk) || attribute(folder, "size") == "0" {
			continue
		}
		l.ID = identity(folder, disk)
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
	if attribute(folder, "partition") != "" {
		return folder, filepath.Dir(folder), true
	}
	return folder, folder, true
}

// identity holds the disk's sequence number (since Linux 5.15), which rises with
// every disk that comes and every medium that is changed.
func identity(folder, disk string) string { return folder + " " + attribute(disk, "diskseq") }

func (l Location) present() bool {
	folder, disk, ok := l.folders()
	return ok && attribute(folder, "size") != "0" && identity(folder, disk) == l.ID && running(disk)
}

// running says whether a SCSI disk is in use and not being removed
// (drivers/scsi/scsi_sysfs.c); others have no state.
func running(disk string) bool {
	state := attribute(disk, "device/state")
	return state == "" || state == "running"
}

// removable says whether a disk can be pulled out. An optical drive is none.
func removable(disk string) bool {
	const typeOptical = "5" // SPC-4 section 6.6.2
	if strings.Contains(disk, "/devices/virtual/") || attribute(disk, "device/type") == typeOptical {
		return false
	}
	return attribute(disk, "removable") == "1" || onUSB.MatchString(disk)
}

func hasPartitions(disk string) bool {
	found, err := filepath.Glob(filepath.Join(disk, "*", "partition"))
	return err == nil && len(found) > 0
}

// maxAttribute bounds what is read of a file in sysfs, in bytes.
const maxAttribute = 4096

// attribute is a value in sysfs; empty if it cannot be had.
func attribute(elements ...string) string {
	f, err := os.Open(filepath.Join(elements...))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAttribute))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}
