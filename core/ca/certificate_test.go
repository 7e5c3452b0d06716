package ca

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/profile"
)

var specs = []profile.KeySpec{profile.ECDSAP256, profile.ECDSAP384, profile.ECDSAP521, profile.Ed25519, profile.RSA3072}

// TestOthersAcceptWhatIsIssued plays root, intermediate and CRL with every kind
// of root key, and asks OpenSSL and GnuTLS.
func TestOthersAcceptWhatIsIssued(t *testing.T) {
	for _, spec := range specs {
		t.Run(string(spec), func(t *testing.T) {
			now := time.Now() // certtool knows no other time
			r := newRootAt(t, spec, "", now.Add(-2*day))
			req := mustRequest(t, p256CSR(t))
			one := parse(t, r.intermediate(t, req, r.p.CertProfiles[0], ""))
			two := parse(t, r.intermediate(t, req, r.p.CertProfiles[1], ""))
			tbs, err := CRLTBS(r.cert, big.NewInt(7), now, now.Add(365*day), []Revoked{
				{one.SerialNumber, now, 1}, {big.NewInt(4711), now.Add(-day), 0},
			})
			if err != nil {
				t.Fatal(err)
			}
			crl := writePEM(t, "X509 CRL", r.sign(t, tbs))
			rootFile := writePEM(t, "CERTIFICATE", r.cert.Raw)
			oneFile, twoFile := writePEM(t, "CERTIFICATE", one.Raw), writePEM(t, "CERTIFICATE", two.Raw)
			at := []string{"-x509_strict", "-check_ss_sig", "-CAfile", rootFile}
			run(t, "openssl", append(append([]string{"verify"}, at...), rootFile, oneFile, twoFile)...)
			withCRL := append(append([]string{"verify"}, at...), "-crl_check", "-CRLfile", crl)
			run(t, "openssl", append(withCRL, twoFile)...)
			mustRefuse(t, "revoked", "openssl", append(withCRL, oneFile)...)
			if out := run(t, "openssl", "crl", "-in", crl, "-CAfile", rootFile, "-noout"); !strings.Contains(out, "verify OK") {
				t.Errorf("openssl crl: %s", out)
			}
			run(t, "openssl", "asn1parse", "-in", oneFile)
			askCertTool(t, rootFile, twoFile, crl)
		})
	}
}

func mustRefuse(t *testing.T, why, name string, args ...string) {
	t.Helper()
	out := runAnyway(name, args...)
	if !strings.Contains(out, why) {
		t.Errorf("%s %q: %s", name, args, out)
	}
}

func askCertTool(t *testing.T, rootFile, file, crl string) {
	t.Helper()
	rootPEM, err := os.ReadFile(rootFile)
	if err != nil {
		t.Fatal(err)
	}
	leafPEM, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	chain := filepath.Join(t.TempDir(), "chain.pem")
	if err := os.WriteFile(chain, append(leafPEM, rootPEM...), 0o600); err != nil {
		t.Fatal(err)
	}
	out := run(t, "certtool", "--verify-chain", "--infile", chain)
	if !strings.Contains(out, "Chain verification output: Verified.") {
		t.Errorf("certtool: %s", out)
	}
	out = run(t, "certtool", "--verify-crl", "--load-ca-certificate", rootFile, "--infile", crl)
	if !strings.Contains(out, "Verified") {
		t.Errorf("certtool: %s", out)
	}
}

