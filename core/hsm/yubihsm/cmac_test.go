package yubihsm

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// RFC 4493, section 4, and NIST CAVP "KDF in Counter Mode" (SP 800-108,
// CMAC-AES128, counter of 8 bits in the middle, COUNT 0), which is one CMAC.
func TestCMACVectors(t *testing.T) {
	const message = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" +
		"30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
	const key = "2b7e151628aed2a6abf7158809cf4f3c"
	for _, tt := range []struct{ name, key, in, want string }{
		{"RFC 4493 example 1, nothing", key, "", "bb1d6929e95937287fa37d129b756746"},
		{"RFC 4493 example 2, one block", key, message[:32], "070a16b46b4d4144f79bdd9dd04a287c"},
		{"RFC 4493 example 3, 40 bytes", key, message[:80], "dfa66747de9ae63030ca32611497c827"},
		{"RFC 4493 example 4, four blocks", key, message, "51f0bebf7e3b9d92fc49741779363cfe"},
		{"SP 800-108 counter mode", "b6e04abd1651f8794d4326f4c684e631",
			"93612f7256c46a3d856d3e951e32dbf15fe11159d0b389ad38d603850fee6d18d22031435ed36ee20da76745fbea4b10fe1e" + "01" + "99322aae605a5f01e32b",
			"dcb1db87a68762c6b3354779fa590bef"},
	} {
		got, err := cmac(unhex(t, tt.key), unhex(t, tt.in))
		if err != nil || hex.EncodeToString(got[:]) != tt.want {
			t.Errorf("%s: %x, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

// Project Wycheproof, aes_cmac_test.json at commit 3fa63dd0344a (C2SP/wycheproof,
// Apache-2.0): its vectors for AES-128 and for keys of a wrong size, without
// their comments.
func TestCMACWycheproof(t *testing.T) {
	b, err := os.ReadFile("testdata/wycheproof_aes_cmac.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct {
		TcID                  int
		Key, Msg, Tag, Result string
	}
	if err := json.Unmarshal(b, &vectors); err != nil || len(vectors) < 100 {
		t.Fatalf("%d vectors, %v", len(vectors), err)
	}
	for _, v := range vectors {
		got, err := cmac(unhex(t, v.Key), unhex(t, v.Msg))
		if accepted := err == nil && hex.EncodeToString(got[:]) == v.Tag; accepted != (v.Result == "valid") {
			t.Errorf("vector %d is %s: %x, %v; its tag is %s", v.TcID, v.Result, got, err, v.Tag)
		}
	}
}

func TestCMACAgreesWithOpenSSL(t *testing.T) {
	for size := range 50 {
		in := bytes.Repeat([]byte{byte(size), 0xff, 3}, size)[:size]
		key := "000102030405060708090a0b0c0d0e0f"
		cmd := exec.Command("openssl", "mac", "-cipher", "AES-128-CBC", "-macopt", "hexkey:"+key, "-in", "-", "CMAC")
		cmd.Stdin = bytes.NewReader(in)
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("openssl mac: %v", err)
		}
		got, err := cmac(unhex(t, key), in)
		if want := strings.ToLower(strings.TrimSpace(string(out))); err != nil || hex.EncodeToString(got[:]) != want {
			t.Fatalf("%d bytes: %x, %v; OpenSSL says %s", size, got, err, want)
		}
	}
}

func TestCMACDoesNotDependOnTheParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "in")
		cut := rapid.IntRange(0, len(in)).Draw(t, "cut")
		key := make([]byte, keySize)
		whole, err1 := cmac(key, in)
		parts, err2 := cmac(key, in[:cut], nil, in[cut:])
		if err1 != nil || err2 != nil || whole != parts {
			t.Fatalf("%x and %x, %v, %v", whole, parts, err1, err2)
		}
	})
}

func TestCMACTakesAES128KeysAlone(t *testing.T) {
	for _, n := range []int{0, 15, 17, 24, 32} {
		if _, err := cmac(make([]byte, n), nil); err == nil {
			t.Errorf("a key of %d bytes is taken", n)
		}
	}
}
