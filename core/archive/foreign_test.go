package archive_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
)

// foreign runs the validator written in Python and reports whether it finds the
// image whole.
func foreign(t *testing.T, image []byte) (whole bool, said string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disc.img")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	const script = "../../testdata/validator/validate.py"
	if _, err := os.ReadFile(script); err != nil { // also makes go test notice its changes
		t.Fatal(err)
	}
	cmd := exec.Command("python3", script, path)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 0 && code != 2 {
		t.Fatalf("the foreign validator failed: %v\n%s", err, out)
	}
	return err == nil, string(out)
}

func TestTheForeignValidatorAgreesOnWholeArchives(t *testing.T) {
	for _, mode := range []string{"production", "rehearsal"} {
		b := archivetest.Whole(t, mode, 1, 1)
		if r := verify(b.Image, archive.Options{Attestation: b.Maker.Roots(t)}); r.Worst() != archive.Pass {
			t.Errorf("ours finds fault: %v", r.Findings)
		}
		if whole, said := foreign(t, b.Image); !whole {
			t.Errorf("the foreign validator says %s", said)
		}
	}
}
