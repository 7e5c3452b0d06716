package ceremony

import (
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/profile"
	"anodize/core/quorum"
	"anodize/core/secret"
)

// initRoot makes the root: its custodians, its key inside the HSM, its
// certificate and its first CRL.
type initRoot struct{ policy quorum.Policy }

func (*initRoot) name() string  { return "init-root" }
func (*initRoot) title() string { return "Init root" }

func (op *initRoot) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	names, policy, err := c.askCustodians(ctx)
	if err != nil {
		return nil, err
	}
	op.policy = policy
	p := c.table.profile
	set, err := quorum.NewSetID(c.random)
	if err != nil {
		return nil, err
	}
	serial, err := ca.NewSerial(c.random)
	if err != nil {
		return nil, err
	}
	at := c.now().UTC().Truncate(time.Second)
	intent := audit.IntentInitRoot{
		Set: set, Generation: 1, Threshold: policy.Threshold, Custodians: names, HSM: c.hsmFacts(),
		KeyLabel: p.HSM.KeyLabel, KeySpec: string(p.HSM.KeySpec), Subject: rootSubject(p, c.mode), Serial: serialHex(serial),
		NotBefore: rfc3339(at), NotAfter: rfc3339(at.AddDate(0, 0, p.CA.ValidityDays).Add(-time.Second)), // both ends are included
		CRLNumber: c.table.archive.state.NextCRLNumber(), NextUpdate: rfc3339(at.AddDate(0, 0, p.CA.CRLValidityDays)),
	}
	out := &proposal{intent: intent, preview: op.preview(intent), notice: Notice{Kind: Danger, Text: "HSM " + intent.HSM.Serial + " will be reset: everything in it is lost for ever."}, sessions: 3}
	if c.table.archive.blank() {
		out.files = []disc.File{disc.NewFile(profileFile, p.Bytes())}
	}
	return out, nil
}

// rootSubject is the root's name in RFC 4514, as the intent carries it.
func rootSubject(p *profile.Profile, mode Mode) string {
	return pkix.Name{
		Country: []string{p.CA.Country}, Organization: []string{p.CA.Organization}, CommonName: mode.NamePrefix() + p.CA.CommonName,
	}.String()
}

func (op *initRoot) preview(i audit.IntentInitRoot) []FactGroup {
	root := []Fact{
		{Name: "Subject", Value: i.Subject}, {Name: "Valid", Value: fromRFC3339(i.NotBefore) + " to " + fromRFC3339(i.NotAfter), Mono: true},
		{Name: "Serial number", Value: groups(i.Serial), Mono: true}, {Name: "Key", Value: fmt.Sprintf("%s, made in HSM %s", keyKind(i.KeySpec), i.HSM.Serial)},
	}
	keepers := []Fact{{Name: "To open the HSM", Value: someOf(i.Threshold, len(i.Custodians)) + " custodians"}}
	keepers = append(keepers, Fact{Name: "In this order", Value: strings.Join(i.Custodians, ", ")})
	steps := []Fact{
		{Name: "First", Value: fmt.Sprintf("A new PIN is split into %d shares, each shown to its custodian and typed back", len(i.Custodians))},
		{Name: "Then", Value: "The HSM is reset; the key is made in it and signs the root and an empty CRL"},
		{Name: "At last", Value: "The record is written to the disc and read back, then the files go to the stick"},
	}
	return []FactGroup{{Title: "The root certificate", Facts: root}, {Title: "The custodians", Facts: keepers}, {Title: "What will happen", Facts: steps}}
}

func (op *initRoot) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	intent, ok := in.event.(audit.IntentInitRoot)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", in.event.Name())
	}
	drawn, err := op.newPIN(ctx, c, in)
	if err != nil {
		return nil, err
	}
	pin, roster, err := c.splitPIN(ctx, drawn, intent.Set, intent.Generation, op.policy, intent.Custodians)
	if err != nil {
		return nil, err
	}
	defer pin.Wipe()
	done, err := c.commitShares(ctx, in, roster, []string{intent.HSM.Serial})
	if err != nil {
		return nil, err
	}
	c.phase(executePhase)
	if err := op.bootstrap(ctx, c, in, done, pin); err != nil {
		return nil, err
	}
	return c.login(ctx, in, pin, intent.Generation)
}

