package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"slices"
)

const (
	hsmNonceSize = 13
	hsmTagSize   = 16
)

var errHSMWrap = errors.New("the wrapped object is not authentic")

// hsmWrapKeySize is the length of an AES wrap key; 0 for another algorithm.
func hsmWrapKeySize(algorithm byte) int {
	return map[byte]int{hsmAES128CCM: 16, hsmAES192CCM: 24, hsmAES256CCM: 32}[algorithm]
}

// wrapKeySize is the length of a wrap key's Secret: from firmware 2.4.0 on it may
// also be an RSA key pair, p ‖ q.
func (h *HSM) wrapKeySize(algorithm byte) int {
	if bits := hsmRSABits(algorithm); bits != 0 && h.state.modern() {
		return bits / 8
	}
	return hsmWrapKeySize(algorithm)
}

// putWrapKey: … ‖ delegated(8) ‖ key → ID.
func (h *HSM) putWrapKey(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmWrapKey, hsmImported)
	o.Delegated = hsmCaps(binary.BigEndian.Uint64(call.data[hsmNew:]))
	o.Secret = slices.Clone(call.data[hsmNew+8:])
	switch size := h.wrapKeySize(o.Algorithm); {
	case size == 0:
		return nil, hsmInvalidData
	case len(o.Secret) != size:
		return nil, hsmWrongLength
	}
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	if hsmRSABits(o.Algorithm) != 0 && o.load() != nil {
		return nil, hsmInvalidData
	}
	return h.store(call, o)
}

// generateWrapKey: … ‖ delegated(8) → ID.
func (h *HSM) generateWrapKey(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmWrapKey, hsmGenerated)
	o.Delegated = hsmCaps(binary.BigEndian.Uint64(call.data[hsmNew:]))
	size := h.wrapKeySize(o.Algorithm)
	if size == 0 {
		return nil, hsmInvalidData
	}
	o.Secret = h.randomBytes(size) // of an RSA key for the store's sake
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	if bits := hsmRSABits(o.Algorithm); bits != 0 {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			return nil, hsmInvalidData
		}
		o.Secret, o.signer = hsmPrimes(key), key
	}
	return h.store(call, o)
}

// exportWrapped: wrap key ID(2) ‖ type(1) ‖ ID(2) → nonce(13) ‖ sealed object.
// From firmware 2.4.0 on a byte may follow that asks for an Ed25519 key's seed,
// which is here in any case.
func (h *HSM) exportWrapped(call *hsmCall) ([]byte, hsmCode) {
	wrap, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmWrapKey, hsmCapExportWrapped)
	call.second = binary.BigEndian.Uint16(call.data[3:])
	if code != hsmOK {
		return nil, code
	}
	if extra := call.data[5:]; len(extra) > 1 || len(extra) == 1 && (!h.state.modern() || extra[0] > 1) {
		return nil, hsmWrongLength
	}
	o := h.visible(call, call.second, call.data[2])
	switch {
	case o == nil:
		return nil, hsmObjectNotFound
	case !wrap.mayCarry(o):
		return nil, hsmNotPermitted
	case hsmWrapKeySize(wrap.Algorithm) == 0:
		return nil, hsmInvalidData
	}
	nonce := h.randomBytes(hsmNonceSize)
	sealed, err := hsmCCMSeal(wrap.Secret, nonce, hsmTagSize, o.marshal(wrap.Algorithm))
	if err != nil {
		return nil, hsmInvalidData
	}
	return append(nonce, sealed...), hsmOK
}

// importWrapped: wrap key ID(2) ‖ nonce(13) ‖ sealed object → type(1) ‖ ID(2).
func (h *HSM) importWrapped(call *hsmCall) ([]byte, hsmCode) {
	wrap, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmWrapKey, hsmCapImportWrapped)
	if code != hsmOK {
		return nil, code
	}
	nonce, sealed := call.data[2:2+hsmNonceSize], call.data[2+hsmNonceSize:]
	plain, err := hsmCCMOpen(wrap.Secret, nonce, hsmTagSize, sealed)
	if err != nil {
		return nil, hsmInvalidData
	}
	return h.importObject(call, wrap, plain)
}

// importObject keeps an object that came under a wrap key, if session, wrap key
// and store allow it.
func (h *HSM) importObject(call *hsmCall, wrap *hsmObject, plain []byte) ([]byte, hsmCode) {
	o, err := hsmUnmarshalObject(plain)
	if err != nil || !h.enabled(o.Algorithm) {
		return nil, hsmInvalidData
	}
	call.second = o.ID
	if o.Domains&call.session.domains&wrap.Domains == 0 ||
		!o.Capabilities.within(wrap.Delegated) || !o.Delegated.within(wrap.Delegated) {
		return nil, hsmNotPermitted
	}
	if code := h.vacancy(o); code != hsmOK {
		return nil, code
	}
	o.Origin |= hsmUnwrapped
	target := call.target
	id, code := h.store(call, o)
	call.target, call.second = target, o.ID
	return append([]byte{o.Type}, id...), code
}

// hsmFraming is what stands before an object's secret in a wrap: wrap
// algorithm(1) ‖ capabilities(8) ‖ ID(2) ‖ length(2) ‖ domains(2) ‖ type(1) ‖
// algorithm(1) ‖ sequence(1) ‖ origin(1) ‖ label(40).
const hsmFraming = 1 + 8 + 2 + 2 + 2 + 4 + hsmLabelSize

