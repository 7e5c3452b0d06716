// Package backend joins a profile's name for a kind of HSM with the driver of
// that kind. It guarantees that nothing else has to know which one runs.
package backend

import (
	"fmt"

	"anodize/core/hsm"
	"anodize/core/hsm/yubihsm"
)

// Check returns nil for a name that Open knows and this program has a driver
// for.
func Check(name string) error {
	switch name {
	case hsm.YubiHSM:
		return nil
	case hsm.PKCS11:
		return fmt.Errorf("the HSM back-end %q is not part of this program: write %q in the profile ([hsm] backend): %w",
			name, hsm.YubiHSM, hsm.ErrUnsupported)
	}
	return fmt.Errorf("the HSM back-end %q is not known: write %q in the profile ([hsm] backend)", name, hsm.YubiHSM)
}

// Open returns the device of the kind that a profile names, which is reached
// through frames. It sends nothing.
func Open(name string, frames yubihsm.Frames) (hsm.Device, error) {
	if err := Check(name); err != nil {
		return nil, err
	}
	return yubihsm.New(frames), nil
}
