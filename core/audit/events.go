package audit

import "slices"

// Event is what a record says: one of the types below, a closed set. Digests,
// serial numbers and device log entries are lower-case hex; DER is base64
// (RFC 4648 section 4, padded); times are RFC 3339 in UTC, whole seconds. A
// certificate's serial number is written as SerialText writes it.
type Event interface {
	// Name is the value of a record's "event" member.
	Name() string
	check(*checker)
}

// Genesis is record 0 of every archive.
type Genesis struct {
	Format  int    `json:"format"`  // 1
	Archive string `json:"archive"` // 32 random bytes, hex
	Mode    string `json:"mode"`    // production, rehearsal or dev
	Image   string `json:"image"`   // SHA-256 of the running image, hex
	Program string `json:"program"` // version of the program
}

// CeremonyBegin says what was found when an operation was begun.
type CeremonyBegin struct {
	Operation string     `json:"operation"` // init-root, sign-csr …
	Program   string     `json:"program"`
	Image     string     `json:"image"`
	HSM       HSMFacts   `json:"hsm"`
	Medium    MediumFact `json:"medium"`
}

// HSMFacts identifies an HSM.
type HSMFacts struct {
	Backend  string `json:"backend"`
	Serial   string `json:"serial"`
	Firmware string `json:"firmware"`
}

// MediumFact is the disc as the drive told it.
type MediumFact struct {
	Name        string `json:"name"` // "BD-R SRM"
	Sessions    int    `json:"sessions"`
	NextAddress uint32 `json:"next_address"`
}

// ClockConfirmed says that the operator compared the clock; the record's own
// time is the one confirmed. Adjusted is how many seconds a session's time was
// moved forward so that it follows the last one.
type ClockConfirmed struct {
	Adjusted int `json:"adjusted"`
}

// HeadCompared says that the witnesses compared the log's head with the sheet
// of the last ceremony.
type HeadCompared struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // RFC 6962 tree head over the first Size records
}

// EnvironmentClaimed is what the machine says of itself before an operation: its
// programs, its firmware, what it was booted with. Nothing proves it; it is to be
// compared with what others know of the same image and machine.
type EnvironmentClaimed struct {
	By    string  `json:"by"` // the program that looked
	Facts []Claim `json:"facts"`
}

// Claim is one thing that a machine says of itself.
type Claim struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// IntentInitRoot is what making a root will do. The public key, and with it the
// signed bytes, are known only once the key exists.
type IntentInitRoot struct {
	Set        uint16   `json:"set"`
	Generation int      `json:"generation"`
	Threshold  int      `json:"threshold"`
	Custodians []string `json:"custodians"`
	HSM        HSMFacts `json:"hsm"`
	KeyLabel   string   `json:"key_label"`
	KeySpec    string   `json:"key_spec"`
	Subject    string   `json:"subject"` // RFC 4514
	Serial     string   `json:"serial"`
	NotBefore  string   `json:"not_before"`
	NotAfter   string   `json:"not_after"`
	CRLNumber  uint64   `json:"crl_number"`
	NextUpdate string   `json:"next_update"`
}

// IntentSignCSR holds the request and the exact bytes that will be signed.
type IntentSignCSR struct {
	Profile string `json:"profile"` // name of the certificate profile
	File    string `json:"file"`    // INTCA1.CRT
	Serial  string `json:"serial"`
	CSR     string `json:"csr"` // base64 DER
	TBS     string `json:"tbs"` // base64 DER of TBSCertificate
}

// IntentIssueCRL holds the exact bytes that will be signed.
type IntentIssueCRL struct {
	Number uint64 `json:"number"`
	File   string `json:"file"` // ROOT.CRL
	TBS    string `json:"tbs"`  // base64 DER of TBSCertList
}

// IntentMigrateDisc is to carry the archive to another disc. Where no
// disc.migrated stands in its own session, the disc that it stands on is marked:
// it takes no more sessions.
type IntentMigrateDisc struct {
	Sessions int    `json:"sessions"`  // of the archive before this one
	LastHash string `json:"last_hash"` // of the record that closed the last of them
}

// DiscMigrated says that its session, and all later ones, stand on another disc
// than those before it, whose directories the session holds.
type DiscMigrated struct {
	From     MediumFact `json:"from"`
	To       MediumFact `json:"to"`        // before it held anything of the archive
	Sessions int        `json:"sessions"`  // of the archive, on earlier discs
	LastHash string     `json:"last_hash"` // of the record that closed the last of them
	Reason   string     `json:"reason"`
}

// IntentKeyBackup says which key will be copied, and between which HSMs. To is
// factory-fresh; it will be reset, and opened by the PIN that opens From.
type IntentKeyBackup struct {
	From       HSMFacts `json:"from"`
	To         HSMFacts `json:"to"`
	KeyLabel   string   `json:"key_label"`
	SPKISHA256 string   `json:"spki_sha256"` // of its SubjectPublicKeyInfo, hex
}

