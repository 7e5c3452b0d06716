package yubihsm_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/core/secret"
	"anodize/devices/sim"
)

func nextPIN() *secret.Bytes { return secret.Own(bytes.Repeat([]byte{0xa5, 2}, hsm.PINSize/2)) }

func TestChangePIN(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	_, d := bootstrapped(t, sim.WithHSMClock(clock))
	d.SetClock(clock)
	s := open(t, d)
	pin := nextPIN()
	if err := s.ChangePIN(t.Context(), pin); err != nil {
		t.Fatal(err)
	}
	pin.Wipe() // the caller's
	if _, err := s.Random(t.Context(), 8); err != nil {
		t.Errorf("the session did not go on: %v", err)
	}
	now = now.Add(time.Minute)
	if _, err := s.Random(t.Context(), 8); err != nil {
		t.Errorf("the idle session did not reopen under the new PIN: %v", err)
	}
	if _, err := d.Open(t.Context(), newPIN()); !errors.Is(err, hsm.ErrWrongPIN) {
		t.Errorf("the old PIN: %v", err)
	}
	other, err := d.Open(t.Context(), nextPIN())
	if err != nil {
		t.Fatalf("the new PIN: %v", err)
	}
	// What the key may do is what it was made with.
	if _, err := other.GenerateKey(t.Context(), "root", hsm.Ed25519); err != nil {
		t.Error(err)
	}
}

func TestChangePINTakesWholePINsAlone(t *testing.T) {
	h, d := bootstrapped(t)
	s := open(t, d)
	before := h.Frames()
	for _, n := range []int{0, 16, 31, 33} {
		if err := s.ChangePIN(t.Context(), secret.Own(make([]byte, n))); err == nil {
			t.Errorf("a PIN of %d bytes is taken", n)
		}
	}
	if h.Frames() != before {
		t.Error("messages were sent")
	}
}

// Whatever goes wrong, the command is sent once, the old PIN and the new are
// the only two that can open the device, exactly one does, and a refusal leaves
// the old one.
func TestChangePINWithAFault(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			h := newTraced()
			d := yubihsm.New(h)
			if err := d.Bootstrap(t.Context(), newPIN(), nil); err != nil {
				t.Fatal(err)
			}
			s := open(t, d)
			h.FaultIn(1, fault)
			err := s.ChangePIN(t.Context(), nextPIN())
			if fault == sim.HSMFillLog {
				if !errors.Is(err, hsm.ErrLogFull) || errors.Is(err, hsm.ErrOutcomeUnknown) {
					t.Fatalf("%v; want ErrLogFull alone", err)
				}
			} else if !errors.Is(err, hsm.ErrOutcomeUnknown) {
				t.Fatalf("%v; want ErrOutcomeUnknown", err)
			} else if err := s.ChangePIN(t.Context(), nextPIN()); !errors.Is(err, hsm.ErrSessionDead) {
				t.Fatalf("the session lives on: %v", err)
			}
			h.Plug()
			changed := h.executed(cmdChangeAuthKey)
			want, other := newPIN(), nextPIN()
			if changed == 1 {
				want, other = other, want
			}
			if _, err := d.Open(context.Background(), other); !errors.Is(err, hsm.ErrWrongPIN) {
				t.Errorf("changed %d times, and the other PIN: %v", changed, err)
			}
			s, err = d.Open(context.Background(), want)
			if err != nil {
				t.Fatalf("changed %d times: %v", changed, err)
			}
			log, err := s.ReadLog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			logged := 0
			for _, e := range log.Entries {
				if e.Command == cmdChangeAuthKey && e.Succeeded() {
					logged++
				}
			}
			if logged != changed {
				t.Errorf("changed %d times, the log tells of %d", changed, logged)
			}
		})
	}
}
