// Package iso writes an image that UEFI boots as a CD and as a USB stick: an ISO 9660
// file system with one file, which is an EFI system partition, told to the firmware
// by El Torito's boot catalogue for discs and by a partition table for sticks.
//
// It guarantees that the same partition, label and time give the same bytes; the
// GUIDs are drawn from the partition's hash.
//
// Sources: ECMA-119 (ISO 9660), 2nd edition; Phoenix and IBM, "El Torito" Bootable
// CD-ROM Format Specification 1.0; UEFI 2.10, 5 and 13.3.2.
package iso

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"anodize/cmd/anodize-image/internal/gpt"
)

const (
	sector = 2048

	// Where things stand, in sectors. The first sixteen hold the partition table.
	primaryDescriptor = 16
	bootDescriptor    = 17
	terminator        = 18
	littleEndianPaths = 19
	bigEndianPaths    = 20
	rootDirectory     = 21
	catalogue         = 22
	partition         = 32 // 64 KiB, for sticks that write in large pieces

	virtual = 512 // El Torito counts in sectors of a floppy disk

	// PartitionName is the file that is the partition.
	PartitionName = "ESP.IMG"
)

// Volume is what an image is made of.
type Volume struct {
	Label     string // capitals, digits and underscores, at most 32
	Source    string // what it was prepared from: the same, at most 128
	Time      time.Time
	Partition []byte // an EFI system partition; its length a multiple of 512
}

// letters are what may stand in a label, ISO 9660's d-characters.
const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

// Write returns the image.
func Write(v Volume) ([]byte, error) {
	length := len(v.Partition)
	switch {
	case length == 0 || length%virtual != 0 || length/virtual > 0xffff:
		return nil, fmt.Errorf("a partition of %d bytes cannot be booted from a disc: it takes whole sectors of %d bytes, at most %d of them", length, virtual, 0xffff)
	case v.Label == "" || len(v.Label) > 32 || strings.Trim(v.Label, letters) != "":
		return nil, fmt.Errorf("a disc cannot be labelled %q: use capitals, digits and underscores, at most 32", v.Label)
	case len(v.Source) > 128 || strings.Trim(v.Source, letters) != "":
		return nil, fmt.Errorf("a disc cannot say that it was prepared from %q: use capitals, digits and underscores, at most 128", v.Source)
	}
	sectors := partition + (length+gpt.Rest+sector-1)/sector
	image := make([]byte, sectors*sector)
	writePrimary(at(image, primaryDescriptor), v, sectors)
	writeBoot(at(image, bootDescriptor))
	copy(at(image, terminator), "\xffCD001\x01")
	writePaths(image)
	writeRoot(at(image, rootDirectory), v)
	writeCatalogue(at(image, catalogue), length)
	copy(at(image, partition), v.Partition)
	return image, gpt.Write(image, gpt.Table{
		Disk: guid("disk", v.Partition), Partition: guid("partition", v.Partition),
		Name: v.Label, Begin: partition * sector, Length: length,
	})
}

func at(image []byte, n int) []byte { return image[n*sector:] }

// guid is a GUID of version 8 (RFC 9562, 5.8): the hash of what it is for.
func guid(purpose string, data []byte) gpt.GUID {
	h := sha256.New()
	h.Write([]byte(purpose))
	h.Write(data)
	g := gpt.GUID(h.Sum(nil)[:16])
	g[6], g[8] = 0x80|g[6]&0x0f, 0x80|g[8]&0x3f
	return g
}
