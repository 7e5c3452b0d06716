package sim

import "encoding/binary"

// opticalLastTOC is the highest track number that a TOC can hold.
const opticalLastTOC = 99

// completed lists the tracks of closed sessions.
func (d *Drive) completed() []*discTrack {
	var list []*discTrack
	for _, t := range d.disc.tracks {
		if t.session <= d.disc.completeSessions() {
			list = append(list, t)
		}
	}
	return list
}

func (d *Drive) readTOC(r *opticalRequest) opticalSense {
	allocation := uint32(binary.BigEndian.Uint16(r.cdb[7:]))
	msf := r.cdb[1]&2 != 0
	format := r.cdb[2] & 0x0F
	if format == 0 && r.cdb[9]>>6 != 0 { // where older initiators put it, MMC-5 6.26.2.3
		format = r.cdb[9] >> 6
	}
	isCD := d.disc.medium.family == discCD
	tracks := d.completed()
	switch {
	case format == 4 && isCD && d.disc.medium.recordable:
		return r.reply(d.atip(), allocation)
	case len(tracks) == 0:
		return opticalBadField
	case format == 0:
		return d.formattedTOC(r, tracks, msf, allocation)
	case format == 1:
		return r.reply(d.sessionTOC(msf), allocation)
	case format == 2 && isCD:
		return r.reply(d.rawTOC(tracks), allocation)
	}
	return opticalBadField
}

// formattedTOC is format 0, MMC-5 table 481. When there are more tracks than
// it has numbers for, the last one takes the highest number.
func (d *Drive) formattedTOC(r *opticalRequest, tracks []*discTrack, msf bool, allocation uint32) opticalSense {
	last := tracks[len(tracks)-1]
	if len(tracks) > opticalLastTOC {
		tracks = append(tracks[:opticalLastTOC-1:opticalLastTOC-1], last)
	}
	from := int(r.cdb[6])
	if from > len(tracks) && from != 0xAA {
		return opticalBadField
	}
	b := []byte{0, 0, 1, byte(len(tracks))}
	for i, t := range tracks {
		if i+1 >= from {
			b = opticalAppendTOC(b, byte(i+1), t.start, msf)
		}
	}
	b = opticalAppendTOC(b, 0xAA, last.start+last.size, msf)
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return r.reply(b, allocation)
}

// opticalAppendTOC adds the descriptor of a data track.
func opticalAppendTOC(b []byte, number byte, sector uint32, msf bool) []byte {
	b = append(b, 0, 0x14, number, 0) // ADR 1, CONTROL 4
	if msf {
		return append(append(b, 0), opticalMSF(sector)...)
	}
	return binary.BigEndian.AppendUint32(b, sector)
}

// sessionTOC is format 1: the first track of the last closed session, MMC-5
// table 486.
func (d *Drive) sessionTOC(msf bool) []byte {
	sessions := d.disc.completeSessions()
	first := d.disc.firstOfSession(sessions)
	b := []byte{0, 10, 1, byte(sessions)}
	return opticalAppendTOC(b, byte(d.disc.number(first)), first.start, msf)
}

// rawTOC is format 2, MMC-5 tables 488 and 489: for each session the points
// A0h, A1h, A2h and its tracks, and B0h while another session can follow.
func (d *Drive) rawTOC(tracks []*discTrack) []byte {
	b := []byte{0, 0, 1, byte(d.disc.completeSessions())}
	for session := 1; session <= d.disc.completeSessions(); session++ {
		first, last := d.disc.firstOfSession(session), d.disc.lastOfSession(session)
		b = opticalAppendPoint(b, session, 0x14, 0xA0, nil, []byte{byte(d.disc.number(first)), 0, 0})
		b = opticalAppendPoint(b, session, 0x14, 0xA1, nil, []byte{byte(d.disc.number(last)), 0, 0})
		b = opticalAppendPoint(b, session, 0x14, 0xA2, nil, opticalMSF(last.start+last.size))
		for i, t := range tracks {
			if t.session == session {
				b = opticalAppendPoint(b, session, 0x14, byte(i+1), nil, opticalMSF(t.start))
			}
		}
		if next := d.disc.firstOfSession(session + 1); next != nil {
			b = opticalAppendPoint(b, session, 0x54, 0xB0, opticalMSF(next.start-150-4500-150), opticalMSF(d.disc.capacity))
		}
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return b
}

func opticalAppendPoint(b []byte, session int, control, point byte, time, address []byte) []byte {
	var entry [11]byte
	entry[0], entry[1], entry[3] = byte(session), control, point
	copy(entry[4:7], time)
	copy(entry[8:11], address)
	return append(b, entry[:]...)
}

// atip is format 4, MMC-5 table 492: what the groove of a CD-R says.
func (d *Drive) atip() []byte {
	b := make([]byte, 28)
	b[1] = 26
	b[4], b[5] = 0x80, 0x80 // unrestricted use
	b[6] = 0x80             // CD-R
	copy(b[8:], []byte{97, 27, 0})
	copy(b[12:], opticalMSF(d.disc.capacity))
	return b
}

// readDiscStructure knows the physical format information of a DVD and the
// disc information of a BD (format 00h, MMC-5 6.23.3.2.1 and 6.23.3.3.1).
func (d *Drive) readDiscStructure(r *opticalRequest) opticalSense {
	media, format := r.cdb[1]&0x0F, r.cdb[7]
	var b []byte
	switch {
	case d.disc.medium.family == discDVD && media == 0 && format == 0:
		b = make([]byte, 4+2048)
		b[4] = 0xA1 // DVD+R, version 1
		if d.disc.medium.profile == discProfileDVDR {
			b[4] = 0x25
		}
		b[5] = 0x0F
		binary.BigEndian.PutUint32(b[8:], 0x030000)
		binary.BigEndian.PutUint32(b[12:], 0x030000+d.disc.capacity-min(d.disc.capacity, 1))
	case d.disc.medium.family == discBD && media == 1 && format == 0:
		b = make([]byte, 4+4096)
		copy(b[4:], "DI\x01") // one unit
		copy(b[4+8:], "BDR")
		copy(b[4+100:], "ANODIZ\x00SIM")
	case d.disc.medium.family != discDVD && d.disc.medium.family != discBD:
		return opticalWrongMedium
	default:
		return opticalBadField
	}
	binary.BigEndian.PutUint16(b, uint16(len(b)-2))
	return r.reply(b, uint32(binary.BigEndian.Uint16(r.cdb[8:])))
}
