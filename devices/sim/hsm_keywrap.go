package sim

import (
	"bytes"
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
)

// hsmKWPSeal is AES key wrap with padding (RFC 5649, section 4.1).
func hsmKWPSeal(key, plain []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(plain) == 0 {
		return nil, errHSMWrap
	}
	out := make([]byte, 8+(len(plain)+7)/8*8)
	copy(out, hsmKWPHeader(len(plain)))
	copy(out[8:], plain)
	if len(out) == hsmBlock {
		block.Encrypt(out, out)
		return out, nil
	}
	var b [hsmBlock]byte
	copy(b[:8], out)
	for t := uint64(1); t <= 6*uint64(len(out)/8-1); t++ { // RFC 3394, section 2.2.1
		r := out[8*(1+(int(t)-1)%(len(out)/8-1)):][:8]
		copy(b[8:], r)
		block.Encrypt(b[:], b[:])
		copy(r, b[8:])
		hsmCount(b[:8], t)
	}
	copy(out, b[:8])
	return out, nil
}

// hsmKWPOpen undoes hsmKWPSeal (RFC 5649, section 4.2).
func hsmKWPOpen(key, sealed []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil || len(sealed) < hsmBlock || len(sealed)%8 != 0 {
		return nil, errHSMWrap
	}
	out := bytes.Clone(sealed)
	if len(out) == hsmBlock {
		block.Decrypt(out, out)
		return hsmKWPCheck(out)
	}
	var b [hsmBlock]byte
	copy(b[:8], out)
	for t := 6 * uint64(len(out)/8-1); t > 0; t-- {
		r := out[8*(1+(int(t)-1)%(len(out)/8-1)):][:8]
		hsmCount(b[:8], t)
		copy(b[8:], r)
		block.Decrypt(b[:], b[:])
		copy(r, b[8:])
	}
	copy(out, b[:8])
	return hsmKWPCheck(out)
}

// hsmKWPHeader is the alternative initial value (RFC 5649, section 3).
func hsmKWPHeader(size int) []byte {
	return binary.BigEndian.AppendUint32([]byte{0xa6, 0x59, 0x59, 0xa6}, uint32(size))
}

func hsmKWPCheck(out []byte) ([]byte, error) {
	size := int(binary.BigEndian.Uint32(out[4:]))
	plain, padded := out[8:], len(out)-8
	if size > padded || padded-size > 7 || subtle.ConstantTimeCompare(out[:8], hsmKWPHeader(size)) != 1 ||
		!bytes.Equal(plain[size:], make([]byte, padded-size)) {
		return nil, errHSMWrap
	}
	return plain[:size], nil
}

// hsmCount adds the step's number to A, bit by bit.
func hsmCount(a []byte, t uint64) { subtle.XORBytes(a, a, binary.BigEndian.AppendUint64(nil, t)) }
