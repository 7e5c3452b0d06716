package attestation_test

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"anodize/core/hsm/attestation"
)

// room holds what OpenSSL made: a maker with a root and an authority below it,
// another maker, and two devices of 2048-bit RSA and of P-256.
type room struct {
	t   testing.TB
	dir string
}

func (r room) path(name string) string { return filepath.Join(r.dir, name) }

func (r room) openssl(args ...string) {
	r.t.Helper()
	cmd := exec.Command("openssl", args...)
	cmd.Dir = r.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		r.t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (r room) read(name string) []byte {
	r.t.Helper()
	b, err := os.ReadFile(r.path(name))
	if err != nil {
		r.t.Fatal(err)
	}
	return b
}

func (r room) der(name string) []byte {
	r.t.Helper()
	block, _ := pem.Decode(r.read(name + ".pem"))
	if block == nil {
		r.t.Fatalf("%s is not PEM", name)
	}
	return block.Bytes
}

// key makes a private key.
func (r room) key(name, kind string) {
	r.t.Helper()
	options := map[string][]string{
		"rsa":  {"-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"},
		"p256": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"},
		"p384": {"-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"},
	}[kind]
	r.openssl(append([]string{"genpkey", "-out", name + ".key"}, options...)...)
}

// certify issues name.pem for name.key under the parent, or under itself.
func (r room) certify(name, parent, serial, extensions string, options ...string) {
	r.t.Helper()
	file := r.path(name + ".cnf")
	if err := os.WriteFile(file, []byte(extensions), 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.openssl("req", "-new", "-key", name+".key", "-subj", "/CN="+name, "-out", name+".csr")
	args := []string{"x509", "-req", "-in", name + ".csr", "-set_serial", serial, "-days", "1", "-extfile", file, "-out", name + ".pem"}
	if parent == "" {
		args = append(args, "-signkey", name+".key")
	} else {
		args = append(args, "-CA", parent+".pem", "-CAkey", parent+".key")
	}
	r.openssl(append(args, options...)...)
}

const (
	authority = "basicConstraints=critical,CA:TRUE\n"
	arc       = "1.3.6.1.4.1.41482.4."
	ofDevice  = authority + arc + "1=ASN1:FORMAT:HEX,OCTETSTRING:020401\n" + arc + "2=ASN1:INTEGER:34332673\n"
	ofKey     = arc + "1=ASN1:FORMAT:HEX,OCTETSTRING:020401\n" + arc + "2=ASN1:INTEGER:34332673\n" + generated + keyOnly
	generated = arc + "3=ASN1:FORMAT:HEX,BITSTRING:01\n"
	wrapped   = arc + "3=ASN1:FORMAT:HEX,BITSTRING:11\n"
	imported  = arc + "3=ASN1:FORMAT:HEX,BITSTRING:02\n"
	keyOnly   = arc + "4=ASN1:FORMAT:HEX,BITSTRING:0001\n" + arc + "5=ASN1:FORMAT:HEX,BITSTRING:0000000000010080\n" + arc + "6=ASN1:INTEGER:256\n" + arc + "9=ASN1:UTF8String:Root CA\n"
	keySerial = "-0x2a5d9e3c7f0011223344556677889901" // 16 octets with the first bit set read as a negative number
)

var made string // the folder of what every test uses, once it is there

func TestMain(m *testing.M) {
	code := m.Run()
	if made != "" {
		os.RemoveAll(made)
	}
	os.Exit(code)
}

// newRoom makes what every test uses, once.
func newRoom(t testing.TB) room {
	t.Helper()
	if made != "" {
		return room{t, made}
	}
	dir, err := os.MkdirTemp("", "attestation")
	if err != nil {
		t.Fatal(err)
	}
	made = dir
	r := room{t, dir}
	r.key("maker", "rsa")
	r.certify("maker", "", "1", authority)
	r.key("below", "p384")
	r.certify("below", "maker", "2", authority, "-sha384")
	r.key("device", "rsa")
	r.certify("device", "below", "3", ofDevice)
	r.key("small", "p256")
	r.certify("small", "maker", "4", ofDevice)
	r.key("key", "p384")
	r.certify("key", "device", keySerial, ofKey)
	r.key("other", "p256")
	r.certify("other", "", "6", authority)
	return r
}

func (r room) chain(names ...string) [][]byte {
	var out [][]byte
	for _, name := range names {
		out = append(out, r.der(name))
	}
	return out
}

// claim is what key.pem says.
func (r room) claim(key string) attestation.Claim {
	r.t.Helper()
	r.openssl("pkey", "-in", key+".key", "-pubout", "-outform", "DER", "-out", key+".spki")
	return attestation.Claim{Serial: "0034332673", Firmware: "2.4.1", ID: 0x100, Label: "Root CA", SPKI: r.read(key + ".spki")}
}

func (r room) roots(names ...string) attestation.Roots {
	r.t.Helper()
	var text []byte
	for _, name := range names {
		text = append(text, r.read(name+".pem")...)
	}
	roots, err := attestation.ParseRoots(text)
	if err != nil {
		r.t.Fatal(err)
	}
	return roots
}

func TestAChainMadeByOpenSSLIsReadAndTrusted(t *testing.T) {
	r := newRoom(t)
	s, err := attestation.Verify(r.chain("key", "device"), r.claim("key"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Domains != 1 || s.Capabilities != 1<<7|1<<16 || s.Issuer() != `"CN=below"` {
		t.Errorf("it says %+v, issued by %s", s, s.Issuer())
	}
	for why, c := range map[string]struct {
		roots attestation.Roots
		ok    bool
	}{
		"the root and what is below it":   {r.roots("below", "maker"), true},
		"in the other order":              {r.roots("maker", "below"), true},
		"among others":                    {r.roots("other").Join(r.roots("maker", "below")), true},
		"the authority below is missing":  {r.roots("maker"), false},
		"another maker":                   {r.roots("other"), false},
		"the authority below another":     {r.roots("other", "below"), false},
		"nobody":                          {attestation.Roots{}, false},
		"the maker was taken away":        {r.roots("maker", "below").Without(r.roots("maker")), false},
		"another than it was taken away":  {r.roots("maker", "below").Without(r.roots("other")), true},
		"the device itself, as authority": {r.roots("other", "device"), false},
	} {
		root, err := c.roots.Trust(s)
		if (err == nil) != c.ok || c.ok != (root == "CN=maker") || err != nil && !errors.Is(err, attestation.ErrBroken) {
			t.Errorf("%s: trusted by %q, %v", why, root, err)
		}
	}
}

func TestWhatIsNotClaimedIsRefused(t *testing.T) {
	r := newRoom(t)
	r.key("stranger", "p384")
	r.certify("stranger", "device", "7", ofKey)
	r.key("itself", "p384")
	r.certify("itself", "", "8", ofKey)
	for _, c := range []struct{ name, extensions string }{
		{"imported", strings.Replace(ofKey, generated, imported, 1)},
		{"wrapped", strings.Replace(ofKey, generated, wrapped, 1)},
		{"originless", strings.Replace(ofKey, generated, "", 1)},
		{"plain", "basicConstraints=CA:FALSE\n"},
		{"typed", strings.Replace(ofKey, "2=ASN1:INTEGER:34332673", "2=ASN1:UTF8String:34332673", 1)},
		{"wide", strings.Replace(ofKey, "BITSTRING:0001", "BITSTRING:000000000000000001", 1)},
	} {
		r.openssl("pkey", "-in", "key.key", "-out", c.name+".key")
		r.certify(c.name, "device", "9", c.extensions)
	}
	// A key inside the device that signs: its own attestation is genuine, and
	// what it signs says whatever its owner wants.
	r.openssl("pkey", "-in", "stranger.key", "-out", "inner.key")
	r.certify("inner", "key", "10", ofKey)
	r.openssl("pkey", "-in", "small.key", "-out", "elsewhere.key")
	r.certify("elsewhere", "maker", "11", strings.Replace(ofDevice, "34332673", "34332674", 1))
	with := func(change func(*attestation.Claim)) attestation.Claim {
		c := r.claim("key")
		change(&c)
		return c
	}
	whole := r.chain("key", "device")
	flipped := slices.Clone(whole[0])
	flipped[len(flipped)-1] ^= 1
	for why, c := range map[string]struct {
		chain [][]byte
		claim attestation.Claim
	}{
		"another device's serial number":       {whole, with(func(c *attestation.Claim) { c.Serial = "0034332674" })},
		"no serial number":                     {whole, with(func(c *attestation.Claim) { c.Serial = "" })},
		"another firmware":                     {whole, with(func(c *attestation.Claim) { c.Firmware = "2.4.0" })},
		"another object":                       {whole, with(func(c *attestation.Claim) { c.ID = 0 })},
		"another label":                        {whole, with(func(c *attestation.Claim) { c.Label = "root CA" })},
		"another public key":                   {whole, r.claim("stranger")},
		"a key that was imported":              {r.chain("imported", "device"), r.claim("key")},
		"a key that came under wrap":           {r.chain("wrapped", "device"), r.claim("key")},
		"a key of no origin":                   {r.chain("originless", "device"), r.claim("key")},
		"a certificate without extensions":     {r.chain("plain", "device"), r.claim("key")},
		"an extension of another type":         {r.chain("typed", "device"), r.claim("key")},
		"more than 64 bits":                    {r.chain("wide", "device"), r.claim("key")},
		"another device's certificate":         {r.chain("key", "small"), r.claim("key")},
		"a device of another serial number":    {r.chain("key", "elsewhere"), r.claim("key")},
		"a device that is none":                {r.chain("key", "maker"), r.claim("key")},
		"signed by an attested key":            {r.chain("inner", "key"), r.claim("stranger")},
		"a key that attests itself":            {r.chain("itself", "itself"), r.claim("itself")},
		"a signature with a bit changed":       {[][]byte{flipped, whole[1]}, r.claim("key")},
		"the key's certificate alone":          {whole[:1], r.claim("key")},
		"three certificates":                   {r.chain("key", "device", "below"), r.claim("key")},
		"no certificate":                       {nil, r.claim("key")},
		"the device's first":                   {r.chain("device", "key"), r.claim("key")},
		"a byte after the certificate":         {[][]byte{append(slices.Clone(whole[0]), 0), whole[1]}, r.claim("key")},
		"more bytes than a certificate has":    {[][]byte{whole[0], make([]byte, attestation.MaxCertificate+1)}, r.claim("key")},
		"something that is not a certificate":  {[][]byte{[]byte("none"), whole[1]}, r.claim("key")},
		"a certificate that is cut off":        {[][]byte{whole[0][:len(whole[0])/2], whole[1]}, r.claim("key")},
		"a certificate that is empty in parts": {[][]byte{{0x30, 0x00}, whole[1]}, r.claim("key")},
	} {
		if s, err := attestation.Verify(c.chain, c.claim); !errors.Is(err, attestation.ErrBroken) {
			t.Errorf("%s: %+v, %v", why, s, err)
		}
	}
}

func TestRootsAreAuthoritiesWithARootAmongThem(t *testing.T) {
	r := newRoom(t)
	maker, below := r.read("maker.pem"), r.read("below.pem")
	for why, text := range map[string][]byte{
		"nothing":              nil,
		"no PEM":               []byte("maker"),
		"an authority alone":   below,
		"no authority":         append(slices.Clone(maker), r.read("key.pem")...),
		"a private key":        append(slices.Clone(maker), r.read("maker.key")...),
		"something at the end": append(slices.Clone(maker), "and so on"...),
		"half a certificate":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.der("maker")[:200]}),
		"too many":             bytes.Repeat(maker, 17),
	} {
		if roots, err := attestation.ParseRoots(text); err == nil || !roots.Empty() {
			t.Errorf("%s: %v", why, err)
		}
	}
	roots, err := attestation.ParseRoots(append(append([]byte("The maker's:\n"), maker...), "\n"...))
	if err != nil || roots.Empty() {
		t.Errorf("a file with a comment: %v", err)
	}
	loop := r.roots("other").Join(attestation.Roots{})
	if loop.Empty() || !(attestation.Roots{}).Empty() {
		t.Error("who trusts somebody, or nobody, says otherwise")
	}
}

// Whatever bit is changed, nothing but the same statement ever comes out.
func TestNoChangedBitIsAttested(t *testing.T) {
	r := newRoom(t)
	whole, claim := r.chain("key", "device"), r.claim("key")
	roots := r.roots("maker", "below")
	rapid.Check(t, func(t *rapid.T) {
		chain := [][]byte{slices.Clone(whole[0]), slices.Clone(whole[1])}
		which := rapid.IntRange(0, 1).Draw(t, "certificate")
		bit := rapid.IntRange(0, 8*len(chain[which])-1).Draw(t, "bit")
		chain[which][bit/8] ^= 1 << (bit % 8)
		s, err := attestation.Verify(chain, claim)
		if err != nil {
			return
		}
		if which == 0 {
			t.Fatal("a changed certificate of the key was accepted")
		}
		if _, err := roots.Trust(s); err == nil {
			t.Fatal("a changed certificate of the device was trusted")
		}
	})
}

// What crypto/x509 reads, and what is read here, must agree on the key.
func FuzzVerify(f *testing.F) {
	r := newRoom(f)
	f.Add(r.der("key"), r.der("device"))
	f.Add(r.der("device"), r.der("below"))
	f.Add([]byte{0x30, 0x80}, []byte{})
	claim := r.claim("key")
	f.Fuzz(func(t *testing.T, key, device []byte) {
		s, err := attestation.Verify([][]byte{key, device}, claim)
		if (err == nil) == (s == nil) {
			t.Fatalf("%+v, %v", s, err)
		}
		if err != nil {
			return
		}
		cert, err := x509.ParseCertificate(key)
		if err == nil && !bytes.Equal(cert.RawSubjectPublicKeyInfo, claim.SPKI) {
			t.Errorf("crypto/x509 reads another key: %x", cert.RawSubjectPublicKeyInfo)
		}
	})
}

func FuzzParseRoots(f *testing.F) {
	r := newRoom(f)
	f.Add(r.read("maker.pem"))
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		roots, err := attestation.ParseRoots(text)
		if (err == nil) == roots.Empty() {
			t.Errorf("%v, and trusts nobody: %v", err, roots.Empty())
		}
	})
}

func ExampleParseRoots() {
	_, err := attestation.ParseRoots([]byte("not a certificate"))
	fmt.Println(err)
	// Output: something follows the certificates, or it is not PEM
}
