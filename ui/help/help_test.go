package help_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anodize/assets"
	"anodize/core/ceremony"
	"anodize/ui/help"
	"anodize/ui/html"
)

var operations = []string{"Before we begin", "Choose", "Init root", "Sign CSR", "Issue CRL", "Validate disc", "Copy to the stick", "Migrate disc",
	"Back up the key", "New custodians", "The HSMs", "Update an HSM", "Retire an HSM", "Something new", ""}

func phases(n int) (p [7]ceremony.Phase) {
	for i := range p {
		switch {
		case i < n:
			p[i].State = ceremony.Done
		case i == n:
			p[i].State = ceremony.Current
		}
	}
	return p
}

var bodies = []ceremony.Body{
	nil, ceremony.ClockBody{}, ceremony.TextBody{}, ceremony.TextBody{Numeric: true}, ceremony.FactsBody{}, ceremony.ChoicesBody{}, ceremony.MenuBody{},
	ceremony.StepsBody{}, ceremony.StepsBody{Steps: make([]ceremony.WorkStep, 5)}, ceremony.ShareHiddenBody{}, ceremony.ShareBody{},
	ceremony.EntryBody{}, ceremony.FingerprintBody{}, ceremony.FingerprintBody{Of: "Tree head over 3 records"}, ceremony.FindingsBody{}, ceremony.MessageBody{},
	ceremony.PageBody{},
}