// newPIN mixes the kernel's randomness with the HSM's.
func (op *initRoot) newPIN(ctx context.Context, c *Ceremony, in *intended) (*secret.Bytes, error) {
	p, err := c.needHSM(ctx, in, c.table.hsmInfo.Serial)
	if err != nil {
		return nil, err
	}
	c.show(working("Making the PIN", "Half of its randomness comes from the HSM, half from this machine."), true)
	drawn, err := p.device.Random(ctx, 2*quorum.PINSize)
	if err != nil {
		return nil, fmt.Errorf("drawing randomness from HSM %s: %w", c.table.hsmInfo.Serial, err)
	}
	defer secret.Wipe(drawn)
	return quorum.NewPIN(c.random, drawn)
}

// bootstrap makes the HSM the ceremony's own. It takes the commit session: the
// shares that will open the HSM are known to be right and on the disc.
func (op *initRoot) bootstrap(ctx context.Context, c *Ceremony, in *intended, _ committed, pin *secret.Bytes) error {
	return c.bootstrap(ctx, in, c.table.hsmInfo.Serial, pin)
}

func (op *initRoot) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentInitRoot)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	work := c.newWork("Making the root", "The key is made inside the HSM and never leaves it.",
		"Making the key", "Signing the root certificate", "Signing the first CRL", "Reading the HSM's own log")
	s, err := op.makeKey(ctx, c, u, intent)
	if err != nil {
		return nil, err
	}
	work.next()
	root, err := op.signRoot(ctx, c, s, intent)
	if err != nil {
		return nil, err
	}
	work.next()
	if err := op.signCRL(ctx, c, s, root, intent); err != nil {
		return nil, err
	}
	work.next()
	x := &executed{intended: u.intended}
	if err := c.recordLogs(ctx, u.intended); err != nil {
		return nil, err
	}
	return x, c.compare(ctx, x)
}

func (op *initRoot) makeKey(ctx context.Context, c *Ceremony, u *unlocked, intent audit.IntentInitRoot) (*signing, error) {
	spec, err := hsm.ParseKeySpec(intent.KeySpec)
	if err != nil {
		return nil, err
	}
	key, err := u.session.GenerateKey(ctx, intent.KeyLabel, spec)
	if err != nil {
		return nil, fmt.Errorf("making the root key: %w", err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public)
	if err != nil {
		return nil, fmt.Errorf("encoding the public key: %w", err)
	}
	if err := c.add(u.record, audit.KeyGenerated{
		Serial: c.table.hsmInfo.Serial, ID: int(key.ID), Label: key.Label, Spec: string(key.Spec), SPKI: base64.StdEncoding.EncodeToString(spki),
	}); err != nil {
		return nil, err
	}
	return &signing{u, key}, c.attest(ctx, u, key, spki)
}

func (op *initRoot) signRoot(ctx context.Context, c *Ceremony, s *signing, intent audit.IntentInitRoot) (*x509.Certificate, error) {
	serial, err := parseSerial(intent.Serial)
	if err != nil {
		return nil, err
	}
	notBefore, err := time.Parse(time.RFC3339, intent.NotBefore)
	if err != nil {
		return nil, fmt.Errorf("reading the intent: %w", err)
	}
	tbs, err := ca.RootTBS(c.table.profile, c.mode.NamePrefix(), s.key.Public, serial, notBefore)
	if err != nil {
		return nil, fmt.Errorf("building the root certificate: %w", err)
	}
	der, err := s.sign(ctx, tbs)
	if err != nil {
		return nil, fmt.Errorf("signing the root certificate: %w", err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the root certificate: %w", err)
	}
	if err := matches(root, intent); err != nil {
		return nil, err
	}
	a, event := c.certificate("root", rootCertificate, der, root)
	return root, c.issued(s.intended, a, event)
}

// matches compares what was signed with what the intent said before the key
// existed.
func matches(root *x509.Certificate, intent audit.IntentInitRoot) error {
	switch {
	case root.Subject.String() != intent.Subject,
		serialHex(root.SerialNumber) != intent.Serial,
		rfc3339(root.NotBefore) != intent.NotBefore,
		rfc3339(root.NotAfter) != intent.NotAfter:
		return errors.New("the root certificate is not what the intent on the disc says: it is not used")
	}
	return nil
}

func (op *initRoot) signCRL(ctx context.Context, c *Ceremony, s *signing, root *x509.Certificate, intent audit.IntentInitRoot) error {
	next, err := time.Parse(time.RFC3339, intent.NextUpdate)
	if err != nil {
		return fmt.Errorf("reading the intent: %w", err)
	}
	tbs, err := ca.CRLTBS(root, new(big.Int).SetUint64(intent.CRLNumber), root.NotBefore, next, nil)
	if err != nil {
		return fmt.Errorf("building the first CRL: %w", err)
	}
	return c.signList(ctx, s, tbs)
}
