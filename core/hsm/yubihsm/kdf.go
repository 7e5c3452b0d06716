package yubihsm

import (
	"anodize/core/secret"
)

// Derivation constants (GlobalPlatform Amendment D, SCP03, table 4-1).
const (
	deriveCardCryptogram byte = 0x00
	deriveHostCryptogram byte = 0x01
	deriveSENC           byte = 0x04
	deriveSMAC           byte = 0x06
	deriveSRMAC          byte = 0x07
)

// derive is the key derivation of SCP03 (section 4.1.5): NIST SP 800-108 in
// counter mode with CMAC, cut to size bytes (at most one block). Its label is
// eleven zero bytes and the constant; its context the two challenges.
func derive(key []byte, constant byte, size int, host, card [challengeSize]byte) ([]byte, error) {
	bits := size * 8
	label := [12]byte{11: constant}
	mac, err := cmac(key, label[:], []byte{0, byte(bits >> 8), byte(bits), 1}, host[:], card[:])
	if err != nil {
		return nil, err
	}
	return mac[:size], nil
}

// sessionKeys are what one session encrypts and authenticates with.
type sessionKeys struct {
	enc  *secret.Bytes // S-ENC
	mac  *secret.Bytes // S-MAC, for commands
	rmac *secret.Bytes // S-RMAC, for answers
}

// deriveSession returns the keys of a session under an authentication key,
// K-ENC and K-MAC one after the other.
func deriveSession(auth []byte, host, card [challengeSize]byte) (sessionKeys, error) {
	var k sessionKeys
	for _, d := range []struct {
		to       **secret.Bytes
		from     []byte
		constant byte
	}{
		{&k.enc, auth[:keySize], deriveSENC},
		{&k.mac, auth[keySize:], deriveSMAC},
		{&k.rmac, auth[keySize:], deriveSRMAC},
	} {
		b, err := derive(d.from, d.constant, keySize, host, card)
		if err != nil {
			k.wipe()
			return sessionKeys{}, err
		}
		*d.to = secret.Own(b)
	}
	return k, nil
}

func (k sessionKeys) wipe() {
	k.enc.Wipe()
	k.mac.Wipe()
	k.rmac.Wipe()
}
