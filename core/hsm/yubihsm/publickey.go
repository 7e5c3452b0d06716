package yubihsm

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"

	"github.com/certusone/yubihsm-go/commands"

	"anodize/core/hsm"
)

// algorithm is how a device makes and uses one kind of key.
type algorithm struct {
	spec         hsm.KeySpec
	code         commands.Algorithm
	sign         commands.CommandType
	capabilities uint64         // of the key itself
	curve        elliptic.Curve // ECDSA alone
}

const (
	capsECDSA = commands.CapabilityAsymmetricSignEcdsa | capsExport
	capsEdDSA = commands.CapabilityAsymmetricSignEddsa | capsExport
	capsRSA   = commands.CapabilityAsymmetricSignPkcs | commands.CapabilityAsymmetricSignPss | capsExport
)

// algorithms are all of them. A key is taken for the first of its kind.
var algorithms = []algorithm{
	{hsm.ECDSAP256, commands.AlgorithmP256, commands.CommandTypeSignDataEcdsa, capsECDSA, elliptic.P256()},
	{hsm.ECDSAP384, commands.AlgorithmP384, commands.CommandTypeSignDataEcdsa, capsECDSA, elliptic.P384()},
	{hsm.ECDSAP521, commands.AlgorithmP521, commands.CommandTypeSignDataEcdsa, capsECDSA, elliptic.P521()},
	{hsm.Ed25519, commands.AlgorithmED25519, commands.CommandTypeSignDataEddsa, capsEdDSA, nil},
	{hsm.RSA3072, commands.AlgorithmRSA3072, commands.CommandTypeSignDataPkcs1, capsRSA, nil},
	{hsm.RSA4096, commands.AlgorithmRSA4096, commands.CommandTypeSignDataPkcs1, capsRSA, nil},
	{hsm.RSAPSS3072, commands.AlgorithmRSA3072, commands.CommandTypeSignDataPss, capsRSA, nil},
	{hsm.RSAPSS4096, commands.AlgorithmRSA4096, commands.CommandTypeSignDataPss, capsRSA, nil},
}

// algorithmFor returns how a device of that firmware uses keys of spec,
// hsm.ErrFirmware if it must not.
func algorithmFor(spec hsm.KeySpec, firmware version) (algorithm, error) {
	for _, a := range algorithms {
		if a.spec != spec {
			continue
		}
		if a.curve != nil && firmware.before(firmware240) {
			return algorithm{}, fmt.Errorf("%w: ECDSA needs %s or later because of YSA-2024-03, this device has %s and cannot be updated: take another device",
				hsm.ErrFirmware, firmware240, firmware)
		}
		return a, nil
	}
	return algorithm{}, fmt.Errorf("the YubiHSM makes no keys of the kind %q", string(spec))
}

// signRequest returns the data of the command that signs digest, or the whole
// message for Ed25519, with key id: number (2); for SIGN PSS the hash of MGF1 (1)
// and the length of the salt (2); what is to be signed.
func (a algorithm) signRequest(id uint16, digest []byte) []byte {
	data := binary.BigEndian.AppendUint16(make([]byte, 0, 5+len(digest)), id)
	if a.sign == commands.CommandTypeSignDataPss {
		data = append(data, byte(commands.AlgorithmRSAMGF1SHA256))
		data = binary.BigEndian.AppendUint16(data, sha256.Size)
	}
	return append(data, digest...)
}

// publicKey reads a key's public half and checks that it is of the kind that
// the device says.
func publicKey(ctx context.Context, s sender, i info) (hsm.KeySpec, crypto.PublicKey, error) {
	c, err := commands.CreateGetPubKeyCommand(i.id)
	answer, err := run(ctx, s, c, err)
	if err != nil {
		return "", nil, err
	}
	return parsePublicKey(answer, i.algorithm)
}

// parsePublicKey reads the answer to GET PUBLIC KEY: algorithm (1), key.
func parsePublicKey(answer []byte, code commands.Algorithm) (hsm.KeySpec, crypto.PublicKey, error) {
	if len(answer) < 1 || commands.Algorithm(answer[0]) != code {
		return "", nil, fmt.Errorf("%w: a public key of another kind", errAnswer)
	}
	for _, a := range algorithms {
		if a.code == code {
			pub, err := a.parsePublic(answer[1:])
			return a.spec, pub, err
		}
	}
	return "", nil, fmt.Errorf("the key is of a kind (%d) that this program does not use", code)
}

// parsePublic reads the data of GET PUBLIC KEY: x and y for ECDSA, 32 bytes for
// Ed25519, the modulus for RSA.
func (a algorithm) parsePublic(b []byte) (pub crypto.PublicKey, err error) {
	switch {
	case a.curve != nil:
		pub, err = ecdsa.ParseUncompressedPublicKey(a.curve, append([]byte{4}, b...))
	case a.spec == hsm.Ed25519:
		pub = ed25519.PublicKey(append([]byte(nil), b...))
	default:
		pub = &rsa.PublicKey{N: new(big.Int).SetBytes(b), E: 65537}
	}
	if err == nil {
		err = a.spec.CheckPublic(pub)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAnswer, err)
	}
	return pub, nil
}
