package archive_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
)

// huge is an RSA key of so many bits that to verify one signature takes seconds; with
// those that fit into a log it would take days.
func huge(t *testing.T) *rsa.PublicKey {
	t.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 1<<16))
	must(t, err)
	return &rsa.PublicKey{N: n.SetBit(n.SetBit(n, 1<<16-1, 1), 0, 1), E: 1<<31 - 1}
}

// hugeRequest is a request for that key, with a signature of some bytes (RFC 2986,
// section 4).
func hugeRequest(t *testing.T) []byte {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(huge(t))
	must(t, err)
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(0)
			b.AddASN1(asn1.SEQUENCE, func(*cryptobyte.Builder) {}) // no name
			b.AddBytes(spki)
			b.AddASN1(asn1.Tag(0).ContextSpecific().Constructed(), func(*cryptobyte.Builder) {})
		})
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1ObjectIdentifier([]int{1, 2, 840, 113549, 1, 1, 11})
			b.AddASN1NULL()
		})
		b.AddASN1BitString(make([]byte, 1<<13))
	})
	der, err := b.Bytes()
	must(t, err)
	return der
}

func TestAKeyThatTakesDaysToVerifyIsRefusedBeforeItIsUsed(t *testing.T) {
	for name, make := range map[string]func(t *testing.T) *archivetest.Builder{
		"a request's": tamper(func(e *audit.IntentSignCSR) {
			e.CSR = base64.StdEncoding.EncodeToString(hugeRequest(t))
		}),
		"the root's": hugeRoot,
	} {
		r := verify(make(t).Image, archive.Options{})
		said := slices.ContainsFunc(r.Findings, func(f archive.Finding) bool {
			return f.Level == archive.Error && f.Check == "artifacts" && strings.Contains(f.What, "RSA of 65536 bits")
		})
		if !said {
			t.Errorf("%s: findings %v", name, r.Findings)
		}
	}
}

// hugeRoot makes an archive whose root certificate has that key.
func hugeRoot(t *testing.T) *archivetest.Builder {
	b := archivetest.New(t, "rehearsal")
	b.Maker = nil
	var root *x509.Certificate
	b.Tamper = func(e audit.Event) audit.Event {
		switch e := e.(type) {
		case audit.IntentInitRoot:
			serial, _ := new(big.Int).SetString(e.Serial, 16)
			root = selfIssued(t, &x509.Certificate{SerialNumber: serial, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
				Subject: b.RootName(), NotBefore: b.Now, NotAfter: b.Now.AddDate(20, 0, 0)})
			e.NotBefore, e.NotAfter = archivetest.Stamp(root.NotBefore), archivetest.Stamp(root.NotAfter)
			return e
		case audit.KeyGenerated:
			e.SPKI = base64.StdEncoding.EncodeToString(root.RawSubjectPublicKeyInfo)
			return e
		case audit.CertificateIssued:
			f := disc.NewFile("ROOT.CRT", root.Raw)
			b.Files[len(b.Files)-1] = f
			e.SHA256, e.NotBefore, e.NotAfter = archivetest.Facts([]disc.File{f})[0].SHA256, archivetest.Stamp(root.NotBefore), archivetest.Stamp(root.NotAfter)
			return e
		}
		return e
	}
	b.InitRoot()
	return b
}

func selfIssued(t *testing.T, template *x509.Certificate) *x509.Certificate {
	t.Helper()
	signer, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, template, huge(t), signer)
	must(t, err)
	cert, err := x509.ParseCertificate(der)
	must(t, err)
	return cert
}

