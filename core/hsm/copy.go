package hsm

import (
	"context"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"

	"anodize/core/secret"
)

// WrapKeySize is the length in bytes of the wrap key that CopyKey makes.
const WrapKeySize = 32

// WrapKey is an object of a device under which keys leave it or enter it.
type WrapKey struct {
	ID    uint16
	Label string
	Kind  WrapKeyKind
}

// WrapKeyKind says what a wrap key is. The set is closed; the zero value is none.
type WrapKeyKind int

// The kinds of wrap key.
const (
	_             WrapKeyKind = iota
	AESWrapKey                // AES-256, the same in both devices
	RSAWrapKey                // a key pair, in the device that takes the key
	PublicWrapKey             // its public half, in the device that gives it
)

// Wrapper is a Session of a device that can give a key away, encrypted, and take
// one so encrypted. Copies alone use it: a device holds at most one wrap key, for
// as long as one copy takes.
type Wrapper interface {
	// Serial returns the device's serial number as Info does.
	Serial() string

	// CheckImport says, before anything is changed, why the device would not
	// take key: ErrFirmware, ErrStorage, ErrKeyExists.
	CheckImport(ctx context.Context, key Key) error

	// WrapKeys returns the wrap keys that a copy put into the device, and a
	// *ForeignObjectsError if there are others.
	WrapKeys(ctx context.Context) ([]WrapKey, error)

	// PutWrapKey makes a wrap key of WrapKeySize bytes, for AES-256. key stays
	// the caller's to wipe.
	PutWrapKey(ctx context.Context, key *secret.Bytes) (WrapKey, error)

	// DeleteWrapKey deletes what PutWrapKey made.
	DeleteWrapKey(ctx context.Context, w WrapKey) error

	// ExportWrapped returns key encrypted under w. The caller wipes it.
	ExportWrapped(ctx context.Context, w WrapKey, key Key) (*secret.Bytes, error)

	// ImportWrapped takes what another device exported of key, and returns what
	// the device then says of it.
	ImportWrapped(ctx context.Context, w WrapKey, wrapped *secret.Bytes, key Key) (Key, error)
}

// RSAWrapper is a Wrapper of a device that also makes RSA wrap keys.
type RSAWrapper interface {
	Wrapper

	// CheckRSAWrap is ErrFirmware if this device, of this kind, makes none.
	CheckRSAWrap() error

	// GenerateWrapKey makes a key pair in the device, which takes a minute or
	// two, and returns its public half.
	GenerateWrapKey(ctx context.Context) (WrapKey, *rsa.PublicKey, error)

	// PutPublicWrapKey puts the public half of another device's pair.
	PutPublicWrapKey(ctx context.Context, public *rsa.PublicKey) (WrapKey, error)
}

// WrapKeyLeftError says that a wrap key may be left in a device. Whoever holds
// the PIN and has read this program's memory could read the root key with it:
// log in again and call DeleteWrapKeys, or CopyKey, which begins with it.
type WrapKeyLeftError struct {
	Serial string
	Err    error // why it could not be deleted, or proved gone
}

func (e *WrapKeyLeftError) Error() string {
	return fmt.Sprintf("a wrap key may be left in HSM %s: open it and copy again, which deletes it: %v", e.Serial, e.Err)
}

func (e *WrapKeyLeftError) Unwrap() error { return e.Err }

// DeleteWrapKeys deletes the wrap keys that a copy left in the device of s and
// proves by listing that they are gone. It is ErrUnsupported if s is no Wrapper,
// and a *WrapKeyLeftError if one may still be there.
func DeleteWrapKeys(ctx context.Context, s Session, report func(Step)) error {
	w, ok := s.(Wrapper)
	if !ok {
		return fmt.Errorf("deleting wrap keys: %w", ErrUnsupported)
	}
	return deleteWrapKeys(ctx, w, "delete leftover wrap key", report)
}

func deleteWrapKeys(ctx context.Context, w Wrapper, name string, report func(Step)) error {
	left, err := w.WrapKeys(ctx)
	if err != nil {
		return leftIn(w, err)
	}
	for _, k := range left {
		if err := w.DeleteWrapKey(ctx, k); err != nil {
			return leftIn(w, err)
		}
	}
	if len(left) == 0 {
		return nil
	}
	if still, err := w.WrapKeys(ctx); err != nil || len(still) != 0 {
		return leftIn(w, errors.Join(err, errors.New("it was deleted and is still listed")))
	}
	for _, k := range left {
		step(report, name, "wrap key %#04x %q deleted from HSM %s, and gone from its list", k.ID, k.Label, w.Serial())
	}
	return nil
}

