package archivetest

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/record"
)

var facts = audit.HSMFacts{Backend: "yubihsm", Serial: hsmSerial, Firmware: "2.4.1"}

func sortFacts(f []audit.FileFact) {
	slices.SortFunc(f, func(a, b audit.FileFact) int { return strings.Compare(a.Name, b.Name) })
}

// Begin adds what a ceremony begins with.
func (b *Builder) Begin(operation string) {
	b.TB.Helper()
	b.Add(audit.EnvironmentClaimed{By: program, Facts: []audit.Claim{{Name: "Machine", Value: "none: these are the bytes of a test"}}})
	b.Add(audit.CeremonyBegin{Operation: operation, Program: program, Image: digest("image"), HSM: facts,
		Medium: audit.MediumFact{Name: "BD-R SRM", Sessions: len(b.Directories), NextAddress: uint32(len(b.Image) / sectorSize)}})
}

// End adds what a ceremony ends with, and burns its record.
func (b *Builder) End(operation, file string) {
	b.TB.Helper()
	b.RecordDeviceLog()
	i := slices.IndexFunc(b.Files, func(f disc.File) bool { return f.Name == file })
	b.Add(audit.FingerprintCompared{File: file, SHA256: Facts(b.Files[i : i+1])[0].SHA256, Same: true})
	b.Add(audit.CeremonyEnd{Operation: operation, Outcome: "done"})
	b.Record()
	b.Burn(audit.RecordSession)
}

