package docs

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"golang.org/x/mod/modfile"
)

// direct returns the modules that a go.mod requires directly, sorted.
func direct(t *testing.T, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := modfile.Parse(path, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range f.Require {
		if !r.Indirect && r.Mod.Path != "gioui.org/anodize" {
			all = append(all, r.Mod.Path+" "+r.Mod.Version)
		}
	}
	slices.Sort(all)
	return all
}

// A row of the table: | `module` | `version` | licence | reason |
var row = regexp.MustCompile("(?m)^\\| `([^`]+)` \\| `([^`]+)` \\| ([^|]+) \\| ([^|]+) \\|$")

func TestEveryDirectDependencyHasItsLine(t *testing.T) {
	text, err := os.ReadFile("dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		told = append(told, m[1]+" "+m[2])
		if len(m[3]) < 3 || len(m[4]) < 10 {
			t.Errorf("%s: no licence or no reason", m[1])
		}
	}
	slices.Sort(told)
	required := append(direct(t, "../go.mod"), direct(t, "../ui/raster/go.mod")...)
	slices.Sort(required)
	required = slices.Compact(required)
	if !slices.Equal(told, required) {
		t.Errorf("dependencies.md lists\n%q\nand the go.mod files require\n%q", told, required)
	}
}
