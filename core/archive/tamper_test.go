package archive_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"slices"
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
)

// tamper makes an archive whose events of one type are changed as they are
// logged. The log keeps its rules; what it says is not so.
func tamper[E audit.Event](change func(*E)) func(t *testing.T) *archivetest.Builder {
	return func(t *testing.T) *archivetest.Builder {
		b := archivetest.New(t, "rehearsal")
		b.Tamper = func(e audit.Event) audit.Event {
			if it, ok := e.(E); ok {
				change(&it)
				return it
			}
			return e
		}
		b.InitRoot()
		b.SignCSR()
		b.IssueCRL()
		return b
	}
}

// rooted makes an archive whose root certificate or first CRL is another one.
func rooted(root func(b *archivetest.Builder, template *x509.Certificate), crl func(b *archivetest.Builder, template *x509.RevocationList)) func(t *testing.T) *archivetest.Builder {
	return func(t *testing.T) *archivetest.Builder {
		b := archivetest.New(t, "rehearsal")
		b.RootTemplate, b.CRLTemplate = root, crl
		b.InitRoot()
		return b
	}
}

func TestWhatTheLogSaysAndIsNotSo(t *testing.T) {
	intermediate := func(change func(*audit.CertificateIssued)) func(t *testing.T) *archivetest.Builder {
		return tamper(func(e *audit.CertificateIssued) {
			if e.Kind == "intermediate" {
				change(e)
			}
		})
	}
	for name, c := range map[string]struct {
		make  func(t *testing.T) *archivetest.Builder
		check string
	}{
		"a certificate valid from another time": {intermediate(func(e *audit.CertificateIssued) { e.NotBefore = "2020-01-01T00:00:00Z" }), "artifacts"},
		"a certificate valid to another time":   {intermediate(func(e *audit.CertificateIssued) { e.NotAfter = "2099-01-01T00:00:00Z" }), "artifacts"},
		"a certificate of another name":         {intermediate(func(e *audit.CertificateIssued) { e.Subject = "CN=Other" }), "artifacts"},
		"a CRL of another time":                 {tamper(func(e *audit.CRLIssued) { e.ThisUpdate = "2020-01-01T00:00:00Z" }), "artifacts"},
		"a CRL with entries that are not there": {tamper(func(e *audit.CRLIssued) { e.Revoked = int(e.Number) - 1 }), "artifacts"},
		"a CRL with other bytes than intended":  {tamper(func(e *audit.IntentIssueCRL) { e.TBS = base64.StdEncoding.EncodeToString([]byte("other")) }), "artifacts"},
		"a request that is none":                {tamper(func(e *audit.IntentSignCSR) { e.CSR = base64.StdEncoding.EncodeToString([]byte("none")) }), "artifacts"},
		"a request with a wrong signature":      {tamper(func(e *audit.IntentSignCSR) { e.CSR = flipLast(e.CSR) }), "artifacts"},
		"a request with another key":            {tamper(func(e *audit.IntentSignCSR) { e.CSR = anotherRequest(t) }), "artifacts"},
		"another key than the root's":           {tamper(func(e *audit.KeyGenerated) { e.SPKI = base64.StdEncoding.EncodeToString([]byte("key")) }), "artifacts"},
		"a serial number that only the log has": {relabelled, "artifacts"},
		"a profile that is not in the profile":  {tamper(func(e *audit.IntentSignCSR) { e.Profile = "other" }), "profile"},
		"a last entry of another number":        {tamper(func(e *audit.HSMLog) { e.LastNumber++ }), "hsm log"},
		"a last entry of another digest":        {tamper(func(e *audit.HSMLog) { e.LastDigest = strings.Repeat("5a", 16) }), "hsm log"},
		"a device log without its entries":      {tamper(func(e *audit.HSMLog) { e.Entries = nil }), "hsm log"},
		"a device log told twice":               {tamper(func(e *audit.HSMLog) { e.Entries = append(slices.Clone(e.Entries), e.Entries...) }), "hsm log"},
		"a root that is no CA":                  {rooted(func(_ *archivetest.Builder, c *x509.Certificate) { c.IsCA = false }, nil), "artifacts"},
		"a root without a rehearsal's name": {rooted(func(_ *archivetest.Builder, c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "Example Root CA"}
		}, nil), "artifacts"},
		"a root called otherwise": {rooted(func(_ *archivetest.Builder, c *x509.Certificate) {
			c.Subject = pkix.Name{CommonName: "REHEARSAL Other CA"}
		}, nil), "profile"},
		"a root that may sign no CRL":        {rooted(func(_ *archivetest.Builder, c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCertSign }, nil), "artifacts"},
		"a CRL of a number that only it has": {rooted(nil, func(_ *archivetest.Builder, l *x509.RevocationList) { l.Number = big.NewInt(9) }), "artifacts"},
		"a CRL whose next update is another": {rooted(nil, func(b *archivetest.Builder, l *x509.RevocationList) { l.NextUpdate = l.NextUpdate.AddDate(1, 0, 0) }), "artifacts"},
		"a CRL with an entry that is not logged": {rooted(nil, func(b *archivetest.Builder, l *x509.RevocationList) {
			l.RevokedCertificateEntries = []x509.RevocationListEntry{{SerialNumber: big.NewInt(5), RevocationTime: l.ThisUpdate}}
		}), "artifacts"},
	} {
		t.Run(name, func(t *testing.T) {
			r := verify(c.make(t).Image, archive.Options{})
			found := slices.ContainsFunc(r.Findings, func(f archive.Finding) bool { return f.Level == archive.Error && f.Check == c.check })
			if !found {
				t.Errorf("no error of %q: %v", c.check, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Level == archive.Error && (f.Check == "replay" || f.Check == "files") {
					t.Errorf("something else is wrong too: %v", f)
				}
			}
		})
	}
}

