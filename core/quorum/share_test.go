package quorum

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"anodize/core/secret"
)

func TestWordListIsUniqueInFourLetters(t *testing.T) {
	if len(wordList) != listSize || !slices.IsSorted(wordList) {
		t.Fatalf("%d words, or unsorted", len(wordList))
	}
	seen := map[string]bool{}
	for i, w := range wordList {
		if len(w) < prefixLetters || seen[w[:prefixLetters]] {
			t.Errorf("%q is short or begins as another word", w)
		}
		seen[w[:prefixLetters]] = true
		if index, ok := wordIndex(w); !ok || int(index) != i {
			t.Errorf("%q is found at %d", w, index)
		}
	}
}

func drawShare(t *rapid.T) *Share {
	return &Share{
		set:        rapid.Uint16Range(0, maxSet).Draw(t, "set"),
		generation: rapid.ByteRange(0, 31).Draw(t, "generation"),
		threshold:  rapid.IntRange(2, 16).Draw(t, "threshold"),
		x:          rapid.ByteRange(1, 255).Draw(t, "x"),
		y:          secret.Own(rapid.SliceOfN(rapid.Byte(), PINSize, PINSize).Draw(t, "y")),
	}
}

func TestWordsAreReadBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawShare(t)
		got, err := ParseWords(s.Words())
		if err != nil {
			t.Fatal(err)
		}
		if got.set != s.set || got.Generation() != int(s.generation) || got.threshold != s.threshold ||
			got.x != s.x || !got.y.Equal(s.y) {
			t.Fatal("another share is read back")
		}
	})
}

// substitute replaces count words by others, at random places.
func substitute(t *rapid.T, words []string, count int) (places []int) {
	all := make([]int, Words)
	for i := range all {
		all[i] = i
	}
	places = rapid.Permutation(all).Draw(t, "places")[:count]
	for _, i := range places {
		index, _ := wordIndex(words[i])
		step := rapid.Uint16Range(1, listSize-1).Draw(t, "step")
		words[i] = wordList[(index+step)%listSize]
	}
	return places
}

func TestUpToFourWrongWordsAreNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := drawShare(t).Words()
		places := substitute(t, words, rapid.IntRange(1, 4).Draw(t, "count"))
		_, err := ParseWords(words)
		var wrong *CheckWordsError
		if !errors.As(err, &wrong) || !errors.Is(err, ErrCheckWords) {
			t.Fatalf("%d wrong words: %v", len(places), err)
		}
		if len(places) == 1 && wrong.Suspect != places[0] {
			t.Fatalf("word %d is wrong, the hint is %d", places[0], wrong.Suspect)
		}
		// Distance five: two or three wrong words cannot pass for a single one.
		if (len(places) == 2 || len(places) == 3) && wrong.Suspect >= 0 {
			t.Fatalf("%d wrong words, yet word %d is pointed at", len(places), wrong.Suspect)
		}
	})
}

func TestExchangedWordsAreNoticed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := drawShare(t).Words()
		i, j := rapid.IntRange(0, Words-1).Draw(t, "i"), rapid.IntRange(0, Words-1).Draw(t, "j")
		if words[i] == words[j] {
			return
		}
		words[i], words[j] = words[j], words[i]
		if _, err := ParseWords(words); !errors.Is(err, ErrCheckWords) {
			t.Fatal(err)
		}
	})
}

func TestParseWordsRefuses(t *testing.T) {
	_, shares, _ := testSplit(t, Policy{2, 2}, 7, 1)
	good := shares[0].Words()
	with := func(change func(*Share)) []string {
		s := *shares[0]
		change(&s)
		return s.Words()
	}
	version2 := func() []string {
		var indices [Words]uint16
		for i, w := range good {
			indices[i], _ = wordIndex(w)
		}
		indices[0] ^= 0b11 << 8
		setCheckWords(&indices)
		words := make([]string, Words)
		for i, index := range indices {
			words[i] = wordList[index]
		}
		return words
	}
	unknown := slices.Clone(good)
	unknown[32] = "zzzz"
	for _, c := range []struct {
		why   string
		words []string
		want  error
	}{
		{"nothing", nil, ErrWordCount},
		{"32 words", good[:32], ErrWordCount},
		{"34 words", append(good[:33:33], "acid"), ErrWordCount},
		{"a word that is not in the list", unknown, ErrUnknownWord},
		{"another version", version2(), ErrShareFormat},
		{"x = 0, which would dictate the PIN", with(func(s *Share) { s.x = 0 }), ErrShareFormat},
		{"threshold 1", with(func(s *Share) { s.threshold = 1 }), ErrShareFormat},
		{"one word 33 times", slices.Repeat([]string{"academic"}, Words), ErrShareFormat},
	} {
		if _, err := ParseWords(c.words); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
}

// FuzzParseWords gives any 33 words: what is accepted is written the same way.
func FuzzParseWords(f *testing.F) {
	_, shares, _ := testSplit(f, Policy{2, 2}, 7, 1)
	seed := make([]byte, 0, 2*Words)
	for _, w := range shares[0].Words() {
		index, _ := wordIndex(w)
		seed = append(seed, byte(index>>8), byte(index))
	}
	f.Add(seed)
	f.Add(make([]byte, 2*Words))
	f.Fuzz(func(t *testing.T, data []byte) {
		var words []string
		for ; len(data) >= 2 && len(words) < 40; data = data[2:] {
			words = append(words, wordList[(int(data[0])<<8|int(data[1]))%listSize])
		}
		s, err := ParseWords(words)
		if err != nil {
			return
		}
		if !slices.Equal(s.Words(), words) {
			t.Error("accepted words are written differently")
		}
	})
}
