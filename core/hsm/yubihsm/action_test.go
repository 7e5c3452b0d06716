package yubihsm_test

import (
	"context"
	"crypto/rand"
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
}
