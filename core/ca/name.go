package ca

import (
	"crypto/x509/pkix"
	encasn1 "encoding/asn1"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// An attribute is one type and value of a distinguished name.
type attribute struct {
	oid   string
	tag   asn1.Tag
	value []byte // without its tag
}

const oidCommonName = "2.5.4.3"

// attributeTypes are the attributes that people know by a short name (RFC 4514,
// section 3, and X.520), with their upper bounds in characters (RFC 5280,
// appendix A.1).
var attributeTypes = map[string]struct {
	short string
	max   int
}{
	oidCommonName:                {"CN", 64},
	"2.5.4.5":                    {"serialNumber", 64},
	"2.5.4.6":                    {"C", 2},
	"2.5.4.7":                    {"L", 128},
	"2.5.4.8":                    {"ST", 128},
	"2.5.4.9":                    {"STREET", 128},
	"2.5.4.10":                   {"O", 64},
	"2.5.4.11":                   {"OU", 64},
	"2.5.4.17":                   {"postalCode", 40},
	"2.5.4.97":                   {"organizationIdentifier", 256},
	"0.9.2342.19200300.100.1.25": {"DC", 255},
	"1.2.840.113549.1.9.1":       {"emailAddress", 255},
}

// maxAttributes bounds the attributes of a name.
const maxAttributes = 32

// readName takes a Name apart: the attributes of each RDN, in the order of the
// encoding.
func readName(der []byte) ([][]attribute, error) {
	input := cryptobyte.String(der)
	var rdns cryptobyte.String
	if !input.ReadASN1(&rdns, asn1.SEQUENCE) || !input.Empty() {
		return nil, fmt.Errorf("%w: a name that is no sequence", ErrMalformed)
	}
	var name [][]attribute
	count := 0
	for !rdns.Empty() {
		var set cryptobyte.String
		if !rdns.ReadASN1(&set, asn1.SET) || set.Empty() {
			return nil, fmt.Errorf("%w: a name with a part that is no set", ErrMalformed)
		}
		var rdn []attribute
		for !set.Empty() {
			if count++; count > maxAttributes {
				return nil, fmt.Errorf("%w: a name of more than %d parts", ErrMalformed, maxAttributes)
			}
			a, err := readAttribute(&set)
			if err != nil {
				return nil, err
			}
			rdn = append(rdn, a)
		}
		name = append(name, rdn)
	}
	return name, nil
}

func readAttribute(set *cryptobyte.String) (attribute, error) {
	var pair, value cryptobyte.String
	var id encasn1.ObjectIdentifier
	var tag asn1.Tag
	if !set.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1ObjectIdentifier(&id) ||
		!pair.ReadAnyASN1(&value, &tag) || !pair.Empty() {
		return attribute{}, fmt.Errorf("%w: an attribute of a name", ErrMalformed)
	}
	return attribute{id.String(), tag, value}, nil
}

// check reports whether a may stand in a name that a CA issues: in
// PrintableString or UTF8String (RFC 5280, section 4.1.2.4; IA5String for the
// two attributes that are defined so), within its bound, and visible.
func (a attribute) check() error {
	known, ok := attributeTypes[a.oid]
	if !ok {
		known.short, known.max = a.oid, 256
	}
	switch {
	case a.tag == asn1.UTF8String && utf8.Valid(a.value):
	case a.tag == asn1.PrintableString && isPrintable(a.value):
	case a.tag == asn1.IA5String && (known.short == "DC" || known.short == "emailAddress") && isASCII(a.value):
	default:
		return fmt.Errorf("%w: %s is not a valid UTF8String or PrintableString", ErrSubject, known.short)
	}
	if n := utf8.RuneCount(a.value); n == 0 || n > known.max {
		return fmt.Errorf("%w: %s has %d characters; write 1 to %d", ErrSubject, known.short, n, known.max)
	}
	if known.short == "C" && (a.tag != asn1.PrintableString || !isCapital(a.value)) {
		return fmt.Errorf("%w: C must be two capital letters in a PrintableString", ErrSubject)
	}
	for _, r := range string(a.value) {
		if !isVisible(r) {
			return fmt.Errorf("%w: %s has the character %U, which cannot be seen", ErrSubject, known.short, r)
		}
	}
	return nil
}

func isCapital(b []byte) bool {
	return len(b) == 2 && b[0] >= 'A' && b[0] <= 'Z' && b[1] >= 'A' && b[1] <= 'Z'
}

func isASCII(b []byte) bool {
	for _, c := range b {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// isPrintable reports whether b is a PrintableString (X.680, section 41.4).
func isPrintable(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
			!strings.ContainsRune(" '()+,-./:=?", rune(c)) {
			return false
		}
	}
	return true
}

func isVisible(r rune) bool {
	return unicode.IsPrint(r) && r != utf8.RuneError &&
		!unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// formatName returns a Name as RFC 4514 writes it, the last part first. What
// cannot be seen is escaped.
func formatName(der []byte) (string, error) {
	name, err := readName(der)
	if err != nil {
		return "", err
	}
	var parts []string
	for i := len(name) - 1; i >= 0; i-- {
		var rdn []string
		for _, a := range name[i] {
			rdn = append(rdn, a.String())
		}
		parts = append(parts, strings.Join(rdn, "+"))
	}
	return strings.Join(parts, ","), nil
}

// String writes the attribute by RFC 4514, section 2.3 and 2.4: as text if it is
// a string of a known type, else as # and the hexadecimal DER.
func (a attribute) String() string {
	known, ok := attributeTypes[a.oid]
	isText := a.tag == asn1.UTF8String || a.tag == asn1.PrintableString || a.tag == asn1.IA5String
	if !ok || !isText || !utf8.Valid(a.value) {
		var b cryptobyte.Builder
		b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes(a.value) })
		der, err := b.Bytes()
		if err != nil {
			der = a.value
		}
		return a.oid + "=#" + hex.EncodeToString(der)
	}
	return known.short + "=" + escape(string(a.value))
}

func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		first, last := i == 0, i+utf8.RuneLen(r) == len(s)
		switch {
		case strings.ContainsRune(`"+,;<>\`, r), first && (r == '#' || r == ' '), last && r == ' ':
			b.WriteRune('\\')
			b.WriteRune(r)
		case !isVisible(r):
			for _, c := range []byte(string(r)) {
				fmt.Fprintf(&b, `\%02X`, c)
			}
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maxSubject bounds a name as text, in bytes: what was signed must fit on record
// (docs/formats.md, certificate.issued), the prefix of a rehearsal included.
const maxSubject = 4000

// checkSubject reports whether the Name may be a CA's: not empty, each attribute
// fit to be issued, one common name, in an RDN of its own, and all of it fit for the log.
func checkSubject(der []byte) error {
	name, err := readName(der)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSubject, err)
	}
	common := 0
	for _, rdn := range name {
		for _, a := range rdn {
			if err := a.check(); err != nil {
				return err
			}
			if a.oid == oidCommonName {
				common++
				if len(rdn) > 1 {
					return fmt.Errorf("%w: its common name is joined to another attribute; make the request with a plain CN", ErrSubject)
				}
			}
		}
	}
	if common != 1 {
		return fmt.Errorf("%w: %d common names; make the request with one CN", ErrSubject, common)
	}
	return checkLength(der)
}

func checkLength(der []byte) error {
	var rdns pkix.RDNSequence
	if _, err := encasn1.Unmarshal(der, &rdns); err != nil {
		return fmt.Errorf("%w: %w", ErrSubject, err)
	}
	var name pkix.Name
	name.FillFromRDNSequence(&rdns)
	if n := len(name.String()); n > maxSubject {
		return fmt.Errorf("%w: it is %d bytes long as text; write at most %d", ErrSubject, n, maxSubject)
	}
	return nil
}

// prefixCommonName returns the Name with prefix put before its common name, all
// else the same to the byte. The Name must have passed checkSubject.
func prefixCommonName(der []byte, prefix string) ([]byte, error) {
	if prefix == "" {
		return der, nil
	}
	name, err := readName(der)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, rdn := range name {
			b.AddASN1(asn1.SET, func(b *cryptobyte.Builder) {
				for _, a := range rdn {
					if a.oid == oidCommonName {
						a.value = append([]byte(prefix), a.value...)
					}
					a.marshal(b)
				}
			})
		}
	})
	prefixed, err := b.Bytes()
	if err != nil {
		return nil, fmt.Errorf("putting %q before the name: %w", prefix, err)
	}
	return prefixed, checkSubject(prefixed)
}

func (a attribute) marshal(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(oid(a.oid))
		b.AddASN1(a.tag, func(b *cryptobyte.Builder) { b.AddBytes(a.value) })
	})
}

// oid reads dotted numbers; it is given those of this package, or those that
// ObjectIdentifier.String wrote.
func oid(dotted string) (id encasn1.ObjectIdentifier) {
	for part := range strings.SplitSeq(dotted, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		id = append(id, n)
	}
	return id
}
