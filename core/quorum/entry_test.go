package quorum

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func drawWords(t *rapid.T, count int) []int {
	return rapid.SliceOfN(rapid.IntRange(0, listSize-1), count, count).Draw(t, "words")
}

func typeLetters(t fataler, e *Entry, letters string) {
	t.Helper()
	for _, r := range letters {
		if !e.Letter(r) {
			t.Fatal("a letter is refused")
		}
	}
}

// TestWhoeverStopsIsReadLiterally is the promise to people who watch the screen:
// each word is taken at its unique prefix, never earlier or later, whatever came
// before.
func TestWhoeverStopsIsReadLiterally(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := NewEntry()
		for n, index := range drawWords(t, Words) {
			word := wordList[index]
			unique := uniqueLength(index)
			for i := range unique {
				if e.Count() != n || e.Position() != n || e.Current() != word[:i] {
					t.Fatalf("before letter %d of word %d: %d words and %q", i, n, e.Count(), e.Current())
				}
				if !e.NextLetters()[word[i]-'a'] {
					t.Fatalf("the next letter %c of %q is not offered", word[i], word)
				}
				typeLetters(t, e, word[i:i+1])
			}
			if got := e.Words(); len(got) != n+1 || got[n] != word {
				t.Fatalf("word %d of %d is not taken as %q", n, len(got), word)
			}
		}
		if !e.Complete() || e.Position() != Words || e.NextLetters() != [26]bool{} {
			t.Fatal("not complete after the last word")
		}
	})
}

func TestOtherHabitsAreUnderstood(t *testing.T) {
	habits := map[string]func(index int) string{
		"four letters":           func(i int) string { return wordList[i][:4] },
		"four letters, space":    func(i int) string { return wordList[i][:4] + " " },
		"spelled out":            func(i int) string { return wordList[i] },
		"spelled out, space":     func(i int) string { return wordList[i] + " " },
		"as taken, space":        func(i int) string { return wordList[i][:uniqueLength(i)] + " " },
		"one letter more, space": func(i int) string { w := wordList[i]; return w[:min(uniqueLength(i)+1, len(w))] + " " },
	}
	for name, habit := range habits {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				_, shares, _ := testSplit(t, Policy{2, 2}, 7, 1)
				e := NewEntry()
				for _, w := range shares[0].Words() {
					index, _ := wordIndex(w)
					typeLetters(t, e, habit(int(index)))
				}
				s, err := e.Share()
				if err != nil || !s.y.Equal(shares[0].y) {
					t.Fatalf("another share is read: %v", err)
				}
			})
		})
	}
}

// TestLettersAreReadAgainWhenTheyMakeNoSense shows the doubtful cases one by
// one.
func TestLettersAreReadAgainWhenTheyMakeNoSense(t *testing.T) {
	for _, c := range []struct {
		why, typed string
		words      []string
		current    string
	}{
		{"taken at its unique prefix", "aca", []string{"academic"}, ""},
		{"capital letters", "ACA", []string{"academic"}, ""},
		{"letters of the rest may begin a word, and are shown as such", "acade", []string{"academic"}, "de"},
		{"they may even be a word, and are shown as such", "academ", []string{"academic", "demand"}, ""},
		{"what follows makes no sense after that, so the word was spelled out", "academicb", []string{"academic"}, "b"},
		{"a beginning that leaves the rest is a new word", "acadea", []string{"academic"}, "dea"},
		{"partly spelled on, then a new word", "acadef", []string{"academic"}, "f"},
		{"a space ends a word spelled in part", "acade b", []string{"academic"}, "b"},
		{"a space after a taken word, the next spelled out", "aca earth d", []string{"academic", "earth"}, "d"},
	} {
		e := NewEntry()
		typeLetters(t, e, c.typed)
		if !slices.Equal(e.Words(), c.words) || e.Current() != c.current {
			t.Errorf("%s: %q is read as %q and %q", c.why, c.typed, e.Words(), e.Current())
		}
	}
}

