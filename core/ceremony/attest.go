package ceremony

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/hsm/attestation"
)

// attest has the HSM vouch for the key that it has just made, if it is of a kind
// that can. A key that is attested wrongly signs nothing. A device that says that
// it attests no keys of this kind is no reason to stop: the log then has no
// key.attested, which is a warning for ever.
func (c *Ceremony) attest(ctx context.Context, u *unlocked, key hsm.Key, spki []byte) error {
	attester, ok := u.session.(hsm.Attester)
	if !ok {
		return nil
	}
	chain, err := attester.Attest(ctx, key)
	if errors.Is(err, hsm.ErrCannotAttest) {
		u.warn(fmt.Sprintf("HSM %s does not attest keys of this kind: no auditor can see from the archive that the key was made in it.", c.table.hsmInfo.Serial))
		return nil
	}
	if err != nil {
		return fmt.Errorf("having the root key attested: %w", err)
	}
	info := c.table.hsmInfo
	if _, err := attestation.Verify(chain, attestation.Claim{
		Serial: info.Serial, Firmware: info.Firmware, ID: key.ID, Label: key.Label, SPKI: spki,
	}); err != nil {
		return fmt.Errorf("checking what HSM %s attests of the root key, which is not used: %w", info.Serial, err)
	}
	e := audit.KeyAttested{Serial: info.Serial, ID: int(key.ID)}
	for _, der := range chain {
		e.Chain = append(e.Chain, base64.StdEncoding.EncodeToString(der))
	}
	return c.add(u.record, e)
}
