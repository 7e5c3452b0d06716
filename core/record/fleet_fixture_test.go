package record_test

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"crypto/sha256"

	"anodize/core/audit"
)

var second = audit.HSMFacts{Backend: "yubihsm", Serial: "0034332712", Firmware: "2.4.1"}

// spki is the key of rooted.
const spki = "spki"

// login opens an HSM, and entries is its log since the last one on record.
func login(d audit.HSMFacts, generation int) audit.HSMLogin {
	return audit.HSMLogin{Serial: d.Serial, Generation: generation}
}

func logOf(d audit.HSMFacts, commands ...byte) audit.HSMLog {
	e := deviceLog(commands...)
	e.Serial = d.Serial
	return e
}

// backedUp copies the root's key to a second HSM.
func backedUp(t testing.TB) *fixture {
	t.Helper()
	f := rooted(t)
	f.close(audit.RecordSession, "ROOT.CRL", "ROOT.CRT")
	f.add(audit.ClockConfirmed{})
	f.begin("key-backup")
	sum := sha256.Sum256([]byte(spki))
	f.add(audit.IntentKeyBackup{From: device, To: second, KeyLabel: "<root>", SPKISHA256: hex.EncodeToString(sum[:])})
	f.close(audit.IntentSession)
	f.add(login(device, 1), audit.HSMBootstrapped{HSM: second, Steps: []audit.HSMStep{{Name: "reset", Detail: "factory reset"}}}, login(second, 1),
		audit.KeyCopied{From: device.Serial, To: second.Serial, ID: 0x100, Label: "<root>", Spec: "ed25519", SPKI: base64.StdEncoding.EncodeToString([]byte(spki)),
			Steps: []audit.HSMStep{{Name: "export", Detail: "it left <encrypted>"}, {Name: "import", Detail: "it is there"}}},
		logOf(device, 0x04, 0x4a), logOf(second, 0xff, 0x4b), audit.CeremonyEnd{Operation: "key-backup", Outcome: "done"})
	return f
}

// rekeyed gives the shares to new custodians while the second HSM falls silent.
func rekeyed(t testing.TB) *fixture {
	t.Helper()
	f := backedUp(t)
	f.close(audit.RecordSession)
	f.add(audit.ClockConfirmed{})
	f.begin("rekey-shares")
	names := []string{"Hedy <i>", "Joan"}
	both := []string{device.Serial, second.Serial}
	f.add(audit.IntentRekeyShares{Set: 77, Generation: 2, Threshold: 2, Custodians: names, HSMs: both})
	f.close(audit.IntentSession)
	roster := audit.Roster{Set: 77, Generation: 2, Threshold: 2, PINVerify: digest([]byte("new pin"))}
	for i, name := range names {
		roster.Members = append(roster.Members, audit.Member{Name: name, X: 21 + i, Commitment: digest([]byte(name))})
	}
	f.add(login(device, 1), login(second, 1), audit.SharesCommitted{Roster: roster, HSMs: both})
	f.close(audit.CommitSession)
	f.add(login(device, 2), logOf(device, 0x04, 0x6c), audit.CeremonyEnd{Operation: "rekey-shares", Outcome: "done"})
	return f
}

// updated brings the silent one up to date.
func updated(t testing.TB) *fixture {
	t.Helper()
	f := rekeyed(t)
	f.close(audit.RecordSession)
	f.add(audit.ClockConfirmed{})
	f.begin("update-hsm")
	f.add(audit.IntentUpdateHSM{HSM: second, Generation: 2})
	f.close(audit.IntentSession)
	f.add(login(second, 2), logOf(second, 0x04, 0x6c), audit.CeremonyEnd{Operation: "update-hsm", Outcome: "done"})
	return f
}

// retired retires the first HSM, which made the key.
func retired(t testing.TB) *fixture {
	t.Helper()
	f := updated(t)
	f.close(audit.RecordSession)
	f.add(audit.ClockConfirmed{})
	f.begin("retire-hsm")
	f.add(audit.IntentRetireHSM{HSM: device, Reason: "it fell into the sea <b>"})
	f.close(audit.IntentSession)
	f.add(audit.HSMRetired{Serial: device.Serial}, audit.CeremonyEnd{Operation: "retire-hsm", Outcome: "done"})
	return f
}
