package state

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
)

// Operations, as ceremony.begin names them.
const (
	initRoot = "init-root"
	signCSR  = "sign-csr"
	issueCRL = "issue-crl"

	migrateDisc = "migrate-disc"

	keyBackup   = "key-backup"
	rekeyShares = "rekey-shares"
	updateHSM   = "update-hsm"
	retireHSM   = "retire-hsm"
)

// The names that the root's own files have.
const (
	rootFile = "ROOT.CRT"
	crlFile  = "ROOT.CRL"
)

func (m *Machine) ceremonyBegin(e audit.CeremonyBegin) error {
	if err := m.idle(); err != nil {
		return err
	}
	if !m.session.clock {
		return errors.New("no clock.confirmed stands before it in its session")
	}
	if !m.session.claim {
		return errors.New("no environment.claimed stands before it in its session")
	}
	if rooted := m.s.RootCertificateSHA256 != ""; rooted == (e.Operation == initRoot) {
		return fmt.Errorf("%s with root certificate %q", e.Operation, m.s.RootCertificateSHA256)
	}
	if _, known := m.s.Device(e.HSM.Serial); e.Operation != initRoot && !known {
		return fmt.Errorf("the HSM %s is not of the fleet", e.HSM.Serial)
	}
	m.op = &operation{name: e.Operation, hsm: e.HSM, logins: map[string]bool{}, logs: map[string]bool{}, made: map[string]string{}}
	return nil
}

// mayIntend holds from ceremony.begin to the intent.
func (m *Machine) mayIntend(operation string) error {
	if m.op == nil || m.op.name != operation {
		return fmt.Errorf("no ceremony %s is open", operation)
	}
	if m.op.intent != nil {
		return errors.New("the ceremony has its intent already")
	}
	return nil
}

func (m *Machine) intend(e audit.Event) {
	m.op.intent = e
	m.finish(e, audit.IntentSession)
}

// useSerial uses a serial number up.
func (m *Machine) useSerial(serial string) error {
	if slices.ContainsFunc(m.s.Serials, func(s Serial) bool { return s.Serial == serial }) {
		return fmt.Errorf("the serial number %s is used up", serial)
	}
	m.s.Serials = append(m.s.Serials, Serial{Serial: serial})
	return nil
}

func (m *Machine) intentInitRoot(e audit.IntentInitRoot) error {
	if err := m.mayIntend(initRoot); err != nil {
		return err
	}
	if e.HSM != m.op.hsm {
		return fmt.Errorf("the HSM %s is not the one found at ceremony.begin, %s", e.HSM.Serial, m.op.hsm.Serial)
	}
	if e.CRLNumber < m.s.NextCRLNumber() {
		return fmt.Errorf("the CRL number %d is used up", e.CRLNumber)
	}
	if err := m.useSerial(e.Serial); err != nil {
		return err
	}
	m.s.CRLIntended = e.CRLNumber
	m.s.ShareGeneration = e.Generation
	m.intend(e)
	return nil
}

func (m *Machine) intentSignCSR(e audit.IntentSignCSR) error {
	if err := m.mayIntend(signCSR); err != nil {
		return err
	}
	if slices.Contains([]string{rootFile, crlFile, stateFile, profileFile, recordFile}, e.File) {
		return fmt.Errorf("%s is not a name for a new certificate", e.File)
	}
	for f := range m.named {
		if f.Name == e.File {
			return fmt.Errorf("a session holds another %s", e.File)
		}
	}
	if err := m.useSerial(e.Serial); err != nil {
		return err
	}
	m.intend(e)
	return nil
}

func (m *Machine) intentIssueCRL(e audit.IntentIssueCRL) error {
	if err := m.mayIntend(issueCRL); err != nil {
		return err
	}
	if e.File != crlFile {
		return fmt.Errorf("the file of a CRL is %s, not %s", crlFile, e.File)
	}
	if e.Number < m.s.NextCRLNumber() {
		return fmt.Errorf("the CRL number %d is used up", e.Number)
	}
	m.s.CRLIntended = e.Number
	m.intend(e)
	return nil
}

// intentAbandoned closes a ceremony whose record was never burned. A session
// that tells what the HSM did ends with ceremony.end instead.
func (m *Machine) intentAbandoned(e audit.IntentAbandoned) error {
	if m.s.OpenIntent == "" || e.Directory != m.s.OpenIntent {
		return fmt.Errorf("the open intent is %q, not %s", m.s.OpenIntent, e.Directory)
	}
	if m.session.device {
		return errors.New("its session tells what the HSM did, so ceremony.end is due")
	}
	if err := m.mayEnd(); err != nil {
		return err
	}
	m.endOperation()
	return nil
}

