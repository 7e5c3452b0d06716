package fat

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxName is the longest name, in UTF-16 units.
const maxName = 255

// checkName allows what a long name may be: no separators, none of the reserved
// characters, no control characters, no dot or space at the end.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("%q is not a name", name)
	case !utf8.ValidString(name):
		return fmt.Errorf("%q is not UTF-8", name)
	case len(utf16.Encode([]rune(name))) > maxName:
		return fmt.Errorf("%.20q… is longer than %d characters", name, maxName)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		return fmt.Errorf("%q ends with a dot or a space", name)
	case strings.ContainsFunc(name, func(r rune) bool { return r < 0x20 || r == 0x7F || strings.ContainsRune(`/\:*?"<>|`, r) }):
		return fmt.Errorf("%q holds a character that FAT reserves", name)
	}
	return nil
}

// checkLabel allows what every system shows alike.
func checkLabel(label string) error {
	if len(label) > 11 || strings.TrimRight(label, " ") != label {
		return fmt.Errorf("the label %q: at most 11 characters, no space at the end", label)
	}
	if i := strings.IndexFunc(label, func(r rune) bool { return !plainLetter(r) && r != ' ' }); i >= 0 {
		return fmt.Errorf("the label %q: A to Z, 0 to 9, space, hyphen and underscore", label)
	}
	return nil
}

func plainLetter(r rune) bool {
	return r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_'
}

// short is a name of eight and three characters, padded with spaces.
type short [11]byte

func shortOf(base, extension string) short {
	var s short
	copy(s[:], "           ")
	copy(s[:8], base)
	copy(s[8:], extension)
	return s
}

// plainShort is the short form of a name that needs no long one.
func plainShort(name string) (short, bool) {
	base, extension, dotted := strings.Cut(name, ".")
	ok := func(s string, most int) bool {
		return len(s) > 0 && len(s) <= most && !strings.ContainsFunc(s, func(r rune) bool { return !plainLetter(r) })
	}
	if !ok(base, 8) || dotted && !ok(extension, 3) {
		return short{}, false
	}
	return shortOf(base, extension), true
}

// shorten makes a short name that is not yet taken for a long one: the n-th is NAME~n.
func shorten(name string, taken map[short]bool) (short, error) {
	keep := func(s string, most int) string {
		s = strings.Map(func(r rune) rune {
			switch r = []rune(strings.ToUpper(string(r)))[0]; {
			case plainLetter(r):
				return r
			case r == ' ' || r == '.':
				return -1
			}
			return '_'
		}, s)
		return s[:min(len(s), most)]
	}
	base, extension := name, ""
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		base, extension = name[:i], name[i+1:]
	}
	for n := 1; n <= 99999; n++ {
		tail := fmt.Sprintf("~%d", n)
		s := shortOf(keep(base, 8-len(tail))+tail, keep(extension, 3))
		if !taken[s] {
			return s, nil
		}
	}
	return short{}, fmt.Errorf("too many names like %q", name)
}

// checksum ties long entries to their short one.
func (s short) checksum() byte {
	var sum byte
	for _, c := range s {
		sum = (sum>>1 | sum<<7) + c
	}
	return sum
}

// Attributes of an entry.
const (
	attributeVolume  = 0x08
	attributeFolder  = 0x10
	attributeArchive = 0x20
	attributeLong    = 0x0F

	perLong  = 13 // characters in a long entry
	lastLong = 0x40
)

// longPlaces are where a long entry has its characters.
var longPlaces = [perLong]int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30}

// longEntries are those that stand before the short one, in their order.
func longEntries(name string, s short) []byte {
	units := utf16.Encode([]rune(name))
	count := (len(units) + perLong - 1) / perLong
	var out []byte
	for n := count; n >= 1; n-- {
		e := make([]byte, entrySize)
		e[0] = byte(n)
		if n == count {
			e[0] |= lastLong
		}
		e[11], e[13] = attributeLong, s.checksum()
		for i, at := range longPlaces {
			u := uint16(0xFFFF)
			switch k := (n-1)*perLong + i; {
			case k < len(units):
				u = units[k]
			case k == len(units):
				u = 0
			}
			e[at], e[at+1] = byte(u), byte(u>>8)
		}
		out = append(out, e...)
	}
	return out
}
