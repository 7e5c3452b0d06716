package sim

import "encoding/binary"

// opticalParameters is what matters of the Write Parameters page (05h). The
// zero value says that no page has been sent for this medium: the drive then
// refuses to record where the page counts, rather than use its defaults.
type opticalParameters struct {
	set       bool
	writeType byte
	appendage bool // multi-session 11b: the next session may follow
}

// Mode pages, MMC-5 7.2.
const (
	opticalPageErrors       = 0x01
	opticalPageWrite        = 0x05
	opticalPageCapabilities = 0x2A
	opticalPageAll          = 0x3F
)

// Write types, MMC-5 table 648.
const (
	opticalIncremental = 0x00
	opticalTrackAtOnce = 0x01
	opticalDiscAtOnce  = 0x02
)

// hasWritePage says whether page 05h exists with the medium inside (7.5.3). With
// DVD+R it does, though nothing in it counts: growisofs sets it there and gives up
// if it cannot.
func (d *Drive) hasWritePage() bool {
	return d.disc == nil || d.disc.medium.parameters || d.disc.medium.recordable && d.disc.medium.family == discDVD
}

func (d *Drive) modeSense(r *opticalRequest) opticalSense {
	control, page := r.cdb[2]>>6, r.cdb[2]&0x3F
	if control == 3 {
		return opticalNoSavedPages
	}
	if r.cdb[3] != 0 && r.cdb[3] != 0xFF {
		return opticalBadField
	}
	b := make([]byte, 8) // SPC-3 table 240, no block descriptors
	known := false
	add := func(code byte, wanted bool, body []byte) {
		if !wanted || page != code && page != opticalPageAll {
			return
		}
		if control == 1 && code != opticalPageWrite { // nothing else can be changed
			body = make([]byte, len(body))
		}
		known = true
		b = append(append(b, code, byte(len(body))), body...)
	}
	add(opticalPageErrors, true, make([]byte, 10))
	add(opticalPageWrite, d.hasWritePage(), d.writePage(control == 1))
	add(opticalPageCapabilities, true, opticalCapabilities())
	if !known {
		return opticalBadField
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

// writePage is the body of page 05h, MMC-5 table 644, or the mask of what can
// be changed in it.
func (d *Drive) writePage(mask bool) []byte {
	b := make([]byte, 0x32)
	if mask {
		b[0], b[1], b[2], b[3], b[6] = 0x2F, 0xFF, 0x0F, 0xFF, 0xFF
		return b
	}
	b[0] = d.parameters.writeType
	b[1] = 5 // track mode
	if d.parameters.appendage {
		b[1] |= 0xC0
	}
	b[2] = 8                                // 2048-byte sectors
	binary.BigEndian.PutUint16(b[12:], 150) // audio pause
	return b
}

// opticalCapabilities is the body of page 2Ah, MMC-3 table 361, with one write
// speed.
func opticalCapabilities() []byte {
	b := make([]byte, 0x1E)
	b[0], b[1] = 0x3B, 0x17 // reads CD-R, CD-RW, DVD-ROM, DVD-R, DVD-RAM; writes CD-R, CD-RW, DVD-R; test write no
	b[2], b[4] = 0x40, 0x29 // multi-session; tray, eject, lock
	binary.BigEndian.PutUint16(b[6:], opticalSpeed)
	binary.BigEndian.PutUint16(b[10:], opticalCache/1024)
	binary.BigEndian.PutUint16(b[12:], opticalSpeed)
	binary.BigEndian.PutUint16(b[16:], opticalSpeed)
	binary.BigEndian.PutUint16(b[26:], opticalSpeed) // current write speed
	binary.BigEndian.PutUint16(b[28:], 0)            // no speed descriptors
	return b
}

func (d *Drive) modeSelect(r *opticalRequest) opticalSense {
	length := uint32(binary.BigEndian.Uint16(r.cdb[7:]))
	if !r.takes(length) {
		return opticalGood
	}
	if r.cdb[1]&0x10 == 0 || r.cdb[1]&0x01 != 0 { // page format; nothing can be saved
		return opticalBadField
	}
	if length == 0 {
		return opticalGood
	}
	if length < 8 {
		return opticalListLength
	}
	if binary.BigEndian.Uint16(r.out[6:]) != 0 { // block descriptors
		return opticalBadParameter
	}
	pages := r.out[8:]
	for len(pages) > 0 {
		if len(pages) < 2 || len(pages) < 2+int(pages[1]) {
			return opticalListLength
		}
		body := pages[2 : 2+int(pages[1])]
		if result := d.selectPage(pages[0], body); !result.isGood() {
			return result
		}
		pages = pages[2+len(body):]
	}
	return opticalGood
}

func (d *Drive) selectPage(code byte, body []byte) opticalSense {
	switch {
	case code == opticalPageErrors && len(body) == 10:
		return opticalGood
	case code != opticalPageWrite || len(body) != 0x32 || !d.hasWritePage():
		return opticalBadParameter
	case d.disc == nil:
		return opticalNoMediumClosed
	case !d.disc.medium.parameters:
		return opticalGood
	}
	asked := opticalParameters{set: true, writeType: body[0] & 0x0F, appendage: body[1]>>6 == 3}
	if body[1]>>6 != 0 && !asked.appendage || body[2]&0x0F != 8 || body[0]&0x10 != 0 {
		return opticalBadParameter // multi-session 01b, 10b; not 2048 bytes; test write
	}
	if !d.hasWriteType(asked, body) {
		return opticalBadParameter
	}
	d.parameters = asked
	return opticalGood
}

// hasWriteType checks the write type and its companions for the medium.
func (d *Drive) hasWriteType(asked opticalParameters, body []byte) bool {
	switch {
	case d.disc.medium.family == discCD:
		return asked.writeType == opticalTrackAtOnce && body[1]&0x0F == 4
	case asked.writeType == opticalIncremental:
		linked := body[0]&0x20 != 0 && body[3] == 16
		fixed := body[1]&0x20 != 0 && binary.BigEndian.Uint32(body[8:]) == 16
		return linked && fixed
	default:
		return asked.writeType == opticalDiscAtOnce && !asked.appendage
	}
}
