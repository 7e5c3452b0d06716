package audit

import "strings"

var operations = []string{"init-root", "sign-csr", "issue-crl", "migrate-disc", "key-backup", "rekey-shares", "update-hsm", "retire-hsm"}

var keySpecs = []string{"ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-3072", "rsa-4096"}

func (e Genesis) check(c *checker) {
	c.count("format", e.Format, 1, 1)
	c.hex("archive", e.Archive, 32)
	c.oneOf("mode", e.Mode, "production", "rehearsal", "dev")
	c.hex("image", e.Image, 32)
	c.word("program", e.Program, maxName)
}

func (e CeremonyBegin) check(c *checker) {
	c.oneOf("operation", e.Operation, operations...)
	c.word("program", e.Program, maxName)
	c.hex("image", e.Image, 32)
	e.HSM.check(c)
	e.Medium.check(c, "medium")
}

func (e MediumFact) check(c *checker, field string) {
	c.word(field+".name", e.Name, maxName)
	c.count(field+".sessions", e.Sessions, 0, 1<<16)
}

func (e HSMFacts) check(c *checker) {
	c.word("hsm.backend", e.Backend, maxName)
	c.word("hsm.serial", e.Serial, maxName)
	c.text("hsm.firmware", e.Firmware, maxName)
}

func (e ClockConfirmed) check(c *checker) { c.count("adjusted", e.Adjusted, 0, 1<<31) }

func (e HeadCompared) check(c *checker) {
	c.number("size", e.Size, 1, maxInteger)
	c.hex("root", e.Root, 32)
}

func (e EnvironmentClaimed) check(c *checker) {
	c.word("by", e.By, maxName)
	if !c.list("facts", len(e.Facts), 0, MaxClaims) {
		return
	}
	for _, f := range e.Facts {
		c.word("facts.name", f.Name, maxName)
		c.text("facts.value", f.Value, MaxClaim)
	}
}

func (e IntentInitRoot) check(c *checker) {
	c.number("set", uint64(e.Set), 0, 1<<15-1)
	c.count("generation", e.Generation, 0, maxInteger)
	c.quorum(e.Threshold, e.Custodians)
	e.HSM.check(c)
	c.word("key_label", e.KeyLabel, maxName)
	c.oneOf("key_spec", e.KeySpec, keySpecs...)
	c.word("subject", e.Subject, maxText)
	c.serial("serial", e.Serial)
	c.span("not_before", e.NotBefore, "not_after", e.NotAfter)
	c.number("crl_number", e.CRLNumber, 1, maxInteger)
	c.time("next_update", e.NextUpdate)
}

// quorum takes 2 ≤ threshold ≤ names ≤ 16 and distinct names.
func (c *checker) quorum(threshold int, names []string) {
	if !c.list("custodians", len(names), 2, maxShares) {
		return
	}
	c.count("threshold", threshold, 2, uint64(len(names)))
	seen := map[string]bool{}
	for _, name := range names {
		c.word("custodians", name, maxName)
		if seen[strings.ToLower(name)] {
			c.fail("custodians", "%q is named twice", name)
		}
		seen[strings.ToLower(name)] = true
	}
}

func (e IntentSignCSR) check(c *checker) {
	c.word("profile", e.Profile, maxName)
	c.file("file", e.File)
	c.serial("serial", e.Serial)
	c.der("csr", e.CSR, maxDER)
	c.der("tbs", e.TBS, maxDER)
}

func (e IntentIssueCRL) check(c *checker) {
	c.number("number", e.Number, 1, maxInteger)
	c.file("file", e.File)
	c.der("tbs", e.TBS, maxDER)
}

func (e IntentMigrateDisc) check(c *checker) {
	c.count("sessions", e.Sessions, 1, 1<<16)
	c.hex("last_hash", e.LastHash, 32)
}

func (e DiscMigrated) check(c *checker) {
	e.From.check(c, "from")
	e.To.check(c, "to")
	c.count("sessions", e.Sessions, 1, 1<<16)
	c.hex("last_hash", e.LastHash, 32)
	c.said("reason", e.Reason)
}

func (e IntentKeyBackup) check(c *checker) {
	e.From.check(c)
	e.To.check(c)
	c.word("key_label", e.KeyLabel, maxName)
	c.hex("spki_sha256", e.SPKISHA256, 32)
}

func (e IntentRekeyShares) check(c *checker) {
	c.number("set", uint64(e.Set), 0, 1<<15-1)
	c.count("generation", e.Generation, 0, maxInteger)
	c.quorum(e.Threshold, e.Custodians)
	c.serials("hsms", e.HSMs, 1)
	c.serials("absent", e.Absent, 0)
}

// serials takes serial numbers of HSMs, rising.
func (c *checker) serials(field string, serials []string, low int) {
	if !c.list(field, len(serials), low, maxList) {
		return
	}
	for i, s := range serials {
		c.word(field, s, maxName)
		if i > 0 && serials[i-1] >= s {
			c.fail(field, "%q does not follow %q in order", s, serials[i-1])
		}
	}
}

func (e IntentUpdateHSM) check(c *checker) {
	e.HSM.check(c)
	c.count("generation", e.Generation, 0, maxInteger)
}

func (e IntentRetireHSM) check(c *checker) {
	e.HSM.check(c)
	c.said("reason", e.Reason)
}

func (e IntentAbandoned) check(c *checker) {
	c.directory("directory", e.Directory)
	c.said("explanation", e.Explanation)
}

