package ca

import (
	"bytes"
	"crypto/x509"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// crl checks the to-be-signed part of a CRL (RFC 5280, section 5.1).
func (l *linter) crl(tbs []byte, issuer *x509.Certificate) {
	if issuer == nil {
		l.note("a CRL cannot be judged without its issuer's certificate")
		return
	}
	input := cryptobyte.String(tbs)
	var body, version, name cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1(&version, asn1.INTEGER) ||
		!body.SkipASN1(asn1.SEQUENCE) || !body.ReadASN1Element(&name, asn1.SEQUENCE) {
		l.note("the CRL's fields are not those of version 2")
		return
	}
	l.want(bytes.Equal(version, []byte{1}), "the version is not 2")
	l.want(bytes.Equal(name, issuer.RawSubject), "the issuer is not the subject of the issuer's certificate")
	from, fromOK := l.time("thisUpdate", &body)
	to, toOK := l.time("nextUpdate", &body)
	l.want(!fromOK || !toOK || from.Before(to), "nextUpdate is not after thisUpdate")
	if body.PeekASN1Tag(asn1.SEQUENCE) {
		var revoked cryptobyte.String
		l.want(body.ReadASN1(&revoked, asn1.SEQUENCE) && !revoked.Empty(), "an empty list of revoked certificates")
		l.revoked(revoked, from)
	}
	var wrapped, list cryptobyte.String
	if !body.ReadASN1(&wrapped, contextTag(0)) || !body.Empty() ||
		!wrapped.ReadASN1(&list, asn1.SEQUENCE) || !wrapped.Empty() {
		l.note("the CRL's extensions are missing, or something follows them")
		return
	}
	l.crlExtensions(list, issuer)
}

func (l *linter) crlExtensions(list cryptobyte.String, issuer *x509.Certificate) {
	found := l.extensions(list)
	l.only(found, map[string]bool{oidAuthorityKeyID: false, oidCRLNumber: false})
	l.authorityKeyID(found, issuer)
	input := cryptobyte.String(found[oidCRLNumber].value)
	var number cryptobyte.String
	ok := input.ReadASN1(&number, asn1.INTEGER) && input.Empty() && len(number) > 0
	l.want(ok && number[0] < 0x80 && len(number) <= maxSerialSize, "the CRL number is missing, negative or too long")
}

// revoked checks the entries: distinct serial numbers, not later than the CRL.
func (l *linter) revoked(list cryptobyte.String, thisUpdate time.Time) {
	seen := map[string]bool{}
	for !list.Empty() {
		var entry, serial cryptobyte.String
		if !list.ReadASN1(&entry, asn1.SEQUENCE) || !entry.ReadASN1(&serial, asn1.INTEGER) {
			l.note("a revoked certificate without a serial number")
			return
		}
		l.serial("serial number of a revoked certificate", serial)
		l.want(!seen[string(serial)], "the serial number %x is revoked twice", []byte(serial))
		seen[string(serial)] = true
		at, ok := l.time("revocationDate", &entry)
		l.want(!ok || thisUpdate.IsZero() || !at.After(thisUpdate), "the serial number %x is revoked after thisUpdate", []byte(serial))
		if entry.Empty() {
			continue
		}
		var extensions cryptobyte.String
		if !entry.ReadASN1(&extensions, asn1.SEQUENCE) || !entry.Empty() {
			l.note("something follows the entry of %x", []byte(serial))
			return
		}
		l.reason(extensions)
	}
}

// reason wants one reason, and not the one that is meant by none.
func (l *linter) reason(list cryptobyte.String) {
	found := l.extensions(list)
	l.only(found, map[string]bool{oidReasonCode: false})
	input := cryptobyte.String(found[oidReasonCode].value)
	var reason int
	ok := input.ReadASN1Enum(&reason) && input.Empty()
	_, known := ReasonName(reason)
	l.want(ok && known && reason != 0, "a revocation for no known reason")
}
