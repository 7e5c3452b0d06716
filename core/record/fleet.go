package record

import (
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
	"anodize/core/state"
)

// readFleet finds out which HSMs hold the key, and whose shares open them, in an
// archive whose fleet was ever to be changed. One with a single HSM and a single
// split of its PIN has nothing to be told.
func (h *history) readFleet() error {
	changed := slices.ContainsFunc(h.log.Records(), func(r audit.Record) bool {
		switch r.Event.(type) {
		case audit.IntentKeyBackup, audit.IntentRekeyShares, audit.IntentUpdateHSM, audit.IntentRetireHSM:
			return true
		}
		return false
	})
	if !changed {
		return nil
	}
	s, err := state.Replay(h.log)
	if err != nil {
		return err
	}
	h.fleet = s.HSMFleet
	return nil
}

// splits are the rosters whose shares may open an HSM, the oldest first.
func (h *history) splits() []audit.Roster {
	if len(h.fleet) == 0 {
		return h.rosters[max(0, len(h.rosters)-1):]
	}
	newest := map[int]audit.Roster{} // of a generation
	for _, r := range h.rosters {
		newest[r.Generation] = r
	}
	var generations []int
	for _, d := range h.fleet {
		generations = append(generations, d.Generations...)
	}
	slices.Sort(generations)
	var out []audit.Roster
	for _, g := range slices.Compact(generations) {
		out = append(out, newest[g])
	}
	return out
}

// fleetTable lists the HSMs that hold the key after the ceremony.
func (h *history) fleetTable() markup {
	if len(h.fleet) == 0 {
		return ""
	}
	var rows [][]markup
	for _, d := range h.fleet {
		opens := []string{}
		for _, g := range d.Generations {
			opens = append(opens, fmt.Sprint(g))
		}
		what := words(opens[0])
		if len(opens) > 1 {
			what = el(strong, words("not known: "+strings.Join(opens, " or ")))
		}
		rows = append(rows, []markup{name(d.Serial), data(d.Firmware), what, number(d.LastLogNumber)})
	}
	return join(el(h3, words("The HSMs that hold the key")),
		table([]string{"Serial number", "Firmware", "Opens to the shares of generation", "Last entry of its log on record"}, rows))
}

// fleetIntent shows the intent of a ceremony that changes the fleet.
func fleetIntent(e audit.Event) markup {
	var facts []fact
	switch e := e.(type) {
	case audit.IntentKeyBackup:
		facts = []fact{
			{"Key", join(words("label "), name(e.KeyLabel), words(", public key, SHA-256 "), mono(e.SPKISHA256))},
			{"From", hsmOf(e.From)}, {"To", hsmOf(e.To)},
		}
	case audit.IntentRekeyShares:
		facts = []fact{
			{"Shares", words(fmt.Sprintf("any %d of %d custodians, set %04X, generation %d", e.Threshold, len(e.Custodians), e.Set, e.Generation))},
			{"Custodians", listed(e.Custodians)}, {"HSMs to be changed", listed(e.HSMs)}, {"HSMs that are not there", listed(e.Absent)},
		}
	case audit.IntentUpdateHSM:
		facts = []fact{{"HSM", hsmOf(e.HSM)}, {"Shall open to", words(fmt.Sprintf("the shares of generation %d", e.Generation))}}
	case audit.IntentRetireHSM:
		facts = []fact{{"HSM", hsmOf(e.HSM)}, {"Reason", data(e.Reason)}}
	}
	return join(el(h3, words("The intent")), factTable(facts...))
}

func hsmOf(f audit.HSMFacts) markup {
	return join(data(f.Backend), words(", serial "), name(f.Serial), words(", firmware "), data(f.Firmware))
}

func listed(all []string) markup {
	if len(all) == 0 {
		return words("none")
	}
	var out []markup
	for _, s := range all {
		out = append(out, data(s))
	}
	return lines(out...)
}

// fleetStep says what a record of a change of the fleet tells.
func fleetStep(e audit.Event) (what string, more markup) {
	switch e := e.(type) {
	case audit.IntentKeyBackup:
		return "The intent", join(words("to copy the key from HSM "), name(e.From.Serial), words(" to HSM "), name(e.To.Serial))
	case audit.IntentRekeyShares:
		return "The intent", lines(words(fmt.Sprintf("new shares: any %d of %d custodians, generation %d", e.Threshold, len(e.Custodians), e.Generation)),
			join(words("for HSM "), listed(e.HSMs)))
	case audit.IntentUpdateHSM:
		return "The intent", join(words("to open HSM "), name(e.HSM.Serial), words(fmt.Sprintf(" to the shares of generation %d", e.Generation)))
	case audit.IntentRetireHSM:
		return "The intent", lines(join(words("to retire HSM "), name(e.HSM.Serial)), el(strong, data(e.Reason)))
	case audit.KeyCopied:
		return "The key was copied", join(words("from HSM "), name(e.From), words(" to HSM "), name(e.To), words(fmt.Sprintf(", object %#04x there, ", e.ID)), counted(len(e.Steps), "step"))
	case audit.HSMRetired:
		return "An HSM was retired", join(words("serial "), name(e.Serial))
	default:
		return e.Name(), "" // no event reaches this: a test renders each
	}
}
