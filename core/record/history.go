package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"anodize/core/audit"
	"anodize/core/hsm"
	"anodize/core/state"
)

// history is a log as the page tells it: the ceremony that has just ended in
// full, and what came before it in tables.
type history struct {
	log     *audit.Log
	genesis audit.Genesis
	rosters []audit.Roster // who holds the shares: every split so far
	fleet   []state.HSM    // as it is now; empty if it was never to be changed

	steps []audit.Record // since the ceremony.end before, the last one ceremony.end
	now   ceremony       // the ceremony that the record is of
	past  []ceremony

	sessions []session
	issues   []issue
	remarks  []remark
}

// ceremony is a ceremony.begin and what followed.
type ceremony struct {
	audit.CeremonyBegin
	at     time.Time
	intent audit.Event // nil if it never had one
	made   []string    // files issued
	end    time.Time
	how    string // done, stopped or abandoned
	words  string // why
}

// session is a closed one.
type session struct {
	audit.SessionClose
	verified *audit.SessionVerified // nil if no record says so
}

// issue is a certificate or CRL on record.
type issue struct {
	seq    uint64
	file   string
	sha256 string
	what   markup // serial number and subject, or number
	at     time.Time
	der    []byte // of this ceremony's
}

// remark is something that a person should read: a warning, an exception, an
// attempt that came to nothing.
type remark struct {
	seq  uint64
	at   time.Time
	what string
	why  string // words of people or of a device; may be empty
}

// readHistory reads a log that keeps its rules and ends with ceremony.end.
func readHistory(log *audit.Log) (*history, error) {
	h := &history{log: log}
	records := log.Records()
	if len(records) == 0 {
		return nil, errors.New("the log is empty")
	}
	if _, ended := records[len(records)-1].Event.(audit.CeremonyEnd); !ended {
		return nil, fmt.Errorf("the log's last record is %s: the record of a ceremony is made right after its ceremony.end", records[len(records)-1].Event.Name())
	}
	begun := false
	fresh := 0 // the first record that belongs to the ceremony under way
	for i, r := range records {
		h.read(r)
		switch e := r.Event.(type) {
		case audit.Genesis:
			h.genesis = e
		case audit.SharesCommitted:
			h.rosters = append(h.rosters, e.Roster)
		case audit.CeremonyBegin:
			h.now, begun = ceremony{CeremonyBegin: e, at: r.Time}, true
		case audit.IntentInitRoot, audit.IntentSignCSR, audit.IntentIssueCRL, audit.IntentMigrateDisc,
			audit.IntentKeyBackup, audit.IntentRekeyShares, audit.IntentUpdateHSM, audit.IntentRetireHSM:
			h.now.intent = e
		case audit.IntentAbandoned:
			h.close(r.Time, "abandoned", e.Explanation)
		case audit.CeremonyEnd:
			h.close(r.Time, e.Outcome, e.Words)
			h.steps = records[fresh:]
			fresh = i + 1
		}
	}
	if !begun {
		return nil, errors.New("the log has no ceremony.begin")
	}
	h.now, h.past = h.past[len(h.past)-1], h.past[:len(h.past)-1]
	return h, h.readFleet()
}

// close ends the ceremony under way.
func (h *history) close(at time.Time, how, why string) {
	h.now.end, h.now.how, h.now.words = at, how, why
	h.past = append(h.past, h.now)
	h.now = ceremony{}
}

// read takes a record into the tables.
func (h *history) read(r audit.Record) {
	switch e := r.Event.(type) {
	case audit.SessionClose:
		if n := len(h.sessions); n > 0 && h.sessions[n-1].verified == nil {
			h.remark(r, "No record says that session "+h.sessions[n-1].Directory+" was read back", "")
		}
		h.sessions = append(h.sessions, session{SessionClose: e})
	case audit.SessionVerified:
		if n := len(h.sessions); n > 0 {
			h.sessions[n-1].verified = &e
		}
	case audit.CertificateIssued:
		h.issued(r, e.File, e.SHA256, lines(data(e.Subject), join(words("serial number "), mono(e.Serial))))
	case audit.CRLIssued:
		h.issued(r, e.File, e.SHA256, join(words("CRL number "), number(e.Number), words(", "), counted(e.Revoked, "revoked certificate"), words(", next update "), data(e.NextUpdate)))
	case audit.HSMLog:
		h.readDeviceLog(r, e)
	default:
		h.readTrouble(r)
	}
}

