package archive

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/ca"
	"anodize/core/profile"
)

// issued walks through a log, with what certificates and CRLs are compared with.
type issued struct {
	v       *verifier
	session int // index of the session that the present record belongs to
	mode    string
	asked   asked // its profile is nil if that cannot be read
	intent  audit.Event
	spki    []byte // from key.generated
	root    *x509.Certificate

	certificates, crls int
}

// checkArtifacts parses every request, certificate and CRL and compares it with
// the log.
func (v *verifier) checkArtifacts(c *check) string {
	w := &issued{v: v}
	w.asked.profile, _ = profile.Parse(v.res.Profile) // checkProfile says what is wrong with it
	for _, r := range v.res.Log.Records() {
		if err := w.record(r); err != nil {
			c.error("record %d, %s: %v", r.Seq, r.Event.Name(), err)
		}
	}
	if w.certificates+w.crls == 0 {
		c.warn("nothing was issued")
		return ""
	}
	return fmt.Sprintf("%d certificates and %d CRLs are as intended, under one root's signature", w.certificates, w.crls)
}

func (w *issued) record(r audit.Record) error {
	switch e := r.Event.(type) {
	case audit.Genesis:
		w.mode = e.Mode
		if e.Mode == "rehearsal" {
			w.asked.prefix = rehearsalPrefix
		}
	case audit.SessionClose:
		w.session++
	case audit.IntentInitRoot, audit.IntentIssueCRL:
		w.intent, w.asked.at = e, r.Time
	case audit.IntentSignCSR:
		w.intent, w.asked.at = e, r.Time
		_, err := readRequest(e)
		return err
	case audit.KeyGenerated:
		spki, err := base64.StdEncoding.DecodeString(e.SPKI)
		w.spki = spki
		return err
	case audit.CertificateIssued:
		w.certificates++
		return w.certificate(e)
	case audit.CRLIssued:
		w.crls++
		return w.crl(e)
	}
	return nil
}

// file reads a file of the present session and compares its SHA-256.
func (w *issued) file(name, sum string) ([]byte, error) {
	dirs := w.v.newest.session.Directories
	if w.session >= len(dirs) {
		return nil, fmt.Errorf("the session with %s is missing", name)
	}
	der, err := readFile(dirs[w.session], name, maxArtifact)
	if err != nil {
		return nil, err
	}
	if got := sha256.Sum256(der); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("%s/%s has the SHA-256 %x, not %s", dirs[w.session].Name, name, got, sum)
	}
	return der, nil
}

