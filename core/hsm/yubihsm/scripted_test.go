package yubihsm

import (
	"bytes"
	"context"
	"crypto/cipher"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// scripted is a device that opens sessions under the key of all zeros as it
// should, and answers what a test wants from then on. It uses the package's own
// primitives: what it stands for is a device that means harm, not a correct one.
type scripted struct {
	info  []byte // answer to GET DEVICE INFO, whole
	peer  *channel
	inner func(plain []byte) []byte           // answers a command in the session
	outer func(message, answer []byte) []byte // changes a whole message
	sent  [][]byte
}

var errScript = errors.New("not in the script")

func (s *scripted) Exchange(_ context.Context, message []byte) ([]byte, error) {
	s.sent = append(s.sent, bytes.Clone(message))
	answer, err := s.answer(message[0], message[headerSize:])
	if err == nil && s.outer != nil {
		answer = s.outer(message, answer)
	}
	return answer, err
}

func (s *scripted) answer(command byte, data []byte) ([]byte, error) {
	switch commands.CommandType(command) {
	case commands.CommandTypeDeviceInfo:
		return s.info, nil
	case commands.CommandTypeCreateSession:
		host, card := [challengeSize]byte(data[2:]), [challengeSize]byte{1}
		keys, err := deriveSession(make([]byte, 2*keySize), host, card)
		if err != nil {
			return nil, err
		}
		s.peer = &channel{keys: keys, counter: 1}
		proof, err := derive(keys.mac.Expose(), deriveCardCryptogram, cryptogramSize, host, card)
		return appendFrame(nil, command|answerBit, append(append([]byte{0}, card[:]...), proof...)), err
	case commands.CommandTypeAuthenticateSession:
		return appendFrame(nil, command|answerBit, nil), s.chain(command, data)
	case commands.CommandTypeSessionMessage:
		return s.message(command, data)
	}
	return nil, errScript
}

// chain takes over the chaining value of a command.
func (s *scripted) chain(command byte, data []byte) error {
	mac, err := s.peer.mac(s.peer.keys.mac, command, data[:len(data)-macSize])
	s.peer.chain = mac
	return err
}

func (s *scripted) message(command byte, data []byte) ([]byte, error) {
	if err := s.chain(command, data); err != nil {
		return nil, err
	}
	block, iv, err := s.peer.cipher()
	if err != nil {
		return nil, err
	}
	plain := bytes.Clone(data[1 : len(data)-macSize])
	cipher.NewCBCDecrypter(block, iv[:]).CryptBlocks(plain, plain)
	if plain, err = unpad(plain); err != nil {
		return nil, err
	}
	sealed := pad(bytes.Clone(s.inner(plain)))
	cipher.NewCBCEncrypter(block, iv[:]).CryptBlocks(sealed, sealed)
	s.peer.counter++
	body := append([]byte{0}, sealed...)
	mac, err := s.peer.mac(s.peer.keys.rmac, command|answerBit, body)
	return appendFrame(nil, command|answerBit, append(body, mac[:macSize]...)), err
}

// goodInfo is a device of firmware 2.4.0.
var goodInfo = appendFrame(nil, 0x86, []byte{2, 4, 0, 0, 0, 0, 7, 62, 1})

// alone answers the list of authentication keys with the ceremony's alone.
func alone(plain []byte) []byte {
	if plain[0] == byte(commands.CommandTypeListObjects) && bytes.Equal(plain[headerSize:], []byte{2, 2}) {
		return appendFrame(nil, plain[0]|answerBit, []byte{0, byte(ceremonyKeyID), 2, 0})
	}
	return nil
}

// openScripted opens a session; inner answers every command after that.
func openScripted(t testing.TB, inner func(plain []byte) []byte) (*scripted, *session) {
	t.Helper()
	script := &scripted{info: goodInfo, inner: alone}
	s, err := New(script).Open(context.Background(), secret.Own(make([]byte, hsm.PINSize)))
	if err != nil {
		t.Fatal(err)
	}
	script.inner = inner
	return script, s.(*session)
}

// echoes answers every command with that data.
func echoes(data []byte) func([]byte) []byte {
	return func(plain []byte) []byte { return appendFrame(nil, plain[0]|answerBit, data) }
}

// An answer that cannot be trusted ends the session: the outcome is unknown and
// nothing more is sent, not even to close it.
func TestBadAnswersEndTheSession(t *testing.T) {
	for _, tt := range []struct {
		name  string
		outer func(message, answer []byte) []byte
	}{
		{"nothing", func(_, _ []byte) []byte { return nil }},
		{"half an answer", func(_, a []byte) []byte { return a[:len(a)/2] }},
		{"half an answer with its length put right", func(_, a []byte) []byte {
			a = a[:headerSize+17]
			binary.BigEndian.PutUint16(a[1:], 17)
			return a
		}},
		{"a byte too many", func(_, a []byte) []byte { return append(a, 0) }},
		{"more than any device sends", func(_, a []byte) []byte { return append(a, make([]byte, maxAnswer)...) }},
		{"a wrong MAC", func(_, a []byte) []byte { a[len(a)-1] ^= 1; return a }},
		{"changed ciphertext", func(_, a []byte) []byte { a[headerSize+1] ^= 1; return a }},
		{"another session's number", func(_, a []byte) []byte { a[headerSize] = 1; return a }},
		{"the answer to another command", func(_, a []byte) []byte { a[0] = 0x86; return a }},
		{"the command itself", func(m, _ []byte) []byte { return m }},
		{"a refusal in the clear", func(_, _ []byte) []byte { return []byte{errorByte, 0, 1, 3} }},
		{"a refusal without a reason", func(_, _ []byte) []byte { return []byte{errorByte, 0, 0} }},
		{"a refusal that says OK", func(_, _ []byte) []byte { return []byte{errorByte, 0, 1, 0} }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			script, s := openScripted(t, echoes([]byte{1, 2, 3, 4}))
			script.outer = tt.outer
			expectDead(t, script, s)
		})
	}
	for name, inner := range map[string][]byte{
		"the answer to another command, authenticated": {0xcd, 0, 0},
		"a length that lies, authenticated":            {0xd1, 0, 9, 1},
		"nothing, authenticated":                       {},
	} {
		t.Run(name, func(t *testing.T) {
			script, s := openScripted(t, func([]byte) []byte { return inner })
			expectDead(t, script, s)
		})
	}
	t.Run("an old answer again", func(t *testing.T) {
		script, s := openScripted(t, echoes([]byte{1, 2, 3, 4}))
		var first []byte
		script.outer = func(_, a []byte) []byte {
			if first == nil {
				first = bytes.Clone(a)
			}
			return first
		}
		if _, err := s.Random(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
		expectDead(t, script, s)
	})
}

func expectDead(t *testing.T, script *scripted, s *session) {
	t.Helper()
	if b, err := s.Random(t.Context(), 4); !errors.Is(err, hsm.ErrOutcomeUnknown) {
		t.Fatalf("%x, %v; want ErrOutcomeUnknown", b, err)
	}
	sent := len(script.sent)
	if _, err := s.Random(t.Context(), 4); !errors.Is(err, hsm.ErrSessionDead) {
		t.Fatalf("%v; want ErrSessionDead", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatalf("closing a dead session: %v", err)
	}
	if len(script.sent) != sent {
		t.Fatalf("%d messages were sent in a dead session", len(script.sent)-sent)
	}
	for _, key := range []*secret.Bytes{s.pin, s.ch.keys.enc, s.ch.keys.mac, s.ch.keys.rmac} {
		if key.Len() != 0 {
			t.Fatal("a key outlives its session")
		}
	}
}

// A refusal that the device authenticated leaves the session usable.
func TestRefusalLeavesTheSessionOpen(t *testing.T) {
	script, s := openScripted(t, func([]byte) []byte { return []byte{errorByte, 0, 1, 0x0a} })
	if _, err := s.Random(t.Context(), 4); !errors.Is(err, hsm.ErrLogFull) || errors.Is(err, hsm.ErrOutcomeUnknown) {
		t.Fatalf("%v; want ErrLogFull alone", err)
	}
	script.inner = echoes([]byte{1, 2, 3, 4})
	if b, err := s.Random(t.Context(), 4); err != nil || len(b) != 4 {
		t.Fatalf("%x, %v", b, err)
	}
}

// A well-behaved channel around an answer that is wrong for its command.
func TestWrongDataIsRefused(t *testing.T) {
	for name, call := range map[string]func(*session) error{
		"random bytes of another length": func(s *session) error { _, err := s.Random(context.Background(), 5); return err },
		"a log of another length":        func(s *session) error { _, err := s.ReadLog(context.Background()); return err },
		"an acknowledgement with data":   func(s *session) error { return s.AckLog(context.Background(), 1) },
		"a public key of another kind": func(s *session) error {
			_, _, err := publicKey(context.Background(), s, info{algorithm: commands.AlgorithmP384})
			return err
		},
		"object info of another length": func(s *session) error {
			_, err := objectInfo(context.Background(), s, object{1, 3})
			return err
		},
		"another key's PIN changed": func(s *session) error {
			return s.ChangePIN(context.Background(), secret.Own(make([]byte, hsm.PINSize)))
		},
		"a wrap key of another number": func(s *session) error {
			_, err := s.PutWrapKey(context.Background(), secret.Own(make([]byte, hsm.WrapKeySize)))
			return err
		},
		"a wrap key deleted with data": func(s *session) error { return s.DeleteWrapKey(context.Background(), hsm.WrapKey{}) },
		"a wrapped key too short to be one": func(s *session) error {
			_, err := s.ExportWrapped(context.Background(), hsm.WrapKey{Kind: hsm.AESWrapKey}, hsm.Key{})
			return err
		},
		"an import of something else": func(s *session) error {
			_, err := s.ImportWrapped(context.Background(), hsm.WrapKey{Kind: hsm.AESWrapKey}, secret.Own(make([]byte, 64)), hsm.Key{Spec: hsm.Ed25519})
			return err
		},
		"storage info of another length": func(s *session) error { _, err := readStorage(context.Background(), s); return err },
		"a key that was found nowhere":   func(s *session) error { _, err := s.FindKey(context.Background(), "root"); return err },
	} {
		_, s := openScripted(t, echoes([]byte{1, 2, 3, 4, 5, 6}))
		if err := call(s); !errors.Is(err, errAnswer) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignatureThatDoesNotVerifyIsNotReturned(t *testing.T) {
	_, s := openScripted(t, echoes(make([]byte, 64)))
	pub, err := algorithms[3].parsePublic(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	if sig, err := s.Sign(t.Context(), hsm.Key{Spec: hsm.Ed25519, Public: pub}, []byte("m")); err == nil || sig != nil {
		t.Fatalf("%x, %v", sig, err)
	}
}

func TestMessageLimitIsKnownBeforeSending(t *testing.T) {
	for _, fw := range []version{{2, 3, 9}, {2, 4, 0}} {
		script, s := openScripted(t, echoes(nil))
		s.ch.limit = fw.maxMessage()
		for n := 1900; n < 3200; n++ {
			before := len(script.sent)
			_, err := s.send(t.Context(), 1, make([]byte, n))
			switch sent := script.sent[before:]; {
			case err != nil && len(sent) != 0:
				t.Fatalf("%s, %d bytes: sent, then %v", fw, n, err)
			case err == nil && len(sent[0]) > fw.maxMessage():
				t.Fatalf("%s, %d bytes: a message of %d bytes", fw, n, len(sent[0]))
			}
		}
		if _, err := s.Random(t.Context(), 4); !errors.Is(err, errAnswer) {
			t.Fatalf("the session did not live on: %v", err)
		}
	}
}

// Whatever comes in place of an answer, authenticated or not, nothing panics and
// what is returned has the length that was asked for.
func FuzzAnswers(f *testing.F) {
	f.Add(byte(0), []byte{0x85, 0, 0})
	f.Add(byte(1), append([]byte{0xd1, 0, 4}, 1, 2, 3, 4))
	f.Add(byte(2), []byte{0xcd, 0, 5, 0, 0, 0, 0, 0})
	f.Add(byte(3), []byte{0xc8, 0, 4, 1, 0, 3, 0})
	f.Add(byte(4), []byte{0xd4, 0, 1, 46})
	f.Add(byte(5), []byte{errorByte, 0, 1, 9})
	f.Add(byte(16), []byte{0xec, 0, 2, 0, 2})
	f.Add(byte(18), []byte{0xc8, 0, 4, 2, 0, 4, 0})
	f.Add(byte(20), append([]byte{0xca, 0, 40}, make([]byte, 40)...))
	f.Add(byte(22), []byte{0xcb, 0, 3, 3, 0, 0})
	f.Add(byte(24), []byte{0xc8, 0, 4, 1, 0, 3, 0})
	f.Fuzz(func(t *testing.T, which byte, answer []byte) {
		script, s := openScripted(t, func([]byte) []byte { return answer })
		if which&1 == 1 { // in the clear
			script.outer = func(_, _ []byte) []byte { return answer }
		}
		ctx := context.Background()
		switch which >> 1 % 13 {
		case 0:
			if b, err := s.Random(ctx, 4); err == nil && len(b) != 4 {
				t.Fatalf("%d bytes", len(b))
			}
		case 1:
			_, _ = s.ReadLog(ctx)
		case 2:
			_, _ = s.FindKey(ctx, "root")
		case 3:
			_, _ = s.GenerateKey(ctx, "root", hsm.ECDSAP384)
		case 4:
			for _, a := range algorithms {
				if _, pub, err := publicKey(ctx, s, info{algorithm: a.code}); err == nil && a.spec.CheckPublic(pub) != nil {
					t.Fatalf("%s: %v", a.spec, pub)
				}
			}
		case 5:
			_, _ = objectInfo(ctx, s, object{0x100, 3})
		case 6:
			_, _ = s.Attest(ctx, hsm.Key{})
		case 7:
			script.info = answer
			_, _ = s.dev.Info(ctx)
			_, _ = s.dev.Random(ctx, 4)
			_ = s.dev.Bootstrap(ctx, s.pin, nil)
			_, _ = s.dev.partNumber(ctx, firmware240)
		case 8:
			if err := s.ChangePIN(ctx, secret.Own(make([]byte, hsm.PINSize))); errors.Is(err, errAnswer) && !s.ch.dead {
				t.Fatalf("the session goes on under no one knows which PIN: %v", err)
			}
		case 9:
			keys, err := s.WrapKeys(ctx)
			if err == nil && len(keys) > 1 {
				t.Fatalf("%+v", keys)
			}
		case 10:
			if blob, err := s.ExportWrapped(ctx, hsm.WrapKey{Kind: hsm.AESWrapKey}, hsm.Key{}); err == nil && blob.Len() <= wrapNonceSize+wrapTagSize {
				t.Fatalf("%d bytes", blob.Len())
			}
		case 11:
			_, _ = s.ImportWrapped(ctx, hsm.WrapKey{Kind: hsm.RSAWrapKey}, secret.Own(answer), hsm.Key{Spec: hsm.Ed25519})
			_, _, _ = s.GenerateWrapKey(ctx)
			_, _ = s.PutWrapKey(ctx, secret.Own(make([]byte, hsm.WrapKeySize)))
			_ = s.DeleteWrapKey(ctx, hsm.WrapKey{})
		case 12:
			_ = s.CheckImport(ctx, hsm.Key{Spec: hsm.Ed25519})
			_, _ = readOption(ctx, s, optionForceAudit)
			_, _ = readStorage(ctx, s)
		}
	})
}

func TestIdleSessionIsReopenedBeforeACommand(t *testing.T) {
	now := time.Unix(0, 0)
	script, s := openScripted(t, echoes([]byte{1, 2, 3, 4}))
	s.dev.now = func() time.Time { return now }
	s.last = now
	for _, tt := range []struct {
		idle time.Duration
		want []byte // command bytes of the messages
	}{
		{0, []byte{5}},
		{25 * time.Second, []byte{5}},
		{26 * time.Second, []byte{3, 4, 5}},
		{time.Hour, []byte{3, 4, 5}},
	} {
		now = now.Add(tt.idle)
		script.sent = nil
		if _, err := s.Random(t.Context(), 4); err != nil {
			t.Fatalf("after %s: %v", tt.idle, err)
		}
		var got []byte
		for _, m := range script.sent {
			got = append(got, m[0])
		}
		if !bytes.Equal(got, tt.want) {
			t.Errorf("after %s: messages %v, want %v", tt.idle, got, tt.want)
		}
	}
}