// relabelled makes an archive whose intent and certificate.issued agree on a
// serial number that the certificate does not have.
func relabelled(t *testing.T) *archivetest.Builder {
	b := archivetest.New(t, "rehearsal")
	b.Tamper = func(e audit.Event) audit.Event {
		switch e := e.(type) {
		case audit.IntentSignCSR:
			e.Serial = "05"
			return e
		case audit.CertificateIssued:
			if e.Kind == "intermediate" {
				e.Serial = "05"
			}
			return e
		}
		return e
	}
	b.InitRoot()
	b.SignCSR()
	return b
}

func flipLast(text string) string {
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	der[len(der)-1] ^= 1
	return base64.StdEncoding.EncodeToString(der)
}

func anotherRequest(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	must(t, err)
	return base64.StdEncoding.EncodeToString(der)
}

func TestAFileThatIsNotDERIsAnError(t *testing.T) {
	for _, name := range []string{"ROOT.CRT", "ROOT.CRL"} {
		b := archivetest.New(t, "rehearsal")
		junk := disc.NewFile(name, []byte("not DER"))
		sum := archivetest.Facts([]disc.File{junk})[0].SHA256
		b.Tamper = func(e audit.Event) audit.Event {
			switch e := e.(type) {
			case audit.CertificateIssued:
				if e.File == name {
					e.SHA256 = sum
					b.Files[len(b.Files)-1] = junk
				}
				return e
			case audit.CRLIssued:
				if e.File == name {
					e.SHA256 = sum
					b.Files[len(b.Files)-1] = junk
				}
				return e
			}
			return e
		}
		b.InitRoot()
		r := verify(b.Image, archive.Options{})
		if !slices.ContainsFunc(r.Findings, func(f archive.Finding) bool { return f.Level == archive.Error && f.Check == "artifacts" }) {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
}

func TestUnloggedStartsAreAWarning(t *testing.T) {
	b := tamper(func(e *audit.HSMLog) { e.UnloggedBoots = 1 })(t)
	if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Warn {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestADeviceLogThatDoesNotBeginWithAResetIsAWarning(t *testing.T) {
	first := true
	b := tamper(func(e *audit.HSMLog) {
		if first {
			e.Entries = e.Entries[1:]
		}
		first = false
	})(t)
	if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Warn {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestAYubiHSMWithoutALogIsAnError(t *testing.T) {
	empty := func(e *audit.HSMLog) { *e = audit.HSMLog{Serial: e.Serial} }
	r := verify(tamper(empty)(t).Image, archive.Options{})
	if !found(r, archive.Error, "hsm log") {
		t.Errorf("findings %v", r.Findings)
	}

	// What is said of an HSM changes nothing: what drives it is the profile's to say.
	b := archivetest.New(t, "rehearsal")
	b.Maker = nil
	b.Tamper = func(e audit.Event) audit.Event {
		switch e := e.(type) {
		case audit.CeremonyBegin:
			e.HSM.Backend = "pkcs11"
			return e
		case audit.IntentInitRoot:
			e.HSM.Backend = "pkcs11"
			return e
		case audit.HSMBootstrapped:
			e.HSM.Backend = "pkcs11"
			return e
		case audit.HSMLog:
			empty(&e)
			return e
		}
		return e
	}
	b.InitRoot()
	r = verify(b.Image, archive.Options{})
	if found(r, archive.Error, "hsm log") || !found(r, archive.Error, "profile") {
		t.Errorf("said to be of another kind: findings %v", r.Findings)
	}
}
