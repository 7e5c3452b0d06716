package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256" // the hashes that signatures are over
	_ "crypto/sha512"
	"crypto/x509"
	encasn1 "encoding/asn1"
	"fmt"
	"sync"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"anodize/core/profile"
)

// A SignatureAlgorithm is one that a root may sign with. The zero value is none.
type SignatureAlgorithm int

// The signature algorithms, each with the hash that suits its key.
const (
	_ SignatureAlgorithm = iota
	ECDSAP256SHA256
	ECDSAP384SHA384
	ECDSAP521SHA512
	PureEd25519
	RSASHA256 // PKCS #1 v1.5
)

var algorithms = map[SignatureAlgorithm]struct {
	name string
	x509 x509.SignatureAlgorithm
	hash crypto.Hash
	oid  encasn1.ObjectIdentifier
	null bool // parameters are NULL rather than absent
}{
	ECDSAP256SHA256: {"ECDSA P-256 with SHA-256", x509.ECDSAWithSHA256, crypto.SHA256, oid("1.2.840.10045.4.3.2"), false}, // RFC 5758
	ECDSAP384SHA384: {"ECDSA P-384 with SHA-384", x509.ECDSAWithSHA384, crypto.SHA384, oid("1.2.840.10045.4.3.3"), false},
	ECDSAP521SHA512: {"ECDSA P-521 with SHA-512", x509.ECDSAWithSHA512, crypto.SHA512, oid("1.2.840.10045.4.3.4"), false},
	PureEd25519:     {"Ed25519", x509.PureEd25519, 0, oid("1.3.101.112"), false},                                         // RFC 8410
	RSASHA256:       {"RSA PKCS #1 with SHA-256", x509.SHA256WithRSA, crypto.SHA256, oid("1.2.840.113549.1.1.11"), true}, // RFC 4055
}

// AlgorithmOf returns the algorithm that pub's key signs with, or an error that
// wraps ErrKey if the key is none that Anodize certifies.
func AlgorithmOf(pub crypto.PublicKey) (SignatureAlgorithm, error) {
	if err := checkKey(pub); err != nil {
		return 0, err
	}
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256():
			return ECDSAP256SHA256, nil
		case elliptic.P384():
			return ECDSAP384SHA384, nil
		}
		return ECDSAP521SHA512, nil
	case ed25519.PublicKey:
		return PureEd25519, nil
	}
	return RSASHA256, nil
}

// String names the algorithm for people.
func (a SignatureAlgorithm) String() string {
	if known, ok := algorithms[a]; ok {
		return known.name
	}
	return "no signature algorithm"
}

// X509 returns crypto/x509's name of the algorithm.
func (a SignatureAlgorithm) X509() x509.SignatureAlgorithm { return algorithms[a].x509 }

// Hash returns the hash function of the algorithm, 0 for Ed25519.
func (a SignatureAlgorithm) Hash() crypto.Hash { return algorithms[a].hash }

// Digest returns what the HSM is given to sign: the hash of tbs or, for Ed25519,
// tbs itself. It is nil for no algorithm.
func (a SignatureAlgorithm) Digest(tbs []byte) []byte {
	known, ok := algorithms[a]
	switch {
	case !ok:
		return nil
	case known.hash == 0:
		return bytes.Clone(tbs)
	}
	h := known.hash.New()
	h.Write(tbs)
	return h.Sum(nil)
}

// der returns the AlgorithmIdentifier.
func (a SignatureAlgorithm) der() []byte {
	known := algorithms[a]
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(known.oid)
		if known.null {
			b.AddASN1NULL()
		}
	})
	der, err := b.Bytes()
	if err != nil {
		return nil
	}
	return der
}

func algorithmOfDER(der []byte) (SignatureAlgorithm, bool) {
	for a := range algorithms {
		if bytes.Equal(a.der(), der) {
			return a, true
		}
	}
	return 0, false
}

