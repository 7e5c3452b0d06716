package backend

import (
	"errors"
	"testing"

	"anodize/core/hsm"
	"anodize/devices/sim"
)

func TestOpenPicksTheDriverByName(t *testing.T) {
	d, err := Open("yubihsm", sim.NewHSM(7))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := d.Info(t.Context()); err != nil || info.Backend != "yubihsm" || info.Serial != "0000000007" {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := Open("pkcs11", nil); !errors.Is(err, hsm.ErrUnsupported) {
		t.Errorf("pkcs11: %v", err)
	}
	for _, name := range []string{"", "YubiHSM", "softhsm"} {
		if d, err := Open(name, nil); err == nil || d != nil || errors.Is(err, hsm.ErrUnsupported) {
			t.Errorf("%q: %v, %v", name, d, err)
		}
	}
}