func TestHabitIsRemembered(t *testing.T) {
	// "acne" is taken at "acn"; its e may begin the next word. After a word that
	// was spelled out, the e belongs to it; after one that was not, it does not.
	spelled := NewEntry()
	typeLetters(t, spelled, "academicacnear")
	if spelled.Count() != 2 || spelled.Current() != "ar" {
		t.Errorf("who spells is read as %q", spelled.Current())
	}
	stopped := NewEntry()
	typeLetters(t, stopped, "acaacnear")
	if stopped.Count() != 2 || stopped.Current() != "ear" {
		t.Errorf("who stops is read as %q", stopped.Current())
	}
}

func TestRefusedLettersChangeNothing(t *testing.T) {
	for _, c := range []struct{ typed, refused string }{
		{"", " xX1é-\x00"},
		{"ac", " zb"},
		{"aca", "1\n"},
	} {
		for _, r := range c.refused {
			e := NewEntry()
			typeLetters(t, e, c.typed)
			count, current := e.Count(), e.Current()
			if e.Letter(r) {
				t.Errorf("%q after %q is taken", r, c.typed)
			}
			if e.Count() != count || e.Current() != current {
				t.Errorf("%q after %q changes something", r, c.typed)
			}
		}
	}
}

func TestEveryLetterOfferedIsTakenAndOthersAreNot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := NewEntry()
		for range rapid.IntRange(0, 60).Draw(t, "letters") {
			next := e.NextLetters()
			r := rapid.RuneFrom([]rune("abcdefghijklmnopqrstuvwxyz")).Draw(t, "letter")
			before := e.Count()
			if took := e.Letter(r); next[r-'a'] && !took {
				t.Fatalf("%c is offered and refused", r)
			}
			if e.Count() < before-1 {
				t.Fatalf("%d words became %d", before, e.Count())
			}
		}
	})
}

func TestBackspaceUndoesTheLastLetter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := NewEntry()
		var typed []byte
		for _, index := range drawWords(t, 3) {
			typed = append(typed, wordList[index][:uniqueLength(index)]...)
		}
		typed = typed[:rapid.IntRange(0, len(typed)).Draw(t, "letters")]
		type state struct {
			words   []string
			current string
		}
		var states []state
		for _, c := range typed {
			states = append(states, state{e.Words(), e.Current()})
			typeLetters(t, e, string(c))
		}
		for _, want := range slices.Backward(states) {
			e.Backspace()
			if !slices.Equal(e.Words(), want.words) || e.Current() != want.current {
				t.Fatalf("after Backspace %q, want %q", e.Current(), want.current)
			}
		}
		e.Backspace()
		if e.Count() != 0 || e.Current() != "" {
			t.Fatal("Backspace at the beginning changes something")
		}
	})
}

func TestPickAndCandidates(t *testing.T) {
	e := NewEntry()
	if got := e.Candidates(100); got != nil {
		t.Errorf("%d candidates before the first letter", len(got))
	}
	typeLetters(t, e, "ac")
	few := e.Candidates(20)
	if !slices.Contains(few, "academic") || !slices.Contains(few, "acid") || slices.Contains(few, "adapt") {
		t.Errorf("candidates of ac: %q", few)
	}
	if e.Candidates(len(few)-1) != nil {
		t.Error("more candidates than asked for")
	}
	for _, bad := range []string{"", "a", "adapt", "academi", "nonsense"} {
		if e.Pick(bad) {
			t.Errorf("%q is picked after ac", bad)
		}
	}
	if !e.Pick("acid") || e.Count() != 1 || e.Current() != "" {
		t.Error("acid is not picked")
	}
	typeLetters(t, e, "d") // no rest of acid is swallowed after a pick
	if e.Current() != "d" {
		t.Errorf("after a pick, d is read as %q", e.Current())
	}
}

