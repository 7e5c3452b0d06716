package state

import (
	"errors"
	"fmt"

	"anodize/core/audit"
)

func (m *Machine) certificateIssued(e audit.CertificateIssued) error {
	if m.op == nil {
		return errors.New("no ceremony is open")
	}
	if err := m.mayAsk(m.op.hsm.Serial); err != nil {
		return err
	}
	if m.op.certificate {
		return errors.New("the ceremony has issued its certificate already")
	}
	if err := m.intendedCertificate(e); err != nil {
		return err
	}
	m.op.certificate = true
	m.made(e.File, e.SHA256)
	for i := range m.s.Serials {
		if m.s.Serials[i].Serial == e.Serial {
			m.s.Serials[i].Issued = true
		}
	}
	if e.Kind == "root" {
		m.s.RootCertificateSHA256 = e.SHA256
	} else {
		m.s.Intermediates++
	}
	return nil
}

// intendedCertificate compares a certificate with the open intent.
func (m *Machine) intendedCertificate(e audit.CertificateIssued) error {
	switch intent := m.op.intent.(type) {
	case audit.IntentInitRoot:
		if !m.op.key {
			return errors.New("no key.generated stands before it")
		}
		want := audit.CertificateIssued{Kind: "root", File: rootFile, SHA256: e.SHA256, Serial: intent.Serial,
			Subject: intent.Subject, NotBefore: intent.NotBefore, NotAfter: intent.NotAfter}
		if e != want {
			return errors.New("kind, file, serial, subject or validity are not the intent's")
		}
		return nil
	case audit.IntentSignCSR:
		if e.Kind != "intermediate" || e.File != intent.File || e.Serial != intent.Serial {
			return errors.New("kind, file or serial are not the intent's")
		}
		return nil
	default:
		return fmt.Errorf("%s issues no certificate", m.op.name)
	}
}

func (m *Machine) crlIssued(e audit.CRLIssued) error {
	if m.op == nil {
		return errors.New("no ceremony is open")
	}
	if err := m.mayAsk(m.op.hsm.Serial); err != nil {
		return err
	}
	if m.op.crl {
		return errors.New("the ceremony has issued its CRL already")
	}
	if err := m.intendedCRL(e); err != nil {
		return err
	}
	if e.Number <= m.s.CRLNumber {
		return fmt.Errorf("the CRL number %d does not rise above %d", e.Number, m.s.CRLNumber)
	}
	m.op.crl = true
	m.made(e.File, e.SHA256)
	m.s.CRLNumber, m.s.CRLSHA256 = e.Number, e.SHA256
	return nil
}

// intendedCRL compares a CRL with the open intent.
func (m *Machine) intendedCRL(e audit.CRLIssued) error {
	switch intent := m.op.intent.(type) {
	case audit.IntentInitRoot:
		if !m.op.certificate {
			return errors.New("no root certificate stands before it")
		}
		if e.Number != intent.CRLNumber || e.File != crlFile || e.NextUpdate != intent.NextUpdate || e.Revoked != 0 {
			return errors.New("number, file, next update or entries are not the intent's")
		}
		return nil
	case audit.IntentIssueCRL:
		if e.Number != intent.Number || e.File != intent.File {
			return errors.New("number or file are not the intent's")
		}
		return nil
	default:
		return fmt.Errorf("%s issues no CRL", m.op.name)
	}
}

// made notes a file that the session's directory must hold.
func (m *Machine) made(name, sha256 string) {
	m.op.made[name] = sha256
	m.session.made[name] = sha256
}
