package archive

import (
	_ "embed"
	"encoding/base64"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/hsm/attestation"
)

// The root above every simulated device. Its key is public: it proves nothing,
// and is trusted in rehearsals alone.
//
//go:embed simulated.pem
var simulatedPEM []byte

// attested walks through a log, with what an attestation is compared with.
type attested struct {
	mode   string
	pinned bool // the caller trusts somebody
	roots  attestation.Roots
	hsm    audit.HSMFacts
	key    *audit.KeyGenerated // made, and not attested yet
	under  string              // the root that the last chain leads to
	chains int
}

// checkAttestation compares what the HSM attests of the root key with the key
// on record, and follows the signatures up to the pinned roots.
func (v *verifier) checkAttestation(c *check) string {
	a, err := v.newAttested()
	if err != nil {
		c.error("%v", err)
		return ""
	}
	for _, r := range v.res.Log.Records() {
		switch e := r.Event.(type) {
		case audit.CeremonyBegin:
			a.hsm, a.key = e.HSM, nil
		case audit.KeyGenerated:
			a.key = &e
		case audit.KeyAttested:
			a.chains++
			if err := a.check(c, r.Seq, e); err != nil {
				c.error("record %d: %v", r.Seq, err)
			}
			a.key = nil
		case audit.CeremonyEnd:
			a.ended(c, r.Seq)
		}
	}
	switch {
	case a.chains == 0:
		return ""
	case a.under == "":
		return "by its own certificate, the HSM made the root key"
	default:
		return "the HSM made the root key, and is vouched for by " + a.under
	}
}

func (v *verifier) newAttested() (*attested, error) {
	simulated, err := attestation.ParseRoots(simulatedPEM)
	if err != nil {
		return nil, fmt.Errorf("reading the simulated devices' root: %w", err)
	}
	a := &attested{pinned: !v.opts.Attestation.Empty(), roots: v.opts.Attestation.Without(simulated)}
	if g, ok := v.res.Log.Records()[0].Event.(audit.Genesis); ok {
		a.mode = g.Mode
	}
	if a.mode == "rehearsal" {
		a.roots = a.roots.Join(simulated)
	}
	return a, nil
}

// ended warns of a key that a YubiHSM made and did not attest.
func (a *attested) ended(c *check, seq uint64) {
	if a.key != nil && a.hsm.Backend == hsm.YubiHSM {
		c.warn("record %d: HSM %s did not attest the key %q", seq, a.key.Serial, a.key.Label)
	}
	a.key = nil
}

// check verifies one chain.
func (a *attested) check(c *check, seq uint64, e audit.KeyAttested) error {
	if a.key == nil || a.key.Serial != e.Serial || a.key.ID != e.ID {
		return errors.New("the key that it attests is not on record")
	}
	chain := make([][]byte, len(e.Chain))
	var err error
	for i, encoded := range e.Chain {
		if chain[i], err = base64.StdEncoding.DecodeString(encoded); err != nil {
			return fmt.Errorf("certificate %d: %w", i+1, err)
		}
	}
	spki, err := base64.StdEncoding.DecodeString(a.key.SPKI)
	if err != nil {
		return fmt.Errorf("spki: %w", err)
	}
	s, err := attestation.Verify(chain, attestation.Claim{
		Serial: a.hsm.Serial, Firmware: a.hsm.Firmware, ID: uint16(e.ID), Label: a.key.Label, SPKI: spki,
	})
	if err != nil {
		return err
	}
	a.under, err = a.roots.Trust(s)
	switch {
	case err == nil:
		return nil
	case !a.pinned:
		c.warn("record %d: no root was pinned, so that nothing shows that HSM %s is genuine; its certificate was issued by %s", seq, e.Serial, s.Issuer())
		return nil
	case a.mode != "rehearsal":
		return fmt.Errorf("%w (the simulated devices' root counts in a rehearsal alone)", err)
	}
	return err
}
