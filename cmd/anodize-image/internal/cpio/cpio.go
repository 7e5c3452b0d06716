// Package cpio writes and reads archives in the "newc" format, the one that Linux
// unpacks as an initramfs (Documentation/driver-api/early-userspace/buffer-format.rst).
//
// It guarantees that the same entries give the same bytes: inode numbers count from
// 1, owner, group and times are 0.
package cpio

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Kind is what an entry is.
type Kind uint8

// The kinds of entries that an archive may hold.
const (
	File Kind = iota
	Folder
	Character // a character device
)

// bits are the kinds as stat(2) tells them in a mode.
var bits = [...]uint32{File: 0o100000, Folder: 0o040000, Character: 0o020000}

// Entry is one file, folder or device.
type Entry struct {
	Name         string // relative, with "/" between the parts
	Kind         Kind
	Permissions  uint32 // the low nine bits of a mode
	Major, Minor uint32 // of a Character
	Data         []byte // of a File
}

const (
	magic    = "070701"
	header   = len(magic) + 13*8
	trailer  = "TRAILER!!!"
	maxName  = 4096
	maxFiles = 1 << 12
)

// Write returns an archive of the entries, in their order: a folder stands before
// what is in it.
func Write(entries []Entry) []byte {
	var b bytes.Buffer
	for i, e := range entries {
		write(&b, uint32(i+1), bits[e.Kind]|e.Permissions, e)
	}
	write(&b, 0, 0, Entry{Name: trailer})
	return b.Bytes()
}

func write(b *bytes.Buffer, inode, mode uint32, e Entry) {
	b.WriteString(magic)
	for _, field := range [13]uint32{
		inode, mode, 0, 0, 1, 0, uint32(len(e.Data)), 0, 0, e.Major, e.Minor, uint32(len(e.Name) + 1), 0,
	} {
		fmt.Fprintf(b, "%08X", field)
	}
	b.WriteString(e.Name)
	b.WriteByte(0)
	pad(b)
	b.Write(e.Data)
	pad(b)
}

// pad fills up to four bytes, where headers and contents begin.
func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}

// ErrFormat says that something is not an archive as this package writes them.
var ErrFormat = errors.New("not a cpio archive of files, folders and devices in newc format")

// Read returns the entries of the archive that data begins with, and how many bytes
// of data it takes. The entries' contents are parts of data.
func Read(data []byte) (entries []Entry, length int, err error) {
	for at := 0; ; {
		e, next, err := read(data, at)
		if err != nil {
			return nil, 0, fmt.Errorf("entry %d at byte %d: %w", len(entries)+1, at, err)
		}
		if e.Name == trailer {
			return entries, next, nil
		}
		if len(entries) == maxFiles {
			return nil, 0, fmt.Errorf("%w: more than %d entries", ErrFormat, maxFiles)
		}
		entries, at = append(entries, e), next
	}
}

// read reads the entry at a byte of data, and says where the next one begins.
func read(data []byte, at int) (e Entry, next int, err error) {
	if len(data)-at < header || string(data[at:at+len(magic)]) != magic {
		return e, 0, ErrFormat
	}
	var field [13]uint32
	for i := range field {
		var number [4]byte
		from := at + len(magic) + 8*i
		if _, err := hex.Decode(number[:], data[from:from+8]); err != nil {
			return e, 0, ErrFormat
		}
		field[i] = binary.BigEndian.Uint32(number[:])
	}
	mode, size, nameSize := field[1], uint64(field[6]), field[11]
	begin := aligned(uint64(at+header) + uint64(nameSize))
	if nameSize < 2 || nameSize > maxName || begin+size > uint64(len(data)) {
		return e, 0, ErrFormat
	}
	name, zero := strings.CutSuffix(string(data[at+header:at+header+int(nameSize)]), "\x00")
	if !zero || strings.Contains(name, "\x00") {
		return e, 0, ErrFormat
	}
	e = Entry{Name: name, Permissions: mode & 0o7777, Major: field[9], Minor: field[10], Data: data[begin : begin+size]}
	switch mode & 0o170000 {
	case bits[File]:
	case bits[Folder]:
		e.Kind = Folder
	case bits[Character]:
		e.Kind = Character
	default:
		if name != trailer {
			return e, 0, fmt.Errorf("%w: %q has mode %#o", ErrFormat, name, mode)
		}
	}
	return e, int(min(aligned(begin+size), uint64(len(data)))), nil
}

func aligned(n uint64) uint64 { return (n + 3) &^ 3 }
