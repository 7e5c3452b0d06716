// Package quorum splits the HSM's PIN among custodians and puts it together
// again.
//
// It guarantees that a PIN depends on two generators of which one sound one
// suffices; that any threshold of shares gives back exactly the PIN that was
// split, or an error; that a share which is mistyped, of another set, of another
// generation, or not the one its custodian was given is refused before it is
// used; and that no share and no PIN is ever printed.
//
// # Share, version 1
//
// A share is 33 words of the SLIP-0039 list (1024 words in alphabetical order,
// each its index from 0, ten bits). The first 29 words carry 290 bits, most
// significant bit first, word 0 first:
//
//	bits      width  field
//	0–1       2      version, 1
//	2–16      15     set, random, the same for all shares ever made of one archive's PIN
//	17–21     5      generation modulo 32
//	22–25     4      threshold − 1 (1 to 15)
//	26–33     8      x, 1 to 255
//	34–289    256    y, 32 bytes in order
//
// y and x are a share of the 32-byte PIN by Shamir's scheme, byte by byte over
// GF(256) with the polynomial x⁸+x⁴+x³+x+1: byte i of the PIN is the constant
// term of a polynomial of degree threshold−1, whose value at x is byte i of y.
// (HashiCorp Vault's package shamir writes the same share as y followed by x.)
// x is random and distinct in a set; it is not a custodian's number.
//
// Words 29 to 32 are a Reed–Solomon code over GF(1024) = GF(2)[α]/(α¹⁰+α³+1): a
// word's index is a field element, bit j standing for αʲ. With word i the
// coefficient of z^(32−i), all 33 form a polynomial that is divisible by
// g(z) = (z−α)(z−α²)(z−α³)(z−α⁴); the four check words are thus the remainder
// of the first 29, times z⁴, divided by g. The distance is five: any one to four
// wrong words are noticed, and a single wrong one can be located. Its place is
// shown as a hint to look at the paper again; nothing is corrected.
//
// # Digests
//
// frame(b) is the length of b as four bytes, big endian, followed by b.
//
//	commitment = SHA-256(frame("anodize share commitment v1") ‖ frame(name) ‖ frame(bits))
//	PIN verify = SHA-256(frame("anodize PIN verify v1") ‖ frame(set) ‖ frame(generation) ‖ frame(PIN))
//
// name is the custodian's, in UTF-8; bits are the 290 bits of the share's first
// 29 words in 37 bytes, most significant bit first, the last six bits zero; set
// is two bytes and generation (not reduced) four, big endian.
package quorum

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"anodize/core/secret"
)

const (
	// PINSize is the length of a PIN in bytes: a YubiHSM 2 authentication key
	// (K-ENC and K-MAC, 16 bytes each), used without derivation.
	PINSize = 32

	minThreshold = 2
	maxMembers   = 16
	maxSet       = 1<<15 - 1

	kernelSize    = 32
	minDeviceSize = 32
	maxDeviceSize = 4096

	pinDomain        = "anodize PIN v1"
	verifyDomain     = "anodize PIN verify v1"
	commitmentDomain = "anodize share commitment v1"
)

var (
	// ErrPolicy is returned for a threshold or total out of range.
	ErrPolicy = errors.New("invalid quorum")
	// ErrPIN is returned for a PIN that is not PINSize bytes long.
	ErrPIN = errors.New("invalid PIN")
	// ErrEntropy is returned when a random generator gave too little.
	ErrEntropy = errors.New("not enough randomness")
)

// NewPIN mixes 32 bytes read from kernel with device, 32 to 4096 bytes drawn
// from the HSM's generator, by HKDF-SHA-256 (RFC 5869) over both, each framed.
// The PIN is unpredictable if either of them is. NewPIN wipes what it read, but
// not device, which stays the caller's.
func NewPIN(kernel io.Reader, device []byte) (*secret.Bytes, error) {
	if len(device) < minDeviceSize || len(device) > maxDeviceSize {
		return nil, fmt.Errorf("mixing the PIN: %w: the HSM gave %d bytes, want %d to %d; ask it again",
			ErrEntropy, len(device), minDeviceSize, maxDeviceSize)
	}
	var fromKernel [kernelSize]byte
	defer secret.Wipe(fromKernel[:])
	if _, err := io.ReadFull(kernel, fromKernel[:]); err != nil {
		return nil, fmt.Errorf("mixing the PIN: %w: reading the kernel's generator: %w", ErrEntropy, err)
	}
	material := make([]byte, 0, 8+kernelSize+len(device))
	material = appendFrame(material, fromKernel[:])
	material = appendFrame(material, device)
	defer secret.Wipe(material)
	pin, err := hkdf.Key(sha256.New, material, nil, pinDomain, PINSize)
	if err != nil {
		return nil, fmt.Errorf("mixing the PIN: %w", err)
	}
	return secret.Own(pin), nil
}

// PINVerify returns the digest by which a recombined PIN is recognized; it goes
// on record. The PIN has 256 bits of entropy, so the digest does not reveal it.
func PINVerify(set uint16, generation int, pin *secret.Bytes) [32]byte {
	framed := make([]byte, 0, 64+PINSize)
	framed = appendFrame(framed, []byte(verifyDomain))
	framed = appendFrame(framed, binary.BigEndian.AppendUint16(nil, set))
	framed = appendFrame(framed, binary.BigEndian.AppendUint32(nil, uint32(generation)))
	framed = appendFrame(framed, pin.Expose())
	defer secret.Wipe(framed)
	return sha256.Sum256(framed)
}

// NewSetID draws the 15-bit number that all shares of an archive's PIN bear.
func NewSetID(rand io.Reader) (uint16, error) {
	var b [2]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return 0, fmt.Errorf("drawing the share set's number: %w: %w", ErrEntropy, err)
	}
	return binary.BigEndian.Uint16(b[:]) & maxSet, nil
}

// A Policy says how many custodians there are and how many of them must agree.
// The zero value is not valid.
type Policy struct{ Threshold, Total int }

// Validate reports whether 2 ≤ Threshold ≤ Total ≤ 16, by an error that wraps
// ErrPolicy.
func (p Policy) Validate() error {
	switch {
	case p.Total < minThreshold || p.Total > maxMembers:
		return fmt.Errorf("%w: %d custodians; choose %d to %d", ErrPolicy, p.Total, minThreshold, maxMembers)
	case p.Threshold < minThreshold || p.Threshold > p.Total:
		return fmt.Errorf("%w: %d of %d shares; choose %d to %d", ErrPolicy, p.Threshold, p.Total, minThreshold, p.Total)
	}
	return nil
}

// appendFrame appends b after its length, so that no two lists of fields are
// hashed as the same bytes.
func appendFrame(dst, b []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(b)))
	return append(dst, b...)
}
