package sim

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Recorded from OpenSSL's AES-CCM (pyca/cryptography 48.0.0): key 00 01 …,
// nonce 64h … 70h, plaintext 00 01 …, no associated data, a tag of 16 bytes.
func TestHSMCCMSealsAsOpenSSLDid(t *testing.T) {
	count := func(from, n int) []byte {
		out := make([]byte, n)
		for i := range out {
			out[i] = byte(from + i)
		}
		return out
	}
	for _, tt := range []struct {
		key, plain int
		want       string
	}{
		{16, 0, "7a90e65a018b68efe15e17242b719590"},
		{24, 16, "1da01061f5bce9be26304dd7bc5ebc7e57c7c229d7f1461833b861847832a3c0"},
		{32, 33, "6c2567d4b2d8754c98c86793c0c2f4914b1c6bf9a9f949072c13caa4432a9d6b54b72d96971bc2a3d009dfa59de846e111"},
	} {
		sealed, err := hsmCCMSeal(count(0, tt.key), count(100, 13), 16, count(0, tt.plain))
		if err != nil || !bytes.Equal(sealed, hsmUnhex(t, tt.want)) {
			t.Errorf("%d-byte key, %d bytes: %x, %v, want %s", tt.key, tt.plain, sealed, err, tt.want)
		}
		plain, err := hsmCCMOpen(count(0, tt.key), count(100, 13), 16, sealed)
		if err != nil || !bytes.Equal(plain, count(0, tt.plain)) {
			t.Errorf("opened as %x, %v", plain, err)
		}
	}
}

func TestHSMCCMNoticesEveryChangedBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		nonce := rapid.SliceOfN(rapid.Byte(), 13, 13).Draw(t, "nonce")
		sealed, err := hsmCCMSeal(key, nonce, 16, rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "plain"))
		if err != nil {
			t.Fatal(err)
		}
		bit := rapid.IntRange(0, 8*len(sealed)-1).Draw(t, "bit")
		sealed[bit/8] ^= 1 << (bit % 8)
		if _, err := hsmCCMOpen(key, nonce, 16, sealed); err == nil {
			t.Fatal("a changed bit went unnoticed")
		}
	})
}

func TestHSMBackupMovesAKeyBetweenTwoDevices(t *testing.T) {
	from, to := hsmLoginDefault(t, NewHSM(1)), hsmLoginDefault(t, NewHSM(2))
	secret := bytes.Repeat([]byte{7}, 32)
	delegated := hsmCapSignECDSA | hsmCapSignPKCS | hsmCapSignEdDSA | hsmCapExportable
	for _, c := range []*hsmClient{from, to} {
		c.must(hsmPutWrapKey, hsmObjectBytes(20, "backup", 1, hsmCapExportWrapped|hsmCapImportWrapped, hsmAES256CCM), hsmCapBytes(delegated), secret)
	}
	for id, algorithm := range map[uint16]byte{10: hsmP384, 11: hsmRSA2048, 12: hsmEd25519} {
		from.must(hsmGenAsymmetric, hsmObjectBytes(id, "root", 3, delegated, algorithm))
		wrapped := from.must(hsmExportWrapped, hsmBE(20), []byte{hsmAsymmetric}, hsmBE(id))
		if again := from.must(hsmExportWrapped, hsmBE(20), []byte{hsmAsymmetric}, hsmBE(id)); bytes.Equal(wrapped, again) {
			t.Error("two exports share a nonce")
		}
		if got := to.must(hsmImportWrapped, hsmBE(20), wrapped); !bytes.Equal(got, append([]byte{hsmAsymmetric}, hsmBE(id)...)) {
			t.Errorf("imported %x", got)
		}
		if a, b := from.must(hsmGetPublicKey, hsmBE(id)), to.must(hsmGetPublicKey, hsmBE(id)); !bytes.Equal(a, b) {
			t.Errorf("public keys %x and %x", a, b)
		}
		a, b := from.must(hsmObjectInfo, hsmBE(id), []byte{hsmAsymmetric}), to.must(hsmObjectInfo, hsmBE(id), []byte{hsmAsymmetric})
		if a[17] != hsmGenerated || b[17] != hsmGenerated|hsmUnwrapped {
			t.Errorf("origins %#x and %#x", a[17], b[17])
		}
		a[17] = b[17]
		if !bytes.Equal(a, b) {
			t.Errorf("info %x and %x", a, b)
		}
		to.want(hsmObjectExists, "twice", hsmImportWrapped, hsmBE(20), wrapped)
		wrapped[len(wrapped)-1] ^= 1
		to.want(hsmInvalidData, "damaged", hsmImportWrapped, hsmBE(20), wrapped)
	}
}

