package yubihsm

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
)

// Commands and algorithms of firmware 2.4.0 that package commands does not name
// (yubihsm-shell, lib/yubihsm.h).
const (
	commandPutPublicWrapKey byte = 0x73
	commandExportRSA        byte = 0x76
	commandImportRSA        byte = 0x77

	algorithmAES256 byte = 52
)

// The RSA wrap key of a copy: a pair that only imports, in the device that takes
// the key, and its public half that only exports. 3072 bits are as strong as the
// AES-128 of the sessions that carry what is wrapped.
const (
	rsaWrapAlgorithm = commands.AlgorithmRSA3072
	rsaWrapSpec      = hsm.RSA3072

	capsWrapPair   = commands.CapabilityImportWrapped
	capsWrapPublic = commands.CapabilityExportWrapped
)

// CheckRSAWrap implements hsm.RSAWrapper.
func (s *session) CheckRSAWrap() error {
	if s.firmware.before(firmware240) {
		return fmt.Errorf("wrapping with RSA in HSM %s: %w: it needs %s or later, this device has %s", s.serial, hsm.ErrFirmware, firmware240, s.firmware)
	}
	return nil
}

// GenerateWrapKey implements hsm.RSAWrapper, with GENERATE WRAP KEY: what every
// new object begins with, delegated capabilities (8).
func (s *session) GenerateWrapKey(ctx context.Context) (hsm.WrapKey, *rsa.PublicKey, error) {
	public, err := s.generateWrapKey(ctx)
	if err != nil {
		return hsm.WrapKey{}, nil, fmt.Errorf("making a wrap key in HSM %s: %w", s.serial, err)
	}
	return hsm.WrapKey{ID: wrapKeyID, Label: wrapKeyLabel, Kind: hsm.RSAWrapKey}, public, nil
}

func (s *session) generateWrapKey(ctx context.Context) (*rsa.PublicKey, error) {
	if err := s.CheckRSAWrap(); err != nil {
		return nil, err
	}
	data := appendNewObject(nil, wrapKeyID, wrapKeyLabel, capsWrapPair, rsaWrapAlgorithm)
	data = binary.BigEndian.AppendUint64(data, delegatedWrap)
	answer, err := s.send(ctx, byte(commands.CommandTypeGenerateWrapKey), data)
	if err == nil {
		err = made(answer, wrapKeyID)
	}
	if err != nil {
		return nil, err
	}
	// GET PUBLIC KEY of something else than an asymmetric key: number (2), kind (1).
	request := append(binary.BigEndian.AppendUint16(nil, wrapKeyID), commands.ObjectTypeWrapKey)
	answer, err = s.send(ctx, byte(commands.CommandTypeGetPubKey), request)
	if err != nil {
		return nil, err
	}
	_, pub, err := parsePublicKey(answer, rsaWrapAlgorithm)
	if err != nil {
		return nil, err
	}
	public, ok := pub.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("%w: a wrap key of the kind %T", errAnswer, pub)
	}
	return public, nil
}

// PutPublicWrapKey implements hsm.RSAWrapper, with PUT PUBLIC WRAP KEY: what
// every new object begins with, delegated capabilities (8), modulus.
func (s *session) PutPublicWrapKey(ctx context.Context, public *rsa.PublicKey) (hsm.WrapKey, error) {
	err := s.CheckRSAWrap()
	if err == nil {
		err = rsaWrapSpec.CheckPublic(public)
	}
	if err == nil {
		data := appendNewObject(nil, wrapKeyID, wrapKeyLabel, capsWrapPublic, rsaWrapAlgorithm)
		data = binary.BigEndian.AppendUint64(data, delegatedWrap)
		var answer []byte
		if answer, err = s.send(ctx, commandPutPublicWrapKey, append(data, public.N.FillBytes(make([]byte, public.Size()))...)); err == nil {
			err = made(answer, wrapKeyID)
		}
	}
	if err != nil {
		return hsm.WrapKey{}, fmt.Errorf("putting a public wrap key into HSM %s: %w", s.serial, err)
	}
	return hsm.WrapKey{ID: wrapKeyID, Label: wrapKeyLabel, Kind: hsm.PublicWrapKey}, nil
}

// oaepLabel is the digest of the empty label, as OAEP takes it (RFC 8017,
// section 7.1).
var oaepLabel = sha256.Sum256(nil)

// exportRSARequest is the data of EXPORT RSA WRAPPED: wrap key (2), kind (1) and
// number (2) of the object, the algorithms of the inner AES key, of OAEP and of
// its mask (1 each), the label's digest. The answer is an AES key under RSA-OAEP
// and the object under that key (RFC 5649).
func exportRSARequest(wrapKey uint16, o object) []byte {
	data := append(binary.BigEndian.AppendUint16(nil, wrapKey), o.kind)
	data = binary.BigEndian.AppendUint16(data, o.id)
	data = append(data, algorithmAES256, byte(commands.AlgorithmRSAOAEPSHA256), byte(commands.AlgorithmRSAMGF1SHA256))
	return append(data, oaepLabel[:]...)
}

// importRSARequest is the data of IMPORT RSA WRAPPED: wrap key (2), the
// algorithms of OAEP and of its mask (1 each), the answer to EXPORT RSA WRAPPED,
// the label's digest.
func importRSARequest(wrapKey uint16, wrapped []byte) []byte {
	data := binary.BigEndian.AppendUint16(nil, wrapKey)
	data = append(data, byte(commands.AlgorithmRSAOAEPSHA256), byte(commands.AlgorithmRSAMGF1SHA256))
	return append(append(data, wrapped...), oaepLabel[:]...)
}