// TestWhatOpenSSLReads compares single fields with OpenSSL's reading.
func TestWhatOpenSSLReads(t *testing.T) {
	r := newRoot(t, profile.ECDSAP384, "REHEARSAL ")
	c := parse(t, r.intermediate(t, mustRequest(t, p256CSR(t)), r.p.CertProfiles[1], "REHEARSAL "))
	text := func(c *x509.Certificate) string {
		return run(t, "openssl", "x509", "-in", writePEM(t, "CERTIFICATE", c.Raw), "-noout", "-text")
	}
	rootText, interText := text(r.cert), text(c)
	for _, want := range []string{
		"Version: 3 (0x2)", "Signature Algorithm: ecdsa-with-SHA384", "Public-Key: (384 bit)",
		"Subject: C = US, O = Example Corp, CN = REHEARSAL Example Root CA",
		"Not Before: Apr 25 12:30:00 2026 GMT", "Not After : Apr 25 12:29:59 2046 GMT",
		"X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign",
		"X509v3 Basic Constraints: critical\n                CA:TRUE\n",
	} {
		if !strings.Contains(rootText, want) {
			t.Errorf("root: no %q in\n%s", want, rootText)
		}
	}
	for _, want := range []string{
		"Issuer: C = US, O = Example Corp, CN = REHEARSAL Example Root CA",
		"Subject: C = US, O = Example Corp, CN = REHEARSAL Example Intermediate CA 1",
		"Not Before: Apr 25 13:30:00 2026 GMT", "Not After : Apr 25 13:29:59 2029 GMT",
		"CA:TRUE, pathlen:0", "URI:http://crl.example.com/root.crl",
		"X509v3 Name Constraints: critical\n                Permitted:\n                  DNS:example.com",
	} {
		if !strings.Contains(interText, want) {
			t.Errorf("intermediate: no %q in\n%s", want, interText)
		}
	}
}

// TestWhatARequestAsksForIsNotGranted: the profile alone says what a certificate
// may do.
func TestWhatARequestAsksForIsNotGranted(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	req := mustRequest(t, opensslCSR(t, "/CN=x", "-newkey", "ed25519",
		"-addext", "basicConstraints=critical,CA:TRUE,pathlen:5", "-addext", "subjectAltName=DNS:evil.example",
		"-addext", "keyUsage=digitalSignature"))
	c := parse(t, r.intermediate(t, req, r.p.CertProfiles[0], ""))
	if c.MaxPathLen != 0 || len(c.DNSNames) != 0 || c.KeyUsage != x509.KeyUsageCertSign|x509.KeyUsageCRLSign || len(c.Extensions) != 5 {
		t.Errorf("granted: path length %d, names %q, usage %v, %d extensions", c.MaxPathLen, c.DNSNames, c.KeyUsage, len(c.Extensions))
	}
}

func TestSubjectIsTakenToTheByte(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	for _, subject := range []string{"/CN=x", "/DC=example/O=Zoë/CN=x/emailAddress=a@b.example", "/1.2.3.4=odd/OU=Ω/CN=é"} {
		req := mustRequest(t, opensslCSR(t, subject, "-newkey", "ed25519"))
		c := parse(t, r.intermediate(t, req, r.p.CertProfiles[0], ""))
		if !bytes.Equal(c.RawSubject, req.csr.RawSubject) {
			t.Errorf("%s: %x became %x", subject, req.csr.RawSubject, c.RawSubject)
		}
		c = parse(t, r.intermediate(t, req, r.p.CertProfiles[0], "REHEARSAL "))
		got, err := formatName(c.RawSubject)
		if want := strings.Replace(req.Subject(), "CN=", "CN=REHEARSAL ", 1); err != nil || got != want {
			t.Errorf("%s in a rehearsal: %s, %v", subject, got, err)
		}
	}
}

// TestSameInputSameBytes: an auditor can make the to-be-signed bytes again.
func TestSameInputSameBytes(t *testing.T) {
	for _, spec := range specs {
		r := newRoot(t, spec, "")
		req := mustRequest(t, p256CSR(t))
		serial := big.NewInt(1 << 40)
		for what, makeIt := range map[string]func() ([]byte, error){
			"root": func() ([]byte, error) { return RootTBS(r.p, "", r.key.Public(), serial, testTime) },
			"intermediate": func() ([]byte, error) {
				return IntermediateTBS(r.cert, req, r.p.CertProfiles[1], "http://a/b", "", serial, testTime)
			},
			"CRL": func() ([]byte, error) {
				return CRLTBS(r.cert, serial, testTime, testTime.Add(day), []Revoked{{serial, testTime, 1}})
			},
		} {
			one, err := makeIt()
			two, again := makeIt()
			if err != nil || again != nil || !bytes.Equal(one, two) {
				t.Errorf("%s, %s: made twice, it differs: %v, %v", spec, what, err, again)
			}
		}
	}
}

