package sim

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certusone/yubihsm-go/authkey"
	"pgregory.net/rapid"
)

func TestHSMCMACGivesTheVectorsOfRFC4493(t *testing.T) {
	key := hsmKey(hsmUnhex(t, "2b7e151628aed2a6abf7158809cf4f3c"))
	message := hsmUnhex(t, `6bc1bee22e409f96e93d7e117393172a ae2d8a571e03ac9c9eb76fac45af8e51
		30c81c46a35ce411e5fbc1191a0a52ef f69f2445df4f9b17ad2b417be66c3710`)
	for n, want := range map[int]string{
		0:  "bb1d6929e95937287fa37d129b756746",
		16: "070a16b46b4d4144f79bdd9dd04a287c",
		40: "dfa66747de9ae63030ca32611497c827",
		64: "51f0bebf7e3b9d92fc49741779363cfe",
	} {
		if got := hsmCMAC(key, message[:n]); hex.EncodeToString(got[:]) != want {
			t.Errorf("%d bytes: %x, want %s", n, got, want)
		}
	}
}

func TestHSMCMACAgreesWithOpenSSLAtEveryLengthAroundABlock(t *testing.T) {
	key := hsmKey([]byte("0123456789abcdef"))
	for _, n := range []int{1, 15, 16, 17, 31, 32, 33} {
		message := strings.Repeat("m", n)
		file := hsmWriteTemp(t, "message", []byte(message))
		out := hsmOpenSSL(t, "mac", "-cipher", "AES-128-CBC", "-macopt", "hexkey:"+hex.EncodeToString(key[:]), "-in", file, "CMAC")
		if got := hsmCMAC(key, []byte(message)); !strings.EqualFold(hex.EncodeToString(got[:]), strings.TrimSpace(out)) {
			t.Errorf("%d bytes: %x, openssl says %s", n, got, out)
		}
	}
}

func TestHSMDerivationIsOpenSSLsCounterModeKDF(t *testing.T) {
	// NIST SP 800-108 in counter mode, as SCP03 orders its input: label (11
	// zeros and the constant), a zero, the length in bits, the counter. OpenSSL
	// puts the counter first, so the block is given to its CMAC whole.
	key := hsmKey(hsmUnhex(t, "404142434445464748494a4b4c4d4e4f"))
	context := hsmUnhex(t, "01020304050607081112131415161718")
	block := append(hsmUnhex(t, "0000000000000000000000 04 00 0080 01"), context...)
	out := hsmOpenSSL(t, "mac", "-cipher", "AES-128-CBC", "-macopt", "hexkey:"+hex.EncodeToString(key[:]), "-in", hsmWriteTemp(t, "block", block), "CMAC")
	if got := hsmDerive(key, hsmDeriveENC, 16, context); !strings.EqualFold(hex.EncodeToString(got), strings.TrimSpace(out)) {
		t.Errorf("S-ENC %x, openssl says %s", got, out)
	}
}

func TestHSMFactoryKeyIsDerivedFromThePublishedPassword(t *testing.T) {
	if want := authkey.NewFromPassword("password"); hsmDefaultSecret != string(want) {
		t.Errorf("factory key %x, yubihsm-go derives %x", hsmDefaultSecret, want)
	}
}

func TestHSMSessionEchoesEveryLength(t *testing.T) {
	c := hsmLoginDefault(t, NewHSM(1))
	for _, n := range []int{0, 1, 12, 13, 28, 29, 1024, 2021, c.hsm.maxInner()} {
		message := bytes.Repeat([]byte{byte(n)}, n)
		if got := c.must(hsmEcho, message); !bytes.Equal(got, message) {
			t.Errorf("echo of %d bytes came back as %d", n, len(got))
		}
	}
	if got := len(c.sealed(hsmEcho, make([]byte, c.hsm.maxInner()))); got > c.hsm.maxMessage() {
		t.Errorf("the longest command makes a message of %d bytes", got)
	}
}

func TestHSMRefusesAMessageBeyondItsBuffer(t *testing.T) {
	for _, tt := range []struct {
		minor byte
		limit int
	}{{3, 2048}, {4, 3136}} {
		h := NewHSM(1, WithHSMFirmware(2, tt.minor, 0))
		for n, want := range map[int]hsmCode{tt.limit - 3: hsmOK, tt.limit - 2: hsmWrongLength} {
			message := hsmMessage(hsmEcho, make([]byte, n))
			if answer, err := hsmRaw(h, message); err != nil || hsmErrorIn(answer) != want {
				t.Errorf("2.%d: %d bytes: %#x, %v", tt.minor, len(message), hsmErrorIn(answer), err)
			}
		}
	}
}