func (m *Machine) endOperation() {
	m.op, m.s.OpenIntent = nil, ""
}

// mayRead holds from the moment the intent is on the disc and was read back.
func (m *Machine) mayRead() error {
	if m.op == nil || !m.op.closed {
		return errors.New("no intent stands in a session before")
	}
	if m.s.Unreported != "" {
		return fmt.Errorf("the session %s was not verified", m.s.Unreported)
	}
	return nil
}

// mayUse holds from the moment the HSM may be changed or unlocked.
func (m *Machine) mayUse(serial string) error {
	if err := m.mayRead(); err != nil {
		return err
	}
	if m.op.name == migrateDisc {
		return errors.New("a migration uses no HSM")
	}
	if m.op.name == initRoot && !m.op.commit {
		return errors.New("no shares.committed stands in a session before")
	}
	if devices := m.op.devices(); !slices.Contains(devices, serial) {
		return fmt.Errorf("the HSM %s is none that the ceremony may open, %q", serial, devices)
	}
	return nil
}

// mayAsk holds once the HSM is unlocked.
func (m *Machine) mayAsk(serial string) error {
	if err := m.mayUse(serial); err != nil {
		return err
	}
	if !m.op.logins[serial] {
		return errors.New("no hsm.login stands before it")
	}
	return nil
}

func (m *Machine) keyGenerated(e audit.KeyGenerated) error {
	if err := m.mayAsk(e.Serial); err != nil {
		return err
	}
	intent, ok := m.op.intent.(audit.IntentInitRoot)
	if !ok || m.op.key {
		return errors.New("only init-root does this, once")
	}
	if e.Label != intent.KeyLabel || e.Spec != intent.KeySpec {
		return fmt.Errorf("%s %s is not the intended key, %s %s", e.Spec, e.Label, intent.KeySpec, intent.KeyLabel)
	}
	spki, err := base64.StdEncoding.DecodeString(e.SPKI)
	if err != nil {
		return fmt.Errorf("spki: %w", err)
	}
	digest := sha256.Sum256(spki)
	m.s.Key = &Key{HSM: e.Serial, ID: e.ID, Label: e.Label, Spec: e.Spec, SPKISHA256: hex.EncodeToString(digest[:])}
	m.op.key = true
	return nil
}

// keyAttested holds between key.generated and the first use of the key.
func (m *Machine) keyAttested(e audit.KeyAttested) error {
	if err := m.mayAsk(e.Serial); err != nil {
		return err
	}
	if !m.op.key || m.op.attested || m.op.certificate {
		return errors.New("it stands once, right after the key was made and before it was used")
	}
	if e.Serial != m.s.Key.HSM || e.ID != m.s.Key.ID {
		return fmt.Errorf("the key %#04x of HSM %s is not the one that was made", e.ID, e.Serial)
	}
	m.op.attested = true
	return nil
}

func (m *Machine) fingerprintCompared(e audit.FingerprintCompared) error {
	if m.op == nil || m.op.made[e.File] != e.SHA256 {
		return fmt.Errorf("the ceremony made no %s with SHA-256 %s", e.File, e.SHA256)
	}
	return nil
}

func (m *Machine) ceremonyEnd(e audit.CeremonyEnd) error {
	if m.op == nil || m.op.name != e.Operation {
		return fmt.Errorf("no ceremony %s is open", e.Operation)
	}
	if !m.op.closed {
		return errors.New("its intent does not stand in a session before")
	}
	if err := m.mayEnd(); err != nil {
		return err
	}
	if e.Outcome == "done" && !m.complete() {
		return errors.New("the outcome is done, but something that was intended, or the HSM's log, is not on record")
	}
	m.endOperation()
	m.finish(e, audit.RecordSession)
	return nil
}

// complete reports whether all that the operation is for is on record.
func (m *Machine) complete() bool {
	o := m.op
	logged := o.logs[o.hsm.Serial]
	switch intent := o.intent.(type) {
	case audit.IntentInitRoot:
		return o.key && o.certificate && o.crl && logged
	case audit.IntentSignCSR:
		return o.certificate && logged
	case audit.IntentKeyBackup:
		return o.copied && logged && o.logs[intent.To.Serial]
	case audit.IntentRekeyShares:
		return o.commit && m.rekeyed(intent)
	case audit.IntentUpdateHSM:
		return o.logs[intent.HSM.Serial] && slices.Equal(m.device(intent.HSM.Serial).Generations, []int{intent.Generation})
	case audit.IntentRetireHSM:
		return o.retired
	case audit.IntentMigrateDisc:
		return o.migrated
	default:
		return o.crl && logged
	}
}
