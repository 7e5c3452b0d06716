package ca

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	encasn1 "encoding/asn1"
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// The extensions of RFC 5280 that Anodize issues.
const (
	oidSubjectKeyID      = "2.5.29.14"
	oidKeyUsage          = "2.5.29.15"
	oidBasicConstraints  = "2.5.29.19"
	oidCRLNumber         = "2.5.29.20"
	oidReasonCode        = "2.5.29.21"
	oidNameConstraints   = "2.5.29.30"
	oidDistributionPoint = "2.5.29.31"
	oidAuthorityKeyID    = "2.5.29.35"
)

// maxFindings bounds what Lint returns.
const maxFindings = 50

// A linter reads one document and notes what is wrong with it.
type linter struct {
	findings []string
}

func (l *linter) note(format string, args ...any) {
	if len(l.findings) < maxFindings {
		l.findings = append(l.findings, fmt.Sprintf(format, args...))
	}
}

// want notes the finding unless ok.
func (l *linter) want(ok bool, format string, args ...any) {
	if !ok {
		l.note(format, args...)
	}
}

// Lint reads a certificate or CRL in DER again, without crypto/x509's encoder or
// parser, and returns what is wrong with it by RFC 5280 and by what Anodize
// issues: nothing else than CA certificates and complete CRLs. issuer is the
// certificate of the CA that signs, nil for a root's own certificate. Lint does
// not verify the signature; Assemble does.
func Lint(der []byte, issuer *x509.Certificate) []string {
	l := &linter{}
	doc, err := readSigned(der)
	if err != nil {
		return []string{err.Error()}
	}
	if err := checkDER(der); err != nil {
		return []string{err.Error()}
	}
	alg, ok := algorithmOfDER(doc.innerAlgorithm)
	l.want(ok, "the signature algorithm is none that Anodize signs with")
	l.want(bytes.Equal(doc.innerAlgorithm, doc.outerAlgorithm), "the signature algorithms inside and outside differ")
	l.want(len(doc.signature) > 0, "the signature is empty")
	if issuer != nil && ok {
		issuerAlg, err := AlgorithmOf(issuer.PublicKey)
		l.want(err == nil && issuerAlg == alg, "the signature algorithm, %v, is not the issuer's", alg)
	}
	if doc.isCRL {
		l.crl(doc.tbs, issuer)
	} else {
		l.certificate(doc.tbs, issuer)
	}
	return l.findings
}

// tbsCertificate is what a certificate is made of, in order.
type tbsCertificate struct {
	version, issuer, validity, subject, spki, extensions cryptobyte.String
	serial                                               cryptobyte.String
}

func readTBSCertificate(tbs []byte) (c tbsCertificate, ok bool) {
	input := cryptobyte.String(tbs)
	var body, wrapped cryptobyte.String
	ok = input.ReadASN1(&body, asn1.SEQUENCE) &&
		body.ReadASN1(&c.version, contextTag(0)) &&
		body.ReadASN1(&c.serial, asn1.INTEGER) &&
		body.SkipASN1(asn1.SEQUENCE) && // the algorithm, which Lint looks at
		body.ReadASN1Element(&c.issuer, asn1.SEQUENCE) &&
		body.ReadASN1(&c.validity, asn1.SEQUENCE) &&
		body.ReadASN1Element(&c.subject, asn1.SEQUENCE) &&
		body.ReadASN1Element(&c.spki, asn1.SEQUENCE) &&
		body.ReadASN1(&wrapped, contextTag(3)) && body.Empty() && // so no unique identifiers
		wrapped.ReadASN1(&c.extensions, asn1.SEQUENCE) && wrapped.Empty()
	return c, ok
}

func (l *linter) certificate(tbs []byte, issuer *x509.Certificate) {
	c, ok := readTBSCertificate(tbs)
	if !ok {
		l.note("the certificate's fields are not those of version 3 with extensions and without unique identifiers")
		return
	}
	l.want(bytes.Equal(c.version, []byte{2, 1, 2}), "the version is not 3")
	l.serial("serial number", c.serial)
	l.name("subject", c.subject)
	if issuer == nil {
		l.want(bytes.Equal(c.issuer, c.subject), "issuer and subject of a root differ")
	} else {
		l.want(bytes.Equal(c.issuer, issuer.RawSubject), "the issuer is not the subject of the issuer's certificate")
		l.want(!bytes.Equal(c.subject, issuer.RawSubject), "the subject is the issuer's")
		l.want(!bytes.Equal(c.spki, issuer.RawSubjectPublicKeyInfo), "the key is the issuer's")
	}
	l.validity(c.validity, issuer)
	keyID := l.publicKey(c.spki)
	l.certificateExtensions(c.extensions, keyID, issuer)
}

// serial wants a positive number of at most 20 octets.
func (l *linter) serial(what string, value []byte) {
	positive := len(value) > 0 && value[0] < 0x80 && !bytes.Equal(value, []byte{0})
	l.want(positive, "the %s is not positive", what)
	l.want(len(value) <= maxSerialSize, "the %s has %d octets, %d are allowed", what, len(value), maxSerialSize)
}

