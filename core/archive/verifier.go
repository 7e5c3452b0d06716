package archive

import (
	"fmt"
	"strings"
	"unicode"

	"anodize/core/audit"
	"anodize/core/state"
)

// maxFindings bounds the findings of one check, so that a disc full of faults
// makes no report without end.
const maxFindings = 50

// verifier is a verification under way.
type verifier struct {
	sessions []Session
	damage   []error
	opts     Options
	res      Result

	read   int        // readings of sessions that are done
	newest *holding   // the last session's directories
	closes []closing  // the session.close records of the newest log
	disc   state.Disc // by that log, the one that its last session stands on
}

// closing is a session.close and its place in the log.
type closing struct {
	audit.SessionClose
	seq  uint64
	size int64    // bytes of the log up to it and including it
	sum  [32]byte // SHA-256 of them
}

// check collects the findings of one check.
type check struct {
	name     string
	findings []Finding
	dropped  int
}

func (c *check) add(level Level, format string, args ...any) {
	if len(c.findings) >= maxFindings && level != Error {
		c.dropped++
		return
	}
	if len(c.findings) >= 2*maxFindings {
		c.dropped++
		return
	}
	c.findings = append(c.findings, Finding{level, c.name, oneLine(fmt.Sprintf(format, args...))})
}

func (c *check) error(format string, args ...any) { c.add(Error, format, args...) }
func (c *check) warn(format string, args ...any)  { c.add(Warn, format, args...) }

func (c *check) failed() bool {
	for _, f := range c.findings {
		if f.Level == Error {
			return true
		}
	}
	return false
}

// run makes one check. f returns what holds if it found no error; nothing if
// there was nothing to look at.
func (v *verifier) run(name string, f func(*check) string) {
	c := &check{name: name}
	passed := f(c)
	if passed != "" && !c.failed() {
		v.add(Pass, name, passed)
	}
	v.res.Findings = append(v.res.Findings, c.findings...)
	if c.dropped > 0 {
		v.add(Warn, name, fmt.Sprintf("%d more findings are not listed", c.dropped))
	}
}

// reading tells that one more session was read in full.
func (v *verifier) reading() {
	v.read++
	if v.opts.Progress != nil {
		total := 3 * len(v.sessions)
		v.opts.Progress(min(v.read, total), total)
	}
}

func (v *verifier) add(level Level, name, what string) {
	v.res.Findings = append(v.res.Findings, Finding{level, name, oneLine(what)})
}

// oneLine keeps what stands on a disc from looking like findings of its own:
// no line breaks, no control characters, nothing that turns the direction of
// writing, no more than 1,000 characters.
func oneLine(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > 1000 {
			b.WriteString(" …")
			break
		}
		switch {
		case r == '\n' || r == '\t':
			b.WriteByte(' ')
		case unicode.IsPrint(r):
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ReplacementChar)
		}
	}
	return b.String()
}

func (v *verifier) result() Result {
	v.res.Sessions = v.sessions
	return v.res
}
