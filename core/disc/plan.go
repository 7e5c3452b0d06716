package disc

import (
	"encoding/binary"
	"fmt"
)

// plan is how one kind of medium is recorded. Sizes are in sectors.
type plan struct {
	name     string
	sessions int    // most sessions
	first    uint32 // what the first session costs beyond its own sectors
	later    uint32 // what every later session costs beyond its own
	transfer uint16 // sectors of one WRITE
	open     uint32 // number that names the open track, 0 for the last one's own
	page     []byte // write parameters, nil where the page must never be sent
	closing  []byte // functions of CLOSE TRACK SESSION, in order
	final    ending // how the disc is closed for ever
}

// ending is how a disc is closed for ever.
type ending struct {
	page     []byte // write parameters that say so, nil where the function does
	function byte   // of CLOSE TRACK SESSION
}

// plans holds every medium that an archive is recorded on, by its profile
// (MMC-5 table 88). The sequence of each is that of MMC-5 section 4 and annexes.
var plans = map[uint16]plan{
	// Track at once, with 2 run-out blocks; lead-out and next lead-in, and a
	// pre-gap of 150 (MMC-5 section 4.2.3). SYNCHRONIZE CACHE closes the track.
	0x0009: {name: "CD-R", sessions: 99, first: 11400 + 152, later: 6900 + 152, transfer: 16,
		page: trackAtOncePage(), closing: []byte{closeSession}, final: ending{lastSession(trackAtOncePage()), closeSession}},
	// Incremental streaming. The smallest border zones are 1792 and 384 ECC
	// blocks of 16 sectors (ECMA-359); they grow with the radius, so three
	// times that is set aside.
	0x0011: {name: "DVD-R", sessions: 254, first: 3 * 1792 * 16, later: 3 * 384 * 16, transfer: 16,
		page: incrementalPage(), closing: []byte{closeTrack, closeSession}, final: ending{lastSession(incrementalPage()), closeSession}},
	// Closure and intro of 64 ECC blocks each (ECMA-349).
	0x001B: {name: "DVD+R", sessions: 153, first: 2048, later: 2048, transfer: 16,
		open: 0xFF, closing: []byte{closeTrack, closeSession}, final: ending{function: finalizeDVD}},
	0x002B: {name: "DVD+R DL", sessions: 153, first: 2048, later: 2048, transfer: 16,
		open: 0xFF, closing: []byte{closeTrack, closeSession}, final: ending{function: finalizeDVD}},
	// Sessions follow one another at cluster boundaries. The drive formats a
	// blank disc to SRM without pseudo-overwrite by itself.
	0x0041: {name: "BD-R", sessions: 255, transfer: 32, closing: []byte{closeTrack, closeSession}, final: ending{function: finalizeBD}},
}

// refusals says why a medium is not used, by its profile.
var refusals = map[uint16]struct{ name, why string }{
	0x0002: {"removable disk", whyRewritable},
	0x0008: {"CD-ROM", whyPressed},
	0x000A: {"CD-RW", whyRewritable},
	0x0010: {"DVD-ROM", whyPressed},
	0x0012: {"DVD-RAM", whyRewritable},
	0x0013: {"DVD-RW", whyRewritable},
	0x0014: {"DVD-RW", whyRewritable},
	0x0015: {"DVD-R DL", "it takes one session only"},
	0x0016: {"DVD-R DL", "it takes one session only"},
	0x0017: {"DVD-RW DL", whyRewritable},
	0x001A: {"DVD+RW", whyRewritable},
	0x002A: {"DVD+RW DL", whyRewritable},
	0x0040: {"BD-ROM", whyPressed},
	0x0042: {"BD-R in random recording mode", "it is not recorded in order"},
	0x0043: {"BD-RE", whyRewritable},
	0x0050: {"HD DVD-ROM", whyPressed},
	0x0051: {"HD DVD-R", "it is not supported"},
	0x0052: {"HD DVD-RAM", whyRewritable},
	0x0053: {"HD DVD-RW", whyRewritable},
	0x0058: {"HD DVD-R DL", "it is not supported"},
	0x005A: {"HD DVD-RW DL", whyRewritable},
}

const (
	whyRewritable = "what is on it can be erased or overwritten"
	whyPressed    = "nothing can be recorded on it, or not by this drive"
	whyOverwrite  = "it is formatted so that what is on it can be overwritten"
	whyUnknown    = "its kind is unknown"
)

// RefusedError is a medium on which no archive is kept.
type RefusedError struct {
	Profile uint16 // MMC profile number
	Name    string // such as "DVD+RW", or "unknown medium"
	Why     string // the rest of a sentence, such as "what is on it can be erased"
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("%s (profile %04Xh) is refused: %s; insert a CD-R, DVD-R, DVD+R or BD-R", e.Name, e.Profile, e.Why)
}

// planOf returns how a medium is recorded, or a RefusedError.
func planOf(profile uint16) (plan, error) {
	if p, ok := plans[profile]; ok {
		return p, nil
	}
	if profile == 0 {
		return plan{}, &RefusedError{Profile: profile, Name: "this disc", Why: "the drive cannot use it"}
	}
	if r, ok := refusals[profile]; ok {
		return plan{}, &RefusedError{Profile: profile, Name: r.name, Why: r.why}
	}
	return plan{}, &RefusedError{Profile: profile, Name: "unknown medium", Why: whyUnknown}
}

// cost is how many sectors a session of blocks sectors takes from the disc,
// the n-th of it from 1.
func (p plan) cost(n int, blocks int64) int64 {
	if n == 1 {
		return blocks + int64(p.first)
	}
	return blocks + int64(p.later)
}

// writePage makes a mode parameter list with the Write Parameters page 05h
// (MMC-5 section 7.5.3). Bytes are counted from the page's first.
func writePage(set func(page []byte)) []byte {
	list := make([]byte, 8+52)
	page := list[8:]
	page[0], page[1] = 0x05, 50
	page[3] = 3 << 6 // multi-session: another session may follow
	page[4] = 8      // mode 1, sectors of 2048 bytes
	binary.BigEndian.PutUint16(page[14:], 150)
	set(page)
	return list
}

// lastSession is a mode parameter list whose page says that no session follows.
func lastSession(list []byte) []byte {
	list[8+3] &^= 3 << 6
	return list
}

// trackAtOncePage is write type 01h for a data track, with the protection
// against buffer under-run.
func trackAtOncePage() []byte {
	return writePage(func(page []byte) {
		page[2] = 0x40 | 0x01
		page[3] |= 4
	})
}

// incrementalPage is write type 00h in fixed packets of one ECC block.
func incrementalPage() []byte {
	return writePage(func(page []byte) {
		page[2] = 0x20 // link size is valid
		page[3] |= 0x20 | 5
		page[5] = 16
		binary.BigEndian.PutUint32(page[10:], 16)
	})
}
