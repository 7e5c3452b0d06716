package sim

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// RFC 5649, section 6.
func TestHSMKeyWrapWithPaddingGivesTheVectorsOfRFC5649(t *testing.T) {
	key := hsmUnhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
	for plain, want := range map[string]string{
		"c37b7e6492584340bed12207808941155068f738": "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a",
		"466f7250617369": "afbeb0f07dfbf5419200f2ccb50bb24f",
	} {
		sealed, err := hsmKWPSeal(key, hsmUnhex(t, plain))
		if err != nil || !bytes.Equal(sealed, hsmUnhex(t, want)) {
			t.Errorf("%s: %x, %v", plain, sealed, err)
		}
		opened, err := hsmKWPOpen(key, sealed)
		if err != nil || !bytes.Equal(opened, hsmUnhex(t, plain)) {
			t.Errorf("opened as %x, %v", opened, err)
		}
	}
}

func TestHSMKeyWrapWithPaddingNoticesEveryChangedBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		plain := rapid.SliceOfN(rapid.Byte(), 1, 80).Draw(t, "plain")
		sealed, err := hsmKWPSeal(key, plain)
		if err != nil {
			t.Fatal(err)
		}
		if opened, err := hsmKWPOpen(key, sealed); err != nil || !bytes.Equal(opened, plain) {
			t.Fatalf("opened as %x, %v", opened, err)
		}
		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := hsmKWPOpen(key, sealed); err == nil {
			t.Fatal("a changed bit went unnoticed")
		}
	})
}

// hsmOAEPs is every hash with the algorithms that name it, for OAEP and MGF1.
var hsmOAEPs = []struct {
	name       string
	oaep, mask byte
	hash       crypto.Hash
}{{"sha1", 25, 32, crypto.SHA1}, {"sha256", 26, 33, crypto.SHA256}, {"sha384", 27, 34, crypto.SHA384}, {"sha512", 28, 35, crypto.SHA512}}

// hsmWrapPair makes an RSA key with OpenSSL and puts its halves into two devices.
func hsmWrapPair(t testing.TB, from, to *hsmClient, delegated hsmCaps) (pemFile string) {
	t.Helper()
	pemFile = filepath.Join(t.TempDir(), "wrap.pem")
	hsmOpenSSL(t, "genrsa", "-out", pemFile, "2048")
	text, err := os.ReadFile(pemFile)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	private := key.(*rsa.PrivateKey)
	from.must(hsmPutPublicWrap, hsmObjectBytes(20, "out", 1, hsmCapExportWrapped, hsmRSA2048), hsmCapBytes(delegated), private.N.Bytes())
	to.must(hsmPutWrapKey, hsmObjectBytes(21, "in", 1, hsmCapImportWrapped, hsmRSA2048), hsmCapBytes(delegated), hsmPrimes(private))
	return pemFile
}

// The recipe is Yubico's own for opening outside what a device wrapped: OAEP,
// then AES key wrap with padding.
func TestHSMRSAWrappedKeyIsOpenedByOpenSSL(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	delegated := hsmCapSignECDSA | hsmCapSignEdDSA | hsmCapSignPKCS | hsmCapExportable
	wrap := hsmWrapPair(t, c, c, delegated)
	for i, tt := range []struct{ algorithm, aes byte }{{hsmP256, hsmAES256}, {hsmP384, hsmAES192}, {hsmP521, hsmAES128}, {hsmEd25519, hsmAES256}, {hsmRSA2048, hsmAES256}} {
		oaep := hsmOAEPs[i%len(hsmOAEPs)]
		id := uint16(30 + i)
		c.must(hsmGenAsymmetric, hsmObjectBytes(id, "root", 1, delegated, tt.algorithm))
		label := []byte("a label")
		wrapped := c.must(hsmGetRSAWrapped, hsmBE(20), []byte{hsmAsymmetric}, hsmBE(id), []byte{tt.aes, oaep.oaep, oaep.mask}, hsmHash(oaep.hash, string(label)))
		aes := filepath.Join(t.TempDir(), "aes")
		hsmOpenSSL(t, "pkeyutl", "-decrypt", "-inkey", wrap, "-in", hsmWriteTemp(t, "sealed", wrapped[:256]), "-out", aes,
			"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:"+oaep.name, "-pkeyopt", "rsa_mgf1_md:"+oaep.name,
			"-pkeyopt", "rsa_oaep_label:"+hex.EncodeToString(label))
		fresh, err := os.ReadFile(aes)
		if err != nil || len(fresh) != hsmAESSize(tt.aes) {
			t.Fatalf("an AES key of %d bytes, %v", len(fresh), err)
		}
		pkcs8 := filepath.Join(t.TempDir(), "pkcs8")
		hsmOpenSSL(t, "enc", "-d", fmt.Sprintf("-id-aes%d-wrap-pad", 8*len(fresh)), "-K", hex.EncodeToString(fresh), "-iv", "A65959A6",
			"-in", hsmWriteTemp(t, "inner", wrapped[256:]), "-out", pkcs8)
		public := hsmPublicPEM(t, c.must(hsmGetPublicKey, hsmBE(id)))
		if got, want := hsmOpenSSL(t, "pkey", "-inform", "DER", "-in", pkcs8, "-pubout"), hsmOpenSSL(t, "pkey", "-pubin", "-in", public, "-pubout"); got != want {
			t.Errorf("algorithm %d: OpenSSL finds the key\n%s, the device says\n%s", tt.algorithm, got, want)
		}
	}
}

