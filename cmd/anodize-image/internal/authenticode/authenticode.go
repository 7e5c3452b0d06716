// Package authenticode computes the hash by which UEFI firmware knows a program: the
// one that a Secure Boot signature signs, and that a TPM is extended with in PCR 4.
//
// Sources: Microsoft, Windows Authenticode Portable Executable Signature Format 1.0,
// "Calculating the PE Image Hash"; PE Format, "Optional Header"; TCG PC Client
// Platform Firmware Profile 1.05, 3.3.4.5.
package authenticode

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// ErrFormat says that something is not a program for 64-bit UEFI.
var ErrFormat = errors.New("not a sound PE32+ program")

const (
	peOffset       = 0x3c // where the offset of the PE header stands
	fileHeaderSize = 24   // with its signature "PE\0\0"
	optionalMagic  = 0x20b
	checksumAt     = 64 // in the optional header
	headersAt      = 60
	directories    = 112
	security       = directories + 4*8 // the directory of certificates
	sectionSize    = 40
)

// program is where the parts of a program lie that its hash leaves out or sorts.
type program struct {
	data                  []byte
	checksum, certificate int // of the checksum and of the certificates' directory entry
	headers               int // how long the headers are
	end                   int // where the certificates begin, or the end
	sections              []section
}

type section struct{ begin, size int }

// Sum returns the Authenticode SHA-256 of a program. A signature in it changes
// nothing.
func Sum(data []byte) (sum [32]byte, err error) {
	p, err := parse(data)
	if err != nil {
		return sum, err
	}
	h := sha256.New()
	h.Write(data[:p.checksum])
	h.Write(data[p.checksum+4 : p.certificate])
	h.Write(data[p.certificate+8 : p.headers])
	hashed := p.headers
	for _, s := range p.sections {
		h.Write(data[s.begin : s.begin+s.size])
		hashed += s.size
	}
	if hashed < p.end { // what lies behind the last section
		h.Write(data[hashed:p.end])
	}
	h.Write(make([]byte, -p.end&7)) // who signs fills up to eight bytes first
	return [32]byte(h.Sum(nil)), nil
}

// Signed says whether a program carries a signature, sound or not.
func Signed(data []byte) (bool, error) {
	p, err := parse(data)
	return err == nil && p.end < len(data), err
}

func parse(data []byte) (p program, err error) {
	if len(data) < peOffset+4 || string(data[:2]) != "MZ" {
		return p, ErrFormat
	}
	pe := uint64(binary.LittleEndian.Uint32(data[peOffset:]))
	optional := pe + fileHeaderSize
	if optional+security+8 > uint64(len(data)) || string(data[pe:pe+4]) != "PE\x00\x00" {
		return p, ErrFormat
	}
	o := data[optional:]
	count, size := binary.LittleEndian.Uint16(data[pe+6:]), binary.LittleEndian.Uint16(data[pe+20:])
	p = program{
		data: data, checksum: int(optional) + checksumAt, certificate: int(optional) + security,
		headers: int(binary.LittleEndian.Uint32(o[headersAt:])), end: len(data),
	}
	table := int(optional) + int(size)
	if binary.LittleEndian.Uint16(o) != optionalMagic || binary.LittleEndian.Uint32(o[directories-4:]) < 5 || size < security+8 ||
		p.headers > len(data) || table+int(count)*sectionSize > p.headers {
		return p, ErrFormat
	}
	if at, length := binary.LittleEndian.Uint32(o[security:]), binary.LittleEndian.Uint32(o[security+4:]); length > 0 {
		if int(at) < p.headers || uint64(at)+uint64(length) != uint64(len(data)) {
			return p, fmt.Errorf("%w: its certificates are not at its end", ErrFormat)
		}
		p.end = int(at)
	}
	return p, p.readSections(data[table:], int(count))
}

// readSections reads the table of sections, in the order in which they are hashed:
// that of the file. They may not lie over one another, or something would be hashed
// twice and something else not at all.
func (p *program) readSections(table []byte, count int) error {
	for i := range count {
		t := table[i*sectionSize:]
		s := section{begin: int(binary.LittleEndian.Uint32(t[20:])), size: int(binary.LittleEndian.Uint32(t[16:]))}
		if s.size > 0 {
			p.sections = append(p.sections, s)
		}
	}
	slices.SortFunc(p.sections, func(a, b section) int { return cmp.Compare(a.begin, b.begin) })
	next := p.headers
	for _, s := range p.sections {
		if s.begin != next || s.size > p.end-s.begin {
			return fmt.Errorf("%w: its sections do not follow one another", ErrFormat)
		}
		next += s.size
	}
	return nil
}