// Record makes the record of the ceremony that has just ended, unless NoRecords
// is set.
func (b *Builder) Record() {
	b.TB.Helper()
	if b.NoRecords {
		return
	}
	page, err := record.Make(b.Log, func(name string) ([]byte, error) {
		i := slices.IndexFunc(b.Files, func(f disc.File) bool { return f.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no file %s", name)
		}
		return Bytes(b.Files[i]), nil
	})
	b.must(err)
	if b.Page != nil {
		page = b.Page(page)
	}
	b.Files = append(b.Files, disc.NewFile(record.File, page))
	b.Add(record.Made(page))
}

// Device makes the HSM log a command, with the root's key where one is used.
func (b *Builder) Device(command byte) { b.DeviceWith(command, 1) }

// DeviceWith makes the HSM log a command with a key.
func (b *Builder) DeviceWith(command byte, key uint16) {
	b.DeviceLog = logged(b.DeviceLog, command, key)
}

// logged continues an HSM's log, which begins with its reset.
func logged(log []hsm.LogEntry, command byte, key uint16) []hsm.LogEntry {
	e := hsm.LogEntry{Number: 1, Command: 0xff, Length: 0xffff, SessionKey: 0xffff, TargetKey: 0xffff, SecondKey: 0xffff, Result: 0xff}
	var before [16]byte
	if n := len(log); n > 0 {
		before = log[n-1].Digest
		e = hsm.LogEntry{Number: log[n-1].Number + 1, Command: command, Length: 48, SessionKey: 2, TargetKey: key, SecondKey: 0xffff, Result: command | 0x80, Tick: uint32(n)}
	}
	raw := e.Raw()
	sum := sha256.Sum256(append(raw[:16:16], before[:]...))
	e.Digest = [16]byte(sum[:16])
	return append(log, e)
}

// RecordDeviceLog adds the HSM's log since the last one recorded.
func (b *Builder) RecordDeviceLog() {
	b.TB.Helper()
	b.Add(logOf(hsmSerial, b.DeviceLog[b.recorded:]))
	b.recorded = len(b.DeviceLog)
}

func (b *Builder) nextSerial() *big.Int {
	b.serial++
	return big.NewInt(b.serial)
}

// name is a common name as a certificate has it.
func (b *Builder) name(s string) string {
	if b.Mode == "rehearsal" {
		return "REHEARSAL " + s
	}
	return s
}

// RootName is the root's name by the profile.
func (b *Builder) RootName() pkix.Name {
	return pkix.Name{Country: []string{"US"}, Organization: []string{"Example Corp"}, CommonName: b.name("Example Root CA")}
}

// until is when a validity of so many days ends that includes both its ends.
func until(from time.Time, days int) time.Time { return from.AddDate(0, 0, days).Add(-time.Second) }

// IntendRoot burns the intent of init-root and returns it with the certificate.
func (b *Builder) IntendRoot() (audit.IntentInitRoot, *x509.Certificate) {
	b.TB.Helper()
	from := b.Now
	template := &x509.Certificate{SerialNumber: b.nextSerial(), Subject: b.RootName(), NotBefore: from,
		NotAfter: until(from, 7305), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	if b.RootTemplate != nil {
		b.RootTemplate(b, template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, b.Key.Public(), b.Key)
	b.must(err)
	cert, err := x509.ParseCertificate(der)
	b.must(err)
	b.crl++
	b.Add(audit.ClockConfirmed{})
	b.Begin("init-root")
	intent := audit.IntentInitRoot{Set: 7, Generation: 0, Threshold: 2, Custodians: []string{"Ada", "Émilie", "Grace"}, HSM: facts,
		KeyLabel: "root", KeySpec: "ecdsa-p384", Subject: cert.Subject.String(), Serial: audit.SerialText(cert.SerialNumber),
		NotBefore: Stamp(cert.NotBefore), NotAfter: Stamp(cert.NotAfter), CRLNumber: b.crl, NextUpdate: Stamp(from.AddDate(0, 0, 365))}
	b.Add(intent)
	b.Burn(audit.IntentSession)
	return intent, cert
}

// Commit burns the shares of an intent.
func (b *Builder) Commit(intent audit.IntentInitRoot) {
	b.TB.Helper()
	b.Verified()
	b.Add(audit.SharesCommitted{Roster: rosterOf(intent.Set, intent.Generation, intent.Threshold, intent.Custodians), HSMs: []string{hsmSerial}})
	b.Burn(audit.CommitSession)
}

func rosterOf(set uint16, generation, threshold int, names []string) audit.Roster {
	roster := audit.Roster{Set: set, Generation: generation, Threshold: threshold, PINVerify: digest("pin")}
	for i, name := range names {
		roster.Members = append(roster.Members, audit.Member{Name: name, X: 11 + i, Commitment: digest(name)})
	}
	return roster
}

// Unlock adds what precedes the use of the key.
func (b *Builder) Unlock() {
	b.TB.Helper()
	b.Verified()
	b.Device(0x04)
	b.Add(audit.HSMLogin{Serial: hsmSerial, Generation: b.generation})
}

// InitRoot is the whole ceremony: three sessions.
func (b *Builder) InitRoot() {
	b.TB.Helper()
	intent, cert := b.IntendRoot()
	b.Commit(intent)
	b.Verified()
	b.Device(0xff)
	b.Add(audit.HSMBootstrapped{HSM: facts, Steps: []audit.HSMStep{{Name: "reset", Detail: "factory reset"}}})
	b.Device(0x04)
	b.Add(audit.HSMLogin{Serial: hsmSerial, Generation: b.generation})
	b.Device(0x46)
	b.Add(audit.KeyGenerated{Serial: hsmSerial, ID: 1, Label: intent.KeyLabel, Spec: intent.KeySpec, SPKI: base64.StdEncoding.EncodeToString(cert.RawSubjectPublicKeyInfo)})
	if b.Maker != nil {
		b.Attested(cert.PublicKey)
	}
	b.Device(0x56)
	b.Issued("root", "ROOT.CRT", cert)
	b.Root = cert
	b.Device(0x56)
	b.CRLIssued(b.NewCRL(b.crl))
	b.End("init-root", "ROOT.CRT")
}

// Issued adds a certificate and its file.
func (b *Builder) Issued(kind, file string, cert *x509.Certificate) {
	b.TB.Helper()
	f := disc.NewFile(file, cert.Raw)
	b.Files = append(b.Files, f)
	b.Add(audit.CertificateIssued{Kind: kind, File: file, SHA256: Facts([]disc.File{f})[0].SHA256, Serial: audit.SerialText(cert.SerialNumber),
		Subject: cert.Subject.String(), NotBefore: Stamp(cert.NotBefore), NotAfter: Stamp(cert.NotAfter)})
}

// NewCRL signs an empty CRL.
func (b *Builder) NewCRL(number uint64) *x509.RevocationList {
	b.TB.Helper()
	template := &x509.RevocationList{Number: new(big.Int).SetUint64(number), ThisUpdate: b.Root.NotBefore, NextUpdate: b.Root.NotBefore.AddDate(0, 0, 365)}
	if b.CRLTemplate != nil {
		b.CRLTemplate(b, template)
	}
	issuer := *b.Root // a root that may sign no CRL signs one here all the same
	issuer.KeyUsage |= x509.KeyUsageCRLSign
	if len(issuer.SubjectKeyId) == 0 {
		issuer.SubjectKeyId = []byte{1}
	}
	der, err := x509.CreateRevocationList(rand.Reader, template, &issuer, b.Key)
	b.must(err)
	crl, err := x509.ParseRevocationList(der)
	b.must(err)
	return crl
}

// CRLIssued adds a CRL and its file.
func (b *Builder) CRLIssued(crl *x509.RevocationList) {
	b.TB.Helper()
	f := disc.NewFile("ROOT.CRL", crl.Raw)
	b.Files = append(b.Files, f)
	b.Add(audit.CRLIssued{Number: b.crl, File: f.Name, SHA256: Facts([]disc.File{f})[0].SHA256,
		ThisUpdate: Stamp(b.Root.NotBefore), NextUpdate: Stamp(b.Root.NotBefore.AddDate(0, 0, 365))})
}

// Open adds what the first session after another ceremony begins with.
func (b *Builder) Open() {
	b.TB.Helper()
	b.Add(audit.ClockConfirmed{})
	b.Verified()
	last := b.Directories[len(b.Directories)-1]
	var exported []disc.File
	for _, f := range last.Files {
		if strings.HasSuffix(f.Name, ".CRT") || strings.HasSuffix(f.Name, ".CRL") {
			exported = append(exported, f)
		}
	}
	b.Add(audit.ExportDone{Files: Facts(exported)})
	head := b.Log.Whole()
	b.Add(audit.HeadCompared{Size: head.Size, Root: hex.EncodeToString(head.Root[:])})
}

// IntendCSR burns the intent of sign-csr and returns the certificate.
func (b *Builder) IntendCSR() (file string, cert *x509.Certificate) {
	b.TB.Helper()
	b.children++
	subject := fmt.Sprintf("Example Issuing CA %d <&> \u2028", b.children)
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: subject}}, b.Key)
	b.must(err)
	template := &x509.Certificate{SerialNumber: b.nextSerial(), Subject: pkix.Name{CommonName: b.name(subject)},
		NotBefore: b.Root.NotBefore, NotAfter: until(b.Root.NotBefore, 1826), CRLDistributionPoints: []string{"http://crl.example.com/root.crl"},
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	if b.ChildTemplate != nil {
		b.ChildTemplate(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, b.Root, b.Key.Public(), b.Key)
	b.must(err)
	cert, err = x509.ParseCertificate(der)
	b.must(err)
	file = fmt.Sprintf("INTCA%d.CRT", b.children)
	b.Begin("sign-csr")
	b.Add(audit.IntentSignCSR{Profile: "intermediate", File: file, Serial: audit.SerialText(cert.SerialNumber),
		CSR: base64.StdEncoding.EncodeToString(csr), TBS: base64.StdEncoding.EncodeToString(cert.RawTBSCertificate)})
	b.Burn(audit.IntentSession)
	return file, cert
}

// SignCSR is the whole ceremony: two sessions.
func (b *Builder) SignCSR() {
	b.TB.Helper()
	b.Open()
	file, cert := b.IntendCSR()
	b.Unlock()
	b.Device(0x56)
	b.Issued("intermediate", file, cert)
	b.End("sign-csr", file)
}

// IntendCRL burns the intent of issue-crl and returns the CRL.
func (b *Builder) IntendCRL() *x509.RevocationList {
	b.TB.Helper()
	b.crl++
	crl := b.NewCRL(b.crl)
	b.Begin("issue-crl")
	b.Add(audit.IntentIssueCRL{Number: b.crl, File: "ROOT.CRL", TBS: base64.StdEncoding.EncodeToString(crl.RawTBSRevocationList)})
	b.Burn(audit.IntentSession)
	return crl
}

// IssueCRL is the whole ceremony: two sessions.
func (b *Builder) IssueCRL() {
	b.TB.Helper()
	b.Open()
	crl := b.IntendCRL()
	b.Unlock()
	b.Device(0x56)
	b.CRLIssued(crl)
	b.End("issue-crl", "ROOT.CRL")
}

// IntendMigration adds the intent to carry the archive to another disc.
func (b *Builder) IntendMigration() {
	b.TB.Helper()
	b.Open()
	b.Begin("migrate-disc")
	b.addIntendedMigration()
}

func (b *Builder) addIntendedMigration() {
	b.TB.Helper()
	sessions, hash := b.lastClose()
	b.Add(audit.IntentMigrateDisc{Sessions: sessions, LastHash: hash})
}

// Move takes the archive to a blank disc.
func (b *Builder) Move() {
	b.TB.Helper()
	sessions, hash := b.lastClose()
	b.OldDiscs = append(b.OldDiscs, b.Image)
	b.Add(audit.DiscMigrated{
		From:     audit.MediumFact{Name: "CD-R", Sessions: sessions, NextAddress: uint32(len(b.Image) / sectorSize)},
		To:       audit.MediumFact{Name: "BD-R"},
		Sessions: sessions, LastHash: hash, Reason: "the disc is nearly full",
	})
	b.Image = nil
}

func (b *Builder) lastClose() (sessions int, hash string) {
	for _, r := range b.Log.Records() {
		if _, ok := r.Event.(audit.SessionClose); ok {
			sessions, hash = sessions+1, hex.EncodeToString(r.Hash[:])
		}
	}
	return sessions, hash
}

// Migrate is the whole ceremony: the mark on the old disc, then all of the archive
// in one session of a blank one.
func (b *Builder) Migrate() {
	b.TB.Helper()
	b.IntendMigration()
	b.Burn(audit.IntentSession)
	b.Add(audit.ClockConfirmed{})
	b.Verified()
	b.Move()
	b.endMigration()
}

// MigrateUnmarked is the same where the old disc takes no more sessions: both
// sessions stand on the new disc.
func (b *Builder) MigrateUnmarked() {
	b.TB.Helper()
	b.Open()
	b.Begin("migrate-disc")
	b.Move()
	b.addIntendedMigration()
	b.Burn(audit.IntentSession)
	b.Verified()
	b.endMigration()
}

func (b *Builder) endMigration() {
	b.TB.Helper()
	b.Add(audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "done"})
	b.Record()
	b.Burn(audit.RecordSession)
}

// Stamp writes a time as the log does.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
