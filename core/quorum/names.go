package quorum

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxNameSize is the length of the longest custodian's name in bytes of UTF-8.
const MaxNameSize = 64

// ErrName is returned for a custodian's name that cannot be recorded.
var ErrName = errors.New("invalid custodian's name")

// CheckNames reports by an error that wraps ErrName the first name that is
// empty, longer than MaxNameSize, not UTF-8, has characters that cannot be seen
// or that change how others are shown (controls, bidirectional and format
// characters, spaces other than U+0020), has a space at an end or two in a row,
// or equals an earlier one but for the case of its letters. It does not find
// different characters that look alike.
func CheckNames(names []string) error {
	for i, name := range names {
		if err := checkName(name); err != nil {
			return fmt.Errorf("%w: custodian %d: %w", ErrName, i+1, err)
		}
		for j, earlier := range names[:i] {
			if strings.EqualFold(name, earlier) {
				return fmt.Errorf("%w: custodians %d and %d are both %q; add an initial", ErrName, j+1, i+1, name)
			}
		}
	}
	return nil
}

func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("no name; write one")
	case len(name) > MaxNameSize:
		return fmt.Errorf("%d bytes long; write at most %d", len(name), MaxNameSize)
	case !utf8.ValidString(name):
		return errors.New("not UTF-8; write it again")
	case strings.TrimSpace(name) != name:
		return errors.New("a space at the beginning or the end; remove it")
	case strings.Contains(name, "  "):
		return errors.New("two spaces in a row; write one")
	}
	for i, r := range name {
		if i == 0 && unicode.IsMark(r) {
			return fmt.Errorf("begins with the combining mark %U; write a letter before it", r)
		}
		if !visible(r) {
			return fmt.Errorf("%U cannot be seen; remove it", r)
		}
	}
	return nil
}

// visible reports whether r shows on screen and on paper. unicode.IsPrint
// refuses controls, format characters and odd spaces, but lets pass the letters
// and marks that are drawn as nothing.
func visible(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) && r != utf8.RuneError
}
