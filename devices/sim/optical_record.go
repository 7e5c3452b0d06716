package sim

import (
	"encoding/binary"
	"fmt"
)

// opticalSectors is the longest transfer in sectors.
const opticalSectors = opticalTransfer / discSector

func opticalTransferError(announced uint32, got int) error {
	return fmt.Errorf("%w: the CDB announces %d bytes, %d were sent", ErrDriveTransfer, announced, got)
}

// opticalExtent gives the address and the length of READ and WRITE (10) and (12).
func (r *opticalRequest) extent() (sector, count uint32) {
	sector = binary.BigEndian.Uint32(r.cdb[2:])
	if r.cdb[0] >= 0xA0 {
		return sector, binary.BigEndian.Uint32(r.cdb[6:])
	}
	return sector, uint32(binary.BigEndian.Uint16(r.cdb[7:]))
}

// recordable is why nothing at all can be recorded now.
func (d *Drive) recordable() opticalSense {
	switch {
	case !d.disc.medium.recordable:
		return opticalCannotWrite
	case !d.disc.open:
		return opticalWriteProtected
	case d.disc.medium.parameters && !d.parameters.set:
		return opticalSequence
	}
	return opticalGood
}

// nextAddress is where the track takes the next sector.
func (d *Drive) nextAddress(t *discTrack) uint32 {
	next := t.start + t.written
	if t == d.cacheTrack {
		next += uint32(d.cacheBytes / discSector)
	}
	return next
}

// writable is whether the track has a next writable address.
func (d *Drive) writable(t *discTrack) bool {
	return !t.closed && !t.damaged && d.nextAddress(t) < d.disc.limit(t)
}

func (d *Drive) write(r *opticalRequest) opticalSense {
	sector, count := r.extent()
	if count > opticalSectors || r.cdb[0] == 0xAA && r.cdb[10]&0x80 != 0 { // streaming is for rewritable media
		return opticalBadField
	}
	if !r.takes(count * discSector) {
		return opticalGood
	}
	if result := d.recordable(); !result.isGood() {
		return result
	}
	if count%d.disc.medium.packet != 0 {
		return opticalBadField
	}
	if sector >= d.disc.capacity {
		return opticalOutOfRange
	}
	if count == 0 {
		return opticalGood
	}
	track := d.trackAt(sector)
	if track == nil {
		return opticalBadWriteAddr
	}
	if uint64(sector)+uint64(count) > uint64(d.disc.limit(track)) {
		return opticalEndOfTrack
	}
	if d.parameters.writeType == opticalDiscAtOnce && d.disc.medium.parameters && !track.reserved {
		return opticalSequence // MMC-5 6.31: the size is announced first
	}
	return d.keep(track, sector, r)
}

// trackAt finds the open track whose next writable address this is.
func (d *Drive) trackAt(sector uint32) *discTrack {
	for _, t := range d.disc.tracks {
		if d.writable(t) && d.nextAddress(t) == sector {
			return t
		}
	}
	return nil
}

// keep puts a WRITE into the cache and records from it when it is full.
func (d *Drive) keep(track *discTrack, sector uint32, r *opticalRequest) opticalSense {
	if d.cacheTrack != track {
		if result := d.flush(); !result.isGood() {
			return result
		}
		d.cacheTrack = track
	}
	piece := opticalPiece{sector: sector, target: sector, data: append([]byte(nil), r.out...)}
	if d.remembers {
		for i := range uint32(len(r.out) / discSector) {
			d.remembered[sector+i] = [discSector]byte(r.out[i*discSector:])
		}
	}
	switch e := r.effect.(type) {
	case StoreElsewhere:
		piece.target = sector + uint32(e.By)
	case FlipBit:
		if e.Offset >= 0 && e.Offset < len(piece.data) {
			piece.data[e.Offset] ^= 1
		}
	}
	d.cache = append(d.cache, piece)
	d.cacheBytes += len(piece.data)
	if d.cacheBytes > opticalCache {
		return d.spill()
	}
	return opticalGood
}

// spill records the whole units that are in the cache, and keeps the rest there.
func (d *Drive) spill() opticalSense {
	track, pieces := d.cacheTrack, d.cache
	at, whole := track.written, 0
	for i, piece := range pieces {
		if at += uint32(len(piece.data) / discSector); at%d.disc.medium.unit == 0 {
			whole = i + 1
		}
	}
	d.cache = pieces[:whole]
	if result := d.flush(); !result.isGood() {
		return result
	}
	if whole == len(pieces) {
		return opticalGood
	}
	d.cache, d.cacheTrack = pieces[whole:], track
	for _, piece := range d.cache {
		d.cacheBytes += len(piece.data)
	}
	return opticalGood
}

// flush records what is cached, and zeros to the end of the unit. At a sector that
// cannot be written it stops: the rest is lost and the track damaged.
func (d *Drive) flush() opticalSense {
	track := d.cacheTrack
	pieces := d.cache
	d.dropCache()
	for _, piece := range pieces {
		for i := range uint32(len(piece.data) / discSector) {
			if d.disc.unwritable[piece.sector+i] {
				track.damaged = true
				track.written -= track.written % d.disc.medium.unit
				return opticalWriteError(piece.sector + i)
			}
			d.disc.store.write(piece.target+i, piece.data[i*discSector:(i+1)*discSector])
			track.written++
		}
	}
	if track != nil {
		track.written = d.disc.align(track.written)
	}
	return opticalGood
}

