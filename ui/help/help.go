// Package help finds the page that belongs to what a ceremony shows.
//
// It guarantees that every view has one: a short page for the kind of screen, and
// a place in a runbook for the step. It reads what the view shows people, and
// nothing else.
package help

import (
	"strings"

	"anodize/core/ceremony"
)

// Place is where to read about a view. The names are those of package assets.
type Place struct {
	Page    string // the short page of this kind of screen, as in step-clock
	Runbook string // the runbook of the operation, as in runbook-sign
	Anchor  string // the id of the present step in the runbook
}

// The operations, as a view names them.
const (
	gates    = "Before we begin"
	choosing = "Choose"
	initRoot = "Init root"
	signCSR  = "Sign CSR"
	issueCRL = "Issue CRL"
	validate = "Validate disc"
	copying  = "Copy to the stick"
	migrate  = "Migrate disc"
	backup   = "Back up the key"
	rekey    = "New custodians"
	fleet    = "The HSMs"
	update   = "Update an HSM"
	retire   = "Retire an HSM"
)

// For returns where to read about v.
func For(v *ceremony.View) Place {
	page := page(v)
	runbook, anchor := "runbook-"+runbook(v), anchor(v, page)
	if trouble[page] != "" {
		runbook, anchor = "runbook-recovery", trouble[page]
	}
	return Place{Page: "step-" + page, Runbook: runbook, Anchor: anchor}
}

// trouble are the pages of what did not go well, and where the runbook for that
// speaks of them.
var trouble = map[string]string{"message": "first", "words": "power", "mend": "power"}

// runbook is the one that goes with the operation. Before one is chosen, it is
// that of a new root if there is no archive yet.
func runbook(v *ceremony.View) string {
	switch v.Operation {
	case initRoot:
		return "init"
	case issueCRL:
		return "crl"
	case validate:
		return "validate"
	case migrate:
		return "migrate"
	case backup:
		return "backup"
	case rekey:
		return "rekey"
	case fleet, update, retire:
		return "hsms"
	case gates, choosing:
		if v.Records == 0 {
			return "init"
		}
	}
	return "sign"
}

// phase is the current one, counted from 0; 7 if all are done.
func phase(v *ceremony.View) int {
	for i, p := range v.Phases {
		if p.State == ceremony.Current || p.State == ceremony.Failed {
			return i
		}
	}
	if v.Phases[0].State == ceremony.Done {
		return len(v.Phases)
	}
	return 0
}

// The phases that matter here.
const (
	planPhase    = 1
	commitPhase  = 2
	quorumPhase  = 3
	executePhase = 4
	recordPhase  = 5
	exportPhase  = 6
)

func page(v *ceremony.View) string {
	switch b := v.Body.(type) {
	case ceremony.ShareHiddenBody, ceremony.ShareBody:
		return "share-show"
	case ceremony.EntryBody:
		return "share-entry"
	case ceremony.MenuBody:
		return "menu"
	case ceremony.ClockBody:
		return "clock"
	case ceremony.TextBody:
		return typed(v, b)
	case ceremony.PageBody:
		return "record"
	}
	switch v.Operation {
	case gates:
		return gate(v)
	case choosing:
		return chosen(v)
	case validate:
		return validated(v)
	case copying:
		return "export"
	case fleet:
		return "fleet"
	}
	return step(v)
}

// typed is the page of a screen on which something is written.
func typed(v *ceremony.View, b ceremony.TextBody) string {
	switch {
	case b.Numeric:
		return "clock"
	case (v.Operation == initRoot || v.Operation == rekey) && phase(v) <= planPhase:
		return "custodians"
	case v.Operation == retire && phase(v) <= planPhase:
		return "fleet"
	}
	return "words"
}

// gate is the page of the gate that is to be passed.
func gate(v *ceremony.View) string {
	switch b := v.Body.(type) {
	case ceremony.StepsBody:
		return waitingFor(b)
	case ceremony.FingerprintBody:
		return "head"
	case ceremony.MessageBody:
		if !v.ClockConfirmed { // the machine is shown before it, by facts
			return "clock"
		}
	}
	switch {
	case !v.ClockConfirmed:
		return "machine"
	case v.Stick.State != ceremony.There:
		return "stick"
	case v.HSM.State == ceremony.Absent:
		return "profile"
	case v.HSM.State == ceremony.NeedsYou:
		return "hsm"
	}
	return "disc"
}

