package archive_test

import (
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
)

func TestTheForeignValidatorAgreesOnWholeArchives(t *testing.T) {
	for _, mode := range []string{"production", "rehearsal"} {
		b := archivetest.Whole(t, mode, 1, 1)
		if r := verify(b.Image, archive.Options{Attestation: b.Maker.Roots(t)}); r.Worst() != archive.Pass {
			t.Errorf("ours finds fault: %v", r.Findings)
		}
		if whole, said := archivetest.Foreign(t, b.Image); !whole {
			t.Errorf("the foreign validator says %s", said)
		}
	}
}
