// Package gpt writes the partition tables that let an image boot from a USB stick: a
// GUID partition table with one EFI system partition, and the protective MBR before
// it (UEFI 2.10, chapter 5).
//
// Nothing in it comes from chance: who calls gives the GUIDs.
package gpt

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"unicode/utf16"
)

const (
	sector     = 512
	entries    = 128
	entrySize  = 128
	headerSize = 92
	tableSize  = entries * entrySize

	// First is where the space for partitions begins in bytes, Rest how many bytes
	// behind it belong to the second table.
	First = 2*sector + tableSize
	Rest  = tableSize + sector
)

// GUID is a GUID as RFC 9562 writes it, most significant byte first.
type GUID [16]byte

// onDisk has the first three fields with their least significant byte first (UEFI
// 2.10, appendix A).
func (g GUID) onDisk() []byte {
	return []byte{g[3], g[2], g[1], g[0], g[5], g[4], g[7], g[6], g[8], g[9], g[10], g[11], g[12], g[13], g[14], g[15]}
}

// systemPartition is the type of an EFI system partition, C12A7328-F81F-11D2-BA4B-00A0C93EC93B.
var systemPartition = GUID{0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f, 0x11, 0xd2, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}

// Table is what a disk is told to hold.
type Table struct {
	Disk      GUID
	Partition GUID
	Name      string // of the partition, at most 36 characters
	Begin     int    // where the partition begins, in bytes
	Length    int
}

// Write writes both tables into a disk, around what stands there. Of the MBR it
// leaves the boot code.
func Write(disk []byte, t Table) error {
	name := utf16.Encode([]rune(t.Name))
	switch {
	case len(disk)%sector != 0 || t.Begin%sector != 0 || t.Length%sector != 0 || t.Length <= 0:
		return fmt.Errorf("a partition of %d bytes at %d of %d does not lie on sectors", t.Length, t.Begin, len(disk))
	case t.Begin < First || t.Begin+t.Length > len(disk)-Rest:
		return fmt.Errorf("a partition of %d bytes at %d of %d leaves no room for the tables", t.Length, t.Begin, len(disk))
	case len(name) > 36:
		return fmt.Errorf("the partition's name %q is longer than 36 characters", t.Name)
	}
	table := make([]byte, tableSize)
	copy(table, systemPartition.onDisk())
	copy(table[16:], t.Partition.onDisk())
	put64(table, 32, t.Begin/sector)
	put64(table, 40, (t.Begin+t.Length)/sector-1)
	for i, c := range name {
		binary.LittleEndian.PutUint16(table[56+2*i:], c)
	}
	last := len(disk)/sector - 1
	protect(disk, last)
	copy(disk[2*sector:], table)
	copy(disk[sector:], header(t.Disk, table, 1, last, 2, last))
	copy(disk[len(disk)-Rest:], table)
	copy(disk[last*sector:], header(t.Disk, table, last, 1, (len(disk)-Rest)/sector, last))
	return nil
}

// header is the header at sector own, of a table at sector at, on a disk whose last
// sector is last; the other header is at sector other.
func header(disk GUID, table []byte, own, other, at, last int) []byte {
	h := make([]byte, headerSize)
	copy(h, "EFI PART")
	put32(h, 8, 0x00010000) // revision
	put32(h, 12, headerSize)
	put64(h, 24, own)
	put64(h, 32, other)
	put64(h, 40, First/sector)
	put64(h, 48, last-Rest/sector)
	copy(h[56:], disk.onDisk())
	put64(h, 72, at)
	put32(h, 80, entries)
	put32(h, 84, entrySize)
	put32(h, 88, crc32.ChecksumIEEE(table))
	put32(h, 16, crc32.ChecksumIEEE(h)) // over itself as zero
	return h
}

// protect writes the MBR that says to older software that the disk is taken.
func protect(disk []byte, last int) {
	e := disk[446:510]
	clear(e)
	copy(e, []byte{0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff}) // from sector 1 to the end; the end in cylinders is too far
	put32(e, 8, 1)
	put32(e, 12, uint32(last))
	disk[510], disk[511] = 0x55, 0xaa
}

func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
func put64(b []byte, at, v int)        { binary.LittleEndian.PutUint64(b[at:], uint64(v)) }
