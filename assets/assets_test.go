package assets_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"anodize/assets"
	"anodize/ui/html"
)

var update = flag.Bool("update", false, "write the present sheet into every page")

var style = regexp.MustCompile(`(?s)<style>.*?</style>`)

// TestPagesAreOfTheSubset parses every page by the strict rules. After a change of
// the sheet: go test ./assets -update
func TestPagesAreOfTheSubset(t *testing.T) {
	for _, name := range assets.Names() {
		src, err := assets.Page(name)
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			src = style.ReplaceAllLiteral(src, []byte("<style>"+html.CSS()+"</style>"))
			if err := os.WriteFile(filepath.Join("pages", name+".html"), src, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !strings.Contains(string(src), "<style>"+html.CSS()+"</style>") {
			t.Errorf("%s does not carry the sheet: run go test ./assets -update", name)
		}
		p, err := html.Parse(src)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Title() == "" || p.Text() == "" {
			t.Errorf("%s says nothing", name)
		}
	}
}

// A person at the kiosk must see everything: no character without a glyph, and no
// table wider than the smallest screen.
func TestPagesCanBeDrawnWhole(t *testing.T) {
	for _, name := range assets.Names() {
		src, err := assets.Page(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := html.Parse(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if missing := p.Missing(); missing != "" {
			t.Errorf("%s has characters without a glyph: %q", name, missing)
		}
		if cut := p.Layout(780, 16, nil).Cut(); len(cut) > 0 {
			t.Errorf("%s cuts words at 800 pixels: %q", name, cut)
		}
	}
}

// What a runbook or a page says of what is not built must not turn into fiction
// when somebody adds a page.
func TestEveryKindOfPageIsThere(t *testing.T) {
	have := strings.Join(assets.Names(), " ")
	for _, name := range []string{
		"runbook-init", "runbook-sign", "runbook-backup", "runbook-rekey", "runbook-hsms", "runbook-crl", "runbook-revoke", "runbook-migrate", "runbook-validate", "runbook-recovery", "runbook-later",
		"checklist", "exception-sheet", "share-card", "witness-sheet",
	} {
		if !strings.Contains(have, name) {
			t.Errorf("there is no page %s", name)
		}
	}
	if _, err := assets.Page("nothing"); err == nil {
		t.Error("a page that is not there was opened")
	}
}

// A link leads to a page that is there, and to its place; and from the page of the
// menu links lead to every runbook.
func TestLinks(t *testing.T) {
	pages := map[string]*html.Page{}
	for _, name := range assets.Names() {
		src, err := assets.Page(name)
		if err != nil {
			t.Fatal(err)
		}
		if pages[name], err = html.Parse(src); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	fonts := html.NewFonts()
	for name, p := range pages {
		for _, l := range p.Links() {
			switch to := pages[l.Page]; {
			case to == nil:
				t.Errorf("%s: the page %s is not there", name, l.Page)
			case l.ID != "" && !html.NewView(fonts, to).GoTo(l.ID):
				t.Errorf("%s: %s has no place %s", name, l.Page, l.ID)
			}
		}
	}
	reached, next := map[string]bool{}, []string{"step-menu"}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		if reached[name] || pages[name] == nil {
			continue
		}
		reached[name] = true
		for _, l := range pages[name].Links() {
			next = append(next, l.Page)
		}
	}
	for name := range pages {
		if strings.HasPrefix(name, "runbook-") && !reached[name] {
			t.Errorf("no link leads to %s", name)
		}
	}
}

// The card has a box for each of the 33 words.
func TestShareCard(t *testing.T) {
	src, err := assets.Page("share-card")
	if err != nil {
		t.Fatal(err)
	}
	boxes := regexp.MustCompile(`<td class="write">(\d+)</td>`).FindAllSubmatch(src, -1)
	seen := map[string]bool{}
	for _, b := range boxes {
		seen[string(b[1])] = true
	}
	if len(boxes) != 33 || len(seen) != 33 || !seen["1"] || !seen["33"] {
		t.Errorf("the share card has %d boxes, %d different", len(boxes), len(seen))
	}
}
