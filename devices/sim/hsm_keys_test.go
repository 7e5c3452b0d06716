package sim

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hsmPublicPEM writes the answer to GET PUBLIC KEY as OpenSSL reads it.
func hsmPublicPEM(t testing.TB, answer []byte) string {
	t.Helper()
	var public crypto.PublicKey
	switch curve := hsmCurve(answer[0]); {
	case curve != nil:
		key, err := ecdsa.ParseUncompressedPublicKey(curve, append([]byte{4}, answer[1:]...))
		if err != nil {
			t.Fatal(err)
		}
		public = key
	case answer[0] == hsmEd25519:
		public = ed25519.PublicKey(answer[1:])
	default:
		public = &rsa.PublicKey{N: new(big.Int).SetBytes(answer[1:]), E: 65537}
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	return hsmWriteTemp(t, "public.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// hsmVerify has OpenSSL verify a signature over a digest.
func hsmVerify(t testing.TB, public, hash string, digest, signature []byte, options ...string) {
	t.Helper()
	args := []string{"pkeyutl", "-verify", "-pubin", "-inkey", public,
		"-in", hsmWriteTemp(t, "digest", digest), "-sigfile", hsmWriteTemp(t, "signature", signature)}
	if hash != "" {
		args = append(args, "-pkeyopt", "digest:"+hash)
	}
	for _, option := range options {
		args = append(args, "-pkeyopt", option)
	}
	if out := hsmOpenSSL(t, args...); !strings.Contains(out, "Verified Successfully") {
		t.Error(out)
	}
}

func hsmHash(h crypto.Hash, message string) []byte {
	sum := h.New()
	sum.Write([]byte(message))
	return sum.Sum(nil)
}

var hsmHashNames = map[string]crypto.Hash{"sha1": crypto.SHA1, "sha256": crypto.SHA256, "sha384": crypto.SHA384, "sha512": crypto.SHA512}

func TestHSMSignsECDSAForOpenSSLWithEveryHashOnEveryCurve(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	for i, algorithm := range []byte{hsmP256, hsmP384, hsmP521} {
		id := hsmBE(uint16(10 + i))
		c.must(hsmGenAsymmetric, hsmObjectBytes(uint16(10+i), "", 1, hsmCapSignECDSA, algorithm))
		public := hsmPublicPEM(t, c.must(hsmGetPublicKey, id))
		for name, hash := range hsmHashNames {
			digest := hsmHash(hash, "to be signed")
			hsmVerify(t, public, name, digest, c.must(hsmSignECDSA, id, digest))
		}
		c.want(hsmInvalidData, "a digest of no hash", hsmSignECDSA, id, make([]byte, 33))
		c.want(hsmInvalidData, "a digest padded with more than zeros", hsmSignECDSA, id, append([]byte{1}, make([]byte, 65)...))
		c.want(hsmNotPermitted, "a key without the capability", hsmSignEdDSA, id, []byte("x"))
	}
	digest := hsmHash(crypto.SHA512, "padded")
	public := hsmPublicPEM(t, c.must(hsmGetPublicKey, hsmBE(12)))
	hsmVerify(t, public, "sha512", digest, c.must(hsmSignECDSA, hsmBE(12), []byte{0, 0}, digest))
}

func TestHSMSignsEd25519ForOpenSSL(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignEdDSA, hsmEd25519))
	public := hsmPublicPEM(t, c.must(hsmGetPublicKey, hsmBE(10)))
	message := []byte("a whole message, not its digest")
	signature := hsmWriteTemp(t, "signature", c.must(hsmSignEdDSA, hsmBE(10), message))
	hsmOpenSSL(t, "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", public, "-in", hsmWriteTemp(t, "message", message), "-sigfile", signature)
}

// RFC 8032, section 7.1, test 3, which Yubico's own tests put into a device too.
func TestHSMEd25519GivesTheVectorOfRFC8032(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	seed := hsmUnhex(t, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
	c.must(hsmPutAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignEdDSA, hsmEd25519), seed)
	want := hsmUnhex(t, `6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
		18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a`)
	if got := c.must(hsmSignEdDSA, hsmBE(10), []byte{0xaf, 0x82}); !bytes.Equal(got, want) {
		t.Errorf("signature %x", got)
	}
}

// hsmOpenSSLPrimes makes an RSA key with OpenSSL and returns p ‖ q.
func hsmOpenSSLPrimes(t testing.TB, bits int) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "rsa.pem")
	hsmOpenSSL(t, "genrsa", "-out", file, fmt.Sprint(bits))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	primes := make([]byte, bits/8)
	key.(*rsa.PrivateKey).Primes[0].FillBytes(primes[:bits/16])
	key.(*rsa.PrivateKey).Primes[1].FillBytes(primes[bits/16:])
	return primes
}

