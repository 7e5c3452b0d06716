package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// format is a kind of file system that a stick may have. The zero value is none of
// them.
type format uint8

const (
	unknown format = iota
	fat            // FAT12, FAT16 or FAT32
	exfat
	iso9660    // an image for booting from, never a ceremony's stick
	partitions // no file system, but a table of partitions
)

func (f format) String() string {
	return [...]string{"unknown", "FAT", "exFAT", "ISO 9660", "partitions"}[f]
}

// driver is the kernel's name for it; empty if it is not to be mounted.
func (f format) driver() string { return [...]string{"", "vfat", "exfat", "", ""}[f] }

// Sizes of sectors and clusters, in bytes, and of what is looked through for a
// label.
const (
	minSector     = 512
	maxSector     = 4096
	entrySize     = 32
	maxFolder     = 1 << 20
	isoDescriptor = 16*2048 + 1
)

// errNotReady says that there is not even one sector.
var errNotReady = errors.New("it is empty, or not ready yet")

// probe tells the format of what stands in r, and its label. What is damaged is
// unknown.
func probe(r io.ReaderAt) (format, string, error) {
	boot := make([]byte, minSector)
	if _, err := r.ReadAt(boot, 0); errors.Is(err, io.EOF) {
		return unknown, "", errNotReady
	} else if err != nil {
		return unknown, "", fmt.Errorf("reading its first sector: %w", err)
	}
	f, l, boots := unknown, layout{}, false
	if string(boot[3:11]) == "EXFAT   " {
		f = exfat
		l, boots = exfatLayout(boot)
	} else if l, boots = fatLayout(boot); boots {
		f = fat
	}
	if !boots {
		return probeOther(r, boot)
	}
	folder := make([]byte, min(l.length, maxFolder))
	n, err := r.ReadAt(folder, l.root)
	if err != nil && !errors.Is(err, io.EOF) {
		return unknown, "", fmt.Errorf("reading its top folder: %w", err)
	}
	return f, l.label(folder[:n]), nil
}

// probeOther tells what is not to be mounted. An image for booting from may have a
// table of partitions too.
func probeOther(r io.ReaderAt, boot []byte) (format, string, error) {
	id := make([]byte, 5)
	if _, err := r.ReadAt(id, isoDescriptor); err != nil && !errors.Is(err, io.EOF) {
		return unknown, "", fmt.Errorf("reading its volume descriptor: %w", err)
	}
	switch {
	case string(id) == "CD001":
		return iso9660, "", nil
	case partitioned(boot):
		return partitions, "", nil
	}
	return unknown, "", nil
}

// partitioned says whether a disk's first sector is a table of partitions (UEFI
// specification, section 5.2.1): a signature and four entries that are in use or
// not, one of them at least with a kind and a place.
func partitioned(b []byte) bool {
	used := 0
	for entry := b[446:510]; len(entry) > 0; entry = entry[16:] {
		if entry[0]&0x7F != 0 {
			return false
		}
		if entry[4] != 0 && binary.LittleEndian.Uint32(entry[8:]) != 0 && binary.LittleEndian.Uint32(entry[12:]) != 0 {
			used++
		}
	}
	return used > 0 && b[510] == 0x55 && b[511] == 0xAA
}

// layout is where the top folder begins and how long it is (with FAT32 and exFAT
// its first cluster, where the label is written), in bytes, and how its label is
// found.
type layout struct {
	root, length int64
	label        func(folder []byte) string
}

// fatLayout reads a FAT boot sector (FAT specification, section "Boot Sector and
// BPB"), whose fields must make sense together.
func fatLayout(b []byte) (layout, bool) {
	le := binary.LittleEndian
	sector, cluster := int64(le.Uint16(b[11:])), int64(b[13])
	before, copies, entries := int64(le.Uint16(b[14:])), int64(b[16]), int64(le.Uint16(b[17:]))
	if b[510] != 0x55 || b[511] != 0xAA || !power(sector, minSector, maxSector) || !power(cluster, 1, 128) || before == 0 || copies == 0 {
		return layout{}, false
	}
	size, name := int64(le.Uint16(b[22:])), b[38:54]
	l := layout{length: entries * entrySize}
	if size == 0 { // FAT32
		size, name = int64(le.Uint32(b[36:])), b[66:82]
		first := int64(le.Uint32(b[44:]))
		if size == 0 || first < 2 {
			return layout{}, false
		}
		l.length = cluster * sector
		l.root = (first - 2) * cluster * sector
	}
	l.root += (before + copies*size) * sector
	l.label = func(folder []byte) string { return fatLabel(folder, name) }
	return l, l.length > 0
}

// power says whether n is a power of two from low to high.
func power(n, low, high int64) bool { return n >= low && n <= high && n&(n-1) == 0 }

// Attributes of a FAT folder entry.
const (
	attributeVolume   = 0x08
	attributeFolder   = 0x10
	attributeLongName = 0x0F
)

// fatLabel returns the label in the folder, which every system writes, or else that
// of the boot sector: its extended part, a signature, a number and the label.
func fatLabel(folder, boot []byte) string {
	for ; len(folder) >= entrySize && folder[0] != 0; folder = folder[entrySize:] {
		attributes := folder[11]
		if folder[0] == 0xE5 || attributes&attributeLongName == attributeLongName || attributes&(attributeVolume|attributeFolder) != attributeVolume {
			continue
		}
		return ascii(folder[:11])
	}
	if label := ascii(boot[5:16]); boot[0] == 0x29 && label != "NO NAME" {
		return label
	}
	return ""
}

// ascii is text padded with spaces; characters of a code page become question marks.
func ascii(b []byte) string {
	return strings.TrimRight(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, string(b)), " ")
}

// exfatLayout reads an exFAT boot sector (exFAT specification, section 3.1).
func exfatLayout(b []byte) (layout, bool) {
	le := binary.LittleEndian
	heap, first := int64(le.Uint32(b[88:])), int64(le.Uint32(b[96:]))
	sector, cluster := b[108], b[109]
	if b[510] != 0x55 || b[511] != 0xAA || sector < 9 || sector > 12 || cluster > 25-sector || heap == 0 || first < 2 {
		return layout{}, false
	}
	return layout{
		root: heap<<sector + (first-2)<<(sector+cluster), length: 1 << (sector + cluster), label: exfatLabel,
	}, true
}

// exfatLabel returns the label in the folder (exFAT specification, section 7.3).
func exfatLabel(folder []byte) string {
	const volumeLabel, most = 0x83, 11
	for ; len(folder) >= entrySize && folder[0] != 0; folder = folder[entrySize:] {
		if folder[0] != volumeLabel {
			continue
		}
		var units []uint16
		for i := range min(int(folder[1]), most) {
			units = append(units, binary.LittleEndian.Uint16(folder[2+2*i:]))
		}
		return string(utf16.Decode(units))
	}
	return ""
}
