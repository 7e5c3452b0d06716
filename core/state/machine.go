package state

import (
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"anodize/core/audit"
)

// ErrRule is wrapped by every error that says that a log breaks a rule.
var ErrRule = errors.New("a rule of the log is broken")

// Machine replays a log record by record.
type Machine struct {
	s       State
	roots   []string                    // tree head after each record
	last    time.Time                   // of the last session's directory
	named   map[audit.FileFact]struct{} // by every session.close
	session session
	op      *operation // the open ceremony

	ended bool // the last record is ceremony.end

	lastClose string // hash of the last session.close
	oldDisc   string // last session on the disc before this one, until it is told what became of that; else empty
}

// session is what the records since the last session.close did.
type session struct {
	clock  bool              // clock.confirmed
	claim  bool              // environment.claimed
	over   string            // the event after which the session can only be closed
	kind   audit.Kind        // from the same event
	device bool              // it tells what an HSM did
	made   map[string]string // SHA-256 of each file issued, by name

	record *audit.RecordMade // nil if there is none
}

// operation is a ceremony that has begun and not ended.
type operation struct {
	name   string
	hsm    audit.HSMFacts
	intent audit.Event // nil until it is in the log
	closed bool        // its session is closed
	roster *audit.Roster
	commit bool // the session with the roster is closed

	pending *HSM            // bootstrapped for a backup, and without the key so far
	logins  map[string]bool // HSMs that were opened, by serial number
	logs    map[string]bool // HSMs whose log was recorded

	bootstrapped, key, attested, certificate, crl, copied, retired, migrated bool

	made map[string]string // SHA-256 of each file issued, by name
}

// New returns a machine that awaits record 0 of the archive whose profile has
// that SHA-256.
func New(profileHash [32]byte) *Machine {
	hash := hex.EncodeToString(profileHash[:])
	return &Machine{
		s:       State{ProfileSHA256: hash, LastHash: hash}.clone(),
		named:   map[audit.FileFact]struct{}{},
		session: session{made: map[string]string{}},
	}
}

// State returns the state after the records applied so far.
func (m *Machine) State() State { return m.s.clone() }

// Apply takes the next record, which must come from a log. On an error, which
// wraps ErrRule, the machine is as it was.
func (m *Machine) Apply(r audit.Record) error {
	if err := m.apply(r); err != nil {
		name := "no event"
		if r.Event != nil {
			name = r.Event.Name()
		}
		return fmt.Errorf("%w: record %d, %s: %w", ErrRule, r.Seq, name, err)
	}
	root := r.TreeHead()
	m.s.TreeSize++
	m.s.TreeRoot = hex.EncodeToString(root[:])
	m.s.LastHash = hex.EncodeToString(r.Hash[:])
	m.roots = append(m.roots, m.s.TreeRoot)
	_, m.ended = r.Event.(audit.CeremonyEnd)
	if _, closed := r.Event.(audit.SessionClose); closed {
		m.lastClose = m.s.LastHash
	}
	return nil
}

func (m *Machine) apply(r audit.Record) error {
	if r.Seq != m.s.TreeSize || hex.EncodeToString(r.Prev[:]) != m.s.LastHash {
		return fmt.Errorf("it does not follow record %d", int64(m.s.TreeSize)-1)
	}
	if _, genesis := r.Event.(audit.Genesis); genesis != (r.Seq == 0) {
		return errors.New("archive.genesis is record 0 and no other")
	}
	if err := m.mayFollow(r.Event); err != nil {
		return err
	}
	switch e := r.Event.(type) {
	case audit.Genesis:
		m.s.Archive, m.s.Mode = e.Archive, e.Mode
		return nil
	case audit.ClockConfirmed:
		m.session.clock = true
		return nil
	case audit.SessionVoid:
		return nil
	case audit.EnvironmentClaimed:
		return m.environmentClaimed()
	case audit.HeadCompared:
		return m.headCompared(e)
	case audit.SessionVerified:
		return m.sessionVerified(e)
	case audit.DiscMigrated:
		return m.discMigrated(e)
	case audit.RecordMade:
		return m.recordMade(e)
	case audit.SessionClose:
		return m.sessionClose(e)
	case audit.ExportDone:
		return m.exportDone(e)
	case audit.ExportFailed:
		return m.idle()
	case audit.DiscLeft:
		return m.discLeft(e)
	default:
		return m.applyCeremony(r.Event)
	}
}

func (m *Machine) applyCeremony(e audit.Event) error {
	switch e := e.(type) {
	case audit.CeremonyBegin:
		return m.ceremonyBegin(e)
	case audit.IntentInitRoot:
		return m.intentInitRoot(e)
	case audit.IntentSignCSR:
		return m.intentSignCSR(e)
	case audit.IntentIssueCRL:
		return m.intentIssueCRL(e)
	case audit.IntentMigrateDisc:
		return m.intentMigrateDisc(e)
	case audit.IntentKeyBackup:
		return m.intentKeyBackup(e)
	case audit.IntentRekeyShares:
		return m.intentRekeyShares(e)
	case audit.IntentUpdateHSM:
		return m.intentUpdateHSM(e)
	case audit.IntentRetireHSM:
		return m.intentRetireHSM(e)
	case audit.IntentAbandoned:
		return m.intentAbandoned(e)
	case audit.SharesCommitted:
		return m.sharesCommitted(e)
	case audit.HSMBootstrapped:
		return m.hsmBootstrapped(e)
	case audit.HSMLogin:
		return m.hsmLogin(e)
	case audit.HSMLog:
		return m.hsmLog(e)
	case audit.KeyGenerated:
		return m.keyGenerated(e)
	case audit.KeyAttested:
		return m.keyAttested(e)
	case audit.KeyCopied:
		return m.keyCopied(e)
	case audit.HSMRetired:
		return m.hsmRetired(e)
	case audit.CertificateIssued:
		return m.certificateIssued(e)
	case audit.CRLIssued:
		return m.crlIssued(e)
	case audit.FingerprintCompared:
		return m.fingerprintCompared(e)
	case audit.CeremonyEnd:
		return m.ceremonyEnd(e)
	default:
		return errors.New("no rule allows it")
	}
}

// mayFollow refuses everything after the event that a session was made for.
func (m *Machine) mayFollow(e audit.Event) error {
	if m.session.over == "" {
		return nil
	}
	switch e.(type) {
	case audit.SessionVoid, audit.DiscMigrated, audit.ClockConfirmed, audit.RecordMade, audit.SessionClose:
		return nil
	}
	return fmt.Errorf("after %s a session can only be closed", m.session.over)
}

// finish marks e as what its session was made for.
func (m *Machine) finish(e audit.Event, kind audit.Kind) {
	m.session.over, m.session.kind = e.Name(), kind
}

// idle holds between ceremonies.
func (m *Machine) idle() error {
	if m.op != nil {
		return fmt.Errorf("the ceremony %s is open", m.op.name)
	}
	return nil
}

func (m *Machine) environmentClaimed() error {
	if m.session.claim {
		return errors.New("its session has one already")
	}
	m.session.claim = true
	return m.idle()
}

func (m *Machine) headCompared(e audit.HeadCompared) error {
	if e.Size > uint64(len(m.roots)) {
		return fmt.Errorf("it is over %d records, of which there are only %d", e.Size, len(m.roots))
	}
	if e.Size == 0 || m.roots[e.Size-1] != e.Root {
		return fmt.Errorf("this log never had the head %d:%s", e.Size, e.Root)
	}
	return nil
}
