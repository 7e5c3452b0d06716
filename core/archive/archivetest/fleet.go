package archivetest

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// Second is the HSM that Backup copies the key to.
var Second = audit.HSMFacts{Backend: "yubihsm", Serial: "0034332712", Firmware: "2.4.1"}

// First is the HSM that made the key.
func First() audit.HSMFacts { return facts }

// spki is the key's SubjectPublicKeyInfo.
func (b *Builder) spki() []byte {
	b.TB.Helper()
	der, err := x509.MarshalPKIXPublicKey(b.Key.Public())
	b.must(err)
	return der
}

// SecondDevice makes the second HSM log a command.
func (b *Builder) SecondDevice(command byte) { b.SecondLog = logged(b.SecondLog, command, 1) }

// RecordSecondLog adds the second HSM's log since the last one recorded.
func (b *Builder) RecordSecondLog() {
	b.TB.Helper()
	b.Add(logOf(Second.Serial, b.SecondLog[b.secondRecorded:]))
	b.secondRecorded = len(b.SecondLog)
}

func logOf(serial string, entries []hsm.LogEntry) audit.HSMLog {
	e := audit.HSMLog{Serial: serial}
	for _, entry := range entries {
		raw := entry.Raw()
		e.Entries = append(e.Entries, hex.EncodeToString(raw[:]))
		e.LastNumber, e.LastDigest = int(entry.Number), hex.EncodeToString(entry.Digest[:])
	}
	return e
}

// login opens an HSM by the shares of a generation.
func (b *Builder) login(serial string, generation int) {
	b.TB.Helper()
	if serial == Second.Serial {
		b.SecondDevice(0x04)
	} else {
		b.Device(0x04)
	}
	b.Add(audit.HSMLogin{Serial: serial, Generation: generation})
}

// end ends a ceremony that issued nothing.
func (b *Builder) end(operation string) {
	b.EndWith(audit.CeremonyEnd{Operation: operation, Outcome: "done"})
}

// EndWith ends a ceremony that issued nothing in some way.
func (b *Builder) EndWith(e audit.CeremonyEnd) {
	b.TB.Helper()
	b.Add(e)
	b.Record()
	b.Burn(audit.RecordSession)
}

// Backup copies the key to the second HSM: two sessions.
func (b *Builder) Backup() {
	b.TB.Helper()
	b.OpenBackup()
	b.Device(0x4a)
	b.CopyKey(1)
	b.end("key-backup")
}

// OpenBackup burns the intent of a backup, and opens both HSMs.
func (b *Builder) OpenBackup() {
	b.TB.Helper()
	b.Open()
	b.Begin("key-backup")
	sum := sha256.Sum256(b.spki())
	b.Add(audit.IntentKeyBackup{From: facts, To: Second, KeyLabel: "root", SPKISHA256: hex.EncodeToString(sum[:])})
	b.Burn(audit.IntentSession)
	b.Verified()
	b.login(hsmSerial, 0)
	b.SecondLog, b.secondRecorded = nil, 0
	b.SecondDevice(0xff)
	b.Add(audit.HSMBootstrapped{HSM: Second, Steps: []audit.HSMStep{{Name: "reset", Detail: "factory reset"}}})
	b.login(Second.Serial, 0)
}

// CopyKey puts on record that the second HSM has the key, for which the first one
// was asked so many times, and what both have logged.
func (b *Builder) CopyKey(exports int) {
	b.TB.Helper()
	b.SecondDevice(0x4b)
	e := audit.KeyCopied{From: hsmSerial, To: Second.Serial, ID: 1, Label: "root", Spec: "ecdsa-p384", SPKI: base64.StdEncoding.EncodeToString(b.spki())}
	for range exports {
		e.Steps = append(e.Steps, audit.HSMStep{Name: "export", Detail: "the key left, encrypted"})
	}
	b.Add(e)
	b.RecordDeviceLog()
	b.RecordSecondLog()
}

// IntendRekey burns the intent of a rekey of both HSMs.
func (b *Builder) IntendRekey(generation int) audit.IntentRekeyShares {
	b.TB.Helper()
	b.Open()
	b.Begin("rekey-shares")
	intent := audit.IntentRekeyShares{Set: 7, Generation: generation, Threshold: 2, Custodians: []string{"Hedy", "Joan"}, HSMs: []string{hsmSerial, Second.Serial}}
	b.Add(intent)
	b.Burn(audit.IntentSession)
	return intent
}

// CommitRekey burns the new shares, after both HSMs were opened by those so far.
func (b *Builder) CommitRekey(intent audit.IntentRekeyShares, old int) {
	b.TB.Helper()
	b.Verified()
	b.login(hsmSerial, old)
	b.login(Second.Serial, old)
	b.Add(audit.SharesCommitted{Roster: rosterOf(intent.Set, intent.Generation, intent.Threshold, intent.Custodians), HSMs: intent.HSMs})
	b.Burn(audit.CommitSession)
	b.Verified()
}

// Rekey gives the shares to new custodians, and the second HSM falls silent:
// three sessions.
func (b *Builder) Rekey() {
	b.TB.Helper()
	b.CommitRekey(b.IntendRekey(1), 0)
	b.Device(0x6c)
	b.generation = 1
	b.login(hsmSerial, 1)
	b.RecordDeviceLog()
	b.end("rekey-shares")
}

// Update brings the second HSM up to date: two sessions.
func (b *Builder) Update() {
	b.TB.Helper()
	b.Open()
	b.Begin("update-hsm")
	b.Add(audit.IntentUpdateHSM{HSM: Second, Generation: 1})
	b.Burn(audit.IntentSession)
	b.Verified()
	b.SecondDevice(0x6c)
	b.login(Second.Serial, 1)
	b.RecordSecondLog()
	b.end("update-hsm")
}

// Retire retires the second HSM: two sessions.
func (b *Builder) Retire() {
	b.TB.Helper()
	b.Open()
	b.Begin("retire-hsm")
	b.Add(audit.IntentRetireHSM{HSM: Second, Reason: "it fell into the sea"})
	b.Burn(audit.IntentSession)
	b.Verified()
	b.Add(audit.HSMRetired{Serial: Second.Serial})
	b.end("retire-hsm")
}
