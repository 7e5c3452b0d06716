package hsm

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
)

// KeySpec names a kind of key and with it how the key signs. The set is closed;
// the zero value is no kind, and every use of it is an error.
type KeySpec string

// The kinds of key.
const (
	ECDSAP256 KeySpec = "ecdsa-p256" // with SHA-256
	ECDSAP384 KeySpec = "ecdsa-p384" // with SHA-384
	ECDSAP521 KeySpec = "ecdsa-p521" // with SHA-512
	Ed25519   KeySpec = "ed25519"    // pure, RFC 8032
	RSA3072   KeySpec = "rsa-3072"   // PKCS #1 v1.5 with SHA-256
	RSA4096   KeySpec = "rsa-4096"   // PKCS #1 v1.5 with SHA-256

	// The same keys, used with RSASSA-PSS: SHA-256, MGF1 with SHA-256, a salt of
	// 32 bytes (RFC 4055, section 3.1). A device does not tell them apart: see
	// Key.As.
	RSAPSS3072 KeySpec = "rsa-pss-3072"
	RSAPSS4096 KeySpec = "rsa-pss-4096"
)

// specs is every KeySpec with what it stands for. Exactly one of curve and bits
// is set, neither for Ed25519.
var specs = []struct {
	spec  KeySpec
	hash  crypto.Hash // zero: the message is signed as it is
	sig   x509.SignatureAlgorithm
	curve elliptic.Curve
	bits  int
}{
	{ECDSAP256, crypto.SHA256, x509.ECDSAWithSHA256, elliptic.P256(), 0},
	{ECDSAP384, crypto.SHA384, x509.ECDSAWithSHA384, elliptic.P384(), 0},
	{ECDSAP521, crypto.SHA512, x509.ECDSAWithSHA512, elliptic.P521(), 0},
	{Ed25519, 0, x509.PureEd25519, nil, 0},
	{RSA3072, crypto.SHA256, x509.SHA256WithRSA, nil, 3072},
	{RSA4096, crypto.SHA256, x509.SHA256WithRSA, nil, 4096},
	{RSAPSS3072, crypto.SHA256, x509.SHA256WithRSAPSS, nil, 3072},
	{RSAPSS4096, crypto.SHA256, x509.SHA256WithRSAPSS, nil, 4096},
}

// ParseKeySpec returns the kind of key that a profile names.
func ParseKeySpec(s string) (KeySpec, error) {
	var names []string
	for _, k := range specs {
		if string(k.spec) == s {
			return k.spec, nil
		}
		names = append(names, string(k.spec))
	}
	return "", fmt.Errorf("the kind of key %q is not known: write one of %s", s, strings.Join(names, ", "))
}

// Digest returns what a key of this kind signs in place of message: its hash,
// or the message itself for Ed25519.
func (s KeySpec) Digest(message []byte) ([]byte, error) {
	for _, k := range specs {
		switch {
		case k.spec != s:
		case k.hash == 0:
			return message, nil
		default:
			h := k.hash.New()
			h.Write(message)
			return h.Sum(nil), nil
		}
	}
	return nil, s.unknown()
}

// SignatureAlgorithm returns the algorithm of this kind of key in X.509, zero
// for an unknown kind.
func (s KeySpec) SignatureAlgorithm() x509.SignatureAlgorithm {
	for _, k := range specs {
		if k.spec == s {
			return k.sig
		}
	}
	return x509.UnknownSignatureAlgorithm
}

// CheckPublic says whether pub is a key of this kind: *ecdsa.PublicKey on the
// right curve, ed25519.PublicKey, or *rsa.PublicKey of the right size with the
// exponent 65537.
func (s KeySpec) CheckPublic(pub crypto.PublicKey) error {
	for _, k := range specs {
		if k.spec != s {
			continue
		}
		ok := false
		switch p := pub.(type) {
		case *ecdsa.PublicKey:
			ok = k.curve != nil && p != nil && p.Curve == k.curve
		case ed25519.PublicKey:
			ok = s == Ed25519 && len(p) == ed25519.PublicKeySize
		case *rsa.PublicKey:
			ok = k.bits != 0 && p != nil && p.N != nil && p.N.BitLen() == k.bits && p.E == 65537
		}
		if !ok {
			return fmt.Errorf("the public key (%T) is not of the kind %s", pub, s)
		}
		return nil
	}
	return s.unknown()
}

// Verify checks a signature of message made by a key of this kind, in the form
// that Session.Sign returns.
func (s KeySpec) Verify(pub crypto.PublicKey, message, signature []byte) error {
	if err := s.CheckPublic(pub); err != nil {
		return err
	}
	return (&x509.Certificate{PublicKey: pub}).CheckSignature(s.SignatureAlgorithm(), message, signature)
}

func (s KeySpec) unknown() error {
	if s == "" {
		return errors.New("no kind of key is named")
	}
	return fmt.Errorf("the kind of key %q is not known", string(s))
}
