// Package bootable puts an image together, and takes one apart again: programs in an
// initramfs, the initramfs in a kernel, the kernel as the one program of an EFI
// system partition, the partition on a disc.
//
// It guarantees that everything that runs is inside one file, the kernel, which one
// signature covers, and that Open finds in an image what Assemble was given.
package bootable

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
	"time"

	"anodize/cmd/anodize-image/internal/cpio"
	"anodize/cmd/anodize-image/internal/iso"
	"anodize/cmd/internal/fat"
)

// Kernel is the path of the kernel on the EFI system partition: what firmware starts
// from a medium that it knows nothing about (UEFI 2.10, 3.5.1.1).
const Kernel = "EFI/BOOT/BOOTX64.EFI"

// MaxSize is how large an image may be, Reserved how much of that is kept for a
// program that is still to come, the linter.
const (
	MaxSize  = 16 << 20
	Reserved = 4 << 20
)

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
	partition := memory(make([]byte, partitionSize(len(kernel))))
	err := fat.Write(partition, fat.Volume{
		Size: int64(len(partition)), Label: "BOOT", Serial: binary.BigEndian.Uint32(sum[:]), Time: d.Time,
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

// partitionSize is how large a file system is made for a kernel. What goes to its
// tables is less than a sixty-fourth.
func partitionSize(kernel int) int {
	const sector = 2048
	n := max(fat.MinSize, kernel+kernel/64+64<<10)
	return (n + sector - 1) / sector * sector
}

// memory is a file in memory.
type memory []byte

func (m memory) WriteAt(p []byte, at int64) (int, error) {
	if at < 0 || at+int64(len(p)) > int64(len(m)) {
		return 0, io.ErrShortWrite
	}
	return copy(m[at:], p), nil
}

// Part is a file that an image is made of.
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
	fs, err := fat.Open(bytes.NewReader(volume.Partition))
	if err != nil {
		return Disc{}, nil, fmt.Errorf("reading the EFI system partition: %w", err)
	}
	w := walker{fs: fs}
	if err := w.walk("", fs.Entries()); err != nil {
		return Disc{}, nil, fmt.Errorf("reading the EFI system partition: %w", err)
	}
	return Disc{Label: volume.Label, Source: volume.Source, Time: volume.Time}, w.parts, nil
}

// maxSeen bounds the files and folders that are looked at: those of a broken file
// system can lead back to themselves.
const maxSeen = 16

// walker collects the files of a file system.
type walker struct {
	fs    *fat.FS
	seen  int
	parts []Part
}

// plain says whether a name can be printed as it is: one that is meant for a terminal
// could show another image's hashes there.
func plain(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (w *walker) walk(path string, entries []fat.Entry) error {
	for _, e := range entries {
		if w.seen++; w.seen > maxSeen {
			return fmt.Errorf("it has more than %d files and folders, so it is none of ours", maxSeen)
		}
		if !plain(e.Name) {
			return fmt.Errorf("it has a file called %q, so it is none of ours", e.Name)
		}
		if !e.Folder {
			data, err := w.fs.ReadFile(e, MaxSize)
			if err != nil {
				return err
			}
			w.parts = append(w.parts, Part{path + e.Name, data})
			continue
		}
		below, err := w.fs.ReadFolder(e)
		if err != nil {
			return err
		}
		if err := w.walk(path+e.Name+"/", below); err != nil {
			return err
		}
	}
	return nil
}
