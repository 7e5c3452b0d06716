package yubihsm_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/core/secret"
	"anodize/devices/sim"
)

const serial = 34332673

func newPIN() *secret.Bytes { return secret.Own(bytes.Repeat([]byte{0x5a, 1}, hsm.PINSize/2)) }

// bootstrapped returns a device that a ceremony has made its own.
func bootstrapped(t testing.TB, options ...sim.HSMOption) (*sim.HSM, *yubihsm.Device) {
	t.Helper()
	h := sim.NewHSM(serial, options...)
	d := yubihsm.New(h)
	if err := d.Bootstrap(context.Background(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	return h, d
}

func open(t testing.TB, d *yubihsm.Device) hsm.Session {
	t.Helper()
	s, err := d.Open(context.Background(), newPIN())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestInfoNeedsNoSessionAndLeavesNoTrace(t *testing.T) {
	h, d := bootstrapped(t)
	before := h.Frames()
	for range 2 {
		info, err := d.Info(t.Context())
		want := hsm.Info{Backend: "yubihsm", Serial: "0034332673", Firmware: "2.4.1", LogUsed: 8, LogTotal: 62}
		if err != nil || info != want {
			t.Fatalf("%+v, %v; want %+v", info, err, want)
		}
	}
	if n := h.Frames() - before; n != 2 {
		t.Errorf("%d messages for two questions", n)
	}
}

// The steps are those of docs/hsm.md, and the device's own log tells the same.
func TestBootstrap(t *testing.T) {
	d := yubihsm.New(sim.NewHSM(serial))
	var steps []string
	if err := d.Bootstrap(t.Context(), newPIN(), func(s hsm.Step) { steps = append(steps, s.Name) }); err != nil {
		t.Fatal(err)
	}
	want := "identify, inspect, reset, prove empty, audit, put authentication key, log in, delete default key, check log"
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("steps %s; want %s", got, want)
	}
	s := open(t, d)
	log, err := s.ReadLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	entries, err := log.VerifyFrom(hsm.LogEntry{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if !e.Succeeded() {
			t.Errorf("entry %d failed: %+v", e.Number, e)
		}
		names = append(names, e.Name())
	}
	want = "DEVICE RESET, DEVICE STARTED, SET OPTION, SET OPTION, PUT AUTHENTICATION KEY, CREATE SESSION, " +
		"AUTHENTICATE SESSION, DELETE OBJECT, CREATE SESSION, AUTHENTICATE SESSION"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("log %s; want %s", got, want)
	}
}

// Neither the PIN nor the default key is of use where the other belongs.
func TestWhoCanOpen(t *testing.T) {
	fresh := yubihsm.New(sim.NewHSM(serial))
	if b, err := fresh.Random(t.Context(), 32); err != nil || len(b) != 32 {
		t.Errorf("a fresh device gives no random bytes: %x, %v", b, err)
	}
	if _, err := fresh.Open(t.Context(), newPIN()); !errors.Is(err, hsm.ErrNotEnrolled) {
		t.Errorf("opening a fresh device: %v", err)
	}
	_, d := bootstrapped(t)
	if _, err := d.Random(t.Context(), 32); !errors.Is(err, hsm.ErrNotFresh) {
		t.Errorf("random bytes of a bootstrapped device without the PIN: %v", err)
	}
	if err := d.Bootstrap(t.Context(), newPIN(), nil); !errors.Is(err, hsm.ErrNotFresh) {
		t.Errorf("bootstrapping twice: %v", err)
	}
	wrong := newPIN()
	wrong.Expose()[31] ^= 1
	if _, err := d.Open(t.Context(), wrong); !errors.Is(err, hsm.ErrWrongPIN) {
		t.Errorf("a wrong PIN: %v", err)
	}
	for _, n := range []int{0, 31, 33} {
		short := secret.Own(make([]byte, n))
		if _, err := d.Open(t.Context(), short); err == nil || errors.Is(err, hsm.ErrWrongPIN) {
			t.Errorf("a PIN of %d bytes: %v", n, err)
		}
		if err := yubihsm.New(sim.NewHSM(1)).Bootstrap(t.Context(), short, nil); err == nil {
			t.Errorf("a PIN of %d bytes is put into a device", n)
		}
	}
}

// The device counts no wrong PINs. It runs out of sessions for half a minute.
func TestWrongPINsDoNotLockTheDevice(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	_, d := bootstrapped(t, sim.WithHSMClock(func() time.Time { return now }))
	wrong := secret.Own(make([]byte, hsm.PINSize))
	busy := 0
	for range 20 {
		_, err := d.Open(t.Context(), wrong)
		switch {
		case errors.Is(err, hsm.ErrBusy):
			busy++
		case !errors.Is(err, hsm.ErrWrongPIN):
			t.Fatal(err)
		}
	}
	if busy == 0 {
		t.Error("20 sessions were begun at once")
	}
	now = now.Add(31 * time.Second)
	if err := open(t, d).Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// Somebody's objects are named and left alone: nothing was reset.
func TestBootstrapRefusesADeviceInUse(t *testing.T) {
	h := sim.NewHSM(serial)
	d := yubihsm.New(h)
	label := append([]byte("bob's key"), make([]byte, 31)...)
	data := append(append([]byte{0, 7}, label...), 0, 2) // domain 2
	data = binary.BigEndian.AppendUint64(data, 1<<8)
	if _, err := d.SendAsFactory(t.Context(), 0x46, append(data, 46)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := d.Bootstrap(t.Context(), newPIN(), nil)
		var foreign *hsm.ForeignObjectsError
		if !errors.As(err, &foreign) || len(foreign.Objects) != 1 || foreign.Objects[0] != `asymmetric key 0x0007 "bob's key"` {
			t.Fatalf("%v", err)
		}
	}
}

func TestEveryKindOfKeySignsForOpenSSL(t *testing.T) {
	_, d := bootstrapped(t)
	s := open(t, d)
	message := []byte("the bytes to be signed")
	for spec, hash := range map[hsm.KeySpec]string{
		hsm.ECDSAP256: "sha256", hsm.ECDSAP384: "sha384", hsm.ECDSAP521: "sha512",
		hsm.Ed25519: "", hsm.RSAPSS3072: "sha256", hsm.RSA4096: "sha256",
	} {
		key, err := s.GenerateKey(t.Context(), "root "+string(spec), spec)
		if err != nil {
			t.Fatal(err)
		}
		found, err := s.FindKey(t.Context(), key.Label)
		plain := hsm.KeySpec(strings.Replace(string(spec), "-pss", "", 1))
		if err != nil || found.ID != key.ID || found.Spec != plain || key.Spec != spec || !samePublic(t, found, key) {
			t.Fatalf("%s: found %+v, %v; generated %+v", spec, found, err, key)
		}
		sig, err := s.Sign(t.Context(), found, message)
		if err != nil {
			t.Fatal(err)
		}
		opensslVerify(t, spkiPEM(t, key), hash, message, sig)
		if spec == plain {
			continue
		}
		if sig, err = s.Sign(t.Context(), key, message); err != nil {
			t.Fatal(err)
		}
		opensslVerify(t, spkiPEM(t, key), hash, message, sig,
			"-pkeyopt", "rsa_padding_mode:pss", "-pkeyopt", "rsa_pss_saltlen:digest", "-pkeyopt", "rsa_mgf1_md:sha256")
	}
	if _, err := s.GenerateKey(t.Context(), "root ed25519", hsm.ECDSAP384); !errors.Is(err, hsm.ErrKeyExists) {
		t.Errorf("a label twice: %v", err)
	}
	if _, err := s.FindKey(t.Context(), "root"); !errors.Is(err, hsm.ErrKeyNotFound) {
		t.Errorf("a part of a label: %v", err)
	}
}

func samePublic(t *testing.T, a, b hsm.Key) bool {
	t.Helper()
	return bytes.Equal(spkiPEM(t, a), spkiPEM(t, b))
}

func spkiPEM(t *testing.T, key hsm.Key) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key.Public)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
}

func opensslVerify(t *testing.T, spki []byte, hash string, message, sig []byte, options ...string) {
	t.Helper()
	dir := t.TempDir()
	for name, b := range map[string][]byte{"key": spki, "message": message, "sig": sig} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"pkeyutl", "-verify", "-pubin", "-inkey", "key", "-rawin", "-in", "message", "-sigfile", "sig"}
	if hash != "" {
		args = append(args, "-digest", hash)
	}
	args = append(args, options...)
	cmd := exec.Command("openssl", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestSignRefusesAnotherKey(t *testing.T) {
	h, d := bootstrapped(t)
	s := open(t, d)
	one, err1 := s.GenerateKey(t.Context(), "one", hsm.ECDSAP384)
	two, err2 := s.GenerateKey(t.Context(), "two", hsm.ECDSAP384)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	mixed := one
	mixed.Public = two.Public
	if sig, err := s.Sign(t.Context(), mixed, []byte("m")); err == nil || sig != nil {
		t.Errorf("a signature by another key is returned: %x, %v", sig, err)
	}
	before := h.Frames()
	for name, key := range map[string]hsm.Key{
		"no kind":           {ID: one.ID, Public: one.Public},
		"another kind":      {ID: one.ID, Spec: hsm.ECDSAP256, Public: one.Public},
		"no public key":     {ID: one.ID, Spec: hsm.ECDSAP384},
		"the zero key":      {},
		"a kind of its own": {ID: one.ID, Spec: "dsa", Public: one.Public},
	} {
		if sig, err := s.Sign(t.Context(), key, []byte("m")); err == nil || sig != nil {
			t.Errorf("%s: %x, %v", name, sig, err)
		}
	}
	if n := h.Frames() - before; n != 0 {
		t.Errorf("%d messages were sent for keys that cannot be", n)
	}
}

func TestLabels(t *testing.T) {
	_, d := bootstrapped(t)
	s := open(t, d)
	for _, label := range []string{"", strings.Repeat("x", 41), "röot", "a\x00b", "a\nb"} {
		if _, err := s.GenerateKey(t.Context(), label, hsm.Ed25519); err == nil {
			t.Errorf("the label %q is taken", label)
		}
	}
	if _, err := s.GenerateKey(t.Context(), strings.Repeat("x", 40), hsm.Ed25519); err != nil {
		t.Error(err)
	}
}

// ECDSA leaks on firmware before 2.4.0; everything else works there.
func TestOldFirmware(t *testing.T) {
	_, d := bootstrapped(t, sim.WithHSMFirmware(2, 3, 9))
	s := open(t, d)
	for _, spec := range []hsm.KeySpec{hsm.ECDSAP256, hsm.ECDSAP384, hsm.ECDSAP521} {
		if _, err := s.GenerateKey(t.Context(), "root", spec); !errors.Is(err, hsm.ErrFirmware) || !strings.Contains(err.Error(), "YSA-2024-03") {
			t.Errorf("%s: %v", spec, err)
		}
	}
	if _, err := s.GenerateKey(t.Context(), "root", hsm.Ed25519); err != nil {
		t.Error(err)
	}
}

// What the PIN cannot do, whoever recombined it.
func TestCeremonyKeyMayNot(t *testing.T) {
	_, d := bootstrapped(t)
	s := open(t, d)
	key, err := s.GenerateKey(t.Context(), "root", hsm.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	object := make([]byte, 2+40+2+8+1)
	id := []byte{byte(key.ID >> 8), byte(key.ID)}
	for name, c := range map[string]struct {
		command byte
		data    []byte
	}{
		"reset the device":             {0x08, nil},
		"put an authentication key":    {0x44, append(object[:len(object):len(object)], make([]byte, 8+32)...)},
		"put an asymmetric key":        {0x45, append(object[:len(object):len(object)], make([]byte, 48)...)},
		"put an opaque object":         {0x42, append(object[:len(object):len(object)], 1)},
		"delete the root key":          {0x58, append(id[:2:2], 3)},
		"delete an authentication key": {0x58, []byte{0, 2, 2}},
		"stop forcing the log":         {0x4f, []byte{1, 0, 1, 0}},
	} {
		var refusal *yubihsm.Error
		if _, err := yubihsm.Send(t.Context(), s, c.command, c.data); !errors.As(err, &refusal) || refusal.Code != 9 {
			t.Errorf("%s: %v; want insufficient permissions", name, err)
		}
	}
	if _, err := s.Sign(t.Context(), key, []byte("still there")); err != nil {
		t.Error(err)
	}
}

func TestLogIsReadAcknowledgedAndContinued(t *testing.T) {
	h, d := bootstrapped(t)
	s := open(t, d)
	log, err := s.ReadLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := log.Entries[len(log.Entries)-1]
	if err := s.AckLog(t.Context(), last.Number); err != nil {
		t.Fatal(err)
	}
	key, err := s.GenerateKey(t.Context(), "root", hsm.Ed25519)
	if err != nil {
		t.Fatal(err)
	}
	h.FaultIn(1, sim.HSMFillLog)
	if _, err := s.Sign(t.Context(), key, []byte("m")); !errors.Is(err, hsm.ErrLogFull) {
		t.Fatalf("a full log: %v", err)
	}
	if log, err = s.ReadLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh, err := log.VerifyFrom(last)
	if err != nil || len(fresh) != 62 || fresh[0].Name() != "GENERATE ASYMMETRIC KEY" {
		t.Fatalf("%d entries, %v", len(fresh), err)
	}
	if err := s.AckLog(t.Context(), fresh[len(fresh)-1].Number); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sign(t.Context(), key, []byte("m")); err != nil {
		t.Errorf("after the acknowledgement: %v", err)
	}
}

func TestAttestation(t *testing.T) {
	_, d := bootstrapped(t)
	s := open(t, d)
	key, err := s.GenerateKey(t.Context(), "root", hsm.ECDSAP384)
	if err != nil {
		t.Fatal(err)
	}
	chain, err := s.(hsm.Attester).Attest(t.Context(), key)
	if err != nil || len(chain) != 2 {
		t.Fatalf("%d certificates, %v", len(chain), err)
	}
	statement, err1 := x509.ParseCertificate(chain[0])
	device, err2 := x509.ParseCertificate(chain[1])
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if err := statement.CheckSignature(statement.SignatureAlgorithm, statement.RawTBSCertificate, statement.Signature); err == nil {
		t.Error("the statement signed itself")
	}
	if err := device.CheckSignature(statement.SignatureAlgorithm, statement.RawTBSCertificate, statement.Signature); err != nil {
		t.Error(err)
	}
	if !samePublic(t, key, hsm.Key{Public: statement.PublicKey}) {
		t.Error("the statement is about another key")
	}
}

// BenchmarkSign reports the time of a signature that is not the device's.
func BenchmarkSign(b *testing.B) {
	h := sim.NewHSM(serial)
	frames := &timed{Frames: h}
	d := yubihsm.New(frames)
	if err := d.Bootstrap(b.Context(), newPIN(), nil); err != nil {
		b.Fatal(err)
	}
	s := open(b, d)
	key, err := s.GenerateKey(b.Context(), "root", hsm.ECDSAP384)
	if err != nil {
		b.Fatal(err)
	}
	message := make([]byte, 1000)
	var own time.Duration
	for b.Loop() {
		start := time.Now()
		frames.spent = 0
		if _, err := s.Sign(b.Context(), key, message); err != nil {
			b.Fatal(err)
		}
		own += time.Since(start) - frames.spent
		b.StopTimer()
		log, err := s.ReadLog(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if n := len(log.Entries); n > 50 {
			if err := s.AckLog(b.Context(), log.Entries[n-1].Number); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(own.Nanoseconds())/float64(b.N), "own-ns/op")
}

type timed struct {
	yubihsm.Frames
	spent time.Duration
}

func (f *timed) Exchange(ctx context.Context, message []byte) ([]byte, error) {
	start := time.Now()
	defer func() { f.spent += time.Since(start) }()
	return f.Frames.Exchange(ctx, message)
}
