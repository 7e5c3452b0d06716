package hsm

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func openssl(t *testing.T, args ...string) []byte {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// opensslKey makes a key with OpenSSL and returns its file and its public half.
func opensslKey(t *testing.T, args ...string) (string, crypto.PublicKey) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key.pem")
	openssl(t, append(append([]string{"genpkey"}, args...), "-out", file)...)
	block, _ := pem.Decode(openssl(t, "pkey", "-in", file, "-pubout"))
	if block == nil {
		t.Fatal("openssl wrote no PEM")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return file, pub
}

// opensslSign signs message; hash is empty for Ed25519.
func opensslSign(t *testing.T, key, hash string, message []byte, options ...string) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, message, 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"pkeyutl", "-sign", "-inkey", key, "-rawin", "-in", in, "-out", out}
	if hash != "" {
		args = append(args, "-digest", hash)
	}
	openssl(t, append(args, options...)...)
	sig, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestVerifyAgreesWithOpenSSL(t *testing.T) {
	message := []byte("to be signed")
	for _, tt := range []struct {
		spec KeySpec
		hash string
		args []string
		sign []string
	}{
		{ECDSAP256, "sha256", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"}, nil},
		{ECDSAP384, "sha384", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"}, nil},
		{ECDSAP521, "sha512", []string{"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"}, nil},
		{Ed25519, "", []string{"-algorithm", "ED25519"}, nil},
		{RSA3072, "sha256", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"}, nil},
		{RSAPSS3072, "sha256", []string{"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"},
			[]string{"-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest"}},
	} {
		t.Run(string(tt.spec), func(t *testing.T) {
			key, pub := opensslKey(t, tt.args...)
			sig := opensslSign(t, key, tt.hash, message, tt.sign...)
			if err := tt.spec.Verify(pub, message, sig); err != nil {
				t.Fatalf("OpenSSL's signature is refused: %v", err)
			}
			good := bytes.Clone(sig)
			sig[len(sig)-1] ^= 1
			if tt.spec.Verify(pub, message, sig) == nil {
				t.Fatal("a damaged signature is accepted")
			}
			for _, other := range specs {
				switch same := strings.Replace(string(other.spec), "-pss", "", 1) == strings.Replace(string(tt.spec), "-pss", "", 1); {
				case (other.spec.CheckPublic(pub) == nil) != same:
					t.Errorf("its key passes for %s: %v", other.spec, !same)
				case other.spec != tt.spec && other.spec.Verify(pub, message, good) == nil:
					t.Errorf("its signature passes for one of %s", other.spec)
				}
			}
		})
	}
}

func TestCheckPublicRefuses(t *testing.T) {
	n := new(big.Int).Lsh(big.NewInt(1), 3071)
	for name, tt := range map[string]struct {
		spec KeySpec
		pub  crypto.PublicKey
	}{
		"nothing at all":          {ECDSAP256, nil},
		"a nil ECDSA key":         {ECDSAP256, (*ecdsa.PublicKey)(nil)},
		"a nil RSA key":           {RSA3072, (*rsa.PublicKey)(nil)},
		"an RSA key without n":    {RSA3072, &rsa.PublicKey{E: 65537}},
		"an RSA exponent of 3":    {RSA3072, &rsa.PublicKey{N: n, E: 3}},
		"a shorter RSA key":       {RSA4096, &rsa.PublicKey{N: n, E: 65537}},
		"half an Ed25519 key":     {Ed25519, ed25519.PublicKey(make([]byte, 16))},
		"P-224 for P-256":         {ECDSAP256, &ecdsa.PublicKey{Curve: elliptic.P224()}},
		"the zero kind of key":    {"", ed25519.PublicKey(make([]byte, 32))},
		"a kind that is not ours": {"rsa-1024", &rsa.PublicKey{N: n, E: 65537}},
	} {
		if err := tt.spec.CheckPublic(tt.pub); err == nil {
			t.Errorf("%s passes", name)
		}
	}
}

func TestParseKeySpecIsAClosedSet(t *testing.T) {
	for _, k := range specs {
		if got, err := ParseKeySpec(string(k.spec)); got != k.spec || err != nil {
			t.Errorf("%s: %q, %v", k.spec, got, err)
		}
	}
	for _, s := range []string{"", "rsa-2048", "ECDSA-P384", "p384"} {
		if _, err := ParseKeySpec(s); err == nil || !strings.Contains(err.Error(), "ecdsa-p384") {
			t.Errorf("%q: the error does not say what to write instead: %v", s, err)
		}
		if _, err := KeySpec(s).Digest(nil); err == nil {
			t.Errorf("%q has a digest", s)
		}
		if KeySpec(s).SignatureAlgorithm() != x509.UnknownSignatureAlgorithm {
			t.Errorf("%q has a signature algorithm", s)
		}
	}
}
