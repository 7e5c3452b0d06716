package yubihsm

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"anodize/core/secret"
)

// transcript is an SCP03 session with a real card, a sysmoEUICC1, as recorded in
// pySim (tests/unittests/test_globalplatform.py, SCP03_Test_AES128_*). A
// YubiHSM 2 derives, proves, chains, numbers and pads as a card does; only the
// messages around it differ.
type transcript struct {
	name           string
	host, card     string // challenges
	cardCryptogram string
	authenticate   string // EXTERNAL AUTHENTICATE: header, host cryptogram, MAC
}

// The card's keys: K-ENC, then K-MAC.
const cardKeys = "000102030405060708090a0b0c0d0e0f" + "101112131415161718191a1b1c1d1e1f"

var transcripts = []transcript{
	{"AES128_11", "b13e5f938fc108c4", "3eb51047495b249f", "66c484c1d2ef1948", "8482110010 7d5f5826a993ebc8 9eea24957fa0b3ce"},
	{"AES128_03", "8e1552d0513c60f3", "30760cd2c47c1dd3", "95065fe5ead8a9d7", "8482030010 fd4721a14d9b0700 3c451d2f8ae6bb21"},
	{"AES128_33", "fdf38259a1e0de44", "3b1aca81e821f219", "081cdc01c26b372d", "8482330010 8c36f96bcc00724a 4e13ad591d7da3f0"},
}

func (tr transcript) derive(t *testing.T) (sessionKeys, [challengeSize]byte, [challengeSize]byte) {
	t.Helper()
	host, card := [challengeSize]byte(unhex(t, tr.host)), [challengeSize]byte(unhex(t, tr.card))
	keys, err := deriveSession(unhex(t, cardKeys), host, card)
	if err != nil {
		t.Fatal(err)
	}
	return keys, host, card
}

func TestSessionKeysOfARealCard(t *testing.T) {
	// openjavacard-tools, SCP03DerivationTest: one key for K-ENC and K-MAC.
	key := unhex(t, "404142434445464748494a4b4c4d4e4f")
	k, err := deriveSession(append(append([]byte(nil), key...), key...),
		[challengeSize]byte(unhex(t, "a7f76c713f0a713d")), [challengeSize]byte(unhex(t, "31900058c1c451a2")))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		got  *secret.Bytes
		want string
	}{
		{"S-ENC", k.enc, "258a78866f41482bef482dc8ca976ccd"},
		{"S-MAC", k.mac, "053db6abc7fdf3b63a0d965ee16b0255"},
		{"S-RMAC", k.rmac, "eda0b4f2ec0345bfc50f3bc59cfef936"},
	} {
		if got := hex.EncodeToString(tt.got.Expose()); got != tt.want {
			t.Errorf("%s = %s, want %s", tt.name, got, tt.want)
		}
	}
}

func TestCryptogramsOfRealCards(t *testing.T) {
	for _, tr := range transcripts {
		t.Run(tr.name, func(t *testing.T) {
			keys, host, card := tr.derive(t)
			proof, err := derive(keys.mac.Expose(), deriveCardCryptogram, cryptogramSize, host, card)
			if err != nil || hex.EncodeToString(proof) != tr.cardCryptogram {
				t.Errorf("card cryptogram %x, %v; want %s", proof, err, tr.cardCryptogram)
			}
			authenticate := unhex(t, tr.authenticate)
			proof, err = derive(keys.mac.Expose(), deriveHostCryptogram, cryptogramSize, host, card)
			if err != nil || !bytes.Equal(proof, authenticate[5:13]) {
				t.Errorf("host cryptogram %x, %v; want %x", proof, err, authenticate[5:13])
			}
			var chain [aes.BlockSize]byte
			mac, err := cmac(keys.mac.Expose(), chain[:], authenticate[:13])
			if err != nil || !bytes.Equal(mac[:macSize], authenticate[13:]) {
				t.Errorf("MAC %x, %v; want %x", mac[:macSize], err, authenticate[13:])
			}
		})
	}
}

// The first command after the authentication, encrypted: GET EID, data
// bf3e035c015a, in AES128_33, and the MAC of the card's encrypted answer.
func TestFirstCommandToARealCard(t *testing.T) {
	tr := transcripts[2]
	keys, _, _ := tr.derive(t)
	c := &channel{keys: keys, counter: 1}
	authenticated := unhex(t, tr.authenticate)
	chain, err := cmac(keys.mac.Expose(), c.chain[:], authenticated[:13])
	if err != nil {
		t.Fatal(err)
	}
	plain := pad(unhex(t, "bf3e035c015a"))
	if _, err := c.seal(plain); err != nil { // encrypts in place
		t.Fatal(err)
	}
	command := unhex(t, "84e2910018 267a85dfe4a98fca6fb0527e0dfecce4 914e40401433c87f")
	if !bytes.Equal(plain, command[5:21]) {
		t.Errorf("encrypted to %x, want %x", plain, command[5:21])
	}
	if chain, err = cmac(keys.mac.Expose(), chain[:], command[:21]); err != nil || !bytes.Equal(chain[:macSize], command[21:]) {
		t.Errorf("MAC %x, %v; want %x", chain[:macSize], err, command[21:])
	}
	answer := unhex(t, "f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb 2e68f8a0144975b9")
	mac, err := cmac(keys.rmac.Expose(), chain[:], answer[:32], []byte{0x90, 0})
	if err != nil || !bytes.Equal(mac[:macSize], answer[32:]) {
		t.Errorf("MAC of the answer %x, %v; want %x", mac[:macSize], err, answer[32:])
	}
}

func TestPadding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "b")
		padded := pad(append([]byte(nil), b...))
		if len(padded)%aes.BlockSize != 0 || len(padded) <= len(b) || len(padded) > len(b)+aes.BlockSize {
			t.Fatalf("%d bytes become %d", len(b), len(padded))
		}
		if got, err := unpad(padded); err != nil || !bytes.Equal(got, b) {
			t.Fatalf("%x comes back as %x, %v", b, got, err)
		}
	})
	for name, b := range map[string]string{
		"zeros alone":          "00000000000000000000000000000000",
		"another byte at last": "80000000000000000000000000000001",
		"more than a block":    "80" + "00000000000000000000000000000000",
		"nothing":              "",
	} {
		if got, err := unpad(unhex(t, b)); err == nil {
			t.Errorf("%s: unpadded to %x", name, got)
		}
	}
}

// The default key as the reference prints it (User Guide, default
// authentication key).
func TestDefaultKey(t *testing.T) {
	key, err := defaultKey()
	if err != nil || hex.EncodeToString(key.Expose()) != "090b47dbed595654901dee1cc655e420592fd483f759e29909a04c4505d2ce0a" {
		t.Errorf("%x, %v", key.Expose(), err)
	}
}
