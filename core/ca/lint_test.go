package ca

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"anodize/core/profile"
)

func found(findings []string, part string) bool {
	return strings.Contains(strings.Join(findings, "\n"), part)
}

// TestLintAcceptsOpenSSLs: what another program makes by the same rules has no
// findings, so Lint does not merely repeat our encoder.
func TestLintAcceptsOpenSSLs(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string) {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("conf", `[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[inter]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
crlDistributionPoints = URI:https://example.org/r.crl
nameConstraints = critical, permitted;DNS:example.org
[ca]
database = `+in("index")+`
crlnumber = `+in("number")+`
default_md = sha384
default_crl_days = 30
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
`)
	write("index", "R\t300101000000Z\t260101000000Z,keyCompromise\t1234567890ABCDEF\tunknown\t/CN=x\n"+
		"R\t300101000000Z\t260102000000Z\t0A\tunknown\t/CN=y\n")
	write("number", "1000\n")
	run(t, "openssl", "req", "-x509", "-config", in("conf"), "-extensions", "root", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384",
		"-nodes", "-keyout", in("root.key"), "-out", in("root.pem"), "-subj", "/C=DE/CN=Root", "-days", "9000", "-sha384")
	run(t, "openssl", "req", "-new", "-config", in("conf"), "-newkey", "rsa:2048", "-nodes", "-keyout", in("inter.key"),
		"-out", in("inter.csr"), "-subj", "/C=DE/CN=Inter")
	run(t, "openssl", "x509", "-req", "-in", in("inter.csr"), "-CA", in("root.pem"), "-CAkey", in("root.key"), "-out", in("inter.pem"),
		"-extfile", in("conf"), "-extensions", "inter", "-days", "100", "-sha384", "-set_serial", "0x7001020304")
	run(t, "openssl", "ca", "-gencrl", "-config", in("conf"), "-name", "ca", "-cert", in("root.pem"), "-keyfile", in("root.key"), "-out", in("crl.pem"))
	der := func(name string) []byte {
		data, err := os.ReadFile(in(name))
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(data)
		return block.Bytes
	}
	issuer := parse(t, der("root.pem"))
	for name, issuer := range map[string]*x509.Certificate{"root.pem": nil, "inter.pem": issuer, "crl.pem": issuer} {
		if findings := Lint(der(name), issuer); len(findings) > 0 {
			t.Errorf("%s: %q", name, findings)
		}
	}
}

