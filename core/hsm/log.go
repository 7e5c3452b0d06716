package hsm

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
)

// LogEntrySize is the length in bytes of a log entry as the device sends it.
const LogEntrySize = 32

// LogEntry is one line of the log that a YubiHSM 2 keeps of what it was asked
// to do (YubiHSM 2 User Guide, GET LOG ENTRIES).
type LogEntry struct {
	Number     uint16   // counts from 1 after a reset, and wraps
	Command    byte     // zero: the device was started; 0xff: it was reset
	Length     uint16   // of the command's data, in bytes
	SessionKey uint16   // the authentication key of the session, 0xffff: none
	TargetKey  uint16   // the object that the command used, 0xffff: none
	SecondKey  uint16   // the other one, 0xffff: none
	Result     byte     // the first byte of the answer
	Tick       uint32   // the device's own clock, from its start
	Digest     [16]byte // over this entry and the digest of the one before
}

// The entries that no command caused.
const (
	logStarted byte = 0x00
	logReset   byte = 0xff
)

// ParseLogEntry reads an entry from the bytes that the device sends.
func ParseLogEntry(raw [LogEntrySize]byte) LogEntry {
	return LogEntry{
		Number:     binary.BigEndian.Uint16(raw[0:]),
		Command:    raw[2],
		Length:     binary.BigEndian.Uint16(raw[3:]),
		SessionKey: binary.BigEndian.Uint16(raw[5:]),
		TargetKey:  binary.BigEndian.Uint16(raw[7:]),
		SecondKey:  binary.BigEndian.Uint16(raw[9:]),
		Result:     raw[11],
		Tick:       binary.BigEndian.Uint32(raw[12:]),
		Digest:     [16]byte(raw[16:]),
	}
}

// Raw returns the entry as the device sends it.
func (e LogEntry) Raw() [LogEntrySize]byte {
	var raw [LogEntrySize]byte
	binary.BigEndian.PutUint16(raw[0:], e.Number)
	raw[2] = e.Command
	binary.BigEndian.PutUint16(raw[3:], e.Length)
	binary.BigEndian.PutUint16(raw[5:], e.SessionKey)
	binary.BigEndian.PutUint16(raw[7:], e.TargetKey)
	binary.BigEndian.PutUint16(raw[9:], e.SecondKey)
	raw[11] = e.Result
	binary.BigEndian.PutUint32(raw[12:], e.Tick)
	copy(raw[16:], e.Digest[:])
	return raw
}

// Succeeded reports whether the device carried the command out: it answered
// with the command's own code, the high bit set.
func (e LogEntry) Succeeded() bool {
	return e.Command == logStarted || e.Command == logReset || e.Result == e.Command|0x80
}

// Name returns the command's name in the User Guide.
func (e LogEntry) Name() string {
	switch e.Command {
	case logStarted:
		return "DEVICE STARTED"
	case logReset:
		return "DEVICE RESET"
	}
	return CommandName(e.Command)
}

// follows says whether e is the entry right after prev: its number is the next
// one, and its digest the first half of SHA-256 over its first 16 bytes and
// prev's digest.
func (e LogEntry) follows(prev LogEntry) error {
	if e.Number != prev.Number+1 {
		return fmt.Errorf("entry %d is followed by %d", prev.Number, e.Number)
	}
	raw := e.Raw()
	sum := sha256.Sum256(append(raw[:16:16], prev.Digest[:]...))
	if [16]byte(sum[:16]) != e.Digest {
		return fmt.Errorf("entry %d (%s) does not chain to the one before it", e.Number, e.Name())
	}
	return nil
}

// Log is what the device holds of its log.
type Log struct {
	UnloggedBoots uint16 // starts that found the log full
	UnloggedAuths uint16 // sessions opened while it was full
	Entries       []LogEntry
}

// VerifyFrom checks that the log is one unbroken chain which continues from
// last, the newest entry on record, and returns the entries after it. Entries
// up to last may still be there, if the device was never told to forget them,
// and must then end in exactly last. The zero LogEntry stands for an empty
// record: the chain must begin with the device's reset. Any fault is an ErrLog.
func (l Log) VerifyFrom(last LogEntry) ([]LogEntry, error) {
	for i := 1; i < len(l.Entries); i++ {
		if err := l.Entries[i].follows(l.Entries[i-1]); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrLog, err)
		}
	}
	if last == (LogEntry{}) {
		return l.Entries, l.fromReset()
	}
	for i, e := range l.Entries {
		if e.Number != last.Number {
			continue
		}
		if e != last {
			return nil, fmt.Errorf("%w: its entry %d is not the one on record", ErrLog, e.Number)
		}
		return l.Entries[i+1:], nil
	}
	if len(l.Entries) == 0 {
		return nil, nil
	}
	if err := l.Entries[0].follows(last); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLog, err)
	}
	return l.Entries, nil
}

func (l Log) fromReset() error {
	if len(l.Entries) == 0 {
		return fmt.Errorf("%w: it is empty, not even its reset is there", ErrLog)
	}
	if first := l.Entries[0]; first.Number != 1 || first.Command != logReset {
		return fmt.Errorf("%w: it begins with entry %d (%s), not with a reset", ErrLog, first.Number, first.Name())
	}
	return nil
}

// ParseLog reads the answer to GET LOG ENTRIES: two counters of two bytes, the
// number of entries in one byte, then as many entries.
func ParseLog(answer []byte) (Log, error) {
	const header = 5
	if len(answer) < header {
		return Log{}, errors.New("the log is shorter than its header")
	}
	n := int(answer[4])
	if len(answer) != header+n*LogEntrySize {
		return Log{}, fmt.Errorf("the log announces %d entries and holds %d bytes of them", n, len(answer)-header)
	}
	l := Log{
		UnloggedBoots: binary.BigEndian.Uint16(answer),
		UnloggedAuths: binary.BigEndian.Uint16(answer[2:]),
		Entries:       make([]LogEntry, n),
	}
	for i := range l.Entries {
		l.Entries[i] = ParseLogEntry([LogEntrySize]byte(answer[header+i*LogEntrySize:]))
	}
	return l, nil
}
