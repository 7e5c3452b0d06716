package html_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"anodize/ui/html"
	"anodize/ui/kit"
)

func TestWhiteSpace(t *testing.T) {
	for _, c := range []struct{ why, body, says string }{
		{"runs of white space are one space", "<p> a \n\t b  </p>", "a b"},
		{"the first of several spaces counts", "<p>a <b> b</b></p>", "a b"},
		{"no space where there is none", "<p>a<b>b</b>c</p>", "abc"},
		{"none around a line break", "<p>a <br> b</p>", "a\nb"},
		{"pre keeps what it has", "<pre>\n a\n  b</pre>", " a\n  b"},
		{"a no-break space is a letter", "<p>a&nbsp; b</p>", "a\u00a0 b"},
		{"blocks part what inline joins", "<section>a<p>b</p>c</section>", "a\nb\nc"},
	} {
		if got := strings.TrimSuffix(parse(t, c.body).Text(), "\n"); got != c.says {
			t.Errorf("%s: %q says %q, want %q", c.why, c.body, got, c.says)
		}
	}
}

func TestLineBreaking(t *testing.T) {
	// At 16 pixels the body's padding takes 24 at each side.
	for _, c := range []struct {
		why, body string
		width     int
		lines     []string
	}{
		{"at spaces", "<p>aaaa bbbb cccc</p>", 140, []string{"aaaa bbbb", "cccc"}},
		{"after hyphens within words", "<p>aaaaaa-bbbbbb</p>", 120, []string{"aaaaaa-", "bbbbbb"}},
		{"not at a sign before a number", "<p>aaaaaaa -5</p>", 118, []string{"aaaaaaa", "-5"}},
		{"not at a no-break space", "<p>aaaa bbbb&nbsp;cc</p>", 140, []string{"aaaa", "bbbb\u00a0cc"}},
		{"within a word that is too wide", "<p>aaaaaaaaaaaaaaaaaaaa</p>", 120, []string{"aaaaaaaa", "aaaaaaaa", "aaaa"}},
		{"not between styles within a word", "<p>aaaa bb<b>bb</b>cc</p>", 120, []string{"aaaa", "bbbbcc"}},
		{"where it is told", "<p>a<br>b</p>", 400, []string{"a", "b"}},
	} {
		if got := lines(t, c.body, c.width); !slices.Equal(got, c.lines) {
			t.Errorf("%s: %q at %d: %q, want %q", c.why, c.body, c.width, got, c.lines)
		}
	}
}

// Whatever the width, no word is lost, none leaves the page to the right unless a
// single letter does, and none stands in the line of another paragraph.
func TestNothingIsLost(t *testing.T) {
	words := rapid.SliceOfN(rapid.StringMatching(`[a-zäёλ]{1,12}`), 1, 60)
	rapid.Check(t, func(t *rapid.T) {
		var body strings.Builder
		var all []string
		for _, w := range words.Draw(t, "words") {
			all = append(all, w)
			switch rapid.IntRange(0, 6).Draw(t, "kind") {
			case 0:
				body.WriteString("<p>" + w + "</p>")
			case 1:
				body.WriteString("<ul><li>" + w + "</li></ul>")
			case 2:
				body.WriteString("<table><tbody><tr><td>" + w + "</td><td></td></tr></tbody></table>")
			case 3:
				body.WriteString(" <code>" + w + "</code> ")
			case 4:
				body.WriteString(" <kbd>" + w + "</kbd> ")
			default:
				body.WriteString(" " + w + " ")
			}
		}
		p, err := html.Parse(wrap(body.String()))
		if err != nil {
			t.Fatal(err)
		}
		width := rapid.IntRange(1, 900).Draw(t, "width")
		rem := rapid.Float32Range(8, 40).Draw(t, "rem")
		l := p.Layout(width, rem, nil)
		var got strings.Builder
		last := 0
		for _, w := range l.Words() {
			got.WriteString(w.Text)
			if w.Y < 0 || w.Y > l.Size().Y {
				t.Fatalf("%q stands at %d of %d", w.Text, w.Y, l.Size().Y)
			}
			if w.X > l.Size().X && l.Size().X > 12*int(rem) {
				t.Fatalf("%q stands at %d of %d sideways", w.Text, w.X, l.Size().X)
			}
			last = max(last, w.Y)
		}
		if want := strings.Join(all, ""); got.String() != want {
			t.Fatalf("laid out %q, want %q", got.String(), want)
		}
	})
}

