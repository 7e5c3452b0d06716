// Package attestation reads what a YubiHSM 2 says, under a signature, of a key
// that it holds.
//
// It guarantees that Verify returns a Statement only if a chain of two
// certificates says of exactly the claimed public key, object number and label
// that it was generated in the device of the claimed serial number and firmware;
// that the second certificate is that device's own and names the same serial
// number; and that the first is signed by the second's key. Whether the device is
// genuine depends on who signed its certificate: Roots.Trust says that, and
// nothing else does.
//
// The length of the chain is fixed, so that a key inside a genuine device, which
// has an attestation of its own, can never pass for a device that attests.
// Nothing is compared with the date: a device's certificates say 2017 to 2071,
// and an archive is read for decades.
//
// The extensions are those of the YubiHSM 2 User Guide, "Attestation", and of
// Yubico's list of object identifiers, "YubiHSM OIDs".
package attestation

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"math/big"
	"strings"
)

// Bounds of what is read.
const (
	ChainLength    = 2       // certificates: the key's, then the device's own
	MaxCertificate = 8 << 10 // bytes of one of them; real ones have about 1,000
	maxModulus     = 8192    // bits of an RSA key: the time of a verification grows with their square at least
)

// ErrBroken is wrapped by every error that says that a chain does not attest
// what it is claimed to attest.
var ErrBroken = errors.New("the attestation does not hold")

// Claim is what a chain must say.
type Claim struct {
	Serial   string // of the device, in decimal: "0034332673"
	Firmware string // of the device: "2.4.1"
	ID       uint16 // the key's object number
	Label    string // the key's
	SPKI     []byte // the key's SubjectPublicKeyInfo, DER
}

// Statement is what a device says of a key, beyond what was claimed.
type Statement struct {
	Domains      uint16
	Capabilities uint64 // bit n is capability n of the User Guide
	Digest       [32]byte
	device       *certificate
}

// The object identifiers below 1.3.6.1.4.1.41482.4.
const (
	extFirmware     = 1 // OCTET STRING: major, minor, patch
	extSerial       = 2 // INTEGER
	extOrigin       = 3 // BIT STRING
	extDomains      = 4 // BIT STRING
	extCapabilities = 5 // BIT STRING
	extID           = 6 // INTEGER
	extLabel        = 9 // UTF8String
)

// originGenerated is the origin of a key that was made in the device and has
// never left it under wrap and come back (User Guide, "Origin").
const originGenerated = 1

// Verify reads a chain, the certificate of the key first, and compares it with
// what is claimed. Every error wraps ErrBroken.
func Verify(chain [][]byte, claim Claim) (*Statement, error) {
	s, err := verify(chain, claim)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	return s, nil
}

func verify(chain [][]byte, claim Claim) (*Statement, error) {
	if len(chain) != ChainLength {
		return nil, fmt.Errorf("%d certificates, not the key's and the device's own", len(chain))
	}
	key, err := parse(chain[0])
	if err != nil {
		return nil, fmt.Errorf("the key's certificate: %w", err)
	}
	device, err := parse(chain[1])
	if err != nil {
		return nil, fmt.Errorf("the device's certificate: %w", err)
	}
	if err := checkDevice(device, claim); err != nil {
		return nil, fmt.Errorf("the device's certificate: %w", err)
	}
	if err := key.signedBy(device); err != nil {
		return nil, fmt.Errorf("the key's certificate: %w", err)
	}
	s, err := key.statement(claim)
	if err != nil {
		return nil, fmt.Errorf("the key's certificate: %w", err)
	}
	s.device = device
	return s, nil
}

// checkDevice wants the certificate of a device, not of a key inside one: only
// keys have a number and an origin.
func checkDevice(device *certificate, claim Claim) error {
	for _, ext := range []int{extID, extOrigin} {
		if _, there := device.extensions[ext]; there {
			return fmt.Errorf("it is of a key inside a device (it has the extension %d)", ext)
		}
	}
	return device.checkSerial(claim.Serial)
}