func (e SharesCommitted) check(c *checker) {
	e.Roster.check(c)
	c.serials("hsms", e.HSMs, 1)
}

func (e Roster) check(c *checker) {
	c.number("roster.set", uint64(e.Set), 0, 1<<15-1)
	c.count("roster.generation", e.Generation, 0, maxInteger)
	c.hex("roster.pin_verify", e.PINVerify, 32)
	names := make([]string, len(e.Members))
	seen := map[int]bool{}
	for i, m := range e.Members {
		names[i] = m.Name
		c.count("roster.members.x", m.X, 1, 255)
		c.hex("roster.members.commitment", m.Commitment, 32)
		if seen[m.X] {
			c.fail("roster.members.x", "%d stands twice", m.X)
		}
		seen[m.X] = true
	}
	c.quorum(e.Threshold, names)
}

func (e HSMBootstrapped) check(c *checker) {
	e.HSM.check(c)
	c.steps(e.Steps)
}

func (c *checker) steps(steps []HSMStep) {
	if !c.list("steps", len(steps), 0, maxList) {
		return
	}
	for _, s := range steps {
		c.word("steps.name", s.Name, maxName)
		c.text("steps.detail", s.Detail, maxText)
	}
}

func (e HSMLogin) check(c *checker) {
	c.word("serial", e.Serial, maxName)
	c.count("generation", e.Generation, 0, maxInteger)
}

func (e HSMLog) check(c *checker) {
	c.word("serial", e.Serial, maxName)
	c.count("unlogged_boots", e.UnloggedBoots, 0, 1<<16-1)
	c.count("unlogged_auths", e.UnloggedAuths, 0, 1<<16-1)
	c.count("last_number", e.LastNumber, 0, 1<<16-1)
	if !c.list("entries", len(e.Entries), 0, maxList) {
		return
	}
	for _, entry := range e.Entries {
		c.hex("entries", entry, 32)
	}
	// A device without a log of its own has no digest either.
	if len(e.Entries) > 0 || e.LastDigest != "" {
		c.hex("last_digest", e.LastDigest, 16)
	}
}

func (e KeyGenerated) check(c *checker) {
	c.word("serial", e.Serial, maxName)
	c.count("id", e.ID, 0, 1<<16-1)
	c.word("label", e.Label, maxName)
	c.oneOf("spec", e.Spec, keySpecs...)
	c.der("spki", e.SPKI, maxDER)
}

func (e KeyAttested) check(c *checker) {
	c.word("serial", e.Serial, maxName)
	c.count("id", e.ID, 0, 1<<16-1)
	if !c.list("chain", len(e.Chain), attestationChain, attestationChain) {
		return
	}
	for _, cert := range e.Chain {
		c.der("chain", cert, maxAttestation)
	}
}

func (e KeyCopied) check(c *checker) {
	c.word("from", e.From, maxName)
	c.word("to", e.To, maxName)
	c.count("id", e.ID, 0, 1<<16-1)
	c.word("label", e.Label, maxName)
	c.oneOf("spec", e.Spec, keySpecs...)
	c.der("spki", e.SPKI, maxDER)
	c.steps(e.Steps)
}

func (e HSMRetired) check(c *checker) { c.word("serial", e.Serial, maxName) }

func (e CertificateIssued) check(c *checker) {
	c.oneOf("kind", e.Kind, "root", "intermediate")
	c.file("file", e.File)
	c.hex("sha256", e.SHA256, 32)
	c.serial("serial", e.Serial)
	c.word("subject", e.Subject, maxText)
	c.span("not_before", e.NotBefore, "not_after", e.NotAfter)
}

func (e CRLIssued) check(c *checker) {
	c.number("number", e.Number, 1, maxInteger)
	c.file("file", e.File)
	c.hex("sha256", e.SHA256, 32)
	c.span("this_update", e.ThisUpdate, "next_update", e.NextUpdate)
	c.count("revoked", e.Revoked, 0, maxInteger)
}

func (e FingerprintCompared) check(c *checker) {
	c.file("file", e.File)
	c.hex("sha256", e.SHA256, 32)
}

func (e SessionVerified) check(c *checker) {
	c.directory("directory", e.Directory)
	c.hex("sha256", e.SHA256, 32)
	c.number("blocks", uint64(e.Blocks), 1, 1<<32-1)
}

func (e SessionVoid) check(c *checker) {
	c.count("track", e.Track, 0, 1<<16)
	c.said("reason", e.Reason)
}

func (e ExportDone) check(c *checker) { c.files("files", e.Files, 0) }

func (e ExportFailed) check(c *checker) { c.said("reason", e.Reason) }

func (e DiscLeft) check(c *checker) { c.directory("session", e.Session) }

func (e CeremonyEnd) check(c *checker) {
	c.oneOf("operation", e.Operation, operations...)
	c.oneOf("outcome", e.Outcome, "done", "stopped")
	c.text("words", e.Words, maxText)
	if e.Outcome == "stopped" {
		c.said("words", e.Words)
	}
}

func (e RecordMade) check(c *checker) {
	c.count("form", e.Form, 1, 1<<16)
	c.file("file", e.File)
	c.number("size", uint64(e.Size), 1, maxInteger)
	c.hex("sha256", e.SHA256, 32)
}

func (e SessionClose) check(c *checker) {
	c.directory("directory", e.Directory)
	c.files("files", e.Files, 1)
}
