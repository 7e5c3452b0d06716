package sim

// opticalCommand is a command that the drive knows.
type opticalCommand struct {
	run    func(*Drive, *opticalRequest) opticalSense
	always bool // answered in any state, and leaves a unit attention pending
	medium bool // needs a medium that is ready
}

// opticalCommands holds every command by its operation code; any other code
// ends in 5/20/00. Clauses are those of MMC-5, and of SPC-3 where named.
var opticalCommands = map[byte]opticalCommand{
	0x00: {run: (*Drive).testUnitReady, medium: true},        // SPC-3 6.33
	0x03: {run: (*Drive).requestSense, always: true},         // SPC-3 6.27
	0x04: {run: (*Drive).formatUnit, medium: true},           // 6.5
	0x12: {run: (*Drive).inquiry, always: true},              // SPC-3 6.4
	0x1B: {run: (*Drive).startStopUnit},                      // 6.42
	0x1E: {run: (*Drive).preventAllow},                       // 6.14
	0x23: {run: (*Drive).readFormatCapacities},               // 6.24
	0x25: {run: (*Drive).readCapacity, medium: true},         // 6.19
	0x28: {run: (*Drive).read, medium: true},                 // 6.15
	0x2A: {run: (*Drive).write, medium: true},                // 6.44
	0x2B: {run: (*Drive).seek, medium: true},                 // 6.32
	0x35: {run: (*Drive).synchronizeCache, medium: true},     // 6.41
	0x43: {run: (*Drive).readTOC, medium: true},              // 6.26
	0x46: {run: (*Drive).getConfiguration, always: true},     // 6.6
	0x4A: {run: (*Drive).getEventStatus, always: true},       // 6.7
	0x51: {run: (*Drive).readDiscInformation, medium: true},  // 6.22
	0x52: {run: (*Drive).readTrackInformation, medium: true}, // 6.27
	0x53: {run: (*Drive).reserveTrack, medium: true},         // 6.31
	0x55: {run: (*Drive).modeSelect},                         // SPC-3 6.8, MMC-5 7
	0x5A: {run: (*Drive).modeSense},                          // SPC-3 6.10, MMC-5 7
	0x5B: {run: (*Drive).closeTrackSession, medium: true},    // 6.3
	0x5C: {run: (*Drive).readBufferCapacity, medium: true},   // 6.18
	0xA8: {run: (*Drive).read, medium: true},                 // 6.16
	0xAA: {run: (*Drive).write, medium: true},                // 6.45
	0xAC: {run: (*Drive).getPerformance, medium: true},       // 6.8
	0xAD: {run: (*Drive).readDiscStructure, medium: true},    // 6.23
	0xB6: {run: (*Drive).setStreaming, medium: true},         // 6.39
	0xBB: {run: (*Drive).setSpeed, medium: true},             // 6.37
}

// opticalLength is the length of a CDB by its group, SPC-3 4.3.4.1.
func opticalLength(opcode byte) int {
	switch opcode >> 5 {
	case 0:
		return 6
	case 1, 2:
		return 10
	case 4:
		return 16
	default:
		return 12
	}
}

// reply delivers data, cut to the allocation length (SPC-3 4.3.4.6).
func (r *opticalRequest) reply(data []byte, allocation uint32) opticalSense {
	if uint64(len(data)) > uint64(allocation) {
		data = data[:allocation]
	}
	r.data = data
	return opticalGood
}

// takes checks that the data sent has the length that the CDB announces.
func (r *opticalRequest) takes(length uint32) bool {
	if uint64(len(r.out)) == uint64(length) {
		return true
	}
	r.err = opticalTransferError(length, len(r.out))
	return false
}

func (d *Drive) testUnitReady(*opticalRequest) opticalSense { return opticalGood }

// requestSense tells first why the command before it was refused (SPC-3 6.27):
// whatever carries no sense data with the status, as USB's bulk-only transport,
// asks for it so, and must not be told of something else instead.
func (d *Drive) requestSense(r *opticalRequest) opticalSense {
	result := d.lastSense
	d.lastSense = opticalGood
	switch {
	case !result.isGood():
	case d.attention == opticalMediumChanged && d.spinUp > 0 && d.disc != nil:
		d.spinUp--
		result = opticalBecomingReady
	case !d.attention.isGood():
		result, d.attention = d.attention, opticalGood
	case d.busy != nil && d.disc != nil:
		result = d.pollBusy()
	case !d.deferred.isGood():
		result, d.deferred = d.deferred, opticalGood
	}
	return r.reply(result.bytes(), uint32(r.cdb[4]))
}

func (d *Drive) inquiry(r *opticalRequest) opticalSense {
	if r.cdb[1]&1 != 0 || r.cdb[2] != 0 { // no vital product data
		return opticalBadField
	}
	b := make([]byte, 36)       // SPC-3 table 81
	b[0], b[1] = 0x05, 0x80     // CD/DVD device, removable
	b[2], b[3], b[4] = 5, 2, 31 // SPC-3, response format 2, additional length
	copy(b[8:], "ANODIZE SIM OPTICAL     1.00")
	return r.reply(b, uint32(r.cdb[3])<<8|uint32(r.cdb[4]))
}

func (d *Drive) preventAllow(r *opticalRequest) opticalSense {
	d.locked = r.cdb[4]&1 != 0
	return opticalGood
}

func (d *Drive) startStopUnit(r *opticalRequest) opticalSense {
	loadEject, start := r.cdb[4]&2 != 0, r.cdb[4]&1 != 0
	switch {
	case r.cdb[4]>>4 != 0, !loadEject: // power conditions and spinning change nothing here
		return opticalGood
	case start && d.byHand && d.tray:
		return opticalBadField
	case start:
		if d.tray {
			d.load(d.onTray)
		}
		return opticalGood
	case d.locked && d.disc != nil:
		return opticalLocked
	}
	if d.disc != nil {
		if result := d.pollBusy(); !result.isGood() {
			return result
		}
	}
	d.unload()
	return opticalGood
}

func (d *Drive) seek(*opticalRequest) opticalSense     { return opticalGood }
func (d *Drive) setSpeed(*opticalRequest) opticalSense { return opticalGood }

func (d *Drive) setStreaming(r *opticalRequest) opticalSense {
	length := uint32(r.cdb[9])<<8 | uint32(r.cdb[10])
	if !r.takes(length) {
		return opticalGood
	}
	if length != 28 { // MMC-5 table 573
		return opticalListLength
	}
	return opticalGood
}
