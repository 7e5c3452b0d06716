package iso

import (
	"encoding/binary"
	"fmt"
	"time"
)

const recordSize = 34 // of a directory record with a name of one byte

// writePrimary writes the primary volume descriptor (ECMA-119, 8.4).
func writePrimary(b []byte, v Volume, sectors int) {
	copy(b, "\x01CD001\x01")
	text(b[8:40], "")
	text(b[40:72], v.Label)
	both32(b[80:], sectors)
	both16(b[120:], 1) // volumes of the set
	both16(b[124:], 1) // this one's number
	both16(b[128:], sector)
	both32(b[132:], pathSize)
	binary.LittleEndian.PutUint32(b[140:], littleEndianPaths)
	binary.BigEndian.PutUint32(b[148:], bigEndianPaths)
	record(b[156:], "\x00", rootDirectory, sector, v.Time, true)
	for _, field := range [][2]int{{190, 318}, {318, 446}, {574, 702}, {702, 739}, {739, 776}, {776, 813}} {
		text(b[field[0]:field[1]], "")
	}
	text(b[446:574], v.Source) // the preparer
	longTime(b[813:], v.Time)  // created
	longTime(b[830:], v.Time)  // changed
	copy(b[847:], "0000000000000000\x00")
	copy(b[864:], "0000000000000000\x00")
	b[881] = 1
}

const pathSize = 10

// writePaths writes both path tables, which hold the root alone (ECMA-119, 9.4).
func writePaths(image []byte) {
	little, big := at(image, littleEndianPaths), at(image, bigEndianPaths)
	little[0], big[0] = 1, 1
	binary.LittleEndian.PutUint32(little[2:], rootDirectory)
	binary.LittleEndian.PutUint16(little[6:], 1)
	binary.BigEndian.PutUint32(big[2:], rootDirectory)
	binary.BigEndian.PutUint16(big[6:], 1)
}

// writeRoot writes the root directory: itself, its parent, which it is too, and the
// partition.
func writeRoot(b []byte, v Volume) {
	n := record(b, "\x00", rootDirectory, sector, v.Time, true)
	n += record(b[n:], "\x01", rootDirectory, sector, v.Time, true)
	record(b[n:], PartitionName+";1", partition, len(v.Partition), v.Time, false)
}

// record writes a directory record and returns its length (ECMA-119, 9.1).
func record(b []byte, name string, first, length int, t time.Time, directory bool) int {
	size := recordSize - 1 + len(name)
	size += size % 2
	b[0] = byte(size)
	both32(b[2:], first)
	both32(b[10:], length)
	t = t.UTC()
	copy(b[18:], []byte{byte(t.Year() - 1900), byte(t.Month()), byte(t.Day()), byte(t.Hour()), byte(t.Minute()), byte(t.Second()), 0})
	if directory {
		b[25] = 2
	}
	both16(b[28:], 1)
	b[32] = byte(len(name))
	copy(b[33:], name)
	return size
}

// text fills a field with a text and blanks after it.
func text(field []byte, s string) { copy(field, fmt.Sprintf("%-*s", len(field), s)) }

// longTime writes a time in the form of a volume descriptor (ECMA-119, 8.4.26.1).
func longTime(b []byte, t time.Time) {
	copy(b, t.UTC().Format("20060102150405")+"00\x00") // hundredths, and no hours from UTC
}

func both16(b []byte, v int) {
	binary.LittleEndian.PutUint16(b, uint16(v))
	binary.BigEndian.PutUint16(b[2:], uint16(v))
}

func both32(b []byte, v int) {
	binary.LittleEndian.PutUint32(b, uint32(v))
	binary.BigEndian.PutUint32(b[4:], uint32(v))
}
