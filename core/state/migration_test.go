package state

import (
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"anodize/core/audit"
)

// carry stands for an event of a migration: its sessions and its hash are those
// of the log so far, and then what change makes of them.
type carry struct {
	audit.Event
	intent bool
	change func(sessions *int, hash *string)
}

var mark, move = carry{intent: true}, carry{}

func (c carry) event(log *audit.Log) audit.Event {
	sessions, hash := 0, hexOf(32)
	for _, r := range log.Records() {
		if _, ok := r.Event.(audit.SessionClose); ok {
			sessions, hash = sessions+1, hex.EncodeToString(r.Hash[:])
		}
	}
	if sessions == 0 {
		sessions = 1
	}
	if c.change != nil {
		c.change(&sessions, &hash)
	}
	if c.intent {
		return audit.IntentMigrateDisc{Sessions: sessions, LastHash: hash}
	}
	return audit.DiscMigrated{From: audit.MediumFact{Name: "CD-R"}, To: audit.MediumFact{Name: "BD-R"}, Sessions: sessions, LastHash: hash, Reason: "it is full"}
}

// marked is an archive whose disc is marked; carried is the same on its new disc.
func marked() []audit.Event {
	return append(rooted(), clock, verified(3, ""), compared{}, claimed, begin("migrate-disc"), mark, closed(4, "-intent"))
}

func carried() []audit.Event {
	return append(marked(), clock, verified(4, "-intent"), move, done("migrate-disc"), record, closed(5, "", "RECORD.HTML"))
}

// unmarked is an archive whose old disc took no mark: the intent stands on the new one.
func unmarked() []audit.Event {
	return append(rooted(), clock, verified(3, ""), claimed, begin("migrate-disc"), move, mark, closed(4, "-intent"))
}

var leftOpen = audit.DiscLeft{Session: directory(4, "-intent")}

func TestMigrationsThatKeepTheRules(t *testing.T) {
	void := audit.SessionVoid{Track: 4, Address: 999, Reason: "write error"}
	abandoned := audit.IntentAbandoned{Directory: directory(4, "-intent"), Explanation: "power failed"}
	next := []audit.Event{clock, verified(5, ""), exported, claimed, begin("sign-csr"), csr, closed(6, "-intent")}
	for name, tc := range map[string]struct {
		events []audit.Event
		want   Disc
	}{
		"none":                              {whole(), Disc{}},
		"marked":                            {marked(), Disc{Marked: true}},
		"carried":                           {carried(), Disc{Before: 4}},
		"a ceremony on the new disc":        {append(carried(), next...), Disc{Before: 4}},
		"the old disc takes no mark":        {unmarked(), Disc{Before: 3}},
		"and its record":                    {append(unmarked(), verified(4, "-intent"), done("migrate-disc"), record, closed(5, "", "RECORD.HTML")), Disc{Before: 3}},
		"stopped on the new disc":           {append(unmarked(), verified(4, "-intent"), audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "stopped", Words: "x"}, closed(5, "")), Disc{Before: 3}},
		"abandoned on the new disc":         {append(unmarked(), verified(4, "-intent"), abandoned, closed(5, "")), Disc{Before: 3}},
		"what became of the old disc":       {append(carried(), clock, verified(5, ""), leftOpen, claimed, begin("sign-csr"), csr, closed(6, "-intent")), Disc{Before: 4}},
		"the mark's burn failed":            {append(marked()[:len(marked())-1:len(marked())-1], void, move, closed(4, "-intent")), Disc{Before: 3}},
		"a record's burn failed":            {append(unrecorded(), record, void, move, closed(5, "", "INTCA1.CRT", "RECORD.HTML")), Disc{Before: 4}},
		"the new disc fails too":            {append(unrecorded(), record, void, move, void, move, closed(5, "", "INTCA1.CRT", "RECORD.HTML")), Disc{Before: 4}},
		"an intent of another's burn fails": {append(signing()[:len(signing())-1], void, move, closed(4, "-intent")), Disc{Before: 3}},
	} {
		log := logOf(t, tc.events)
		if _, err := Replay(log); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for seq, e := range tc.events {
			if c, ok := e.(carry); ok && !c.intent {
				tc.want.Since = uint64(seq)
			}
		}
		if got := NewestDisc(log); got != tc.want {
			t.Errorf("%s: the newest disc is %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestMigrationsThatBreakARule(t *testing.T) {
	with := func(base []audit.Event, more ...audit.Event) []audit.Event {
		return append(slices.Clone(base), more...)
	}
	lessSessions := func(sessions *int, _ *string) { *sessions-- }
	otherHash := func(_ *int, hash *string) { *hash = hexOf(32) }
	begun := with(rooted(), clock, verified(3, ""), claimed, begin("migrate-disc"))
	for name, events := range map[string][]audit.Event{
		"before there is anything":                {genesis, move},
		"before there is a root":                  with(committed(), clock, verified(2, "-commit"), audit.IntentAbandoned{Directory: directory(1, "-intent"), Explanation: "x"}, claimed, begin("migrate-disc")),
		"an intent outside its ceremony":          with(rooted(), clock, verified(3, ""), mark),
		"an intent of fewer sessions":             with(begun, carry{intent: true, change: lessSessions}),
		"an intent up to another record":          with(begun, carry{intent: true, change: otherHash}),
		"fewer sessions":                          with(marked(), clock, verified(4, "-intent"), carry{change: lessSessions}),
		"up to another record":                    with(marked(), clock, verified(4, "-intent"), carry{change: otherHash}),
		"before the last session was verified":    with(marked(), clock, move),
		"done on the marked disc":                 with(marked(), clock, verified(4, "-intent"), done("migrate-disc")),
		"stopped on the marked disc":              with(marked(), clock, verified(4, "-intent"), audit.CeremonyEnd{Operation: "migrate-disc", Outcome: "stopped", Words: "x"}),
		"abandoned on the marked disc":            with(marked(), clock, verified(4, "-intent"), audit.IntentAbandoned{Directory: directory(4, "-intent"), Explanation: "x"}),
		"a session that goes on on a marked disc": with(marked(), clock, verified(4, "-intent"), closed(5, "")),
		"another ceremony on a marked disc":       with(marked(), clock, verified(4, "-intent"), claimed),
		"an HSM opened for it":                    with(marked(), clock, verified(4, "-intent"), login),
		"an HSM opened for it on the new disc":    with(marked(), clock, verified(4, "-intent"), move, login),
		"what became of a disc that was not left": with(rooted(), clock, verified(3, ""), audit.DiscLeft{Session: directory(3, "")}),
		"what became of another disc":             with(carried(), clock, verified(5, ""), audit.DiscLeft{Session: directory(3, "")}),
		"what became of the old disc, twice":      with(carried(), clock, verified(5, ""), leftOpen, leftOpen),
		"what became of it, within a ceremony":    with(carried(), clock, verified(5, ""), claimed, begin("sign-csr"), leftOpen),
		"something else after an intent":          with(unmarked()[:len(unmarked())-1], compared{}),
	} {
		log := logOf(t, events)
		if _, err := Replay(log); !errors.Is(err, ErrRule) {
			t.Errorf("%s: error = %v", name, err)
		}
		if _, err := At(log, log.Len()-1); err != nil {
			t.Errorf("%s: already before the last event: %v", name, err)
		}
	}
}
