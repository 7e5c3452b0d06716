package block

import "anodize/devices/internal/sysfs"

// Description is what there is to tell about a Location before anything is done to it.
type Description struct {
	Disk
	Size   int64  // of the place, bytes
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
	d := Description{Disk: diskAt(l.root, disk), Size: sizeOf(folder), Format: unknown.String()}
	format, label, err := look(l)
	if err != nil {
		return d, err
	}
	d.Format, d.Label = format.String(), sysfs.Printable(label)
	return d, nil
}