func TestNeverOutlivesTheRoot(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	cp := profile.CertProfile{Name: "long", ValidityDays: r.p.CA.ValidityDays}
	c := parse(t, r.intermediate(t, mustRequest(t, p256CSR(t)), cp, ""))
	if !c.NotAfter.Equal(r.cert.NotAfter) {
		t.Errorf("valid until %v, the root until %v", c.NotAfter, r.cert.NotAfter)
	}
}

// TestTimesAcross2050 asks Lint and OpenSSL about both encodings.
func TestTimesAcross2050(t *testing.T) {
	p := testProfile(t, profile.ECDSAP256)
	p.CA.ValidityDays = profile.MaxValidityDays
	key, err := testKeys[profile.ECDSAP256]()
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []time.Time{
		time.Date(2049, 12, 31, 23, 59, 59, 999, time.UTC),
		time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		tbs, err := RootTBS(p, "", key.Public(), big.NewInt(1), from)
		if err != nil {
			t.Fatal(err)
		}
		r := root{key: key, alg: ECDSAP256SHA256}
		file := writePEM(t, "CERTIFICATE", r.sign(t, tbs))
		want := "notBefore=" + from.Format("Jan _2 15:04:05 2006 GMT")
		if out := run(t, "openssl", "x509", "-in", file, "-noout", "-dates"); !strings.Contains(out, want) {
			t.Errorf("%s, want %s", out, want)
		}
	}
}

