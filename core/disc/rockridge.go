package disc

import (
	"encoding/binary"
	"time"
)

// POSIX file modes, as PX records them (RRIP 1.10 section 4.1.1).
const (
	modeDirectory = 0o040555
	modeFile      = 0o100444
)

// Bits of the RR entry, which says what other entries stand beside it.
const (
	hasPX = 0x01
	hasNM = 0x08
	hasTF = 0x80
)

// The extension that the ER entry declares, in the words that RRIP 1.10 section
// 4.3 prescribes.
const (
	rripID          = "RRIP_1991A"
	rripDescription = "THE ROCK RIDGE INTERCHANGE PROTOCOL PROVIDES SUPPORT FOR POSIX FILE SYSTEM SEMANTICS"
	rripSource      = "PLEASE CONTACT DISC PUBLISHER FOR SPECIFICATION SOURCE.  SEE PUBLISHER IDENTIFIER IN PRIMARY VOLUME DESCRIPTOR FOR CONTACT INFORMATION."
)

// entry makes a system use entry: signature, length, version and payload (SUSP
// 1.10 section 4.1).
func entry(signature string, payload []byte) []byte {
	b := make([]byte, 0, 4+len(payload))
	b = append(b, signature...)
	b = append(b, byte(4+len(payload)), 1)
	return append(b, payload...)
}

// rockRidge returns the system use entries of one record. name is empty for a
// directory's own record and its parent's, which have no NM.
func rockRidge(name string, mode, links uint32, t time.Time) []byte {
	flags := byte(hasPX | hasTF)
	var nm []byte
	if name != "" {
		flags |= hasNM
		nm = entry("NM", append([]byte{0}, name...))
	}
	b := entry("RR", []byte{flags})
	b = append(b, nm...)

	px := make([]byte, 32) // mode, links, user 0, group 0
	putBoth32(px, mode)
	putBoth32(px[8:], links)
	b = append(b, entry("PX", px)...)

	tf := make([]byte, 1+3*7)
	tf[0] = 0x0E // modification, access and attributes, in 7 bytes each
	for i := range 3 {
		putTime(tf[1+7*i:], t)
	}
	return append(b, entry("TF", tf)...)
}

// sharingProtocol returns the SP entry, which must stand first in the root's
// own record (SUSP 1.10 section 5.3).
func sharingProtocol() []byte { return entry("SP", []byte{0xBE, 0xEF, 0}) }

// continuation returns the CE entry that points to the ER entry (SUSP 1.10
// section 5.1): the latter does not fit into a directory record.
func (l *layout) continuation() []byte {
	b := make([]byte, 24)
	putBoth32(b, l.start+l.susp)
	putBoth32(b[8:], 0)
	putBoth32(b[16:], uint32(len(extensionReference())))
	return entry("CE", b)
}

// extensionReference returns the ER entry (SUSP 1.10 section 5.5).
func extensionReference() []byte {
	b := []byte{byte(len(rripID)), byte(len(rripDescription)), byte(len(rripSource)), 1}
	b = append(b, rripID...)
	b = append(b, rripDescription...)
	return entry("ER", append(b, rripSource...))
}

// both32 reads a both-endian number, and tells whether its halves agree.
func both32(b []byte) (uint32, bool) {
	v := binary.LittleEndian.Uint32(b)
	return v, v == binary.BigEndian.Uint32(b[4:])
}
