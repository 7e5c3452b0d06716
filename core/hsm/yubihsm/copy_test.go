package yubihsm_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/devices/sim"
)

// pair is two devices of one ceremony, the first of which holds the root key.
type pair struct {
	sims    [2]*traced
	devices [2]*yubihsm.Device
	key     hsm.Key
}

// savedPair makes a pair once, so that each test may have its own for the price
// of reading it.
func savedPair(t testing.TB, spec hsm.KeySpec) func(t testing.TB) *pair {
	t.Helper()
	var saved [2][]byte
	var key hsm.Key
	for i := range saved {
		h := sim.NewHSM(serial + uint32(i))
		d := yubihsm.New(h)
		if err := d.Bootstrap(context.Background(), newPIN(), nil); err != nil {
			t.Fatal(err)
		}
		var err error
		if i == 0 {
			if key, err = open(t, d).GenerateKey(context.Background(), "root", spec); err != nil {
				t.Fatal(err)
			}
		}
		if saved[i], err = h.Save(); err != nil {
			t.Fatal(err)
		}
	}
	return func(t testing.TB) *pair {
		t.Helper()
		p := &pair{key: key}
		for i := range saved {
			h, err := sim.LoadHSM(saved[i])
			if err != nil {
				t.Fatal(err)
			}
			p.sims[i] = &traced{HSM: h}
			h.Trace = func(f sim.HSMFrame) { p.sims[i].frames = append(p.sims[i].frames, f) }
			p.devices[i] = yubihsm.New(p.sims[i])
		}
		return p
	}
}

func (p *pair) open(t testing.TB) (from, to hsm.Session) {
	t.Helper()
	return open(t, p.devices[0]), open(t, p.devices[1])
}

// wrapKeys names the devices that hold one, whatever any session says.
func (p *pair) wrapKeys(t testing.TB) (serials []string) {
	t.Helper()
	for i, h := range p.sims {
		state, err := h.Save()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(state, []byte(`"Type": 4,`)) || bytes.Contains(state, []byte(`"Type": 9,`)) {
			serials = append(serials, fmt.Sprintf("%010d", serial+i))
		}
	}
	return serials
}

// left names the devices in which an error says that a wrap key may be left.
func left(err error) (serials []string) {
	switch e := err.(type) {
	case *hsm.WrapKeyLeftError:
		return []string{e.Serial}
	case interface{ Unwrap() error }:
		return left(e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			serials = append(serials, left(err)...)
		}
	}
	return serials
}

func TestCopiedKeySignsForOpenSSL(t *testing.T) {
	message := []byte("the bytes to be signed")
	for spec, hash := range map[hsm.KeySpec]string{
		hsm.ECDSAP256: "sha256", hsm.ECDSAP384: "sha384", hsm.ECDSAP521: "sha512", hsm.Ed25519: "", hsm.RSA3072: "sha256",
	} {
		t.Run(string(spec), func(t *testing.T) {
			p := savedPair(t, spec)(t)
			from, to := p.open(t)
			var steps []string
			copied, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, func(s hsm.Step) { steps = append(steps, s.Name) })
			if err != nil {
				t.Fatal(err)
			}
			want := "put wrap key, put wrap key, export, import, delete wrap key, delete wrap key, compare"
			if got := strings.Join(steps, ", "); got != want {
				t.Errorf("steps %s; want %s", got, want)
			}
			if !samePublic(t, copied, p.key) || copied.ID != p.key.ID || copied.Label != p.key.Label || copied.Spec != spec {
				t.Errorf("%+v arrived of %+v", copied, p.key)
			}
			if in := p.wrapKeys(t); in != nil {
				t.Errorf("a wrap key is left in %v", in)
			}
			sig, err := to.Sign(t.Context(), copied, message)
			if err != nil {
				t.Fatal(err)
			}
			opensslVerify(t, spkiPEM(t, p.key), hash, message, sig)
		})
	}
}

