package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	encasn1 "encoding/asn1"
	"fmt"
	"math/big"
	"slices"
	"time"

	"anodize/core/profile"
)

const day = 24 * time.Hour

// RootTBS makes the to-be-signed bytes of the root's own certificate, by the
// profile, for pub, valid from notBefore on. namePrefix stands before the common
// name ("REHEARSAL " in a rehearsal, otherwise empty). It makes a version 3
// certificate with basic constraints (CA, critical), key usage (certificate and
// CRL signing, critical) and a subject key identifier (RFC 5280, section 4.2).
// Errors wrap ErrKey, ErrSubject, ErrInput, or are a LintError.
func RootTBS(p *profile.Profile, namePrefix string, pub crypto.PublicKey, serial *big.Int, notBefore time.Time) ([]byte, error) {
	if !matches(pub, p.HSM.KeySpec) {
		return nil, fmt.Errorf("making the root certificate: %w: the HSM's key is not the profile's %s", ErrKey, p.HSM.KeySpec)
	}
	subject, err := rootName(p, namePrefix)
	if err != nil {
		return nil, fmt.Errorf("making the root certificate: %w", err)
	}
	template, err := caTemplate(pub, subject, serial, notBefore, p.CA.ValidityDays)
	if err != nil {
		return nil, fmt.Errorf("making the root certificate: %w", err)
	}
	template.MaxPathLen = -1 // no constraint
	alg, err := AlgorithmOf(pub)
	if err != nil {
		return nil, fmt.Errorf("making the root certificate: %w", err)
	}
	tbs, err := certificateTBS(template, template, nil, alg)
	if err != nil {
		return nil, fmt.Errorf("making the root certificate: %w", err)
	}
	return tbs, nil
}

// rootName encodes the profile's name: country, organization, common name.
func rootName(p *profile.Profile, prefix string) ([]byte, error) {
	name := pkix.Name{
		Country:      []string{p.CA.Country},
		Organization: []string{p.CA.Organization},
		CommonName:   prefix + p.CA.CommonName,
	}
	der, err := encasn1.Marshal(name.ToRDNSequence())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSubject, err)
	}
	return der, checkSubject(der)
}

// IntermediateTBS makes the to-be-signed bytes of an intermediate CA's
// certificate: the request's subject and key, and everything else by the
// certificate profile, whatever the request asks for. It is valid from notBefore
// on, as long as cp says, but never longer than issuer. cdp is the URL of
// issuer's CRL. To what RootTBS makes it adds the path length, the authority key
// identifier, the CRL distribution point and, if the profile has some, name
// constraints (critical). Errors wrap ErrIssuer, ErrKey, ErrSubject, ErrInput, or
// are a LintError.
func IntermediateTBS(issuer *x509.Certificate, req *Request, cp profile.CertProfile, cdp, namePrefix string, serial *big.Int, notBefore time.Time) ([]byte, error) {
	tbs, err := intermediateTBS(issuer, req, cp, cdp, namePrefix, serial, notBefore)
	if err != nil {
		return nil, fmt.Errorf("making the intermediate's certificate: %w", err)
	}
	return tbs, nil
}

func intermediateTBS(issuer *x509.Certificate, req *Request, cp profile.CertProfile, cdp, namePrefix string, serial *big.Int, notBefore time.Time) ([]byte, error) {
	alg, err := checkIssuer(issuer, x509.KeyUsageCertSign)
	if err != nil {
		return nil, err
	}
	if req == nil || req.csr == nil {
		return nil, fmt.Errorf("%w: there is no request", ErrInput)
	}
	subject, err := prefixCommonName(req.csr.RawSubject, namePrefix)
	if err != nil {
		return nil, err
	}
	if err := checkIntermediate(issuer, req, subject, cp); err != nil {
		return nil, err
	}
	template, err := caTemplate(req.csr.PublicKey, subject, serial, notBefore, cp.ValidityDays)
	if err != nil {
		return nil, err
	}
	if template.NotBefore.Before(issuer.NotBefore) || !template.NotBefore.Before(issuer.NotAfter) {
		return nil, fmt.Errorf("%w: at %v the root certificate is not valid; confirm the clock", ErrIssuer, template.NotBefore)
	}
	if template.NotAfter.After(issuer.NotAfter) {
		template.NotAfter = issuer.NotAfter
	}
	template.MaxPathLen, template.MaxPathLenZero = cp.PathLen, cp.PathLen == 0
	template.CRLDistributionPoints = []string{cdp}
	template.PermittedDNSDomains = cp.PermittedDNS
	template.PermittedDNSDomainsCritical = len(cp.PermittedDNS) > 0
	return certificateTBS(template, issuer, issuer, alg)
}

func checkIntermediate(issuer *x509.Certificate, req *Request, subject []byte, cp profile.CertProfile) error {
	switch {
	case bytes.Equal(subject, issuer.RawSubject):
		return fmt.Errorf("%w: it is the root's own; give the intermediate another name", ErrSubject)
	case bytes.Equal(req.csr.RawSubjectPublicKeyInfo, issuer.RawSubjectPublicKeyInfo):
		return fmt.Errorf("%w: it is the root's own; the intermediate needs a key of its own", ErrKey)
	case cp.PathLen < 0 || cp.ValidityDays <= 0:
		return fmt.Errorf("%w: the certificate profile %q", ErrInput, cp.Name)
	case hasPathLen(issuer) && cp.PathLen >= issuer.MaxPathLen:
		return fmt.Errorf("%w: it allows a path length below %d, the profile asks for %d", ErrIssuer, issuer.MaxPathLen, cp.PathLen)
	}
	return nil
}