func TestHSMSignsRSAForOpenSSL(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignPKCS|hsmCapSignPSS, hsmRSA2048))
	for id, algorithm := range map[uint16]byte{11: hsmRSA3072, 12: hsmRSA4096} {
		c.must(hsmPutAsymmetric, hsmObjectBytes(id, "", 1, hsmCapSignPKCS|hsmCapSignPSS, algorithm), hsmOpenSSLPrimes(t, hsmRSABits(algorithm)))
	}
	for id := uint16(10); id <= 12; id++ {
		public := hsmPublicPEM(t, c.must(hsmGetPublicKey, hsmBE(id)))
		digest := hsmHash(crypto.SHA256, "to be signed")
		hsmVerify(t, public, "sha256", digest, c.must(hsmSignPKCS1, hsmBE(id), digest), "rsa_padding_mode:pkcs1")
		for _, salt := range []uint16{0, 32, uint16(hsmRSABits(hsmRSA2048+byte(id)-10)/8 - 34)} {
			signature := c.must(hsmSignPSS, hsmBE(id), []byte{hsmMGF1SHA2}, hsmBE(salt), digest)
			hsmVerify(t, public, "sha256", digest, signature, "rsa_padding_mode:pss", fmt.Sprintf("rsa_pss_saltlen:%d", salt))
		}
		signature := c.must(hsmSignPSS, hsmBE(id), []byte{hsmMGF1SHA1}, hsmBE(20), digest)
		hsmVerify(t, public, "sha256", digest, signature, "rsa_padding_mode:pss", "rsa_pss_saltlen:20", "rsa_mgf1_md:sha1")
		c.want(hsmInvalidData, "too much salt", hsmSignPSS, hsmBE(id), []byte{hsmMGF1SHA2}, hsmBE(512), digest)
		c.want(hsmInvalidData, "no such mask", hsmSignPSS, hsmBE(id), []byte{99}, hsmBE(32), digest)
		c.want(hsmInvalidData, "no such digest", hsmSignPKCS1, hsmBE(id), digest[1:])
	}
}

func TestHSMImportsOnlyKeys(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	for _, tt := range []struct {
		why       string
		algorithm byte
		secret    []byte
		want      hsmCode
	}{
		{"zero", hsmP256, make([]byte, 32), hsmInvalidData},
		{"above the order", hsmP384, bytes.Repeat([]byte{0xff}, 48), hsmInvalidData},
		{"too short", hsmP521, make([]byte, 65), hsmWrongLength},
		{"not primes", hsmRSA2048, bytes.Repeat([]byte{0xff}, 256), hsmInvalidData},
		{"even primes", hsmRSA2048, bytes.Repeat([]byte{0xfe}, 256), hsmInvalidData},
		{"zero primes", hsmRSA2048, make([]byte, 256), hsmInvalidData},
		{"not a key's algorithm", hsmAuthAES, make([]byte, 32), hsmInvalidData},
		{"one", hsmP256, append(make([]byte, 31), 1), hsmOK},
	} {
		c.want(tt.want, tt.why, hsmPutAsymmetric, hsmObjectBytes(10, "", 1, 0, tt.algorithm), tt.secret)
	}
}

