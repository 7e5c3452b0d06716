package disc

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Sense keys (SPC-4 section 4.5.6).
const (
	keyRecovered = 1
	keyNotReady  = 2
	keyMedium    = 3
	keyHardware  = 4
	keyIllegal   = 5
	keyAttention = 6
)

// Sense is what sense data says: key, additional sense code and qualifier. The
// zero value means that there is nothing to say.
type Sense struct {
	Key, ASC, ASCQ byte
	Deferred       bool // an earlier command failed, after it had been answered

	progress uint16 // of a long operation, in 65536ths
}

// parseSense reads sense data in fixed or descriptor format (SPC-4 sections
// 4.5.2 and 4.5.3). Data that is too short or of no known format gives the zero
// value but for what could be read.
func parseSense(b []byte) Sense {
	if len(b) < 3 {
		return Sense{}
	}
	s := Sense{Deferred: b[0]&1 != 0}
	switch b[0] & 0x7F {
	case 0x70, 0x71:
		s.Key = b[2] & 0x0F
		if len(b) >= 14 {
			s.ASC, s.ASCQ = b[12], b[13]
		}
		if len(b) >= 18 && b[15]&0x80 != 0 && s.Key == keyNotReady {
			s.progress = binary.BigEndian.Uint16(b[16:])
		}
	case 0x72, 0x73:
		s.Key = b[1] & 0x0F
		s.ASC = b[2]
		if len(b) >= 4 {
			s.ASCQ = b[3]
		}
	default:
		return Sense{}
	}
	return s
}

// busy tells whether the drive only asks for patience: the command was not
// carried out and may be sent again.
func (s Sense) busy() bool {
	if s.Deferred || s.Key != keyNotReady || s.ASC != 0x04 {
		return false
	}
	switch s.ASCQ {
	case 0x00, 0x01, 0x04, 0x07, 0x08: // no cause, becoming ready, format, operation, long write
		return true
	}
	return false
}

// String gives the sense in words: whose fault it is, what the drive says of it,
// and the numbers that a manual lists: key, code and qualifier in hexadecimal.
func (s Sense) String() string {
	words := senseWords[[3]byte{s.Key, s.ASC, s.ASCQ}]
	if words == "" {
		words = codeWords[[2]byte{s.ASC, s.ASCQ}]
	}
	if words == "" {
		words = keyWords[s.Key]
	} else {
		words = reportWords(s.Key) + words
	}
	if s.Deferred {
		words += ", found after an earlier command"
	}
	return fmt.Sprintf("%s (sense %X/%02X/%02X)", words, s.Key, s.ASC, s.ASCQ)
}

// reportWords begin what the drive says with what it is about.
func reportWords(key byte) string {
	switch key {
	case keyMedium:
		return "the drive reports a fault of the disc: "
	case keyHardware:
		return "the drive reports a fault of its own: "
	case keyIllegal:
		return "the drive refuses: "
	}
	return "the drive reports: "
}

// SenseText gives sense data in words, for people.
func SenseText(sense []byte) string { return parseSense(sense).String() }

// keyWords names every sense key (SPC-4 table 48).
var keyWords = [16]string{
	"the drive gave no reason",
	"the drive corrected an error",
	"the drive is not ready",
	"the medium is damaged or dirty",
	"the drive has a hardware fault",
	"the drive does not accept the command",
	"the drive was reset or its disc was changed",
	"the medium is write-protected",
	"an unrecorded or unexpected area was met",
	"the drive gave a reason of its maker's own",
	"a copy was aborted",
	"the drive gave the command up",
	"the drive gave a reason of no known kind",
	"the medium is at its end",
	"what is on the medium differs",
	"the command is complete",
}

