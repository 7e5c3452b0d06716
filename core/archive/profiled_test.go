package archive

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"testing"
	"time"
)

func TestNameConstraintsAreTheProfilesAndNoOthers(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	// What may be constrained besides, in a form that crypto/x509 does not know: the
	// domain example.com, and every directory name (RFC 5280, section 4.2.1.10).
	directory := pkix.Extension{Id: []int{2, 5, 29, 30}, Critical: true, Value: append([]byte{
		0x30, 0x17, 0xa0, 0x15, 0x30, 0x0d, 0x82, 0x0b,
	}, "example.com\x30\x04\xa4\x02\x30\x00"...)}
	only := []string{"example.com"}
	for name, c := range map[string]struct {
		template x509.Certificate
		domains  []string
		good     bool
	}{
		"none":                       {x509.Certificate{}, nil, true},
		"the domain":                 {x509.Certificate{PermittedDNSDomains: only, PermittedDNSDomainsCritical: true}, only, true},
		"the domain, for who likes":  {x509.Certificate{PermittedDNSDomains: only}, only, false},
		"none, by the profile one":   {x509.Certificate{}, only, false},
		"one, by the profile none":   {x509.Certificate{PermittedDNSDomains: only}, nil, false},
		"another domain":             {x509.Certificate{PermittedDNSDomains: []string{"example.org"}, PermittedDNSDomainsCritical: true}, only, false},
		"the domain but for a part":  {x509.Certificate{PermittedDNSDomains: only, ExcludedDNSDomains: []string{"a.example.com"}, PermittedDNSDomainsCritical: true}, only, false},
		"the domain and mail":        {x509.Certificate{PermittedDNSDomains: only, PermittedEmailAddresses: only, PermittedDNSDomainsCritical: true}, only, false},
		"mail alone":                 {x509.Certificate{PermittedEmailAddresses: only}, nil, false},
		"the domain and a directory": {x509.Certificate{ExtraExtensions: []pkix.Extension{directory}}, only, false},
	} {
		c.template.SerialNumber, c.template.NotAfter = big.NewInt(1), time.Now()
		der, err := x509.CreateCertificate(rand.Reader, &c.template, &c.template, key.Public(), key)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := constrained(cert, c.domains); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
	}
}