// TestLintFindsInCertificates has crypto/x509 make what must not be issued.
func TestLintFindsInCertificates(t *testing.T) {
	r := newRoot(t, profile.ECDSAP384, "")
	good := parse(t, r.intermediate(t, mustRequest(t, p256CSR(t)), r.p.CertProfiles[1], ""))
	if findings := Lint(good.Raw, r.cert); len(findings) > 0 {
		t.Fatalf("a good one: %q", findings)
	}
	extra := func(id string, critical bool, value string) func(*x509.Certificate) {
		der, err := hex.DecodeString(value)
		if err != nil {
			t.Fatal(err)
		}
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid(id), Critical: critical, Value: der})
		}
	}
	for _, c := range []struct {
		why    string
		change func(*x509.Certificate)
		want   string
	}{
		{"serial of 21 octets", func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(big.NewInt(1), 160) }, "has 21 octets"},
		{"ends before it begins", func(c *x509.Certificate) { c.NotAfter = c.NotBefore.Add(-time.Hour) }, "ends before it begins"},
		{"begins before the root", func(c *x509.Certificate) { c.NotBefore = r.cert.NotBefore.Add(-time.Second) }, "begins before the issuer's"},
		{"outlives the root", func(c *x509.Certificate) { c.NotAfter = r.cert.NotAfter.Add(time.Second) }, "ends after the issuer's"},
		{"no CA", func(c *x509.Certificate) { c.IsCA, c.MaxPathLen = false, -1 }, "not those of a CA"},
		{"no basic constraints", func(c *x509.Certificate) { c.BasicConstraintsValid = false }, "basic constraints are missing"},
		{"no path length", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = -1, false }, "path length is missing"},
		{"another key usage", func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageDigitalSignature }, "key usage is not"},
		{"no key usage", func(c *x509.Certificate) { c.KeyUsage = 0 }, "key usage is not"},
		{"extended key usage", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, "unexpected extension: Extended key usage"},
		{"alternative name", func(c *x509.Certificate) { c.DNSNames = []string{"a.example"} }, "unexpected extension: Subject alternative name"},
		{"unknown extension", extra("1.2.3.4", false, "0500"), "unexpected extension: 1.2.3.4"},
		{"extension that is not DER", extra("1.2.3.4", false, "050000"), "extension 1.2.3.4: malformed"},
		{"extension twice", func(c *x509.Certificate) { extra("1.2.3.4", false, "0500")(c); extra("1.2.3.4", false, "0500")(c) }, "stands there twice"},
		{"key usage that is not critical", extra(oidKeyUsage, false, "03020106"), "extension Key usage is not critical"},
		{"key usage with trailing zeros", extra(oidKeyUsage, true, "0303000600"), "key usage is not"},
		{"basic constraints that are not critical", extra(oidBasicConstraints, false, "30060101ff020100"), "extension Basic constraints is not critical"},
		{"basic constraints that say FALSE", extra(oidBasicConstraints, true, "3006010100020100"), "not those of a CA"},
		{"negative path length", extra(oidBasicConstraints, true, "30060101ff0201ff"), "path length is missing or invalid"},
		{"critical key identifier", extra(oidAuthorityKeyID, true, "3003800101"), "extension Authority key identifier is critical"},
		{"another's key identifier", extra(oidAuthorityKeyID, false, "3003800101"), "authority key identifier is not"},
		{"wrong key identifier", func(c *x509.Certificate) { c.SubjectKeyId = []byte{1, 2, 3} }, "subject key identifier is not"},
		{"no distribution point", func(c *x509.Certificate) { c.CRLDistributionPoints = nil }, "not exactly one CRL distribution point"},
		{"two distribution points", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://a/b", "http://c/d"} }, "not exactly one CRL distribution point"},
		{"distribution point in LDAP", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"ldap://a/b"} }, "no http or https URL"},
		{"excluded names", func(c *x509.Certificate) { c.ExcludedDNSDomains = []string{"a.example"} }, "name constraints are not a list of permitted"},
		{"the root's name", func(c *x509.Certificate) { c.RawSubject = r.cert.RawSubject }, "the subject is the issuer's"},
		{"no common name", func(c *x509.Certificate) { c.RawSubject = []byte{0x30, 0} }, "0 common names"},
		{"the root's key", func(c *x509.Certificate) { c.PublicKey = r.key.Public() }, "the key is the issuer's"},
	} {
		template := *good
		template.ExtraExtensions = nil
		c.change(&template)
		der, err := x509.CreateCertificate(rand.Reader, &template, r.cert, template.PublicKey, r.key)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if findings := Lint(der, r.cert); !found(findings, c.want) {
			t.Errorf("%s: %q", c.why, findings)
		}
	}
}

