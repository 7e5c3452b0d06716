package sim

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/binary"
	"math/big"
)

// hsmOAEP is a hash for the label and one for the mask. The host sends the
// label's digest, which crypto/rsa does not take: the encoding is done here.
type hsmOAEP struct {
	hash, mask crypto.Hash
	label      []byte // its digest
}

// hsmOAEPHash is the hash of an RSA-OAEP algorithm; 0 for another one.
func hsmOAEPHash(algorithm byte) crypto.Hash {
	return map[byte]crypto.Hash{25: crypto.SHA1, 26: crypto.SHA256, 27: crypto.SHA384, 28: crypto.SHA512}[algorithm]
}

// hsmMaskHash is the hash of an RSA-MGF1 algorithm; 0 for another one.
func hsmMaskHash(algorithm byte) crypto.Hash {
	return map[byte]crypto.Hash{hsmMGF1SHA1: crypto.SHA1, hsmMGF1SHA2: crypto.SHA256, 34: crypto.SHA384, hsmMGF1SHA5: crypto.SHA512}[algorithm]
}

// hsmXORMask is MGF1 (RFC 8017, appendix B.2.1), added to data.
func hsmXORMask(data, seed []byte, mask crypto.Hash) {
	for i := uint32(0); len(data) > 0; i++ {
		m := mask.New()
		m.Write(seed)
		m.Write(binary.BigEndian.AppendUint32(nil, i))
		n := subtle.XORBytes(data, data, m.Sum(nil))
		data = data[n:]
	}
}

// seal encrypts (RFC 8017, section 7.1.1); seed is as long as the hash.
func (o hsmOAEP) seal(key *rsa.PublicKey, seed, plain []byte) ([]byte, error) {
	size := key.Size()
	if len(plain) > size-2*o.hash.Size()-2 {
		return nil, errHSMWrap
	}
	em := make([]byte, size)
	masked, db := em[1:1+o.hash.Size()], em[1+o.hash.Size():]
	copy(masked, seed)
	copy(db, o.label)
	db[len(db)-len(plain)-1] = 1
	copy(db[len(db)-len(plain):], plain)
	hsmXORMask(db, masked, o.mask)
	hsmXORMask(masked, db, o.mask)
	c := new(big.Int).Exp(new(big.Int).SetBytes(em), big.NewInt(int64(key.E)), key.N)
	return c.FillBytes(em), nil
}

// open decrypts (RFC 8017, section 7.1.2).
func (o hsmOAEP) open(key *rsa.PrivateKey, sealed []byte) ([]byte, error) {
	c := new(big.Int).SetBytes(sealed)
	if len(sealed) != key.Size() || c.Cmp(key.N) >= 0 {
		return nil, errHSMWrap
	}
	em := new(big.Int).Exp(c, key.D, key.N).FillBytes(make([]byte, key.Size()))
	masked, db := em[1:1+o.hash.Size()], em[1+o.hash.Size():]
	hsmXORMask(masked, db, o.mask)
	hsmXORMask(db, masked, o.mask)
	padding, plain, found := bytes.Cut(db[o.hash.Size():], []byte{1})
	if em[0] != 0 || !bytes.Equal(db[:o.hash.Size()], o.label) || !found || !bytes.Equal(padding, make([]byte, len(padding))) {
		return nil, errHSMWrap
	}
	return plain, nil
}