func TestEntryPointsAtASingleWrongWordWhichIsTypedAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, shares, _ := testSplit(t, Policy{2, 2}, 7, 1)
		right := shares[0].Words()
		words := slices.Clone(right)
		place := substitute(t, words, 1)[0]
		e := NewEntry()
		for i, w := range words {
			if _, ok := e.Hint(); ok || e.Redo(i) {
				t.Fatal("a hint or a correction before all words are there")
			}
			if !e.Pick(w) {
				t.Fatal("not picked")
			}
		}
		if e.Pick("acid") || e.Letter('z') {
			t.Fatal("a 34th word begins")
		}
		hint, ok := e.Hint()
		if !ok || hint != place {
			t.Fatalf("hint %d, %v; word %d is wrong", hint, ok, place)
		}
		if e.Redo(-1) || e.Redo(Words) || !e.Redo(hint) {
			t.Fatal("Redo takes other words, or not this one")
		}
		if e.Complete() || e.Count() != Words-1 || e.Position() != place || e.Words()[place] != "" {
			t.Fatal("the word is not free")
		}
		e.Backspace() // must not reach into the words before
		if e.Position() != place {
			t.Fatal("Backspace reaches the word before")
		}
		index, _ := wordIndex(right[place])
		typeLetters(t, e, right[place][:uniqueLength(int(index))])
		s, err := e.Share()
		if err != nil || !s.y.Equal(shares[0].y) || !slices.Equal(e.Words(), right) {
			t.Fatalf("the corrected share is not read: %v", err)
		}
		if _, ok := e.Hint(); ok {
			t.Fatal("a hint for a right share")
		}
	})
}

func TestShareOfAnUnfinishedEntry(t *testing.T) {
	e := NewEntry()
	typeLetters(t, e, "acad")
	if _, err := e.Share(); !errors.Is(err, ErrWordCount) {
		t.Error(err)
	}
}

func TestZeroEntryIsEmpty(t *testing.T) {
	for why, use := range map[string]func(*Entry) bool{
		"Letter":      func(e *Entry) bool { return e.Letter('a') },
		"Pick":        func(e *Entry) bool { return e.Pick("academic") },
		"Backspace":   func(e *Entry) bool { e.Backspace(); return e.Current() == "" },
		"Redo":        func(e *Entry) bool { return !e.Redo(0) },
		"NextLetters": func(e *Entry) bool { return e.NextLetters()[0] },
		"Words":       func(e *Entry) bool { return len(e.Words()) == 0 },
		"Complete":    func(e *Entry) bool { return !e.Complete() },
		"Wipe":        func(e *Entry) bool { e.Wipe(); return e.Count() == 0 },
	} {
		if !use(new(Entry)) {
			t.Errorf("%s on the zero value", why)
		}
	}
}

func TestWipeLeavesNoWord(t *testing.T) {
	e := NewEntry()
	for _, w := range wordList[100:130] {
		typeLetters(t, e, w)
	}
	e.Wipe()
	for _, list := range [][]reading{e.readings[1:cap(e.readings)], e.spare[:cap(e.spare)]} {
		for i := range list {
			if list[i] != (reading{}) {
				t.Fatal("a reading is left")
			}
		}
	}
	if e.Count() != 0 || e.Current() != "" || !e.Letter('a') {
		t.Error("the entry does not begin anew")
	}
}

// FuzzEntry sends any keys: nothing may panic, and whatever is complete is read
// as the words that are shown.
func FuzzEntry(f *testing.F) {
	f.Add([]byte("academicacid earth\x00\x01z"))
	f.Add([]byte("zero\x00zero\x01\x02zero"))
	f.Fuzz(func(t *testing.T, keys []byte) {
		e := NewEntry()
		for _, k := range keys {
			switch {
			case k == 0:
				e.Backspace()
			case k == 1:
				if c := e.Candidates(40); len(c) > 0 {
					e.Pick(c[0])
				}
			case k < 32:
				e.Redo(int(k))
			case k == 127:
				for !e.Complete() {
					e.Pick(e.Candidates(listSize)[0])
				}
			default:
				e.Letter(rune(k))
			}
			if got := e.Count(); got < 0 || got > Words {
				t.Fatalf("%d words", got)
			}
		}
		words := e.Words()
		_, fromEntry := e.Share()
		_, fromWords := ParseWords(words)
		if e.Complete() && (fromEntry == nil) != (fromWords == nil) {
			t.Errorf("typed: %v; shown: %v", fromEntry, fromWords)
		}
	})
}

func BenchmarkShareSpelledOut(b *testing.B) {
	e := NewEntry()
	for b.Loop() {
		e.Clear()
		for i := range Words {
			for _, r := range wordList[i*31] {
				e.Letter(r)
			}
		}
	}
}
