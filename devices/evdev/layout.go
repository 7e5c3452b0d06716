package evdev

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

//go:embed layouts
var files embed.FS

// ErrLayout is wrapped by every error of Parse and LayoutNamed.
var ErrLayout = errors.New("unusable keyboard layout")

// lastCode is the highest key code that a layout may give a meaning; the keys after
// it are the same everywhere.
const lastCode = 127

// maxLayoutBytes bounds a layout's file; ours have about 1 KiB.
const maxLayoutBytes = 64 << 10

// symbol is what a key types at one level: a character, or a dead key by its name.
// The zero value is nothing.
type symbol struct {
	char rune
	dead string
}

// key is what a key types: plain, with Shift, with AltGr, with both.
type key struct {
	levels [4]symbol
	count  int // 1, 2 or 4: modifiers without a level of their own change nothing
}

// Layout says what the keys of a keyboard type. It does not change.
type Layout struct {
	name  string
	title string
	altGr bool // whether the right Alt key is AltGr
	keys  [lastCode + 1]key
}

// Name is what LayoutNamed takes, such as "us".
func (l *Layout) Name() string { return l.name }

// Title is the layout's name for people, such as "English (US)".
func (l *Layout) Title() string { return l.title }

// LayoutNames lists the layouts that there are, the one to begin with first.
func LayoutNames() []string { return []string{"us", "gb", "de", "fr", "es", "it", "se"} }

// LayoutNamed returns one of LayoutNames.
func LayoutNamed(name string) (*Layout, error) {
	if !slices.Contains(LayoutNames(), name) {
		return nil, fmt.Errorf("%w: there is none named %q; there are %s", ErrLayout, name, strings.Join(LayoutNames(), ", "))
	}
	f, err := files.Open("layouts/" + name + ".txt")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLayout, err)
	}
	defer f.Close()
	return Parse(name, f)
}

// Parse reads a layout. Its file is text, a line for each of:
//
//	# a remark
//	title English (US)
//	altgr
//	16 q Q @ Ω
//
// The title is for people; altgr says that the right Alt key is AltGr. All other
// lines give a key's code (linux/input-event-codes.h, 1 to 127) and what it types
// plain, with Shift, with AltGr, and with Shift and AltGr: one, two or four of a
// character, U+ and its hexadecimal code point, the name of a dead key that
// layouts/compose.txt knows, such as dead_acute, or none. Modifiers beyond what a
// line gives change nothing: one that gives two ignores AltGr.
func Parse(name string, r io.Reader) (*Layout, error) {
	l := &Layout{name: name}
	if err := eachLine(r, l.line); err != nil {
		return nil, fmt.Errorf("%w: %s, %w", ErrLayout, name, err)
	}
	if l.title == "" {
		return nil, fmt.Errorf("%w: %s has no title", ErrLayout, name)
	}
	return l, nil
}

