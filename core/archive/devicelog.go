package archive

import (
	"encoding/hex"
	"fmt"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// Commands of a YubiHSM 2 that sign with a key (YubiHSM 2 User Guide).
const (
	signPKCS1 = 0x47
	signPSS   = 0x55
	signECDSA = 0x56
	signEdDSA = 0x6a
)

// devices follows the HSMs' own logs through the archive's log.
type devices struct {
	last     map[string]hsm.LogEntry // newest entry on record, by the device's serial
	signed   int                     // certificates and CRLs on record since the last hsm.log
	excused  int                     // ceremonies since that stopped: a signature of theirs may have been lost
	excess   string                  // signatures in this ceremony's device log that are not on record
	entries  int
	expected int
}

// checkDeviceLogs verifies that the entries of every HSM are one chain, and that
// they tell of the signatures on record and of no other.
func (v *verifier) checkDeviceLogs(c *check) string {
	d := &devices{last: map[string]hsm.LogEntry{}}
	for _, r := range v.res.Log.Records() {
		switch e := r.Event.(type) {
		case audit.HSMBootstrapped:
			delete(d.last, e.HSM.Serial) // a reset empties the log
		case audit.CertificateIssued, audit.CRLIssued:
			d.signed++
		case audit.IntentAbandoned:
			d.stopped(c)
		case audit.CeremonyEnd:
			d.ended(c, e)
		case audit.HSMLog:
			d.record(c, r.Seq, e)
		}
	}
	if d.entries == 0 {
		return ""
	}
	return fmt.Sprintf("%d entries of the HSM's own log are one chain and tell of %d signatures, all on record", d.entries, d.expected)
}

// ended settles a ceremony. One that stopped may have lost a signature that the
// HSM made: its answer never came, or the power failed first.
func (d *devices) ended(c *check, e audit.CeremonyEnd) {
	if e.Outcome == "stopped" {
		d.stopped(c)
		return
	}
	if d.excess != "" {
		c.error("%s", d.excess)
	}
	d.excess = ""
}

func (d *devices) stopped(c *check) {
	d.excused++
	if d.excess != "" {
		c.warn("%s; the ceremony stopped", d.excess)
	}
	d.excess = ""
}

func (d *devices) record(c *check, seq uint64, e audit.HSMLog) {
	if e.UnloggedBoots > 0 || e.UnloggedAuths > 0 {
		c.warn("record %d: the HSM %s did not log %d starts and %d sessions", seq, e.Serial, e.UnloggedBoots, e.UnloggedAuths)
	}
	if len(e.Entries) == 0 && e.LastDigest == "" {
		d.signed, d.excused = 0, 0 // a device without a log of its own
		return
	}
	entries, err := parseEntries(e.Entries)
	if err != nil {
		c.error("record %d: %v", seq, err)
		return
	}
	d.entries += len(entries)
	if _, known := d.last[e.Serial]; !known && len(entries) > 0 {
		if _, err := (hsm.Log{Entries: entries[:1]}).VerifyFrom(hsm.LogEntry{}); err != nil {
			c.warn("record %d: HSM %s: %v; what it did before is not on record", seq, e.Serial, err)
		}
	}
	fresh, err := d.follow(e.Serial, entries)
	if err != nil {
		c.error("record %d: HSM %s: %v", seq, e.Serial, err)
	}
	if len(entries) > 0 {
		d.last[e.Serial] = entries[len(entries)-1]
	}
	if last := d.last[e.Serial]; int(last.Number) != e.LastNumber || hex.EncodeToString(last.Digest[:]) != e.LastDigest {
		c.error("record %d: the last entry is %d with digest %x, not %d with %s", seq, last.Number, last.Digest, e.LastNumber, e.LastDigest)
	}
	d.count(c, seq, fresh)
}

func parseEntries(lines []string) ([]hsm.LogEntry, error) {
	entries := make([]hsm.LogEntry, len(lines))
	for i, line := range lines {
		raw, err := hex.DecodeString(line)
		if err != nil || len(raw) != hsm.LogEntrySize {
			return nil, fmt.Errorf("entry %d is not %d bytes in hex", i, hsm.LogEntrySize)
		}
		entries[i] = hsm.ParseLogEntry([hsm.LogEntrySize]byte(raw))
	}
	return entries, nil
}

// follow checks that entries continue the device's chain and returns those that
// were not on record.
func (d *devices) follow(serial string, entries []hsm.LogEntry) ([]hsm.LogEntry, error) {
	last, known := d.last[serial]
	if known || len(entries) == 0 {
		return hsm.Log{Entries: entries}.VerifyFrom(last)
	}
	_, err := hsm.Log{Entries: entries[1:]}.VerifyFrom(entries[0])
	return entries, err
}

// count compares the signatures in the device's log with those in ours.
func (d *devices) count(c *check, seq uint64, entries []hsm.LogEntry) {
	signatures := 0
	for _, e := range entries {
		switch e.Command {
		case signPKCS1, signPSS, signECDSA, signEdDSA:
			if e.Succeeded() {
				signatures++
			}
		}
	}
	switch {
	case signatures == d.signed:
	case signatures > d.signed && d.excused > 0:
		c.warn("record %d: the HSM signed %d times, %d are on record; %d ceremonies stopped since the last device log", seq, signatures, d.signed, d.excused)
	case signatures > d.signed:
		d.excess = fmt.Sprintf("record %d: the HSM signed %d times, %d are on record", seq, signatures, d.signed)
	default:
		c.error("record %d: the HSM signed %d times, %d are on record", seq, signatures, d.signed)
	}
	d.expected += d.signed
	d.signed, d.excused = 0, 0
}
