package record

import (
	"encoding/base64"
	"html"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"anodize/core/audit"
)

func TestWhatPeopleTypedStaysText(t *testing.T) {
	for in, want := range map[string]string{
		"Ada":                          "Ada",
		"<script>alert(1)</script>":    "&lt;script&gt;alert(1)&lt;/script&gt;",
		`"><img src=x onerror='y'>`:    "&#34;&gt;&lt;img src=x onerror=&#39;y&#39;&gt;",
		"&lt;":                         "&amp;lt;",
		"]]><!--":                      "]]&gt;&lt;!--",
		"one\ntwo":                     "one<br>two",
		"\u202eevil\u202c":             "<mark>[U+202E]</mark>evil<mark>[U+202C]</mark>",
		"a\u2066b":                     "a<mark>[U+2066]</mark>b",
		"NUL\x00":                      "NUL<mark>[U+0000]</mark>",
		"tab\there":                    "tab<mark>[U+0009]</mark>here",
		"no\u00a0break":                "no<mark>[U+00A0]</mark>break",
		"zero\u200bwidth":              "zero<mark>[U+200B]</mark>width",
		"soft\u00adhyphen":             "soft<mark>[U+00AD]</mark>hyphen",
		"tag \U000e0041":               "tag <mark>[U+E0041]</mark>",
		"\ufeffmark":                   "<mark>[U+FEFF]</mark>mark",
		"not UTF-8 \xff":               "not UTF-8 <mark>[U+FFFD]</mark>",
		" before, after ":              "<mark>[U+0020]</mark>before, after<mark>[U+0020]</mark>",
		"two  spaces":                  "two <mark>[U+0020]</mark>spaces",
		"Émilie Ωmega Ёлка":            "Émilie Ωmega Ёлка",
		strings.Repeat("x", longest):   strings.Repeat("x", longest),
		strings.Repeat("<", longest+1): "<code>" + strings.Repeat("&lt;", longest+1) + "</code>",
		"":                             "",
	} {
		if got := data(in); string(got) != want {
			t.Errorf("%q is shown as %s, not %s", in, got, want)
		}
	}
}

func TestDigestsMayBreakAtGroupsAlone(t *testing.T) {
	for in, want := range map[string]string{
		strings.Repeat("0123456789abcdef", 2): "<code>0123456789abcdef<wbr>0123456789abcdef</code>",
		strings.Repeat("a", 40):               "<code>aaaaaaaaaaaaaaaa<wbr>aaaaaaaaaaaaaaaa<wbr>aaaaaaaa</code>",
		strings.Repeat("a", 31):               "<code>" + strings.Repeat("a", 31) + "</code>",
		strings.Repeat("x", 64):               "<code>" + strings.Repeat("x", 64) + "</code>",
	} {
		if got := mono(in); string(got) != want {
			t.Errorf("%q is shown as %s, not %s", in, got, want)
		}
	}
}

func TestWhatCannotBeReadIsShownByItsDigest(t *testing.T) {
	const sum = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" // printf x | sha256sum
	junk := base64.StdEncoding.EncodeToString([]byte("x"))
	for name, shown := range map[string]markup{
		"a certificate":  described([]byte("x")),
		"a request":      request(audit.IntentSignCSR{CSR: junk}),
		"a key":          keyMade(audit.KeyGenerated{SPKI: junk}),
		"an attestation": attestation(audit.KeyAttested{Chain: []string{junk}}),
	} {
		if !strings.Contains(strings.ReplaceAll(string(shown), "<wbr>", ""), sum) {
			t.Errorf("%s: %s", name, shown)
		}
	}
}

func TestCustodiansOfAnIntentWithoutSharesAreNamed(t *testing.T) {
	h := &history{now: ceremony{intent: audit.IntentInitRoot{Threshold: 2, Custodians: []string{"Ada", "Gr<ce"}}}}
	people := string(h.people())
	for _, want := range []string{"any 2 of these custodians", "They have no shares", "<p>Ada</p>", "<p>Gr&lt;ce</p>", `<td class="signature">Gr&lt;ce</td>`} {
		if !strings.Contains(people, want) {
			t.Errorf("%s is not in %s", want, people)
		}
	}
}

var (
	ours  = regexp.MustCompile(`<br>|</?code>|<mark>\[U\+[0-9A-F]{4,6}\]</mark>`)
	point = regexp.MustCompile(`<mark>\[U\+[0-9A-F]{4,6}\]</mark>`)
)

// Whatever is put in, the page's own elements are the only ones, nothing that
// hides is left, and a reader gets back every character.
func FuzzData(f *testing.F) {
	for _, seed := range []string{"Ada", "<b>", "&lt;", "a \u202e b", "\x00", "  ", "\xff", "[U+0020]", strings.Repeat("w", 99)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		out := string(data(s))
		text := html.UnescapeString(ours.ReplaceAllString(out, ""))
		if strings.ContainsAny(ours.ReplaceAllString(out, ""), "<>\"'") {
			t.Fatalf("%q leaves markup: %s", s, out)
		}
		shown := 0
		for _, r := range text {
			shown++
			if hidden(r) || r == '\n' {
				t.Fatalf("%q leaves %U", s, r)
			}
		}
		shown += len(point.FindAllString(out, -1)) + strings.Count(out, "<br>")
		if want := utf8.RuneCountInString(s); shown != want {
			t.Fatalf("%q has %d characters, %d are shown: %s", s, want, shown, out)
		}
	})
}