// eachLine calls f with every line that says something, without the space around it.
func eachLine(r io.Reader, f func(line string) error) error {
	data, err := io.ReadAll(io.LimitReader(r, maxLayoutBytes+1))
	if err != nil {
		return err
	}
	if len(data) > maxLayoutBytes {
		return fmt.Errorf("which has more than %d bytes", maxLayoutBytes)
	}
	number := 0
	for line := range strings.Lines(string(data)) {
		number++
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	return nil
}

func (l *Layout) line(line string) error {
	if title, ok := strings.CutPrefix(line, "title "); ok {
		l.title = strings.TrimSpace(title)
		return nil
	}
	if line == "altgr" {
		l.altGr = true
		return nil
	}
	words := strings.Fields(line)
	code, err := strconv.ParseUint(words[0], 10, 8)
	if err != nil || code < 1 || code > lastCode {
		return fmt.Errorf("%q is no key code from 1 to %d", words[0], lastCode)
	}
	if n := len(words) - 1; n != 1 && n != 2 && n != 4 {
		return fmt.Errorf("key %d has %d levels; it must have 1, 2 or 4", code, n)
	}
	if l.keys[code].count != 0 {
		return fmt.Errorf("key %d is there twice", code)
	}
	k := key{count: len(words) - 1}
	for i, w := range words[1:] {
		if k.levels[i], err = parseSymbol(w); err != nil {
			return fmt.Errorf("key %d: %w", code, err)
		}
	}
	l.keys[code] = k
	return nil
}

func parseSymbol(word string) (symbol, error) {
	if word == "none" {
		return symbol{}, nil
	}
	if strings.HasPrefix(word, "dead_") {
		table, err := accents()
		if err != nil {
			return symbol{}, err
		}
		if _, ok := table[word]; !ok {
			return symbol{}, fmt.Errorf("%s is not in compose.txt", word)
		}
		return symbol{dead: word}, nil
	}
	char, err := parseChar(word)
	return symbol{char: char}, err
}

// parseChar reads a character or its code point.
func parseChar(word string) (rune, error) {
	if digits, ok := strings.CutPrefix(word, "U+"); ok {
		n, err := strconv.ParseUint(digits, 16, 32)
		if err != nil || n < ' ' || n > unicode.MaxRune || !utf8.ValidRune(rune(n)) || unicode.IsControl(rune(n)) {
			return 0, fmt.Errorf("%q is no character", word)
		}
		return rune(n), nil
	}
	r, size := utf8.DecodeRuneInString(word)
	if size != len(word) || r == utf8.RuneError || !unicode.IsGraphic(r) {
		return 0, fmt.Errorf("%q is neither a character, its U+ code, a dead key nor none", word)
	}
	return r, nil
}

// at returns what a key types with these modifiers.
func (l *Layout) at(code uint16, mods Mods) symbol {
	if code > lastCode {
		return symbol{}
	}
	k := &l.keys[code]
	level := 0
	if k.count > 1 && mods.Has(ModShift) != (mods.Has(ModCaps) && k.isLetter(0)) {
		level = 1
	}
	if k.count > 2 && mods.Has(ModAltGr) {
		level = 2
		if mods.Has(ModShift) != (mods.Has(ModCaps) && k.isLetter(2)) {
			level = 3
		}
	}
	return k.levels[level]
}

// isLetter tells whether a level and the one after it are a letter's two cases, so
// that Caps Lock swaps them. A letter on AltGr follows only where the plain one does.
func (k *key) isLetter(level int) bool {
	lower, upper := k.levels[level].char, k.levels[level+1].char
	return lower != upper && unicode.ToUpper(lower) == upper && (level == 0 || k.isLetter(0))
}

// accent is what a dead key does.
type accent struct {
	twice rune // what it types by itself, when pressed twice; 0 for nothing
	space rune // with Space after it
	with  map[rune]rune
}

// accents is the table of compose.txt.
var accents = sync.OnceValues(func() (map[string]accent, error) {
	f, err := files.Open("layouts/compose.txt")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLayout, err)
	}
	defer f.Close()
	return parseAccents(f)
})

// parseAccents reads a table of dead keys. Lines that begin with # are remarks; any
// other has a dead key's name, what it types when pressed twice, what it types with
// Space, each as in a layout's file, and then pairs of a letter and the same letter
// with the accent.
func parseAccents(r io.Reader) (map[string]accent, error) {
	table := map[string]accent{}
	err := eachLine(r, func(line string) error {
		words := strings.Fields(line)
		if _, twice := table[words[0]]; twice || !strings.HasPrefix(words[0], "dead_") {
			return fmt.Errorf("%q is there twice or no name of a dead key", words[0])
		}
		a, err := parseAccent(words)
		table[words[0]] = a
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%w: compose.txt, %w", ErrLayout, err)
	}
	return table, nil
}

func parseAccent(words []string) (accent, error) {
	a := accent{with: map[rune]rune{}}
	if len(words) < 3 {
		return a, errors.New("a dead key needs what it types when pressed twice, and with Space")
	}
	for i, to := range []*rune{&a.twice, &a.space} {
		if words[i+1] == "none" {
			continue
		}
		char, err := parseChar(words[i+1])
		if err != nil {
			return a, err
		}
		*to = char
	}
	for _, w := range words[3:] {
		pair := []rune(w)
		if len(pair) != 2 || !unicode.IsGraphic(pair[0]) || !unicode.IsGraphic(pair[1]) {
			return a, fmt.Errorf("%q is no pair of a letter without and with its accent", w)
		}
		if _, twice := a.with[pair[0]]; twice {
			return a, fmt.Errorf("%q is there twice", pair[0])
		}
		a.with[pair[0]] = pair[1]
	}
	return a, nil
}