// leftIn tells a wrap key that may be left from one that is not ours at all.
func leftIn(w Wrapper, err error) error {
	if foreign := (*ForeignObjectsError)(nil); errors.As(err, &foreign) {
		return fmt.Errorf("looking for wrap keys in HSM %s: %w", w.Serial(), err)
	}
	return &WrapKeyLeftError{Serial: w.Serial(), Err: err}
}

// CopyKey copies key from one device to another, encrypted under an AES-256 wrap
// key of 32 bytes from random, and returns it as the second device describes it.
//
// The wrap key exists for this call alone. It is put on both devices, deleted
// from both whatever happens in between, proved gone by listing, and wiped. If
// a device could not be asked that any more the error holds a *WrapKeyLeftError
// for it. Nothing but the two devices sees the encrypted key.
//
// A copy that broke off may be tried again with sessions opened anew: the wrap
// key it left is deleted first, and a key that arrived is found and compared,
// not copied twice. Each export that the first device may have carried out is
// reported, so that its own log can be held against them. ErrKeyExists means that another key has its label there.
func CopyKey(ctx context.Context, random io.Reader, from, to Session, key Key, report func(Step)) (Key, error) {
	return copyKey(ctx, from, to, key, report, func(c *copying) (pairing, error) {
		return func(ctx context.Context) ([2]WrapKey, error) { return c.shareAES(ctx, random) }, nil
	})
}

// CopyKeyRSA does the same under an RSA wrap key that the second device makes:
// nobody outside the two ever holds what decrypts the copied key. Both devices
// must be RSAWrappers, else it is ErrUnsupported, and their firmware must have
// it, else ErrFirmware.
//
// It is for programs that copy a key between two devices without being trusted
// with it. The ceremony is not among them: it holds the PIN, with which it could
// ask for the key under any wrap key, and CopyKey goes with every firmware.
func CopyKeyRSA(ctx context.Context, from, to Session, key Key, report func(Step)) (Key, error) {
	return copyKey(ctx, from, to, key, report, func(c *copying) (pairing, error) {
		from, ok1 := c.from.(RSAWrapper)
		to, ok2 := c.to.(RSAWrapper)
		if !ok1 || !ok2 {
			return nil, ErrUnsupported
		}
		if err := errors.Join(from.CheckRSAWrap(), to.CheckRSAWrap()); err != nil {
			return nil, err
		}
		return func(ctx context.Context) ([2]WrapKey, error) { return c.shareRSA(ctx, from, to) }, nil
	})
}

// pairing puts what one copy is wrapped with into the two devices. What it made
// before it failed is found by listing.
type pairing func(context.Context) ([2]WrapKey, error)

// copying is one copy.
type copying struct {
	source, target Session
	from, to       Wrapper // the same two
	pair           pairing
	report         func(Step)
}

func copyKey(ctx context.Context, from, to Session, key Key, report func(Step), how func(*copying) (pairing, error)) (Key, error) {
	c := &copying{source: from, target: to, report: report}
	var ok1, ok2 bool
	c.from, ok1 = from.(Wrapper)
	c.to, ok2 = to.(Wrapper)
	if !ok1 || !ok2 {
		return Key{}, fmt.Errorf("copying the key %q: %w", key.Label, ErrUnsupported)
	}
	var copied Key
	var err error
	if c.pair, err = how(c); err == nil {
		copied, err = c.run(ctx, key)
	}
	if err != nil {
		return Key{}, fmt.Errorf("copying the key %q from HSM %s to HSM %s: %w", key.Label, c.from.Serial(), c.to.Serial(), err)
	}
	return copied, nil
}

func step(report func(Step), name, detail string, args ...any) {
	if report != nil {
		report(Step{Name: name, Detail: fmt.Sprintf(detail, args...)})
	}
}

