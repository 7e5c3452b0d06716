package sim

// Profile numbers, MMC-5 table 88.
const (
	discProfileCDR      = 0x0009
	discProfileCDRW     = 0x000A
	discProfileDVDR     = 0x0011
	discProfileDVDPlusR = 0x001B
	discProfileDVDPlusD = 0x002B
	discProfileBDR      = 0x0041
)

// discFamily is the kind of media that a command's form depends on.
type discFamily uint8

const (
	discOther discFamily = iota
	discCD
	discDVD
	discBD
)

// discRewrite is how a medium that this drive will not record presents itself
// in READ DISC INFORMATION.
type discRewrite uint8

const (
	discOnce   discRewrite = iota // not erasable
	discErase                     // erasable, sequential: disc status blank
	discRandom                    // erasable, random access: disc status 11b
)

// discMedium is what a profile implies. Sizes are in sectors of 2048 bytes.
type discMedium struct {
	profile    uint16
	family     discFamily
	rewrite    discRewrite
	recordable bool
	parameters bool   // takes the Write Parameters page 05h (MMC-5 7.5.3)
	capacity   uint32 // user data area
	unit       uint32 // smallest recordable unit: ECC block or cluster
	packet     uint32 // what a WRITE must be a multiple of; the cache makes units of it. 0: a unit
	minTrack   uint32 // shortest track; the drive pads up to it
	runOut     uint32 // unreadable sectors that end a track and count in its size
	trackGap   uint32 // between tracks of one session
	firstGap   uint32 // between the end of session 1 and the start of session 2
	nextGap    uint32 // between later sessions
	sessions   int    // most sessions
	reserve    int    // most reserved tracks in a session
	finalise   byte   // CLOSE TRACK SESSION function that finalises; 0: page 05h decides
}

// discMedia holds every profile that has a write-once meaning here, and those
// that a write-once archive must refuse.
var discMedia = map[uint16]discMedium{
	// MMC-5 4.2.3: 4 s minimum, 2 run-out blocks after a track written at once,
	// 150 sectors of pre-gap; lead-out and lead-in cost 11400, then 6900.
	discProfileCDR: {family: discCD, recordable: true, parameters: true, capacity: 359_847, unit: 1,
		minTrack: 300, runOut: 2, trackGap: 150, firstGap: 11_400, nextGap: 6_900, sessions: 99},
	// ECMA-359: the smallest border zones, 1792 and 384 ECC blocks.
	discProfileDVDR: {family: discDVD, recordable: true, parameters: true, capacity: 2_298_496, unit: 16,
		firstGap: 1792 * 16, nextGap: 384 * 16, sessions: 254, reserve: 1},
	// ECMA-349: a closure and an intro of 64 ECC blocks each between sessions;
	// MMC-5 4.3.6.2: 153 sessions of one track.
	discProfileDVDPlusR: {family: discDVD, recordable: true, capacity: 2_295_104, unit: 16,
		firstGap: 2048, nextGap: 2048, sessions: 153, reserve: 1, finalise: 5},
	discProfileDVDPlusD: {family: discDVD, recordable: true, capacity: 4_173_824, unit: 16,
		firstGap: 2048, nextGap: 2048, sessions: 153, reserve: 1, finalise: 5},
	// MMC-5 4.5.3.5: sessions follow each other at cluster boundaries. Half a cluster
	// is taken, since growisofs writes no more at a time.
	discProfileBDR: {family: discBD, recordable: true, capacity: 12_219_392, unit: 32, packet: 16,
		sessions: 255, reserve: 15, finalise: 6},

	discProfileCDRW: {family: discCD, rewrite: discErase, capacity: 359_847},
	0x0012:          {family: discDVD, rewrite: discRandom, capacity: 2_236_704}, // DVD-RAM
	0x0013:          {family: discDVD, rewrite: discRandom, capacity: 2_297_888}, // DVD-RW restricted overwrite
	0x0014:          {family: discDVD, rewrite: discErase, capacity: 2_297_888},  // DVD-RW sequential
	0x0015:          {family: discDVD, capacity: 4_171_712},                      // DVD-R DL sequential: one session only
	0x0016:          {family: discDVD, capacity: 4_171_712},                      // DVD-R DL layer jump
	0x0017:          {family: discDVD, rewrite: discErase, capacity: 4_171_712},  // DVD-RW DL
	0x001A:          {family: discDVD, rewrite: discRandom, capacity: 2_295_104}, // DVD+RW
	0x002A:          {family: discDVD, rewrite: discRandom, capacity: 4_173_824}, // DVD+RW DL
	0x0042:          {family: discBD, capacity: 12_219_392},                      // BD-R random recording
	0x0043:          {family: discBD, rewrite: discRandom, capacity: 11_826_176}, // BD-RE
	0x0050:          {capacity: 7_361_312},                                       // HD DVD-ROM
	0x0051:          {capacity: 7_361_312},                                       // HD DVD-R
	0x0052:          {rewrite: discRandom, capacity: 7_361_312},                  // HD DVD-RAM
}

// discMediumOf gives the medium of a profile; an unknown profile is a medium
// that can be looked at and not recorded.
func discMediumOf(profile uint16) discMedium {
	medium := discMedia[profile]
	medium.profile = profile
	if medium.unit == 0 {
		medium.unit = 1
	}
	if medium.packet == 0 {
		medium.packet = medium.unit
	}
	return medium
}
