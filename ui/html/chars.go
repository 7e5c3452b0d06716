package html

import (
	"fmt"
	"unicode"
)

// drawable reports whether a character is what its glyph shows. Those that only
// steer how others are written are not: people must see that they are there.
func drawable(r rune) bool {
	return r >= 0x20 && !unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Co, r)
}

// breaksAfter reports whether a line may end between two characters that no
// space parts (a small part of Unicode's UAX 14: after hyphens and dashes within
// words).
func breaksAfter(before, r, next rune) bool {
	switch r {
	case '-':
		return letterOrDigit(before) && letterOrDigit(next)
	case '–', '—':
		return letterOrDigit(next)
	}
	return false
}

func letterOrDigit(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// codePoint is how a character without a glyph is shown: its number in Unicode.
func codePoint(r rune) string { return fmt.Sprintf("%04X", r) }
