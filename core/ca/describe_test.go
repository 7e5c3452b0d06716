package ca

import (
	"crypto/sha256"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"anodize/core/profile"
)

func rows(t *testing.T, der []byte) string {
	t.Helper()
	fields, err := Describe(der)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, f := range fields {
		b.WriteString(f.Name + ": " + f.Value + "\n")
	}
	return b.String()
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestDescribeCertificate(t *testing.T) {
	r := newRoot(t, profile.ECDSAP384, "REHEARSAL ")
	req := mustRequest(t, p256CSR(t))
	c := parse(t, r.intermediate(t, req, r.p.CertProfiles[1], "REHEARSAL "))
	spki := req.SPKIHash()
	want := `Kind: Certificate, version 3
Subject: CN=REHEARSAL Example Intermediate CA 1,O=Example Corp,C=US
Issuer: CN=REHEARSAL Example Root CA,O=Example Corp,C=US
Serial number: ` + hex.EncodeToString(c.SerialNumber.Bytes()) + `
Valid from: 2026-04-25 13:30:00 UTC
Valid until: 2029-04-25 13:29:59 UTC
Public key: ECDSA P-256
Public key, SHA-256: ` + hex.EncodeToString(spki[:]) + `
Signature algorithm: ECDSA P-384 with SHA-384
Key usage (critical): certificate signing, CRL signing
Basic constraints (critical): CA, no CA below it
Subject key identifier: ` + hex.EncodeToString(c.SubjectKeyId) + `
Authority key identifier: ` + hex.EncodeToString(r.cert.SubjectKeyId) + `
Name constraints (critical): only DNS names within example.com
CRL distribution points: http://crl.example.com/root.crl
`
	if got := rows(t, c.Raw); got != want+"Fingerprint, SHA-256: "+hash(c.Raw)+"\n" {
		t.Errorf("signed:\n%s", got)
	}
	if got := rows(t, c.RawTBSCertificate); got != want+"To be signed, SHA-256: "+hash(c.RawTBSCertificate)+"\n" {
		t.Errorf("to be signed:\n%s", got)
	}
	if got := rows(t, r.cert.Raw); !strings.Contains(got, "Basic constraints (critical): CA, any number of CAs below it\n") {
		t.Errorf("root:\n%s", got)
	}
}

func TestDescribeCRL(t *testing.T) {
	r := newRoot(t, profile.ECDSAP256, "")
	tbs, err := CRLTBS(r.cert, big.NewInt(42), testTime, testTime.Add(day), []Revoked{
		{big.NewInt(0x0102), testTime, 4}, {big.NewInt(0x80), testTime, 0},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := `Kind: Certificate revocation list, version 2
Issuer: CN=Example Root CA,O=Example Corp,C=US
This update: 2026-04-25 12:30:00 UTC
Next update: 2026-04-26 12:30:00 UTC
Signature algorithm: ECDSA P-256 with SHA-256
Authority key identifier: ` + hex.EncodeToString(r.cert.SubjectKeyId) + `
CRL number: 42
Revoked certificates: 2
Revoked: 0102 at 2026-04-25 12:30:00 UTC: superseded
Revoked: 80 at 2026-04-25 12:30:00 UTC: unspecified
To be signed, SHA-256: ` + hash(tbs) + "\n"
	if got := rows(t, tbs); got != want {
		t.Errorf("got\n%s", got)
	}
}

// TestDescribeShowsWhatIsUnknown: what has no name is shown in hexadecimal, never
// left out.
func TestDescribeShowsWhatIsUnknown(t *testing.T) {
	file := t.TempDir() + "/c.der"
	run(t, "openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-keyout", file+".key", "-outform", "DER", "-out", file,
		"-subj", "/CN=a\nb", "-addext", "1.2.3.4=critical,DER:0500", "-addext", "subjectAltName=DNS:x.example",
		"-addext", "crlDistributionPoints=URI:http://a/b,DNS:c")
	der := readFile(t, file)
	got := rows(t, der)
	for _, want := range []string{
		`Subject: CN=a\0Ab` + "\n", "1.2.3.4 (critical): DER 0500\n",
		"Subject alternative name: DER 300b8209782e6578616d706c65\n", "CRL distribution points: DER 30",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}