func TestLintFindsInRoots(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	for _, c := range []struct {
		why    string
		change func(*x509.Certificate)
		want   string
	}{
		{"path length", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 1, false }, "bounds its own path"},
		{"distribution point", func(c *x509.Certificate) { c.CRLDistributionPoints = []string{"http://a/b"} }, "a root has a CRL distribution point"},
		{"another's key identifier", func(c *x509.Certificate) { c.AuthorityKeyId = []byte{1} }, "authority key identifier is not"},
		{"name constraints", func(c *x509.Certificate) {
			c.PermittedDNSDomains, c.PermittedDNSDomainsCritical = []string{"a"}, true
		}, "name constraints are not"},
	} {
		template := *r.cert
		c.change(&template)
		der, err := x509.CreateCertificate(rand.Reader, &template, &template, r.key.Public(), r.key)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		if findings := Lint(der, nil); !found(findings, c.want) {
			t.Errorf("%s: %q", c.why, findings)
		}
	}
	own := parse(t, r.cert.Raw)
	own.AuthorityKeyId = own.SubjectKeyId
	der, err := x509.CreateCertificate(rand.Reader, own, own, r.key.Public(), r.key)
	if err != nil {
		t.Fatal(err)
	}
	if findings := Lint(der, nil); len(findings) > 0 {
		t.Errorf("a root that names its own key: %q", findings)
	}
}

// TestLintFindsInEncodings edits a good certificate in DER.
func TestLintFindsInEncodings(t *testing.T) {
	r, other := newRoot(t, profile.ECDSAP384, ""), newRoot(t, profile.ECDSAP256, "")
	good := r.intermediate(t, mustRequest(t, p256CSR(t)), r.p.CertProfiles[0], "")
	replace := func(old, new string) func([]byte) []byte {
		from, err := hex.DecodeString(old)
		if err != nil {
			t.Fatal(err)
		}
		to, err := hex.DecodeString(new)
		if err != nil || len(from) != len(to) || bytes.Count(good, from) == 0 {
			t.Fatalf("cannot replace %s by %s: %v", old, new, err)
		}
		return func(der []byte) []byte { return bytes.Replace(der, from, to, 1) }
	}
	for _, c := range []struct {
		why    string
		issuer *x509.Certificate
		edit   func([]byte) []byte
		want   string
	}{
		{"a byte after the end", r.cert, func(der []byte) []byte { return append(der, 0) }, "malformed"},
		{"cut", r.cert, func(der []byte) []byte { return der[:len(der)-1] }, "malformed"},
		{"empty", r.cert, func([]byte) []byte { return nil }, "malformed"},
		{"version 2", r.cert, replace("a003020102", "a003020101"), "version is not 3"},
		{"TRUE that is not DER", r.cert, replace("0101ff", "010101"), "not DER"},
		{"UTC time without seconds", r.cert, replace("170d", "170c"), "malformed"},
		{"a time zone", r.cert, func(der []byte) []byte {
			i := bytes.IndexByte(der[bytes.Index(der, []byte{0x17, 0x0d}):], 'Z') + bytes.Index(der, []byte{0x17, 0x0d})
			der[i] = '+'
			return der
		}, "no time in UTC"},
		{"signature algorithms that differ", r.cert, func(der []byte) []byte {
			doc, err := readSigned(der)
			if err != nil {
				t.Fatal(err)
			}
			der, err = join(doc.tbs, ECDSAP256SHA256.der(), doc.signature)
			if err != nil {
				t.Fatal(err)
			}
			return der
		}, "inside and outside differ"},
		{"no signature", r.cert, func(der []byte) []byte {
			doc, err := readSigned(der)
			if err != nil {
				t.Fatal(err)
			}
			der, err = join(doc.tbs, doc.outerAlgorithm, nil)
			if err != nil {
				t.Fatal(err)
			}
			return der
		}, "signature is empty"},
		{"another issuer's algorithm", other.cert, bytes.Clone, "is not the issuer's"},
		{"another issuer's key", other.cert, bytes.Clone, "authority key identifier is not the issuer's"},
		{"no issuer", nil, bytes.Clone, "issuer and subject of a root differ"},
		{"a certificate as PEM", r.cert, func(der []byte) []byte {
			return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
		}, "malformed"},
	} {
		if findings := Lint(c.edit(bytes.Clone(good)), c.issuer); !found(findings, c.want) {
			t.Errorf("%s: %q", c.why, findings)
		}
	}
	if findings := Lint(good, r.cert); len(findings) > 0 {
		t.Errorf("unedited: %q", findings)
	}
}