func TestRefusedCertificates(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	other, err := testKeys[profile.ECDSAP384]()
	if err != nil {
		t.Fatal(err)
	}
	req := mustRequest(t, p256CSR(t))
	own := func(subject string) *Request { // a request signed by the root's own key
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: parse(t, r.cert.Raw).Subject}, r.key)
		if err != nil {
			t.Fatal(err)
		}
		q := mustRequest(t, der)
		if subject != "" {
			q.csr.RawSubject = mustRequest(t, opensslCSR(t, subject, "-newkey", "ed25519")).csr.RawSubject
		}
		return q
	}
	sameName := mustRequest(t, opensslCSR(t, "/C=US/O=Example Corp/CN=Example Root CA", "-newkey", "ed25519"))
	sameName.csr.RawSubject = r.cert.RawSubject // openssl writes UTF8String
	long := mustRequest(t, opensslCSR(t, "/CN="+strings.Repeat("x", 55), "-newkey", "ed25519"))
	inter := parse(t, r.intermediate(t, req, r.p.CertProfiles[0], ""))
	leaf := *r.cert
	leaf.IsCA = false
	cp := r.p.CertProfiles[0]
	one := big.NewInt(1)
	for _, c := range []struct {
		why  string
		make func() ([]byte, error)
		want error
	}{
		{"root: a key of another kind than the profile's", func() ([]byte, error) { return RootTBS(r.p, "", other.Public(), one, testTime) }, ErrKey},
		{"root: no key", func() ([]byte, error) { return RootTBS(r.p, "", nil, one, testTime) }, ErrKey},
		{"root: serial 0", func() ([]byte, error) { return RootTBS(r.p, "", r.key.Public(), big.NewInt(0), testTime) }, ErrInput},
		{"root: serial negative", func() ([]byte, error) { return RootTBS(r.p, "", r.key.Public(), big.NewInt(-1), testTime) }, ErrInput},
		{"root: no serial", func() ([]byte, error) { return RootTBS(r.p, "", r.key.Public(), nil, testTime) }, ErrInput},
		{"root: serial of 21 octets", func() ([]byte, error) {
			return RootTBS(r.p, "", r.key.Public(), new(big.Int).Lsh(one, 159), testTime)
		}, ErrInput},
		{"root: no time", func() ([]byte, error) { return RootTBS(r.p, "", r.key.Public(), one, time.Time{}) }, ErrInput},
		{"root: beyond the year 9999", func() ([]byte, error) {
			return RootTBS(r.p, "", r.key.Public(), one, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
		}, ErrInput},
		{"root: a prefix that makes the name too long", func() ([]byte, error) {
			return RootTBS(r.p, strings.Repeat("x", 50), r.key.Public(), one, testTime)
		}, ErrSubject},
		{"the root's own name", func() ([]byte, error) { return IntermediateTBS(r.cert, sameName, cp, "http://a/b", "", one, testTime) }, ErrSubject},
		{"the root's own key", func() ([]byte, error) {
			return IntermediateTBS(r.cert, own("/CN=x"), cp, "http://a/b", "", one, testTime)
		}, ErrKey},
		{"a name too long for a rehearsal", func() ([]byte, error) {
			return IntermediateTBS(r.cert, long, cp, "http://a/b", "REHEARSAL ", one, testTime)
		}, ErrSubject},
		{"before the root", func() ([]byte, error) {
			return IntermediateTBS(r.cert, req, cp, "http://a/b", "", one, testTime.Add(-time.Hour))
		}, ErrIssuer},
		{"after the root", func() ([]byte, error) {
			return IntermediateTBS(r.cert, req, cp, "http://a/b", "", one, testTime.AddDate(21, 0, 0))
		}, ErrIssuer},
		{"no root", func() ([]byte, error) { return IntermediateTBS(nil, req, cp, "http://a/b", "", one, testTime) }, ErrIssuer},
		{"a root that is no CA", func() ([]byte, error) { return IntermediateTBS(&leaf, req, cp, "http://a/b", "", one, testTime) }, ErrIssuer},
		{"below a CA that allows none", func() ([]byte, error) {
			return IntermediateTBS(inter, mustRequest(t, opensslCSR(t, "/CN=y", "-newkey", "ed25519")), cp, "http://a/b", "", one, testTime.Add(2*time.Hour))
		}, ErrIssuer},
		{"no request", func() ([]byte, error) { return IntermediateTBS(r.cert, nil, cp, "http://a/b", "", one, testTime) }, ErrInput},
		{"no certificate profile", func() ([]byte, error) {
			return IntermediateTBS(r.cert, req, profile.CertProfile{}, "http://a/b", "", one, testTime)
		}, ErrInput},
	} {
		if tbs, err := c.make(); !errors.Is(err, c.want) || tbs != nil {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
	var lint LintError
	for _, cdp := range []string{"", "ldap://a/b", "crl"} {
		if _, err := IntermediateTBS(r.cert, req, cp, cdp, "", one, testTime); !errors.As(err, &lint) {
			t.Errorf("distribution point %q: %v", cdp, err)
		}
	}
}

func TestRefusedCRLs(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	now := testTime
	one := big.NewInt(1)
	ok := Revoked{one, now, 1}
	noSign := *r.cert
	noSign.KeyUsage = x509.KeyUsageCertSign
	for _, c := range []struct {
		why     string
		issuer  *x509.Certificate
		number  *big.Int
		next    time.Time
		revoked []Revoked
		want    error
	}{
		{"no issuer", nil, one, now.Add(day), nil, ErrIssuer},
		{"an issuer that signs no CRLs", &noSign, one, now.Add(day), nil, ErrIssuer},
		{"no number", r.cert, nil, now.Add(day), nil, ErrInput},
		{"negative number", r.cert, big.NewInt(-1), now.Add(day), nil, ErrInput},
		{"number of 21 octets", r.cert, new(big.Int).Lsh(one, 159), now.Add(day), nil, ErrInput},
		{"next update now", r.cert, one, now, nil, ErrInput},
		{"next update within the second", r.cert, one, now.Add(500 * time.Millisecond), nil, ErrInput},
		{"serial 0", r.cert, one, now.Add(day), []Revoked{{big.NewInt(0), now, 1}}, ErrInput},
		{"revoked twice", r.cert, one, now.Add(day), []Revoked{ok, ok}, ErrInput},
		{"revoked in the future", r.cert, one, now.Add(day), []Revoked{{one, now.Add(time.Hour), 1}}, ErrInput},
		{"certificate hold", r.cert, one, now.Add(day), []Revoked{{one, now, 6}}, ErrInput},
		{"reason 7", r.cert, one, now.Add(day), []Revoked{{one, now, 7}}, ErrInput},
		{"too many", r.cert, one, now.Add(day), make([]Revoked, MaxRevoked+1), ErrInput},
	} {
		if tbs, err := CRLTBS(c.issuer, c.number, now, c.next, c.revoked); !errors.Is(err, c.want) || tbs != nil {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
}

func TestCRLOfEveryReason(t *testing.T) {
	r := newRoot(t, profile.ECDSAP384, "")
	var revoked []Revoked
	for reason := range reasonNames {
		revoked = append(revoked, Revoked{big.NewInt(int64(100 + reason)), testTime, reason})
	}
	tbs, err := CRLTBS(r.cert, big.NewInt(1), testTime, testTime.Add(day), revoked)
	if err != nil {
		t.Fatal(err)
	}
	text := run(t, "openssl", "crl", "-in", writePEM(t, "X509 CRL", r.sign(t, tbs)), "-noout", "-text")
	for _, want := range []string{"Key Compromise", "CA Compromise", "Superseded", "Cessation Of Operation", "Privilege Withdrawn"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if n := strings.Count(text, "Serial Number:"); n != len(revoked) {
		t.Errorf("%d entries, want %d", n, len(revoked))
	}
}

func TestAssembleRefusesForeignSignatures(t *testing.T) {
	for _, spec := range specs {
		r := newRoot(t, spec, "")
		tbs, err := CRLTBS(r.cert, big.NewInt(1), testTime, testTime.Add(day), nil)
		if err != nil {
			t.Fatal(err)
		}
		signature, err := r.alg.sign(r.key, tbs)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Assemble(tbs, signature, r.key.Public()); err != nil {
			t.Errorf("%s: %v", spec, err)
		}
		stranger, err := r.alg.throwaway()
		if err != nil {
			t.Fatal(err)
		}
		foreign, err := r.alg.sign(stranger, tbs)
		if err != nil {
			t.Fatal(err)
		}
		changed := bytes.Clone(tbs)
		changed[len(changed)-1] ^= 1
		flipped := bytes.Clone(signature)
		flipped[len(flipped)-1] ^= 1
		for why, c := range map[string]struct{ tbs, signature []byte }{
			"another key":     {tbs, foreign},
			"other bytes":     {changed, signature},
			"a bit flipped":   {tbs, flipped},
			"cut":             {tbs, signature[:len(signature)-1]},
			"a byte after it": {tbs, append(bytes.Clone(signature), 0)},
			"none":            {tbs, nil},
		} {
			if _, err := Assemble(c.tbs, c.signature, r.key.Public()); !errors.Is(err, ErrSignature) {
				t.Errorf("%s, %s: %v", spec, why, err)
			}
		}
	}
	p256, p384 := newRoot(t, profile.ECDSAP256, ""), newRoot(t, profile.ECDSAP384, "")
	tbs := p256.cert.RawTBSCertificate
	signature, err := p384.alg.sign(p384.key, tbs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Assemble(tbs, signature, p384.key.Public()); !errors.Is(err, ErrMalformed) {
		t.Errorf("bytes that name another algorithm: %v", err)
	}
	if _, err := Assemble([]byte("hello"), signature, p384.key.Public()); !errors.Is(err, ErrMalformed) {
		t.Errorf("text: %v", err)
	}
}

func TestSerialNumbers(t *testing.T) {
	low, err := NewSerial(bytes.NewReader(make([]byte, serialSize)))
	if err != nil {
		t.Fatal(err)
	}
	high, err := NewSerial(bytes.NewReader(bytes.Repeat([]byte{0xff}, serialSize)))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []*big.Int{low, high} {
		if len(n.Bytes()) != serialSize || n.Sign() <= 0 || n.Bytes()[0] >= 0x80 {
			t.Errorf("%x is not positive in %d octets", n, serialSize)
		}
	}
	random := new(big.Int).Sub(high, low)
	if random.BitLen() != 134 {
		t.Errorf("%d random bits", random.BitLen())
	}
	if _, err := NewSerial(bytes.NewReader(nil)); err == nil {
		t.Error("a generator that ends gives a serial number")
	}
}
