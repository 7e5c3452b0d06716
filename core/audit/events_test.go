package audit

import (
	"encoding/base64"
	"strings"
)

// hexOf returns n bytes in hex.
func hexOf(n int) string { return strings.Repeat("5a", n) }

var (
	someHSM    = HSMFacts{Backend: "yubihsm", Serial: "0034332673", Firmware: "2.4.1"}
	otherHSM   = HSMFacts{Backend: "yubihsm", Serial: "0034332712", Firmware: "2.4.1"}
	someDER    = base64.StdEncoding.EncodeToString([]byte("der"))
	someRoster = Roster{Set: 7, Threshold: 2, PINVerify: hexOf(32), Members: []Member{
		{"Ada <ada@example.com> & Co", 11, hexOf(32)}, {"Émilie \u2028 \"é\"", 200, hexOf(32)}}}
	someFile = FileFact{"STATE.JSON", 100, hexOf(32)}
)

// sampleEvents has one valid event of every type, the genesis first.
func sampleEvents() []Event {
	return []Event{
		Genesis{1, hexOf(32), "rehearsal", hexOf(32), "anodize 1"},
		CeremonyBegin{"init-root", "anodize 1", hexOf(32), someHSM, MediumFact{"BD-R SRM", 3, 4096}},
		ClockConfirmed{61},
		HeadCompared{12, hexOf(32)},
		EnvironmentClaimed{"anodize-sentinel 1", []Claim{{"Firmware", "SeaBIOS"}, {"Ended before", ""}}},
		IntentInitRoot{7, 1, 2, []string{"Ada", "Grace"}, someHSM, "root", "ecdsa-p384", "CN=Root", "5a01", "2026-04-25T14:30:00Z", "2046-04-25T14:30:00Z", 1, "2026-07-25T14:30:00Z"},
		IntentSignCSR{"intermediate", "INTCA1.CRT", "5a02", someDER, someDER},
		IntentIssueCRL{2, "ROOT.CRL", someDER},
		IntentMigrateDisc{12, hexOf(32)},
		DiscMigrated{MediumFact{"CD-R", 12, 0}, MediumFact{"BD-R", 0, 0}, 12, hexOf(32), "the disc is full"},
		IntentKeyBackup{someHSM, otherHSM, "root", hexOf(32)},
		IntentRekeyShares{7, 2, 2, []string{"Ada", "Grace"}, []string{"0034332673"}, []string{"0034332712"}},
		IntentUpdateHSM{otherHSM, 2},
		IntentRetireHSM{otherHSM, "it fell into the sea"},
		IntentAbandoned{"20260425T143000Z-intent", "power failed\nafter the burn"},
		SharesCommitted{someRoster, []string{"0034332673"}},
		HSMBootstrapped{someHSM, nil},
		HSMLogin{"0034332673", 1},
		HSMLog{"0034332673", 1, 2, []string{hexOf(32)}, 65535, hexOf(16)},
		KeyGenerated{"0034332673", 1, "root", "ecdsa-p384", someDER},
		KeyAttested{"0034332673", 1, []string{someDER, someDER}},
		KeyCopied{"0034332673", "0034332712", 256, "root", "ecdsa-p384", someDER, []HSMStep{{"import", "it is there"}}},
		HSMRetired{"0034332712"},
		CertificateIssued{"root", "ROOT.CRT", hexOf(32), "5a01", "CN=Root", "2026-04-25T14:30:00Z", "2046-04-25T14:30:00Z"},
		CRLIssued{1, "ROOT.CRL", hexOf(32), "2026-04-25T14:30:00Z", "2026-07-25T14:30:00Z", 0},
		FingerprintCompared{"ROOT.CRT", hexOf(32), true},
		SessionVerified{"20260425T143000Z-intent", 0, 384, hexOf(32)},
		SessionVoid{2, 384, "the disc did not become ready"},
		ExportDone{nil},
		ExportFailed{"the stick was pulled out"},
		DiscLeft{"20260425T143000Z-intent", true},
		CeremonyEnd{"init-root", "done", ""},
		RecordMade{1, "RECORD.HTML", 40000, hexOf(32)},
		SessionClose{"20260425T143122Z", []FileFact{someFile}},
	}
}
