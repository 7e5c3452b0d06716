package attestation

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
)

// maxRoots bounds a file of pinned certificates.
const maxRoots = 16

// Roots are the certificates that somebody trusts to name genuine devices: the
// maker's roots, and the authorities between them and the devices. The zero
// value trusts nobody.
type Roots struct {
	anchors      []*x509.Certificate // signed by themselves
	intermediate []*x509.Certificate
}

// ParseRoots reads 1 to 16 certificates in PEM (RFC 7468). Those that are signed
// by themselves are trusted; there must be one. The others are used only where
// such a one vouches for them.
func ParseRoots(text []byte) (Roots, error) {
	var r Roots
	for n := 1; ; n++ {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if n > maxRoots {
			return Roots{}, fmt.Errorf("more than %d certificates", maxRoots)
		}
		if block.Type != "CERTIFICATE" {
			return Roots{}, fmt.Errorf("PEM block %d is a %.40q, not a CERTIFICATE", n, block.Type)
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return Roots{}, fmt.Errorf("certificate %d: %w", n, err)
		}
		if !cert.BasicConstraintsValid || !cert.IsCA {
			return Roots{}, fmt.Errorf("certificate %d (%s) is not an authority's", n, cert.Subject)
		}
		if cert.CheckSignatureFrom(cert) == nil {
			r.anchors = append(r.anchors, cert)
		} else {
			r.intermediate = append(r.intermediate, cert)
		}
	}
	if len(bytes.TrimSpace(text)) > 0 {
		return Roots{}, errors.New("something follows the certificates, or it is not PEM")
	}
	if len(r.anchors) == 0 {
		return Roots{}, errors.New("no certificate in it is signed by itself: the maker's root is missing")
	}
	return r, nil
}

// Empty reports whether r trusts nobody.
func (r Roots) Empty() bool { return len(r.anchors) == 0 }

// Join returns what both trust.
func (r Roots) Join(other Roots) Roots {
	return Roots{
		anchors:      slices.Concat(r.anchors, other.anchors),
		intermediate: slices.Concat(r.intermediate, other.intermediate),
	}
}

// Without returns r without the certificates whose key one of other's roots has.
func (r Roots) Without(other Roots) Roots {
	keep := func(all []*x509.Certificate) []*x509.Certificate {
		return slices.DeleteFunc(slices.Clone(all), func(c *x509.Certificate) bool {
			return slices.ContainsFunc(other.anchors, func(o *x509.Certificate) bool {
				return bytes.Equal(c.RawSubjectPublicKeyInfo, o.RawSubjectPublicKeyInfo)
			})
		})
	}
	return Roots{anchors: keep(r.anchors), intermediate: keep(r.intermediate)}
}

// Trust follows the signatures from the device's certificate up and returns the
// name of the root that they end in, in RFC 4514. The error wraps ErrBroken if
// they end in none.
func (r Roots) Trust(s *Statement) (root string, err error) {
	issuer, signed := s.device.issuer, s.device.checkSignature
	for range len(r.intermediate) + 1 {
		if at := find(r.anchors, issuer, signed); at != nil {
			return at.Subject.String(), nil
		}
		at := find(r.intermediate, issuer, signed)
		if at == nil {
			break
		}
		issuer, signed = at.RawIssuer, func(key any) error {
			return (&x509.Certificate{PublicKey: key}).CheckSignature(at.SignatureAlgorithm, at.RawTBSCertificate, at.Signature)
		}
	}
	return "", fmt.Errorf("%w: the device's certificate, issued by %s, leads to none of the pinned roots", ErrBroken, s.Issuer())
}

// find returns the certificate of that name whose key made the signature.
func find(among []*x509.Certificate, subject []byte, signed func(key any) error) *x509.Certificate {
	for _, c := range among {
		if bytes.Equal(c.RawSubject, subject) && signed(c.PublicKey) == nil {
			return c
		}
	}
	return nil
}
