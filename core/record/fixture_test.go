package record_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anodize/core/audit"
	"anodize/core/record"
)

// fixture is a log of fixed bytes, and what its ceremonies issued: openssl made
// the files.
type fixture struct {
	t   testing.TB
	log *audit.Log
	now time.Time
}

var device = audit.HSMFacts{Backend: "yubihsm", Serial: "0034332673", Firmware: "2.4.1"}

// names on disc of the files in testdata.
var sources = map[string]string{"ROOT.CRT": "root.crt", "ROOT.CRL": "root.crl", "INTCA1.CRT": "child.crt"}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func source(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// issued gives the files as a ceremony would.
func (f *fixture) issued(name string) ([]byte, error) {
	if sources[name] == "" {
		return nil, fmt.Errorf("nothing issued %s", name)
	}
	return source(f.t, sources[name]), nil
}

func newFixture(t testing.TB) *fixture {
	f := &fixture{t: t, log: audit.New(sha256.Sum256([]byte("profile"))), now: time.Date(2026, 4, 25, 14, 30, 0, 0, time.UTC)}
	f.add(audit.Genesis{Format: 1, Archive: digest([]byte("archive")), Mode: "rehearsal", Image: digest([]byte("image")), Program: "anodize 1.0"})
	return f
}

func (f *fixture) add(events ...audit.Event) {
	f.t.Helper()
	for _, e := range events {
		f.now = f.now.Add(7 * time.Second)
		if _, err := f.log.Append(f.now, e); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *fixture) begin(operation string) {
	f.t.Helper()
	f.add(audit.EnvironmentClaimed{By: "anodize-sentinel 1.0", Facts: []audit.Claim{
		{Name: "Firmware", Value: "EDK II <script>"}, {Name: "PCR 4", Value: digest([]byte("kernel"))}}})
	f.add(audit.CeremonyBegin{Operation: operation, Program: "anodize 1.0", Image: digest([]byte("image")), HSM: device,
		Medium: audit.MediumFact{Name: "BD-R SRM", Sessions: 3, NextAddress: 4096}})
}

// close ends a session that holds names beside its state, and verifies it.
func (f *fixture) close(kind audit.Kind, names ...string) {
	f.t.Helper()
	f.closeOnly(kind, names...)
	last := f.log.Records()[f.log.Len()-1].Event.(audit.SessionClose)
	f.add(audit.SessionVerified{Directory: last.Directory, Address: 4096, Blocks: 384, SHA256: digest([]byte(last.Directory))})
}

func (f *fixture) closeOnly(kind audit.Kind, names ...string) {
	f.t.Helper()
	name, err := audit.DirectoryName(f.now, kind)
	if err != nil {
		f.t.Fatal(err)
	}
	e := audit.SessionClose{Directory: name}
	for _, n := range names {
		e.Files = append(e.Files, f.fact(n))
	}
	e.Files = append(e.Files, audit.FileFact{Name: "STATE.JSON", Size: 9, SHA256: digest([]byte("state"))})
	f.add(e)
}

// fact describes a file of a session.
func (f *fixture) fact(name string) audit.FileFact {
	f.t.Helper()
	if name == record.File {
		made := f.log.Records()[f.log.Len()-1].Event.(audit.RecordMade)
		return audit.FileFact{Name: name, Size: made.Size, SHA256: made.SHA256}
	}
	content := []byte("profile")
	if sources[name] != "" {
		content = source(f.t, sources[name])
	}
	return audit.FileFact{Name: name, Size: int64(len(content)), SHA256: digest(content)}
}

// deviceLog is an hsm.log with such commands, the last one of which failed.
func deviceLog(commands ...byte) audit.HSMLog {
	e := audit.HSMLog{Serial: device.Serial, UnloggedBoots: 1, LastDigest: digest(nil)[:32]}
	for i, c := range commands {
		result := c | 0x80
		if i == len(commands)-1 {
			result = 0x7f
		}
		e.LastNumber = i + 1
		e.Entries = append(e.Entries, fmt.Sprintf("%04x%02x0010000200010000%02x00000001%s", i+1, c, result, e.LastDigest)[:64])
	}
	return e
}

// certificate is the certificate.issued of a file.
func (f *fixture) certificate(kind, file, serial, subject string) audit.CertificateIssued {
	der, err := f.issued(file)
	if err != nil {
		f.t.Fatal(err)
	}
	return audit.CertificateIssued{Kind: kind, File: file, SHA256: digest(der), Serial: serial, Subject: subject,
		NotBefore: "2026-04-25T14:30:00Z", NotAfter: "2046-04-25T14:30:00Z"}
}

func (f *fixture) crl(number uint64) audit.CRLIssued {
	der, err := f.issued("ROOT.CRL")
	if err != nil {
		f.t.Fatal(err)
	}
	return audit.CRLIssued{Number: number, File: "ROOT.CRL", SHA256: digest(der), ThisUpdate: "2026-04-25T14:30:00Z", NextUpdate: "2026-07-25T14:30:00Z"}
}

// custodians have names that try to be something else: markup, an entity, and a
// name that reads backwards.
var custodians = []string{"Ada <b onclick=alert(1)>", "Émilie &lt;\u202egrace\u202c ", "Ωmega \"Q\" O'Neil"}

// rooted makes a root, with a burn that failed on the way.
func rooted(t testing.TB) *fixture {
	t.Helper()
	f := newFixture(t)
	f.add(audit.ClockConfirmed{}, audit.SessionVoid{Track: 1, Address: 0, Reason: "medium error <script>\nat sector 16"})
	f.begin("init-root")
	subject := "CN=REHEARSAL Example Root CA,O=Example <script>alert(1)</script> & Co,C=US"
	f.add(audit.IntentInitRoot{Set: 77, Generation: 1, Threshold: 2, Custodians: custodians, HSM: device, KeyLabel: "<root>", KeySpec: "ed25519",
		Subject: subject, Serial: "4001", NotBefore: "2026-04-25T14:30:00Z", NotAfter: "2046-04-25T14:30:00Z", CRLNumber: 1, NextUpdate: "2026-07-25T14:30:00Z"})
	f.close(audit.IntentSession, "PROFILE.TOML")
	roster := audit.Roster{Set: 77, Generation: 1, Threshold: 2, PINVerify: digest([]byte("pin"))}
	for i, name := range custodians {
		roster.Members = append(roster.Members, audit.Member{Name: name, X: 11 + i, Commitment: digest([]byte(name))})
	}
	f.add(audit.SharesCommitted{Roster: roster, HSMs: []string{device.Serial}})
	f.close(audit.CommitSession)
	f.add(audit.HSMBootstrapped{HSM: device, Steps: []audit.HSMStep{{Name: "reset", Detail: "factory reset"}, {Name: "options", Detail: "forced audit on"}}},
		audit.HSMLogin{Serial: device.Serial, Generation: 1},
		audit.KeyGenerated{Serial: device.Serial, ID: 1, Label: "<root>", Spec: "ed25519", SPKI: base64.StdEncoding.EncodeToString([]byte("spki"))},
		audit.KeyAttested{Serial: device.Serial, ID: 1, Chain: []string{base64.StdEncoding.EncodeToString([]byte("x")), base64.StdEncoding.EncodeToString([]byte("device"))}},
		f.certificate("root", "ROOT.CRT", "4001", subject), f.crl(1), deviceLog(0xff, 0x04, 0x46, 0x6a, 0x6a),
		audit.FingerprintCompared{File: "ROOT.CRT", SHA256: f.certificate("root", "ROOT.CRT", "4001", subject).SHA256, Same: true},
		audit.CeremonyEnd{Operation: "init-root", Outcome: "done"})
	return f
}

// signed goes on: a request whose ceremony was stopped, one whose intent was
// abandoned, and one that was signed.
func signed(t testing.TB) *fixture {
	t.Helper()
	f := rooted(t)
	f.close(audit.RecordSession, "ROOT.CRL", "ROOT.CRT")
	f.intendCSR("INTCA2.CRT", "4005")
	f.closeOnly(audit.IntentSession)
	f.add(audit.SessionVerified{Directory: f.log.Records()[f.log.Len()-1].Event.(audit.SessionClose).Directory, Address: 8192, Blocks: 384, SHA256: digest(nil)},
		audit.CeremonyEnd{Operation: "sign-csr", Outcome: "stopped", Words: "a custodian fell ill\n\u2067evil\u2069 <!--"})
	f.closeOnly(audit.RecordSession) // and never read back
	f.add(audit.ExportFailed{Reason: "the stick was pulled out"})
	f.intendCSR("INTCA3.CRT", "4006")
	f.closeOnly(audit.IntentSession)
	f.add(audit.IntentAbandoned{Directory: f.log.Records()[f.log.Len()-1].Event.(audit.SessionClose).Directory, Explanation: "power failed]]>"},
		audit.ExportDone{Files: []audit.FileFact{{Name: "PROFILE.TOML", Size: 7, SHA256: digest([]byte("profile"))}}})
	head := f.log.Whole()
	f.add(audit.HeadCompared{Size: head.Size, Root: hex.EncodeToString(head.Root[:])})
	f.intendCSR("INTCA1.CRT", "4002")
	f.add(audit.ClockConfirmed{Adjusted: 3})
	f.close(audit.IntentSession)
	child := f.certificate("intermediate", "INTCA1.CRT", "4002", "CN=REHEARSAL Émilie’s Issuing CA,O=Example <script>alert(1)</script> & Co,C=US")
	f.add(audit.HSMLogin{Serial: device.Serial, Generation: 1}, child, deviceLog(0x04, 0x6a),
		audit.FingerprintCompared{File: child.File, SHA256: child.SHA256},
		audit.CeremonyEnd{Operation: "sign-csr", Outcome: "stopped", Words: "the fingerprint differs"})
	return f
}

// stopped ends before anything was issued, in an archive with records.
func stopped(t testing.TB) *fixture {
	t.Helper()
	f := rooted(t)
	f.add(record.Made(page(t, f)))
	f.close(audit.RecordSession, "RECORD.HTML", "ROOT.CRL", "ROOT.CRT")
	f.add(audit.ClockConfirmed{})
	f.begin("issue-crl")
	f.add(audit.IntentIssueCRL{Number: 2, File: "ROOT.CRL", TBS: base64.StdEncoding.EncodeToString(source(t, "crl.tbs"))})
	f.close(audit.IntentSession)
	f.add(audit.CeremonyEnd{Operation: "issue-crl", Outcome: "stopped", Words: "the drive made a noise"})
	return f
}

// migrated carries the archive to another disc.
func migrated(t testing.TB) *fixture {
	t.Helper()
	f := rooted(t)
	f.close(audit.RecordSession, "ROOT.CRL", "ROOT.CRT")
	lastClose := func() (sessions int, hash string) {
		for _, r := range f.log.Records() {
			if _, ok := r.Event.(audit.SessionClose); ok {
				sessions, hash = sessions+1, hex.EncodeToString(r.Hash[:])
			}
		}
		return sessions, hash
	}
	f.add(audit.ClockConfirmed{})
	f.begin("migrate-disc")
	sessions, hash := lastClose()
	f.add(audit.IntentMigrateDisc{Sessions: sessions, LastHash: hash})
	f.close(audit.IntentSession)
	sessions, hash = lastClose()
	f.add(audit.DiscMigrated{From: audit.MediumFact{Name: "CD-R", Sessions: 4, NextAddress: 52000}, To: audit.MediumFact{Name: "BD-R <i>"},
		Sessions: sessions, LastHash: hash, Reason: "the disc is nearly full <b>"},
		audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "done"})
	return f
}

// carriedOn is a ceremony on the disc that the archive was carried to; the old one
// was closed.
func carriedOn(t testing.TB) *fixture {
	t.Helper()
	f := migrated(t)
	var old string
	for _, r := range f.log.Records() {
		if e, ok := r.Event.(audit.SessionClose); ok {
			old = e.Directory
		}
	}
	f.close(audit.RecordSession)
	f.add(audit.ClockConfirmed{}, audit.DiscLeft{Session: old, Closed: true})
	f.begin("issue-crl")
	f.add(audit.IntentIssueCRL{Number: 2, File: "ROOT.CRL", TBS: base64.StdEncoding.EncodeToString(source(t, "crl.tbs"))})
	f.close(audit.IntentSession)
	f.add(audit.CeremonyEnd{Operation: "issue-crl", Outcome: "stopped", Words: "the drive made a noise"})
	return f
}

func (f *fixture) intendCSR(file, serial string) {
	f.t.Helper()
	f.add(audit.ClockConfirmed{})
	f.begin("sign-csr")
	f.add(audit.IntentSignCSR{Profile: "intermediate", File: file, Serial: serial,
		CSR: base64.StdEncoding.EncodeToString(source(f.t, "child.csr")), TBS: base64.StdEncoding.EncodeToString(source(f.t, "child.tbs"))})
}
