// Package hsm says what a ceremony asks of a hardware security module, in
// types that no module's protocol shows through.
//
// It guarantees the caller three things, whichever back-end runs. A command
// whose write succeeded is never sent again: where its answer was lost the
// error is ErrOutcomeUnknown, and the device's own log says what happened. A
// signature is returned only after it verified under the key's public half. And
// the PIN, 32 random bytes, leaves secret.Bytes only as key material on its way
// into the device.
package hsm

import (
	"context"
	"crypto"
	"fmt"

	"anodize/core/secret"
)

// PINSize is the length in bytes of the PIN that opens a device.
const PINSize = 32

// The back-ends that a profile may name.
const (
	YubiHSM = "yubihsm"
	PKCS11  = "pkcs11"
)

// Info is what a device tells about itself to anyone who asks.
type Info struct {
	Backend  string // YubiHSM or PKCS11
	Serial   string // as the device shows it on USB, zero-padded decimal: "0034332673"
	Firmware string // "2.4.0"
	LogUsed  int    // entries in the device's log that nobody has acknowledged
	LogTotal int    // entries that the log holds
}

// Key is an asymmetric key inside a device.
type Key struct {
	ID     uint16
	Label  string
	Spec   KeySpec
	Public crypto.PublicKey
}

// As returns the key as one that signs as spec says, an error if its public half
// is of another kind. An RSA key is found as one that signs with PKCS #1 v1.5.
func (k Key) As(spec KeySpec) (Key, error) {
	if err := spec.CheckPublic(k.Public); err != nil {
		return Key{}, fmt.Errorf("using the key %q as %s: %w", k.Label, spec, err)
	}
	k.Spec = spec
	return k, nil
}

// Step is one thing that Bootstrap did, for the record.
type Step struct {
	Name   string // one lower-case word or two, the same for every device: "reset"
	Detail string // what was done or seen, in a sentence
}

// Device is an HSM that is present, from the moment it was found until it is
// closed. Its methods may be called from one goroutine at a time.
type Device interface {
	// Info asks the device who it is. It needs no session and leaves no trace
	// in the device's log.
	Info(ctx context.Context) (Info, error)

	// Random returns n bytes (1 to MaxRandom) of a factory-fresh device's
	// generator, read in a session under its default key. It answers
	// ErrNotFresh if the default key is gone.
	Random(ctx context.Context, n int) ([]byte, error)

	// Bootstrap makes a factory-fresh device the ceremony's own, opened from
	// then on by pin (PINSize bytes) and nothing else. It resets the device,
	// proves it empty, and reports every step as soon as it is done. On an
	// error the device is in none of the states a ceremony may use: it is to be
	// reset by hand.
	Bootstrap(ctx context.Context, pin *secret.Bytes, report func(Step)) error

	// Open starts a session with pin. It answers ErrWrongPIN if the device does
	// not know that PIN, ErrNotEnrolled if it holds no ceremony key, and a
	// *ForeignObjectsError if a key besides the ceremony's could open it.
	Open(ctx context.Context, pin *secret.Bytes) (Session, error)

	// Close lets go of the device. Its sessions end with it.
	Close() error
}

// MaxRandom is the most bytes that one call of Random returns.
const MaxRandom = 1024

// Session is a device that has been opened with the PIN.
//
// After an error that is ErrOutcomeUnknown the session is dead: every method
// but Close answers ErrSessionDead.
type Session interface {
	// GenerateKey makes a key pair of spec inside the device. label is 1 to 40
	// printable ASCII characters; ErrKeyExists if it is taken.
	GenerateKey(ctx context.Context, label string, spec KeySpec) (Key, error)

	// FindKey returns the key of that label, ErrKeyNotFound if there is none.
	FindKey(ctx context.Context, label string) (Key, error)

	// Sign signs message, hashed as key.Spec says, and verifies the signature
	// under key.Public before returning it in the form X.509 wants: a DER
	// ECDSA-Sig-Value (RFC 3279, section 2.2.3), a PKCS #1 v1.5 string
	// (RFC 8017), or 64 bytes of Ed25519 (RFC 8410).
	Sign(ctx context.Context, key Key, message []byte) ([]byte, error)

	// Random returns n bytes (1 to MaxRandom) of the device's generator.
	Random(ctx context.Context, n int) ([]byte, error)

	// ReadLog returns the entries of the device's log that nobody has
	// acknowledged, the oldest first.
	ReadLog(ctx context.Context) (Log, error)

	// AckLog lets the device forget its log up to and including the entry of
	// that number, which somebody else must hold by now.
	AckLog(ctx context.Context, number uint16) error

	// ChangePIN makes pin (PINSize bytes) the only one that opens the device;
	// the session goes on under it. pin stays the caller's to wipe. On
	// ErrOutcomeUnknown either may be the right one: try Open with the new PIN,
	// then with the old. On any other error it is the old.
	ChangePIN(ctx context.Context, pin *secret.Bytes) error

	// Close ends the session and wipes its keys. It may be called twice.
	Close(ctx context.Context) error
}

// Attester is a Session of a device that can vouch for the keys it made.
type Attester interface {
	// Attest returns DER certificates: first one for key, made for this call,
	// then the device's own, which signed it. ErrCannotAttest if the device says,
	// in the session, that it does not do so for an Ed25519 key.
	Attest(ctx context.Context, key Key) ([][]byte, error)
}
