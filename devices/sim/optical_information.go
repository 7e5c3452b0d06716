package sim

import "encoding/binary"

func (d *Drive) readCapacity(r *opticalRequest) opticalSense {
	b := make([]byte, 8) // MMC-5 table 336
	binary.BigEndian.PutUint32(b, d.capacityEnd-min(d.capacityEnd, 1))
	binary.BigEndian.PutUint32(b[4:], discSector)
	return r.reply(b, 8)
}

// readDiscInformation gives the standard data, MMC-5 table 374.
func (d *Drive) readDiscInformation(r *opticalRequest) opticalSense {
	if r.cdb[1]&7 != 0 { // track and POW resources
		return opticalBadField
	}
	disc := d.disc
	b := make([]byte, 34)
	b[1] = 32
	b[2] = d.discStatus()
	b[3] = 1
	sessions, first, last := 1, 1, 1
	if len(disc.tracks) > 0 {
		sessions = disc.sessions
		first = disc.number(disc.firstOfSession(sessions))
		last = len(disc.tracks)
	}
	b[4], b[9] = byte(sessions), byte(sessions>>8)
	b[5], b[10] = byte(first), byte(first>>8)
	b[6], b[11] = byte(last), byte(last>>8)
	b[7] = 0x20 // unrestricted use
	if disc.medium.family == discCD {
		d.leadAddresses(b[16:24])
	}
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

// discStatus is byte 2: erasable, state of the last session, disc status.
func (d *Drive) discStatus() byte {
	const erasable, randomAccess, complete = 0x10, 0x0F, 0x0E
	disc := d.disc
	switch {
	case disc.medium.rewrite == discRandom:
		return erasable | randomAccess
	case disc.medium.rewrite == discErase:
		return erasable
	case !disc.open:
		return complete
	case disc.isBlank() && d.cacheTrack == nil:
		return 0
	case disc.sessionEmpty() && d.cacheTrack == nil:
		return 1
	default:
		return 1<<2 | 1
	}
}

// leadAddresses gives a CD's last session lead-in and last possible lead-out
// start as minutes, seconds and frames, FFFFFFh when nothing can follow.
func (d *Drive) leadAddresses(b []byte) {
	if !d.disc.open {
		copy(b, []byte{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})
		return
	}
	if d.disc.sessions == 1 {
		copy(b[1:], []byte{97, 27, 0})
	} else {
		copy(b[1:], opticalMSF(d.disc.firstOfSession(d.disc.sessions).start-4500-150))
	}
	copy(b[5:], opticalMSF(d.disc.capacity))
}

// opticalMSF is an address as minutes, seconds and frames, MMC-5 table 726.
func opticalMSF(sector uint32) []byte {
	frames := uint64(sector) + 150
	return []byte{byte(frames / 75 / 60), byte(frames / 75 % 60), byte(frames % 75)}
}

// readTrackInformation gives the track information block, MMC-5 table 500.
func (d *Drive) readTrackInformation(r *opticalRequest) opticalSense {
	address := binary.BigEndian.Uint32(r.cdb[2:])
	var track *discTrack
	switch r.cdb[1] & 3 {
	case 0:
		track = d.containing(address)
		if track == nil {
			return opticalOutOfRange
		}
	case 1:
		track = d.disc.track(address)
		if address == 0xFF && d.disc.open {
			track = d.disc.invisible()
		}
	case 2:
		if address <= 0xFFFF {
			track = d.disc.firstOfSession(int(address))
		}
	}
	if track == nil || r.cdb[1]&4 != 0 { // the Open bit is not offered
		return opticalBadField
	}
	b := d.trackBlock(track)
	if _, hide := r.effect.(HideNextAddress); hide {
		b[7] &^= 1
		binary.BigEndian.PutUint32(b[12:], 0)
	}
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

func (d *Drive) containing(sector uint32) *discTrack {
	for _, t := range d.disc.tracks {
		if sector >= t.start && sector < d.disc.limit(t) {
			return t
		}
	}
	return nil
}

func (d *Drive) trackBlock(t *discTrack) []byte {
	b := make([]byte, 48)
	number, next := d.disc.number(t), d.nextAddress(t)
	b[1] = 46
	b[2], b[32] = byte(number), byte(number>>8)
	b[3], b[33] = byte(t.session), byte(t.session>>8)
	b[5] = 4 // data track, recorded without interruption
	if t.damaged && !t.closed {
		b[5] |= 0x20
	}
	b[6] = 1 // mode 1 data
	if t.reserved && !t.closed {
		b[6] |= 0x80
	}
	if next == t.start && !t.closed {
		b[6] |= 0x40 // blank
	}
	switch {
	case d.disc.medium.profile == discProfileDVDR:
		// Written in packets, but not of a fixed size, whatever page 05h says of them:
		// growisofs refuses a track that claims otherwise.
		b[6] |= 0x20
	case d.disc.medium.unit > 1:
		b[6] |= 0x30 // fixed packets
		binary.BigEndian.PutUint32(b[20:], d.disc.medium.unit)
	}
	binary.BigEndian.PutUint32(b[8:], t.start)
	if d.writable(t) {
		b[7] |= 1
		binary.BigEndian.PutUint32(b[12:], next)
		binary.BigEndian.PutUint32(b[16:], d.disc.limit(t)-next)
	}
	binary.BigEndian.PutUint32(b[24:], d.disc.limit(t)-t.start)
	if t.closed && t.written > 0 {
		b[7] |= 2
		binary.BigEndian.PutUint32(b[28:], t.start+t.written-1)
	}
	return b
}

// readFormatCapacities gives the current size and, for a blank BD-R, the one
// format with spare areas (MMC-5 6.24.3).
func (d *Drive) readFormatCapacities(r *opticalRequest) opticalSense {
	b := make([]byte, 4)
	switch {
	case d.disc == nil || d.spinUp > 0:
		b = opticalAppendFormat(b, 0, 3)
	case d.disc.open && d.disc.isBlank():
		b = opticalAppendFormat(b, d.disc.capacity, 1)
	default:
		b = opticalAppendFormat(b, d.disc.recordedEnd(), 2)
	}
	if d.canFormat() {
		b = opticalAppendFormat(b, d.disc.capacity-opticalSpare, 1) // type 00h, SRM without overwriting
	}
	b[3] = byte(len(b) - 4)
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[7:])))
}

