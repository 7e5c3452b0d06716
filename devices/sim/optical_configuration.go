package sim

import (
	"encoding/binary"
	"slices"
)

// opticalSpeed is the one speed the drive has, in units of 1000 bytes a second.
const opticalSpeed = 17_980

// opticalProfiles is the profile list, in the order in which it is reported.
var opticalProfiles = []uint16{
	0x0043, 0x0042, discProfileBDR, 0x0040,
	0x002A, discProfileDVDPlusD, discProfileDVDPlusR, 0x001A,
	0x0017, 0x0016, 0x0015, 0x0014, 0x0013, 0x0012, discProfileDVDR, 0x0010,
	discProfileCDRW, discProfileCDR, 0x0008, 0x0002,
}

// opticalFeature is a feature descriptor, MMC-5 table 83.
type opticalFeature struct {
	code       uint16
	version    byte
	persistent bool
	current    bool
	data       []byte // a multiple of four bytes
}

func (f opticalFeature) bytes() []byte {
	b := make([]byte, 4, 4+len(f.data))
	binary.BigEndian.PutUint16(b, f.code)
	b[2], b[3] = f.version<<2, byte(len(f.data))
	if f.persistent {
		b[2] |= 2
	}
	if f.current {
		b[2] |= 1
	}
	return append(b, f.data...)
}

// profile is the current profile, 0 without a medium.
func (d *Drive) profile() uint16 {
	if d.disc == nil || d.spinUp > 0 {
		return 0
	}
	return d.disc.medium.profile
}

// features lists all that the drive can do by code; what depends on the
// medium is current when that medium is inside. Clauses are those of MMC-5 5.3.
func (d *Drive) features() []opticalFeature {
	profile := d.profile()
	var family discFamily
	if profile != 0 {
		family = d.disc.medium.family
	}
	var list []byte
	for _, known := range opticalProfiles {
		entry := []byte{byte(known >> 8), byte(known), 0, 0}
		if known == profile {
			entry[2] = 1
		}
		list = append(list, entry...)
	}
	is := func(profiles ...uint16) bool { return slices.Contains(profiles, profile) }
	blocking := uint16(1)
	if profile != 0 {
		blocking = uint16(d.disc.medium.unit)
	}
	random := []byte{0, 0, discSector >> 8, 0, byte(blocking >> 8), byte(blocking), 0, 0}
	return []opticalFeature{
		{0x0000, 0, true, true, list},
		{0x0001, 2, true, true, []byte{0, 0, 0, 8, 1, 0, 0, 0}},                                  // core; interface USB
		{0x0002, 1, true, true, []byte{2, 0, 0, 0}},                                              // morphing
		{0x0003, 0, true, true, []byte{0x29, 0, 0, 0}},                                           // tray; eject, lock
		{0x0010, 0, false, profile != 0, random},                                                 // random readable
		{0x001D, 0, false, family == discCD, nil},                                                // multi-read
		{0x001E, 2, false, family == discCD, []byte{0, 0, 0, 0}},                                 // CD read
		{0x001F, 1, false, family == discDVD, []byte{1, 0, 1, 0}},                                // DVD read
		{0x0021, 1, false, is(discProfileCDR, discProfileDVDR), []byte{1, 0, 0, 1, 16, 0, 0, 0}}, // incremental streaming; link size 16
		{0x002B, 0, false, is(discProfileDVDPlusR), []byte{1, 0, 0, 0}},                          // DVD+R
		{0x002D, 2, false, is(discProfileCDR), []byte{0x40, 0, 1, 0}},                            // CD track at once
		{0x002F, 1, false, is(discProfileDVDR), []byte{0x40, 0, 0, 0}},                           // DVD-R write
		{0x003B, 0, false, is(discProfileDVDPlusD), []byte{1, 0, 0, 0}},                          // DVD+R dual layer
		{0x0040, 0, false, family == discBD, opticalBDVersions(0x02)},                            // BD read
		{0x0041, 0, false, is(discProfileBDR), opticalBDVersions(0)},                             // BD write
		{0x0100, 0, true, true, nil},                                                             // power management
		{0x0105, 0, true, true, []byte{0, 0, 0, 0}},                                              // time-out
		{0x0107, 4, false, profile != 0, []byte{0x0E, 0, 0, 0}},                                  // real-time streaming: page 2Ah speeds, B6h
		{0x0108, 0, true, true, []byte("ANODIZE00001")},                                          // serial number
	}
}

