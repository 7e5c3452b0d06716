package scsi

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"anodize/devices/internal/sysfs"
)

// Location is where an optical drive was found.
type Location struct {
	Name  string // "sr0"
	Node  string // its device node
	Title string // what people know it by, "PIONEER BD-RW BDR-XD07 (serial ends in 00WL)"; its name if it says nothing of itself

	// ID tells this drive, plugged in this once, from all others: its folder in
	// sysfs, which has another name after the drive was unplugged.
	ID string
}

// typeOptical is an optical drive's peripheral device type (SPC-4 section 6.6.2).
const typeOptical = "5"

// Find lists the optical drives, in the order of their numbers, from what the
// kernel shows of them below root ("" is the machine's own root folder). It opens
// none.
func Find(root string) ([]Location, error) {
	class := filepath.Join(root, "/sys/class/block")
	entries, err := os.ReadDir(class)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for optical drives: %w", err)
	}
	numbers := map[string]int{}
	var found []Location
	for _, e := range entries {
		digits, ok := strings.CutPrefix(e.Name(), "sr")
		number, err := strconv.Atoi(digits)
		if !ok || err != nil || sysfs.Attribute(class, e.Name(), "device/type") != typeOptical {
			continue
		}
		id, err := filepath.EvalSymlinks(filepath.Join(class, e.Name()))
		if err != nil { // it was unplugged since it was listed
			continue
		}
		numbers[e.Name()] = number
		title := sysfs.Title(sysfs.Said(id, "device/vendor"), sysfs.Said(id, "device/model"), "", sysfs.USBSerial(id))
		found = append(found, Location{
			Name: e.Name(), Node: filepath.Join(root, "/dev", e.Name()), ID: id, Title: cmp.Or(title, e.Name()),
		})
	}
	slices.SortFunc(found, func(a, b Location) int { return cmp.Compare(numbers[a.Name], numbers[b.Name]) })
	return found, nil
}
