// Package pgpwords says bytes as words, so that two people can compare a hash by
// telephone: the list that Patrick Juola and Philip Zimmermann made for PGPfone
// (Owner's Manual, appendix D). Words of two and of three syllables alternate, so
// that a word left out, said twice or exchanged with the next is heard.
package pgpwords

import (
	_ "embed"
	"strings"
)

// words holds the word of two syllables and that of three for each byte.
//
//go:embed words.txt
var words string

// Encode returns one word for each byte.
func Encode(data []byte) []string {
	list := strings.Fields(words)
	said := make([]string, len(data))
	for i, b := range data {
		said[i] = list[2*int(b)+i%2]
	}
	return said
}