func (l *linter) name(what string, der []byte) {
	if err := checkSubject(der); err != nil {
		l.note("the %s: %v", what, err)
	}
}

func (l *linter) validity(value cryptobyte.String, issuer *x509.Certificate) {
	from, fromOK := l.time("notBefore", &value)
	to, toOK := l.time("notAfter", &value)
	l.want(value.Empty(), "something follows the validity")
	if !fromOK || !toOK {
		return
	}
	l.want(from.Before(to), "the validity ends before it begins")
	if issuer != nil {
		l.want(!from.Before(issuer.NotBefore), "the validity begins before the issuer's")
		l.want(!to.After(issuer.NotAfter), "the validity ends after the issuer's")
	}
}

// time reads UTCTime up to 2049 and GeneralizedTime from 2050 on, both in whole
// seconds and UTC (RFC 5280, section 4.1.2.5).
func (l *linter) time(what string, input *cryptobyte.String) (time.Time, bool) {
	var value cryptobyte.String
	var tag asn1.Tag
	if !input.ReadAnyASN1(&value, &tag) {
		l.note("%s is missing", what)
		return time.Time{}, false
	}
	text := string(value)
	switch {
	case tag == asn1.UTCTime && len(text) == 13:
		century := "20"
		if text >= "50" {
			century = "19"
		}
		text = century + text
	case tag == asn1.GeneralizedTime && len(text) == 15:
		l.want(text >= "2050", "%s is a GeneralizedTime before 2050", what)
	default:
		l.note("%s is neither a UTCTime nor a GeneralizedTime in whole seconds", what)
		return time.Time{}, false
	}
	t, err := time.Parse("20060102150405Z", text)
	l.want(err == nil, "%s is no time in UTC", what)
	return t, err == nil
}

// publicKey checks the key and returns the bits that identifiers are made of.
func (l *linter) publicKey(der cryptobyte.String) []byte {
	pub, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		l.note("the public key: %v", err)
	} else if err := checkKey(pub); err != nil {
		l.note("%v", err)
	}
	var spki cryptobyte.String
	var bits []byte
	if !der.ReadASN1(&spki, asn1.SEQUENCE) || !spki.SkipASN1(asn1.SEQUENCE) ||
		!spki.ReadASN1BitStringAsBytes(&bits) || !spki.Empty() {
		l.note("the public key is not an algorithm and a bit string")
		return nil
	}
	return bits
}

// An extension as it stands in the encoding.
type extension struct {
	oid      string
	critical bool
	value    []byte
}

// extensions reads a list of extensions, none twice.
func (l *linter) extensions(list cryptobyte.String) map[string]extension {
	found := map[string]extension{}
	l.want(!list.Empty(), "an empty list of extensions")
	for !list.Empty() {
		e, err := readExtension(&list)
		if err != nil {
			l.note("%v", err)
			return found
		}
		_, twice := found[e.oid]
		l.want(!twice, "the extension %s stands there twice", extensionName(e.oid))
		found[e.oid] = e
		if err := checkDER(e.value); err != nil {
			l.note("the extension %s: %v", extensionName(e.oid), err)
		}
	}
	return found
}

func readExtension(list *cryptobyte.String) (e extension, err error) {
	var body, value cryptobyte.String
	var id encasn1.ObjectIdentifier
	if !list.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1ObjectIdentifier(&id) {
		return e, fmt.Errorf("%w: an extension", ErrMalformed)
	}
	e.oid = id.String()
	if body.PeekASN1Tag(asn1.BOOLEAN) {
		if !body.ReadASN1Boolean(&e.critical) || !e.critical {
			return e, fmt.Errorf("%w: the extension %s spells out that it is not critical", ErrMalformed, extensionName(e.oid))
		}
	}
	if !body.ReadASN1(&value, asn1.OCTET_STRING) || !body.Empty() {
		return e, fmt.Errorf("%w: the extension %s", ErrMalformed, extensionName(e.oid))
	}
	e.value = value
	return e, nil
}

// only notes the extensions that are not among allowed, and those whose
// criticality is not as allowed says.
func (l *linter) only(found map[string]extension, allowed map[string]bool) {
	for oid, e := range found {
		critical, ok := allowed[oid]
		switch {
		case !ok:
			l.note("unexpected extension: %s", extensionName(oid))
		case e.critical && !critical:
			l.note("the extension %s is critical", extensionName(oid))
		case !e.critical && critical:
			l.note("the extension %s is not critical", extensionName(oid))
		}
	}
}

// matchesKey reports whether id is made of a key's bits by SHA-1 (RFC 5280,
// section 4.2.1.2) or by SHA-256, cut to 160 bits (RFC 7093, section 2).
func matchesKey(id, bits []byte) bool {
	old, new := sha1.Sum(bits), sha256.Sum256(bits)
	return bytes.Equal(id, old[:]) || bytes.Equal(id, new[:20])
}
