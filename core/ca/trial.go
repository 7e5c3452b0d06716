package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"anodize/core/profile"
)

// requestSuffixes are those of files that may hold a request, in lower case.
var requestSuffixes = []string{".csr", ".req", ".p10", ".pem", ".der"}

// RequestNames returns the names of files that may hold a request, as they stand in
// names. Upper and lower case are the same.
func RequestNames(names []string) []string {
	var found []string
	for _, name := range names {
		lower := strings.ToLower(name)
		if slices.ContainsFunc(requestSuffixes, func(s string) bool { return strings.HasSuffix(lower, s) }) {
			found = append(found, name)
		}
	}
	return found
}

// A Trial finds out what a root would sign, before there is one. It has a root by the
// profile, whose key was made for it and is used for nothing else.
type Trial struct {
	p    *profile.Profile
	root *x509.Certificate
	at   time.Time
}

// NewTrial makes the root of a profile as it would be at that time. An error says what
// is wrong with the profile, though Parse took it.
func NewTrial(p *profile.Profile, at time.Time) (*Trial, error) {
	key, err := trialKey(p.HSM.KeySpec)
	if err != nil {
		return nil, fmt.Errorf("trying the profile: %w", err)
	}
	serial, err := NewSerial(rand.Reader)
	if err != nil {
		return nil, err
	}
	at = at.UTC().Truncate(time.Second)
	tbs, err := RootTBS(p, "", key.Public(), serial, at)
	if err != nil {
		return nil, err
	}
	alg, err := AlgorithmOf(key.Public())
	if err != nil {
		return nil, err
	}
	signature, err := alg.sign(key, tbs)
	if err != nil {
		return nil, err
	}
	der, err := Assemble(tbs, signature, key.Public())
	if err != nil {
		return nil, err
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the trial's root: %w", err)
	}
	return &Trial{p, root, at}, nil
}

// trialKey makes a key of that kind.
func trialKey(spec profile.KeySpec) (crypto.Signer, error) {
	switch spec {
	case profile.ECDSAP256:
		return ECDSAP256SHA256.throwaway()
	case profile.ECDSAP384:
		return ECDSAP384SHA384.throwaway()
	case profile.ECDSAP521:
		return ECDSAP521SHA512.throwaway()
	case profile.Ed25519:
		return PureEd25519.throwaway()
	case profile.RSA3072:
		return rsa.GenerateKey(rand.Reader, 3072)
	case profile.RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("%w: %s", ErrKey, spec)
}

// Request tries a request on one of the profile's kinds of certificate. Its errors are
// those of IntermediateTBS.
func (t *Trial) Request(r *Request, cp profile.CertProfile) error {
	serial, err := NewSerial(rand.Reader)
	if err != nil {
		return err
	}
	_, err = IntermediateTBS(t.root, r, cp, t.p.CA.CDPURL, "", serial, t.at)
	return err
}
