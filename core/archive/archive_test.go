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

// fleet makes an archive whose key was copied, whose custodians changed while an
// HSM fell silent, and whose HSM was brought up to date and retired.
func fleet(t testing.TB) *archivetest.Builder {
	b := archivetest.Whole(t, "rehearsal", 1, 0)
	b.Backup()
	b.Rekey()
	b.Update()
	b.Retire()
	return b
}

func TestAnArchiveOfAFleetPassesEveryCheck(t *testing.T) {
	b := fleet(t)
	r := verify(b.Image, archive.Options{})
	for _, f := range r.Findings {
		if f.Level != archive.Pass && f.Check != "attestation" {
			t.Error(f)
		}
	}
	if f := r.State.HSMFleet; len(f) != 1 || f[0].Serial != archivetest.First().Serial || len(f[0].Generations) != 1 || f[0].Generations[0] != 1 {
		t.Errorf("the fleet: %+v", f)
	}
	if whole, said := archivetest.Foreign(t, b.Image); !whole {
		t.Errorf("the foreign validator says %s", said)
	}
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
