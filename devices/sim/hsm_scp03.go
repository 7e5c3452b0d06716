package sim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/subtle"
	"encoding/binary"
)

const (
	hsmBlock      = aes.BlockSize
	hsmMACSize    = 8 // a MAC travels truncated
	hsmCryptogram = 8
	hsmChallenge  = 8
)

// Derivation constants (GlobalPlatform SCP03, table 4-1).
const (
	hsmDeriveCard = 0x00
	hsmDeriveHost = 0x01
	hsmDeriveENC  = 0x04
	hsmDeriveMAC  = 0x06
	hsmDeriveRMAC = 0x07
)

// hsmKey is an AES-128 key; its length is the reason why no cipher below can fail.
type hsmKey [16]byte

func (k hsmKey) cipher() cipher.Block {
	block, _ := aes.NewCipher(k[:])
	return block
}

// hsmCMAC is AES-CMAC of the parts joined (RFC 4493, section 2.4).
func hsmCMAC(key hsmKey, parts ...[]byte) [hsmBlock]byte {
	var message []byte
	for _, part := range parts {
		message = append(message, part...)
	}
	block := key.cipher()
	var k1, k2, mac [hsmBlock]byte
	block.Encrypt(k1[:], k1[:])
	k1 = hsmDouble(k1)
	k2 = hsmDouble(k1)

	for len(message) > hsmBlock {
		subtle.XORBytes(mac[:], mac[:], message[:hsmBlock])
		block.Encrypt(mac[:], mac[:])
		message = message[hsmBlock:]
	}
	var last [hsmBlock]byte
	copy(last[:], message)
	if len(message) == hsmBlock {
		subtle.XORBytes(last[:], last[:], k1[:])
	} else {
		last[len(message)] = 0x80
		subtle.XORBytes(last[:], last[:], k2[:])
	}
	subtle.XORBytes(mac[:], mac[:], last[:])
	block.Encrypt(mac[:], mac[:])
	return mac
}

// hsmDouble multiplies by x in GF(2^128), most significant byte first
// (RFC 4493, section 2.3).
func hsmDouble(in [hsmBlock]byte) (out [hsmBlock]byte) {
	carry := byte(0)
	for i := hsmBlock - 1; i >= 0; i-- {
		out[i] = in[i]<<1 | carry
		carry = in[i] >> 7
	}
	out[hsmBlock-1] ^= 0x87 * carry
	return out
}

// hsmDerive is the key derivation of SCP03 (GPC_SPE_014, section 4.1.5, the
// counter mode of NIST SP 800-108 with AES-CMAC): size bytes, at most 16.
func hsmDerive(key hsmKey, constant byte, size int, context []byte) []byte {
	data := make([]byte, 16, 16+len(context))
	data[11] = constant
	binary.BigEndian.PutUint16(data[13:], uint16(8*size))
	data[15] = 1 // the counter: one block is enough
	mac := hsmCMAC(key, data, context)
	return mac[:size]
}

// hsmCBC is the cipher of one message: the initial vector is the encrypted
// counter, and command and answer of one exchange share it.
func hsmCBC(key hsmKey, counter uint32) (cipher.Block, []byte) {
	block := key.cipher()
	iv := make([]byte, hsmBlock)
	binary.BigEndian.PutUint32(iv[12:], counter)
	block.Encrypt(iv, iv)
	return block, iv
}

// hsmSeal pads (ISO/IEC 9797-1 method 2, always) and encrypts.
func hsmSeal(key hsmKey, counter uint32, plain []byte) []byte {
	padded := make([]byte, len(plain)/hsmBlock*hsmBlock+hsmBlock)
	copy(padded, plain)
	padded[len(plain)] = 0x80
	block, iv := hsmCBC(key, counter)
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(padded, padded)
	return padded
}

// hsmOpen decrypts a whole number of blocks; the padding stays.
func hsmOpen(key hsmKey, counter uint32, sealed []byte) []byte {
	plain := make([]byte, len(sealed))
	block, iv := hsmCBC(key, counter)
	cipher.NewCBCDecrypter(block, iv).CryptBlocks(plain, sealed)
	return plain
}

// hsmInner takes an inner command out of its padding.
func hsmInner(plain []byte) (command byte, data []byte, ok bool) {
	if len(plain) < hsmHeader {
		return 0, nil, false
	}
	end := hsmHeader + int(binary.BigEndian.Uint16(plain[1:]))
	if end >= len(plain) || len(plain)-end > hsmBlock || plain[end] != 0x80 {
		return 0, nil, false
	}
	for _, b := range plain[end+1:] {
		if b != 0 {
			return 0, nil, false
		}
	}
	return plain[0], plain[hsmHeader:end], true
}

// hsmMessage is one message on the wire.
func hsmMessage(command byte, data ...[]byte) []byte {
	out := make([]byte, hsmHeader)
	out[0] = command
	for _, part := range data {
		out = append(out, part...)
	}
	binary.BigEndian.PutUint16(out[1:], uint16(len(out)-hsmHeader))
	return out
}

func hsmError(code hsmCode) []byte { return hsmMessage(hsmErrorAnswer, []byte{byte(code)}) }
