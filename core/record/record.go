package record

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/state"
)

const (
	// File is the record's name in its session's directory.
	File = "RECORD.HTML"
	// Form is the form that Make writes. The same form always gives the same
	// bytes for the same log: whoever changes what is written gives the change
	// the next number, and keeps the earlier form for the discs that have it.
	Form = 1
	// MaxSize is the length in bytes of the longest record.
	MaxSize = 4 << 20
)

// ErrUnknownForm says that a record was made in a form that this program does
// not know: a newer one made it.
var ErrUnknownForm = errors.New("unknown form of record")

// style is the page's own style sheet.
//
//go:embed form1.css
var style string

// Make writes the record of the ceremony that the log's last record,
// ceremony.end, ends. file returns a file of the ceremony's last session, which
// must have the SHA-256 that the log gives for it; it is asked for what the log
// says was issued, and for nothing else.
//
// A log that breaks a rule has no record. What only the files tell is not
// verified: a certificate that cannot be read is shown by its SHA-256.
func Make(log *audit.Log, file func(name string) ([]byte, error)) ([]byte, error) {
	if _, err := state.Replay(log); err != nil {
		return nil, fmt.Errorf("making the record: %w", err)
	}
	return write(log, file)
}

// write writes the record of a log that keeps its rules.
func write(log *audit.Log, file func(name string) ([]byte, error)) ([]byte, error) {
	h, err := readHistory(log)
	if err != nil {
		return nil, fmt.Errorf("making the record: %w", err)
	}
	if err := h.readFiles(file); err != nil {
		return nil, fmt.Errorf("making the record: %w", err)
	}
	page, err := h.page()
	if err != nil {
		return nil, fmt.Errorf("making the record: %w", err)
	}
	if len(page) > MaxSize {
		return nil, fmt.Errorf("making the record: %d bytes are more than the %d allowed", len(page), MaxSize)
	}
	return []byte(page), nil
}

// Made is the event that puts a record on record.
func Made(page []byte) audit.RecordMade {
	sum := sha256.Sum256(page)
	return audit.RecordMade{Form: Form, File: File, Size: int64(len(page)), SHA256: hex.EncodeToString(sum[:])}
}

// Remake makes again the record that record.made, record number seq of the log,
// is about, and compares its length and SHA-256. The log must keep its rules, as
// state.Replay says: that is not asked again for every record of a long log. The
// error wraps ErrUnknownForm if the record was made in another form than Make's.
func Remake(log *audit.Log, seq uint64, file func(name string) ([]byte, error)) ([]byte, error) {
	prefix, err := log.Prefix(seq)
	if err != nil || seq >= log.Len() {
		return nil, fmt.Errorf("making the record again: the log has no record %d", seq)
	}
	made, ok := log.Records()[seq].Event.(audit.RecordMade)
	if !ok {
		return nil, fmt.Errorf("making the record again: record %d of the log is not record.made", seq)
	}
	if made.Form != Form {
		return nil, fmt.Errorf("making the record again: %w %d; this program makes form %d", ErrUnknownForm, made.Form, Form)
	}
	page, err := write(prefix, file)
	if err != nil {
		return nil, err
	}
	if got := Made(page); got != made {
		return nil, fmt.Errorf("making the record again: it has %d bytes with SHA-256 %s, the one on record %d with %s", got.Size, got.SHA256, made.Size, made.SHA256)
	}
	return page, nil
}
