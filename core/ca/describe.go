package ca

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// A Field is one row of a preview.
type Field struct{ Name, Value string }

// extensionNames are the extensions that people know by a name.
var extensionNames = map[string]string{
	oidSubjectKeyID:      "Subject key identifier",
	oidKeyUsage:          "Key usage",
	"2.5.29.17":          "Subject alternative name",
	oidBasicConstraints:  "Basic constraints",
	oidCRLNumber:         "CRL number",
	oidReasonCode:        "Reason code",
	oidNameConstraints:   "Name constraints",
	oidDistributionPoint: "CRL distribution points",
	"2.5.29.32":          "Certificate policies",
	oidAuthorityKeyID:    "Authority key identifier",
	"2.5.29.37":          "Extended key usage",
	"1.3.6.1.5.5.7.1.1":  "Authority information access",
	"1.3.6.1.5.5.7.1.24": "TLS feature",
}

func extensionName(oid string) string {
	if name, ok := extensionNames[oid]; ok {
		return name
	}
	return oid
}

// Describe returns everything that is or will be signed, row by row, for people
// to read: der is a certificate or a CRL, or its to-be-signed bytes. An error
// wraps ErrMalformed.
func Describe(der []byte) ([]Field, error) {
	doc, err := read(der)
	if err != nil {
		return nil, fmt.Errorf("describing: %w", err)
	}
	signed, err := doc.signed()
	if err != nil {
		return nil, fmt.Errorf("describing: %w: %w", ErrMalformed, err)
	}
	var fields []Field
	if doc.isCRL {
		fields, err = describeCRL(signed)
	} else {
		fields, err = describeCertificate(signed)
	}
	if err != nil {
		return nil, fmt.Errorf("describing: %w: %w", ErrMalformed, err)
	}
	return append(fields, fingerprint(doc, der)), nil
}

// fingerprint is the last row: of the whole if it is signed, otherwise of what
// will be.
func fingerprint(doc document, der []byte) Field {
	sum := sha256.Sum256(der)
	if doc.outerAlgorithm == nil {
		return Field{"To be signed, SHA-256", hex.EncodeToString(sum[:])}
	}
	return Field{"Fingerprint, SHA-256", hex.EncodeToString(sum[:])}
}

func describeCertificate(der []byte) ([]Field, error) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	issuer, err := formatName(c.RawIssuer)
	if err != nil {
		return nil, err
	}
	subject, err := formatName(c.RawSubject)
	if err != nil {
		return nil, err
	}
	spki := sha256.Sum256(c.RawSubjectPublicKeyInfo)
	fields := []Field{
		{"Kind", fmt.Sprintf("Certificate, version %d", c.Version)},
		{"Subject", subject},
		{"Issuer", issuer},
		{"Serial number", formatSerial(c.SerialNumber)},
		{"Valid from", formatTime(c.NotBefore)},
		{"Valid until", formatTime(c.NotAfter)},
		{"Public key", describeKey(c.PublicKey)},
		{"Public key, SHA-256", hex.EncodeToString(spki[:])},
		{"Signature algorithm", formatAlgorithm(c.SignatureAlgorithm)},
	}
	for _, e := range c.Extensions {
		fields = append(fields, Field{extensionTitle(e), certificateExtension(c, e)})
	}
	return fields, nil
}

// certificateExtension says what e means, from what crypto/x509 read of it, or
// gives its bytes.
func certificateExtension(c *x509.Certificate, e pkix.Extension) string {
	switch e.Id.String() {
	case oidBasicConstraints:
		switch {
		case !c.IsCA:
			return "not a CA"
		case !hasPathLen(c):
			return "CA, any number of CAs below it"
		case c.MaxPathLen == 0:
			return "CA, no CA below it"
		}
		return fmt.Sprintf("CA, at most %d CAs below it in a row", c.MaxPathLen)
	case oidKeyUsage:
		return formatUsage(c.KeyUsage)
	case oidSubjectKeyID:
		return hex.EncodeToString(c.SubjectKeyId)
	case oidAuthorityKeyID:
		if len(e.Value) == len(c.AuthorityKeyId)+4 { // nothing in it but the identifier
			return hex.EncodeToString(c.AuthorityKeyId)
		}
	case oidDistributionPoint:
		if urls, ok := readDistributionPoints(e.Value); ok {
			return escape(strings.Join(urls, " "))
		}
	case oidNameConstraints:
		if domains, ok := readPermittedDNS(e.Value); ok {
			return "only DNS names within " + escape(strings.Join(domains, " "))
		}
	}
	return "DER " + hex.EncodeToString(e.Value)
}

func describeCRL(der []byte) ([]Field, error) {
	l, err := x509.ParseRevocationList(der)
	if err != nil {
		return nil, err
	}
	issuer, err := formatName(l.RawIssuer)
	if err != nil {
		return nil, err
	}
	fields := []Field{
		{"Kind", "Certificate revocation list, version 2"},
		{"Issuer", issuer},
		{"This update", formatTime(l.ThisUpdate)},
		{"Next update", formatTime(l.NextUpdate)},
		{"Signature algorithm", formatAlgorithm(l.SignatureAlgorithm)},
	}
	for _, e := range l.Extensions {
		value := "DER " + hex.EncodeToString(e.Value)
		switch {
		case e.Id.String() == oidCRLNumber && l.Number != nil:
			value = l.Number.String()
		case e.Id.String() == oidAuthorityKeyID && len(e.Value) == len(l.AuthorityKeyId)+4:
			value = hex.EncodeToString(l.AuthorityKeyId)
		}
		fields = append(fields, Field{extensionTitle(e), value})
	}
	fields = append(fields, Field{"Revoked certificates", fmt.Sprint(len(l.RevokedCertificateEntries))})
	for _, r := range l.RevokedCertificateEntries {
		fields = append(fields, Field{"Revoked", describeEntry(r)})
	}
	return fields, nil
}

func describeEntry(r x509.RevocationListEntry) string {
	reason, ok := ReasonName(r.ReasonCode)
	if !ok {
		reason = fmt.Sprintf("reason %d", r.ReasonCode)
	}
	text := fmt.Sprintf("%s at %s: %s", formatSerial(r.SerialNumber), formatTime(r.RevocationTime), reason)
	for _, e := range r.Extensions {
		if e.Id.String() != oidReasonCode {
			text += fmt.Sprintf(", %s: DER %x", extensionTitle(e), e.Value)
		}
	}
	return text
}

func extensionTitle(e pkix.Extension) string {
	title := extensionName(e.Id.String())
	if e.Critical {
		title += " (critical)"
	}
	return title
}

func formatSerial(n *big.Int) string {
	if n == nil || n.Sign() < 0 {
		return "invalid"
	}
	return hex.EncodeToString(n.Bytes())
}

func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func formatAlgorithm(a x509.SignatureAlgorithm) string {
	for own, known := range algorithms {
		if known.x509 == a {
			return own.String()
		}
	}
	return a.String()
}

// usageNames are the bits of the key usage in order (RFC 5280, section 4.2.1.3).
var usageNames = []string{
	"digital signature", "content commitment", "key encipherment", "data encipherment", "key agreement",
	"certificate signing", "CRL signing", "encipher only", "decipher only",
}

func formatUsage(u x509.KeyUsage) string {
	var names []string
	for i, name := range usageNames {
		if u&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
