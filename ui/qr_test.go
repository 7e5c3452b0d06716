package ui_test

import (
	"image"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestQRCodesAreReadByZbar reads them from the picture of the whole screen, as a
// camera would.
func TestQRCodesAreReadByZbar(t *testing.T) {
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil {
		t.Fatalf("zbarimg is missing (Debian: zbar-tools): %v", err)
	}
	for _, name := range []string{"fingerprint", "longfingerprint"} {
		for _, size := range []image.Point{sizes[0], sizes[2], sizes[3]} {
			path := filepath.Join(t.TempDir(), "screen.png")
			if err := show(t, size, byName(t, name)).SavePNG(path); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(zbarimg, "--quiet", "--raw", path).Output()
			if got := strings.TrimSpace(string(out)); err != nil || got != exampleHex {
				t.Errorf("%s at %v: zbarimg read %q, %v", name, size, got, err)
			}
		}
	}
}
