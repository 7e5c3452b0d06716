package ca

import (
	"bytes"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// maxDepth bounds the nesting of DER.
const maxDepth = 16

// checkDER reports the first place in der that is not in the distinguished
// encoding (X.690, sections 10 and 11): one value of tags below 31, with the
// shortest lengths and numbers. Whether a DEFAULT was left out depends on the
// type and is for the caller to see.
func checkDER(der []byte) error {
	input := cryptobyte.String(der)
	if err := checkValue(&input, 0); err != nil {
		return err
	}
	if !input.Empty() {
		return fmt.Errorf("%w: %d bytes after the end", ErrMalformed, len(input))
	}
	return nil
}

func checkValue(input *cryptobyte.String, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: nested more than %d deep", ErrMalformed, maxDepth)
	}
	var value cryptobyte.String
	var tag asn1.Tag
	if !input.ReadAnyASN1(&value, &tag) {
		return fmt.Errorf("%w: not DER", ErrMalformed)
	}
	switch {
	case tag == asn1.SET:
		return checkSet(value, depth)
	case tag == asn1.SEQUENCE, tag&0xe0 == 0xa0: // or constructed, context-specific
		for !value.Empty() {
			if err := checkValue(&value, depth+1); err != nil {
				return err
			}
		}
		return nil
	}
	return checkPrimitive(tag, value)
}

// checkSet wants the elements in ascending order of their encodings (X.690,
// section 11.6).
func checkSet(value cryptobyte.String, depth int) error {
	var last []byte
	for !value.Empty() {
		rest := []byte(value)
		if err := checkValue(&value, depth+1); err != nil {
			return err
		}
		element := rest[:len(rest)-len(value)]
		if last != nil && bytes.Compare(last, element) >= 0 {
			return fmt.Errorf("%w: a set out of order", ErrMalformed)
		}
		last = element
	}
	return nil
}

func checkPrimitive(tag asn1.Tag, value []byte) error {
	ok := true
	switch tag {
	case asn1.BOOLEAN:
		ok = len(value) == 1 && (value[0] == 0 || value[0] == 0xff)
	case asn1.INTEGER, asn1.ENUM:
		ok = isShortestInteger(value)
	case asn1.NULL:
		ok = len(value) == 0
	case asn1.BIT_STRING:
		ok = isBitString(value)
	case asn1.OBJECT_IDENTIFIER:
		ok = isOID(value)
	case asn1.OCTET_STRING, asn1.UTF8String, asn1.PrintableString, asn1.IA5String, asn1.T61String,
		asn1.UTCTime, asn1.GeneralizedTime:
	default:
		ok = tag&0xe0 == 0x80 // primitive, context-specific
	}
	if !ok {
		return fmt.Errorf("%w: a value with the tag %#02x that is not DER", ErrMalformed, byte(tag))
	}
	return nil
}

func isShortestInteger(value []byte) bool {
	switch {
	case len(value) == 0:
		return false
	case len(value) == 1:
		return true
	}
	return !(value[0] == 0 && value[1] < 0x80) && !(value[0] == 0xff && value[1] >= 0x80)
}

func isBitString(value []byte) bool {
	if len(value) == 0 || value[0] > 7 {
		return false
	}
	unused := value[0]
	return unused == 0 || len(value) > 1 && value[len(value)-1]&(1<<unused-1) == 0
}

func isOID(value []byte) bool {
	if len(value) == 0 || value[len(value)-1] >= 0x80 {
		return false
	}
	first := true
	for _, c := range value {
		if first && c == 0x80 {
			return false
		}
		first = c < 0x80
	}
	return true
}
