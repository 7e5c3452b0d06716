package disc

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Volume descriptor types (ECMA-119 section 8.1.1).
const (
	primaryDescriptor = 1
	terminator        = 255
)

// standardID and the version stand in every volume descriptor (ECMA-119
// sections 8.1.2 and 8.1.3).
const standardID = "CD001"

// Byte positions in the primary volume descriptor (ECMA-119 section 8.4),
// counted from zero.
const (
	pvdSystemID      = 8
	pvdVolumeID      = 40
	pvdSpaceSize     = 80
	pvdSetSize       = 120
	pvdSequence      = 124
	pvdBlockSize     = 128
	pvdTableSize     = 132
	pvdLittleTable   = 140
	pvdBigTable      = 148
	pvdRoot          = 156
	pvdVolumeSetID   = 190
	pvdPublisher     = 318
	pvdPreparer      = 446
	pvdApplication   = 574
	pvdFileIDs       = 702 // copyright, abstract and bibliographic file, 37 bytes each
	pvdDates         = 813 // creation, modification, expiration, effective, 17 bytes each
	pvdFileStructure = 881
	rootRecordLen    = 34
	dateLen          = 17
)

const application = "ANODIZE"

// The identifiers of a directory itself and of its parent (ECMA-119 section
// 7.6.2).
const (
	identSelf   = "\x00"
	identParent = "\x01"
)

// volumeID names the mode, the first bytes of the archive id and the session.
func volumeID(v Volume) string {
	label, err := v.label()
	if err != nil {
		return "" // NewImage has checked the mode
	}
	return fmt.Sprintf("%s%X_%04d", label, v.Archive[:4], v.Number)
}

// volumeSetID names the mode and the whole archive id.
func volumeSetID(v Volume) string {
	return "ANODIZE_" + strings.ToUpper(v.Mode) + "_" + strings.ToUpper(hex.EncodeToString(v.Archive[:]))
}

// putVolume writes the primary volume descriptor into b.
func (l *layout) putVolume(b []byte, v Volume) {
	b[0] = primaryDescriptor
	copy(b[1:], standardID)
	b[6] = 1
	putText(b[pvdSystemID:pvdVolumeID], "")
	putText(b[pvdVolumeID:pvdVolumeID+32], volumeID(v))
	putBoth32(b[pvdSpaceSize:], l.blocks)
	putBoth16(b[pvdSetSize:], 1)
	putBoth16(b[pvdSequence:], 1)
	putBoth16(b[pvdBlockSize:], sectorSize)
	putBoth32(b[pvdTableSize:], uint32(l.tableSize()))
	binary.LittleEndian.PutUint32(b[pvdLittleTable:], l.start+tableSector)
	binary.BigEndian.PutUint32(b[pvdBigTable:], l.start+tableSector+l.tables)
	root := record{ident: identSelf, sector: l.start + l.root.sector, size: l.root.sectors * sectorSize,
		directory: true, time: v.Time}
	copy(b[pvdRoot:], root.encode())
	putText(b[pvdVolumeSetID:pvdPublisher], volumeSetID(v))
	putText(b[pvdPublisher:pvdPreparer], "")
	putText(b[pvdPreparer:pvdApplication], "")
	putText(b[pvdApplication:pvdFileIDs], application)
	putText(b[pvdFileIDs:pvdDates], "")
	date := v.Time.UTC().Format("20060102150405") + "00"
	for i, text := range []string{date, date, "", date} {
		field := b[pvdDates+i*dateLen:][:dateLen]
		for j := range field[:dateLen-1] {
			field[j] = '0'
		}
		copy(field, text)
	}
	b[pvdFileStructure] = 1
}

// putTerminator writes the volume descriptor set terminator (ECMA-119 section
// 8.3) into b.
func putTerminator(b []byte) {
	b[0] = terminator
	copy(b[1:], standardID)
	b[6] = 1
}

// tableEntryLen is the length of a path table record (ECMA-119 section 9.4).
func tableEntryLen(ident string) int { return 8 + len(ident) + len(ident)%2 }