// What a copy costs in each device's log is what docs/hsm.md says.
func TestCopyInTheLogs(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, to := p.open(t)
	var before [2]int
	for i, s := range []hsm.Session{from, to} {
		log, err := s.ReadLog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		before[i] = len(log.Entries)
	}
	if _, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil); err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		s    hsm.Session
		want string
	}{
		{from, "PUT WRAP KEY, EXPORT WRAPPED, DELETE OBJECT"},
		{to, "PUT WRAP KEY, IMPORT WRAPPED, DELETE OBJECT"},
	} {
		log, err := tt.s.ReadLog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range log.Entries[before[i]:] {
			names = append(names, e.Name())
		}
		if got := strings.Join(names, ", "); got != tt.want {
			t.Errorf("device %d: %s; want %s", i, got, tt.want)
		}
	}
}

// The copy is no lesser: it may be copied on, and the PIN of its device may not
// delete it either.
func TestCopyIsCopiedOn(t *testing.T) {
	p := savedPair(t, hsm.ECDSAP384)(t)
	from, to := p.open(t)
	copied, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
	if err != nil {
		t.Fatal(err)
	}
	third := yubihsm.New(sim.NewHSM(serial + 2))
	if err := third.Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	again, err := hsm.CopyKey(t.Context(), rand.Reader, to, open(t, third), copied, nil)
	if err != nil || !samePublic(t, again, p.key) {
		t.Fatalf("%+v, %v", again, err)
	}
	var refusal *yubihsm.Error
	if _, err := yubihsm.Send(t.Context(), to, cmdDelete, []byte{byte(copied.ID >> 8), byte(copied.ID), 3}); !errors.As(err, &refusal) || refusal.Code != 9 {
		t.Errorf("the PIN deletes the copy: %v", err)
	}
}

// Whatever goes wrong at whatever message to either device: no command that
// changes a device runs twice, a wrap key that is left is told of, and the copy
// succeeds when it is tried again.
func TestCopyWithAFaultAtEveryMessage(t *testing.T) {
	fresh := savedPair(t, hsm.Ed25519)
	whole := fresh(t)
	from, to := whole.open(t)
	opened := [2]int{len(whole.sims[0].frames), len(whole.sims[1].frames)}
	if _, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, whole.key, nil); err != nil {
		t.Fatal(err)
	}
	for device, h := range whole.sims {
		for name, fault := range faults {
			for n := 1; n <= len(h.frames)-opened[device]; n++ {
				t.Run(fmt.Sprintf("%s at message %d to device %d", name, n, device), func(t *testing.T) {
					p := fresh(t)
					from, to := p.open(t)
					p.sims[device].FaultIn(n, fault)
					exports := 0
					_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, func(s hsm.Step) {
						if s.Name == "export" {
							exports++
						}
					})
					p.checkBrokenOff(t, err)
					if n := p.sims[0].executed(cmdExport); n > exports {
						t.Errorf("the key left %d times, %d are told", n, exports)
					}
					p.sims[device].Plug()
					p.copyAgain(t)
				})
			}
		}
	}
}

func (p *pair) checkBrokenOff(t *testing.T, err error) {
	t.Helper()
	told := strings.Join(left(err), " ")
	for _, serial := range p.wrapKeys(t) {
		if !strings.Contains(told, serial) {
			t.Errorf("a wrap key is left in %s, and the error does not say so: %v", serial, err)
		}
	}
	for i, h := range p.sims {
		for _, command := range []byte{cmdPutWrapKey, cmdExport, cmdImport, cmdDelete} {
			if times := h.executed(command); times > 1 {
				t.Errorf("device %d ran %s %d times", i, hsm.CommandName(command), times)
			}
		}
	}
}

