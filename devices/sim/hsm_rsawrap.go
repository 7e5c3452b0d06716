package sim

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"math/big"
	"slices"
)

// The commands of firmware 2.4 that wrap under an RSA key. Their layout is as
// Yubico's own client writes it (python-yubihsm, yubihsm/objects.py); what they
// make is CKM_RSA_AES_KEY_WRAP (PKCS #11 3.0, section 2.1.21): a fresh AES key
// under RSA-OAEP, then the rest under that key.
//
// Left open by the documentation, and answered the strict way: a wrap key that
// is a key pair only imports, a public one only exports; the object's framing in
// EXPORT RSA WRAPPED is the one of EXPORT WRAPPED.

// putPublicWrapKey: … ‖ delegated(8) ‖ n → ID.
func (h *HSM) putPublicWrapKey(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmPublicWrapKey, hsmImported)
	o.Delegated = hsmCaps(binary.BigEndian.Uint64(call.data[hsmNew:]))
	o.Secret = slices.Clone(call.data[hsmNew+8:])
	switch bits := hsmRSABits(o.Algorithm); {
	case bits == 0:
		return nil, hsmInvalidData
	case len(o.Secret) != bits/8:
		return nil, hsmWrongLength
	case !hsmModulus(o.Secret, bits):
		return nil, hsmInvalidData
	}
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	return h.store(call, o)
}

// hsmModulus says whether n could be the modulus of so many bits.
func hsmModulus(n []byte, bits int) bool {
	return len(n) == bits/8 && n[0]&0x80 != 0 && n[len(n)-1]&1 != 0
}

// publicWrap is the RSA key of a public wrap key.
func (o *hsmObject) publicWrap() *rsa.PublicKey {
	return &rsa.PublicKey{N: new(big.Int).SetBytes(o.Secret), E: 65537}
}

// hsmAESSize is the length of an AES key; 0 for another algorithm.
func hsmAESSize(algorithm byte) int {
	return map[byte]int{hsmAES128: 16, hsmAES192: 24, hsmAES256: 32}[algorithm]
}

// hsmReadOAEP takes hash(1) ‖ mask(1), and the label's digest from the end.
func hsmReadOAEP(algorithms, rest []byte) (o hsmOAEP, wrapped []byte, code hsmCode) {
	o.hash, o.mask = hsmOAEPHash(algorithms[0]), hsmMaskHash(algorithms[1])
	if o.hash == 0 || o.mask == 0 {
		return o, nil, hsmInvalidData
	}
	if len(rest) < o.hash.Size() {
		return o, nil, hsmWrongLength
	}
	wrapped, o.label = rest[:len(rest)-o.hash.Size()], rest[len(rest)-o.hash.Size():]
	return o, wrapped, hsmOK
}

// sealRSA reads public wrap key ID(2) ‖ type(1) ‖ ID(2) ‖ AES(1) ‖ hash(1) ‖
// mask(1) ‖ label's digest, and wraps what plain makes of the object.
func (h *HSM) sealRSA(call *hsmCall, plain func(*hsmObject) ([]byte, hsmCode)) ([]byte, hsmCode) {
	wrap, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmPublicWrapKey, hsmCapExportWrapped)
	call.second = binary.BigEndian.Uint16(call.data[3:])
	if code != hsmOK {
		return nil, code
	}
	o := h.visible(call, call.second, call.data[2])
	size := hsmAESSize(call.data[5])
	oaep, rest, code := hsmReadOAEP(call.data[6:], call.data[8:])
	switch {
	case o == nil:
		return nil, hsmObjectNotFound
	case !wrap.mayCarry(o):
		return nil, hsmNotPermitted
	case size == 0 || !h.enabled(call.data[5]):
		return nil, hsmInvalidData
	case code != hsmOK:
		return nil, code
	case len(rest) != 0:
		return nil, hsmWrongLength
	}
	content, code := plain(o)
	if code != hsmOK {
		return nil, code
	}
	fresh := h.randomBytes(size)
	sealed, err := oaep.seal(wrap.publicWrap(), h.randomBytes(oaep.hash.Size()), fresh)
	if err != nil {
		return nil, hsmInvalidData
	}
	inner, err := hsmKWPSeal(fresh, content)
	if err != nil {
		return nil, hsmInvalidData
	}
	return append(sealed, inner...), hsmOK
}

// mayCarry says whether a wrap key may take an object out of the device.
func (o *hsmObject) mayCarry(object *hsmObject) bool {
	return object.Domains&o.Domains != 0 && hsmCapExportable.within(object.Capabilities) &&
		object.Capabilities.within(o.Delegated) && object.Delegated.within(o.Delegated)
}

