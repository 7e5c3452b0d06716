package yubihsm

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
	"anodize/core/secret"
)

// The wrap key of a copy. It has one number and one label, so that what a
// broken-off copy left is known for what it is.
const (
	wrapKeyID    uint16 = 0x0200
	wrapKeyLabel        = "anodize copy"

	capsWrap = commands.CapabilityExportWrapped | commands.CapabilityImportWrapped
	// delegatedWrap is what a key may be able to do that is carried under it.
	delegatedWrap = capsSign | capsExport
)

// originWrapped is added to the origin of a key that came in encrypted.
const originWrapped = 0x10

// A wrapped object is a nonce, the encrypted object and a tag (User Guide,
// EXPORT WRAPPED).
const (
	wrapNonceSize = 13
	wrapTagSize   = 16
)

// Serial implements hsm.Wrapper.
func (s *session) Serial() string { return s.serial }

// WrapKeys implements hsm.Wrapper.
func (s *session) WrapKeys(ctx context.Context) ([]hsm.WrapKey, error) {
	ours, err := s.wrapKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the wrap keys of HSM %s: %w", s.serial, err)
	}
	return ours, nil
}

func (s *session) wrapKeys(ctx context.Context) ([]hsm.WrapKey, error) {
	kinds := []byte{commands.ObjectTypeWrapKey}
	if !s.firmware.before(firmware240) {
		kinds = append(kinds, typePublicWrapKey)
	}
	var ours []hsm.WrapKey
	var others []object
	for _, kind := range kinds {
		objects, err := list(ctx, s, commands.NewObjectTypeOption(kind))
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			i, err := objectInfo(ctx, s, o)
			if err != nil {
				return nil, err
			}
			if o.id == wrapKeyID && i.label == wrapKeyLabel {
				ours = append(ours, hsm.WrapKey{ID: o.id, Label: i.label, Kind: i.wrapKind()})
			} else {
				others = append(others, o)
			}
		}
	}
	return ours, foreign(ctx, s, others)
}

// wrapKind is the kind of a wrap key that i describes.
func (i info) wrapKind() hsm.WrapKeyKind {
	switch {
	case i.kind == typePublicWrapKey:
		return hsm.PublicWrapKey
	case i.algorithm == commands.AlgorithmAES256CCMWrap:
		return hsm.AESWrapKey
	}
	return hsm.RSAWrapKey
}

// PutWrapKey implements hsm.Wrapper, with PUT WRAP KEY: what every new object
// begins with, delegated capabilities (8), key.
func (s *session) PutWrapKey(ctx context.Context, key *secret.Bytes) (hsm.WrapKey, error) {
	if key.Len() != hsm.WrapKeySize {
		return hsm.WrapKey{}, fmt.Errorf("putting a wrap key of %d bytes, not %d", key.Len(), hsm.WrapKeySize)
	}
	data := make([]byte, 0, newObjectSize+8+hsm.WrapKeySize)
	defer func() { secret.Wipe(data) }()
	data = appendNewObject(data, wrapKeyID, wrapKeyLabel, capsWrap, commands.AlgorithmAES256CCMWrap)
	data = binary.BigEndian.AppendUint64(data, delegatedWrap)
	data = append(data, key.Expose()...)
	answer, err := s.send(ctx, byte(commands.CommandTypePutWrapKey), data)
	if err == nil {
		err = made(answer, wrapKeyID)
	}
	if err != nil {
		return hsm.WrapKey{}, fmt.Errorf("putting a wrap key into HSM %s: %w", s.serial, err)
	}
	return hsm.WrapKey{ID: wrapKeyID, Label: wrapKeyLabel, Kind: hsm.AESWrapKey}, nil
}

// DeleteWrapKey implements hsm.Wrapper.
func (s *session) DeleteWrapKey(ctx context.Context, w hsm.WrapKey) error {
	kind := byte(commands.ObjectTypeWrapKey)
	if w.Kind == hsm.PublicWrapKey {
		kind = typePublicWrapKey
	}
	c, err := commands.CreateDeleteObjectCommand(w.ID, kind)
	answer, err := run(ctx, s, c, err)
	if err == nil {
		err = exactly(answer, 0)
	}
	if err != nil {
		return fmt.Errorf("deleting the wrap key %#04x %q from HSM %s: %w", w.ID, w.Label, s.serial, err)
	}
	return nil
}

// ExportWrapped implements hsm.Wrapper.
func (s *session) ExportWrapped(ctx context.Context, w hsm.WrapKey, key hsm.Key) (*secret.Bytes, error) {
	wrapped, err := s.exportUnder(ctx, w, object{key.ID, commands.ObjectTypeAsymmetricKey})
	if err == nil && len(wrapped) <= wrapNonceSize+wrapTagSize {
		err = fmt.Errorf("%w: a wrapped key of %d bytes", errAnswer, len(wrapped))
	}
	if err != nil {
		return nil, fmt.Errorf("exporting the key %q from HSM %s: %w", key.Label, s.serial, err)
	}
	return secret.Own(wrapped), nil
}