// copyAgain is what the next ceremony does: it logs in, empties the logs and
// copies.
func (p *pair) copyAgain(t *testing.T) {
	t.Helper()
	from, to := p.open(t)
	for _, s := range []hsm.Session{from, to} {
		log, err := s.ReadLog(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := s.AckLog(t.Context(), log.Entries[len(log.Entries)-1].Number); err != nil {
			t.Fatal(err)
		}
	}
	copied, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
	if err != nil {
		t.Fatalf("copying again: %v", err)
	}
	if !samePublic(t, copied, p.key) {
		t.Error("another key arrived")
	}
	if in := p.wrapKeys(t); in != nil {
		t.Errorf("a wrap key is still left in %v", in)
	}
	if n := p.sims[1].executed(cmdImport); n != 1 {
		t.Errorf("imported %d times", n)
	}
	if _, err := to.Sign(t.Context(), copied, []byte("m")); err != nil {
		t.Error(err)
	}
}

// The wrap key of a broken-off copy is named, deleted, and proved gone.
func TestLeftoverWrapKeyIsDeleted(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, to := p.open(t)
	p.sims[0].FaultIn(6, sim.HSMUnplugAfter) // list twice, find, object info, public key, put wrap key
	_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
	if got := strings.Join(left(err), " "); got != "0034332673" || !errors.Is(err, hsm.ErrOutcomeUnknown) {
		t.Fatalf("left in %q: %v", got, err)
	}
	if got := p.wrapKeys(t); len(got) != 1 {
		t.Fatalf("left in %v: the test no longer breaks the copy off where it means to", got)
	}
	p.sims[0].Plug()
	var steps []hsm.Step
	if err := hsm.DeleteWrapKeys(t.Context(), open(t, p.devices[0]), func(s hsm.Step) { steps = append(steps, s) }); err != nil {
		t.Fatal(err)
	}
	if len(steps) != 1 || steps[0].Name != "delete leftover wrap key" || !strings.Contains(steps[0].Detail, `0x0200 "anodize copy"`) {
		t.Errorf("%+v", steps)
	}
	if got := p.wrapKeys(t); got != nil {
		t.Errorf("still left in %v", got)
	}
}

func TestCopyIsRefusedBeforeAnythingChanges(t *testing.T) {
	fresh := savedPair(t, hsm.ECDSAP384)
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, p *pair, from, to hsm.Session) error
		want error // or nil: any
	}{
		{"onto itself", func(t *testing.T, p *pair, from, _ hsm.Session) error {
			_, err := hsm.CopyKey(t.Context(), rand.Reader, from, open(t, p.devices[0]), p.key, nil)
			return err
		}, nil},
		{"a key that the first device does not hold", func(t *testing.T, p *pair, from, to hsm.Session) error {
			p.key.Label = "other"
			_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
			return err
		}, hsm.ErrKeyNotFound},
		{"a key that is another one in the first device", func(t *testing.T, p *pair, from, to hsm.Session) error {
			other, err := to.GenerateKey(t.Context(), "other", hsm.ECDSAP384)
			if err != nil {
				t.Fatal(err)
			}
			p.key.Public = other.Public
			_, err = hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
			return err
		}, nil},
		{"another key has its label", func(t *testing.T, p *pair, from, to hsm.Session) error {
			if _, err := to.GenerateKey(t.Context(), p.key.Label, hsm.ECDSAP384); err != nil {
				t.Fatal(err)
			}
			_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
			return err
		}, hsm.ErrKeyExists},
		{"another key has its number", func(t *testing.T, p *pair, from, to hsm.Session) error {
			if _, err := to.GenerateKey(t.Context(), "other", hsm.ECDSAP384); err != nil {
				t.Fatal(err)
			}
			_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
			return err
		}, hsm.ErrKeyExists},
		{"old firmware", func(t *testing.T, p *pair, from, _ hsm.Session) error {
			d := yubihsm.New(sim.NewHSM(serial+2, sim.WithHSMFirmware(2, 3, 9)))
			if err := d.Bootstrap(t.Context(), newPIN(), nil); err != nil {
				t.Fatal(err)
			}
			_, err := hsm.CopyKey(t.Context(), rand.Reader, from, open(t, d), p.key, nil)
			return err
		}, hsm.ErrFirmware},
		{"no random numbers", func(t *testing.T, p *pair, from, to hsm.Session) error {
			_, err := hsm.CopyKey(t.Context(), bytes.NewReader(make([]byte, 31)), from, to, p.key, nil)
			return err
		}, io.ErrUnexpectedEOF},
		{"a session that copies nothing", func(t *testing.T, p *pair, from, to hsm.Session) error {
			_, err := hsm.CopyKey(t.Context(), rand.Reader, struct{ hsm.Session }{from}, to, p.key, nil)
			return err
		}, hsm.ErrUnsupported},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := fresh(t)
			from, to := p.open(t)
			if err := tt.do(t, p, from, to); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v; want %v", err, tt.want)
			}
			for i, h := range p.sims {
				for _, command := range []byte{cmdPutWrapKey, cmdExport, cmdImport, cmdDelete} {
					if h.executed(command) != 0 {
						t.Errorf("device %d carried out %s", i, hsm.CommandName(command))
					}
				}
			}
		})
	}
}

