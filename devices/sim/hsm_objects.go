package sim

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"fmt"
	"slices"
)

// hsmObject is one object of the store. Secret holds, by type: K-ENC ‖ K-MAC;
// the bytes of a wrap key or an opaque object; of an asymmetric key the
// private scalar, the Ed25519 seed, or the RSA primes p ‖ q, as of an RSA wrap
// key; of a public wrap key the modulus.
type hsmObject struct {
	ID           uint16
	Type         byte
	Algorithm    byte
	Sequence     byte
	Origin       byte
	Label        []byte // 40 bytes
	Domains      uint16
	Capabilities hsmCaps
	Delegated    hsmCaps
	Secret       []byte

	signer crypto.Signer // of a private key
}

// hsmDefaultSecret is the factory authentication key: PBKDF2-HMAC-SHA256 of
// "password" with the salt "Yubico" and 10000 rounds.
const hsmDefaultSecret = "\x09\x0b\x47\xdb\xed\x59\x56\x54\x90\x1d\xee\x1c\xc6\x55\xe4\x20" +
	"\x59\x2f\xd4\x83\xf7\x59\xe2\x99\x09\xa0\x4c\x45\x05\xd2\xce\x0a"

func hsmLabel(s string) []byte {
	label := make([]byte, hsmLabelSize)
	copy(label, s)
	return label
}

// object finds one whatever its domains; ID 0 is the factory's, and hidden.
func (h *HSM) object(id uint16, kind byte) *hsmObject {
	for _, o := range h.state.Objects {
		if o.ID == id && o.Type == kind {
			return o
		}
	}
	return nil
}

// visible finds an object that shares a domain with the session.
func (h *HSM) visible(call *hsmCall, id uint16, kind byte) *hsmObject {
	if o := h.object(id, kind); o != nil && o.Domains&call.session.domains != 0 {
		return o
	}
	return nil
}

// key finds an asymmetric or wrap key that itself allows what the session asks
// of it, and notes it for the log.
func (h *HSM) key(call *hsmCall, id uint16, kind byte, needs hsmCaps) (*hsmObject, hsmCode) {
	call.target = id
	o := h.visible(call, id, kind)
	switch {
	case o == nil:
		return nil, hsmObjectNotFound
	case !needs.within(o.Capabilities):
		return nil, hsmNotPermitted
	}
	return o, hsmOK
}

// length is what the device stores for the object, as GET OBJECT INFO tells it.
func (o *hsmObject) length() int {
	n := len(o.Secret)
	switch {
	case o.delegates() && (o.Type != hsmWrapKey || hsmRSABits(o.Algorithm) == 0):
		return n + 8 // the delegated capabilities
	case o.Type == hsmWrapKey:
		return n*7/2 + 8
	case o.Type == hsmOpaque:
		return n
	case o.Algorithm == hsmEd25519:
		return 4 * n
	case hsmRSABits(o.Algorithm) != 0:
		return n * 7 / 2 // n, p, q, dp, dq, qinv
	}
	return 3 * n // d, x, y
}

func (o *hsmObject) pages() int { return (o.length() + hsmPageSize - 1) / hsmPageSize }

func (h *HSM) freePages() int {
	free := hsmPages
	for _, o := range h.state.Objects {
		free -= o.pages()
	}
	return free
}

// hsmNewObject reads the part that all puts and generates have in common.
func hsmNewObject(call *hsmCall, kind, origin byte) *hsmObject {
	d := call.data
	return &hsmObject{
		ID: binary.BigEndian.Uint16(d), Type: kind, Origin: origin,
		Label:        slices.Clone(d[2:42]),
		Domains:      binary.BigEndian.Uint16(d[42:]),
		Capabilities: hsmCaps(binary.BigEndian.Uint64(d[44:])),
		Algorithm:    d[52],
	}
}

// admit says whether the session may create such an object: inside its own
// domains, with no capability beyond those delegated to it.
func (h *HSM) admit(call *hsmCall, o *hsmObject) hsmCode {
	call.target = o.ID
	switch {
	case !h.enabled(o.Algorithm) || o.Domains == 0:
		return hsmInvalidData
	case o.Domains&^call.session.domains != 0,
		!o.Capabilities.within(call.session.delegated),
		!o.Delegated.within(call.session.delegated):
		return hsmNotPermitted
	}
	return h.vacancy(o)
}