// The other way round: a key that OpenSSL made and wrapped becomes the device's.
func TestHSMTakesAKeyThatOpenSSLWrapped(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	wrap := hsmWrapPair(t, c, c, hsmCapSignECDSA)
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	hsmOpenSSL(t, "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-outform", "DER", "-out", file("key.sec1"))
	hsmOpenSSL(t, "pkcs8", "-topk8", "-nocrypt", "-inform", "DER", "-outform", "DER", "-in", file("key.sec1"), "-out", file("key.der"))
	fresh := bytes.Repeat([]byte{9}, 32)
	hsmOpenSSL(t, "enc", "-id-aes256-wrap-pad", "-K", hex.EncodeToString(fresh), "-iv", "A65959A6", "-in", file("key.der"), "-out", file("inner"))
	hsmOpenSSL(t, "pkeyutl", "-encrypt", "-inkey", wrap, "-in", hsmWriteTemp(t, "aes", fresh), "-out", file("sealed"),
		"-pkeyopt", "rsa_padding_mode:oaep", "-pkeyopt", "rsa_oaep_md:sha256", "-pkeyopt", "rsa_mgf1_md:sha1")
	var wrapped []byte
	for _, name := range []string{"sealed", "inner"} {
		part, err := os.ReadFile(file(name))
		if err != nil {
			t.Fatal(err)
		}
		wrapped = append(wrapped, part...)
	}
	digest := hsmHash(crypto.SHA256, "")
	put := func(algorithm byte, can hsmCaps) [][]byte {
		return [][]byte{hsmBE(21), {hsmAsymmetric}, hsmObjectBytes(40, "root", 1, can, algorithm), {26, 32}, wrapped, digest}
	}
	c.want(hsmInvalidData, "another curve", hsmPutRSAWrapped, put(hsmP256, hsmCapSignECDSA)...)
	c.want(hsmNotPermitted, "more than the wrap key bestows", hsmPutRSAWrapped, put(hsmP384, hsmCapSignECDSA|hsmCapExportable)...)
	if got := c.must(hsmPutRSAWrapped, put(hsmP384, hsmCapSignECDSA)...); !bytes.Equal(got, []byte{hsmAsymmetric, 0, 40}) {
		t.Errorf("put %x", got)
	}
	if info := c.must(hsmObjectInfo, hsmBE(40), []byte{hsmAsymmetric}); info[17] != hsmImported|hsmUnwrapped {
		t.Errorf("origin %#x", info[17]) // as Yubico's tests of a device want it
	}
	message := hsmHash(crypto.SHA384, "to be signed")
	hsmOpenSSL(t, "pkey", "-inform", "DER", "-in", file("key.der"), "-pubout", "-out", file("public.pem"))
	hsmVerify(t, file("public.pem"), "sha384", message, c.must(hsmSignECDSA, hsmBE(40), message))
	c.want(hsmObjectExists, "twice", hsmPutRSAWrapped, put(hsmP384, hsmCapSignECDSA)...)
}

