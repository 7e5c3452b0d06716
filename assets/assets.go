// Package assets holds the pages that people read: what each screen is for, the
// runbooks, and the sheets and cards that are printed before a ceremony.
//
// It guarantees that every page is of the subset of HTML that ui/html draws and
// carries its sheet, so that the same file is shown on the kiosk, opened in any
// browser and printed on A4; a test parses them all.
package assets

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed pages/*.html
var files embed.FS

const (
	folder = "pages/"
	suffix = ".html"
)

// Page returns the HTML of a page by its name, as in step-clock or runbook-init.
func Page(name string) ([]byte, error) {
	src, err := files.ReadFile(folder + name + suffix)
	if err != nil {
		return nil, fmt.Errorf("opening the page %q: there is none in the program", name)
	}
	return src, nil
}

// Names returns the names of all pages in alphabetical order.
func Names() []string {
	entries, err := files.ReadDir(strings.TrimSuffix(folder, "/"))
	if err != nil {
		return nil // an embedded directory can be read
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), suffix))
	}
	return names
}