// vacancy says whether the store has a place for o under its ID.
func (h *HSM) vacancy(o *hsmObject) hsmCode {
	switch {
	case o.ID == hsmNobody:
		return hsmInvalidID
	case o.ID != 0 && h.object(o.ID, o.Type) != nil:
		return hsmObjectExists
	case len(h.state.Objects) >= hsmMaxObjects || o.pages() > h.freePages() || h.frame.Fault == HSMFillStore:
		return hsmStorageFailed
	}
	return hsmOK
}

// store keeps o, with an ID of the device's choice if it has none, and answers with the ID.
func (h *HSM) store(call *hsmCall, o *hsmObject) ([]byte, hsmCode) {
	if code := h.vacancy(o); code != hsmOK { // again: now its length is known
		return nil, code
	}
	if o.ID == 0 {
		o.ID = h.vacantID(o.Type)
	}
	o.Sequence = h.state.Sequences[hsmSequenceKey(o)]
	h.state.Objects = append(h.state.Objects, o)
	call.target = o.ID
	return binary.BigEndian.AppendUint16(nil, o.ID), hsmOK
}

// vacantID draws an ID and steps over those that are taken, at most 256 of 65534.
func (h *HSM) vacantID(kind byte) uint16 {
	id := binary.BigEndian.Uint16(h.randomBytes(2))
	for id == 0 || id == hsmNobody || h.object(id, kind) != nil {
		id++
	}
	return id
}

// hsmSequenceKey names an ID and type; the device counts how often it was used.
func hsmSequenceKey(o *hsmObject) string { return fmt.Sprintf("%d/%d", o.Type, o.ID) }

// putAuthKey: … ‖ delegated(8) ‖ K-ENC(16) ‖ K-MAC(16) → ID.
func (h *HSM) putAuthKey(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmAuthKey, hsmImported)
	o.Delegated = hsmCaps(binary.BigEndian.Uint64(call.data[hsmNew:]))
	o.Secret = slices.Clone(call.data[hsmNew+8:])
	if o.Algorithm != hsmAuthAES {
		return nil, hsmInvalidData
	}
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	return h.store(call, o)
}

// changeAuthKey: ID(2) ‖ algorithm(1) ‖ K-ENC(16) ‖ K-MAC(16) → ID. Only the
// key that opened the session can be changed.
func (h *HSM) changeAuthKey(call *hsmCall) ([]byte, hsmCode) {
	id := binary.BigEndian.Uint16(call.data)
	call.target = id
	if call.data[2] != hsmAuthAES {
		return nil, hsmInvalidData
	}
	if id != call.session.authKey {
		return nil, hsmInvalidID
	}
	o := h.object(id, hsmAuthKey)
	if o == nil {
		return nil, hsmObjectNotFound
	}
	o.Secret = slices.Clone(call.data[3:])
	return binary.BigEndian.AppendUint16(nil, id), hsmOK
}

// putOpaque: … ‖ data → ID.
func (h *HSM) putOpaque(call *hsmCall) ([]byte, hsmCode) {
	o := hsmNewObject(call, hsmOpaque, hsmImported)
	o.Secret = slices.Clone(call.data[hsmNew:])
	if o.Algorithm != hsmOpaqueAny && o.Algorithm != hsmOpaqueCRT {
		return nil, hsmInvalidData
	}
	if code := h.admit(call, o); code != hsmOK {
		return nil, code
	}
	return h.store(call, o)
}

// getOpaque: ID(2) → data; ID 0 is the certificate of the factory's attestation key.
func (h *HSM) getOpaque(call *hsmCall) ([]byte, hsmCode) {
	call.target = binary.BigEndian.Uint16(call.data)
	if call.target == 0 {
		return h.state.AttestationCert, hsmOK
	}
	o := h.visible(call, call.target, hsmOpaque)
	if o == nil {
		return nil, hsmObjectNotFound
	}
	return o.Secret, hsmOK
}

