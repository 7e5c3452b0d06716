package quorum

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"unicode"
)

// An Entry is one share being typed, letter by letter, on keys or on glass. A
// word is taken as soon as no other word begins as typed.
//
// People type in three ways, and an Entry understands all of them: some stop
// when a word is taken, some type the first four letters of every word, some
// spell words out. A letter after a taken word may therefore begin the next word
// or spell on the last. An Entry keeps every reading of the letters that the
// list allows, and shows the one whose typist changed habits least, in doubt the
// one who stops. Whoever stops when a word is taken is thus always read
// literally; another's reading prevails once his letters make no sense as new
// words, usually at the next letter. A space ends a word, and with it all doubt.
// What is misread in spite of this, the check words notice.
//
// The zero value is an Entry without words. Words are secret: wipe the Entry after
// use. It is not safe for concurrent use.
type Entry struct {
	readings []reading // best first; at least one
	spare    []reading // the next readings while they are made
	first    int       // index of the first word that is being typed
	after    []uint16  // the words after the one being typed again
}

// A habit is where a typist stops in a word.
type habit byte

const (
	stops    habit = 1 << iota // when the word is taken
	four                       // after four letters
	spells                     // at its end
	anyHabit = stops | four | spells
)

// prefixLetters is the number of letters in which the list's words are unique,
// and the length of its shortest ones.
const prefixLetters = 4

// maxReadings bounds the readings kept. Wrong ones seldom live for more than
// two letters.
const maxReadings = 16

// A reading is one way to read the letters typed so far.
type reading struct {
	words   [Words]uint16
	n       int    // words taken
	lo      int    // the first word that begins as the present one
	typed   int    // letters of the present word
	rest    string // letters of the last word that its typist still owes
	habits  habit  // those that explain the last words
	changes int    // how often the typist must have changed habits
}

// NewEntry returns an Entry without words.
func NewEntry() *Entry {
	e := &Entry{}
	e.Clear()
	return e
}

// best returns the reading that is shown.
func (e *Entry) best() *reading {
	if len(e.readings) == 0 {
		e.Clear()
	}
	return &e.readings[0]
}

// Letter types one letter, in either case, or a space, which ends a word that
// has been taken. It reports false, and changes nothing, if no word of the list
// continues so or all words have been taken.
func (e *Entry) Letter(r rune) bool {
	r = unicode.ToLower(r)
	if r != ' ' && (r < 'a' || r > 'z') {
		return false
	}
	e.best()
	e.spare = e.spare[:0]
	for i := range e.readings {
		if r == ' ' {
			e.spare = e.readings[i].space(e.spare)
		} else {
			e.spare = e.readings[i].letter(e.spare, byte(r), e.end())
		}
	}
	if len(e.spare) == 0 {
		return false
	}
	e.readings, e.spare = rank(e.spare), e.readings
	clear(e.spare[:cap(e.spare)])
	return true
}

// rank sorts readings, best first, and drops doubles and the least likely.
func rank(readings []reading) []reading {
	slices.SortStableFunc(readings, func(a, b reading) int { return a.changes - b.changes })
	kept := readings[:0]
	for i := range readings {
		double := slices.ContainsFunc(kept, readings[i].same)
		if !double && len(kept) < maxReadings {
			kept = append(kept, readings[i])
		}
	}
	clear(readings[len(kept):])
	return kept
}

// same reports whether both will read all further letters alike.
func (r *reading) same(other reading) bool {
	return r.n == other.n && r.words == other.words && r.lo == other.lo && r.typed == other.typed && r.rest == other.rest
}

// letter appends to dst the readings that c makes of r; end is the number of
// words after which no further one begins.
func (r *reading) letter(dst []reading, c byte, end int) []reading {
	next := *r
	if next.rest != "" {
		if next.rest[0] == c {
			next.rest = next.rest[1:]
			return append(dst, next)
		}
		next.rest, next.habits = "", anyHabit
		next.changes++
	}
	if next.n == end {
		return dst
	}
	var prefix [16]byte
	letters := append(append(prefix[:0], next.current()...), c)
	lo, hi := withPrefix(string(letters))
	clear(prefix[:])
	next.lo, next.typed = lo, next.typed+1
	switch {
	case lo == hi:
		return dst
	case hi == lo+1:
		return next.take(dst)
	}
	return append(dst, next)
}

// take takes the present word, of which enough letters have been typed, and
// appends a reading for every place where its typist may stop.
func (r reading) take(dst []reading) []reading {
	word, typed := wordList[r.lo], r.typed
	r.words[r.n] = uint16(r.lo)
	r.n++
	r.lo, r.typed = 0, 0
	for stop := typed; stop <= len(word); stop++ {
		var habits habit
		if stop == typed {
			habits |= stops
		}
		if stop == max(typed, prefixLetters) {
			habits |= four
		}
		if stop == len(word) {
			habits |= spells
		}
		if habits == 0 {
			continue
		}
		next := r
		next.rest = word[typed:stop]
		next.habits &= habits
		if next.habits == 0 {
			next.habits = habits
			next.changes++
		}
		dst = append(dst, next)
	}
	return dst
}

// space appends r to dst if it is between two words.
func (r *reading) space(dst []reading) []reading {
	if r.n == 0 || r.typed > 0 {
		return dst
	}
	next := *r
	next.rest = ""
	return append(dst, next)
}

// current returns the letters of the present word.
func (r *reading) current() string { return wordList[r.lo][:r.typed] }

// end returns the number of words in a reading that is complete.
func (e *Entry) end() int { return Words - len(e.after) }

// settle keeps the reading that is shown and drops the others.
func (e *Entry) settle() *reading {
	best := e.best()
	clear(e.readings[1:])
	e.readings = e.readings[:1]
	best.rest = ""
	return best
}