// hasPathLen reports whether c bounds the CAs below it.
func hasPathLen(c *x509.Certificate) bool {
	return c.MaxPathLen > 0 || c.MaxPathLen == 0 && c.MaxPathLenZero
}

// checkIssuer reports whether issuer may sign what usage says, and returns what
// it signs with.
func checkIssuer(issuer *x509.Certificate, usage x509.KeyUsage) (SignatureAlgorithm, error) {
	switch {
	case issuer == nil || len(issuer.Raw) == 0:
		return 0, fmt.Errorf("%w: there is no root certificate; init the root first", ErrIssuer)
	case !issuer.IsCA || issuer.KeyUsage&usage == 0:
		return 0, fmt.Errorf("%w: its certificate does not let it sign this", ErrIssuer)
	case len(issuer.SubjectKeyId) == 0:
		return 0, fmt.Errorf("%w: its certificate has no subject key identifier", ErrIssuer)
	}
	alg, err := AlgorithmOf(issuer.PublicKey)
	if err != nil {
		return 0, fmt.Errorf("%w: %w", ErrIssuer, err)
	}
	return alg, nil
}

// caTemplate holds what all CA certificates have in common.
func caTemplate(pub crypto.PublicKey, subject []byte, serial *big.Int, notBefore time.Time, days int) (*x509.Certificate, error) {
	if err := checkSerial(serial); err != nil {
		return nil, err
	}
	if days < 1 || days > profile.MaxValidityDays {
		return nil, fmt.Errorf("%w: a validity of %d days", ErrInput, days)
	}
	from, err := wholeSeconds(notBefore)
	if err != nil {
		return nil, err
	}
	// Both ends are included in the validity (RFC 5280, section 4.1.2.5).
	to, err := wholeSeconds(from.Add(time.Duration(days)*day - time.Second))
	if err != nil {
		return nil, err
	}
	keyID, err := keyIdentifier(pub)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		PublicKey:             pub,
		RawSubject:            subject,
		SerialNumber:          serial,
		NotBefore:             from,
		NotAfter:              to,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		SubjectKeyId:          keyID,
	}, nil
}

// keyIdentifier is method 1 of RFC 7093, section 2: the first 160 bits of the
// SHA-256 of the public key's bit string.
func keyIdentifier(pub crypto.PublicKey) ([]byte, error) {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	var info struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       encasn1.BitString
	}
	if _, err := encasn1.Unmarshal(spki, &info); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	sum := sha256.Sum256(info.Key.Bytes)
	return sum[:20], nil
}

// certificateTBS has crypto/x509 encode template under parent with a throwaway
// key, and keeps what would be signed. lintIssuer is nil for a root.
func certificateTBS(template, parent, lintIssuer *x509.Certificate, alg SignatureAlgorithm) ([]byte, error) {
	key, err := alg.throwaway()
	if err != nil {
		return nil, err
	}
	withoutKey := *parent // crypto/x509 would notice that the key is not parent's
	withoutKey.PublicKey = nil
	encoding := *template
	encoding.SignatureAlgorithm = alg.X509()
	der, err := x509.CreateCertificate(rand.Reader, &encoding, &withoutKey, template.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("%w: the certificate just made: %w", ErrMalformed, err)
	}
	if err := confirm(made, template, parent); err != nil {
		return nil, err
	}
	return made.RawTBSCertificate, seal(made.RawTBSCertificate, lintIssuer)
}

// confirm compares what was encoded with what was asked for.
func confirm(made, want, parent *x509.Certificate) error {
	wantSPKI, err := x509.MarshalPKIXPublicKey(want.PublicKey)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrKey, err)
	}
	for what, same := range map[string]bool{
		"subject":            bytes.Equal(made.RawSubject, want.RawSubject),
		"issuer":             bytes.Equal(made.RawIssuer, parent.RawSubject),
		"public key":         bytes.Equal(made.RawSubjectPublicKeyInfo, wantSPKI),
		"serial number":      made.SerialNumber.Cmp(want.SerialNumber) == 0,
		"validity":           made.NotBefore.Equal(want.NotBefore) && made.NotAfter.Equal(want.NotAfter),
		"key usage":          made.KeyUsage == want.KeyUsage,
		"basic constraints":  made.IsCA && hasPathLen(made) == hasPathLen(want) && (!hasPathLen(want) || made.MaxPathLen == want.MaxPathLen),
		"key identifier":     bytes.Equal(made.SubjectKeyId, want.SubjectKeyId),
		"distribution point": slices.Equal(made.CRLDistributionPoints, want.CRLDistributionPoints),
		"name constraints":   slices.Equal(made.PermittedDNSDomains, want.PermittedDNSDomains),
	} {
		if !same {
			return fmt.Errorf("%w: the %s of the certificate just made is not what was asked for", ErrMalformed, what)
		}
	}
	return nil
}
