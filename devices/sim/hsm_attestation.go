package sim

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"
)

// The simulated devices' attestation certificates chain to one root whose key
// is public knowledge: it follows from this name. It may stand in for Yubico's
// in rehearsals and tests, and nowhere else.
const hsmRootName = "SIMULATED YubiHSM attestation root, proves nothing"

var hsmRoot = sync.OnceValues(func() (*ecdsa.PrivateKey, []byte) {
	scalar := sha256.Sum256([]byte(hsmRootName))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		return nil, nil
	}
	template := hsmCA(hsmRootName, big.NewInt(1))
	der, err := x509.CreateCertificate(nil, template, template, key.Public(), key) // no randomness: RFC 6979
	if err != nil {
		return nil, nil
	}
	return key, der
})

// HSMAttestationRoot is the certificate, in DER and always the same, that every
// simulated device's attestation certificate chains to.
func HSMAttestationRoot() []byte {
	_, der := hsmRoot()
	return append([]byte(nil), der...)
}

func hsmCA(name string, serial *big.Int) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2071, 10, 5, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		SignatureAlgorithm: x509.ECDSAWithSHA256,
	}
}

// makeAttestation is what the factory does: a P-256 key that no command can
// reach but SIGN ATTESTATION CERTIFICATE, and its certificate.
func (h *HSM) makeAttestation() {
	rootKey, rootDER := hsmRoot()
	root, err := x509.ParseCertificate(rootDER)
	if err != nil {
		return
	}
	for range 1000 {
		scalar := h.randomBytes(32)
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
		if err != nil {
			continue
		}
		template := hsmCA(fmt.Sprintf("YubiHSM Attestation (%d)", h.state.Serial), new(big.Int).SetBytes(h.randomBytes(16)))
		template.ExtraExtensions = h.deviceExtensions()
		der, err := x509.CreateCertificate(rand.Reader, template, root, key.Public(), rootKey)
		if err == nil {
			h.state.AttestationKey, h.state.AttestationCert = scalar, der
		}
		return
	}
}

// signAttestation: key ID(2) ‖ attesting key ID(2) → certificate (User Guide,
// "Attestation"). ID 0 is the factory's key; another needs the capability and
// a certificate stored as an opaque object under the same ID.
func (h *HSM) signAttestation(call *hsmCall) ([]byte, hsmCode) {
	o, code := h.key(call, binary.BigEndian.Uint16(call.data), hsmAsymmetric, 0)
	call.second = binary.BigEndian.Uint16(call.data[2:])
	if code != hsmOK {
		return nil, code
	}
	if h.frame.Fault == HSMRefuseAttest {
		return nil, hsmInvalidData
	}
	signer, issuer, code := h.attester(call, call.second)
	if code != hsmOK {
		return nil, code
	}
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(h.randomBytes(16)),
		Subject:      pkix.Name{CommonName: fmt.Sprintf("YubiHSM Attestation id 0x%04x", o.ID)},
		NotBefore:    issuer.NotBefore, NotAfter: issuer.NotAfter,
		ExtraExtensions: append(h.deviceExtensions(), o.extensions(h.frame.Fault)...),
	}
	switch signer.Public().(type) {
	case *rsa.PublicKey:
		template.SignatureAlgorithm = x509.SHA256WithRSA
	case *ecdsa.PublicKey:
		template.SignatureAlgorithm = x509.ECDSAWithSHA256
	default:
		return nil, hsmInvalidData
	}
	return hsmSigned(x509.CreateCertificate(rand.Reader, template, issuer, o.signer.Public(), signer))
}

func (h *HSM) attester(call *hsmCall, id uint16) (crypto.Signer, *x509.Certificate, hsmCode) {
	var signer crypto.Signer
	der := h.state.AttestationCert
	if id == 0 {
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), h.state.AttestationKey)
		if err != nil {
			return nil, nil, hsmStorageFailed
		}
		signer = key
	} else {
		key, cert := h.visible(call, id, hsmAsymmetric), h.visible(call, id, hsmOpaque)
		if key == nil || cert == nil {
			return nil, nil, hsmObjectNotFound
		}
		if !hsmCapAttest.within(key.Capabilities) {
			return nil, nil, hsmNotPermitted
		}
		signer, der = key.signer, cert.Secret
	}
	issuer, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, hsmInvalidData
	}
	return signer, issuer, hsmOK
}

// hsmExtension is 1.3.6.1.4.1.41482.4.n.
func hsmExtension(n int, value any) pkix.Extension {
	var der []byte
	if text, ok := value.(string); ok {
		der, _ = asn1.MarshalWithParams(text, "utf8")
	} else {
		der, _ = asn1.Marshal(value)
	}
	return pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 4, n}, Value: der}
}

func hsmBits(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }

// deviceExtensions: firmware and serial number.
func (h *HSM) deviceExtensions() []pkix.Extension {
	return []pkix.Extension{
		hsmExtension(1, h.state.Firmware[:]),
		hsmExtension(2, int64(h.state.Serial)),
	}
}

// extensions: origin, domains, capabilities, ID and label.
func (o *hsmObject) extensions(fault HSMFault) []pkix.Extension {
	origin := o.Origin
	if fault == HSMMisattest {
		origin = hsmImported
	}
	label, _, _ := strings.Cut(string(o.Label), "\x00")
	return []pkix.Extension{
		hsmExtension(3, hsmBits([]byte{origin})),
		hsmExtension(4, hsmBits(binary.BigEndian.AppendUint16(nil, o.Domains))),
		hsmExtension(5, hsmBits(binary.BigEndian.AppendUint64(nil, uint64(o.Capabilities)))),
		hsmExtension(6, int64(o.ID)),
		hsmExtension(9, strings.ToValidUTF8(label, "?")),
	}
}
