package archive_test

import (
	"bytes"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
)

func verify(image []byte, opts archive.Options) archive.Result {
	sessions, damage := archive.FromImage(bytes.NewReader(image), int64(len(image)))
	return archive.Verify(sessions, damage, opts)
}

func TestAWholeArchivePassesEveryCheck(t *testing.T) {
	for _, mode := range []string{"production", "rehearsal", "dev"} {
		b := archivetest.Whole(t, mode, 2, 2)
		r := verify(b.Image, archive.Options{Attestation: b.Maker.Roots(t)})
		for _, f := range r.Findings {
			t.Log(f)
			if f.Level != archive.Pass {
				t.Errorf("%s archive: %v", mode, f)
			}
		}
	}
}