func (c *copying) run(ctx context.Context, key Key) (Key, error) {
	if c.from.Serial() == c.to.Serial() {
		return Key{}, errors.New("both are the same device: plug the second one in")
	}
	for _, w := range []Wrapper{c.from, c.to} {
		if err := deleteWrapKeys(ctx, w, "delete leftover wrap key", c.report); err != nil {
			return Key{}, err
		}
	}
	if held, err := c.source.FindKey(ctx, key.Label); err != nil {
		return Key{}, err
	} else if err := sameKey(held, key); err != nil || held.ID != key.ID {
		return Key{}, errors.Join(errors.New("the first device holds another key of that label"), err)
	}
	held, err := c.target.FindKey(ctx, key.Label)
	switch {
	case err == nil:
		if err := sameKey(held, key); err != nil {
			return Key{}, fmt.Errorf("%w: in the second device: %w", ErrKeyExists, err)
		}
		step(c.report, "compare", "HSM %s holds the key %q already: the public keys are the same", c.to.Serial(), key.Label)
		return held, nil
	case !errors.Is(err, ErrKeyNotFound):
		return Key{}, err
	}
	if err := c.to.CheckImport(ctx, key); err != nil {
		return Key{}, err
	}
	return c.carry(ctx, key)
}

// carry makes the wrap key, and deletes it again on every path, even when ctx
// was cancelled meanwhile.
func (c *copying) carry(ctx context.Context, key Key) (Key, error) {
	copied, err := c.wrapped(ctx, key)
	ctx = context.WithoutCancel(ctx)
	for _, w := range []Wrapper{c.from, c.to} {
		err = errors.Join(err, deleteWrapKeys(ctx, w, "delete wrap key", c.report))
	}
	if err != nil {
		return Key{}, err
	}
	if err := sameKey(copied, key); err != nil {
		return Key{}, fmt.Errorf("what arrived is not the key that was sent, do not use the second device: %w", err)
	}
	step(c.report, "compare", "the public keys in HSM %s and HSM %s are the same", c.from.Serial(), c.to.Serial())
	return copied, nil
}

// shareAES puts the same 32 bytes into both devices.
func (c *copying) shareAES(ctx context.Context, random io.Reader) (in [2]WrapKey, err error) {
	wrapKey := secret.Own(make([]byte, WrapKeySize))
	defer wrapKey.Wipe()
	if _, err := io.ReadFull(random, wrapKey.Expose()); err != nil {
		return in, fmt.Errorf("drawing a wrap key: %w", err)
	}
	for i, w := range []Wrapper{c.from, c.to} {
		if in[i], err = w.PutWrapKey(ctx, wrapKey); err != nil {
			return in, err
		}
		step(c.report, "put wrap key", "wrap key %#04x %q put into HSM %s", in[i].ID, in[i].Label, w.Serial())
	}
	return in, nil
}

// shareRSA has the second device make a key pair, and puts its public half into
// the first.
func (c *copying) shareRSA(ctx context.Context, from, to RSAWrapper) (in [2]WrapKey, err error) {
	var public *rsa.PublicKey
	if in[1], public, err = to.GenerateWrapKey(ctx); err != nil {
		return in, err
	}
	step(c.report, "generate wrap key", "wrap key %#04x %q made in HSM %s", in[1].ID, in[1].Label, to.Serial())
	if in[0], err = from.PutPublicWrapKey(ctx, public); err != nil {
		return in, err
	}
	step(c.report, "put wrap key", "its public half put into HSM %s", from.Serial())
	return in, nil
}

// wrapped carries the key across under a wrap key that is left in both devices.
func (c *copying) wrapped(ctx context.Context, key Key) (Key, error) {
	in, err := c.pair(ctx)
	if err != nil {
		return Key{}, err
	}
	blob, err := c.from.ExportWrapped(ctx, in[0], key)
	if errors.Is(err, ErrOutcomeUnknown) {
		step(c.report, "export", "HSM %s was asked for the key %q; whether it left, encrypted, its log tells", c.from.Serial(), key.Label)
	}
	if err != nil {
		return Key{}, err
	}
	defer blob.Wipe()
	step(c.report, "export", "the key %q left HSM %s, encrypted", key.Label, c.from.Serial())
	copied, err := c.to.ImportWrapped(ctx, in[1], blob, key)
	if err != nil {
		return Key{}, err
	}
	step(c.report, "import", "the key %q is in HSM %s", key.Label, c.to.Serial())
	return copied, nil
}

// sameKey says whether two devices hold one key.
func sameKey(a, b Key) error {
	if err := a.Spec.CheckPublic(a.Public); err != nil {
		return err
	}
	pub, ok := a.Public.(interface{ Equal(crypto.PublicKey) bool })
	if !ok || !pub.Equal(b.Public) {
		return errors.New("the public keys differ")
	}
	return nil
}
