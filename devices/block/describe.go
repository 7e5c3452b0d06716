package block

import (
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// Description is what there is to tell about a Location before anything is done to it.
// What the disk says of itself is printable.
type Description struct {
	Size   int64  // bytes
	Maker  string // of its disk, as it says itself; these three may be empty
	Model  string
	Serial string
	Format string // FAT, exFAT, ISO 9660, partitions, or unknown
	Label  string // of the file system; empty if it has none
}

// Describe asks the kernel, and reads the file system's own label from the node, which
// may need a privilege.
func (l Location) Describe() (Description, error) {
	folder, disk, ok := l.folders()
	if !ok {
		return Description{}, ErrGone
	}
	d := Description{
		Maker: printable(attribute(disk, "device/vendor")), Model: printable(attribute(disk, "device/model")), Serial: printable(usbSerial(disk)),
		Format: unknown.String(),
	}
	const unit = 512 // of sysfs' sizes, whatever the disk's sectors are
	if n, err := strconv.ParseInt(attribute(folder, "size"), 10, 64); err == nil {
		d.Size = n * unit
	}
	format, label, err := look(l)
	if err != nil {
		return d, err
	}
	d.Format, d.Label = format.String(), printable(label)
	return d, nil
}

// printable is text with question marks for what could be meant for a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// usbSerial is the serial number of the USB device that a disk hangs on: that of the
// nearest folder above which has one.
func usbSerial(disk string) string {
	for dir := disk; onUSB.MatchString(dir); dir = filepath.Dir(dir) {
		if s := attribute(dir, "serial"); s != "" {
			return strings.TrimSpace(s)
		}
	}
	return ""
}