// Whatever is on the screen, F1 has a page to show, and the runbook has the step.
func TestEveryViewHasAPage(t *testing.T) {
	views := map[string]*html.View{}
	fonts := html.NewFonts()
	open := func(name string) *html.View {
		if views[name] == nil {
			src, err := assets.Page(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := html.Parse(src)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			views[name] = html.NewView(fonts, p)
		}
		return views[name]
	}
	for _, op := range operations {
		for n := range 8 {
			for _, body := range bodies {
				for _, records := range []uint64{0, 9} {
					for state := ceremony.Absent; state <= ceremony.There; state++ {
						lamp := ceremony.Lamp{State: state}
						v := &ceremony.View{Operation: op, Phases: phases(n), Body: body, Records: records, Stick: lamp, HSM: lamp}
						at := help.For(v)
						open(at.Page)
						if !open(at.Runbook).GoTo(at.Anchor) && possible(v) {
							t.Errorf("%q, phase %d, %T: %+v is not there", op, n, body, at)
						}
					}
				}
			}
		}
	}
}

// possible leaves out what no ceremony shows: steps of one operation in another.
func possible(v *ceremony.View) bool {
	if (v.Operation == "Migrate disc" || v.Operation == "Retire an HSM") && v.Phases[3].State == ceremony.Current {
		return false // no quorum opens anything
	}
	switch b := v.Body.(type) {
	case ceremony.FingerprintBody:
		if v.Operation == "The HSMs" || v.Operation == "Update an HSM" || v.Operation == "Retire an HSM" {
			return strings.HasPrefix(b.Of, "Tree head") // nothing is issued
		}
	case ceremony.ChoicesBody:
		return v.Operation == "Init root" || v.Operation == "Sign CSR" || v.Operation == "New custodians" || v.Operation == "The HSMs"
	case ceremony.ShareHiddenBody, ceremony.ShareBody:
		return v.Operation == "Init root" || v.Operation == "New custodians"
	case ceremony.PageBody:
		return v.Operation == "Init root" || v.Operation == "Migrate disc" || v.Operation == "Back up the key" || v.Operation == "New custodians" || v.Operation == "Sign CSR" || v.Operation == "Issue CRL"
	case ceremony.EntryBody:
		return v.Operation == "Init root" || v.Operation == "Back up the key" || v.Operation == "New custodians" || v.Operation == "Update an HSM" || v.Operation == "Sign CSR" || v.Operation == "Issue CRL"
	case ceremony.ClockBody, ceremony.TextBody, ceremony.MessageBody:
		return true
	}
	return v.Operation != "" && v.Operation != "Something new"
}

func TestTheStepsOfACeremony(t *testing.T) {
	there, waiting := ceremony.Lamp{State: ceremony.There}, ceremony.Lamp{State: ceremony.NeedsYou}
	burn := ceremony.StepsBody{Steps: make([]ceremony.WorkStep, 5)}
	short := ceremony.StepsBody{Steps: make([]ceremony.WorkStep, 1)}
	gate := ceremony.StepsBody{Steps: make([]ceremony.WorkStep, 5)}
	gate.Steps[3].State = ceremony.Current
	for _, c := range []struct {
		why  string
		view ceremony.View
		want help.Place
	}{
		{"the clock", ceremony.View{Operation: "Before we begin", Body: ceremony.ClockBody{}}, help.Place{Page: "step-clock", Runbook: "runbook-init", Anchor: "clock"}},
		{"a year long after the image", ceremony.View{Operation: "Before we begin", Title: "Is it really the year 2070?", Body: ceremony.MessageBody{}}, help.Place{Page: "step-clock", Runbook: "runbook-init", Anchor: "clock"}},
		{"what the machine says", ceremony.View{Operation: "Before we begin", Body: ceremony.FactsBody{}}, help.Place{Page: "step-machine", Runbook: "runbook-init", Anchor: "power"}},
		{"the stick's files", ceremony.View{Operation: "Before we begin", ClockConfirmed: true, Body: ceremony.FactsBody{}, Stick: waiting}, help.Place{Page: "step-stick", Runbook: "runbook-init", Anchor: "stick"}},
		{"the profile", ceremony.View{Operation: "Before we begin", ClockConfirmed: true, Body: ceremony.FactsBody{}, Stick: there}, help.Place{Page: "step-profile", Runbook: "runbook-init", Anchor: "profile"}},
		{"the HSM is waited for", ceremony.View{Operation: "Before we begin", Body: gate, Stick: there}, help.Place{Page: "step-hsm", Runbook: "runbook-init", Anchor: "hsm"}},
		{"the head of an archive", ceremony.View{Operation: "Before we begin", Body: ceremony.FingerprintBody{}, Records: 9}, help.Place{Page: "step-head", Runbook: "runbook-sign", Anchor: "disc"}},
		{"names", ceremony.View{Operation: "Init root", Phases: phases(1), Body: ceremony.TextBody{}}, help.Place{Page: "step-custodians", Runbook: "runbook-init", Anchor: "custodians"}},
		{"the intent", ceremony.View{Operation: "Sign CSR", Phases: phases(2), Body: burn}, help.Place{Page: "step-burn", Runbook: "runbook-sign", Anchor: "intent"}},
		{"the commitments", ceremony.View{Operation: "Init root", Phases: phases(3), Body: burn}, help.Place{Page: "step-burn", Runbook: "runbook-init", Anchor: "commit"}},
		{"the PIN is made", ceremony.View{Operation: "Init root", Phases: phases(3), Body: short}, help.Place{Page: "step-work", Runbook: "runbook-init", Anchor: "entry"}},
		{"why it stopped", ceremony.View{Operation: "Sign CSR", Phases: phases(3), Body: ceremony.TextBody{}}, help.Place{Page: "step-words", Runbook: "runbook-recovery", Anchor: "power"}},
		{"the CRL's fingerprint", ceremony.View{Operation: "Issue CRL", Phases: phases(4), Body: ceremony.FingerprintBody{Of: "SHA-256 of ROOT.CRL"}}, help.Place{Page: "step-fingerprint", Runbook: "runbook-crl", Anchor: "fingerprint"}},
		{"the head at the end", ceremony.View{Operation: "Sign CSR", Phases: phases(7), Body: ceremony.FingerprintBody{Of: "Tree head over 9 records"}}, help.Place{Page: "step-note-head", Runbook: "runbook-sign", Anchor: "head"}},
		{"findings", ceremony.View{Operation: "Validate disc", Body: ceremony.FindingsBody{}, Records: 9}, help.Place{Page: "step-validate", Runbook: "runbook-validate", Anchor: "findings"}},
		{"the discs are exchanged", ceremony.View{Operation: "Migrate disc", Phases: phases(4), Body: ceremony.MessageBody{}}, help.Place{Page: "step-new-disc", Runbook: "runbook-migrate", Anchor: "work"}},
		{"the new disc is agreed to", ceremony.View{Operation: "Migrate disc", Phases: phases(4), Body: ceremony.FactsBody{}}, help.Place{Page: "step-new-disc", Runbook: "runbook-migrate", Anchor: "work"}},
		{"a record to read", ceremony.View{Operation: "Sign CSR", Phases: phases(7), Body: ceremony.PageBody{}}, help.Place{Page: "step-record", Runbook: "runbook-sign", Anchor: "record"}},
		{"the HSM that gets a copy", ceremony.View{Operation: "Back up the key", Phases: phases(1), Body: ceremony.MessageBody{}}, help.Place{Page: "step-fleet", Runbook: "runbook-backup", Anchor: "fleet"}},
		{"new names", ceremony.View{Operation: "New custodians", Phases: phases(1), Body: ceremony.TextBody{}}, help.Place{Page: "step-custodians", Runbook: "runbook-rekey", Anchor: "custodians"}},
		{"the new commitments", ceremony.View{Operation: "New custodians", Phases: phases(3), Body: burn}, help.Place{Page: "step-burn", Runbook: "runbook-rekey", Anchor: "commit"}},
		{"an HSM falls silent", ceremony.View{Operation: "New custodians", Phases: phases(4), Body: ceremony.MessageBody{}}, help.Place{Page: "step-cards", Runbook: "runbook-rekey", Anchor: "work"}},
		{"the old cards", ceremony.View{Operation: "New custodians", Phases: phases(7), Body: ceremony.MessageBody{}}, help.Place{Page: "step-cards", Runbook: "runbook-rekey", Anchor: "cards"}},
		{"a rekey that failed", ceremony.View{Operation: "New custodians", Phases: phases(3), Body: ceremony.MessageBody{}}, help.Place{Page: "step-message", Runbook: "runbook-recovery", Anchor: "first"}},
		{"the HSMs to choose from", ceremony.View{Operation: "The HSMs", Body: ceremony.ChoicesBody{}}, help.Place{Page: "step-fleet", Runbook: "runbook-hsms", Anchor: "fleet"}},
		{"the clock, once an HSM is chosen", ceremony.View{Operation: "Update an HSM", Phases: phases(1), Body: ceremony.ClockBody{}}, help.Place{Page: "step-clock", Runbook: "runbook-hsms", Anchor: "fleet"}},
		{"why an HSM is retired", ceremony.View{Operation: "Retire an HSM", Phases: phases(1), Body: ceremony.TextBody{}}, help.Place{Page: "step-fleet", Runbook: "runbook-hsms", Anchor: "fleet"}},
		{"an HSM will be retired", ceremony.View{Operation: "Retire an HSM", Phases: phases(1), Body: ceremony.FactsBody{}}, help.Place{Page: "step-plan", Runbook: "runbook-hsms", Anchor: "plan"}},
		{"what becomes of a retired HSM", ceremony.View{Operation: "Retire an HSM", Phases: phases(7), Body: ceremony.MessageBody{}}, help.Place{Page: "step-fleet", Runbook: "runbook-hsms", Anchor: "cards"}},
		{"an HSM is brought up to date", ceremony.View{Operation: "Update an HSM", Phases: phases(3), Body: ceremony.EntryBody{}}, help.Place{Page: "step-share-entry", Runbook: "runbook-hsms", Anchor: "entry"}},
		{"an HSM has the present PIN", ceremony.View{Operation: "Update an HSM", Phases: phases(7), Body: ceremony.MessageBody{}}, help.Place{Page: "step-cards", Runbook: "runbook-hsms", Anchor: "cards"}},
		{"the old cards are typed", ceremony.View{Operation: "New custodians", Phases: phases(3), Title: "Enter share 1 of 2", Body: ceremony.EntryBody{}}, help.Place{Page: "step-share-entry", Runbook: "runbook-rekey", Anchor: "old-cards"}},
		{"a new card is typed back", ceremony.View{Operation: "New custodians", Phases: phases(3), Title: "Enter share 1 of 2: Hedy", Body: ceremony.EntryBody{}}, help.Place{Page: "step-share-entry", Runbook: "runbook-rekey", Anchor: "entry"}},
		{"the old disc", ceremony.View{Operation: "Migrate disc", Phases: phases(7), Body: ceremony.MessageBody{}}, help.Place{Page: "step-old-disc", Runbook: "runbook-migrate", Anchor: "old"}},
		{"a marked disc", ceremony.View{Operation: "Migrate disc", Phases: phases(1), Body: ceremony.MessageBody{}}, help.Place{Page: "step-old-disc", Runbook: "runbook-migrate", Anchor: "short"}},
		{"a failed burn", ceremony.View{Operation: "Sign CSR", Phases: phases(5), Body: ceremony.MessageBody{}}, help.Place{Page: "step-message", Runbook: "runbook-recovery", Anchor: "first"}},
	} {
		if got := help.For(&c.view); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}

// The names of the operations are the ceremony's own.
func TestOperationsAreTheCeremonys(t *testing.T) {
	files, err := filepath.Glob("../../core/ceremony/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	var all strings.Builder
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(b)
	}
	for _, op := range operations[:13] {
		if !strings.Contains(all.String(), `"`+op+`"`) {
			t.Errorf("core/ceremony knows no operation %q", op)
		}
	}
}