func TestWhatHasNoGlyphIsShown(t *testing.T) {
	p := parse(t, "<p>a&#x202E;b \u2713 e\u0301 \u00ad \u200b Ελ Ж</p>")
	if got := p.Missing(); got != "\u202e\u2713\u0301\u00ad\u200b" {
		t.Errorf("shown as code points: %q", got)
	}
	p = parse(t, "<p>"+strings.Join(strings.Split("ąčďéğîłőșťžŧæøßÐþΆΩάωЁЯёяЂџ€„“”–—…•°×", ""), " ")+"</p>")
	if got := p.Missing(); got != "" {
		t.Errorf("letters of Latin, Greek and Cyrillic without a glyph: %q", got)
	}
}

// Headings, figures and tables of a page must keep what the author put there: the
// columns are as wide as their words, and all the same in every row.
func TestTableColumns(t *testing.T) {
	body := "<table><tbody><tr><td>a</td><td>bbbb bbbb</td></tr><tr><td>cccc</td><td>d</td></tr></tbody></table>"
	x := map[string]int{}
	y := map[string]int{}
	for _, w := range parse(t, body).Layout(600, 16, nil).Words() {
		if _, ok := x[w.Text]; !ok {
			x[w.Text], y[w.Text] = w.X, w.Y
		}
	}
	if x["a"] != x["cccc"] || x["bbbb"] != x["d"] || x["bbbb"] <= x["a"] {
		t.Errorf("columns stand at %v", x)
	}
	if y["a"] != y["bbbb"] || y["cccc"] != y["d"] || y["cccc"] <= y["a"] {
		t.Errorf("rows stand at %v", y)
	}
}

// Time and memory are linear: pages that are four times as large are not laid out
// much more slowly a byte, even if they are made to be.
func TestHostilePagesAreLaidOut(t *testing.T) {
	for _, c := range []struct{ why, body string }{
		{"a word of a mebibyte", "<p>" + strings.Repeat("a", 1<<20) + "</p>"},
		{"a mebibyte of letters in a narrow table", "<table class=\"wide\"><tbody><tr>" + strings.Repeat("<td>"+strings.Repeat("a ", 8<<10)+"</td>", 64) + "</tr></tbody></table>"},
		{"characters without a glyph", "<p>" + strings.Repeat("\u202e", 1<<18) + "</p>"},
		{"styles in styles", "<p>" + strings.Repeat("<b><i><code>a</code></i></b>", 40_000) + "</p>"},
		{"lists in lists", strings.Repeat("<ul><li>", 14) + strings.Repeat("a ", 1<<18) + strings.Repeat("</li></ul>", 14)},
	} {
		p := parse(t, c.body)
		for _, width := range []int{64, 800} {
			if l := p.Layout(width, 24, nil); l.Size().Y == 0 {
				t.Errorf("%s: nothing was laid out", c.why)
			}
		}
	}
}

// The colours are those of the screens.
func TestPaletteIsTheKits(t *testing.T) {
	css := html.CSS()
	for name, c := range map[string]interface{ RGBA() (r, g, b, a uint32) }{
		"ink": kit.Ink, "muted": kit.Muted, "soft": kit.Soft, "blue": kit.Blue, "oxide": kit.Oxide, "green": kit.Green, "amber": kit.Amber,
		"paper": kit.Paper, "line": kit.Line, "amber paper": kit.AmberPaper, "oxide paper": kit.OxidePaper, "green paper": kit.GreenPaper,
	} {
		r, g, b, _ := c.RGBA()
		if hex := "#" + hexByte(r) + hexByte(g) + hexByte(b); !strings.Contains(css, hex) {
			t.Errorf("the sheet has no %s, %s", name, hex)
		}
	}
	if i := strings.IndexFunc(css, func(r rune) bool { return r > unicode.MaxASCII }); i >= 0 {
		t.Errorf("the sheet is not ASCII at %d", i)
	}
}

func hexByte(v uint32) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[v>>12&15], digits[v>>8&15]})
}

// A digest's line ends between its groups where it can, and what is looked for goes
// on over such a place.
func TestALineEndsWhereItMayWithinAWord(t *testing.T) {
	p := parse(t, "<p>A digest: <code>0123456789abcdef<wbr>fedcba9876543210<wbr>00112233<wbr></code> <wbr>end</p>")
	if got := p.Text(); got != "A digest: 0123456789abcdeffedcba987654321000112233 end\n" {
		t.Errorf("the page says %q", got)
	}
	for width, want := range map[int][]string{
		1000: {"A", "digest:", "0123456789abcdeffedcba987654321000112233", "end"},
		400:  {"A", "digest:", "0123456789abcdeffedcba9876543210", "00112233", "end"},
		260:  {"A", "digest:", "0123456789abcdef", "fedcba987654321000112233", "end"},
		200:  {"A", "digest:", "0123456789abcdef", "fedcba9876543210", "00112233", "end"},
	} {
		var got []string
		for _, w := range p.Layout(width, 16, nil).Words() {
			got = append(got, w.Text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d pixels wide: %q", width, got)
		}
	}
}
