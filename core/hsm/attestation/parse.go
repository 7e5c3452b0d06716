package attestation

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	encasn1 "encoding/asn1"
	"errors"
	"fmt"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certificate is what an attestation needs of an X.509 certificate (RFC 5280,
// section 4.1). The device makes its certificates itself, with a random serial
// number of 16 octets, which crypto/x509 refuses if it reads as a negative
// number; that is why they are read here.
type certificate struct {
	tbs, issuer, subject, spki []byte // DER
	key                        any    // of the subject
	algorithm                  x509.SignatureAlgorithm
	signature                  []byte
	extensions                 map[int][]byte // Yubico's, by their last number
	digest                     [32]byte       // SHA-256 of the whole
}

var errSyntax = errors.New("it is not a certificate in DER")

// parse reads one certificate and nothing after it.
func parse(der []byte) (*certificate, error) {
	if len(der) > MaxCertificate {
		return nil, fmt.Errorf("%d bytes are more than the %d allowed", len(der), MaxCertificate)
	}
	input := cryptobyte.String(der)
	var whole, tbs, inner, algorithm, identifier cryptobyte.String
	c := &certificate{digest: sha256.Sum256(der), extensions: map[int][]byte{}}
	if !input.ReadASN1(&whole, asn1.SEQUENCE) || !input.Empty() ||
		!whole.ReadASN1Element(&tbs, asn1.SEQUENCE) ||
		!whole.ReadASN1Element(&algorithm, asn1.SEQUENCE) ||
		!whole.ReadASN1BitStringAsBytes(&c.signature) || !whole.Empty() {
		return nil, errSyntax
	}
	c.tbs = tbs
	if !tbs.ReadASN1(&inner, asn1.SEQUENCE) {
		return nil, errSyntax
	}
	if err := c.parseTBS(inner, algorithm); err != nil {
		return nil, err
	}
	var oid encasn1.ObjectIdentifier
	if !algorithm.ReadASN1(&identifier, asn1.SEQUENCE) || !identifier.ReadASN1ObjectIdentifier(&oid) {
		return nil, errSyntax
	}
	c.algorithm = algorithms[oid.String()]
	var err error
	if c.key, err = x509.ParsePKIXPublicKey(c.spki); err != nil {
		return nil, fmt.Errorf("its public key: %w", err)
	}
	return c, nil
}

// algorithms are by RFC 8017, appendix A.2.4, and RFC 5758, section 3.2. Any
// other is the zero value, under which no signature holds.
var algorithms = map[string]x509.SignatureAlgorithm{
	"1.2.840.113549.1.1.11": x509.SHA256WithRSA,
	"1.2.840.113549.1.1.12": x509.SHA384WithRSA,
	"1.2.840.113549.1.1.13": x509.SHA512WithRSA,
	"1.2.840.10045.4.3.2":   x509.ECDSAWithSHA256,
	"1.2.840.10045.4.3.3":   x509.ECDSAWithSHA384,
	"1.2.840.10045.4.3.4":   x509.ECDSAWithSHA512,
}

// parseTBS reads what is signed. It must name the signature's algorithm in the
// very bytes that stand beside the signature.
func (c *certificate) parseTBS(tbs, algorithm cryptobyte.String) error {
	var again, issuer, subject, spki, extensions cryptobyte.String
	var hasExtensions bool
	version := asn1.Tag(0).Constructed().ContextSpecific()
	if !tbs.SkipOptionalASN1(version) ||
		!tbs.SkipASN1(asn1.INTEGER) || // the serial number
		!tbs.ReadASN1Element(&again, asn1.SEQUENCE) || !bytes.Equal(again, algorithm) ||
		!tbs.ReadASN1Element(&issuer, asn1.SEQUENCE) ||
		!tbs.SkipASN1(asn1.SEQUENCE) || // the dates
		!tbs.ReadASN1Element(&subject, asn1.SEQUENCE) ||
		!tbs.ReadASN1Element(&spki, asn1.SEQUENCE) ||
		!tbs.SkipOptionalASN1(asn1.Tag(1).ContextSpecific()) ||
		!tbs.SkipOptionalASN1(asn1.Tag(2).ContextSpecific()) ||
		!tbs.ReadOptionalASN1(&extensions, &hasExtensions, asn1.Tag(3).Constructed().ContextSpecific()) ||
		!tbs.Empty() {
		return errSyntax
	}
	c.issuer, c.subject, c.spki = issuer, subject, spki
	if !hasExtensions {
		return nil
	}
	return c.parseExtensions(extensions)
}

// arc is Yubico's, for what a YubiHSM attests.
var arc = encasn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 4}

func (c *certificate) parseExtensions(input cryptobyte.String) error {
	var list cryptobyte.String
	if !input.ReadASN1(&list, asn1.SEQUENCE) || !input.Empty() {
		return errSyntax
	}
	for !list.Empty() {
		var one, value cryptobyte.String
		var oid encasn1.ObjectIdentifier
		if !list.ReadASN1(&one, asn1.SEQUENCE) || !one.ReadASN1ObjectIdentifier(&oid) ||
			!one.SkipOptionalASN1(asn1.BOOLEAN) || !one.ReadASN1(&value, asn1.OCTET_STRING) || !one.Empty() {
			return errSyntax
		}
		if len(oid) != len(arc)+1 || !oid[:len(arc)].Equal(arc) {
			continue
		}
		n := oid[len(arc)]
		if _, twice := c.extensions[n]; twice {
			return fmt.Errorf("it has the extension %d twice", n)
		}
		c.extensions[n] = value
	}
	return nil
}

// extension returns the value of one of Yubico's extensions.
func (c *certificate) extension(n int) (cryptobyte.String, error) {
	value, ok := c.extensions[n]
	if !ok {
		return nil, fmt.Errorf("it has no extension %v.%d", arc, n)
	}
	return value, nil
}

func (c *certificate) octets(n int) ([]byte, error) {
	value, err := c.extension(n)
	if err != nil {
		return nil, err
	}
	var out cryptobyte.String
	if !value.ReadASN1(&out, asn1.OCTET_STRING) || !value.Empty() {
		return nil, fmt.Errorf("the extension %d is not an OCTET STRING", n)
	}
	return out, nil
}

func (c *certificate) integer(n int) (*big.Int, error) {
	value, err := c.extension(n)
	if err != nil {
		return nil, err
	}
	out := new(big.Int)
	if !value.ReadASN1Integer(out) || !value.Empty() {
		return nil, fmt.Errorf("the extension %d is not an INTEGER", n)
	}
	return out, nil
}

func (c *certificate) text(n int) (string, error) {
	value, err := c.extension(n)
	if err != nil {
		return "", err
	}
	var out cryptobyte.String
	if !value.ReadASN1(&out, asn1.UTF8String) || !value.Empty() {
		return "", fmt.Errorf("the extension %d is not a UTF8String", n)
	}
	return string(out), nil
}

// name writes a DER name in RFC 4514.
func name(der []byte) string {
	var sequence pkix.RDNSequence
	if rest, err := encasn1.Unmarshal(der, &sequence); err != nil || len(rest) > 0 {
		return "an unreadable name"
	}
	return fmt.Sprintf("%.200q", sequence.String())
}
