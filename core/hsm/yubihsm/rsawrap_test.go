package yubihsm_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
	"anodize/devices/sim"
)

// Under an RSA wrap key of the second device a copy goes as under an AES key:
// the steps, the entries, and nothing is left.
func TestCopyUnderAnRSAWrapKey(t *testing.T) {
	p := savedPair(t, hsm.ECDSAP384)(t)
	from, to := p.open(t)
	before := [2]int{used(t, p.devices[0]), used(t, p.devices[1])}
	var steps []string
	copied, err := hsm.CopyKeyRSA(t.Context(), from, to, p.key, func(s hsm.Step) { steps = append(steps, s.Name) })
	if err != nil {
		t.Fatal(err)
	}
	want := "generate wrap key, put wrap key, export, import, delete wrap key, delete wrap key, compare"
	if got := strings.Join(steps, ", "); got != want {
		t.Errorf("steps %s; want %s", got, want)
	}
	for i, action := range []hsm.Action{hsm.KeyExport, hsm.KeyImport} {
		if got, want := used(t, p.devices[i])-before[i], hsm.Entries(action); got != want {
			t.Errorf("device %d logged %d entries; want %d", i, got, want)
		}
	}
	if in := p.wrapKeys(t); in != nil {
		t.Errorf("a wrap key is left in %v", in)
	}
	message := []byte("m")
	sig, err := to.Sign(t.Context(), copied, message)
	if err != nil {
		t.Fatal(err)
	}
	if err := copied.Spec.Verify(p.key.Public, message, sig); err != nil {
		t.Error(err)
	}
	again, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil)
	if err != nil || !samePublic(t, again, p.key) {
		t.Errorf("a copy that is there already: %v", err)
	}
}

// A fault at any of its own commands leaves at most a wrap key, which is
// told of, and which the next copy, under an AES key, deletes.
func TestRSACopyWithAFault(t *testing.T) {
	fresh := savedPair(t, hsm.Ed25519)
	whole := fresh(t)
	from, to := whole.open(t)
	opened := [2]int{len(whole.sims[0].frames), len(whole.sims[1].frames)}
	if _, err := hsm.CopyKeyRSA(t.Context(), from, to, whole.key, nil); err != nil {
		t.Fatal(err)
	}
	for device, h := range whole.sims {
		for n, frame := range h.frames[opened[device]:] {
			if !slices.Contains(rsaCopyCommands, frame.Inner) {
				continue // the others are those of a copy under an AES key; an RSA key takes long to make
			}
			t.Run(fmt.Sprintf("%s, device %d", hsm.CommandName(frame.Inner), device), func(t *testing.T) {
				p := fresh(t)
				from, to := p.open(t)
				p.sims[device].FaultIn(n+1, sim.HSMUnplugAfter)
				_, err := hsm.CopyKeyRSA(t.Context(), from, to, p.key, nil)
				p.checkBrokenOff(t, err)
				p.sims[device].Plug()
				from, to = p.open(t)
				if _, err := hsm.CopyKey(t.Context(), rand.Reader, from, to, p.key, nil); err != nil {
					t.Fatalf("copying again: %v", err)
				}
				if in := p.wrapKeys(t); in != nil {
					t.Errorf("a wrap key is still left in %v", in)
				}
			})
		}
	}
}

// rsaCopyCommands are GENERATE WRAP KEY, PUT PUBLIC WRAP KEY, EXPORT and IMPORT
// RSA WRAPPED.
var rsaCopyCommands = []byte{0x5b, 0x73, 0x76, 0x77}

func TestRSACopyNeedsItsFirmware(t *testing.T) {
	p := savedPair(t, hsm.Ed25519)(t)
	from, _ := p.open(t)
	old := yubihsm.New(sim.NewHSM(serial+2, sim.WithHSMFirmware(2, 3, 9)))
	if err := old.Bootstrap(t.Context(), newPIN(), nil); err != nil {
		t.Fatal(err)
	}
	before := p.sims[0].Frames()
	for _, to := range []hsm.Session{open(t, old), struct{ hsm.Session }{from}} {
		_, err := hsm.CopyKeyRSA(t.Context(), from, to, p.key, nil)
		if !errors.Is(err, hsm.ErrFirmware) && !errors.Is(err, hsm.ErrUnsupported) {
			t.Error(err)
		}
	}
	if n := p.sims[0].Frames() - before; n != 0 {
		t.Errorf("%d messages were sent", n)
	}
}
