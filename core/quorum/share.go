package quorum

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"

	"anodize/core/secret"
)

const (
	shareVersion = 1
	packedSize   = (dataWords*wordBits + 7) / 8

	// Offsets in bits; see the package comment.
	versionAt, versionBits       = 0, 2
	setAt, setBits               = 2, 15
	generationAt, generationBits = 17, 5
	thresholdAt, thresholdBits   = 22, 4
	xAt, xBits                   = 26, 8
	yAt                          = 34
)

var (
	// ErrWordCount is returned for a share that is not Words words long.
	ErrWordCount = errors.New("wrong number of words")
	// ErrUnknownWord is returned for a word that is not in the list.
	ErrUnknownWord = errors.New("word not in the list")
	// ErrCheckWords is what a *CheckWordsError wraps.
	ErrCheckWords = errors.New("the check words do not agree with the others")
	// ErrShareFormat is returned for words that agree with their check words
	// but are not a share that this version of the format allows.
	ErrShareFormat = errors.New("not a share of this format")
)

// A CheckWordsError says that some words of a share are wrong. It holds no word.
type CheckWordsError struct {
	// Suspect is the index from 0 of the only word that could be the single
	// wrong one, or -1 when more than one is wrong. It is a hint: when several
	// are wrong, it may point at a right one.
	Suspect int
}

// Error names the suspicious word by its place, counted from 1.
func (e *CheckWordsError) Error() string {
	if e.Suspect < 0 {
		return ErrCheckWords.Error() + ": compare every word with the paper"
	}
	return fmt.Sprintf("%v: compare word %d with the paper first", ErrCheckWords, e.Suspect+1)
}

// Unwrap returns ErrCheckWords.
func (*CheckWordsError) Unwrap() error { return ErrCheckWords }

// A Share is one custodian's part of a PIN. It comes from Split, ParseWords or an Entry
// alone; it is secret, and shows nothing of itself when printed.
type Share struct {
	set        uint16
	generation byte // modulo 32
	threshold  int
	x          byte
	y          *secret.Bytes
}

// Generations is how many generations a share tells apart.
const Generations = 1 << generationBits

// Generation returns the generation modulo Generations, 32.
func (s *Share) Generation() int { return int(s.generation) }

// Wipe overwrites the secret part. A wiped share belongs to no roster.
func (s *Share) Wipe() {
	if s != nil {
		s.y.Wipe()
	}
}

// Format hides the share from every verb of package fmt.
func (*Share) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[share]") }

// LogValue hides the share from structured logs.
func (*Share) LogValue() slog.Value { return slog.StringValue("[share]") }

// MarshalJSON refuses.
func (*Share) MarshalJSON() ([]byte, error) { return nil, secret.ErrMarshal }

// Words returns the share's 33 words, in the order in which they are written
// down. The strings are those of the word list; clear the slice after use. A
// wiped share has none.
func (s *Share) Words() []string {
	if s.y.Len() != PINSize {
		return nil
	}
	packed := s.pack()
	defer secret.Wipe(packed[:])
	var indices [Words]uint16
	defer clear(indices[:])
	for i := range dataWords {
		indices[i] = uint16(getBits(packed[:], i*wordBits, wordBits))
	}
	setCheckWords(&indices)
	words := make([]string, Words)
	for i, index := range indices {
		words[i] = wordList[index]
	}
	return words
}

// ParseWords reads a share from its 33 words in lower case. An error wraps
// ErrWordCount, ErrUnknownWord, ErrCheckWords (as a *CheckWordsError) or
// ErrShareFormat, and never holds a word.
func ParseWords(words []string) (*Share, error) {
	if len(words) != Words {
		return nil, fmt.Errorf("reading a share: %w: %d, want %d", ErrWordCount, len(words), Words)
	}
	var indices [Words]uint16
	defer clear(indices[:])
	for i, word := range words {
		index, ok := wordIndex(word)
		if !ok {
			return nil, fmt.Errorf("reading a share: %w: word %d; compare it with the paper", ErrUnknownWord, i+1)
		}
		indices[i] = index
	}
	return parseIndices(&indices)
}

func parseIndices(indices *[Words]uint16) (*Share, error) {
	if ok, suspect := checkCode(indices); !ok {
		return nil, fmt.Errorf("reading a share: %w", &CheckWordsError{Suspect: suspect})
	}
	var packed [packedSize]byte
	defer secret.Wipe(packed[:])
	for i, index := range indices[:dataWords] {
		putBits(packed[:], i*wordBits, wordBits, uint(index))
	}
	return unpack(&packed)
}

// pack lays out the 290 bits, most significant first.
func (s *Share) pack() (packed [packedSize]byte) {
	putBits(packed[:], versionAt, versionBits, shareVersion)
	putBits(packed[:], setAt, setBits, uint(s.set))
	putBits(packed[:], generationAt, generationBits, uint(s.generation))
	putBits(packed[:], thresholdAt, thresholdBits, uint(s.threshold-1))
	putBits(packed[:], xAt, xBits, uint(s.x))
	for i, b := range s.y.Expose() {
		putBits(packed[:], yAt+8*i, 8, uint(b))
	}
	return packed
}

func unpack(packed *[packedSize]byte) (*Share, error) {
	if v := getBits(packed[:], versionAt, versionBits); v != shareVersion {
		return nil, fmt.Errorf("reading a share: %w: version %d, this program reads version %d", ErrShareFormat, v, shareVersion)
	}
	s := &Share{
		set:        uint16(getBits(packed[:], setAt, setBits)),
		generation: byte(getBits(packed[:], generationAt, generationBits)),
		threshold:  int(getBits(packed[:], thresholdAt, thresholdBits)) + 1,
		x:          byte(getBits(packed[:], xAt, xBits)),
	}
	// A share at x = 0 would be the PIN itself, and dictate the result.
	if s.x == 0 {
		return nil, fmt.Errorf("reading a share: %w: its coordinate is 0, which no share has", ErrShareFormat)
	}
	if s.threshold < minThreshold {
		return nil, fmt.Errorf("reading a share: %w: threshold %d", ErrShareFormat, s.threshold)
	}
	y := make([]byte, PINSize)
	for i := range y {
		y[i] = byte(getBits(packed[:], yAt+8*i, 8))
	}
	s.y = secret.Own(y)
	return s, nil
}

// commitment binds the share to its custodian's name.
func (s *Share) commitment(name string) [32]byte {
	packed := s.pack()
	defer secret.Wipe(packed[:])
	framed := make([]byte, 0, 12+len(commitmentDomain)+len(name)+packedSize)
	framed = appendFrame(framed, []byte(commitmentDomain))
	framed = appendFrame(framed, []byte(name))
	framed = appendFrame(framed, packed[:])
	defer secret.Wipe(framed)
	return sha256.Sum256(framed)
}

func putBits(dst []byte, at, width int, v uint) {
	for i := range width {
		bit := byte(v>>(width-1-i)) & 1
		dst[(at+i)/8] |= bit << (7 - (at+i)%8)
	}
}

func getBits(src []byte, at, width int) (v uint) {
	for i := at; i < at+width; i++ {
		v = v<<1 | uint(src[i/8]>>(7-i%8))&1
	}
	return v
}
