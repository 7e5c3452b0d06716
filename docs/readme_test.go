package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A block of commands that a reader is told to run.
var commands = regexp.MustCompile("(?s)```sh\n(.*?)```")

// Every command of every page is run, in the order of the page, from the root of
// the tree: a page whose commands fail is wrong. The targets that would run this
// test again are only looked up in the Makefile.
func TestEveryCommandRuns(t *testing.T) {
	pages, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, page := range append([]string{"../README.md"}, pages...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range commands.FindAllStringSubmatch(string(text), -1) {
			blocks++
			if target, ok := strings.CutPrefix(strings.TrimSpace(block[1]), "make "); ok && recurses(target) {
				if !strings.Contains(string(makefile), "\n"+target+":") {
					t.Errorf("%s: the Makefile has no target %s", page, target)
				}
				continue
			}
			cmd := exec.Command("bash", "-euo", "pipefail", "-c", block[1])
			cmd.Dir = ".."
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%s: %v\n%s\n%s", page, err, block[1], out)
			}
		}
	}
	if blocks < 5 {
		t.Errorf("only %d blocks of commands were found", blocks)
	}
}

// recurses reports whether a make target runs this test, or runs for too long
// to be part of it.
func recurses(target string) bool {
	switch target {
	case "test", "test-vm", "test-vm-smoke", "bench", "performance", "golden", "image":
		return true
	}
	return false
}

// A link to a file of the tree leads somewhere.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	for _, page := range []string{"../README.md", "design.md", "formats.md", "hsm.md", "dependencies.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
