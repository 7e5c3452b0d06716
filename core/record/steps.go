package record

import (
	"fmt"

	"anodize/core/audit"
)

// stepTable shows every record since the ceremony before, with its time.
func (h *history) stepTable() markup {
	var rows [][]markup
	for _, r := range h.steps {
		what, more := step(r.Event)
		rows = append(rows, []markup{number(r.Seq), words(stamp(r.Time)), words(what), more})
	}
	return join(table([]string{"Record", "Time (UTC)", "Step", "On record"}, rows), el(paragraph, words("These are all records since the ceremony before ended.")))
}

// step says what a record tells.
func step(e audit.Event) (what string, more markup) {
	switch e := e.(type) {
	case audit.Genesis:
		return "The archive was begun", join(words(e.Mode+", archive "), mono(e.Archive), words(", program "), data(e.Program))
	case audit.ClockConfirmed:
		if e.Adjusted > 0 {
			return "The session's time was moved forward", join(number(e.Adjusted), words(" s, to follow the last session"))
		}
		return "The operator confirmed the clock", ""
	case audit.HeadCompared:
		return "The witnesses compared the tree head", join(words("over "), number(e.Size), words(" records: "), mono(e.Root))
	case audit.EnvironmentClaimed:
		return "The machine said of itself", join(words("as "), data(e.By), words(" saw it; nothing proves it"), claims(e.Facts))
	case audit.SessionVerified:
		return "A session was read back equal", join(data(e.Directory), words(", "), number(e.Blocks), words(" sectors from "), number(e.Address), words(": "), mono(e.SHA256))
	case audit.SessionVoid:
		return "A burn failed", lines(join(words("at sector "), number(e.Address), words(", track "), number(e.Track)), el(strong, data(e.Reason)))
	case audit.DiscMigrated:
		return "The archive was carried to another disc", lines(
			join(words("from a "), medium(e.From), words(" to a "), medium(e.To), words(": "), counted(e.Sessions, "session"), words(" up to the record "), mono(e.LastHash)), el(strong, data(e.Reason)))
	case audit.SessionClose:
		return "A session was closed", join(data(e.Directory), words(": "), files(e.Files))
	case audit.RecordMade:
		return "The record before this one was made", join(data(e.File), words(", "), number(e.Size), words(" bytes: "), mono(e.SHA256))
	case audit.ExportDone:
		return "The stick took files", files(e.Files)
	case audit.DiscLeft:
		what := "The old disc was left as it is"
		if e.Closed {
			what = "The old disc was closed for ever"
		}
		return what, join(words("its last session is "), data(e.Session))
	case audit.ExportFailed:
		return "The stick did not take the files", el(strong, data(e.Reason))
	default:
		return ceremonyStep(e)
	}
}

// ceremonyStep says what a record of a ceremony tells.
func ceremonyStep(e audit.Event) (what string, more markup) {
	switch e := e.(type) {
	case audit.CeremonyBegin:
		return "The ceremony was begun: " + operation(e.Operation), join(words("HSM "), name(e.HSM.Serial), words(", disc "), data(e.Medium.Name), words(", program "), data(e.Program))
	case audit.IntentInitRoot:
		return "The intent", join(data(e.Subject), words(", serial number "), mono(e.Serial), words(", key "), data(e.KeySpec))
	case audit.IntentSignCSR:
		return "The intent", join(data(e.File), words(" by the profile "), name(e.Profile), words(", serial number "), mono(e.Serial))
	case audit.IntentIssueCRL:
		return "The intent", join(data(e.File), words(", CRL number "), number(e.Number))
	case audit.IntentMigrateDisc:
		return "The intent", join(words("to carry "), counted(e.Sessions, "session"), words(" to another disc, up to the record "), mono(e.LastHash))
	case audit.IntentAbandoned:
		return "An intent was abandoned", lines(data(e.Directory), el(strong, data(e.Explanation)))
	case audit.SharesCommitted:
		return "The shares were fixed", words(fmt.Sprintf("any %d of %d custodians, set %04X, generation %d", e.Roster.Threshold, len(e.Roster.Members), e.Roster.Set, e.Roster.Generation))
	case audit.CeremonyEnd:
		return "The ceremony ended: " + outcomes[e.Outcome], data(e.Words)
	default:
		return keyStep(e)
	}
}

// keyStep says what a record of the HSM, or of what its key made, tells.
func keyStep(e audit.Event) (what string, more markup) {
	switch e := e.(type) {
	case audit.HSMBootstrapped:
		return "The HSM was made ready", join(words("serial "), name(e.HSM.Serial), words(", "), counted(len(e.Steps), "step"))
	case audit.HSMLogin:
		return "The custodians opened the HSM", join(words("serial "), name(e.Serial), words(fmt.Sprintf(", shares of generation %d", e.Generation)))
	case audit.HSMLog:
		return "The HSM's own log was read", words(fmt.Sprintf("new entries: %d; not logged: starts %d, sessions %d", len(e.Entries), e.UnloggedBoots, e.UnloggedAuths))
	case audit.KeyGenerated:
		return "The key was made in the HSM", keyMade(e)
	case audit.KeyAttested:
		return "The HSM vouched for the key", attestation(e)
	case audit.CertificateIssued:
		return "A certificate was issued", lines(join(data(e.File), words(", serial number "), mono(e.Serial)), mono(e.SHA256))
	case audit.CRLIssued:
		return "A CRL was issued", lines(join(data(e.File), words(", CRL number "), number(e.Number)), mono(e.SHA256))
	case audit.FingerprintCompared:
		if e.Same {
			return "The people compared a fingerprint", join(data(e.File), words(": the same"))
		}
		return "The people compared a fingerprint", join(data(e.File), words(": "), el(strong, words("not the same")))
	default:
		return fleetStep(e)
	}
}

// claims lists what a machine says of itself.
func claims(all []audit.Claim) markup {
	var out []markup
	for _, c := range all {
		out = append(out, join(data(c.Name), words(": "), data(c.Value)))
	}
	return lines(out...)
}

// medium is a disc as its drive told it.
func medium(m audit.MediumFact) markup {
	return join(data(m.Name), words(" with "), counted(m.Sessions, "session"))
}

func files(all []audit.FileFact) markup {
	if len(all) == 0 {
		return words("none")
	}
	var out []markup
	for _, f := range all {
		out = append(out, join(data(f.Name), words(", "), number(f.Size), words(" bytes, "), mono(f.SHA256)))
	}
	return lines(out...)
}
