package main

import (
	"bytes"
	"encoding/pem"
	"os"
	"slices"
	"testing"

	"anodize/core/archive"
	"anodize/core/audit"
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