func TestHSMWrongPasswordIsNoticedByBothSides(t *testing.T) {
	h := NewHSM(1)
	c, code := hsmBegin(t, h, 1, authkey.NewFromPassword("passw0rd"))
	if code != hsmAuthFailed {
		t.Fatal("the card cryptogram of another key was right")
	}
	if code := hsmErrorIn(c.authenticate()); code != hsmAuthFailed {
		t.Errorf("a host with the wrong key got %#x", code)
	}
	if code := hsmErrorIn(c.authenticate()); code != hsmInvalidSession {
		t.Errorf("the session survived a wrong cryptogram: %#x", code)
	}
	for range 100 { // no counter locks the key
		hsmBegin(t, h, 1, authkey.NewFromPassword("passw0rd"))
		h.sessions = [16]*hsmSession{}
	}
	hsmLoginDefault(t, h)
}

func TestHSMUnknownKeyOpensNoSession(t *testing.T) {
	if _, code := hsmBegin(t, NewHSM(1), 2, make([]byte, 32)); code != hsmObjectNotFound {
		t.Errorf("error %#x", code)
	}
}

func TestHSMWrongMACEndsTheSession(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	message := c.sealed(hsmEcho, []byte("x"))
	message[len(message)-1] ^= 1
	if answer, _ := hsmRaw(h, message); hsmErrorIn(answer) != hsmAuthFailed {
		t.Errorf("answered %x", answer)
	}
	message[len(message)-1] ^= 1
	if answer, _ := hsmRaw(h, message); hsmErrorIn(answer) != hsmInvalidSession {
		t.Errorf("the session survived: %x", answer)
	}
}

func TestHSMSessionIsAuthenticatedOnceAndBeforeAnythingElse(t *testing.T) {
	h := NewHSM(1)
	c, code := hsmBegin(t, h, 1, []byte(hsmDefaultSecret))
	if code != hsmOK {
		t.Fatalf("CREATE SESSION: error %#x", code)
	}
	c.want(hsmInvalidSession, "a command before authentication", hsmEcho)
	c.chain = make([]byte, 16) // the refused message is not part of the chain
	if answer := c.authenticate(); hsmErrorIn(answer) != hsmOK {
		t.Fatalf("answered %x", answer)
	}
	if answer := c.authenticate(); hsmErrorIn(answer) != hsmInvalidSession {
		t.Errorf("authenticated twice: %x", answer)
	}
}

func TestHSMReplayIsNotAuthentic(t *testing.T) {
	h := NewHSM(1)
	c := hsmLoginDefault(t, h)
	message := c.sealed(hsmEcho, []byte("x"))
	if _, err := hsmRaw(h, message); err != nil {
		t.Fatal(err)
	}
	if answer, _ := hsmRaw(h, message); hsmErrorIn(answer) != hsmAuthFailed {
		t.Errorf("a replayed message was answered %x", answer)
	}
}

func TestHSMInnerPaddingMustBeExact(t *testing.T) {
	for name, plain := range map[string]string{
		"no marker":            "01000000000000000000000000000000",
		"length past the end":  "01001080000000000000000000000000",
		"junk after marker":    "01000080000000000000000000000001",
		"a whole block wasted": "0100008000000000000000000000000000000000000000000000000000000000",
	} {
		if _, _, ok := hsmInner(hsmUnhex(t, plain)); ok {
			t.Errorf("%s: accepted", name)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
		key, counter := hsmKey{1}, rapid.Uint32().Draw(t, "counter")
		command, got, ok := hsmInner(hsmOpen(key, counter, hsmSeal(key, counter, hsmMessage(hsmEcho, data))))
		if !ok || command != hsmEcho || !bytes.Equal(got, data) {
			t.Fatalf("%x came back as %x, %v", data, got, ok)
		}
	})
}

func TestHSMSessionsEndAfterThirtyIdleSeconds(t *testing.T) {
	clock := &hsmHandClock{time.Unix(1e9, 0)}
	h := NewHSM(1, WithHSMClock(clock.time))
	c := hsmLoginDefault(t, h)
	for range 4 {
		clock.now = clock.now.Add(29 * time.Second)
		c.must(hsmEcho)
	}
	clock.now = clock.now.Add(30 * time.Second)
	c.want(hsmInvalidSession, "30 s later", hsmEcho)
}

