package assets_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"anodize/assets"
	"anodize/ui/html"
)

// shown are the folders of the programs' texts that a page may quote: screens,
// problems and warnings.
var shown = []string{"../core/ceremony", "../core/quorum", "../cmd/anodize-sentinel", "../ui"}

// written are quotations of what people write on paper.
var written = map[string]bool{"nothing": true}

var quotation = regexp.MustCompile(`“([^”]*)”`)

// A page calls a button or a screen by the very words that stand on it, in
// quotation marks. One that is not shown any more would be looked for in vain.
func TestWhatPagesQuoteIsShown(t *testing.T) {
	texts := strings.ToLower(literals(t))
	for _, name := range assets.Names() {
		src, err := assets.Page(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := html.Parse(src)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, q := range quotation.FindAllStringSubmatch(p.Text(), -1) {
			if !written[q[1]] && !strings.Contains(texts, strings.ToLower(q[1])) {
				t.Errorf("%s quotes %q, which no screen shows", name, q[1])
			}
		}
	}
}

// literals are all strings in the programs' sources, a line each.
func literals(t *testing.T) string {
	var all strings.Builder
	for _, folder := range shown {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no sources: %v", folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
					if s, err := strconv.Unquote(l.Value); err == nil {
						all.WriteString(s + "\n")
					}
				}
				return true
			})
		}
	}
	return all.String()
}
