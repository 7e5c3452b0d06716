package quorum

import (
	_ "embed"
	"slices"
	"strings"
)

const (
	// Words is the number of words of a share.
	Words = dataWords + checkWords

	dataWords  = 29
	checkWords = 4
	wordBits   = 10
	listSize   = 1 << wordBits
)

//go:embed words-slip39.txt
var wordFile string

// wordList holds the 1024 words in alphabetical order. Every secret word in
// memory is an index into it or a slice of it, so that wiping the index wipes
// the word.
var wordList = strings.Fields(wordFile)

// wordIndex returns the index of a word spelled out in lower case.
func wordIndex(word string) (uint16, bool) {
	i, ok := slices.BinarySearch(wordList, word)
	return uint16(i), ok
}

// withPrefix returns the range of indices of the words that begin with prefix;
// lo == hi if none does.
func withPrefix(prefix string) (lo, hi int) {
	lo, _ = slices.BinarySearch(wordList, prefix)
	for hi = lo; hi < len(wordList) && strings.HasPrefix(wordList[hi], prefix); hi++ {
	}
	return lo, hi
}