func opticalAppendFormat(b []byte, blocks uint32, low byte) []byte {
	b = binary.BigEndian.AppendUint32(b, blocks)
	return append(b, low, 0, discSector>>8, 0)
}

// opticalSpare is the size of the default spare areas of a BD-R in sectors.
const opticalSpare = 393_216

func (d *Drive) canFormat() bool {
	return d.profile() == discProfileBDR && d.disc.open && d.disc.isBlank() && d.cacheTrack == nil &&
		!d.disc.formatted && d.disc.capacity > opticalSpare
}

// formatUnit sets spare areas aside on a blank BD-R: format type 00h, sub-type
// 01b, SRM without pseudo-overwrite (MMC-5 6.5.4.2.1.6).
func (d *Drive) formatUnit(r *opticalRequest) opticalSense {
	const parameters = 12 // list header and one descriptor
	if d.disc.medium.profile != discProfileBDR {
		return opticalCannotWrite
	}
	if r.cdb[1]&0x1F != 0x11 { // FmtData, format code 1
		return opticalBadField
	}
	if !r.takes(parameters) {
		return opticalGood
	}
	if !d.canFormat() {
		return opticalSequence
	}
	if r.out[8] != 0x00<<2|1 || binary.BigEndian.Uint16(r.out[2:]) != 8 ||
		binary.BigEndian.Uint32(r.out[4:]) != d.disc.capacity-opticalSpare {
		return opticalBadParameter
	}
	return d.long(r.out[1]&2 != 0, opticalOperationBusy, func() opticalSense {
		d.disc.capacity -= opticalSpare
		d.disc.formatted = true
		return opticalGood
	})
}
