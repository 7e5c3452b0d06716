package ca

import (
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxDocument bounds what is parsed, in bytes: a CRL of some ten thousand
// entries.
const maxDocument = 1 << 20

// A document is a certificate or a CRL, taken apart as far as is needed to tell
// which.
type document struct {
	tbs            []byte
	isCRL          bool
	innerAlgorithm []byte // the AlgorithmIdentifier in the to-be-signed bytes
	outerAlgorithm []byte // that beside the signature; nil if not signed
	signature      []byte
}

// readTBS takes to-be-signed bytes apart.
func readTBS(tbs []byte) (document, error) {
	doc := document{tbs: tbs}
	input := cryptobyte.String(tbs)
	var body, version cryptobyte.String
	if len(tbs) > maxDocument || !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() {
		return doc, fmt.Errorf("%w: not the to-be-signed part of a certificate or CRL", ErrMalformed)
	}
	// A v3 certificate begins with its version in [0], a v2 CRL with a bare one.
	ok := true
	if body.PeekASN1Tag(asn1.INTEGER) {
		doc.isCRL = true
		ok = body.SkipASN1(asn1.INTEGER)
	} else {
		ok = body.ReadASN1(&version, contextTag(0)) && body.SkipASN1(asn1.INTEGER)
	}
	var algorithm cryptobyte.String
	if !ok || !body.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		return doc, fmt.Errorf("%w: neither a version 3 certificate nor a version 2 CRL", ErrMalformed)
	}
	doc.innerAlgorithm = algorithm
	return doc, nil
}

// readSigned takes a certificate or CRL apart.
func readSigned(der []byte) (document, error) {
	input := cryptobyte.String(der)
	var body, tbs, algorithm cryptobyte.String
	if len(der) > maxDocument || !input.ReadASN1(&body, asn1.SEQUENCE) || !input.Empty() ||
		!body.ReadASN1Element(&tbs, asn1.SEQUENCE) || !body.ReadASN1Element(&algorithm, asn1.SEQUENCE) {
		return document{}, fmt.Errorf("%w: not a certificate or CRL", ErrMalformed)
	}
	var signature []byte
	if !body.ReadASN1BitStringAsBytes(&signature) || !body.Empty() {
		return document{}, fmt.Errorf("%w: the signature of a certificate or CRL", ErrMalformed)
	}
	doc, err := readTBS(tbs)
	doc.outerAlgorithm, doc.signature = algorithm, signature
	return doc, err
}

// read takes either form apart: what is signed begins with two SEQUENCEs.
func read(der []byte) (document, error) {
	input := cryptobyte.String(der)
	var body cryptobyte.String
	if input.ReadASN1(&body, asn1.SEQUENCE) && body.PeekASN1Tag(asn1.SEQUENCE) {
		return readSigned(der)
	}
	return readTBS(der)
}

// signed returns the document as crypto/x509 reads it: with an empty signature
// if it has none yet.
func (d document) signed() ([]byte, error) {
	return join(d.tbs, d.innerAlgorithm, d.signature)
}

// contextTag is the constructed context-specific tag [n].
func contextTag(n int) asn1.Tag { return asn1.Tag(n).ContextSpecific().Constructed() }