func (s *session) exportUnder(ctx context.Context, w hsm.WrapKey, o object) ([]byte, error) {
	switch w.Kind {
	case hsm.AESWrapKey:
		c, err := commands.CreateExportWrappedCommand(w.ID, o.kind, o.id)
		return run(ctx, s, c, err)
	case hsm.PublicWrapKey:
		return s.send(ctx, commandExportRSA, exportRSARequest(w.ID, o))
	}
	return nil, fmt.Errorf("nothing is exported under the wrap key %#04x: %w", w.ID, hsm.ErrUnsupported)
}

// ImportWrapped implements hsm.Wrapper. The device answers with the kind and the
// number of what it took; everything else is asked of it.
func (s *session) ImportWrapped(ctx context.Context, w hsm.WrapKey, wrapped *secret.Bytes, key hsm.Key) (hsm.Key, error) {
	got, err := s.importWrapped(ctx, w, wrapped, key)
	if err != nil {
		return hsm.Key{}, fmt.Errorf("importing the key %q into HSM %s: %w", key.Label, s.serial, err)
	}
	return got, nil
}

func (s *session) importWrapped(ctx context.Context, w hsm.WrapKey, wrapped *secret.Bytes, key hsm.Key) (hsm.Key, error) {
	a, err := algorithmFor(key.Spec, s.firmware)
	if err != nil {
		return hsm.Key{}, err
	}
	answer, err := s.importUnder(ctx, w, wrapped.Expose())
	if err != nil {
		return hsm.Key{}, err
	}
	if err := exactly(answer, 3); err != nil {
		return hsm.Key{}, err
	}
	o := object{id: binary.BigEndian.Uint16(answer[1:]), kind: answer[0]}
	if want := (object{key.ID, commands.ObjectTypeAsymmetricKey}); o != want {
		return hsm.Key{}, fmt.Errorf("%w: sent the %s, it took the %s", errAnswer, want, o)
	}
	return s.inspect(ctx, o, key.Label, a, originGenerated|originWrapped)
}

func (s *session) importUnder(ctx context.Context, w hsm.WrapKey, b []byte) ([]byte, error) {
	if len(b) <= wrapNonceSize+wrapTagSize {
		return nil, fmt.Errorf("a wrapped key of %d bytes", len(b))
	}
	switch w.Kind {
	case hsm.AESWrapKey:
		c, err := commands.CreateImportWrappedCommand(w.ID, b[:wrapNonceSize], b[wrapNonceSize:])
		return run(ctx, s, c, err)
	case hsm.RSAWrapKey:
		return s.send(ctx, commandImportRSA, importRSARequest(w.ID, b))
	}
	return nil, fmt.Errorf("nothing is imported under the wrap key %#04x: %w", w.ID, hsm.ErrUnsupported)
}

// CheckImport implements hsm.Wrapper, with GET STORAGE INFO and LIST OBJECTS.
func (s *session) CheckImport(ctx context.Context, key hsm.Key) error {
	if err := s.checkImport(ctx, key); err != nil {
		return fmt.Errorf("looking whether HSM %s can take the key %q: %w", s.serial, key.Label, err)
	}
	return nil
}

func (s *session) checkImport(ctx context.Context, key hsm.Key) error {
	if _, err := algorithmFor(key.Spec, s.firmware); err != nil {
		return err
	}
	keys, err := list(ctx, s, commands.NewObjectTypeOption(commands.ObjectTypeAsymmetricKey))
	if err != nil {
		return err
	}
	for _, o := range keys {
		if o.id == key.ID {
			return fmt.Errorf("%w: another key has its number, %#04x", hsm.ErrKeyExists, key.ID)
		}
	}
	room, err := readStorage(ctx, s)
	if err != nil {
		return err
	}
	const needed = 2 // the key and the wrap key
	if room.freeRecords < needed || room.freePages*room.pageSize < largestKey {
		return fmt.Errorf("%w: free are %d of %d objects, %d of %d pages of %d bytes", hsm.ErrStorage,
			room.freeRecords, room.records, room.freePages, room.pages, room.pageSize)
	}
	return nil
}

// largestKey is more than an RSA-4096 key and a wrap key take in the store.
const largestKey = 4096

// storage is the answer to GET STORAGE INFO.
type storage struct {
	records, freeRecords, pages, freePages, pageSize int
}

// readStorage reads it: five numbers of two bytes each (User Guide, GET STORAGE
// INFO).
func readStorage(ctx context.Context, s sender) (storage, error) {
	a, err := s.send(ctx, byte(commands.CommandTypeStorageStatus), nil)
	if err == nil {
		err = exactly(a, 10)
	}
	if err != nil {
		return storage{}, err
	}
	n := func(i int) int { return int(binary.BigEndian.Uint16(a[2*i:])) }
	return storage{n(0), n(1), n(2), n(3), n(4)}, nil
}
