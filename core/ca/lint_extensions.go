package ca

import (
	"bytes"
	"crypto/x509"
	"net/url"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certificateExtensions checks the extensions of a CA certificate over the key
// whose bits are given.
func (l *linter) certificateExtensions(list cryptobyte.String, keyBits []byte, issuer *x509.Certificate) {
	found := l.extensions(list)
	l.only(found, map[string]bool{
		oidBasicConstraints: true, oidKeyUsage: true, oidNameConstraints: true,
		oidSubjectKeyID: false, oidAuthorityKeyID: false, oidDistributionPoint: false,
	})
	l.basicConstraints(found, issuer)
	// Bits 5 and 6 of a named bit list, without trailing zeros.
	l.want(bytes.Equal(found[oidKeyUsage].value, []byte{3, 2, 1, 0x06}), "the key usage is not certificate and CRL signing")
	id, ok := readOctets(found[oidSubjectKeyID].value)
	l.want(ok && matchesKey(id, keyBits), "the subject key identifier is not the key's")
	l.authorityKeyID(found, issuer)
	l.distributionPoints(found, issuer)
	if e, ok := found[oidNameConstraints]; ok {
		_, ok := readPermittedDNS(e.value)
		l.want(ok && issuer != nil, "the name constraints are not a list of permitted DNS names, below a root")
	}
}

// basicConstraints wants a CA; a path length below a root only, and there less
// than the issuer's own.
func (l *linter) basicConstraints(found map[string]extension, issuer *x509.Certificate) {
	input := cryptobyte.String(found[oidBasicConstraints].value)
	var body cryptobyte.String
	var isCA bool
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() || !body.ReadASN1Boolean(&isCA) || !isCA {
		l.note("the basic constraints are missing, or not those of a CA")
		return
	}
	if issuer == nil {
		l.want(body.Empty(), "a root bounds its own path")
		return
	}
	var pathLen int
	if !body.ReadASN1Integer(&pathLen) || pathLen < 0 || !body.Empty() {
		l.note("the path length is missing or invalid")
		return
	}
	l.want(!hasPathLen(issuer) || pathLen < issuer.MaxPathLen, "the path length is not below the issuer's")
}

// authorityKeyID wants the issuer's key identifier and nothing else; a root may
// leave it out.
func (l *linter) authorityKeyID(found map[string]extension, issuer *x509.Certificate) {
	e, ok := found[oidAuthorityKeyID]
	if !ok && issuer == nil {
		return
	}
	var want []byte
	if issuer != nil {
		want = issuer.SubjectKeyId
	} else {
		want, _ = readOctets(found[oidSubjectKeyID].value)
	}
	input := cryptobyte.String(e.value)
	var body, id cryptobyte.String
	ok = input.ReadASN1(&body, asn1.SEQUENCE) && input.Empty() &&
		body.ReadASN1(&id, asn1.Tag(0).ContextSpecific()) && body.Empty()
	l.want(ok && len(want) > 0 && bytes.Equal(id, want), "the authority key identifier is not the issuer's")
}

// distributionPoints wants one URL below a root and none at a root.
func (l *linter) distributionPoints(found map[string]extension, issuer *x509.Certificate) {
	e, ok := found[oidDistributionPoint]
	if issuer == nil {
		l.want(!ok, "a root has a CRL distribution point")
		return
	}
	urls, ok := readDistributionPoints(e.value)
	if !ok || len(urls) != 1 {
		l.note("there is not exactly one CRL distribution point, with one URL")
		return
	}
	u, err := url.Parse(urls[0])
	l.want(err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "",
		"the CRL distribution point is no http or https URL")
}

// readDistributionPoints returns the URLs of distribution points that consist of
// one URL each, nothing else.
func readDistributionPoints(value []byte) (urls []string, ok bool) {
	input := cryptobyte.String(value)
	var list cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) || !input.Empty() {
		return nil, false
	}
	for !list.Empty() {
		var point, name, full, uri cryptobyte.String
		if !list.ReadASN1(&point, asn1.SEQUENCE) ||
			!point.ReadASN1(&name, contextTag(0)) || !point.Empty() ||
			!name.ReadASN1(&full, contextTag(0)) || !name.Empty() ||
			!full.ReadASN1(&uri, asn1.Tag(6).ContextSpecific()) || !full.Empty() || !isASCII(uri) {
			return nil, false
		}
		urls = append(urls, string(uri))
	}
	return urls, len(urls) > 0
}

// readPermittedDNS returns the domains of name constraints that consist of
// permitted DNS names, nothing else.
func readPermittedDNS(value []byte) (domains []string, ok bool) {
	input := cryptobyte.String(value)
	var body, permitted cryptobyte.String
	if !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1(&permitted, contextTag(0)) || !body.Empty() {
		return nil, false
	}
	for !permitted.Empty() {
		var subtree, name cryptobyte.String
		if !permitted.ReadASN1(&subtree, asn1.SEQUENCE) ||
			!subtree.ReadASN1(&name, asn1.Tag(2).ContextSpecific()) || !subtree.Empty() ||
			len(name) == 0 || !isASCII(name) {
			return nil, false
		}
		domains = append(domains, string(name))
	}
	return domains, len(domains) > 0
}

// readOctets returns what an OCTET STRING holds.
func readOctets(der []byte) (value []byte, ok bool) {
	input := cryptobyte.String(der)
	var octets cryptobyte.String
	ok = input.ReadASN1(&octets, asn1.OCTET_STRING) && input.Empty() && len(octets) > 0
	return octets, ok
}