func TestHSMBackupUnderAnRSAKeyMovesAKeyBetweenTwoDevices(t *testing.T) {
	from, to := hsmLoginDefault(t, NewHSM(1)), hsmLoginDefault(t, NewHSM(2))
	delegated := hsmCapSignECDSA | hsmCapSignEdDSA | hsmCapSignPKCS | hsmCapExportable
	// The pair is made in the device that takes the key; its private half never
	// leaves it.
	to.must(hsmGenWrapKey, hsmObjectBytes(21, "in", 1, hsmCapImportWrapped, hsmRSA2048), hsmCapBytes(delegated))
	modulus := to.must(hsmGetPublicKey, hsmBE(21), []byte{hsmWrapKey})
	if modulus[0] != hsmRSA2048 || len(modulus) != 257 {
		t.Fatalf("public key %x", modulus)
	}
	from.must(hsmPutPublicWrap, hsmObjectBytes(20, "out", 1, hsmCapExportWrapped, hsmRSA2048), hsmCapBytes(delegated), modulus[1:])
	if got := from.must(hsmGetPublicKey, hsmBE(20), []byte{hsmPublicWrapKey}); !bytes.Equal(got, modulus) {
		t.Errorf("the public wrap key is %x", got)
	}
	digest := hsmHash(crypto.SHA512, "")
	for id, algorithm := range map[uint16]byte{10: hsmP384, 11: hsmRSA2048, 12: hsmEd25519} {
		from.must(hsmGenAsymmetric, hsmObjectBytes(id, "root", 3, delegated, algorithm))
		export := [][]byte{hsmBE(20), {hsmAsymmetric}, hsmBE(id), {hsmAES256, 28, 33}, digest}
		wrapped := from.must(hsmExportRSA, export...)
		if bytes.Equal(wrapped, from.must(hsmExportRSA, export...)) {
			t.Error("two exports are the same")
		}
		load := func(wrapped []byte) [][]byte { return [][]byte{hsmBE(21), {28, 33}, wrapped, digest} }
		for _, at := range []int{0, 255, 256, len(wrapped) - 1} {
			damaged := slices.Clone(wrapped)
			damaged[at] ^= 1
			to.want(hsmInvalidData, "damaged", hsmImportRSA, load(damaged)...)
		}
		to.want(hsmInvalidData, "another label", hsmImportRSA, hsmBE(21), []byte{28, 33}, wrapped, hsmHash(crypto.SHA512, "x"))
		to.want(hsmInvalidData, "another mask", hsmImportRSA, hsmBE(21), []byte{28, 32}, wrapped, digest)
		to.want(hsmWrongLength, "cut off", hsmImportRSA, hsmBE(21), []byte{28, 33}, digest)
		if got := to.must(hsmImportRSA, load(wrapped)...); !bytes.Equal(got, append([]byte{hsmAsymmetric}, hsmBE(id)...)) {
			t.Errorf("imported %x", got)
		}
		if a, b := from.must(hsmGetPublicKey, hsmBE(id)), to.must(hsmGetPublicKey, hsmBE(id)); !bytes.Equal(a, b) {
			t.Errorf("public keys %x and %x", a, b)
		}
		if info := to.must(hsmObjectInfo, hsmBE(id), []byte{hsmAsymmetric}); info[17] != hsmGenerated|hsmUnwrapped {
			t.Errorf("origin %#x", info[17])
		}
		to.want(hsmObjectExists, "twice", hsmImportRSA, load(wrapped)...)
	}
	saved, err := to.hsm.Save()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadHSM(saved); err != nil {
		t.Errorf("a device with RSA wrap keys is not loaded again: %v", err)
	}
}

