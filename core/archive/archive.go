// Package archive says whether what stands on a disc is one whole, unchanged
// archive.
//
// It guarantees that Verify finds no error only if: every session's log is one
// chain from the profile's SHA-256 and the beginning of the next session's log;
// every session holds every earlier directory, byte for byte; no session of this
// disc is missing, and what belongs to none was declared void; sessions of earlier
// discs, made again from the copies, are what was read back there; every STATE.JSON is what
// the log replays to; every file stands in a session.close with its length and
// SHA-256, and every file named there is present; certificates and CRLs carry
// the intended bytes under the root's signature, and say what the profile and the
// request ask for and nothing else; the HSM's own log tells of
// exactly the signatures on record; what a device attests of the root key is so, and
// leads to a pinned root if one is given; and every RECORD.HTML is what it is when
// made again.
//
// It reads through the readers that it is given and trusts nothing that it
// reads: lengths are bounded before anything is allocated, contents are hashed
// in passing. It does not know how the directories were found. A log that was
// cut off together with everything later is whole by itself: Options.Head finds
// that.
package archive

import (
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/hsm/attestation"
	"anodize/core/state"
)

// Level is how serious a finding is. The zero value is the worst.
type Level uint8

const (
	Error Level = iota // the archive is not what it claims to be
	Warn               // on record, and to be read by a person
	Pass
)

func (l Level) String() string {
	switch l {
	case Pass:
		return "PASS"
	case Warn:
		return "WARN"
	default:
		return "ERROR"
	}
}

// Finding is one line of a validation.
type Finding struct {
	Level Level
	Check string // one or two words, such as "hsm log"
	What  string
}

// String writes "PASS check: what".
func (f Finding) String() string { return fmt.Sprintf("%s %s: %s", f.Level, f.Check, f.What) }

// Session is one session, or one copy of the directories of a disc.
type Session struct {
	Directories []disc.Directory // every one that it holds, oldest first
	Recorded    *disc.Session    // where it stands on the disc; nil for a copy

	verified bool  // fault is known
	fault    error // what Recorded.Verify found
}

// verify compares what was recorded around the files with what must stand there,
// once.
func (s *Session) verify() error {
	if !s.verified && s.Recorded != nil {
		s.verified, s.fault = true, s.Recorded.Verify()
	}
	return s.fault
}

// Options is what the caller knows of the archive from elsewhere.
type Options struct {
	Head *audit.Head // from the witnesses' sheet
	Mode string      // the mode that it must have; empty: any

	// Attestation is whom the caller trusts to name genuine HSMs.
	Attestation attestation.Roots

	// Voids are failed burns that the log does not declare yet, because the
	// session that will is still to be burned. An auditor has none.
	Voids []audit.SessionVoid

	// Progress, if set, is told how many of the sessions' readings are done: each
	// session of a disc is read three times.
	Progress func(done, total int)
}

// Result is what was found. Everything but Findings is empty as far as errors
// kept it from being known.
type Result struct {
	Findings []Finding
	Sessions []Session // of the archive, in order, void ones left out
	Log      *audit.Log
	State    state.State
	Profile  []byte // PROFILE.TOML
	Root     []byte // DER of the root certificate
	CRL      []byte // DER of the newest CRL
}

// Worst returns the level of the most serious finding.
func (r Result) Worst() Level {
	worst := Pass
	for _, f := range r.Findings {
		worst = min(worst, f.Level)
	}
	return worst
}

// Verify verifies the sessions of one disc, in the order of their addresses.
// damage is what else was found there, from disc.Find or disc.Drive.Sessions.
func Verify(sessions []Session, damage []error, opts Options) Result {
	v := &verifier{sessions: slices.Clone(sessions), damage: damage, opts: opts}
	v.run("undeclared", v.checkUndeclared)
	v.run("log", v.checkLog)
	if v.res.Log != nil {
		v.run("voids", v.checkVoids)
	}
	v.run("sessions", v.checkSessions)
	v.run("copies", v.checkCopies)
	v.run("image", v.checkImages)
	if v.res.Log == nil {
		v.add(Error, "archive", "without a log nothing else can be verified")
		return v.result()
	}
	v.run("prefixes", v.checkPrefixes)
	v.run("files", v.checkFiles)
	v.run("replay", v.checkReplay)
	v.run("volumes", v.checkVolumes)
	v.run("read-back", v.checkReadBack)
	v.run("earlier discs", v.checkEarlierDiscs)
	v.run("artifacts", v.checkArtifacts)
	v.run("profile", v.checkProfile)
	v.run("attestation", v.checkAttestation)
	v.run("hsm log", v.checkDeviceLogs)
	v.run("records", v.checkRecords)
	v.run("ceremonies", v.checkCeremonies)
	v.run("mode", v.checkMode)
	v.run("head", v.checkHead)
	return v.result()
}
