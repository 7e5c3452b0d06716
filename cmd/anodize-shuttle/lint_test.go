package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"os"
	"testing"
	"time"

	"pgregory.net/rapid"

	"anodize/core/ca"
	"anodize/core/profile"
)

// memory is a stick that holds these files.
type memory map[string][]byte

func (m memory) names() (files, folders []string, err error) {
	for name := range m {
		files = append(files, name)
	}
	return files, nil, nil
}

func (m memory) read(name string, _ int64) ([]byte, error) { return m[name], nil }
func (m memory) system(*findings)                          {}

// kiosk does what a ceremony does with a request, with a root of its own: it reports
// whether it would be signed as some kind of certificate.
func kiosk(t testing.TB, profileText, request []byte, at time.Time) bool {
	p, err := profile.Parse(profileText)
	if err != nil {
		return false
	}
	r, err := ca.ParseCSR(request)
	if err != nil {
		return false
	}
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := ca.RootTBS(p, "", key.Public(), big.NewInt(77), at)
	if err != nil {
		return false
	}
	signature, err := key.Sign(rand.Reader, ca.ECDSAP384SHA384.Digest(tbs), ca.ECDSAP384SHA384.Hash())
	if err != nil {
		t.Fatal(err)
	}
	der, err := ca.Assemble(tbs, signature, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for _, cp := range p.CertProfiles {
		if _, err := ca.IntermediateTBS(root, r, cp, p.CA.CDPURL, "", big.NewInt(78), at); err == nil {
			return true
		}
	}
	return false
}

// TestWhatPassesIsSigned changes bytes of the profile and of the request.
func TestWhatPassesIsSigned(t *testing.T) {
	request, err := os.ReadFile("../../testdata/intermediate.csr")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)
	agreed := map[bool]int{}
	rapid.Check(t, func(rt *rapid.T) {
		files := memory{profileName: []byte(template), "a.csr": bytes.Clone(request)}
		name := rapid.SampledFrom([]string{profileName, "a.csr", ""}).Draw(rt, "which")
		if b := files[name]; b != nil {
			b[rapid.IntRange(0, len(b)-1).Draw(rt, "at")] = rapid.Byte().Draw(rt, "byte")
		}
		f, err := check(files, at)
		if err != nil {
			rt.Fatal(err)
		}
		ok := true
		for _, one := range f {
			ok = ok && one.level != bad
		}
		if signed := kiosk(t, files[profileName], files["a.csr"], at); ok != signed {
			rt.Errorf("lint is content: %t; the kiosk signs: %t\n%v", ok, signed, f)
		}
		agreed[ok]++
	})
	if agreed[true] == 0 || agreed[false] == 0 {
		t.Errorf("only one answer was seen: %v", agreed)
	}
}