func TestHSMHoldsSixteenSessions(t *testing.T) {
	clock := &hsmHandClock{time.Unix(1e9, 0)}
	h := NewHSM(1, WithHSMClock(clock.time))
	first := hsmLoginDefault(t, h)
	for range 15 {
		hsmLoginDefault(t, h)
	}
	if _, code := hsmBegin(t, h, 1, []byte(hsmDefaultSecret)); code != hsmSessionsFull {
		t.Errorf("a seventeenth session: %#x", code)
	}
	first.must(hsmCloseSession)
	first.want(hsmInvalidSession, "a closed session", hsmEcho)
	hsmLoginDefault(t, h)
	clock.now = clock.now.Add(hsmIdle)
	hsmLoginDefault(t, h) // idle ones give way
}

func TestHSMCommandsThatNeedASessionAreRefusedOutside(t *testing.T) {
	h := NewHSM(1)
	for command := range 256 {
		switch command {
		case hsmEcho, hsmCreateSession, hsmAuthSession, hsmSessionMessage, hsmDeviceInfo:
			continue
		}
		if answer, err := hsmRaw(h, hsmMessage(byte(command))); err != nil || hsmErrorIn(answer) != hsmInvalidCommand {
			t.Errorf("command %#x: %x, %v", command, answer, err)
		}
	}
}

func TestHSMContextThatIsDoneSendsNothing(t *testing.T) {
	h := NewHSM(1)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.Exchange(ctx, hsmMessage(hsmEcho)); !errors.Is(err, context.Canceled) || h.Frames() != 0 {
		t.Errorf("%v after %d frames", err, h.Frames())
	}
}

func FuzzHSMExchange(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 1, 0xff})
	f.Add([]byte{6, 0, 0})
	f.Add([]byte{3, 0, 10, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(append([]byte{4, 0, 17}, make([]byte, 17)...))
	f.Add(append([]byte{5, 0, 25}, make([]byte, 25)...))
	f.Add([]byte{5, 0, 0})
	h := NewHSM(1)
	hsmLoginDefault(f, h)
	f.Fuzz(func(t *testing.T, message []byte) {
		answer, err := hsmRaw(h, message)
		if err != nil || len(answer) < 3 || int(answer[1])<<8+int(answer[2]) != len(answer)-3 {
			t.Errorf("%x was answered %x, %v", message, answer, err)
		}
	})
}

// FuzzHSMInnerCommand feeds the commands behind the secure channel.
func FuzzHSMInnerCommand(f *testing.F) {
	f.Add(byte(hsmPutAuthKey), append(hsmObjectBytes(7, "k", 1, 0, hsmAuthAES), make([]byte, 40)...))
	f.Add(byte(hsmGenAsymmetric), hsmObjectBytes(8, "k", 1, hsmCapSignECDSA, hsmP256))
	f.Add(byte(hsmPutAsymmetric), append(hsmObjectBytes(8, "k", 1, hsmCapSignECDSA, hsmP521), make([]byte, 66)...))
	f.Add(byte(hsmPutAsymmetric), append(hsmObjectBytes(8, "k", 1, hsmCapSignPKCS, hsmRSA2048), bytes.Repeat([]byte{0xff}, 256)...))
	f.Add(byte(hsmListObjects), []byte{1, 0, 1, 2, 3})
	f.Add(byte(hsmSetOption), []byte{3, 0, 2, 0x56, 2})
	f.Add(byte(hsmImportWrapped), make([]byte, 60))
	f.Add(byte(hsmSignECDSA), append(hsmBE(9), make([]byte, 32)...))
	f.Add(byte(hsmSignAttestation), []byte{0, 9, 0, 0})
	f.Add(byte(hsmPutPublicWrap), append(hsmObjectBytes(8, "k", 1, 0, hsmRSA2048), bytes.Repeat([]byte{0xff}, 8+256)...))
	f.Add(byte(hsmExportRSA), append([]byte{0, 8, hsmAsymmetric, 0, 9, hsmAES256, 26, 33}, make([]byte, 32)...))
	f.Add(byte(hsmImportRSA), append([]byte{0, 8, 26, 33}, make([]byte, 400)...))
	h := NewHSM(1)
	hsmLoginDefault(f, h).must(hsmGenAsymmetric, hsmObjectBytes(9, "seed", 1, hsmCapSignECDSA|hsmCapExportable, hsmP256))
	saved, err := h.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, command byte, data []byte) {
		if (command == hsmGenAsymmetric || command == hsmGenWrapKey) && len(data) >= hsmNew && hsmRSABits(data[hsmNew-1]) != 0 {
			return // seconds each
		}
		h, err := LoadHSM(saved, WithHSMRandom(bytes.NewReader(make([]byte, 4096))))
		if err != nil {
			t.Fatal(err)
		}
		c := hsmLoginDefault(t, h)
		if len(data) <= h.maxInner() {
			c.do(command, data)
		}
		if err := h.state.check(); err != nil {
			t.Error(err)
		}
	})
}
