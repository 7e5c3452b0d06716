package ceremony

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/hsm"
	"anodize/core/profile"
)

// signCSR certifies an intermediate CA from a request on the stick.
type signCSR struct{}

func (signCSR) name() string  { return "sign-csr" }
func (signCSR) title() string { return "Sign CSR" }

func (op signCSR) plan(ctx context.Context, c *Ceremony) (*proposal, error) {
	req, err := op.pick(ctx, c)
	if err != nil {
		return nil, err
	}
	cp, err := op.pickProfile(ctx, c)
	if err != nil {
		return nil, err
	}
	serial, err := ca.NewSerial(c.random)
	if err != nil {
		return nil, err
	}
	at := c.now().UTC().Truncate(time.Second)
	tbs, err := ca.IntermediateTBS(c.table.archive.root, req, cp, c.table.profile.CA.CDPURL, c.mode.NamePrefix(), serial, at)
	if err != nil {
		return nil, fmt.Errorf("building the certificate: %w", err)
	}
	facts, err := described(tbs)
	if err != nil {
		return nil, err
	}
	file := fmt.Sprintf("INTCA%d.CRT", c.table.archive.state.Intermediates+1)
	return &proposal{
		intent: audit.IntentSignCSR{
			Profile: cp.Name, File: file, Serial: serialHex(serial),
			CSR: base64.StdEncoding.EncodeToString(req.DER()), TBS: base64.StdEncoding.EncodeToString(tbs),
		},
		preview: []FactGroup{
			{Title: file + ", exactly as it will be signed", Facts: facts},
			{Title: "The request", Facts: requestFacts(req)},
		},
		sessions: 2,
		actions:  []hsm.Action{hsm.Login, hsm.Signature},
	}, nil
}

// requestFacts is the request beside what will be made of it.
func requestFacts(r *ca.Request) []Fact {
	key := r.SPKIHash()
	facts := []Fact{
		{Name: "Subject", Value: r.Subject()}, {Name: "Key", Value: r.KeyDescription()}, {Name: "Key, SHA-256", Value: groups(hexOf(key[:])), Mono: true},
	}
	if asked := r.IgnoredExtensions(); len(asked) > 0 {
		facts = append(facts, Fact{Name: "Asked for, not granted", Value: strings.Join(asked, ", ")})
	}
	return facts
}

// pick has people pick a request. Its signature is checked before anything in
// it is shown.
func (op signCSR) pick(ctx context.Context, c *Ceremony) (*ca.Request, error) {
	for {
		names, err := c.table.stick.List(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing the files on the stick: %w", err)
		}
		names = ca.RequestNames(names)
		if len(names) == 0 {
			return nil, errors.New("the stick holds no request: copy a .csr file to its top level")
		}
		choices := make([]Choice, len(names))
		for i, name := range names {
			choices[i] = Choice{Label: name}
		}
		at, err := c.askChoice(ctx, "Which request shall be signed?", "These are the requests on the stick.", choices, "Back to the menu")
		if err != nil {
			return nil, err
		}
		req, err := op.read(ctx, c, names[at])
		if err == nil {
			return req, nil
		}
		if err := c.tellProblem(ctx, "This request is refused", err); err != nil {
			return nil, err
		}
	}
}

func (signCSR) read(ctx context.Context, c *Ceremony, name string) (*ca.Request, error) {
	data, err := c.table.stick.ReadFile(ctx, name, ca.MaxRequestSize)
	if err != nil {
		return nil, fmt.Errorf("reading %s from the stick: %w", name, err)
	}
	req, err := ca.ParseCSR(data)
	if err != nil {
		return nil, fmt.Errorf("checking %s: %w", name, err)
	}
	return req, nil
}

func (signCSR) pickProfile(ctx context.Context, c *Ceremony) (profile.CertProfile, error) {
	all := c.table.profile.CertProfiles
	choices := make([]Choice, len(all))
	for i, cp := range all {
		choices[i] = Choice{Label: cp.Name, Detail: certificateKind(cp)}
	}
	at, err := c.askChoice(ctx, "What kind of certificate shall it be?", "The profile allows these.", choices, "Back to the menu")
	if err != nil {
		return profile.CertProfile{}, err
	}
	return all[at], nil
}

func (signCSR) quorum(ctx context.Context, c *Ceremony, in *intended) (*unlocked, error) {
	return c.unlock(ctx, in)
}

func (signCSR) execute(ctx context.Context, c *Ceremony, u *unlocked) (*executed, error) {
	intent, ok := u.event.(audit.IntentSignCSR)
	if !ok {
		return nil, fmt.Errorf("the intent on the disc is a %s", u.event.Name())
	}
	return c.signIntended(ctx, u, "Signing the certificate", intent.File, intent.TBS,
		func(ctx context.Context, s *signing, tbs []byte) error {
			return c.signCertificate(ctx, s, "intermediate", intent.File, tbs)
		})
}

// signCertificate signs a certificate and puts it on record.
func (c *Ceremony) signCertificate(ctx context.Context, s *signing, kind, file string, tbs []byte) error {
	der, err := s.sign(ctx, tbs)
	if err != nil {
		return fmt.Errorf("signing %s: %w", file, err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("reading %s: %w", file, err)
	}
	a, event := c.certificate(kind, file, der, cert)
	return c.issued(s.intended, a, event)
}

// certificate puts a signed certificate on record.
func (c *Ceremony) certificate(kind, file string, der []byte, cert *x509.Certificate) (artifact, audit.CertificateIssued) {
	f := fileFact(file, der)
	facts := []Fact{
		{Name: "Subject", Value: cert.Subject.String()},
		{Name: "Valid", Value: stamp(cert.NotBefore) + " to " + stamp(cert.NotAfter), Mono: true},
		{Name: "Serial number", Value: groups(serialHex(cert.SerialNumber)), Mono: true},
		{Name: "Signed by", Value: "HSM " + c.table.hsmInfo.Serial},
	}
	return artifact{file, der, facts}, audit.CertificateIssued{
		Kind: kind, File: file, SHA256: f.SHA256, Serial: serialHex(cert.SerialNumber), Subject: cert.Subject.String(),
		NotBefore: rfc3339(cert.NotBefore), NotAfter: rfc3339(cert.NotAfter),
	}
}
