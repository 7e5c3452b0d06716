package record_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"anodize/core/record"
)

var update = flag.Bool("update", false, "write the golden records")

// The bytes of a form never change once a release has written it: a disc that
// bears them is verified against what this program makes.
func TestARecordIsByteForByteTheOneOnItsDisc(t *testing.T) {
	for name, f := range map[string]*fixture{"init-root.html": rooted(t), "sign-csr.html": signed(t)} {
		page, err := record.Make(f.log, f.issued)
		if err != nil {
			t.Fatal(err)
		}
		golden := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(golden, page, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(page, source(t, name)) {
			t.Errorf("form %d is not what %s says it is", record.Form, golden)
		}
	}
}