func (h *history) issued(r audit.Record, file, sha256 string, what markup) {
	h.issues = append(h.issues, issue{seq: r.Seq, file: file, sha256: sha256, what: what, at: r.Time})
	h.now.made = append(h.now.made, file)
}

func (h *history) remark(r audit.Record, what, why string) {
	h.remarks = append(h.remarks, remark{r.Seq, r.Time, what, why})
}

// readTrouble remarks on records that say that something did not go as meant.
func (h *history) readTrouble(r audit.Record) {
	switch e := r.Event.(type) {
	case audit.ClockConfirmed:
		if e.Adjusted > 0 {
			h.remark(r, fmt.Sprintf("The session's time was moved forward by %d s, to follow the last session", e.Adjusted), "")
		}
	case audit.SessionVoid:
		h.remark(r, fmt.Sprintf("The burn at sector %d (track %d) failed", e.Address, e.Track), e.Reason)
	case audit.DiscMigrated:
		h.remark(r, fmt.Sprintf("From here on the archive stands on another disc: a %s after a %s", e.To.Name, e.From.Name), e.Reason)
	case audit.IntentAbandoned:
		h.remark(r, "The intent "+e.Directory+" was abandoned", e.Explanation)
	case audit.FingerprintCompared:
		if !e.Same {
			h.remark(r, "The fingerprint of "+e.File+" was not the same", "")
		}
	case audit.ExportFailed:
		h.remark(r, "The stick did not take the files", e.Reason)
	case audit.CeremonyEnd:
		if e.Outcome != "done" {
			h.remark(r, "The ceremony was stopped: "+e.Operation, e.Words)
		}
	}
}

// readDeviceLog remarks on what the HSM says that its log does not tell.
func (h *history) readDeviceLog(r audit.Record, e audit.HSMLog) {
	if e.UnloggedBoots > 0 || e.UnloggedAuths > 0 {
		h.remark(r, fmt.Sprintf("HSM %s did not log everything: its log was full at starts: %d, at sessions: %d", e.Serial, e.UnloggedBoots, e.UnloggedAuths), "")
	}
	for _, entry := range deviceEntries(e) {
		if !entry.Succeeded() {
			h.remark(r, fmt.Sprintf("HSM %s did not carry out %s (entry %d of its log)", e.Serial, entry.Name(), entry.Number), "")
		}
	}
}

// deviceEntries reads the entries of a device's log.
func deviceEntries(e audit.HSMLog) []hsm.LogEntry {
	var entries []hsm.LogEntry
	for _, line := range e.Entries {
		raw, err := hex.DecodeString(line)
		if err != nil || len(raw) != hsm.LogEntrySize {
			continue // a log holds none such
		}
		entries = append(entries, hsm.ParseLogEntry([hsm.LogEntrySize]byte(raw)))
	}
	return entries
}

// first is the number of the record with which the page's steps begin.
func (h *history) first() uint64 { return h.steps[0].Seq }

// present lists what this ceremony issued.
func (h *history) present() []*issue {
	var out []*issue
	for i := range h.issues {
		if h.issues[i].seq >= h.first() {
			out = append(out, &h.issues[i])
		}
	}
	return out
}

// readFiles takes the files that this ceremony issued.
func (h *history) readFiles(file func(string) ([]byte, error)) error {
	for _, i := range h.present() {
		der, err := file(i.file)
		if err != nil {
			return fmt.Errorf("reading %s: %w", i.file, err)
		}
		if sum := sha256.Sum256(der); hex.EncodeToString(sum[:]) != i.sha256 {
			return fmt.Errorf("%s has the SHA-256 %x; by the log it is %s", i.file, sum, i.sha256)
		}
		i.der = der
	}
	return nil
}
