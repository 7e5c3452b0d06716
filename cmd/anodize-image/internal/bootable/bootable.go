// Package bootable puts an image together, and takes one apart again: programs in an
// initramfs, the initramfs in a kernel, the kernel as the one program of an EFI
// system partition, the partition on a disc.
//
// It guarantees that everything that runs is inside one file, the kernel, which one
// signature covers, and that Open finds in an image what Assemble was given.
package bootable

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"anodize/cmd/anodize-image/internal/cpio"
	"anodize/cmd/anodize-image/internal/fat"
	"anodize/cmd/anodize-image/internal/iso"
)

// Kernel is the path of the kernel on the EFI system partition: what firmware starts
// from a medium that it knows nothing about (UEFI 2.10, 3.5.1.1).
const Kernel = "EFI/BOOT/BOOTX64.EFI"

// MaxSize is how large an image may be.
const MaxSize = 16 << 20

// Program is a program of the initramfs.
type Program struct {
	Name string // its path; "init" is the first process
	Data []byte
}

// Initramfs returns an archive of the programs and of the two devices without which
// a Go program has no standard files as the first process.
func Initramfs(programs []Program) []byte {
	entries := []cpio.Entry{
		{Name: "dev", Kind: cpio.Folder, Permissions: 0o755},
		{Name: "dev/console", Kind: cpio.Character, Permissions: 0o600, Major: 5, Minor: 1},
		{Name: "dev/null", Kind: cpio.Character, Permissions: 0o666, Major: 1, Minor: 3},
	}
	for _, p := range programs {
		entries = append(entries, cpio.Entry{Name: p.Name, Permissions: 0o755, Data: p.Data})
	}
	return cpio.Write(entries)
}

// Disc is what an image says of itself.
type Disc struct {
	Label  string // capitals, digits and underscores
	Source string // what it was built from: the same
	Time   time.Time
}

// Assemble returns an image that starts a kernel.
func Assemble(d Disc, kernel []byte) ([]byte, error) {
	sum := sha256.Sum256(kernel)
	partition, err := fat.Write(fat.Volume{
		Label: "BOOT", Serial: binary.BigEndian.Uint32(sum[:]), Hidden: iso.Hidden, Time: d.Time,
		Files: []fat.File{{Path: Kernel, Data: kernel}},
	})
	if err != nil {
		return nil, fmt.Errorf("making the EFI system partition: %w", err)
	}
	image, err := iso.Write(iso.Volume{Label: d.Label, Source: d.Source, Time: d.Time, Partition: partition})
	if err != nil {
		return nil, fmt.Errorf("making the disc: %w", err)
	}
	return image, nil
}

// Part is a file that an image is made of, with where it lies: the disc, the
// partition, the initramfs.
type Part struct {
	Path string
	Data []byte
}

// Open returns what an image says of itself, and the files on its partition: the
// kernel, unless somebody else made the image.
func Open(image []byte) (Disc, []Part, error) {
	volume, err := iso.Read(image)
	if err != nil {
		return Disc{}, nil, err
	}
	files, err := fat.Read(volume.Partition)
	if err != nil {
		return Disc{}, nil, fmt.Errorf("reading the EFI system partition: %w", err)
	}
	parts := make([]Part, len(files))
	for i, f := range files {
		parts[i] = Part(f)
	}
	return Disc{Label: volume.Label, Source: volume.Source, Time: volume.Time}, parts, nil
}