// readRequest verifies a request's signature before anything else of it but the
// kind and size of its key, which bound how long that takes.
func readRequest(e audit.IntentSignCSR) (*x509.CertificateRequest, error) {
	der, err := base64.StdEncoding.DecodeString(e.CSR)
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	csr, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	if _, err := ca.AlgorithmOf(csr.PublicKey); err != nil {
		return nil, fmt.Errorf("csr: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return nil, fmt.Errorf("csr: its signature: %w", err)
	}
	return csr, nil
}

func (w *issued) certificate(e audit.CertificateIssued) error {
	der, err := w.file(e.File, e.SHA256)
	if err != nil {
		return err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	if err := sameCertificate(cert, e); err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	if !cert.BasicConstraintsValid || !cert.IsCA {
		return fmt.Errorf("%s: not the certificate of a CA", e.File)
	}
	if rehearsal := strings.HasPrefix(cert.Subject.CommonName, rehearsalPrefix); rehearsal != (w.mode == "rehearsal") && w.mode != "dev" {
		return fmt.Errorf("%s: the name %q in a %s archive", e.File, cert.Subject.CommonName, w.mode)
	}
	if e.Kind == "root" {
		return w.rootCertificate(cert, e)
	}
	return w.intermediate(cert, e)
}

func sameCertificate(cert *x509.Certificate, e audit.CertificateIssued) error {
	switch {
	case audit.SerialText(cert.SerialNumber) != e.Serial:
		return fmt.Errorf("its serial number is %x, the log's %s", cert.SerialNumber, e.Serial)
	case cert.Subject.String() != e.Subject:
		return fmt.Errorf("its subject is %q, the log's %q", cert.Subject, e.Subject)
	case !sameTime(cert.NotBefore, e.NotBefore) || !sameTime(cert.NotAfter, e.NotAfter):
		return fmt.Errorf("it is valid from %v to %v, by the log from %s to %s", cert.NotBefore, cert.NotAfter, e.NotBefore, e.NotAfter)
	}
	return nil
}

func sameTime(t time.Time, text string) bool { return t.UTC().Format(time.RFC3339) == text }

func (w *issued) rootCertificate(cert *x509.Certificate, e audit.CertificateIssued) error {
	if w.root != nil {
		return errors.New("there is another root certificate already")
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, w.spki) {
		return fmt.Errorf("%s: its key is not the one of key.generated", e.File)
	}
	if !bytes.Equal(cert.RawIssuer, cert.RawSubject) {
		return fmt.Errorf("%s: issuer and subject differ", e.File)
	}
	if _, err := ca.AlgorithmOf(cert.PublicKey); err != nil { // also bounds how long a signature takes
		return fmt.Errorf("%s: %w", e.File, err)
	}
	if err := cert.CheckSignatureFrom(cert); err != nil {
		return fmt.Errorf("%s: its signature: %w", e.File, err)
	}
	w.root, w.v.res.Root = cert, cert.Raw
	if err := w.asked.root(cert); err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	return nil
}

func (w *issued) intermediate(cert *x509.Certificate, e audit.CertificateIssued) error {
	intent, ok := w.intent.(audit.IntentSignCSR)
	if !ok || w.root == nil {
		return fmt.Errorf("%s: no request, or no root certificate, stands before it", e.File)
	}
	tbs, err := base64.StdEncoding.DecodeString(intent.TBS)
	if err != nil || !bytes.Equal(cert.RawTBSCertificate, tbs) {
		return fmt.Errorf("%s: the signed bytes are not the intended ones", e.File)
	}
	csr, err := readRequest(intent)
	if err != nil {
		return err
	}
	if !bytes.Equal(cert.RawSubjectPublicKeyInfo, csr.RawSubjectPublicKeyInfo) {
		return fmt.Errorf("%s: its key is not the request's", e.File)
	}
	if cert.NotAfter.After(w.root.NotAfter) {
		return fmt.Errorf("%s: it outlives the root", e.File)
	}
	if err := cert.CheckSignatureFrom(w.root); err != nil {
		return fmt.Errorf("%s: its signature: %w", e.File, err)
	}
	if err := w.asked.intermediate(cert, w.root, csr, intent.Profile); err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	return nil
}

func (w *issued) crl(e audit.CRLIssued) error {
	der, err := w.file(e.File, e.SHA256)
	if err != nil {
		return err
	}
	if w.root == nil {
		return fmt.Errorf("%s: no root certificate stands before it", e.File)
	}
	crl, err := x509.ParseRevocationList(der)
	if err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	if err := crl.CheckSignatureFrom(w.root); err != nil {
		return fmt.Errorf("%s: its signature: %w", e.File, err)
	}
	if crl.Number == nil || crl.Number.Cmp(new(big.Int).SetUint64(e.Number)) != 0 {
		return fmt.Errorf("%s: its number is %v, the log's %d", e.File, crl.Number, e.Number)
	}
	if !sameTime(crl.ThisUpdate, e.ThisUpdate) || !sameTime(crl.NextUpdate, e.NextUpdate) {
		return fmt.Errorf("%s: its times are %v and %v, the log's %s and %s", e.File, crl.ThisUpdate, crl.NextUpdate, e.ThisUpdate, e.NextUpdate)
	}
	if len(crl.RevokedCertificateEntries) != e.Revoked {
		return fmt.Errorf("%s: it has %d entries, by the log %d", e.File, len(crl.RevokedCertificateEntries), e.Revoked)
	}
	if intent, ok := w.intent.(audit.IntentIssueCRL); ok {
		tbs, err := base64.StdEncoding.DecodeString(intent.TBS)
		if err != nil || !bytes.Equal(crl.RawTBSRevocationList, tbs) {
			return fmt.Errorf("%s: the signed bytes are not the intended ones", e.File)
		}
	}
	w.v.res.CRL = der
	if err := w.asked.list(crl); err != nil {
		return fmt.Errorf("%s: %w", e.File, err)
	}
	return nil
}