func TestLintFindsInCRLs(t *testing.T) {
	r := newRoot(t, profile.ECDSAP384, "")
	now := testTime.UTC().Truncate(time.Second)
	for _, c := range []struct {
		why    string
		change func(*x509.RevocationList)
		want   string
	}{
		{"nothing", func(*x509.RevocationList) {}, ""},
		{"unexpected extension", func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oid("2.5.29.28"), Critical: true, Value: []byte{0x30, 0}}}
		}, "unexpected extension: 2.5.29.28"},
		{"delta CRL", func(l *x509.RevocationList) {
			l.ExtraExtensions = []pkix.Extension{{Id: oid("2.5.29.27"), Critical: true, Value: []byte{2, 1, 1}}}
		}, "unexpected extension: 2.5.29.27"},
		{"serial twice", func(l *x509.RevocationList) {
			l.RevokedCertificateEntries = append(l.RevokedCertificateEntries, l.RevokedCertificateEntries[0])
		}, "revoked twice"},
		{"negative serial", func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].SerialNumber = big.NewInt(-5) }, "is not positive"},
		{"serial 0", func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].SerialNumber = new(big.Int) }, "is not positive"},
		{"revoked in the future", func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].RevocationTime = now.Add(time.Second)
		}, "revoked after thisUpdate"},
		{"certificate hold", func(l *x509.RevocationList) { l.RevokedCertificateEntries[0].ReasonCode = 6 }, "no known reason"},
		{"an extension of an entry", func(l *x509.RevocationList) {
			l.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{{Id: oid("2.5.29.24"), Value: []byte{5, 0}}}
		}, "unexpected extension: 2.5.29.24"},
	} {
		list := &x509.RevocationList{
			Number: big.NewInt(3), ThisUpdate: now, NextUpdate: now.Add(day),
			RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(9), RevocationTime: now, ReasonCode: 1}},
		}
		c.change(list)
		der, err := x509.CreateRevocationList(rand.Reader, list, r.cert, r.key)
		if err != nil {
			t.Errorf("%s: %v", c.why, err)
			continue
		}
		findings := Lint(der, r.cert)
		if c.want == "" && len(findings) > 0 || !found(findings, c.want) {
			t.Errorf("%s: %q", c.why, findings)
		}
		if other := newRoot(t, profile.ECDSAP384, "OTHER "); !found(Lint(der, other.cert), "not the subject of the issuer's") {
			t.Errorf("%s: passes for another issuer's", c.why)
		}
		if !found(Lint(der, nil), "cannot be judged") {
			t.Errorf("%s: passes without an issuer", c.why)
		}
	}
}

func TestLintTime(t *testing.T) {
	for _, c := range []struct {
		why  string
		tag  asn1.Tag
		text string
		want string // "" if right
	}{
		{"UTCTime", asn1.UTCTime, "260425123000Z", ""},
		{"last UTCTime", asn1.UTCTime, "491231235959Z", ""},
		{"first UTCTime", asn1.UTCTime, "500101000000Z", ""},
		{"first GeneralizedTime", asn1.GeneralizedTime, "20500101000000Z", ""},
		{"GeneralizedTime too early", asn1.GeneralizedTime, "20491231235959Z", "before 2050"},
		{"no seconds", asn1.UTCTime, "2604251230Z", "whole seconds"},
		{"offset", asn1.UTCTime, "2604251230+0200", "whole seconds"},
		{"fraction", asn1.GeneralizedTime, "20500101000000.5Z", "whole seconds"},
		{"month 13", asn1.UTCTime, "261325123000Z", "no time"},
		{"30 February", asn1.UTCTime, "260230123000Z", "no time"},
		{"letters", asn1.UTCTime, "2604251230xxZ", "no time"},
		{"another type", asn1.UTF8String, "260425123000Z", "neither"},
	} {
		var b cryptobyte.Builder
		b.AddASN1(c.tag, func(b *cryptobyte.Builder) { b.AddBytes([]byte(c.text)) })
		input := cryptobyte.String(b.BytesOrPanic())
		l := &linter{}
		_, ok := l.time("it", &input)
		if c.want == "" && (!ok || len(l.findings) > 0) || !found(l.findings, c.want) {
			t.Errorf("%s: %q", c.why, l.findings)
		}
	}
}

