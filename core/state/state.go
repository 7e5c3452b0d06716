package state

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/gowebpki/jcs"

	"anodize/core/audit"
)

// State is what a log amounts to after its first TreeSize records. Digests are
// lower-case hex and empty as long as there is nothing to digest.
type State struct {
	Archive       string `json:"archive"`
	Mode          string `json:"mode"`
	ProfileSHA256 string `json:"profile_sha256"`

	TreeSize uint64 `json:"tree_size"` // records
	TreeRoot string `json:"tree_root"` // RFC 6962 tree head over them
	LastHash string `json:"last_hash"` // hash of the last one

	Sessions    int    `json:"sessions"`     // session.close records so far
	LastSession string `json:"last_session"` // the last one's directory
	Unreported  string `json:"unreported"`   // LastSession, until its session.verified
	OpenIntent  string `json:"open_intent"`  // directory of a closed intent session whose ceremony has not ended

	RootCertificateSHA256 string   `json:"root_certificate_sha256"`
	Intermediates         int      `json:"intermediates"` // certificates issued under the root
	Serials               []Serial `json:"serials"`       // named by an intent, in order
	CRLNumber             uint64   `json:"crl_number"`    // of the last CRL issued, 0 before
	CRLSHA256             string   `json:"crl_sha256"`
	CRLIntended           uint64   `json:"crl_intended"` // largest number that an intent named

	Key             *Key          `json:"key"`
	Roster          *audit.Roster `json:"roster"`           // of the last shares.committed
	ShareGeneration int           `json:"share_generation"` // largest that an intent named
	HSMFleet        []HSM         `json:"hsm_fleet"`        // in the order in which they joined
}

// Serial is a serial number that was used up.
type Serial struct {
	Serial string `json:"serial"`
	Issued bool   `json:"issued"` // a certificate with it is on record
}

// Key is the root's key.
type Key struct {
	HSM        string `json:"hsm"` // serial of the device that made it
	ID         int    `json:"id"`
	Label      string `json:"label"`
	Spec       string `json:"spec"`
	SPKISHA256 string `json:"spki_sha256"`
}

// HSM is a device of the fleet: it holds the root's key, once that is made.
type HSM struct {
	Serial        string `json:"serial"`
	Backend       string `json:"backend"`
	Firmware      string `json:"firmware"`
	Generations   []int  `json:"generations"`     // of the shares that may open it, rising; one if that is known
	LastLogNumber int    `json:"last_log_number"` // of the last device log entry on record
	LastLogDigest string `json:"last_log_digest"`
}

// NextCRLNumber returns the smallest number that an intent may name.
func (s State) NextCRLNumber() uint64 { return max(s.CRLNumber, s.CRLIntended) + 1 }

// Device finds an HSM of the fleet by its serial.
func (s State) Device(serial string) (HSM, bool) {
	i := slices.IndexFunc(s.HSMFleet, func(h HSM) bool { return h.Serial == serial })
	if i < 0 {
		return HSM{}, false
	}
	return s.HSMFleet[i], true
}

// Encode writes the file: the RFC 8785 form and one LF.
func (s State) Encode() ([]byte, error) {
	s = s.clone()
	plain, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	canonical, err := jcs.Transform(plain)
	if err != nil {
		return nil, fmt.Errorf("encode the state canonically: %w", err)
	}
	return append(canonical, '\n'), nil
}

// clone copies what s refers to, and makes empty lists of missing ones.
func (s State) clone() State {
	s.Serials = append([]Serial{}, s.Serials...)
	s.HSMFleet = append([]HSM{}, s.HSMFleet...)
	for i := range s.HSMFleet {
		s.HSMFleet[i].Generations = append([]int{}, s.HSMFleet[i].Generations...)
	}
	if s.Key != nil {
		key := *s.Key
		s.Key = &key
	}
	if s.Roster != nil {
		roster := *s.Roster
		roster.Members = append([]audit.Member{}, roster.Members...)
		s.Roster = &roster
	}
	return s
}

// Replay returns the state after the whole log, or the first rule it breaks.
func Replay(log *audit.Log) (State, error) { return At(log, log.Len()) }

// At returns the state after the first n records, which is the state before
// record n. STATE.JSON is the state before its own session's session.close.
func At(log *audit.Log, n uint64) (State, error) {
	if n > log.Len() {
		return State{}, fmt.Errorf("the log has %d records, not %d", log.Len(), n)
	}
	m := New(log.ProfileHash())
	for _, r := range log.Records()[:n] {
		if err := m.Apply(r); err != nil {
			return State{}, err
		}
	}
	return m.State(), nil
}