// statement compares a key's certificate with the claim.
func (c *certificate) statement(claim Claim) (*Statement, error) {
	if !bytes.Equal(c.spki, claim.SPKI) {
		return nil, errors.New("it is of another public key")
	}
	if err := c.checkSerial(claim.Serial); err != nil {
		return nil, err
	}
	version, err := c.octets(extFirmware)
	if err != nil {
		return nil, err
	}
	if got := dotted(version); got != claim.Firmware {
		return nil, fmt.Errorf("it is of firmware %s, not %s", got, claim.Firmware)
	}
	id, err := c.integer(extID)
	if err != nil {
		return nil, err
	}
	if id.Cmp(big.NewInt(int64(claim.ID))) != 0 {
		return nil, fmt.Errorf("it is of the object %#x, not %#04x", id, claim.ID)
	}
	label, err := c.text(extLabel)
	if err != nil {
		return nil, err
	}
	if label != claim.Label {
		return nil, fmt.Errorf("it is of the key %q, not %q", label, claim.Label)
	}
	return c.use()
}

// use reads the origin, and where and for what the key may be used.
func (c *certificate) use() (*Statement, error) {
	origin, err := c.bits(extOrigin)
	if err != nil {
		return nil, err
	}
	if origin != originGenerated {
		return nil, fmt.Errorf("the key was not made in the device: its origin is %#02x", origin)
	}
	domains, err := c.bits(extDomains)
	if err != nil {
		return nil, err
	}
	if domains>>16 != 0 {
		return nil, fmt.Errorf("domains %#x", domains)
	}
	capabilities, err := c.bits(extCapabilities)
	if err != nil {
		return nil, err
	}
	return &Statement{Domains: uint16(domains), Capabilities: capabilities, Digest: c.digest}, nil
}

func (c *certificate) checkSerial(want string) error {
	got, err := c.integer(extSerial)
	if err != nil {
		return err
	}
	// USB shows the serial number zero-padded.
	if trimmed := strings.TrimLeft(want, "0"); got.Sign() <= 0 || got.String() != trimmed {
		return fmt.Errorf("it is of the device %v, not %s", got, want)
	}
	return nil
}

// dotted writes a version as people read it.
func dotted(version []byte) string {
	var parts []string
	for _, b := range version {
		parts = append(parts, fmt.Sprint(b))
	}
	return strings.Join(parts, ".")
}

// bits reads a BIT STRING of at most eight bytes as a number.
func (c *certificate) bits(ext int) (uint64, error) {
	value, err := c.extension(ext)
	if err != nil {
		return 0, err
	}
	var b []byte
	if !value.ReadASN1BitStringAsBytes(&b) || !value.Empty() || len(b) > 8 {
		return 0, fmt.Errorf("the extension %d is not a BIT STRING of up to 64 bits", ext)
	}
	return binary.BigEndian.Uint64(append(make([]byte, 8-len(b), 8), b...)), nil
}

// Issuer is the name of who signed the device's certificate, in RFC 4514, for
// people: a name proves nothing.
func (s *Statement) Issuer() string { return name(s.device.issuer) }

// signedBy checks that parent's key signed c, and that parent's name is in c.
func (c *certificate) signedBy(parent *certificate) error {
	if !bytes.Equal(c.issuer, parent.subject) {
		return fmt.Errorf("it was issued by %s, not %s", name(c.issuer), name(parent.subject))
	}
	return c.checkSignature(parent.key)
}

// checkSignature accepts the signatures that a device makes (User Guide,
// "Attestation") and those that a maker's authority might.
func (c *certificate) checkSignature(key any) error {
	switch c.algorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA, x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
	default:
		return errors.New("it is signed by an algorithm that no device uses")
	}
	if pub, ok := key.(*rsa.PublicKey); ok && pub.N.BitLen() > maxModulus {
		return fmt.Errorf("its signer's key is RSA of %d bits: no device has more than %d", pub.N.BitLen(), maxModulus)
	}
	signer := &x509.Certificate{PublicKey: key}
	if err := signer.CheckSignature(c.algorithm, c.tbs, c.signature); err != nil {
		return fmt.Errorf("its signature: %w", err)
	}
	return nil
}
