package archive_test

import (
	"encoding/base64"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/hsm/attestation"
)

func TestWhoVouchesForTheHSM(t *testing.T) {
	simulated, other := archivetest.SimulatedMaker(t), archivetest.NewMaker(t)
	for name, c := range map[string]struct {
		mode   string
		maker  *archivetest.Maker // nil: the HSM attests nothing
		pinned []*archivetest.Maker
		want   archive.Level
	}{
		"the pinned maker":                            {"production", other, []*archivetest.Maker{other}, archive.Pass},
		"one of two pinned makers":                    {"production", other, []*archivetest.Maker{simulated, other}, archive.Pass},
		"nobody pinned":                               {"production", other, nil, archive.Warn},
		"another maker":                               {"production", archivetest.NewMaker(t), []*archivetest.Maker{other}, archive.Error},
		"a simulated device, with the maker pinned":   {"production", simulated, []*archivetest.Maker{other}, archive.Error},
		"a simulated device, with its root pinned":    {"production", simulated, []*archivetest.Maker{simulated}, archive.Error},
		"a simulated device, with nobody pinned":      {"production", simulated, nil, archive.Warn},
		"a rehearsal's simulated device":              {"rehearsal", simulated, nil, archive.Pass},
		"a rehearsal's, with its root pinned":         {"rehearsal", simulated, []*archivetest.Maker{simulated}, archive.Pass},
		"a rehearsal's, with the maker pinned":        {"rehearsal", simulated, []*archivetest.Maker{other}, archive.Pass},
		"a rehearsal with a genuine device":           {"rehearsal", other, []*archivetest.Maker{other}, archive.Pass},
		"a rehearsal with a device that nobody knows": {"rehearsal", other, nil, archive.Warn},
		"a developer's simulated device":              {"dev", simulated, []*archivetest.Maker{simulated}, archive.Error},
		"an HSM that attests nothing":                 {"production", nil, []*archivetest.Maker{other}, archive.Warn},
		"the same in a rehearsal":                     {"rehearsal", nil, nil, archive.Warn},
	} {
		t.Run(name, func(t *testing.T) {
			b := archivetest.New(t, c.mode)
			b.Maker = c.maker
			b.InitRoot()
			var roots attestation.Roots
			for _, m := range c.pinned {
				roots = roots.Join(m.Roots(t))
			}
			r := verify(b.Image, archive.Options{Attestation: roots})
			worst := archive.Pass
			for _, f := range r.Findings {
				if f.Check == "attestation" {
					worst = min(worst, f.Level)
				} else if f.Level != archive.Pass {
					t.Errorf("something else is wrong: %v", f)
				}
			}
			if worst != c.want {
				t.Errorf("%v, not %v: %v", worst, c.want, r.Findings)
			}
		})
	}
}

// rootedOn makes an archive on another HSM than the one that attests.
func rootedOn(t *testing.T, maker *archivetest.Maker, change func(*audit.HSMFacts)) *archivetest.Builder {
	b := archivetest.New(t, "rehearsal")
	b.Maker = maker
	b.Tamper = func(e audit.Event) audit.Event {
		switch e := e.(type) {
		case audit.CeremonyBegin:
			change(&e.HSM)
			return e
		case audit.IntentInitRoot:
			change(&e.HSM)
			return e
		case audit.SharesCommitted:
			other := audit.HSMFacts{Serial: e.HSMs[0]}
			change(&other)
			e.HSMs = []string{other.Serial}
			return e
		case audit.HSMBootstrapped:
			change(&e.HSM)
			return e
		}
		return e
	}
	b.InitRoot()
	return b
}

func TestAnotherHSMThanAYubiHSMNeedNotAttest(t *testing.T) {
	b := rootedOn(t, nil, func(h *audit.HSMFacts) { h.Backend = "pkcs11" })
	r := verify(b.Image, archive.Options{})
	if found(r, archive.Warn, "attestation") || found(r, archive.Error, "attestation") {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestAnAttestationOfAnotherFirmwareIsAnError(t *testing.T) {
	b := rootedOn(t, archivetest.SimulatedMaker(t), func(h *audit.HSMFacts) { h.Firmware = "2.4.0" })
	if r := verify(b.Image, archive.Options{}); !found(r, archive.Error, "attestation") {
		t.Errorf("findings %v", r.Findings)
	}
}

// The foreign validator knows no roots; what a chain says it checks as we do.
func TestAnAttestationThatIsNotOfTheRootKeyIsAnError(t *testing.T) {
	other := archivetest.NewMaker(t)
	for name, change := range map[string]func(*audit.KeyAttested){
		"another device's certificate":  func(e *audit.KeyAttested) { e.Chain[1] = base64.StdEncoding.EncodeToString(other.Device()) },
		"the certificates in one order": func(e *audit.KeyAttested) { e.Chain[0] = e.Chain[1] },
		"a wrong signature":             func(e *audit.KeyAttested) { e.Chain[0] = flipLast(e.Chain[0]) },
		"something else":                func(e *audit.KeyAttested) { e.Chain[0] = base64.StdEncoding.EncodeToString([]byte("none")) },
	} {
		t.Run(name, func(t *testing.T) {
			b := tamper(change)(t)
			r := verify(b.Image, archive.Options{})
			if !found(r, archive.Error, "attestation") {
				t.Errorf("findings %v", r.Findings)
			}
			for _, f := range r.Findings {
				if f.Level == archive.Error && f.Check != "attestation" {
					t.Errorf("something else is wrong too: %v", f)
				}
			}
			if whole, said := archivetest.Foreign(t, b.Image); whole {
				t.Errorf("the foreign validator says %s", said)
			}
		})
	}
}
