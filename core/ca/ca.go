// Package ca makes and checks what a root CA signs: its own certificate, those
// of intermediate CAs, and CRLs (RFC 5280).
//
// It guarantees that a certificate or CRL is fixed to the byte before it is
// signed, and that those bytes say what was asked for and pass Lint, a second
// reading that shares no code with the first; that a certificate request's
// signature is verified before any of its fields is read; and that a signature
// is joined to bytes only if it is over those bytes, by that key.
//
// The key is in an HSM. To-be-signed bytes are therefore made first (RootTBS,
// IntermediateTBS, CRLTBS), with a throwaway key of the same algorithm in the
// HSM's place, and completed by Assemble once the HSM has signed their Digest.
package ca

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

var (
	// ErrKey is returned for a public key that must not be certified: too
	// weak, malformed, or of a kind that is not supported.
	ErrKey = errors.New("unsuitable public key")
	// ErrSubject is returned for a subject that must not be certified.
	ErrSubject = errors.New("unsuitable subject")
	// ErrIssuer is returned for an issuer that may not sign what was asked for.
	ErrIssuer = errors.New("unsuitable issuer")
	// ErrInput is returned for a serial number, time or other value out of
	// bounds.
	ErrInput = errors.New("value out of bounds")
	// ErrSignature is returned for a signature that is not over the given
	// bytes by the given key.
	ErrSignature = errors.New("the signature does not verify")
	// ErrMalformed is returned for bytes that are not what they should be.
	ErrMalformed = errors.New("malformed")
)

// A LintError says what is wrong with to-be-signed bytes, one finding each.
type LintError []string

// Error joins the findings.
func (e LintError) Error() string {
	return "not fit to be signed: " + strings.Join(e, "; ")
}

// serialSize is the length of new serial numbers in octets. RFC 5280, section
// 4.1.2.2, allows 20.
const (
	serialSize    = 17
	maxSerialSize = 20
)

// NewSerial draws a serial number of 17 octets, positive, with 134 random bits.
func NewSerial(rand io.Reader) (*big.Int, error) {
	var b [serialSize]byte
	if _, err := io.ReadFull(rand, b[:]); err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	b[0] = b[0]&0x3f | 0x40 // positive, and always as long
	return new(big.Int).SetBytes(b[:]), nil
}

func checkSerial(serial *big.Int) error {
	if serial == nil || serial.Sign() <= 0 || serial.BitLen() > 8*maxSerialSize-1 {
		return fmt.Errorf("%w: a serial number must be positive and at most %d octets long", ErrInput, maxSerialSize)
	}
	return nil
}

// wholeSeconds returns t in UTC, without the fraction that X.509 has no place
// for.
func wholeSeconds(t time.Time) (time.Time, error) {
	t = t.UTC().Truncate(time.Second)
	if t.Year() < 1950 || t.Year() > 9999 {
		return t, fmt.Errorf("%w: X.509 has no encoding for the year %d", ErrInput, t.Year())
	}
	return t, nil
}

// Assemble joins tbs and signature to a certificate or CRL in DER. The signature
// is in X.509's form (for ECDSA, the DER of r and s). Assemble refuses, by an
// error that wraps ErrSignature, one that is not over tbs by pub, and by one
// that wraps ErrMalformed, bytes that do not name pub's algorithm.
func Assemble(tbs, signature []byte, pub crypto.PublicKey) ([]byte, error) {
	alg, err := AlgorithmOf(pub)
	if err != nil {
		return nil, fmt.Errorf("joining the signature: %w", err)
	}
	doc, err := readTBS(tbs)
	if err != nil {
		return nil, fmt.Errorf("joining the signature: %w", err)
	}
	if !bytes.Equal(doc.innerAlgorithm, alg.der()) {
		return nil, fmt.Errorf("joining the signature: %w: the bytes are not to be signed with %v", ErrMalformed, alg)
	}
	verifier := x509.Certificate{PublicKey: pub}
	if err := verifier.CheckSignature(alg.X509(), tbs, signature); err != nil {
		return nil, fmt.Errorf("joining the signature: %w: %w; the HSM signed something else, or with another key", ErrSignature, err)
	}
	return join(tbs, alg.der(), signature)
}

// join makes SEQUENCE { tbs, algorithm, BIT STRING signature }.
func join(tbs, algorithm, signature []byte) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(tbs)
		b.AddBytes(algorithm)
		b.AddASN1BitString(signature)
	})
	return b.Bytes()
}

// seal checks to-be-signed bytes in the form that they will have: with a
// signature by throwaway, a key of the algorithm that the issuer's has.
func seal(tbs []byte, issuer *x509.Certificate) error {
	findings, err := LintTBS(tbs, issuer)
	if err != nil {
		return err
	}
	if len(findings) > 0 {
		return LintError(findings)
	}
	return nil
}

// LintTBS lints to-be-signed bytes, with a throwaway key's signature in place of
// the one they will bear. See Lint.
func LintTBS(tbs []byte, issuer *x509.Certificate) ([]string, error) {
	doc, err := readTBS(tbs)
	if err != nil {
		return nil, err
	}
	alg, ok := algorithmOfDER(doc.innerAlgorithm)
	if !ok {
		return nil, fmt.Errorf("%w: unknown signature algorithm", ErrMalformed)
	}
	key, err := alg.throwaway()
	if err != nil {
		return nil, err
	}
	signature, err := alg.sign(key, tbs)
	if err != nil {
		return nil, err
	}
	der, err := join(tbs, doc.innerAlgorithm, signature)
	if err != nil {
		return nil, err
	}
	return Lint(der, issuer), nil
}
