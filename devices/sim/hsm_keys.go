package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha1" // the device still signs over it
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/binary"
	"errors"
	"math/big"
	"slices"
)

func hsmRSABits(algorithm byte) int {
	switch algorithm {
	case hsmRSA2048:
		return 2048
	case hsmRSA3072:
		return 3072
	case hsmRSA4096:
		return 4096
	}
	return 0
}

func hsmCurve(algorithm byte) elliptic.Curve {
	switch algorithm {
	case hsmP256:
		return elliptic.P256()
	case hsmP384:
		return elliptic.P384()
	case hsmP521:
		return elliptic.P521()
	}
	return nil
}

// hsmSecretSize is the length of an asymmetric key's Secret; 0 for what is not one.
func hsmSecretSize(algorithm byte) int {
	if bits := hsmRSABits(algorithm); bits != 0 {
		return bits / 8
	}
	if curve := hsmCurve(algorithm); curve != nil {
		return (curve.Params().BitSize + 7) / 8
	}
	if algorithm == hsmEd25519 {
		return ed25519.SeedSize
	}
	return 0
}

// generateAsymmetric: … → ID.
func (h *HSM) generateAsymmetric(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmAsymmetric, hsmGenerated)
	size := hsmSecretSize(o.Algorithm)
	if size == 0 {
		return nil, hsmInvalidData
	}
	o.Secret = make([]byte, size) // of the right length, for the store's sake
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	if bits := hsmRSABits(o.Algorithm); bits != 0 {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, hsmInvalidData
		}
		o.Secret, o.signer = hsmPrimes(key), key
		return h.store(call, o)
	}
	for range 1000 { // a scalar above the order is drawn again
		copy(o.Secret, h.randomBytes(size))
		if o.Algorithm == hsmP521 {
			o.Secret[0] &= 1
		}
		if o.load() == nil {
			return h.store(call, o)
		}
	}
	return nil, hsmStorageFailed
}

// putAsymmetric: … ‖ scalar, seed or primes → ID.
func (h *HSM) putAsymmetric(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmAsymmetric, hsmImported)
	size := hsmSecretSize(o.Algorithm)
	if size == 0 {
		return nil, hsmInvalidData
	}
	if len(call.data) != hsmNew+size {
		return nil, hsmWrongLength
	}
	o.Secret = slices.Clone(call.data[hsmNew:])
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	if o.load() != nil {
		return nil, hsmInvalidData
	}
	return h.store(call, o)
}

var errHSMKey = errors.New("not a key of its algorithm")

// load makes an asymmetric key's signer from its Secret.
func (o *hsmObject) load() error {
	size := hsmSecretSize(o.Algorithm)
	switch curve := hsmCurve(o.Algorithm); {
	case size == 0 || len(o.Secret) != size:
		return errHSMKey
	case curve != nil:
		key, err := ecdsa.ParseRawPrivateKey(curve, o.Secret)
		if err != nil {
			return errHSMKey
		}
		o.signer = key
	case o.Algorithm == hsmEd25519:
		o.signer = ed25519.NewKeyFromSeed(o.Secret)
	default:
		key, err := hsmRSAKey(o.Secret, hsmRSABits(o.Algorithm))
		if err != nil {
			return err
		}
		o.signer = key
	}
	return nil
}

func hsmRSAKey(primes []byte, bits int) (*rsa.PrivateKey, error) {
	p := new(big.Int).SetBytes(primes[:len(primes)/2])
	q := new(big.Int).SetBytes(primes[len(primes)/2:])
	n := new(big.Int).Mul(p, q)
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	d := new(big.Int).ModInverse(big.NewInt(65537), phi)
	if n.BitLen() != bits || d == nil {
		return nil, errHSMKey
	}
	key := &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: 65537}, D: d, Primes: []*big.Int{p, q}}
	key.Precompute()
	if key.Validate() != nil {
		return nil, errHSMKey
	}
	return key, nil
}

// getPublicKey: ID(2) → algorithm(1) ‖ n, or x ‖ y, or the Ed25519 point. From
// firmware 2.4.0 on the type(1) may follow, for wrap keys that are RSA keys.
func (h *HSM) getPublicKey(call *hsmCall) ([]byte, hsmCode) {
	kind := byte(hsmAsymmetric)
	if extra := call.data[2:]; len(extra) == 1 && h.state.modern() {
		kind = extra[0]
	} else if len(extra) > 0 {
		return nil, hsmWrongLength
	}
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), kind, 0)
	if code != hsmOK {
		return nil, code
	}
	out := []byte{o.Algorithm}
	switch {
	case o.Type == hsmPublicWrapKey:
		return append(out, o.Secret...), hsmOK
	case o.signer == nil:
		return nil, hsmInvalidData
	}
	switch public := o.signer.Public().(type) {
	case *rsa.PublicKey:
		return append(out, public.N.FillBytes(make([]byte, public.Size()))...), hsmOK
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			return nil, hsmStorageFailed
		}
		return append(out, point[1:]...), hsmOK
	case ed25519.PublicKey:
		return append(out, public...), hsmOK
	}
	return nil, hsmStorageFailed
}