// getRSAWrappedKey: as sealRSA reads it → the wrapped private key, in PKCS #8.
func (h *HSM) getRSAWrappedKey(call *hsmCall) ([]byte, hsmCode) {
	return h.sealRSA(call, func(o *hsmObject) ([]byte, hsmCode) {
		if o.Type != hsmAsymmetric {
			return nil, hsmInvalidData
		}
		return hsmSigned(x509.MarshalPKCS8PrivateKey(o.signer))
	})
}

// exportRSAWrapped: as sealRSA reads it → the wrapped object.
func (h *HSM) exportRSAWrapped(call *hsmCall) ([]byte, hsmCode) {
	return h.sealRSA(call, func(o *hsmObject) ([]byte, hsmCode) { return o.marshal(call.data[5]), hsmOK })
}

// openRSA unwraps with an RSA wrap key.
func (h *HSM) openRSA(call *hsmCall, algorithms, rest []byte) (wrap *hsmObject, plain []byte, code hsmCode) {
	wrap, code = h.key(call, binary.BigEndian.Uint16(call.data), hsmWrapKey, hsmCapImportWrapped)
	if code != hsmOK {
		return nil, nil, code
	}
	key, ok := wrap.signer.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, hsmInvalidData
	}
	oaep, wrapped, code := hsmReadOAEP(algorithms, rest)
	if code != hsmOK {
		return nil, nil, code
	}
	if len(wrapped) < key.Size() {
		return nil, nil, hsmWrongLength
	}
	fresh, err := oaep.open(key, wrapped[:key.Size()])
	if err != nil {
		return nil, nil, hsmInvalidData
	}
	if plain, err = hsmKWPOpen(fresh, wrapped[key.Size():]); err != nil {
		return nil, nil, hsmInvalidData
	}
	return wrap, plain, hsmOK
}

// importRSAWrapped: wrap key ID(2) ‖ hash(1) ‖ mask(1) ‖ wrapped object ‖
// label's digest → type(1) ‖ ID(2).
func (h *HSM) importRSAWrapped(call *hsmCall) ([]byte, hsmCode) {
	wrap, plain, code := h.openRSA(call, call.data[2:4], call.data[4:])
	if code != hsmOK {
		return nil, code
	}
	return h.importObject(call, wrap, plain)
}

// putRSAWrappedKey: wrap key ID(2) ‖ type(1) ‖ ID(2) ‖ label(40) ‖ domains(2) ‖
// capabilities(8) ‖ algorithm(1) ‖ hash(1) ‖ mask(1) ‖ wrapped PKCS #8 ‖ label's
// digest → type(1) ‖ ID(2).
func (h *HSM) putRSAWrappedKey(call *hsmCall) ([]byte, hsmCode) {
	const fixed = 3 + hsmNew
	wrap, plain, code := h.openRSA(call, call.data[fixed:fixed+2], call.data[fixed+2:])
	if code != hsmOK {
		return nil, code
	}
	if call.data[2] != hsmAsymmetric {
		return nil, hsmInvalidData
	}
	o := hsmNewObject(&hsmCall{data: call.data[3:]}, hsmAsymmetric, hsmImported|hsmUnwrapped)
	call.second = o.ID
	if o.loadPKCS8(plain) != nil || !h.enabled(o.Algorithm) || o.Domains == 0 {
		return nil, hsmInvalidData
	}
	if o.Domains&^call.session.domains != 0 || o.Domains&wrap.Domains == 0 ||
		!o.Capabilities.within(wrap.Delegated) || !o.Capabilities.within(call.session.delegated) {
		return nil, hsmNotPermitted
	}
	target := call.target
	id, code := h.store(call, o)
	call.target, call.second = target, o.ID
	return append([]byte{o.Type}, id...), code
}

// loadPKCS8 takes a private key (RFC 5958) of the object's algorithm.
func (o *hsmObject) loadPKCS8(der []byte) error {
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return err
	}
	switch key := key.(type) {
	case *ecdsa.PrivateKey:
		if key.Curve != hsmCurve(o.Algorithm) {
			return errHSMKey
		}
		if o.Secret, err = key.Bytes(); err != nil {
			return err
		}
	case ed25519.PrivateKey:
		o.Secret = key.Seed()
	case *rsa.PrivateKey:
		o.Secret = hsmPrimes(key)
	}
	return o.load()
}

// hsmPrimes is p ‖ q, nothing for a key of another shape.
func hsmPrimes(key *rsa.PrivateKey) []byte {
	half := key.Size() / 2
	if len(key.Primes) != 2 || key.Primes[0].BitLen() > 8*half || key.Primes[1].BitLen() > 8*half {
		return nil
	}
	out := make([]byte, 2*half)
	key.Primes[0].FillBytes(out[:half])
	key.Primes[1].FillBytes(out[half:])
	return out
}