// Throwaway keys sign in the HSM's place what nobody will ever see. One of each
// kind serves the whole process: nothing depends on it.
var throwaways = map[SignatureAlgorithm]func() (crypto.Signer, error){
	ECDSAP256SHA256: onceECDSA(elliptic.P256()),
	ECDSAP384SHA384: onceECDSA(elliptic.P384()),
	ECDSAP521SHA512: onceECDSA(elliptic.P521()),
	PureEd25519: sync.OnceValues(func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	}),
	RSASHA256: sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, minRSABits) }),
}

func onceECDSA(curve elliptic.Curve) func() (crypto.Signer, error) {
	return sync.OnceValues(func() (crypto.Signer, error) { return ecdsa.GenerateKey(curve, rand.Reader) })
}

func (a SignatureAlgorithm) throwaway() (crypto.Signer, error) {
	generate, ok := throwaways[a]
	if !ok {
		return nil, fmt.Errorf("%w: %v", ErrKey, a)
	}
	key, err := generate()
	if err != nil {
		return nil, fmt.Errorf("generating a throwaway key: %w", err)
	}
	return key, nil
}

func (a SignatureAlgorithm) sign(key crypto.Signer, tbs []byte) ([]byte, error) {
	signature, err := key.Sign(rand.Reader, a.Digest(tbs), a.Hash())
	if err != nil {
		return nil, fmt.Errorf("signing with a throwaway key: %w", err)
	}
	return signature, nil
}

const (
	minRSABits     = 2048
	maxRSABits     = 8192
	minRSAExponent = 65537
)

const allowedKeys = "use RSA of 2048 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519"

// checkKey reports by an error that wraps ErrKey whether pub is of a kind that
// may be certified.
func checkKey(pub crypto.PublicKey) error {
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		switch pub.Curve {
		case elliptic.P256(), elliptic.P384(), elliptic.P521():
			return nil
		case nil:
			return fmt.Errorf("%w: ECDSA without a curve; %s", ErrKey, allowedKeys)
		}
		return fmt.Errorf("%w: ECDSA on %s; %s", ErrKey, pub.Curve.Params().Name, allowedKeys)
	case ed25519.PublicKey:
		if len(pub) != ed25519.PublicKeySize {
			return fmt.Errorf("%w: Ed25519 of %d bytes; %s", ErrKey, len(pub), allowedKeys)
		}
		return nil
	case *rsa.PublicKey:
		return checkRSA(pub)
	}
	return fmt.Errorf("%w: kind not supported; %s", ErrKey, allowedKeys)
}

func checkRSA(pub *rsa.PublicKey) error {
	switch {
	case pub.N == nil || pub.N.BitLen() < minRSABits || pub.N.BitLen() > maxRSABits:
		bits := 0
		if pub.N != nil {
			bits = pub.N.BitLen()
		}
		return fmt.Errorf("%w: RSA of %d bits; %s", ErrKey, bits, allowedKeys)
	case pub.N.Bit(0) == 0:
		return fmt.Errorf("%w: RSA with an even modulus; make another key", ErrKey)
	case pub.E < minRSAExponent || pub.E%2 == 0:
		return fmt.Errorf("%w: RSA with the exponent %d; make a key with %d", ErrKey, pub.E, minRSAExponent)
	}
	return nil
}

// matches reports whether pub is a key of the kind that spec names.
func matches(pub crypto.PublicKey, spec profile.KeySpec) bool {
	alg, err := AlgorithmOf(pub)
	if err != nil {
		return false
	}
	switch spec {
	case profile.ECDSAP256:
		return alg == ECDSAP256SHA256
	case profile.ECDSAP384:
		return alg == ECDSAP384SHA384
	case profile.ECDSAP521:
		return alg == ECDSAP521SHA512
	case profile.Ed25519:
		return alg == PureEd25519
	case profile.RSA3072:
		return alg == RSASHA256 && pub.(*rsa.PublicKey).N.BitLen() == 3072
	case profile.RSA4096:
		return alg == RSASHA256 && pub.(*rsa.PublicKey).N.BitLen() == 4096
	}
	return false
}

// describeKey names a key's kind for people.
func describeKey(pub crypto.PublicKey) string {
	switch pub := pub.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + pub.Curve.Params().Name
	case ed25519.PublicKey:
		return "Ed25519"
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d bits", pub.N.BitLen())
	}
	return "unknown"
}
