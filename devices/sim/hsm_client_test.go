package sim

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certusone/yubihsm-go/authkey"
	"github.com/certusone/yubihsm-go/commands"
)

// hsmClient is a host written apart from the device: it takes its commands and
// its password derivation from certusone/yubihsm-go, computes CMAC as the last
// block of a CBC encryption, and compares every byte of an answer's MAC.
type hsmClient struct {
	t                    testing.TB
	hsm                  *HSM
	id                   byte
	sEnc, sMac, sRmac    []byte
	chain                []byte
	counter              uint32
	hostChal, cardChal   []byte
	longTermE, longTermM []byte
}

func hsmCMACByCBC(key, message []byte) []byte {
	block, _ := aes.NewCipher(key)
	l := make([]byte, 16)
	block.Encrypt(l, l)
	subkey := func(in []byte) []byte {
		n := new(big.Int).Lsh(new(big.Int).SetBytes(in), 1)
		if n.Bit(128) == 1 {
			n.SetBit(n, 128, 0)
			n.Xor(n, big.NewInt(0x87))
		}
		return n.FillBytes(make([]byte, 16))
	}
	k := subkey(l)
	m := bytes.Clone(message)
	if len(m) == 0 || len(m)%16 != 0 {
		k = subkey(k)
		m = append(m, 0x80)
		m = append(m, make([]byte, (16-len(m)%16)%16)...)
	}
	for i := range 16 {
		m[len(m)-16+i] ^= k[i]
	}
	cipher.NewCBCEncrypter(block, make([]byte, 16)).CryptBlocks(m, m)
	return m[len(m)-16:]
}

func (c *hsmClient) kdf(key []byte, constant byte, bits int) []byte {
	message := append(make([]byte, 11), constant, 0, byte(bits>>8), byte(bits), 1)
	message = append(append(message, c.hostChal...), c.cardChal...)
	return hsmCMACByCBC(key, message)[:bits/8]
}

func hsmRaw(h *HSM, message []byte) ([]byte, error) { return h.Exchange(context.Background(), message) }

// hsmErrorIn is the code of an error answer, hsmOK for any other.
func hsmErrorIn(answer []byte) hsmCode {
	if len(answer) == 4 && answer[0] == 0x7f {
		return hsmCode(answer[3])
	}
	return hsmOK
}

// hsmBegin sends CREATE SESSION and derives the session's keys.
func hsmBegin(t testing.TB, h *HSM, keyID uint16, key []byte) (*hsmClient, hsmCode) {
	t.Helper()
	c := &hsmClient{t: t, hsm: h, longTermE: key[:16], longTermM: key[16:], hostChal: []byte("hostchal"), chain: make([]byte, 16)}
	command, _ := commands.CreateCreateSessionCommand(keyID, c.hostChal)
	message, _ := command.Serialize()
	answer, err := hsmRaw(h, message)
	if err != nil {
		t.Fatal(err)
	}
	if code := hsmErrorIn(answer); code != hsmOK {
		return nil, code
	}
	parsed, err := commands.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	created := parsed.(*commands.CreateSessionResponse)
	c.id, c.cardChal = created.SessionID, created.CardChallenge
	c.sEnc, c.sMac, c.sRmac = c.kdf(c.longTermE, 4, 128), c.kdf(c.longTermM, 6, 128), c.kdf(c.longTermM, 7, 128)
	if !bytes.Equal(created.CardCryptogram, c.kdf(c.sMac, 0, 64)) {
		return c, hsmAuthFailed // the host notices first
	}
	return c, hsmOK
}

// hsmLogin begins and authenticates a session, or fails the test.
func hsmLogin(t testing.TB, h *HSM, keyID uint16, key []byte) *hsmClient {
	t.Helper()
	c, code := hsmBegin(t, h, keyID, key)
	if code != hsmOK {
		t.Fatalf("CREATE SESSION: error %#x", code)
	}
	if answer := c.authenticate(); !bytes.Equal(answer, []byte{0x84, 0, 0}) {
		t.Fatalf("AUTHENTICATE SESSION answered %x", answer)
	}
	return c
}

func hsmLoginDefault(t testing.TB, h *HSM) *hsmClient {
	return hsmLogin(t, h, 1, authkey.NewFromPassword("password"))
}

func (c *hsmClient) authenticate() []byte {
	c.t.Helper()
	answer, err := hsmRaw(c.hsm, c.signed(4, c.kdf(c.sMac, 1, 64)))
	if err != nil {
		c.t.Fatal(err)
	}
	c.counter = 1
	return answer
}

// signed makes command ‖ length ‖ session ‖ data ‖ MAC and moves the chain on.
func (c *hsmClient) signed(command byte, data []byte) []byte {
	message := []byte{command, 0, 0, c.id}
	binary.BigEndian.PutUint16(message[1:], uint16(1+len(data)+8))
	message = append(message, data...)
	c.chain = hsmCMACByCBC(c.sMac, append(bytes.Clone(c.chain), message...))
	return append(message, c.chain[:8]...)
}