// opticalBDVersions is the body of features 0040h and 0041h: the versions of
// BD-RE and BD-R that are supported, MMC-5 tables 176 and 178.
func opticalBDVersions(rewritable byte) []byte {
	b := make([]byte, 28)
	b[5] = rewritable // class 0: version 1
	b[13] = 0x02      // BD-R class 0: version 1
	return b
}

func (d *Drive) getConfiguration(r *opticalRequest) opticalSense {
	kind, from := r.cdb[1]&3, binary.BigEndian.Uint16(r.cdb[2:])
	if kind == 3 {
		return opticalBadField
	}
	b := make([]byte, 8) // MMC-5 table 81
	binary.BigEndian.PutUint16(b[6:], d.profile())
	for _, feature := range d.features() {
		if feature.code < from || kind == 1 && !feature.current || kind == 2 && feature.code != from {
			continue
		}
		b = append(b, feature.bytes()...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

func (d *Drive) getEventStatus(r *opticalRequest) opticalSense {
	const mediaClass = 4
	if r.cdb[1]&1 == 0 { // asynchronous reports are not offered
		return opticalBadField
	}
	allocation := uint32(binary.BigEndian.Uint16(r.cdb[7:]))
	if r.cdb[4]&(1<<mediaClass) == 0 {
		return r.reply([]byte{0, 2, 0x80, 1 << mediaClass}, allocation) // no event available
	}
	b := []byte{0, 6, mediaClass, 1 << mediaClass, d.event, 0, 0, 0} // MMC-5 tables 280, 286
	if d.tray {
		b[5] |= 1
	}
	if d.disc != nil {
		b[5] |= 2
	}
	if allocation > 4 { // the header alone leaves the event pending
		d.event = 0
	}
	return r.reply(b, allocation)
}

func (d *Drive) readBufferCapacity(r *opticalRequest) opticalSense {
	b := make([]byte, 12) // MMC-5 table 332
	b[1] = 10
	size, free := uint32(opticalCache), uint32(opticalCache-min(d.cacheBytes, opticalCache))
	if r.cdb[1]&1 != 0 { // in blocks
		b[3], size, free = 1, 0, free/discSector
	}
	binary.BigEndian.PutUint32(b[4:], size)
	binary.BigEndian.PutUint32(b[8:], free)
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

// getPerformance knows the nominal performance (type 00h) and the write speeds
// (type 03h), one descriptor each.
func (d *Drive) getPerformance(r *opticalRequest) opticalSense {
	most := binary.BigEndian.Uint16(r.cdb[8:])
	end := d.disc.capacity - min(d.disc.capacity, 1)
	b := make([]byte, 8, 24) // MMC-5 table 305
	switch r.cdb[10] {
	case 0x00:
		b = binary.BigEndian.AppendUint32(b, 0)
		b = binary.BigEndian.AppendUint32(b, opticalSpeed)
		b = binary.BigEndian.AppendUint32(b, end)
		b = binary.BigEndian.AppendUint32(b, opticalSpeed)
		b[4] = r.cdb[1] >> 2 & 1 // write performance asked for
	case 0x03:
		b = append(b, 0, 0, 0, 0)
		b = binary.BigEndian.AppendUint32(b, end)
		b = binary.BigEndian.AppendUint32(b, opticalSpeed)
		b = binary.BigEndian.AppendUint32(b, opticalSpeed)
	default:
		return opticalBadField
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return r.reply(b, 8+16*uint32(most))
}