// A profile is what the people agreed on: whoever has the key made sign something else
// for a moment must not get it past an auditor by saying so in the intent.
func TestACertificateThatTheProfileDoesNotAllowIsAnError(t *testing.T) {
	child := func(change func(*x509.Certificate)) func(*testing.T) *archivetest.Builder {
		return func(t *testing.T) *archivetest.Builder {
			b := archivetest.New(t, "rehearsal")
			b.ChildTemplate = change
			b.InitRoot()
			b.SignCSR()
			return b
		}
	}
	root := func(change func(*x509.Certificate)) func(*testing.T) *archivetest.Builder {
		return rooted(func(_ *archivetest.Builder, c *x509.Certificate) { change(c) }, nil)
	}
	list := func(change func(*x509.RevocationList)) func(*testing.T) *archivetest.Builder {
		return func(t *testing.T) *archivetest.Builder {
			b := archivetest.Whole(t, "rehearsal", 0, 0)
			b.CRLTemplate = func(_ *archivetest.Builder, l *x509.RevocationList) { change(l) }
			b.Tamper = func(e audit.Event) audit.Event {
				if it, ok := e.(audit.CRLIssued); ok {
					l := x509.RevocationList{ThisUpdate: b.Root.NotBefore, NextUpdate: b.Root.NotBefore.AddDate(0, 0, 365)}
					change(&l)
					it.ThisUpdate, it.NextUpdate = archivetest.Stamp(l.ThisUpdate), archivetest.Stamp(l.NextUpdate)
					return it
				}
				return e
			}
			b.IssueCRL()
			return b
		}
	}
	anyUsage := pkix.Extension{Id: []int{2, 5, 29, 37}, Value: []byte{0x30, 0x06, 0x06, 0x04, 0x55, 0x1d, 0x25, 0x00}}
	someCerts := pkix.Extension{Id: []int{2, 5, 29, 28}, Critical: true, Value: []byte{0x30, 0x03, 0x81, 0x01, 0xff}} // of users alone
	for name, c := range map[string]struct {
		make func(*testing.T) *archivetest.Builder
		said string
	}{
		"a longer path":            {child(func(c *x509.Certificate) { c.MaxPathLen = 3 }), "path length"},
		"a path without end":       {child(func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = -1, false }), "path length"},
		"another name than asked":  {child(func(c *x509.Certificate) { c.Subject.CommonName = "REHEARSAL Other" }), "by its request"},
		"one name more than asked": {child(func(c *x509.Certificate) { c.Subject.Organization = []string{"Other"} }), "by its request"},
		"a day more":               {child(func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(0, 0, 1) }), "valid until"},
		"a beginning in the past": {child(func(c *x509.Certificate) {
			c.NotBefore = c.NotBefore.AddDate(0, 0, -9)
			c.NotAfter = c.NotAfter.AddDate(0, 0, -9)
		}), "begins at"},
		"a beginning to come": {child(func(c *x509.Certificate) {
			c.NotBefore = c.NotBefore.AddDate(0, 0, 9)
			c.NotAfter = c.NotAfter.AddDate(0, 0, 9)
		}), "begins at"},
		"another CRL":  {child(func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://other.example.com"} }), "CRL is at"},
		"no CRL":       {child(func(c *x509.Certificate) { c.CRLDistributionPoints = nil }), "CRL is at"},
		"a constraint": {child(func(c *x509.Certificate) { c.PermittedDNSDomains = []string{"example.com"} }), "constrained"},
		"a constraint to addresses": {child(func(c *x509.Certificate) {
			c.PermittedIPRanges = []*net.IPNet{{IP: net.IP{192, 0, 2, 0}, Mask: net.CIDRMask(24, 32)}}
		}), "constrained"},
		"signatures of all kinds":    {child(func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature }), "key usage"},
		"an extension of any kind":   {child(func(c *x509.Certificate) { c.ExtraExtensions = []pkix.Extension{anyUsage} }), "extension 2.5.29.37"},
		"a root of another country":  {root(func(c *x509.Certificate) { c.Subject.Country = []string{"SE"} }), "by the profile"},
		"a root of forty years":      {root(func(c *x509.Certificate) { c.NotAfter = c.NotAfter.AddDate(20, 0, 0) }), "valid until"},
		"a root with a bounded path": {root(func(c *x509.Certificate) { c.MaxPathLen = 1 }), "bounds its own path"},
		"a CRL for longer":           {list(func(l *x509.RevocationList) { l.NextUpdate = l.NextUpdate.AddDate(0, 0, 1) }), "next update"},
		"a CRL of some certificates": {list(func(l *x509.RevocationList) { l.ExtraExtensions = []pkix.Extension{someCerts} }), "extension 2.5.29.28"},
		"a CRL of another day": {list(func(l *x509.RevocationList) {
			l.ThisUpdate, l.NextUpdate = l.ThisUpdate.AddDate(0, 0, -9), l.NextUpdate.AddDate(0, 0, -9)
		}), "begins at"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := verify(c.make(t).Image, archive.Options{})
			errs := slices.DeleteFunc(slices.Clone(r.Findings), func(f archive.Finding) bool { return f.Level != archive.Error })
			if len(errs) != 1 || errs[0].Check != "artifacts" || !strings.Contains(errs[0].What, c.said) {
				t.Errorf("not just one error of %q: %v", c.said, errs)
			}
		})
	}
}

func TestACopiedFileOfNothingButHolesIsNotRead(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, "20260425T143000Z-intent"), 0o700))
	name := filepath.Join(dir, "20260425T143000Z-intent", "AUDIT.LOG")
	must(t, os.WriteFile(name, nil, 0o600))
	must(t, os.Truncate(name, 1<<40))
	sessions, damage, err := archive.FromDirectory(os.DirFS(dir))
	must(t, err)
	if len(damage) != 1 || !strings.Contains(damage[0].Error(), "more than a file") || len(sessions[0].Directories[0].Files) != 0 {
		t.Errorf("%v, damage %v", sessions, damage)
	}
}

func TestAKeyOfNoNumberSignsNothing(t *testing.T) {
	b := archivetest.New(t, "rehearsal")
	b.Maker = nil
	b.Tamper = func(e audit.Event) audit.Event {
		if key, ok := e.(audit.KeyGenerated); ok {
			key.ID = 0
			return key
		}
		return e
	}
	b.InitRoot()
	r := verify(b.Image, archive.Options{})
	if !slices.ContainsFunc(r.Findings, func(f archive.Finding) bool {
		return f.Level == archive.Error && f.Check == "hsm log" && strings.Contains(f.What, "signed with the key 0x0001")
	}) {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestADiscThatFillsTheMemoryIsNotReadToItsEnd(t *testing.T) {
	many := &disc.Session{Directories: []disc.Directory{{Files: make([]disc.File, 1<<18)}}}
	reads := 0
	sessions, damage := archive.FromTracks(make([]disc.Track, 99), func(disc.Track) (*disc.Session, error) { reads++; return many, nil })
	if len(sessions) != 4 || reads != 5 || len(damage) != 1 {
		t.Errorf("%d sessions after %d readings, damage %v", len(sessions), reads, damage)
	}
}
