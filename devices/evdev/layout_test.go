package evdev

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// The foreign software and its tables: Debian's libxkbcommon-tools (xkbcli, with
// xkb-data), x11proto-dev and libx11-data.
const (
	keysymsFile = "/usr/include/X11/keysymdef.h"
	composeFile = "/usr/share/X11/locale/en_US.UTF-8/Compose"
)

// keysyms maps X's names of characters to them.
func keysyms(t *testing.T) map[string]rune {
	t.Helper()
	data, err := os.ReadFile(keysymsFile)
	if err != nil {
		t.Fatalf("%v; install x11proto-dev", err)
	}
	table := map[string]rune{}
	for _, m := range regexp.MustCompile(`(?m)^#define XK_(\w+)\s+0x[0-9a-f]+\s+/\*[ <(]*U\+([0-9A-F]{4,6})`).FindAllStringSubmatch(string(data), -1) {
		code, err := strconv.ParseUint(m[2], 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		table[m[1]] = rune(code)
	}
	return table
}

// keysym reads one of X's names; the zero symbol for what types nothing.
func keysym(table map[string]rune, name string) symbol {
	if strings.HasPrefix(name, "dead_") {
		return symbol{dead: name}
	}
	if code, err := strconv.ParseUint(strings.TrimPrefix(name, "U"), 16, 32); err == nil && strings.HasPrefix(name, "U") {
		return symbol{char: rune(code)}
	}
	return symbol{char: table[name]}
}

// xkbKeymap is what xkbcli says of a layout.
type xkbKeymap struct {
	title string
	altGr bool
	keys  map[int][]string // by evdev's code: X's name at each level
}

func compileKeymap(t *testing.T, layout string) xkbKeymap {
	t.Helper()
	out, err := exec.Command("xkbcli", "compile-keymap", "--layout", layout).Output()
	if err != nil {
		t.Fatalf("xkbcli: %v; install libxkbcommon-tools", err)
	}
	codes := map[string]int{}
	for _, m := range regexp.MustCompile(`(?m)^\s*<(\w+)>\s*= (\d+);`).FindAllStringSubmatch(string(out), -1) {
		n, err := strconv.Atoi(m[2])
		if err != nil {
			t.Fatal(err)
		}
		codes[m[1]] = n - 8 // X's codes begin at 8
	}
	_, symbols, ok := strings.Cut(string(out), "xkb_symbols")
	if !ok {
		t.Fatal("xkbcli gave a keymap without symbols")
	}
	k := xkbKeymap{keys: map[int][]string{}, title: regexp.MustCompile(`name\[Group1\]="([^"]*)"`).FindStringSubmatch(symbols)[1]}
	for _, m := range regexp.MustCompile(`(?s)key <(\w+)>\s*\{(.*?)\};`).FindAllStringSubmatch(symbols, -1) {
		levels := regexp.MustCompile(`(?s)(?:symbols\[Group1\]=|^)\s*\[(.*?)\]`).FindStringSubmatch(m[2])
		if levels == nil {
			t.Fatalf("xkbcli's key %s is not understood: %s", m[1], m[2])
		}
		var names []string
		for name := range strings.SplitSeq(levels[1], ",") {
			names = append(names, strings.TrimSpace(name))
		}
		k.keys[codes[m[1]]] = names
	}
	k.altGr = k.keys[keyRightAlt][0] == "ISO_Level3_Shift"
	return k
}

// xkbLevel is the level that modifiers choose of a key with n levels.
func xkbLevel(n int, mods Mods) int {
	level := 0
	if n > 1 && mods.Has(ModShift) {
		level = 1
	}
	if n > 2 && mods.Has(ModAltGr) {
		level += 2
	}
	return level
}

var levelMods = []Mods{0, ModShift, ModAltGr, ModAltGr | ModShift}

func TestLayoutsTypeWhatXTypes(t *testing.T) {
	table := keysyms(t)
	for _, name := range LayoutNames() {
		l, err := LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		x := compileKeymap(t, name)
		if l.Title() != x.title || l.altGr != x.altGr {
			t.Errorf("%s is %q with AltGr %t; X has %q and %t", name, l.Title(), l.altGr, x.title, x.altGr)
		}
		compared := 0
		for code := 1; code <= 86; code++ { // the keys that differ between layouts
			if _, fixed := numeric[uint16(code)]; fixed || code == 83 {
				continue
			}
			names := x.keys[code]
			for _, mods := range levelMods {
				var want symbol
				if i := xkbLevel(len(names), mods); i < len(names) {
					want = keysym(table, names[i])
				}
				if got := l.at(uint16(code), mods); got != want {
					t.Errorf("%s: key %d with modifiers %d types %+v; X types %+v", name, code, mods, got, want)
				}
				if want != (symbol{}) {
					compared++
				}
			}
		}
		if compared < 150 {
			t.Errorf("%s: only %d characters were compared", name, compared)
		}
		decimal := map[string]rune{"KP_Decimal": '.', "KP_Separator": ','}[x.keys[83][1]]
		if got := l.at(83, 0).char; got != decimal {
			t.Errorf("%s: the numeric pad's decimal sign is %q; X has %q", name, got, decimal)
		}
	}
}

// Every accent on every letter of every layout.
func TestDeadKeysComposeAsInX(t *testing.T) {
	data, err := os.ReadFile(composeFile)
	if err != nil {
		t.Fatalf("%v; install libx11-data", err)
	}
	table := keysyms(t)
	want := map[string]map[symbol]string{}
	for _, m := range regexp.MustCompile(`(?m)^<(dead_\w+)> <(\w+)>\s*: "(\\?.|[^"]*)"`).FindAllStringSubmatch(string(data), -1) {
		if want[m[1]] == nil {
			want[m[1]] = map[symbol]string{}
		}
		if text := strings.TrimPrefix(m[3], `\`); len([]rune(text)) == 1 {
			want[m[1]][keysym(table, m[2])] = text
		}
	}
	typed, used := typable(t)
	all, err := accents()
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(used))) {
		t.Errorf("compose.txt has %v; the layouts use %v", slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(used)))
	}
	for dead, a := range all {
		if got, want := asText(a.twice), want[dead][symbol{dead: dead}]; got != want {
			t.Errorf("%s twice is %q; X has %q", dead, got, want)
		}
		if got, want := asText(a.space), want[dead][symbol{char: ' '}]; got != want {
			t.Errorf("%s and Space is %q; X has %q", dead, got, want)
		}
		for char := range typed {
			if got, want := asText(a.with[char]), want[dead][symbol{char: char}]; got != want {
				t.Errorf("%s and %c is %q; X has %q", dead, char, got, want)
			}
		}
		for char := range a.with {
			if !typed[char] {
				t.Errorf("%s and %c: no layout types %[2]c", dead, char)
			}
		}
	}
}

// typable returns the visible characters and the dead keys of all layouts.
func typable(t *testing.T) (chars map[rune]bool, dead map[string]bool) {
	t.Helper()
	chars, dead = map[rune]bool{}, map[string]bool{}
	for _, name := range LayoutNames() {
		l, err := LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range l.keys {
			for _, s := range k.levels {
				if s.dead != "" {
					dead[s.dead] = true
				} else if s.char != 0 && !unicode.IsSpace(s.char) {
					chars[s.char] = true
				}
			}
		}
	}
	return chars, dead
}

func asText(r rune) string {
	if r == 0 {
		return ""
	}
	return string(r)
}

// What an operator must be able to type anywhere: names, host names, words.
func TestEveryLayoutTypesASCII(t *testing.T) {
	for _, name := range LayoutNames() {
		l, err := LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		typed := map[rune]bool{}
		for code := range uint16(lastCode) {
			for _, mods := range levelMods {
				if mods.Has(ModAltGr) && !l.altGr {
					continue
				}
				s := l.at(code, mods)
				typed[s.char] = true
				if s.dead != "" {
					all, err := accents()
					if err != nil {
						t.Fatal(err)
					}
					typed[all[s.dead].space] = true
				}
			}
		}
		for r := ' '; r < 0x7f; r++ {
			if !typed[r] {
				t.Errorf("%s cannot type %q", name, r)
			}
		}
	}
}

func TestParseRefusesWhatIsNoLayout(t *testing.T) {
	for why, text := range map[string]string{
		"no title":                "2 1 !\n",
		"a code of zero":          "title T\n0 a\n",
		"a code beyond the last":  "title T\n128 a\n",
		"no number":               "title T\nx a\n",
		"three levels":            "title T\n2 a b c\n",
		"five levels":             "title T\n2 a b c d e\n",
		"a key without levels":    "title T\n2\n",
		"a key twice":             "title T\n2 a\n2 b\n",
		"two characters":          "title T\n2 ab\n",
		"an unknown dead key":     "title T\n2 dead_parrot\n",
		"a control character":     "title T\n2 U+0007\n",
		"a surrogate":             "title T\n2 U+D800\n",
		"a character that is not": "title T\n2 U+110000\n",
		"bytes that are no UTF-8": "title T\n2 \xff\n",
		"more than can be meant":  "title T\n" + strings.Repeat("# \n", maxLayoutBytes/3),
	} {
		if _, err := Parse("test", strings.NewReader(text)); !errors.Is(err, ErrLayout) {
			t.Errorf("%s: the error is %v, not ErrLayout", why, err)
		}
	}
	if _, err := LayoutNamed("../layouts/us"); !errors.Is(err, ErrLayout) {
		t.Errorf("a layout named by a path gave %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range LayoutNames() {
		data, err := files.ReadFile("layouts/" + name + ".txt")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add("title T\naltgr\n16 q Q dead_acute U+00A0\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := Parse("fuzz", strings.NewReader(text))
		if err != nil {
			if !errors.Is(err, ErrLayout) {
				t.Errorf("the error is %v, not ErrLayout", err)
			}
			return
		}
		ty := newTypist(l)
		for code := range uint16(200) {
			for mods := range Mods(64) {
				if s := l.at(code, mods); s.char != 0 && unicode.IsControl(s.char) {
					t.Fatalf("key %d types the control character %U", code, s.char)
				}
			}
			k := Key{Code: code}
			ty.fill(&k)
		}
	})
}

func FuzzParseAccents(f *testing.F) {
	data, err := files.ReadFile("layouts/compose.txt")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(string(data))
	f.Add("dead_acute none U+0027 aá")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseAccents(strings.NewReader(text))
		if err != nil && !errors.Is(err, ErrLayout) {
			t.Errorf("the error is %v, not ErrLayout", err)
		}
		for name := range table {
			if !strings.HasPrefix(name, "dead_") {
				t.Errorf("%q is no name of a dead key", name)
			}
		}
	})
}