func (c *hsmClient) iv() (cipher.Block, []byte) {
	block, _ := aes.NewCipher(c.sEnc)
	iv := make([]byte, 16)
	binary.BigEndian.PutUint32(iv[12:], c.counter)
	block.Encrypt(iv, iv)
	return block, iv
}

// sealed is the session message around an inner command.
func (c *hsmClient) sealed(command byte, data []byte) []byte {
	inner := binary.BigEndian.AppendUint16([]byte{command}, uint16(len(data)))
	inner = append(append(inner, data...), 0x80)
	inner = append(inner, make([]byte, (16-len(inner)%16)%16)...)
	block, iv := c.iv()
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(inner, inner)
	return c.signed(5, inner)
}

// unseal checks and opens the answer to a session message.
func (c *hsmClient) unseal(answer []byte) ([]byte, hsmCode) {
	c.t.Helper()
	if code := hsmErrorIn(answer); code != hsmOK {
		return nil, code
	}
	if len(answer) < 4+16+8 || answer[0] != 0x85 || int(binary.BigEndian.Uint16(answer[1:])) != len(answer)-3 || answer[3] != c.id {
		c.t.Fatalf("not an answer to a session message: %x", answer)
	}
	signed, mac := answer[:len(answer)-8], answer[len(answer)-8:]
	if !bytes.Equal(mac, hsmCMACByCBC(c.sRmac, append(bytes.Clone(c.chain), signed...))[:8]) {
		c.t.Fatal("the answer's MAC is wrong")
	}
	block, iv := c.iv()
	c.counter++
	plain := bytes.Clone(signed[4:])
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, plain)
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) < 4 || plain[len(plain)-1] != 0x80 {
		c.t.Fatalf("padding: %x", plain)
	}
	plain = plain[:len(plain)-1]
	if int(binary.BigEndian.Uint16(plain[1:])) != len(plain)-3 {
		c.t.Fatalf("inner length: %x", plain)
	}
	return plain, hsmErrorIn(plain)
}

// do sends one inner command and returns the data of its answer.
func (c *hsmClient) do(command byte, data ...[]byte) ([]byte, hsmCode) {
	c.t.Helper()
	answer, err := hsmRaw(c.hsm, c.sealed(command, bytes.Join(data, nil)))
	if err != nil {
		c.t.Fatalf("command %#x: %v", command, err)
	}
	plain, code := c.unseal(answer)
	if code != hsmOK {
		return nil, code
	}
	if plain[0] != command|0x80 {
		c.t.Fatalf("command %#x was answered as %#x", command, plain[0])
	}
	return plain[3:], hsmOK
}

// must is do for a command that succeeds.
func (c *hsmClient) must(command byte, data ...[]byte) []byte {
	c.t.Helper()
	out, code := c.do(command, data...)
	if code != hsmOK {
		c.t.Fatalf("command %#x failed with %#x", command, code)
	}
	return out
}

// built sends a command that yubihsm-go built.
func (c *hsmClient) built(command *commands.CommandMessage, err error) ([]byte, hsmCode) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	return c.do(byte(command.CommandType), command.Data)
}

func (c *hsmClient) want(code hsmCode, why string, command byte, data ...[]byte) {
	c.t.Helper()
	if _, got := c.do(command, data...); got != code {
		c.t.Errorf("%s: error %#x, want %#x", why, got, code)
	}
}

func hsmBE(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// hsmObjectBytes is what every PUT and GENERATE begins with.
func hsmObjectBytes(id uint16, label string, domains uint16, caps hsmCaps, algorithm byte) []byte {
	out := append(hsmBE(id), hsmLabel(label)...)
	out = append(out, hsmBE(domains)...)
	return append(binary.BigEndian.AppendUint64(out, uint64(caps)), algorithm)
}

func hsmCapBytes(c hsmCaps) []byte { return binary.BigEndian.AppendUint64(nil, uint64(c)) }

// newAuthKey puts an authentication key of 32 equal bytes and opens a session with it.
func (c *hsmClient) newAuthKey(id, domains uint16, capabilities, delegated hsmCaps) *hsmClient {
	c.t.Helper()
	key := bytes.Repeat([]byte{byte(id)}, 32)
	c.must(hsmPutAuthKey, hsmObjectBytes(id, "key", domains, capabilities, hsmAuthAES), hsmCapBytes(delegated), key)
	return hsmLogin(c.t, c.hsm, id, key)
}

// hsmHandClock is a clock that is turned by hand.
type hsmHandClock struct{ now time.Time }

func (h *hsmHandClock) time() time.Time { return h.now }

func hsmUnhex(t testing.TB, s string) []byte {
	t.Helper()
	out, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// hsmOpenSSL runs the real one; a machine without it fails the test.
func hsmOpenSSL(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func hsmWriteTemp(t testing.TB, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
