package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"slices"
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/ceremony"
	"anodize/devices/sim"
)

const cmdSignAttestation = 0x64

// The validator knows the simulated devices' root by itself, from a file.
func TestTheRootThatCountsInRehearsalsIsTheSimulatedOne(t *testing.T) {
	text, err := os.ReadFile("../../core/archive/simulated.pem")
	if err != nil {
		t.Fatal(err)
	}
	if block, _ := pem.Decode(text); block == nil || !bytes.Equal(block.Bytes, sim.HSMAttestationRoot()) {
		t.Error("core/archive/simulated.pem is another certificate")
	}
}

// toKey makes a root up to the last share, which is typed and not yet taken.
func (h *hands) toKey() {
	h.t.Helper()
	h.planRoot(custodians, 2)
	h.on("On the disc", "next")
	h.showAll(3)
	for i := range 3 {
		h.share(i)
	}
	h.expect("On the disc")
}

func TestTheRootKeyIsAttestedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	h := enter(t, newTestRoom(t, nil))
	h.gates()
	h.toKey()
	took := commands(h.room, func() {
		h.press("next")
		h.expect("Compare the fingerprint")
	})
	at := slices.Index(took, cmdSignAttestation)
	if at < 0 || at > slices.Index(took, cmdSignECDSA) {
		t.Fatalf("making the root took the commands %x", took)
	}
	h.finish("Init root")
	h.noted()
	passed := slices.ContainsFunc(sound(t, h.room).Findings, func(f archive.Finding) bool { return f.Check == "attestation" && f.Level == archive.Pass })
	if !passed {
		t.Error("the validator does not say that the key is attested")
	}

	for name, fault := range map[string]sim.HSMFault{"a key said to be imported": sim.HSMMisattest, "no answer": sim.HSMLoseAnswer} {
		t.Run(name, func(t *testing.T) {
			h := enter(t, newTestRoom(t, nil))
			h.gates()
			h.toKey()
			h.room.hsm.FaultIn(at+1, fault)
			took := commands(h.room, func() {
				h.press("next")
				h.closeIntent("The key is not attested")
			})
			if slices.Contains(took, cmdSignECDSA) {
				t.Error("the key was used")
			}
			for _, r := range sound(t, h.room).Log.Records() {
				switch r.Event.(type) {
				case audit.KeyAttested, audit.CertificateIssued:
					t.Errorf("record %d is a %s", r.Seq, r.Event.Name())
				}
			}
		})
	}
}

// An HSM that says that it cannot attest an Ed25519 key makes the root all the
// same, and everyone is told; of a key that every HSM attests it stops.
func TestAnHSMThatCannotAttestItsKey(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../testdata/profile.toml")
	if err != nil {
		t.Fatal(err)
	}
	edwards := strings.Replace(string(text), "ecdsa-p384", "ed25519", 1)
	for name, tc := range map[string]struct {
		files map[string]string
		goes  bool
	}{
		"an Ed25519 key": {map[string]string{"profile.toml": edwards}, true},
		"a key on P-384": {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			well := enter(t, newTestRoom(t, tc.files))
			well.gates()
			well.toKey()
			took := commands(well.room, func() {
				well.press("next")
				well.expect("Compare the fingerprint")
			})
			h := enter(t, newTestRoom(t, tc.files))
			h.gates()
			h.toKey()
			h.room.hsm.FaultIn(slices.Index(took, cmdSignAttestation)+1, sim.HSMRefuseAttest)
			h.press("next")
			if !tc.goes {
				h.closeIntent("It does not attest the key")
				return
			}
			warned := false
			h.seen = func(v *ceremony.View) {
				warned = warned || strings.Contains(v.Notice.Text, "does not attest keys of this kind")
			}
			h.finish("Init root")
			h.noted()
			if !warned {
				t.Error("nobody was told")
			}
			result := sound(t, h.room)
			if !slices.ContainsFunc(result.Findings, func(f archive.Finding) bool { return f.Check == "attestation" && f.Level == archive.Warn }) {
				t.Errorf("the validator does not warn: %v", result.Findings)
			}
		})
	}
}