// codeWords are the additional sense codes that optical drives really give
// (MMC-5 annex F, SPC-4 annex D).
var codeWords = map[[2]byte]string{
	{0x00, 0x16}: "an operation is still going on",
	{0x02, 0x00}: "the drive cannot position its laser",
	{0x04, 0x00}: "the drive is not ready and gives no cause",
	{0x04, 0x01}: "the drive is becoming ready",
	{0x04, 0x02}: "the drive must be started first",
	{0x04, 0x03}: "the drive is not ready: a hand is needed",
	{0x04, 0x04}: "the disc is being formatted",
	{0x04, 0x07}: "an operation is still going on",
	{0x04, 0x08}: "a long write is still going on",
	{0x05, 0x00}: "the drive's loading mechanism does not answer",
	{0x06, 0x00}: "no reference position found on the disc",
	{0x08, 0x00}: "the connection to the drive failed",
	{0x08, 0x01}: "the connection to the drive timed out",
	{0x08, 0x03}: "data arrived damaged on the way to or from the drive",
	{0x09, 0x00}: "the laser lost the track",
	{0x09, 0x01}: "the laser lost the track",
	{0x09, 0x02}: "the laser lost its focus",
	{0x0C, 0x00}: "writing failed",
	{0x0C, 0x03}: "writing failed: a defect in the medium",
	{0x0C, 0x07}: "writing failed: it must be recovered",
	{0x0C, 0x08}: "writing failed and could not be recovered",
	{0x0C, 0x09}: "writing failed: the data came too slowly",
	{0x0C, 0x0A}: "writing failed: a padding block could not be written",
	{0x11, 0x00}: "a sector cannot be read",
	{0x11, 0x01}: "a sector cannot be read, after many attempts",
	{0x11, 0x02}: "a sector has too many errors to correct",
	{0x11, 0x05}: "a sector cannot be corrected",
	{0x11, 0x06}: "a sector's error correction failed",
	{0x14, 0x00}: "a recorded area was not found",
	{0x14, 0x01}: "a sector was not found",
	{0x15, 0x00}: "the laser cannot be positioned",
	{0x15, 0x01}: "the laser cannot be positioned: a mechanical fault",
	{0x17, 0x01}: "data was read after a retry",
	{0x18, 0x00}: "data was read and corrected",
	{0x1A, 0x00}: "a parameter list has the wrong length",
	{0x1B, 0x00}: "the transfer ended early",
	{0x20, 0x00}: "the drive does not know the command",
	{0x21, 0x00}: "the address lies outside what is recorded",
	{0x21, 0x02}: "the address is not where the disc continues",
	{0x24, 0x00}: "a field of the command is not accepted",
	{0x26, 0x00}: "a parameter is not accepted",
	{0x26, 0x01}: "a parameter is not supported",
	{0x26, 0x02}: "a parameter's value is not accepted",
	{0x27, 0x00}: "the disc is write-protected",
	{0x28, 0x00}: "a disc was inserted or changed",
	{0x28, 0x01}: "a disc was moved by the loader",
	{0x29, 0x00}: "the drive was switched on or reset",
	{0x29, 0x01}: "the drive was switched on",
	{0x29, 0x02}: "the bus was reset",
	{0x29, 0x03}: "the drive was reset",
	{0x29, 0x04}: "the drive reset itself",
	{0x2A, 0x01}: "the drive's settings were changed",
	{0x2C, 0x00}: "the command came out of order",
	{0x2E, 0x00}: "there was not enough time for the operation",
	{0x30, 0x00}: "the drive cannot handle this disc",
	{0x30, 0x01}: "the disc is of an unknown format",
	{0x30, 0x02}: "the disc is of an incompatible format",
	{0x30, 0x03}: "a cleaning disc is in the drive",
	{0x30, 0x05}: "the drive cannot write to this disc",
	{0x30, 0x06}: "the drive cannot write to this disc: wrong format",
	{0x30, 0x08}: "the disc is not of the kind the command needs",
	{0x30, 0x10}: "the disc is not formatted",
	{0x31, 0x00}: "the disc's format is damaged",
	{0x31, 0x01}: "formatting failed",
	{0x3A, 0x00}: "there is no disc in the drive",
	{0x3A, 0x01}: "there is no disc in the drive, and its tray is closed",
	{0x3A, 0x02}: "there is no disc in the drive: its tray is open",
	{0x3E, 0x01}: "the drive failed",
	{0x3E, 0x02}: "the drive timed out",
	{0x3F, 0x01}: "the drive's firmware was changed",
	{0x44, 0x00}: "the drive has an internal fault",
	{0x4E, 0x00}: "commands overlapped",
	{0x51, 0x00}: "erasing failed",
	{0x53, 0x00}: "the disc could not be loaded or ejected",
	{0x53, 0x02}: "the disc is locked into the drive",
	{0x55, 0x00}: "the drive lacks a resource",
	{0x57, 0x00}: "the table of contents cannot be read",
	{0x5A, 0x01}: "the eject button was pressed",
	{0x5D, 0x00}: "the drive expects to fail soon",
	{0x5D, 0x01}: "the medium is expected to fail soon",
	{0x5E, 0x00}: "the drive saves power",
	{0x63, 0x00}: "the end of the writable area was met",
	{0x63, 0x01}: "the data does not fit on the disc",
	{0x64, 0x00}: "the track is not of the mode the command needs",
	{0x64, 0x01}: "the packet size is not accepted",
	{0x65, 0x00}: "the drive's voltage is wrong",
	{0x6F, 0x00}: "copy protection stands in the way",
	{0x72, 0x00}: "closing the session failed",
	{0x72, 0x01}: "closing the session failed at its lead-in",
	{0x72, 0x02}: "closing the session failed at its lead-out",
	{0x72, 0x03}: "a track is still open, so the session cannot be closed",
	{0x72, 0x04}: "a reserved track is not full",
	{0x72, 0x05}: "no more tracks can be reserved",
	{0x73, 0x00}: "recording control failed",
	{0x73, 0x01}: "the laser's power calibration area is almost full",
	{0x73, 0x02}: "the laser's power calibration area is full",
	{0x73, 0x03}: "calibrating the laser's power failed: try another disc or clean this one",
	{0x73, 0x04}: "the disc's program memory could not be updated",
	{0x73, 0x05}: "the disc's program memory is full",
	{0x73, 0x06}: "the disc's program memory is almost full",
	{0x73, 0x10}: "the laser's current power calibration area is almost full",
	{0x73, 0x11}: "the laser's current power calibration area is full",
}

