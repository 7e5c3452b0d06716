package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxFile is the length in bytes of the longest log.
const MaxFile = 64 << 20

// LineError says which line of a log's file is wrong. Lines count from 1.
type LineError struct {
	Line int
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e *LineError) Unwrap() error { return e.Err }

// Log is the records of one archive. It is not safe for concurrent use.
type Log struct {
	profile [32]byte
	records []Record
	hashes  []tlog.Hash // by stored hash index
	size    int         // bytes of the file
}

// New returns an empty log of the archive whose profile has that SHA-256.
func New(profileHash [32]byte) *Log { return &Log{profile: profileHash} }

// Append adds one record. The first event must be a Genesis. at is cut to whole
// seconds and must not be earlier than the last record's time. On an error the
// log is as it was.
func (l *Log) Append(at time.Time, e Event) (Record, error) {
	if e == nil {
		return Record{}, errors.New("add to the log: no event")
	}
	if err := checkEvent(e); err != nil {
		return Record{}, fmt.Errorf("add %s to the log: %w", e.Name(), err)
	}
	line, _, err := encode(l.Len(), at.UTC().Truncate(time.Second), e, l.Head())
	if err != nil {
		return Record{}, fmt.Errorf("add %s to the log: %w", e.Name(), err)
	}
	// What is added passes through the parser, so that whatever was written can
	// be read and no caller keeps a way into the record.
	r, err := l.add(line)
	if err != nil {
		return Record{}, fmt.Errorf("add %s to the log: %w", e.Name(), err)
	}
	return r, nil
}

// Parse verifies a whole file. An error names the line, as a *LineError.
func Parse(file []byte, profileHash [32]byte) (*Log, error) {
	if len(file) > MaxFile {
		return nil, fmt.Errorf("read the log: %d bytes are more than the %d allowed", len(file), MaxFile)
	}
	if len(file) == 0 {
		return nil, errors.New("read the log: the file is empty")
	}
	l := New(profileHash)
	for n := 1; len(file) > 0; n++ {
		line, rest, ok := bytes.Cut(file, []byte("\n"))
		if !ok {
			return nil, fmt.Errorf("read the log: %w", &LineError{n, errors.New("no line feed ends it: the file was cut")})
		}
		if _, err := l.add(line); err != nil {
			return nil, fmt.Errorf("read the log: %w", &LineError{n, err})
		}
		file = rest
	}
	return l, nil
}

// add verifies one line as the next record and takes it in.
func (l *Log) add(line []byte) (Record, error) {
	if l.size+len(line)+1 > MaxFile {
		return Record{}, fmt.Errorf("the log would be longer than %d bytes: begin a new archive", MaxFile)
	}
	r, err := decodeLine(line, l.Len(), l.Head())
	if err != nil {
		return Record{}, err
	}
	if _, first := r.Event.(Genesis); first != (r.Seq == 0) {
		return Record{}, fmt.Errorf("record %d is %s: record 0, and no other, is archive.genesis", r.Seq, r.Event.Name())
	}
	if n := len(l.records); n > 0 && r.Time.Before(l.records[n-1].Time) {
		return Record{}, fmt.Errorf("time %s is earlier than the last record's, %s",
			r.Time.Format(timeFormat), l.records[n-1].Time.Format(timeFormat))
	}
	stored, err := tlog.StoredHashes(int64(r.Seq), line, tlog.HashReaderFunc(l.readHashes))
	if err != nil {
		return Record{}, fmt.Errorf("hash the tree: %w", err)
	}
	hashes := append(l.hashes, stored...)
	if r.root, err = (&Log{hashes: hashes}).treeHash(r.Seq + 1); err != nil {
		return Record{}, fmt.Errorf("hash the tree: %w", err)
	}
	l.hashes = hashes
	l.records = append(l.records, r)
	l.size += len(line) + 1
	return r, nil
}

// Len returns the number of records.
func (l *Log) Len() uint64 { return uint64(len(l.records)) }

// ProfileHash returns the SHA-256 that the chain starts from.
func (l *Log) ProfileHash() [32]byte { return l.profile }

// Head returns the last record's hash; of an empty log, the profile's, which is
// what the next record's prev_hash will be.
func (l *Log) Head() [32]byte {
	if len(l.records) == 0 {
		return l.profile
	}
	return l.records[len(l.records)-1].Hash
}

// TreeHead returns the RFC 6962 tree head over all lines without their LF; of an
// empty log, the SHA-256 of nothing.
func (l *Log) TreeHead() [32]byte {
	if len(l.records) == 0 {
		return sha256.Sum256(nil)
	}
	return l.records[len(l.records)-1].root
}

// TreeHeadAt returns the tree head over the first n records.
func (l *Log) TreeHeadAt(n uint64) ([32]byte, error) {
	if n > l.Len() {
		return [32]byte{}, fmt.Errorf("the log has %d records, not %d", l.Len(), n)
	}
	if n == 0 {
		return sha256.Sum256(nil), nil
	}
	return l.records[n-1].root, nil
}

// Bytes returns the file.
func (l *Log) Bytes() []byte {
	file := make([]byte, 0, l.size)
	for _, r := range l.records {
		file = append(append(file, r.line...), '\n')
	}
	return file
}

// Records returns all records in order.
func (l *Log) Records() []Record { return slices.Clone(l.records) }

// Clone returns a log that grows on its own.
func (l *Log) Clone() *Log {
	return &Log{profile: l.profile, records: slices.Clone(l.records), hashes: slices.Clone(l.hashes), size: l.size}
}

// Prefix returns the log of the first n records, which grows on its own.
func (l *Log) Prefix(n uint64) (*Log, error) {
	if n > l.Len() {
		return nil, fmt.Errorf("the log has %d records, not %d", l.Len(), n)
	}
	p := &Log{profile: l.profile, records: slices.Clone(l.records[:n]), hashes: slices.Clone(l.hashes[:tlog.StoredHashCount(int64(n))])}
	for _, r := range p.records {
		p.size += len(r.line) + 1
	}
	return p, nil
}

func (l *Log) readHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x < 0 || x >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("no hash %d", x)
		}
		out[i] = l.hashes[x]
	}
	return out, nil
}

func (l *Log) treeHash(n uint64) ([32]byte, error) {
	h, err := tlog.TreeHash(int64(n), tlog.HashReaderFunc(l.readHashes))
	return h, err
}