// tableSize returns the length of a path table in bytes.
func (l *layout) tableSize() int {
	n := tableEntryLen(identSelf)
	for _, s := range l.steps {
		n += tableEntryLen(directoryIdentifier(s.name))
	}
	return n
}

// byteOrder is one of the two orders that a path table is recorded in.
type byteOrder struct {
	put16 func([]byte, uint16)
	put32 func([]byte, uint32)
}

var (
	putLittle = byteOrder{binary.LittleEndian.PutUint16, binary.LittleEndian.PutUint32}
	putBig    = byteOrder{binary.BigEndian.PutUint16, binary.BigEndian.PutUint32}
)

// putTable writes a path table into b: the root, then its directories in the
// order of their identifiers.
func (l *layout) putTable(b []byte, order byteOrder) {
	put := func(ident string, p place) {
		b[0] = byte(len(ident))
		order.put32(b[2:], l.start+p.sector)
		order.put16(b[6:], 1) // every parent is the root, the table's first record
		copy(b[8:], ident)
		b = b[tableEntryLen(ident):]
	}
	put(identSelf, l.root)
	for i, s := range l.steps {
		put(directoryIdentifier(s.name), l.dirs[i])
	}
}

// record is a directory record (ECMA-119 section 9.1).
type record struct {
	ident        string
	sector, size uint32
	directory    bool
	time         time.Time
	use          []byte // system use: SUSP and Rock Ridge
}

// Byte positions in a directory record.
const (
	recSector     = 2
	recSize       = 10
	recTime       = 18
	recFlags      = 25
	recSequence   = 28
	recIdentLen   = 32
	recIdent      = 33
	flagDirectory = 2
)

// length returns the length of r in bytes. It is even, and at most 254: names
// are short.
func (r record) length() int { return r.useOffset() + len(r.use) + len(r.use)%2 }

func (r record) useOffset() int { return recIdent + len(r.ident) + (len(r.ident)+1)%2 }

func (r record) encode() []byte {
	b := make([]byte, r.length())
	b[0] = byte(len(b))
	putBoth32(b[recSector:], r.sector)
	putBoth32(b[recSize:], r.size)
	putTime(b[recTime:], r.time)
	if r.directory {
		b[recFlags] = flagDirectory
	}
	putBoth16(b[recSequence:], 1)
	b[recIdentLen] = byte(len(r.ident))
	copy(b[recIdent:], r.ident)
	copy(b[r.useOffset():], r.use)
	return b
}

// recordSectors returns how many sectors records take. A record never crosses
// from one sector into the next (ECMA-119 section 6.8.1.1).
func recordSectors(records []record) uint32 {
	n, used := uint32(1), 0
	for _, r := range records {
		if used+r.length() > sectorSize {
			n, used = n+1, 0
		}
		used += r.length()
	}
	return n
}

// putRecords writes a directory into b.
func putRecords(b []byte, records []record) {
	used := 0
	for _, r := range records {
		if used+r.length() > sectorSize {
			b, used = b[sectorSize:], 0
		}
		used += copy(b[used:], r.encode())
	}
}

// putTime writes a directory record's time (ECMA-119 section 9.1.5), in UTC.
func putTime(b []byte, t time.Time) {
	t = t.UTC()
	b[0] = byte(t.Year() - 1900)
	b[1] = byte(t.Month())
	b[2] = byte(t.Day())
	b[3] = byte(t.Hour())
	b[4] = byte(t.Minute())
	b[5] = byte(t.Second())
	b[6] = 0
}

func putText(b []byte, s string) {
	n := copy(b, s)
	for i := n; i < len(b); i++ {
		b[i] = ' '
	}
}

func putBoth16(b []byte, v uint16) {
	binary.LittleEndian.PutUint16(b, v)
	binary.BigEndian.PutUint16(b[2:], v)
}

func putBoth32(b []byte, v uint32) {
	binary.LittleEndian.PutUint32(b, v)
	binary.BigEndian.PutUint32(b[4:], v)
}
