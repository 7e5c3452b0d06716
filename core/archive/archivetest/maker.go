package archivetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"math/big"
	"testing"
	"time"

	"anodize/core/audit"
	"anodize/core/hsm/attestation"
)

// Maker is who vouches for HSMs: a root, and the certificate of the one device.
type Maker struct {
	PEM []byte // the root

	root, device       *x509.Certificate
	rootKey, deviceKey *ecdsa.PrivateKey
}

// simulatedRoot is the name from which the simulated devices' root has its key.
const simulatedRoot = "SIMULATED YubiHSM attestation root, proves nothing"

// NewMaker makes a root that nobody else has.
func NewMaker(tb testing.TB) *Maker {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return newMaker(tb, "Example Attestation Root", key)
}

// SimulatedMaker has the root of the simulated devices.
func SimulatedMaker(tb testing.TB) *Maker {
	tb.Helper()
	scalar := sha256.Sum256([]byte(simulatedRoot))
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		tb.Fatal(err)
	}
	return newMaker(tb, simulatedRoot, key)
}

func newMaker(tb testing.TB, name string, key *ecdsa.PrivateKey) *Maker {
	tb.Helper()
	m := &Maker{rootKey: key}
	var err error
	if m.deviceKey, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		tb.Fatal(err)
	}
	root := authority(name)
	m.root = m.certify(tb, root, root, key.Public(), key)
	device := authority("YubiHSM Attestation (34332673)")
	device.ExtraExtensions = m.extensions(tb)[:2]
	m.device = m.certify(tb, device, m.root, m.deviceKey.Public(), key)
	m.PEM = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: m.root.Raw})
	return m
}

// Device is the certificate of the device, in DER.
func (m *Maker) Device() []byte { return m.device.Raw }

// Roots trusts this maker alone.
func (m *Maker) Roots(tb testing.TB) attestation.Roots {
	tb.Helper()
	roots, err := attestation.ParseRoots(m.PEM)
	if err != nil {
		tb.Fatal(err)
	}
	return roots
}

func authority(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Date(2017, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2071, 10, 5, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
}

func (m *Maker) certify(tb testing.TB, template, parent *x509.Certificate, public, key any) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		tb.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return cert
}

// extensions are firmware, serial number, origin, domains, capabilities, number
// and label.
func (m *Maker) extensions(tb testing.TB) []pkix.Extension {
	tb.Helper()
	bits := func(b []byte) asn1.BitString { return asn1.BitString{Bytes: b, BitLength: 8 * len(b)} }
	var all []pkix.Extension
	for _, e := range []struct {
		number int
		value  any
		params string
	}{
		{1, []byte{2, 4, 1}, ""}, {2, 34332673, ""}, {3, bits([]byte{1}), ""}, {4, bits([]byte{0, 1}), ""},
		{5, bits(binary.BigEndian.AppendUint64(nil, 1<<7|1<<16)), ""}, {6, 1, ""}, {9, "root", "utf8"},
	} {
		der, err := asn1.MarshalWithParams(e.value, e.params)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, pkix.Extension{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 4, e.number}, Value: der})
	}
	return all
}

// Attested adds what the device attests of a key.
func (b *Builder) Attested(public any) {
	b.TB.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(5), Subject: pkix.Name{CommonName: "YubiHSM Attestation id 0x0001"},
		NotBefore: b.Maker.device.NotBefore, NotAfter: b.Maker.device.NotAfter, ExtraExtensions: b.Maker.extensions(b.TB)}
	key := b.Maker.certify(b.TB, template, b.Maker.device, public, b.Maker.deviceKey)
	b.Device(0x64)
	b.Add(audit.KeyAttested{Serial: hsmSerial, ID: 1, Chain: []string{
		base64.StdEncoding.EncodeToString(key.Raw), base64.StdEncoding.EncodeToString(b.Maker.device.Raw)}})
}