// marshal writes an object for wrapping. Authentication and wrap keys carry
// their delegated capabilities before the key. Asymmetric keys carry the
// private part alone, where the device also writes what follows from it.
func (o *hsmObject) marshal(wrapAlgorithm byte) []byte {
	secret := o.Secret
	if o.delegates() {
		secret = append(binary.BigEndian.AppendUint64(nil, uint64(o.Delegated)), secret...)
	}
	out := binary.BigEndian.AppendUint64([]byte{wrapAlgorithm}, uint64(o.Capabilities))
	out = binary.BigEndian.AppendUint16(out, o.ID)
	out = binary.BigEndian.AppendUint16(out, uint16(len(secret)))
	out = binary.BigEndian.AppendUint16(out, o.Domains)
	out = append(out, o.Type, o.Algorithm, o.Sequence, o.Origin)
	return append(append(out, o.Label...), secret...)
}

// delegates says whether objects of this type have delegated capabilities.
func (o *hsmObject) delegates() bool {
	return o.Type == hsmAuthKey || o.Type == hsmWrapKey || o.Type == hsmPublicWrapKey
}

func hsmUnmarshalObject(d []byte) (*hsmObject, error) {
	if len(d) < hsmFraming || len(d)-hsmFraming != int(binary.BigEndian.Uint16(d[11:])) {
		return nil, errHSMWrap
	}
	o := &hsmObject{
		Capabilities: hsmCaps(binary.BigEndian.Uint64(d[1:])),
		ID:           binary.BigEndian.Uint16(d[9:]),
		Domains:      binary.BigEndian.Uint16(d[13:]),
		Type:         d[15], Algorithm: d[16], Sequence: d[17], Origin: d[18],
		Label: slices.Clone(d[19:hsmFraming]), Secret: slices.Clone(d[hsmFraming:]),
	}
	if o.delegates() {
		if len(o.Secret) < 8 {
			return nil, errHSMWrap
		}
		o.Delegated = hsmCaps(binary.BigEndian.Uint64(o.Secret))
		o.Secret = o.Secret[8:]
	}
	return o, o.check()
}

// check says whether the object is one that the device could hold, and makes it usable.
func (o *hsmObject) check() error {
	if len(o.Label) != hsmLabelSize || o.ID == 0 || o.ID == hsmNobody || o.Domains == 0 {
		return errHSMWrap
	}
	switch o.Type {
	case hsmAsymmetric:
		return o.load()
	case hsmAuthKey:
		if o.Algorithm == hsmAuthAES && len(o.Secret) == hsmAuthKeySize {
			return nil
		}
	case hsmWrapKey:
		if hsmRSABits(o.Algorithm) != 0 {
			return o.load()
		}
		if size := hsmWrapKeySize(o.Algorithm); size != 0 && len(o.Secret) == size {
			return nil
		}
	case hsmPublicWrapKey:
		if bits := hsmRSABits(o.Algorithm); bits != 0 && hsmModulus(o.Secret, bits) {
			return nil
		}
	case hsmOpaque:
		if o.Algorithm == hsmOpaqueAny || o.Algorithm == hsmOpaqueCRT {
			return nil
		}
	}
	return errHSMWrap
}

// hsmCCMSeal is AES-CCM without associated data (NIST SP 800-38C, with the
// formatting of its appendix A).
func hsmCCMSeal(key, nonce []byte, tagSize int, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealed := hsmCCMStream(block, nonce, plain)
	return append(sealed, hsmCCMTag(block, nonce, tagSize, plain)...), nil
}

func hsmCCMOpen(key, nonce []byte, tagSize int, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < tagSize {
		return nil, errHSMWrap
	}
	body, tag := sealed[:len(sealed)-tagSize], sealed[len(sealed)-tagSize:]
	plain := hsmCCMStream(block, nonce, body)
	if subtle.ConstantTimeCompare(tag, hsmCCMTag(block, nonce, tagSize, plain)) != 1 {
		return nil, errHSMWrap
	}
	return plain, nil
}

// hsmCCMCounter is counter block n: flags ‖ nonce ‖ n.
func hsmCCMCounter(nonce []byte, n byte) (block [hsmBlock]byte) {
	block[0] = byte(14 - len(nonce))
	copy(block[1:], nonce)
	block[hsmBlock-1] = n
	return block
}

func hsmCCMStream(block cipher.Block, nonce, in []byte) []byte {
	out := make([]byte, len(in))
	counter := hsmCCMCounter(nonce, 1)
	cipher.NewCTR(block, counter[:]).XORKeyStream(out, in)
	return out
}

func hsmCCMTag(block cipher.Block, nonce []byte, size int, plain []byte) []byte {
	mac := hsmCCMCounter(nonce, 0)
	mac[0] |= byte(size-2) / 2 << 3
	binary.BigEndian.PutUint16(mac[hsmBlock-2:], uint16(len(plain)))
	block.Encrypt(mac[:], mac[:])
	for len(plain) > 0 {
		n := min(len(plain), hsmBlock)
		subtle.XORBytes(mac[:], mac[:], plain[:n])
		block.Encrypt(mac[:], mac[:])
		plain = plain[n:]
	}
	mask := hsmCCMCounter(nonce, 0)
	block.Encrypt(mask[:], mask[:])
	subtle.XORBytes(mac[:], mac[:], mask[:])
	return mac[:size]
}
