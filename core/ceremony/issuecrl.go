package ceremony

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"time"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/hsm"
)

// issueCRL signs a fresh revocation list.
type issueCRL struct{}

func (issueCRL) name() string  { return "issue-crl" }
func (issueCRL) title() string { return "Issue CRL" }

func (issueCRL) plan(_ context.Context, c *Ceremony) (*proposal, error) {
	number := c.table.archive.state.NextCRLNumber()
	at := c.now().UTC().Truncate(time.Second)
	tbs, err := ca.CRLTBS(c.table.archive.root, new(big.Int).SetUint64(number), at, at.AddDate(0, 0, c.table.profile.CA.CRLValidityDays), nil)
	if err != nil {
		return nil, fmt.Errorf("building the CRL: %w", err)
	}
	facts, err := described(tbs)
	if err != nil {
		return nil, err
	}
	return &proposal{
		intent:   audit.IntentIssueCRL{Number: number, File: rootCRL, TBS: base64.StdEncoding.EncodeToString(tbs)},
		preview:  []FactGroup{{Title: rootCRL + ", exactly as it will be signed", Facts: facts}},
		sessions: 2,
		actions:  []hsm.Action{hsm.Login, hsm.Signature},
	}, nil
}

func (issueCRL) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	return c.unlock(ctx, in)
}

func (issueCRL) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentIssueCRL)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	return c.signIntended(ctx, u, "Signing the CRL", intent.File, intent.TBS, c.signList)
}

// signList signs a CRL and puts it on record.
func (c *Ceremony) signList(ctx context.Context, s *signing, tbs []byte) error {
	der, err := s.sign(ctx, tbs)
	if err != nil {
		return fmt.Errorf("signing %s: %w", rootCRL, err)
	}
	list, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("reading %s: %w", rootCRL, err)
	}
	facts := []Fact{
		{Name: "CRL number", Value: list.Number.String(), Mono: true},
		{Name: "Valid", Value: stamp(list.ThisUpdate) + " to " + stamp(list.NextUpdate), Mono: true},
		{Name: "Revoked", Value: plural(len(list.RevokedCertificateEntries), "certificate")},
		{Name: "Signed by", Value: "HSM " + c.table.hsmInfo.Serial},
	}
	f := fileFact(rootCRL, der)
	return c.issued(s.intended, artifact{rootCRL, der, facts}, audit.CRLIssued{
		Number: list.Number.Uint64(), File: rootCRL, SHA256: f.SHA256,
		ThisUpdate: rfc3339(list.ThisUpdate), NextUpdate: rfc3339(list.NextUpdate), Revoked: len(list.RevokedCertificateEntries),
	})
}