// waitingFor is the page of the gate that a list of them is at; the disc is read
// for so long that it is what a screen without such a list is about.
func waitingFor(b ceremony.StepsBody) string {
	pages := []string{"clock", "stick", "profile", "hsm", "disc"}
	if len(b.Steps) == len(pages) {
		for i, s := range b.Steps {
			if s.State == ceremony.Current {
				return pages[i]
			}
		}
	}
	return "disc"
}

func chosen(v *ceremony.View) string {
	switch v.Body.(type) {
	case ceremony.MessageBody:
		return "mend"
	case ceremony.FingerprintBody:
		return "note-head"
	case ceremony.FactsBody:
		return "machine"
	}
	return "menu"
}

func validated(v *ceremony.View) string {
	if _, ok := v.Body.(ceremony.FingerprintBody); ok {
		return "note-head"
	}
	return "validate"
}

// step is the page of an operation's step.
func step(v *ceremony.View) string {
	switch b := v.Body.(type) {
	case ceremony.MessageBody:
		return told(v)
	case ceremony.FingerprintBody:
		if strings.HasPrefix(b.Of, "Tree head") {
			return "note-head"
		}
		return "fingerprint"
	case ceremony.ChoicesBody:
		if v.Operation == initRoot || v.Operation == rekey {
			return "custodians"
		}
		return "request"
	case ceremony.FindingsBody:
		return "validate"
	case ceremony.StepsBody:
		return long(b, phase(v))
	}
	switch {
	case phase(v) >= exportPhase:
		return "export"
	case v.Operation == migrate && phase(v) == executePhase:
		return "new-disc"
	}
	return "plan"
}

// told is the page of a message: trouble, but for what the discs and the HSMs of
// some operations bring with them.
func told(v *ceremony.View) string {
	at := phase(v)
	switch v.Operation {
	case migrate:
		switch {
		case at == executePhase:
			return "new-disc"
		case at == planPhase, at > exportPhase:
			return "old-disc"
		}
	case backup, retire:
		if at == planPhase || at > exportPhase {
			return "fleet"
		}
	case rekey, update:
		if at == executePhase || at > exportPhase {
			return "cards"
		}
	}
	return "message"
}

// long is the page of long work. A burn is a list of steps; what else the quorum's
// phase does is told in one.
func long(b ceremony.StepsBody, phase int) string {
	switch {
	case phase >= exportPhase:
		return "export"
	case phase == commitPhase, phase == recordPhase, phase == quorumPhase && len(b.Steps) > 1:
		return "burn"
	case phase <= planPhase:
		return "plan"
	}
	return "work"
}

// anchors are the steps of the runbooks, by the pages of their screens.
var anchors = map[string]string{
	"machine": "power", "clock": "clock", "stick": "stick", "profile": "profile", "hsm": "hsm", "disc": "disc", "head": "disc",
	"menu": "choose", "custodians": "custodians", "request": "request", "plan": "plan", "share-show": "shares",
	"share-entry": "entry", "work": "work", "fingerprint": "fingerprint", "export": "export", "note-head": "head",
	"validate": "findings", "new-disc": "work", "old-disc": "old", "record": "record", "fleet": "fleet", "cards": "cards",
}

// anchor is the step of the runbook that v is at.
func anchor(v *ceremony.View, page string) string {
	at := phase(v)
	switch {
	case page == "burn" && at <= commitPhase:
		return "intent"
	case page == "burn" && at == quorumPhase:
		if v.Operation == initRoot || v.Operation == rekey {
			return "commit"
		}
		return "entry"
	case page == "burn":
		return "record"
	case page == "clock" && (v.Operation == update || v.Operation == retire):
		return "fleet" // the HSM was chosen before
	case page == "clock" && v.Operation != gates:
		return "choose"
	case page == "cards" && at == executePhase:
		return "work" // nothing is destroyed yet
	case page == "old-disc" && at == planPhase:
		return "short"
	case page == "fleet" && v.Operation == retire && at > exportPhase:
		return "cards"
	case page == "share-entry" && v.Operation == rekey && !strings.Contains(v.Title, ": "):
		return "old-cards" // nobody is named: any of those so far steps up
	case page == "work" && at < executePhase:
		return "entry"
	case page == "validate" && v.Operation != validate:
		return "disc"
	case page == "share-show" && v.Operation != initRoot && v.Operation != rekey:
		return "entry"
	}
	return anchors[page]
}