// hsmDigest is the hash that a digest of this length came from; 0 if none.
func hsmDigest(digest []byte) crypto.Hash {
	return map[int]crypto.Hash{20: crypto.SHA1, 32: crypto.SHA256, 48: crypto.SHA384, 64: crypto.SHA512}[len(digest)]
}

// signECDSA: ID(2) ‖ digest → DER signature. A digest may be padded with
// zeros on the left up to the length of the curve's order.
func (h *HSM) signECDSA(call *hsmCall) ([]byte, hsmCode) {
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmAsymmetric, hsmCapSignECDSA)
	if code != hsmOK {
		return nil, code
	}
	key, ok := o.signer.(*ecdsa.PrivateKey)
	digest := call.data[2:]
	if len(digest) == 66 && digest[0] == 0 && digest[1] == 0 {
		digest = digest[2:]
	}
	if !ok || hsmDigest(digest) == 0 {
		return nil, hsmInvalidData
	}
	return hsmSigned(ecdsa.SignASN1(rand.Reader, key, digest))
}

// signEdDSA: ID(2) ‖ message → 64 bytes.
func (h *HSM) signEdDSA(call *hsmCall) ([]byte, hsmCode) {
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmAsymmetric, hsmCapSignEdDSA)
	if code != hsmOK {
		return nil, code
	}
	key, ok := o.signer.(ed25519.PrivateKey)
	if !ok {
		return nil, hsmInvalidData
	}
	return ed25519.Sign(key, call.data[2:]), hsmOK
}

// signPKCS1: ID(2) ‖ digest → signature (RFC 8017, section 8.2).
func (h *HSM) signPKCS1(call *hsmCall) ([]byte, hsmCode) {
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmAsymmetric, hsmCapSignPKCS)
	if code != hsmOK {
		return nil, code
	}
	key, ok := o.signer.(*rsa.PrivateKey)
	hash := hsmDigest(call.data[2:])
	if !ok || hash == 0 {
		return nil, hsmInvalidData
	}
	return hsmSigned(rsa.SignPKCS1v15(rand.Reader, key, hash, call.data[2:]))
}

// signPSS: ID(2) ‖ hash of MGF1(1) ‖ salt length(2) ‖ digest → signature
// (RFC 8017, section 8.1.1). crypto/rsa can make neither an empty salt nor a
// mask of another hash, so the encoding is done here.
func (h *HSM) signPSS(call *hsmCall) ([]byte, hsmCode) {
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmAsymmetric, hsmCapSignPSS)
	if code != hsmOK {
		return nil, code
	}
	key, ok := o.signer.(*rsa.PrivateKey)
	digest := call.data[5:]
	hash := hsmDigest(digest)
	mask := hsmMaskHash(call.data[2])
	salt := int(binary.BigEndian.Uint16(call.data[3:]))
	if !ok || hash == 0 || mask == 0 || salt > key.Size()-hash.Size()-2 {
		return nil, hsmInvalidData
	}
	encoded := hsmEncodePSS(key.Size(), hash, mask, digest, h.randomBytes(salt))
	signature := new(big.Int).Exp(new(big.Int).SetBytes(encoded), key.D, key.N)
	return signature.FillBytes(make([]byte, key.Size())), hsmOK
}

// hsmEncodePSS is EMSA-PSS-ENCODE (RFC 8017, section 9.1.1) for a modulus of
// size whole bytes.
func hsmEncodePSS(size int, hash, mask crypto.Hash, digest, salt []byte) []byte {
	h := hash.New()
	h.Write(make([]byte, 8))
	h.Write(digest)
	h.Write(salt)
	sum := h.Sum(nil)

	db := make([]byte, size-len(sum)-1)
	db[len(db)-len(salt)-1] = 1
	copy(db[len(db)-len(salt):], salt)
	hsmXORMask(db, sum, mask)
	db[0] &= 0x7f
	return append(append(db, sum...), 0xbc)
}

func hsmSigned(signature []byte, err error) ([]byte, hsmCode) {
	if err != nil {
		return nil, hsmInvalidData
	}
	return signature, hsmOK
}
