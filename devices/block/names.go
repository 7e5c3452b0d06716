package block

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName leaves room for what a temporary name has more, in the 255 characters
// that a FAT file system allows.
const maxName = 200

// plain returns nil for the name of a file at the top level that FAT can hold: no
// separators, none of its reserved characters, no leading dot, no dot or space at the
// end (FAT specification, section on long names). It is shown to people, who must see
// all of it.
func plain(name string) error {
	var why string
	switch {
	case name == "":
		why = "it is empty"
	case len(name) > maxName:
		why = fmt.Sprintf("it has %d bytes, more than %d", len(name), maxName)
	case !utf8.ValidString(name):
		why = "it is not UTF-8"
	case name[0] == '.':
		why = "it begins with a dot"
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " "):
		why = "it ends with a dot or a space"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }):
		why = "it holds a character that cannot be seen, or that turns what is around it"
	case strings.ContainsFunc(name, reserved):
		why = "it holds a character that FAT reserves"
	default:
		return nil
	}
	return fmt.Errorf("%w: %s", ErrName, why)
}

func reserved(r rune) bool { return strings.ContainsRune(`/\:*?"<>|`, r) }

// CheckName tells by an error that wraps ErrName why a file of that name would not be
// seen on a stick, and could not be written.
func CheckName(name string) error { return plain(name) }
