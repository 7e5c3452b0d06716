package yubihsm

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"fmt"

	"anodize/core/secret"
)

// keySize is the length of an AES-128 key, the only size the device uses.
const keySize = 16

// cmac returns the AES-CMAC of the parts, one after the other (RFC 4493).
func cmac(key []byte, parts ...[]byte) (mac [aes.BlockSize]byte, err error) {
	secret.Do(func() { mac, err = computeCMAC(key, parts) })
	return mac, err
}

func computeCMAC(key []byte, parts [][]byte) ([aes.BlockSize]byte, error) {
	var mac [aes.BlockSize]byte
	block, err := newAES(key)
	if err != nil {
		return mac, err
	}
	pending := 0 // bytes of the current block that mac has taken in
	for _, part := range parts {
		for _, b := range part {
			if pending == aes.BlockSize {
				block.Encrypt(mac[:], mac[:])
				pending = 0
			}
			mac[pending] ^= b
			pending++
		}
	}
	subkey := cmacSubkey(block)
	if pending < aes.BlockSize {
		mac[pending] ^= 0x80
		subkey = double(subkey)
	}
	subtle.XORBytes(mac[:], mac[:], subkey[:])
	block.Encrypt(mac[:], mac[:])
	clear(subkey[:])
	return mac, nil
}

// cmacSubkey returns K1 (RFC 4493, section 2.3); K2 is its double.
func cmacSubkey(block cipher.Block) [aes.BlockSize]byte {
	var zero [aes.BlockSize]byte
	block.Encrypt(zero[:], zero[:])
	return double(zero)
}

// double multiplies by x in GF(2^128), in constant time.
func double(in [aes.BlockSize]byte) (out [aes.BlockSize]byte) {
	for i := range out {
		out[i] = in[i] << 1
		if i+1 < len(in) {
			out[i] |= in[i+1] >> 7
		}
	}
	out[len(out)-1] ^= 0x87 * (in[0] >> 7)
	return out
}

// newAES takes AES-128 keys alone: crypto/aes would take longer ones too. Its
// round keys cannot be wiped; secret.Do has them erased once they are collected.
func newAES(key []byte) (block cipher.Block, err error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("an AES-128 key of %d bytes", len(key))
	}
	secret.Do(func() { block, err = aes.NewCipher(key) })
	return block, err
}
