package archive

import (
	"fmt"

	"anodize/core/audit"
)

// checkCeremonies reports what the rules allow and a person should read.
func (v *verifier) checkCeremonies(c *check) string {
	done, open := 0, ""
	for _, r := range v.res.Log.Records() {
		switch e := r.Event.(type) {
		case audit.CeremonyBegin:
			open = e.Operation
		case audit.CeremonyEnd:
			open = ""
			if e.Outcome == "done" {
				done++
				continue
			}
			c.warn("record %d: %s was stopped: %s", r.Seq, e.Operation, e.Words)
		case audit.IntentAbandoned:
			open = ""
			c.warn("record %d: the intent %s was abandoned: %s", r.Seq, e.Directory, e.Explanation)
		case audit.FingerprintCompared:
			if !e.Same {
				c.warn("record %d: the fingerprint of %s was not the same", r.Seq, e.File)
			}
		case audit.ExportFailed:
			c.warn("record %d: an export failed: %s", r.Seq, e.Reason)
		}
	}
	if open != "" {
		c.warn("%s has an intent and no record: it was interrupted, or goes on", open)
	}
	return fmt.Sprintf("%d ended as intended", done)
}
