package archive

import (
	"encoding/hex"
	"fmt"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// Commands of a YubiHSM 2 that sign with a key, and those that give a key away
// (YubiHSM 2 User Guide).
const (
	exportWrapped    = 0x4a
	exportRSAWrapped = 0x76

	signPKCS1 = 0x47
	signPSS   = 0x55
	signECDSA = 0x56
	signEdDSA = 0x6a
)

// devices follows the HSMs' own logs through the archive's log.
type devices struct {
	fleet    map[string]*device // by serial number
	begin    audit.CeremonyBegin
	now      map[string]purpose // what the open ceremony has HSMs do, by serial number
	told     map[string]bool    // HSMs whose log the open ceremony has recorded
	source   string             // the HSM whose key the ceremony may give away
	excess   []string           // in this ceremony's device logs, and not on record
	entries  int
	expected int
}

// device is what is known of one HSM.
type device struct {
	logs    bool         // it keeps a log: every YubiHSM does, whatever is said of it later
	known   bool         // it has entries on record, since its reset
	last    hsm.LogEntry // the newest of them
	signed  int          // certificates and CRLs on record since its last hsm.log
	gave    int          // times that it gave the root's key away, on record since
	excused int          // ceremonies since that stopped: a signature of theirs may have been lost
	backup  bool         // one of them was to give its key away
	may     purpose      // what ceremonies since were to have it do
	key     int          // number of the root's key in it; 0 if no record says that it is there
}

func (d *devices) of(serial string) *device {
	if d.fleet[serial] == nil {
		d.fleet[serial] = &device{}
	}
	return d.fleet[serial]
}

// checkDeviceLogs verifies that the entries of every HSM are one chain, and that
// they tell of the signatures on record and of no other.
func (v *verifier) checkDeviceLogs(c *check) string {
	d := &devices{fleet: map[string]*device{}, now: map[string]purpose{}, told: map[string]bool{}}
	for _, r := range v.res.Log.Records() {
		switch e := r.Event.(type) {
		case audit.CeremonyBegin:
			d.begin, d.source, d.now, d.told = e, "", map[string]purpose{}, map[string]bool{}
			d.meet(e.HSM)
		case audit.IntentInitRoot, audit.IntentKeyBackup, audit.IntentRekeyShares, audit.IntentUpdateHSM:
			d.intend(e)
		case audit.HSMBootstrapped:
			d.meet(e.HSM)
			if at := d.of(e.HSM.Serial); e.Reset() {
				at.known, at.last, at.key = false, hsm.LogEntry{}, 0 // which empties all
			}
		case audit.KeyGenerated:
			d.of(e.Serial).key = e.ID
		case audit.KeyCopied:
			d.of(e.To).key = e.ID
			d.of(e.From).gave += e.Exports()
		case audit.CertificateIssued, audit.CRLIssued:
			d.of(d.begin.HSM.Serial).signed++
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

// meet notes what is said of an HSM.
func (d *devices) meet(facts audit.HSMFacts) {
	at := d.of(facts.Serial)
	at.logs = at.logs || facts.Backend == hsm.YubiHSM
}

// ended settles a ceremony. One that stopped may have lost a signature that the
// HSM made: its answer never came, or the power failed first.
func (d *devices) ended(c *check, e audit.CeremonyEnd) {
	if e.Outcome == "stopped" {
		d.stopped(c)
		return
	}
	for _, excess := range d.excess {
		c.error("%s", excess)
	}
	d.excess = nil
	d.settle()
}

func (d *devices) stopped(c *check) {
	at := d.of(d.begin.HSM.Serial)
	at.excused++
	at.backup = at.backup || d.source != ""
	for _, excess := range d.excess {
		c.warn("%s; the ceremony stopped", excess)
	}
	d.excess = nil
}

func (d *devices) record(c *check, seq uint64, e audit.HSMLog) {
	if e.UnloggedBoots > 0 || e.UnloggedAuths > 0 {
		c.warn("record %d: the HSM %s did not log %d starts and %d sessions", seq, e.Serial, e.UnloggedBoots, e.UnloggedAuths)
	}
	at := d.of(e.Serial)
	if len(e.Entries) == 0 && e.LastDigest == "" {
		if at.logs || at.known {
			c.error("record %d: the log of HSM %s is empty, which it never is once the HSM was opened", seq, e.Serial)
		}
		at.signed, at.gave, at.excused = 0, 0, 0 // a device without a log of its own
		return
	}
	entries, err := parseEntries(e.Entries)
	if err != nil {
		c.error("record %d: %v", seq, err)
		return
	}
	d.entries += len(entries)
	if !at.known && len(entries) > 0 {
		if _, err := (hsm.Log{Entries: entries[:1]}).VerifyFrom(hsm.LogEntry{}); err != nil {
			c.warn("record %d: HSM %s: %v; what it did before is not on record", seq, e.Serial, err)
		}
	}
	fresh, err := at.follow(entries)
	if err != nil {
		c.error("record %d: HSM %s: %v", seq, e.Serial, err)
	}
	if len(entries) > 0 {
		at.known, at.last = true, entries[len(entries)-1]
	}
	if last := at.last; int(last.Number) != e.LastNumber || hex.EncodeToString(last.Digest[:]) != e.LastDigest {
		c.error("record %d: the last entry is %d with digest %x, not %d with %s", seq, last.Number, last.Digest, e.LastNumber, e.LastDigest)
	}
	d.judge(c, seq, e.Serial, fresh)
	d.count(c, seq, e.Serial, fresh)
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
func (d *device) follow(entries []hsm.LogEntry) ([]hsm.LogEntry, error) {
	if d.known || len(entries) == 0 {
		return hsm.Log{Entries: entries}.VerifyFrom(d.last)
	}
	_, err := hsm.Log{Entries: entries[1:]}.VerifyFrom(entries[0])
	return entries, err
}

// count compares the signatures in the device's log with those in ours, and finds
// a key that was given away.
func (d *devices) count(c *check, seq uint64, serial string, entries []hsm.LogEntry) {
	signatures, exports := 0, 0
	for _, e := range entries {
		if !e.Succeeded() {
			continue
		}
		switch {
		case signs(e.Command):
			signatures++
		case e.Command == exportWrapped, e.Command == exportRSAWrapped:
			exports++
		}
	}
	at := d.of(serial)
	switch {
	case signatures == at.signed:
	case signatures > at.signed && at.excused > 0:
		c.warn("record %d: the HSM %s signed %d times, %d are on record; %d ceremonies stopped since its last device log", seq, serial, signatures, at.signed, at.excused)
	case signatures > at.signed:
		d.excess = append(d.excess, fmt.Sprintf("record %d: the HSM %s signed %d times, %d are on record", seq, serial, signatures, at.signed))
	default:
		c.error("record %d: the HSM %s signed %d times, %d are on record", seq, serial, signatures, at.signed)
	}
	switch {
	case exports <= at.gave:
	case serial == d.source && !at.backup:
		d.excess = append(d.excess, fmt.Sprintf("record %d: the HSM %s gave the root's key away %d times, %d are on record", seq, serial, exports, at.gave))
	case at.backup:
		c.warn("record %d: the HSM %s gave a key away in a ceremony that stopped", seq, serial)
	default:
		c.error("record %d: the HSM %s gave a key away outside a backup", seq, serial)
	}
	d.expected += at.signed
	at.signed, at.gave, at.excused, at.backup = 0, 0, 0, false
}
