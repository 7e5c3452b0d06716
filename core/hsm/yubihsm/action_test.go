package yubihsm_test

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/devices/sim"
)

// used is how many entries a device's log holds.
func used(t testing.TB, d *yubihsm.Device) int {
	t.Helper()
	info, err := d.Info(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return info.LogUsed
}

// What is counted before a ceremony is what the device then logs.
func TestActionsTakeTheEntriesThatAreCounted(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	clock := func() time.Time { return now }
	_, d := bootstrapped(t, sim.WithHSMClock(clock))
	d.SetClock(clock)
	other := yubihsm.New(sim.NewHSM(serial + 1))
	if err := other.Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	var s, to hsm.Session
	var key hsm.Key
	for _, tt := range []struct {
		action hsm.Action
		on     *yubihsm.Device
		do     func() error
	}{
		{hsm.Login, other, func() (err error) { to, err = other.Open(t.Context(), newPIN()); return }},
		{hsm.Login, d, func() (err error) { s, err = d.Open(t.Context(), newPIN()); return }},
		{hsm.Login, d, func() (err error) { now = now.Add(time.Minute); _, err = s.Random(t.Context(), 1); return }},
		{hsm.Generation, d, func() (err error) { key, err = s.GenerateKey(t.Context(), "root", hsm.ECDSAP256); return }},
		{hsm.Signature, d, func() (err error) { _, err = s.Sign(t.Context(), key, []byte("m")); return }},
		{hsm.Attestation, d, func() (err error) { _, err = s.(hsm.Attester).Attest(t.Context(), key); return }},
		{hsm.PINChange, d, func() error { return s.ChangePIN(t.Context(), nextPIN()) }},
		{hsm.KeyExport, d, func() (err error) { _, err = hsm.CopyKey(t.Context(), rand.Reader, s, to, key, nil); return }},
	} {
		before := used(t, tt.on)
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.action, err)
		}
		if got, want := used(t, tt.on)-before, hsm.Entries(tt.action); got != want {
			t.Errorf("a %s takes %d entries and %d are counted", tt.action, got, want)
		}
	}
	if got, want := hsm.Entries(hsm.Login, hsm.Signature, hsm.Signature), 4; got != want {
		t.Errorf("%d entries for a login and two signatures; want %d", got, want)
	}
	log, err := to.ReadLog(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	since := log.Entries[len(log.Entries)-1-hsm.Entries(hsm.KeyImport)]
	if n, err := log.Done(since, hsm.KeyImport, key.ID); n != 1 || err != nil {
		t.Errorf("%d key imports, %v", n, err)
	}
}

// Whatever becomes of a signature's answer, the log tells whether it was made.
func TestLogSettlesAnUnknownOutcome(t *testing.T) {
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			p := savedPair(t, hsm.Ed25519)(t)
			h, d := p.sims[0], p.devices[0]
			s := open(t, d)
			if _, err := s.Sign(t.Context(), p.key, []byte("an earlier one")); err != nil {
				t.Fatal(err)
			}
			log, err := s.ReadLog(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			since := log.Entries[len(log.Entries)-1]
			if err := s.AckLog(t.Context(), since.Number); err != nil {
				t.Fatal(err)
			}
			h.FaultIn(1, fault)
			if _, err := s.Sign(t.Context(), p.key, []byte("m")); err == nil {
				t.Fatal("no fault")
			}
			h.Plug()
			if log, err = open(t, d).ReadLog(t.Context()); err != nil {
				t.Fatal(err)
			}
			made := h.executed(cmdSignEdDSA) - 1
			for _, object := range []uint16{p.key.ID, hsm.AnyObject} {
				if n, err := log.Done(since, hsm.Signature, object); n != made || err != nil {
					t.Errorf("the log tells of %d signatures, %v; %d were made", n, err, made)
				}
			}
			if n, err := log.Done(since, hsm.Signature, p.key.ID+1); n != 0 || err != nil {
				t.Errorf("%d signatures by another key, %v", n, err)
			}
		})
	}
}

// A log that does not continue settles nothing.
func TestLogOfAnotherDeviceSettlesNothing(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, to := p.open(t)
	one, err1 := from.ReadLog(t.Context())
	two, err2 := to.ReadLog(t.Context())
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if _, err := one.Done(two.Entries[3], hsm.Signature, hsm.AnyObject); !errors.Is(err, hsm.ErrLog) {
		t.Errorf("%v; want ErrLog", err)
	}
	if _, err := one.Done(one.Entries[3], 0, hsm.AnyObject); err == nil {
		t.Error("no action at all is looked for")
	}
}