func TestHSMDisabledAlgorithmMakesNoKey(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmSetOption, []byte{hsmOptionAlgorithms, 0, 2, hsmP256, 0})
	c.want(hsmInvalidData, "disabled", hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP384))
	c.want(hsmNotPermitted, "no longer fresh", hsmSetOption, []byte{hsmOptionAlgorithms, 0, 2, hsmP256, 1})
}

func TestHSMAttestationChainsToTheSimulatedRoot(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(34332673))
	c.must(hsmGenAsymmetric, hsmObjectBytes(0x0a, "Root CA", 1, hsmCapSignECDSA|hsmCapExportable, hsmP384))
	attestation := c.must(hsmSignAttestation, hsmBE(0x0a), hsmBE(0))
	pemFile := func(name string, der []byte) string {
		return hsmWriteTemp(t, name, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	leaf := pemFile("leaf.pem", attestation)
	hsmOpenSSL(t, "verify", "-CAfile", pemFile("root.pem", HSMAttestationRoot()), "-untrusted", pemFile("device.pem", c.must(hsmGetOpaque, hsmBE(0))), leaf)
	text := hsmOpenSSL(t, "x509", "-in", leaf, "-noout", "-text")
	for _, want := range []string{"CN = YubiHSM Attestation id 0x000a", "CN = YubiHSM Attestation (34332673)", "1.3.6.1.4.1.41482.4.5", "P-384", "ecdsa-with-SHA256"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in the certificate:\n%s", want, text)
		}
	}
	parsed := hsmOpenSSL(t, "asn1parse", "-in", leaf)
	for name, want := range map[string]string{
		"firmware 2.4.1":                    ":0403020401",
		"serial number 34332673":            ":0204020BE001",
		"origin generated":                  ":03020001",
		"domain 1":                          ":0303000001",
		"exportable-under-wrap, sign-ecdsa": ":0309000000000000010080",
		"ID 10":                             ":02010A",
		"label":                             ":0C07526F6F74204341",
	} {
		if !strings.Contains(parsed, want) {
			t.Errorf("%s (%s) is not in the certificate:\n%s", name, want, parsed)
		}
	}
	if bytes.Equal(attestation, c.must(hsmSignAttestation, hsmBE(0x0a), hsmBE(0))) {
		t.Error("two attestations have the same serial number")
	}
}

func TestHSMAttestsWithAKeyOfItsOwner(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, 0, hsmP256))
	for id, tt := range map[uint16]struct {
		algorithm byte
		can       hsmCaps
		want      hsmCode
	}{
		20: {hsmP384, hsmCapAttest, hsmOK},
		21: {hsmP384, hsmCapSignECDSA, hsmNotPermitted},
		22: {hsmEd25519, hsmCapAttest, hsmInvalidData},
		23: {hsmRSA2048, hsmCapAttest, hsmOK},
	} {
		c.must(hsmGenAsymmetric, hsmObjectBytes(id, "", 1, tt.can, tt.algorithm))
		c.want(hsmObjectNotFound, "no certificate yet", hsmSignAttestation, hsmBE(10), hsmBE(id))
		template := hsmCA("Owner", big.NewInt(7))
		template.SignatureAlgorithm = 0
		signer := c.hsm.object(id, hsmAsymmetric).signer
		der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		c.must(hsmPutOpaque, hsmObjectBytes(id, "", 1, 0, hsmOpaqueCRT), der)
		attestation, code := c.do(hsmSignAttestation, hsmBE(10), hsmBE(id))
		if code != tt.want {
			t.Errorf("key %d: error %#x, want %#x", id, code, tt.want)
		}
		if code == hsmOK {
			issuer, _ := x509.ParseCertificate(der)
			leaf, err := x509.ParseCertificate(attestation)
			if err != nil || leaf.CheckSignatureFrom(issuer) != nil {
				t.Errorf("key %d: not attested: %v", id, err)
			}
		}
	}
}
