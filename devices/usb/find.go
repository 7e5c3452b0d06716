package usb

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"anodize/devices/internal/sysfs"
)

// The YubiHSM 2's identity on the bus.
const (
	vendor  = "1050"
	product = "0030"
)

// Location is where a YubiHSM was found.
type Location struct {
	Serial string // as the device shows it on USB, zero-padded decimal: "0034332673"
	Node   string // its device node, /dev/bus/usb/BBB/DDD

	// ID tells this device, plugged in this once, from all others.
	ID string

	root string
}

// Find lists the YubiHSM 2 devices from what the kernel shows of them below root
// ("" is the machine's own root folder). It opens none.
func Find(root string) ([]Location, error) {
	devices := filepath.Join(root, "/sys/bus/usb/devices")
	entries, err := os.ReadDir(devices)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("looking for YubiHSMs: %w", err)
	}
	var found []Location
	for _, e := range entries {
		if l, ok := locate(root, filepath.Join(devices, e.Name())); ok {
			found = append(found, l)
		}
	}
	return found, nil
}

// locate reads one device's folder. It reports false for another kind of device,
// for an interface, and for what was unplugged since it was listed.
func locate(root, folder string) (Location, bool) {
	if sysfs.Attribute(folder, "idVendor") != vendor || sysfs.Attribute(folder, "idProduct") != product {
		return Location{}, false
	}
	bus, busErr := strconv.ParseUint(sysfs.Attribute(folder, "busnum"), 10, 16)
	number, err := strconv.ParseUint(sysfs.Attribute(folder, "devnum"), 10, 8)
	path, pathErr := filepath.EvalSymlinks(folder)
	if errors.Join(busErr, err, pathErr) != nil {
		return Location{}, false
	}
	return Location{
		Serial: sysfs.Said(folder, "serial"),
		Node:   filepath.Join(root, "/dev/bus/usb", fmt.Sprintf("%03d/%03d", bus, number)),
		ID:     fmt.Sprintf("%s %d", path, number), // every time it is plugged in it gets a new number
		root:   root,
	}, true
}