func TestHSMRSAWrapKeysDoOnlyWhatEveryoneAllows(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	hsmWrapPair(t, c, c, hsmCapSignECDSA|hsmCapExportable)
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA|hsmCapExportable, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(11, "", 1, hsmCapSignECDSA, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(12, "", 1, hsmCapSignEdDSA|hsmCapExportable, hsmEd25519))
	c.must(hsmGenAsymmetric, hsmObjectBytes(13, "", 2, hsmCapSignECDSA|hsmCapExportable, hsmP256))
	c.must(hsmPutOpaque, hsmObjectBytes(14, "", 1, hsmCapExportable, hsmOpaqueAny), []byte("opaque"))
	digest := hsmHash(crypto.SHA256, "")
	for _, command := range []byte{hsmGetRSAWrapped, hsmExportRSA} {
		for _, tt := range []struct {
			why        string
			wrap       uint16
			kind       byte
			id         uint16
			algorithms []byte
			digest     []byte
			want       hsmCode
		}{
			{"all agree", 20, hsmAsymmetric, 10, []byte{hsmAES256, 26, 33}, digest, hsmOK},
			{"not exportable", 20, hsmAsymmetric, 11, []byte{hsmAES256, 26, 33}, digest, hsmNotPermitted},
			{"more than the wrap key carries", 20, hsmAsymmetric, 12, []byte{hsmAES256, 26, 33}, digest, hsmNotPermitted},
			{"another domain", 20, hsmAsymmetric, 13, []byte{hsmAES256, 26, 33}, digest, hsmNotPermitted},
			{"no such key", 20, hsmAsymmetric, 15, []byte{hsmAES256, 26, 33}, digest, hsmObjectNotFound},
			{"a key pair exports nothing", 21, hsmAsymmetric, 10, []byte{hsmAES256, 26, 33}, digest, hsmObjectNotFound},
			{"no AES", 20, hsmAsymmetric, 10, []byte{hsmP256, 26, 33}, digest, hsmInvalidData},
			{"no OAEP", 20, hsmAsymmetric, 10, []byte{hsmAES256, 33, 33}, digest, hsmInvalidData},
			{"no mask", 20, hsmAsymmetric, 10, []byte{hsmAES256, 26, 26}, digest, hsmInvalidData},
			{"a digest of another hash", 20, hsmAsymmetric, 10, []byte{hsmAES256, 26, 33}, digest[1:], hsmWrongLength},
			{"a byte too many", 20, hsmAsymmetric, 10, []byte{hsmAES256, 26, 33}, append(slices.Clone(digest), 0), hsmWrongLength},
		} {
			c.want(tt.want, tt.why, command, hsmBE(tt.wrap), []byte{tt.kind}, hsmBE(tt.id), tt.algorithms, tt.digest)
		}
	}
	opaque := [][]byte{hsmBE(20), {hsmOpaque}, hsmBE(14), {hsmAES128, 26, 33}, digest}
	c.want(hsmInvalidData, "an opaque object is no key", hsmGetRSAWrapped, opaque...)
	wrapped := c.must(hsmExportRSA, opaque...)
	c.must(hsmDeleteObject, hsmBE(14), []byte{hsmOpaque})
	c.want(hsmObjectNotFound, "a public key imports nothing", hsmImportRSA, hsmBE(20), []byte{26, 33}, wrapped, digest)
	c.must(hsmImportRSA, hsmBE(21), []byte{26, 33}, wrapped, digest)
	if got := c.must(hsmGetOpaque, hsmBE(14)); string(got) != "opaque" {
		t.Errorf("opaque object %q", got)
	}

	for why, modulus := range map[string][]byte{"even": append(bytes.Repeat([]byte{0xff}, 255), 0xfe), "short": append([]byte{0x7f}, bytes.Repeat([]byte{0xff}, 255)...)} {
		c.want(hsmInvalidData, why, hsmPutPublicWrap, hsmObjectBytes(50, "", 1, 0, hsmRSA2048), hsmCapBytes(0), modulus)
	}
	c.want(hsmWrongLength, "another size", hsmPutPublicWrap, hsmObjectBytes(50, "", 1, 0, hsmRSA3072), hsmCapBytes(0), bytes.Repeat([]byte{0xff}, 256))
	c.want(hsmInvalidData, "not RSA", hsmPutPublicWrap, hsmObjectBytes(50, "", 1, 0, hsmP256), hsmCapBytes(0), bytes.Repeat([]byte{0xff}, 256))
}

func TestHSMOldFirmwareKnowsNoRSAWrap(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1, WithHSMFirmware(2, 3, 1)))
	for _, command := range []byte{hsmPutPublicWrap, hsmGetRSAWrapped, hsmPutRSAWrapped, hsmExportRSA, hsmImportRSA} {
		c.want(hsmInvalidCommand, "before 2.4.0", command, make([]byte, 400))
	}
	c.want(hsmInvalidData, "an RSA wrap key", hsmGenWrapKey, hsmObjectBytes(20, "", 1, 0, hsmRSA2048), hsmCapBytes(0))
	c.want(hsmWrongLength, "a type", hsmGetPublicKey, hsmBE(1), []byte{hsmWrapKey})
	c.want(hsmWrongLength, "a page", hsmDeviceInfo, []byte{1})
}

func TestHSMTellsItsPartNumberOnItsSecondPage(t *testing.T) {
	h := NewHSM(1)
	first, err := hsmRaw(h, []byte{hsmDeviceInfo, 0, 1, 0})
	if err != nil {
		t.Fatal(err)
	}
	if plain, _ := hsmRaw(h, []byte{hsmDeviceInfo, 0, 0}); !bytes.Equal(first, plain) {
		t.Errorf("page 0 is %x", first)
	}
	second, err := hsmRaw(h, []byte{hsmDeviceInfo, 0, 1, 1})
	if err != nil || !strings.HasPrefix(string(second), "\x86\x00\x0c") || len(second) != 15 {
		t.Errorf("page 1 is %q, %v", second, err)
	}
	for _, message := range [][]byte{{hsmDeviceInfo, 0, 1, 2}, {hsmDeviceInfo, 0, 2, 1, 0}} {
		if answer, err := hsmRaw(h, message); err != nil || hsmErrorIn(answer) == hsmOK {
			t.Errorf("%x is answered with %x, %v", message, answer, err)
		}
	}
}

func FuzzHSMKeyWrap(f *testing.F) {
	f.Add(hsmUnhex(f, "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a"))
	f.Add(hsmUnhex(f, "afbeb0f07dfbf5419200f2ccb50bb24f"))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		key := hsmUnhex(t, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8")
		plain, err := hsmKWPOpen(key, sealed)
		if err != nil {
			return
		}
		if again, err := hsmKWPSeal(key, plain); err != nil || !bytes.Equal(again, sealed) {
			t.Errorf("%x was opened as %x", sealed, plain)
		}
	})
}