// IntentRekeyShares says who will hold the shares of a new PIN, and in which HSMs
// it takes the old one's place.
type IntentRekeyShares struct {
	Set        uint16   `json:"set"`
	Generation int      `json:"generation"`
	Threshold  int      `json:"threshold"`
	Custodians []string `json:"custodians"`
	HSMs       []string `json:"hsms"`   // serials, rising: these will be changed
	Absent     []string `json:"absent"` // serials, rising: the rest of the fleet
}

// IntentUpdateHSM says which HSM, absent when the PIN was changed, will be given
// the present one.
type IntentUpdateHSM struct {
	HSM        HSMFacts `json:"hsm"`
	Generation int      `json:"generation"` // of the shares that will open it
}

// IntentRetireHSM says which HSM will no longer count as one that holds the key.
type IntentRetireHSM struct {
	HSM    HSMFacts `json:"hsm"`
	Reason string   `json:"reason"` // the people's words
}

// IntentAbandoned closes an intent that has no record, with an explanation.
type IntentAbandoned struct {
	Directory   string `json:"directory"`
	Explanation string `json:"explanation"`
}

// SharesCommitted fixes who holds which share, before any HSM is changed.
type SharesCommitted struct {
	Roster Roster   `json:"roster"`
	HSMs   []string `json:"hsms"` // serials, rising: these will be given its PIN
}

// Roster is the public side of a split PIN.
type Roster struct {
	Set        uint16   `json:"set"`
	Generation int      `json:"generation"`
	Threshold  int      `json:"threshold"`
	Members    []Member `json:"members"`
	PINVerify  string   `json:"pin_verify"`
}

// Member is one custodian of a roster.
type Member struct {
	Name       string `json:"name"`
	X          int    `json:"x"`
	Commitment string `json:"commitment"`
}

// HSMBootstrapped says how a device was made ready, now or in a ceremony before.
type HSMBootstrapped struct {
	HSM   HSMFacts  `json:"hsm"`
	Steps []HSMStep `json:"steps"`
}

// Reset reports whether the device was reset, so that its own log begins anew.
func (e HSMBootstrapped) Reset() bool {
	return slices.ContainsFunc(e.Steps, func(s HSMStep) bool { return s.Name == "reset" })
}

// HSMStep is one step of a bootstrap.
type HSMStep struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// HSMLogin says that a session was opened with the recombined PIN: the HSM opens
// to the shares of that generation, and to no others.
type HSMLogin struct {
	Serial     string `json:"serial"`
	Generation int    `json:"generation"`
}

// HSMLog carries the device's own log since the last one recorded.
type HSMLog struct {
	Serial        string   `json:"serial"`
	UnloggedBoots int      `json:"unlogged_boots"`
	UnloggedAuths int      `json:"unlogged_auths"`
	Entries       []string `json:"entries"` // 32 bytes each, hex
	LastNumber    int      `json:"last_number"`
	LastDigest    string   `json:"last_digest"` // 16 bytes, hex
}

// KeyGenerated says which key the device made.
type KeyGenerated struct {
	Serial string `json:"serial"` // of the HSM
	ID     int    `json:"id"`
	Label  string `json:"label"`
	Spec   string `json:"spec"`
	SPKI   string `json:"spki"` // base64 DER of SubjectPublicKeyInfo
}

// KeyAttested says how the device vouches for the key that it made.
type KeyAttested struct {
	Serial string   `json:"serial"` // of the HSM
	ID     int      `json:"id"`     // of the key
	Chain  []string `json:"chain"`  // base64 DER: the key's certificate, then the device's own
}

// KeyCopied says that a second HSM now holds the key too.
type KeyCopied struct {
	From  string    `json:"from"` // serial of the HSM that gave it
	To    string    `json:"to"`   // serial of the HSM that took it
	ID    int       `json:"id"`   // in the second HSM
	Label string    `json:"label"`
	Spec  string    `json:"spec"`
	SPKI  string    `json:"spki"` // base64 DER, as the second HSM tells it
	Steps []HSMStep `json:"steps"`
}

// Exports counts how often the first HSM gave the key away for it: more than once if
// an answer was lost.
func (e KeyCopied) Exports() int {
	n := 0
	for _, s := range e.Steps {
		if s.Name == "export" {
			n++
		}
	}
	return n
}

// HSMRetired says that an HSM is no longer of the fleet.
type HSMRetired struct {
	Serial string `json:"serial"`
}

// CertificateIssued says what was signed.
type CertificateIssued struct {
	Kind      string `json:"kind"` // root or intermediate
	File      string `json:"file"`
	SHA256    string `json:"sha256"` // of the DER file
	Serial    string `json:"serial"`
	Subject   string `json:"subject"`
	NotBefore string `json:"not_before"`
	NotAfter  string `json:"not_after"`
}