func TestHSMImportsNoKeyOfADisabledAlgorithm(t *testing.T) {
	from, to := hsmLoginDefault(t, NewHSM(1)), hsmLoginDefault(t, NewHSM(2))
	to.must(hsmSetOption, []byte{hsmOptionAlgorithms, 0, 2, hsmP256, 0})
	for _, c := range []*hsmClient{from, to} {
		c.must(hsmPutWrapKey, hsmObjectBytes(20, "", 1, hsmCapExportWrapped|hsmCapImportWrapped, hsmAES128CCM), hsmCapBytes(hsmCapAll), make([]byte, 16))
	}
	for id, tt := range map[uint16]struct {
		algorithm byte
		want      hsmCode
	}{10: {hsmP256, hsmInvalidData}, 11: {hsmP384, hsmOK}} {
		from.must(hsmGenAsymmetric, hsmObjectBytes(id, "", 1, hsmCapExportable, tt.algorithm))
		wrapped := from.must(hsmExportWrapped, hsmBE(20), []byte{hsmAsymmetric}, hsmBE(id))
		to.want(tt.want, "imported", hsmImportWrapped, hsmBE(20), wrapped)
	}
}

func TestHSMWrapsOnlyWhatEveryoneAllows(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	both := hsmCapExportWrapped | hsmCapImportWrapped
	wrap := func(id, domains uint16, can, delegated hsmCaps) {
		c.must(hsmPutWrapKey, hsmObjectBytes(id, "", domains, can, hsmAES128CCM), hsmCapBytes(delegated), make([]byte, 16))
	}
	wrap(20, 1, both, hsmCapExportable|hsmCapSignECDSA)
	wrap(21, 1, hsmCapImportWrapped, hsmCapExportable|hsmCapSignECDSA)
	wrap(22, 1, hsmCapExportWrapped, hsmCapExportable|hsmCapSignECDSA)
	wrap(23, 1, both, hsmCapExportable)
	wrap(24, 2, both, hsmCapExportable|hsmCapSignECDSA)
	c.must(hsmGenAsymmetric, hsmObjectBytes(10, "", 1, hsmCapSignECDSA|hsmCapExportable, hsmP256))
	c.must(hsmGenAsymmetric, hsmObjectBytes(11, "", 1, hsmCapSignECDSA, hsmP256))
	export := func(why string, want hsmCode, wrap, id uint16) {
		t.Helper()
		c.want(want, why, hsmExportWrapped, hsmBE(wrap), []byte{hsmAsymmetric}, hsmBE(id))
	}
	export("all agree", hsmOK, 20, 10)
	export("not exportable", hsmNotPermitted, 20, 11)
	export("wrap key may not export", hsmNotPermitted, 21, 10)
	export("wrap key may not carry signing", hsmNotPermitted, 23, 10)
	export("wrap key of another domain", hsmNotPermitted, 24, 10)
	export("no such wrap key", hsmObjectNotFound, 30, 10)
	export("no such key", hsmObjectNotFound, 20, 12)

	wrapped := c.must(hsmExportWrapped, hsmBE(20), []byte{hsmAsymmetric}, hsmBE(10))
	c.must(hsmDeleteObject, hsmBE(10), []byte{hsmAsymmetric})
	c.want(hsmNotPermitted, "wrap key may not import", hsmImportWrapped, hsmBE(22), wrapped)
	c.want(hsmNotPermitted, "wrap key may not let signing in", hsmImportWrapped, hsmBE(23), wrapped)
	c.want(hsmNotPermitted, "into another domain", hsmImportWrapped, hsmBE(24), wrapped)
	c.want(hsmOK, "all agree", hsmImportWrapped, hsmBE(20), wrapped)
}

func TestHSMWrapCarriesEveryTypeOfObject(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	c.must(hsmGenWrapKey, hsmObjectBytes(20, "", 0xffff, hsmCapExportWrapped|hsmCapImportWrapped, hsmAES192CCM), hsmCapBytes(hsmCapAll))
	c.newAuthKey(30, 1, hsmCapExportable|hsmCapGetLog, hsmCapSignECDSA)
	c.must(hsmGenWrapKey, hsmObjectBytes(31, "w", 1, hsmCapExportable, hsmAES256CCM), hsmCapBytes(hsmCapSignPSS))
	c.must(hsmPutOpaque, hsmObjectBytes(32, "o", 1, hsmCapExportable, hsmOpaqueAny), []byte("opaque"))
	for id, kind := range map[uint16]byte{30: hsmAuthKey, 31: hsmWrapKey, 32: hsmOpaque} {
		before := *c.hsm.object(id, kind)
		wrapped := c.must(hsmExportWrapped, hsmBE(20), []byte{kind}, hsmBE(id))
		c.must(hsmDeleteObject, hsmBE(id), []byte{kind})
		c.must(hsmImportWrapped, hsmBE(20), wrapped)
		after := *c.hsm.object(id, kind)
		if !bytes.Equal(before.Secret, after.Secret) || before.Delegated != after.Delegated || before.Capabilities != after.Capabilities {
			t.Errorf("%+v became %+v", before, after)
		}
	}
}

func FuzzHSMUnmarshalObject(f *testing.F) {
	o := hsmObject{ID: 1, Type: hsmOpaque, Algorithm: hsmOpaqueAny, Domains: 1, Label: hsmLabel("l"), Secret: []byte("s")}
	f.Add(o.marshal(hsmAES128CCM))
	o.Type, o.Algorithm, o.Secret = hsmAuthKey, hsmAuthAES, make([]byte, 32)
	f.Add(o.marshal(hsmAES128CCM))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		o, err := hsmUnmarshalObject(in)
		if err == nil && !bytes.Equal(o.marshal(in[0]), in) {
			t.Errorf("%x was read as %+v", in, o)
		}
	})
}