func (d *Drive) dropCache() {
	d.cache, d.cacheTrack, d.cacheBytes = nil, nil, 0
}

func (d *Drive) synchronizeCache(r *opticalRequest) opticalSense {
	return d.long(r.cdb[1]&2 != 0, opticalLongWriteBusy, d.settle)
}

// settle empties the cache. On CD that ends a track written at once (MMC-5
// 6.41); on DVD-R it ends a disc whose announced track is full.
func (d *Drive) settle() opticalSense {
	track := d.cacheTrack
	if result := d.flush(); !result.isGood() {
		return result
	}
	switch {
	case d.disc.medium.family == discCD:
		if open := d.disc.incomplete(); open != nil && !open.damaged {
			d.disc.closeTrack(open)
		}
	case d.discAtOnce() && track != nil && track.reserved && track.written == track.size:
		d.disc.closeTrack(track)
		d.disc.closeSession(true)
	}
	return opticalGood
}

func (d *Drive) discAtOnce() bool {
	return d.disc.medium.parameters && d.parameters.set && d.parameters.writeType == opticalDiscAtOnce
}

func (d *Drive) reserveTrack(r *opticalRequest) opticalSense {
	size := binary.BigEndian.Uint32(r.cdb[5:])
	if result := d.recordable(); !result.isGood() {
		return result
	}
	track := d.disc.invisible()
	if r.cdb[1]&7 != 0 || size == 0 { // by size only, not by address or for overwriting
		return opticalBadField
	}
	if !track.isEmpty() || d.nextAddress(track) != track.start {
		return opticalSequence
	}
	reserved := 0
	for _, t := range d.disc.tracks {
		if t.session == d.disc.sessions && t.reserved {
			reserved++
		}
	}
	if reserved >= d.disc.medium.reserve {
		return opticalNoReservation
	}
	if size > d.disc.capacity-track.start || d.disc.align(size) > d.disc.capacity-track.start {
		return opticalEndOfTrack
	}
	d.disc.reserve(size)
	return opticalGood
}

// Close functions, MMC-5 table 227.
const (
	opticalCloseTrack     = 1
	opticalCloseSession   = 2
	opticalFinaliseLowest = 5
	opticalFinaliseBD     = 6
)

func (d *Drive) closeTrackSession(r *opticalRequest) opticalSense {
	if result := d.recordable(); !result.isGood() {
		return result
	}
	immediate := r.cdb[1]&1 != 0
	function := r.cdb[2] & 7
	switch {
	case function == opticalCloseTrack:
		return d.closeTrack(immediate, uint32(binary.BigEndian.Uint16(r.cdb[4:])))
	case function == opticalCloseSession:
		return d.closeSession(immediate, d.disc.medium.parameters && !d.parameters.appendage)
	case (function == opticalFinaliseLowest || function == opticalFinaliseBD) && function == d.disc.medium.finalise:
		return d.closeSession(immediate, true)
	}
	return opticalBadField
}

func (d *Drive) closeTrack(immediate bool, number uint32) opticalSense {
	track := d.disc.track(number)
	if number == 0xFF && d.disc.medium.family == discCD {
		track = d.disc.invisible()
	}
	if track == nil || track.session != d.disc.sessions {
		return opticalBadField
	}
	if track.closed || track.isEmpty() && d.nextAddress(track) == track.start {
		return opticalSequence
	}
	return d.long(immediate, opticalLongWriteBusy, func() opticalSense {
		if result := d.flush(); !result.isGood() {
			return result
		}
		d.disc.closeTrack(track)
		return opticalGood
	})
}

func (d *Drive) closeSession(immediate, finalise bool) opticalSense {
	if d.disc.incomplete() != nil || d.cacheTrack != nil {
		return opticalOpenTrack
	}
	if d.disc.sessionEmpty() && !(finalise && d.disc.completeSessions() > 0) {
		return opticalSequence
	}
	return d.long(immediate, opticalLongWriteBusy, func() opticalSense {
		d.disc.closeSession(finalise)
		return opticalGood
	})
}

func (d *Drive) read(r *opticalRequest) opticalSense {
	sector, count := r.extent()
	if count > opticalSectors {
		return opticalBadField
	}
	force := r.cdb[1]&0x08 != 0
	if force && d.refusesFUA {
		return opticalBadField
	}
	if d.cacheTrack != nil { // the cache is recorded first; the burn is broken off there
		d.long(true, opticalLongWriteBusy, d.settle)
		return d.pollBusy()
	}
	data := make([]byte, 0, count*discSector)
	for at := uint64(sector); at < uint64(sector)+uint64(count); at++ {
		if result := d.readable(at); !result.isGood() {
			r.data = data
			return result
		}
		one, remembered := d.remembered[uint32(at)]
		if !remembered || force {
			one = d.disc.store.read(uint32(at))
		}
		data = append(data, one[:]...)
	}
	r.data = data
	return opticalGood
}

// readable is why a sector cannot be read.
func (d *Drive) readable(sector uint64) opticalSense {
	switch {
	case !d.disc.medium.recordable && sector < uint64(d.disc.capacity):
		return opticalGood
	case sector >= uint64(d.disc.recordedEnd()):
		return opticalOutOfRange
	case d.disc.unreadable[uint32(sector)]:
		return opticalReadError(uint32(sector))
	case d.disc.recorded(uint32(sector)):
		return opticalGood
	case d.disc.medium.family == discCD: // run-out, lead-out, lead-in, pre-gap
		return opticalTrackMode
	}
	return opticalReadError(uint32(sector))
}