// CRLIssued says which list was signed.
type CRLIssued struct {
	Number     uint64 `json:"number"`
	File       string `json:"file"`
	SHA256     string `json:"sha256"`
	ThisUpdate string `json:"this_update"`
	NextUpdate string `json:"next_update"`
	Revoked    int    `json:"revoked"`
}

// FingerprintCompared says what the people in the room answered.
type FingerprintCompared struct {
	File   string `json:"file"`
	SHA256 string `json:"sha256"`
	Same   bool   `json:"same"`
}

// SessionVerified says that an earlier session was read back equal. It stands
// in the next session's log, since nothing can be added to its own.
type SessionVerified struct {
	Directory string `json:"directory"`
	Address   uint32 `json:"address"`
	Blocks    uint32 `json:"blocks"`
	SHA256    string `json:"sha256"` // of the session's image
}

// SessionVoid declares a failed burn.
type SessionVoid struct {
	Track   int    `json:"track"`
	Address uint32 `json:"address"`
	Reason  string `json:"reason"`
}

// ExportDone says what reached the stick in the ceremony before.
type ExportDone struct {
	Files []FileFact `json:"files"`
}

// ExportFailed says what did not reach the stick, and why.
type ExportFailed struct {
	Reason string `json:"reason"`
}

// DiscLeft says what people did with the disc that the archive was carried from.
type DiscLeft struct {
	Session string `json:"session"` // directory of its last one
	Closed  bool   `json:"closed"`  // for ever: no drive adds to it; else it was left as it is
}

// CeremonyEnd closes an operation.
type CeremonyEnd struct {
	Operation string `json:"operation"`
	Outcome   string `json:"outcome"` // done or stopped
	Words     string `json:"words"`   // the operator's, if stopped
}

// RecordMade says which record of the ceremony, for people to read, was made
// from the log up to the record before this one.
type RecordMade struct {
	Form   int    `json:"form"` // of the record, from 1; the same form gives the same bytes
	File   string `json:"file"` // RECORD.HTML
	Size   int64  `json:"size"` // bytes
	SHA256 string `json:"sha256"`
}

// SessionClose is the last record of a session's log: every other file of its
// directory, in order of name.
type SessionClose struct {
	Directory string     `json:"directory"`
	Files     []FileFact `json:"files"`
}

// FileFact names a file by its content.
type FileFact struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func (Genesis) Name() string             { return "archive.genesis" }
func (CeremonyBegin) Name() string       { return "ceremony.begin" }
func (ClockConfirmed) Name() string      { return "clock.confirmed" }
func (HeadCompared) Name() string        { return "head.compared" }
func (EnvironmentClaimed) Name() string  { return "environment.claimed" }
func (IntentInitRoot) Name() string      { return "intent.init-root" }
func (IntentSignCSR) Name() string       { return "intent.sign-csr" }
func (IntentIssueCRL) Name() string      { return "intent.issue-crl" }
func (IntentMigrateDisc) Name() string   { return "intent.migrate-disc" }
func (DiscMigrated) Name() string        { return "disc.migrated" }
func (IntentKeyBackup) Name() string     { return "intent.key-backup" }
func (IntentRekeyShares) Name() string   { return "intent.rekey-shares" }
func (IntentUpdateHSM) Name() string     { return "intent.update-hsm" }
func (IntentRetireHSM) Name() string     { return "intent.retire-hsm" }
func (IntentAbandoned) Name() string     { return "intent.abandoned" }
func (SharesCommitted) Name() string     { return "shares.committed" }
func (HSMBootstrapped) Name() string     { return "hsm.bootstrapped" }
func (HSMLogin) Name() string            { return "hsm.login" }
func (HSMLog) Name() string              { return "hsm.log" }
func (KeyGenerated) Name() string        { return "key.generated" }
func (KeyAttested) Name() string         { return "key.attested" }
func (KeyCopied) Name() string           { return "key.copied" }
func (HSMRetired) Name() string          { return "hsm.retired" }
func (CertificateIssued) Name() string   { return "certificate.issued" }
func (CRLIssued) Name() string           { return "crl.issued" }
func (FingerprintCompared) Name() string { return "fingerprint.compared" }
func (SessionVerified) Name() string     { return "session.verified" }
func (SessionVoid) Name() string         { return "session.void" }
func (ExportDone) Name() string          { return "export.done" }
func (ExportFailed) Name() string        { return "export.failed" }
func (DiscLeft) Name() string            { return "disc.left" }
func (CeremonyEnd) Name() string         { return "ceremony.end" }
func (RecordMade) Name() string          { return "record.made" }
func (SessionClose) Name() string        { return "session.close" }