func TestCheckDER(t *testing.T) {
	for _, c := range []struct {
		why, hex string
		ok       bool
	}{
		{"sequence", "3006020101020102", true},
		{"empty", "", false},
		{"cut", "30060201", false},
		{"two values", "05000500", false},
		{"long length where the short one does", "30810100", false},
		{"length with a leading zero", "3082000105", false},
		{"indefinite length", "30800000", false},
		{"high tag number", "1f810000", false},
		{"boolean 01", "010101", false},
		{"boolean ff", "0101ff", true},
		{"integer without octets", "0200", false},
		{"integer 00 7f", "0202007f", false},
		{"integer 00 80", "02020080", true},
		{"integer ff 80", "0202ff80", false},
		{"integer ff 7f", "0202ff7f", true},
		{"null with octets", "050100", false},
		{"bit string without octets", "0300", false},
		{"8 unused bits", "03020800", false},
		{"unused bits of nothing", "030101", false},
		{"unused bits set", "03020101", false},
		{"unused bits clear", "03020102", true},
		{"object identifier", "06032a0304", true},
		{"object identifier cut", "06022a83", false},
		{"object identifier with a leading zero", "06032a8001", false},
		{"set in order", "3106020101020102", true},
		{"set out of order", "3106020102020101", false},
		{"set with doubles", "3106020101020101", false},
		{"constructed octet string", "2403040100", false},
		{"unknown type", "0800", false},
		{"nested 17 deep", nested(18), false},
		{"nested 16 deep", nested(17), true},
	} {
		der, err := hex.DecodeString(c.hex)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkDER(der); c.ok != (err == nil) || err != nil && !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

// nested returns n sequences, one within the other, in hexadecimal.
func nested(n int) string {
	var der []byte
	for range n {
		der = append([]byte{0x30, byte(len(der))}, der...)
	}
	return hex.EncodeToString(der)
}

// TestEveryTruncationIsFound also asks Describe not to stumble.
func TestEveryTruncationIsFound(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	for n := range r.cert.Raw {
		if len(Lint(r.cert.Raw[:n], nil)) == 0 {
			t.Errorf("%d of %d bytes pass", n, len(r.cert.Raw))
		}
		if _, err := Describe(r.cert.Raw[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d of %d bytes are described: %v", n, len(r.cert.Raw), err)
		}
	}
}

// FuzzLint: no input may stop Lint or Describe; what passes Lint, crypto/x509
// can read.
func FuzzLint(f *testing.F) {
	r := newRoot(f, profile.ECDSAP256, "")
	f.Add(r.cert.Raw)
	f.Add(r.cert.RawTBSCertificate)
	f.Add(r.intermediate(f, mustRequest(f, p256CSR(f)), r.p.CertProfiles[1], ""))
	tbs, err := CRLTBS(r.cert, big.NewInt(1), testTime, testTime.Add(day), []Revoked{{big.NewInt(5), testTime, 1}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(r.sign(f, tbs))
	f.Fuzz(func(t *testing.T, der []byte) {
		asRoot, below := Lint(der, nil), Lint(der, r.cert)
		_, err := Describe(der)
		if _, lintErr := LintTBS(der, r.cert); lintErr != nil && !errors.Is(lintErr, ErrMalformed) {
			t.Errorf("LintTBS: %v", lintErr)
		}
		if (len(asRoot) == 0 || len(below) == 0) && err != nil {
			t.Errorf("passes Lint, but: %v", err)
		}
	})
}
