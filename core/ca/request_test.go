package ca

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	encasn1 "encoding/asn1"
)

func TestRequestsOfOpenSSL(t *testing.T) {
	for _, c := range []struct {
		key  string
		args []string
	}{
		{"RSA 2048 bits", []string{"-newkey", "rsa:2048"}},
		{"RSA 2048 bits", []string{"-newkey", "rsa:2048", "-sha512"}},
		{"RSA 2048 bits", []string{"-newkey", "rsa:2048", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"}},
		{"ECDSA P-256", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"}},
		{"ECDSA P-384", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-sha384"}},
		{"ECDSA P-521", []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha512"}},
		{"Ed25519", []string{"-newkey", "ed25519"}},
	} {
		data := opensslCSR(t, "/C=DE/O=Beispiel \\+ Söhne/CN=Mittel, CA", append(c.args, "-addext", "subjectAltName=DNS:a.example", "-addext", "1.2.3.4=DER:0500")...)
		block, _ := pem.Decode(data)
		for form, data := range map[string][]byte{
			"PEM": data, "DER": block.Bytes,
			"PEM with text before it": append([]byte("Certificate Request:\n"), data...),
			"PEM of another name":     []byte(strings.ReplaceAll(string(data), "CERTIFICATE REQ", "NEW CERTIFICATE REQ")),
		} {
			req, err := ParseCSR(data)
			if err != nil {
				t.Errorf("%q as %s: %v", c.args, form, err)
				continue
			}
			if got, want := req.Subject(), `CN=Mittel\, CA,O=Beispiel \+ Söhne,C=DE`; got != want {
				t.Errorf("subject %s, want %s", got, want)
			}
			if req.KeyDescription() != c.key || !bytes.Equal(req.DER(), block.Bytes) {
				t.Errorf("key %s, want %s; or another DER", req.KeyDescription(), c.key)
			}
			if got := req.IgnoredExtensions(); !slices.Equal(got, []string{"Subject alternative name", "1.2.3.4"}) {
				t.Errorf("extensions %q", got)
			}
		}
	}
}

// TestSPKIHashIsThatOfOpenSSL follows the recipe of RFC 7469, appendix A.
func TestSPKIHashIsThatOfOpenSSL(t *testing.T) {
	data := p256CSR(t)
	file := filepath.Join(t.TempDir(), "csr.pem")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(run(t, "openssl", "req", "-in", file, "-noout", "-pubkey")))
	sum := sha256.Sum256(block.Bytes)
	if got := mustRequest(t, data).SPKIHash(); got != sum {
		t.Errorf("%x, want %x", got, sum)
	}
}

func TestBadRequests(t *testing.T) {
	good := p256CSR(t)
	block, _ := pem.Decode(good)
	der := block.Bytes
	flipped := bytes.Clone(der)
	flipped[bytes.Index(der, []byte("Intermediate"))] ^= 0x20
	cert := newRoot(t, "ecdsa-p256", "").cert
	for _, c := range []struct {
		why  string
		data []byte
		want error
	}{
		{"empty", nil, ErrNoRequest},
		{"text", []byte("hello"), ErrNoRequest},
		{"zeros", make([]byte, 1000), ErrNoRequest},
		{"a certificate", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}), ErrNoRequest},
		{"a certificate in DER", cert.Raw, ErrNoRequest},
		{"a certificate that says it is a request", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: cert.Raw}), ErrNoRequest},
		{"PEM cut short", good[:len(good)-40], ErrNoRequest},
		{"bytes after the DER", append(bytes.Clone(der), 0), ErrNoRequest},
		{"bytes after the DER in the PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: append(bytes.Clone(der), 0)}), ErrNoRequest},
		{"text after the PEM", append(bytes.Clone(good), "x"...), ErrNoRequest},
		{"two requests", append(bytes.Clone(good), good...), ErrNoRequest},
		{"PEM with headers", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der, Headers: map[string]string{"a": "b"}}), ErrNoRequest},
		{"beyond 64 KiB", append(bytes.Clone(good), bytes.Repeat([]byte(" "), MaxRequestSize)...), ErrNoRequest},
		{"one letter of the subject changed", flipped, ErrSignature},
		{"RSA 1024", opensslCSR(t, "/CN=x", "-newkey", "rsa:1024"), ErrKey},
		{"RSA 2047", opensslCSR(t, "/CN=x", "-newkey", "rsa:2047"), ErrKey},
		{"RSA with the exponent 3", opensslCSR(t, "/CN=x", "-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"), ErrKey},
		{"ECDSA on P-224", opensslCSR(t, "/CN=x", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224"), ErrKey},
		{"ECDSA on secp256k1", opensslCSR(t, "/CN=x", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"), ErrNoRequest},
		{"Ed448", opensslCSR(t, "/CN=x", "-newkey", "ed448"), ErrKey},
		{"SHA-1", opensslCSR(t, "/CN=x", "-newkey", "rsa:2048", "-sha1"), ErrWeakSignature},
		{"MD5", opensslCSR(t, "/CN=x", "-newkey", "rsa:2048", "-md5"), ErrWeakSignature},
		{"ECDSA with SHA-1", opensslCSR(t, "/CN=x", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-sha1"), ErrWeakSignature},
		{"no subject", opensslCSR(t, "/", "-newkey", "ed25519"), ErrSubject},
		{"no common name", opensslCSR(t, "/O=x", "-newkey", "ed25519"), ErrSubject},
		{"two common names", opensslCSR(t, "/CN=x/CN=y", "-newkey", "ed25519"), ErrSubject},
		{"a common name joined to another part", opensslCSR(t, "/O=x+CN=y", "-multivalue-rdn", "-newkey", "ed25519"), ErrSubject},
		{"country in lower case", opensslCSR(t, "/C=us/CN=x", "-newkey", "ed25519"), ErrSubject},
		{"right-to-left override", opensslCSR(t, "/CN=a\u202Eb", "-newkey", "ed25519"), ErrSubject},
		{"line feed", goCSR(t, pkix.AttributeTypeAndValue{Type: oid(oidCommonName), Value: "a\nb"}), ErrSubject},
		{"65 characters", goCSR(t, pkix.AttributeTypeAndValue{Type: oid(oidCommonName), Value: strings.Repeat("a", 65)}), ErrSubject},
		{"BMPString", goCSR(t, pkix.AttributeTypeAndValue{Type: oid(oidCommonName), Value: encasn1.RawValue{Tag: encasn1.TagBMPString, Bytes: []byte{0, 'a'}}}), ErrSubject},
		{"TeletexString", goCSR(t, pkix.AttributeTypeAndValue{Type: oid(oidCommonName), Value: encasn1.RawValue{Tag: encasn1.TagT61String, Bytes: []byte("a")}}), ErrSubject},
		{"a name too long for the log", goCSR(t, longName(31)...), ErrSubject},
	} {
		if req, err := ParseCSR(c.data); !errors.Is(err, c.want) || req != nil {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
}

// A name of many parts is good as long as a log holds it.
func TestALongNameIsBounded(t *testing.T) {
	if _, err := ParseCSR(goCSR(t, longName(20)...)); err != nil {
		t.Error(err)
	}
}

// longName is a common name and so many units of 64 letters, each of three bytes.
func longName(units int) []pkix.AttributeTypeAndValue {
	name := []pkix.AttributeTypeAndValue{{Type: oid(oidCommonName), Value: "x"}}
	for range units {
		name = append(name, pkix.AttributeTypeAndValue{Type: oid("2.5.4.11"), Value: strings.Repeat("証", 64)})
	}
	return name
}

// goCSR makes a request whose subject openssl would not write.
func goCSR(t testing.TB, attributes ...pkix.AttributeTypeAndValue) []byte {
	t.Helper()
	var rdns pkix.RDNSequence
	for _, a := range attributes {
		rdns = append(rdns, []pkix.AttributeTypeAndValue{a})
	}
	name, err := encasn1.Marshal(rdns)
	if err != nil {
		t.Fatal(err)
	}
	key, err := testKeys["ecdsa-p256"]()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{RawSubject: name}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestEveryTruncationIsRefused(t *testing.T) {
	block, _ := pem.Decode(p256CSR(t))
	for n := range block.Bytes {
		if _, err := ParseCSR(block.Bytes[:n]); !errors.Is(err, ErrNoRequest) {
			t.Errorf("%d of %d bytes: %v", n, len(block.Bytes), err)
		}
	}
}

func TestEveryFlippedByteIsRefused(t *testing.T) {
	block, _ := pem.Decode(p256CSR(t))
	for i := range block.Bytes {
		bad := bytes.Clone(block.Bytes)
		bad[i] ^= 1
		if _, err := ParseCSR(bad); err == nil {
			t.Errorf("byte %d", i)
		}
	}
}

func TestCheckKey(t *testing.T) {
	n := func(bits int) *big.Int { // odd, of that length; nobody computes with it
		n := new(big.Int).Lsh(big.NewInt(1), uint(bits-1))
		return n.SetBit(n, 0, 1)
	}
	for _, c := range []struct {
		why string
		key any
		ok  bool
	}{
		{"RSA 2048", &rsa.PublicKey{N: n(2048), E: 65537}, true},
		{"RSA 8192", &rsa.PublicKey{N: n(8192), E: 65537}, true},
		{"RSA 2047", &rsa.PublicKey{N: n(2047), E: 65537}, false},
		{"RSA 8193", &rsa.PublicKey{N: n(8193), E: 65537}, false},
		{"RSA, even modulus", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 2047), E: 65537}, false},
		{"RSA, exponent 1", &rsa.PublicKey{N: n(2048), E: 1}, false},
		{"RSA, even exponent", &rsa.PublicKey{N: n(2048), E: 65538}, false},
		{"RSA, empty", &rsa.PublicKey{}, false},
		{"ECDSA, empty", &ecdsa.PublicKey{}, false},
		{"none", nil, false},
		{"text", "key", false},
	} {
		if err := checkKey(c.key); c.ok != (err == nil) || err != nil && !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
	for spec, bits := range map[string]int{"rsa-3072": 3072, "rsa-4096": 4096} {
		p := testProfile(t, "ecdsa-p256")
		p.HSM.KeySpec = "rsa-3072"
		if got := matches(&rsa.PublicKey{N: n(bits), E: 65537}, p.HSM.KeySpec); got != (spec == "rsa-3072") {
			t.Errorf("%s matches rsa-3072: %v", spec, got)
		}
	}
}

func TestNamesAreWrittenAsOpenSSLWritesThem(t *testing.T) {
	for _, subject := range []string{
		"/CN=plain",
		"/C=US/ST=New York/L=Here/O=A, B\\+C/OU=#1/CN=x\\\\y \"z\" <a;b>",
		"/DC=org/DC=example/CN=x/emailAddress=a@b.example",
		"/1.2.3.4=odd/CN=x",
	} {
		data := opensslCSR(t, subject, "-newkey", "ed25519")
		file := filepath.Join(t.TempDir(), "csr")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		want := run(t, "openssl", "req", "-in", file, "-noout", "-subject", "-nameopt", "RFC2253,-esc_msb,utf8")
		want = strings.TrimSpace(strings.TrimPrefix(want, "subject="))
		if got := mustRequest(t, data).Subject(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
}

func FuzzParseCSR(f *testing.F) {
	data := p256CSR(f)
	block, _ := pem.Decode(data)
	f.Add(data)
	f.Add(block.Bytes)
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\n"))
	rsaBlock, _ := pem.Decode(opensslCSR(f, "/C=US/CN=x", "-newkey", "rsa:2048", "-addext", "basicConstraints=CA:TRUE"))
	f.Add(rsaBlock.Bytes)
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := ParseCSR(data)
		if err != nil {
			return
		}
		again, err := x509.ParseCertificateRequest(req.DER())
		if err != nil || again.CheckSignature() != nil {
			t.Errorf("accepted without a valid signature: %s", hex.EncodeToString(data))
		}
	})
}