// deleteObject: ID(2) ‖ type(1) → nothing.
func (h *HSM) deleteObject(call *hsmCall) ([]byte, hsmCode) {
	id, kind := binary.BigEndian.Uint16(call.data), call.data[2]
	call.target = id
	needs, ok := map[byte]hsmCaps{
		hsmOpaque: hsmCapDelOpaque, hsmAuthKey: hsmCapDelAuthKey,
		hsmAsymmetric: hsmCapDelAsymmetric, hsmWrapKey: hsmCapDelWrapKey,
		hsmPublicWrapKey: hsmCapDelPublicWrap,
	}[kind]
	if !ok {
		return nil, hsmInvalidData
	}
	if !needs.within(call.session.capabilities) {
		return nil, hsmNotPermitted
	}
	o := h.visible(call, id, kind)
	if o == nil {
		return nil, hsmObjectNotFound
	}
	h.state.Objects = slices.DeleteFunc(h.state.Objects, func(other *hsmObject) bool { return other == o })
	h.state.Sequences[hsmSequenceKey(o)] = o.Sequence + 1
	return nil, hsmOK
}

// listObjects: filters, each tag(1) ‖ value → for each object ID(2) ‖ type(1)
// ‖ sequence(1). Every filter must match.
func (h *HSM) listObjects(call *hsmCall) ([]byte, hsmCode) {
	sizes := map[byte]int{1: 2, 2: 1, 3: 2, 4: 8, 5: 1, 6: hsmLabelSize}
	filter := map[byte][]byte{}
	for d := call.data; len(d) > 0; {
		size, known := sizes[d[0]]
		if !known {
			return nil, hsmInvalidData
		}
		if len(d) < 1+size {
			return nil, hsmWrongLength
		}
		if filter[d[0]] != nil {
			return nil, hsmInvalidData
		}
		filter[d[0]], d = d[1:1+size], d[1+size:]
	}
	var out []byte
	for _, o := range h.state.Objects {
		if o.Domains&call.session.domains != 0 && o.matches(filter) {
			out = binary.BigEndian.AppendUint16(out, o.ID)
			out = append(out, o.Type, o.Sequence)
		}
	}
	return out, hsmOK
}

func (o *hsmObject) matches(filter map[byte][]byte) bool {
	for tag, value := range filter {
		matched := false
		switch tag {
		case 1:
			matched = o.ID == binary.BigEndian.Uint16(value)
		case 2:
			matched = o.Type == value[0]
		case 3:
			matched = o.Domains&binary.BigEndian.Uint16(value) != 0
		case 4:
			matched = hsmCaps(binary.BigEndian.Uint64(value)).within(o.Capabilities)
		case 5:
			matched = o.Algorithm == value[0]
		case 6:
			matched = bytes.Equal(o.Label, value)
		}
		if !matched {
			return false
		}
	}
	return true
}

// objectInfo: ID(2) ‖ type(1) → capabilities(8) ‖ ID(2) ‖ length(2) ‖
// domains(2) ‖ type(1) ‖ algorithm(1) ‖ sequence(1) ‖ origin(1) ‖ label(40) ‖
// delegated(8).
func (h *HSM) objectInfo(call *hsmCall) ([]byte, hsmCode) {
	call.target = binary.BigEndian.Uint16(call.data)
	o := h.visible(call, call.target, call.data[2])
	if o == nil {
		return nil, hsmObjectNotFound
	}
	out := binary.BigEndian.AppendUint64(nil, uint64(o.Capabilities))
	out = binary.BigEndian.AppendUint16(out, o.ID)
	out = binary.BigEndian.AppendUint16(out, uint16(o.length()))
	out = binary.BigEndian.AppendUint16(out, o.Domains)
	out = append(out, o.Type, o.Algorithm, o.Sequence, o.Origin)
	out = append(out, o.Label...)
	return binary.BigEndian.AppendUint64(out, uint64(o.Delegated)), hsmOK
}

// storageInfo: total and free records, total and free pages, page size; 2 bytes each.
func (h *HSM) storageInfo(*hsmCall) ([]byte, hsmCode) {
	var out []byte
	for _, n := range []int{hsmMaxObjects, hsmMaxObjects - len(h.state.Objects), hsmPages, h.freePages(), hsmPageSize} {
		out = binary.BigEndian.AppendUint16(out, uint16(n))
	}
	return out, hsmOK
}
