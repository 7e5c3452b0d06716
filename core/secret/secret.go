// Package secret holds the one type that secrets live in.
//
// It guarantees three things: a secret is never printed, formatted or
// marshalled; two secrets are compared in constant time; and after Wipe its
// bytes are zero. It cannot guarantee that the runtime made no copy, so whoever
// exposes the bytes keeps the exposure short and wipes what was derived.
package secret

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
)

// ErrMarshal is returned by every attempt to serialize a secret.
var ErrMarshal = errors.New("a secret is never serialized")

// redacted is what every printing verb shows in place of a secret.
const redacted = "[secret]"

// Bytes is a secret byte string. The zero value is an empty, wiped secret.
type Bytes struct{ b []byte }

// Own makes a secret of b and takes b over: the caller must not use b again.
func Own(b []byte) *Bytes { return &Bytes{b: b} }

// Len returns the secret's length in bytes, zero once it has been wiped.
func (s *Bytes) Len() int {
	if s == nil {
		return 0
	}
	return len(s.b)
}

// Expose returns the secret's own bytes, not a copy. They become zero when the
// secret is wiped, and must not be kept.
func (s *Bytes) Expose() []byte {
	if s == nil {
		return nil
	}
	return s.b
}

// Clone returns an independent copy, to be wiped on its own.
func (s *Bytes) Clone() *Bytes { return Own(append([]byte(nil), s.Expose()...)) }

// Equal reports in constant time whether both hold the same bytes. The time
// depends on the lengths alone.
func (s *Bytes) Equal(other *Bytes) bool {
	return subtle.ConstantTimeCompare(s.Expose(), other.Expose()) == 1
}

// Wipe overwrites the secret with zeros and empties it. It may be called twice,
// and on nil.
func (s *Bytes) Wipe() {
	if s == nil {
		return
	}
	Wipe(s.b)
	s.b = nil
}

// Wipe overwrites b with zeros.
func Wipe(b []byte) { clear(b) }

// String hides the secret from every printer.
func (*Bytes) String() string { return redacted }

// Format hides the secret from every verb of package fmt, %x and %#v included.
func (*Bytes) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue hides the secret from structured logs.
func (*Bytes) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalJSON refuses.
func (*Bytes) MarshalJSON() ([]byte, error) { return nil, ErrMarshal }

// MarshalText refuses.
func (*Bytes) MarshalText() ([]byte, error) { return nil, ErrMarshal }

// MarshalBinary refuses.
func (*Bytes) MarshalBinary() ([]byte, error) { return nil, ErrMarshal }

// GobEncode refuses.
func (*Bytes) GobEncode() ([]byte, error) { return nil, ErrMarshal }
