package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"time"

	"github.com/gowebpki/jcs"
)

// MaxLine is the length in bytes of the longest line, without its LF.
const MaxLine = 1 << 20

// timeFormat is RFC 3339 with whole seconds, in UTC.
const timeFormat = "2006-01-02T15:04:05Z"

// Record is one line of a log. It comes from Append and Parse alone; what its
// Event refers to belongs to the log and must not be changed.
type Record struct {
	Seq   uint64    // from 0
	Time  time.Time // UTC, whole seconds
	Event Event
	Prev  [32]byte // hash of the record before, or of the profile
	Hash  [32]byte // of this record

	line string
	root [32]byte
}

// Line returns the record's canonical bytes, hash included and LF not.
func (r Record) Line() []byte { return []byte(r.line) }

// TreeHead returns the RFC 6962 tree head of the log that ends with this record.
func (r Record) TreeHead() [32]byte { return r.root }

// encode writes the line of a record and its hash. The members of the envelope
// stand in the order of RFC 8785 section 3.2.3 and none of their values needs an
// escape, so that only data has to be transformed.
func encode(seq uint64, at time.Time, e Event, prev [32]byte) (line []byte, hash [32]byte, err error) {
	data, err := canonicalData(e)
	if err != nil {
		return nil, hash, err
	}
	head := `{"data":` + string(data) + `,"event":"` + e.Name() + `",`
	tail := `"prev_hash":"` + hex.EncodeToString(prev[:]) + `","seq":` + strconv.FormatUint(seq, 10) +
		`,"time":"` + at.Format(timeFormat) + `"}`
	hash = sha256.Sum256([]byte(head + tail))
	line = []byte(head + `"hash":"` + hex.EncodeToString(hash[:]) + `",` + tail)
	if len(line) > MaxLine {
		return nil, hash, fmt.Errorf("the line would have %d bytes; the longest allowed has %d", len(line), MaxLine)
	}
	return line, hash, nil
}

// canonicalData encodes an event's members. encoding/json escapes more than
// RFC 8785 does; the transformation undoes that.
func canonicalData(e Event) ([]byte, error) {
	plain, err := json.Marshal(withoutNil(reflect.ValueOf(e)).Interface())
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Name(), err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("encode %s canonically: %w", e.Name(), err)
	}
	return canonical, nil
}

// withoutNil copies v with an empty slice in place of every nil one, since an
// empty list is written [] and never null.
func withoutNil(v reflect.Value) reflect.Value {
	switch v.Kind() {
	case reflect.Struct:
		out := reflect.New(v.Type()).Elem()
		for i := range v.NumField() {
			out.Field(i).Set(withoutNil(v.Field(i)))
		}
		return out
	case reflect.Slice:
		out := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			out.Index(i).Set(withoutNil(v.Index(i)))
		}
		return out
	default:
		return v
	}
}

// envelope is a line as encoding/json reads it.
type envelope struct {
	Data     json.RawMessage `json:"data"`
	Event    string          `json:"event"`
	Hash     string          `json:"hash"`
	PrevHash string          `json:"prev_hash"`
	Seq      uint64          `json:"seq"`
	Time     string          `json:"time"`
}

// decodeLine reads one line that must be record seq after the hash prev, and
// compares it with its own encoding, byte for byte.
func decodeLine(line []byte, seq uint64, prev [32]byte) (Record, error) {
	if len(line) > MaxLine {
		return Record{}, fmt.Errorf("the line has %d bytes; the longest allowed has %d", len(line), MaxLine)
	}
	var env envelope
	if err := unmarshalStrict(line, &env); err != nil {
		return Record{}, fmt.Errorf("not a record: %w", err)
	}
	if env.Seq != seq {
		return Record{}, fmt.Errorf("seq is %d where record %d is due: a record was dropped, added or moved", env.Seq, seq)
	}
	at, err := parseTime(env.Time)
	if err != nil {
		return Record{}, fmt.Errorf("time: %w", err)
	}
	event, err := decodeEvent(env.Event, env.Data)
	if err != nil {
		return Record{}, err
	}
	if env.PrevHash != hex.EncodeToString(prev[:]) {
		return Record{}, fmt.Errorf("prev_hash is %.80q, but the hash before it is %x: the chain is broken here", env.PrevHash, prev)
	}
	want, hash, err := encode(seq, at, event, prev)
	if err != nil {
		return Record{}, err
	}
	if env.Hash != hex.EncodeToString(hash[:]) {
		return Record{}, fmt.Errorf("hash is %.80q, but the record's is %x: the record was changed", env.Hash, hash)
	}
	if !bytes.Equal(line, want) {
		return Record{}, fmt.Errorf("byte %d is not what RFC 8785 writes for this record", firstDifference(line, want))
	}
	return Record{Seq: seq, Time: at, Event: event, Prev: prev, Hash: hash, line: string(line)}, nil
}

// firstDifference is the index of the first byte in which a and b differ.
func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// parseTime reads a time exactly as timeFormat writes it.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeFormat, s)
	if err != nil || t.Format(timeFormat) != s {
		return time.Time{}, fmt.Errorf("%.40q is not a time such as 2026-04-25T14:30:00Z", s)
	}
	return t, nil
}
