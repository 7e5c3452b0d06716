package ca

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"anodize/core/profile"
)

// A root is what the tests sign with in an HSM's place.
type root struct {
	key  crypto.Signer
	alg  SignatureAlgorithm
	p    *profile.Profile
	cert *x509.Certificate
	from time.Time
}

var testTime = time.Date(2026, 4, 25, 14, 30, 0, 123456789, time.FixedZone("CEST", 7200))

var testKeys = map[profile.KeySpec]func() (crypto.Signer, error){
	profile.ECDSAP256: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
	profile.ECDSAP384: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P384(), rand.Reader) },
	profile.ECDSAP521: func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P521(), rand.Reader) },
	profile.Ed25519: func() (crypto.Signer, error) {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		return key, err
	},
	profile.RSA3072: sync.OnceValues(func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 3072) }),
}

func testProfile(t testing.TB, spec profile.KeySpec) *profile.Profile {
	t.Helper()
	data, err := os.ReadFile("../../testdata/profile.toml")
	if err != nil {
		t.Fatal(err)
	}
	data = bytes.Replace(data, []byte("ecdsa-p384"), []byte(spec), 1)
	p, err := profile.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func newRoot(t testing.TB, spec profile.KeySpec, prefix string) root {
	t.Helper()
	return newRootAt(t, spec, prefix, testTime)
}

func newRootAt(t testing.TB, spec profile.KeySpec, prefix string, from time.Time) root {
	t.Helper()
	key, err := testKeys[spec]()
	if err != nil {
		t.Fatal(err)
	}
	r := root{key: key, p: testProfile(t, spec), from: from}
	if r.alg, err = AlgorithmOf(key.Public()); err != nil {
		t.Fatal(err)
	}
	serial, err := NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := RootTBS(r.p, prefix, key.Public(), serial, from)
	if err != nil {
		t.Fatal(err)
	}
	r.cert = parse(t, r.sign(t, tbs))
	return r
}

// sign does what the HSM does, and assembles.
func (r root) sign(t testing.TB, tbs []byte) []byte {
	t.Helper()
	signature, err := r.key.Sign(rand.Reader, r.alg.Digest(tbs), r.alg.Hash())
	if err != nil {
		t.Fatal(err)
	}
	der, err := Assemble(tbs, signature, r.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func (r root) intermediate(t testing.TB, req *Request, cp profile.CertProfile, prefix string) []byte {
	t.Helper()
	serial, err := NewSerial(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tbs, err := IntermediateTBS(r.cert, req, cp, r.p.CA.CDPURL, prefix, serial, r.from.Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	return r.sign(t, tbs)
}

func parse(t testing.TB, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// run runs a foreign tool, which must be installed, and returns what it prints.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%.2000s", name, args, err, out)
	}
	return string(out)
}

func writePEM(t testing.TB, kind string, der []byte) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.pem")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := pem.Encode(f, &pem.Block{Type: kind, Bytes: der}); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

// opensslCSR has openssl make a key by args and a request in PEM.
func opensslCSR(t testing.TB, subject string, args ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	out := filepath.Join(dir, "csr.pem")
	run(t, "openssl", append([]string{"req", "-new", "-nodes", "-batch", "-subj", subject, "-utf8",
		"-keyout", filepath.Join(dir, "key.pem"), "-out", out}, args...)...)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func p256CSR(t testing.TB) []byte {
	t.Helper()
	return opensslCSR(t, "/C=US/O=Example Corp/CN=Example Intermediate CA 1",
		"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
}

func mustRequest(t testing.TB, data []byte) *Request {
	t.Helper()
	req, err := ParseCSR(data)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// runAnyway runs a foreign tool that is expected to fail.
func runAnyway(name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err == nil {
		return "accepted"
	}
	return string(out)
}

func readFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