// senseWords are codes that mean something else under one key.
var senseWords = map[[3]byte]string{
	{0x03, 0x11, 0x00}: "a sector cannot be read, it is damaged or dirty",
	{0x05, 0x64, 0x00}: "the sector does not belong to a data track",
	{0x08, 0x00, 0x00}: "the sector is blank",
}

// ErrMediumChanged means that the disc may be another one than before, or that
// the drive was reset: what is known of it must be read again.
var ErrMediumChanged = errors.New("the disc may have been changed: check it again")

// ErrNoMedium means that there is no disc in the drive.
var ErrNoMedium = errors.New("there is no disc in the drive")

// SenseError is a command that the drive ended with CHECK CONDITION.
type SenseError struct {
	Command string // such as "WRITE of 32 sectors at 4096"
	Sense   Sense
}

// Error begins with what people understand; the command is for who mends drives.
func (e *SenseError) Error() string { return e.Sense.String() + ", in answer to " + e.Command }

// Is makes ErrMediumChanged of every unit attention and ErrNoMedium of the sense
// that says so.
func (e *SenseError) Is(target error) bool {
	switch target {
	case ErrMediumChanged:
		return e.Sense.Key == keyAttention
	case ErrNoMedium:
		return e.Sense.Key == keyNotReady && e.Sense.ASC == 0x3A
	}
	return false
}