// A wrap key that no copy made is somebody's: it is named and left alone.
func TestForeignWrapKeyIsNotDeleted(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, to := p.open(t)
	data := append([]byte{2, 0}, append([]byte("bob's"), make([]byte, 35)...)...)
	data = append(data, 0, 1)
	data = binary.BigEndian.AppendUint64(data, 0)
	data = append(data, 42)
	data = binary.BigEndian.AppendUint64(data, 0)
	if _, err := yubihsm.Send(t.Context(), to, cmdPutWrapKey, append(data, make([]byte, 32)...)); err != nil {
		t.Fatal(err)
	}
	_, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
	var foreign *hsm.ForeignObjectsError
	if !errors.As(err, &foreign) || len(foreign.Objects) != 1 || foreign.Objects[0] != `wrap key 0x0200 "bob's"` || left(err) != nil {
		t.Errorf("%v", err)
	}
	if n := p.sims[1].executed(cmdDelete); n != 0 {
		t.Error("it was deleted")
	}
}

// A cancelled copy still deletes the wrap key.
func TestCancelledCopyCleansUp(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, to := p.open(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := hsm.CopyKey(ctx, rand.Reader, from, to, p.key, func(s hsm.Step) {
		if s.Name == "export" {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || left(err) != nil || p.wrapKeys(t) != nil {
		t.Errorf("left in %v: %v", p.wrapKeys(t), err)
	}
}

// A store without room is noticed before the wrap key is put.
func TestCopyIntoAFullStore(t *testing.T) {
	h := sim.NewHSM(serial + 2)
	d := yubihsm.New(h)
	if err := d.Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	target := open(t, d)
	for i := 0; ; i++ {
		if log, err := target.ReadLog(t.Context()); err != nil {
			t.Fatal(err)
		} else if n := len(log.Entries); n > 55 {
			if err := target.AckLog(t.Context(), log.Entries[n-1].Number); err != nil {
				t.Fatal(err)
			}
		}
		_, err := target.GenerateKey(t.Context(), fmt.Sprintf("key %d", i), hsm.Ed25519)
		if errors.Is(err, hsm.ErrStorage) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	p := savedPair(t, hsm.Ed25519)(t)
	p.key.ID = 0x0300 // a number that is free
	from, _ := p.open(t)
	w := target.(hsm.Wrapper)
	if err := w.CheckImport(t.Context(), p.key); !errors.Is(err, hsm.ErrStorage) {
		t.Errorf("%v; want ErrStorage", err)
	}
	if _, err := hsm.CopyKey(t.Context(), rand.Reader, from, target, p.key, nil); err == nil {
		t.Error("it was copied")
	}
}
