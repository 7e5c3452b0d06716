package main

import (
	"regexp"
	"strings"

	"anodize/cmd/internal/gate"
	"anodize/core/ceremony"
	"anodize/devices/machine"
)

// digest matches a SHA-256, which people compare, and four a group of it.
var (
	digest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	four   = regexp.MustCompile(`.{4}`)
)

// told is the machine as the sentinel tells of it.
type told struct{ gate *gate.Client }

func (t told) Look() ceremony.Environment {
	e, err := t.gate.Look()
	if err != nil {
		return ceremony.Environment{By: version(), Warning: "The machine's sentinel does not answer: " + err.Error() + "."}
	}
	out := ceremony.Environment{By: e.By, Crash: e.Crash, Warning: e.Warning, Claims: claims(e.Claims)}
	for _, s := range e.Sections {
		g := ceremony.FactGroup{Title: s.Title}
		for _, f := range s.Facts {
			g.Facts = append(g.Facts, fact(f))
		}
		out.Shown = append(out.Shown, g)
	}
	return out
}

// fact is one as people are shown it: a digest in groups of four digits.
func fact(f machine.Fact) ceremony.Fact {
	if !digest.MatchString(f.Value) {
		return ceremony.Fact{Name: f.Name, Value: f.Value}
	}
	return ceremony.Fact{Name: f.Name, Value: strings.TrimSpace(four.ReplaceAllString(f.Value, "$0 ")), Mono: true}
}

// seen is the machine as this program sees it without a sentinel, on a developer's
// machine. Nothing is asked about it.
type seen struct{ machine *machine.Machine }

func (s seen) Look() ceremony.Environment {
	e := ceremony.Environment{By: version()}
	for _, section := range s.machine.Identity() {
		e.Claims = append(e.Claims, claims(section.Facts)...)
	}
	return e
}

func claims(facts []machine.Fact) []ceremony.Claim {
	var all []ceremony.Claim
	for _, f := range facts {
		all = append(all, ceremony.Claim{Name: f.Name, Value: f.Value})
	}
	return all
}