// Backspace takes back the last letter; after a word, the letter by which it was
// taken.
func (e *Entry) Backspace() {
	best := e.settle()
	if best.typed == 0 && best.n > e.first {
		best.n--
		last := int(best.words[best.n])
		best.words[best.n] = 0
		best.lo, best.typed = last, uniqueLength(last)
	}
	if best.typed > 0 {
		best.typed--
		best.lo, _ = withPrefix(best.current())
	}
}

// uniqueLength returns after how many letters the word at index is taken.
func uniqueLength(index int) int {
	word := wordList[index]
	for n := 1; n < len(word); n++ {
		if lo, hi := withPrefix(word[:n]); hi == lo+1 {
			return n
		}
	}
	return len(word)
}

// Pick takes word as the present one, in place of typing the rest of it. It
// reports false, and changes nothing, if word does not begin with Current, is
// not in the list, or all words have been taken.
func (e *Entry) Pick(word string) bool {
	index, ok := wordIndex(word)
	if !ok || e.Complete() || len(word) < e.best().typed || word[:e.best().typed] != e.Current() {
		return false
	}
	best := e.settle()
	best.words[best.n] = index
	best.n++
	best.lo, best.typed = 0, 0
	return true
}

// Redo makes the word at index, counted from 0, the present one again, once all
// have been taken; the others stay. It reports whether it did.
func (e *Entry) Redo(index int) bool {
	if !e.Complete() || index < 0 || index >= Words {
		return false
	}
	all := e.indices()
	defer clear(all[:])
	best := e.settle()
	clear(best.words[index:])
	best.n, best.lo, best.typed = index, 0, 0
	e.first = index
	e.after = append(e.after[:0], all[index+1:]...)
	return true
}

// indices returns the words taken, those after the present one at their places.
func (e *Entry) indices() [Words]uint16 {
	all := e.best().words
	copy(all[e.end():], e.after)
	return all
}

// Count returns the number of words taken.
func (e *Entry) Count() int { return e.best().n + len(e.after) }

// Position returns the index from 0 of the word being typed, Words if none is.
func (e *Entry) Position() int {
	if e.Complete() {
		return Words
	}
	return e.best().n
}

// Current returns the letters typed of the present word.
func (e *Entry) Current() string { return e.best().current() }

// NextLetters tells for each letter from a to z whether a word continues so.
func (e *Entry) NextLetters() (next [26]bool) {
	if e.Complete() {
		return next
	}
	typed := e.best().typed
	lo, hi := withPrefix(e.Current())
	for _, word := range wordList[lo:hi] {
		next[word[typed]-'a'] = true
	}
	return next
}

// Candidates returns the words that begin with Current, if they are not more
// than max.
func (e *Entry) Candidates(max int) []string {
	lo, hi := withPrefix(e.Current())
	if e.Complete() || hi-lo > max {
		return nil
	}
	return slices.Clone(wordList[lo:hi])
}

// Words returns the words taken, to be shown while they are asked for; clear the
// slice after use. While a word is typed again, the empty string is at its
// place.
func (e *Entry) Words() []string {
	all := e.indices()
	defer clear(all[:])
	words := make([]string, 0, Words)
	for _, index := range all[:e.best().n] {
		words = append(words, wordList[index])
	}
	if e.retyping() && !e.Complete() {
		words = append(words, "")
	}
	for _, index := range e.after {
		words = append(words, wordList[index])
	}
	return words
}

// retyping reports whether Redo made a word the present one again.
func (e *Entry) retyping() bool { return e.first > 0 || len(e.after) > 0 }

// Complete reports whether all words have been taken.
func (e *Entry) Complete() bool { return e.Count() == Words }

// Share returns the share that was typed. Errors are those of ParseWords, the
// first of them ErrWordCount while words are missing.
func (e *Entry) Share() (*Share, error) {
	if !e.Complete() {
		return nil, fmt.Errorf("reading a share: %w: %d, want %d", ErrWordCount, e.Count(), Words)
	}
	all := e.indices()
	defer clear(all[:])
	return parseIndices(&all)
}

// Hint returns the index from 0 of the one word that is suspicious, and whether
// all words are there and the check words can tell; see CheckWordsError.
func (e *Entry) Hint() (index int, ok bool) {
	s, err := e.Share()
	s.Wipe()
	var wrong *CheckWordsError
	if !errors.As(err, &wrong) || wrong.Suspect < 0 {
		return -1, false
	}
	return wrong.Suspect, true
}

// Clear wipes all words and letters; the Entry begins anew.
func (e *Entry) Clear() {
	if e.readings == nil { // room enough that no secret is left behind in a smaller one
		e.readings = make([]reading, 0, 4*maxReadings)
		e.spare = make([]reading, 0, 4*maxReadings)
		e.after = make([]uint16, 0, Words)
	}
	clear(e.readings[:cap(e.readings)])
	clear(e.spare[:cap(e.spare)])
	clear(e.after[:cap(e.after)])
	e.first, e.after = 0, e.after[:0]
	e.readings = append(e.readings[:0], reading{habits: anyHabit})
}

// Wipe is Clear, by the name that all secrets have.
func (e *Entry) Wipe() { e.Clear() }

// Format hides the words from every verb of package fmt.
func (*Entry) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[share being typed]") }

// LogValue hides the words from structured logs.
func (*Entry) LogValue() slog.Value { return slog.StringValue("[share being typed]") }

// MarshalJSON refuses.
func (*Entry) MarshalJSON() ([]byte, error) { return nil, errEntry }

var errEntry = errors.New("a share being typed is never serialized")
