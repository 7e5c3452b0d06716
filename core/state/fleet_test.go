package state

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"testing"

	"anodize/core/audit"
)

func keyHash() string {
	sum := sha256.Sum256([]byte("der"))
	return hex.EncodeToString(sum[:])
}

var (
	backup   = audit.IntentKeyBackup{From: device, To: other, KeyLabel: "root", SPKISHA256: keyHash()}
	rekey    = audit.IntentRekeyShares{Set: 7, Generation: 1, Threshold: 2, Custodians: []string{"Hedy", "Joan"}, HSMs: []string{"1", "2"}}
	update   = audit.IntentUpdateHSM{HSM: other, Generation: 1}
	retire   = audit.IntentRetireHSM{HSM: other, Reason: "it fell into the sea"}
	copied   = audit.KeyCopied{From: "1", To: "2", ID: 1, Label: "root", Spec: "ecdsa-p384", SPKI: der}
	booted2  = audit.HSMBootstrapped{HSM: other}
	login2   = audit.HSMLogin{Serial: "2"}
	rekeyed1 = audit.HSMLogin{Serial: "1", Generation: 1}
	rekeyed2 = audit.HSMLogin{Serial: "2", Generation: 1}
)

func deviceLog2(number int) audit.Event {
	e := deviceLog(number).(audit.HSMLog)
	e.Serial = "2"
	return e
}

func newShares() audit.SharesCommitted {
	s := shares()
	s.HSMs = []string{"1", "2"}
	s.Roster.Generation = 1
	s.Roster.Members = []audit.Member{{Name: "Hedy", X: 3, Commitment: hexOf(32)}, {Name: "Joan", X: 4, Commitment: hexOf(32)}}
	return s
}

// opening is what the first session of a ceremony after another begins with: the
// last one was closed at minute n.
func opening(n int, operation string) []audit.Event {
	return []audit.Event{clock, claimed, verified(n, ""), begin(operation)}
}

// The ceremonies of a fleet, each from what is before it.
func backingUp() []audit.Event {
	return slices.Concat(rooted(), opening(3, "key-backup"), []audit.Event{backup, closed(4, "-intent"), verified(4, "-intent")})
}

func backedUp() []audit.Event {
	return append(backingUp(), login, booted2, login2, copied, deviceLog(10), deviceLog2(3), done("key-backup"), closed(5, ""))
}

func rekeying() []audit.Event {
	return slices.Concat(backedUp(), opening(5, "rekey-shares"), []audit.Event{rekey, closed(6, "-intent"), verified(6, "-intent")})
}

func recommitted() []audit.Event {
	return append(rekeying(), login, login2, newShares(), closed(7, "-commit"), verified(7, "-commit"))
}

// rekeyed leaves the second HSM silent.
func rekeyed() []audit.Event {
	return append(recommitted(), rekeyed1, deviceLog(12), done("rekey-shares"), closed(8, ""))
}

func updating() []audit.Event {
	return slices.Concat(rekeyed(), opening(8, "update-hsm"), []audit.Event{update, closed(9, "-intent"), verified(9, "-intent")})
}

func updated() []audit.Event {
	return append(updating(), rekeyed2, deviceLog2(9), done("update-hsm"), closed(10, ""))
}

func retiring() []audit.Event {
	return slices.Concat(updated(), opening(10, "retire-hsm"), []audit.Event{retire, closed(11, "-intent"), verified(11, "-intent")})
}

func retired() []audit.Event {
	return append(retiring(), audit.HSMRetired{Serial: "2"}, done("retire-hsm"), closed(12, ""))
}

func TestTheStateOfAFleet(t *testing.T) {
	for name, tc := range map[string]struct {
		events []audit.Event
		want   map[string][]int // generations by serial number
	}{
		"while the key is copied":       {append(backingUp(), login, booted2, login2), map[string][]int{"1": {0}}},
		"after the backup":              {backedUp(), map[string][]int{"1": {0}, "2": {0}}},
		"before the shares are fixed":   {rekeying(), map[string][]int{"1": {0}, "2": {0}}},
		"after the shares are fixed":    {recommitted(), map[string][]int{"1": {0, 1}, "2": {0, 1}}},
		"after a rekey, one silent":     {rekeyed(), map[string][]int{"1": {1}, "2": {0, 1}}},
		"after all went back":           {append(recommitted(), login, login2), map[string][]int{"1": {0}, "2": {0}}},
		"while one is brought up":       {updating(), map[string][]int{"1": {1}, "2": {0, 1}}},
		"after it was brought up":       {updated(), map[string][]int{"1": {1}, "2": {1}}},
		"after one was retired":         {retired(), map[string][]int{"1": {1}}},
		"after a backup that broke off": {append(backingUp(), login, booted2, audit.CeremonyEnd{Operation: "key-backup", Outcome: "stopped", Words: "it broke off"}, closed(5, "")), map[string][]int{"1": {0}}},
	} {
		s, err := Replay(logOf(t, tc.events))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got := map[string][]int{}
		for _, d := range s.HSMFleet {
			got[d.Serial] = d.Generations
		}
		if !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: the fleet is %v, not %v", name, got, tc.want)
		}
	}
}

func TestAFleetThatNoHonestProgramRecords(t *testing.T) {
	with := func(events []audit.Event, more ...audit.Event) []audit.Event {
		return append(slices.Clone(events), more...)
	}
	another := copied
	another.SPKI = "AAAA"
	half := rekey
	half.HSMs = []string{"1"}
	stale := rekey
	stale.Generation = 0
	foreign := rekey
	foreign.Set = 8
	last := retire
	last.HSM = device
	early := update
	early.Generation = 2
	back := update
	back.Generation = 0
	for name, events := range map[string][]audit.Event{
		"a backup to an HSM of the fleet":             slices.Concat(backedUp(), opening(5, "key-backup"), []audit.Event{backup}),
		"a second HSM reset before the first is open": with(backingUp(), booted2),
		"a first HSM reset by a backup":               with(backingUp(), login, booted),
		"a copy before the second HSM was opened":     with(backingUp(), login, booted2, copied),
		"a copy of another key":                       with(backingUp(), login, booted2, login2, another),
		"a copy twice":                                with(backingUp(), login, booted2, login2, copied, copied),
		"a copy without a backup":                     with(signing(), verified(4, "-intent"), login, copied),
		"a backup done without the second HSM's log":  with(backingUp(), login, booted2, login2, copied, deviceLog(10), done("key-backup")),
		"a backup done without a copy":                with(backingUp(), login, booted2, login2, deviceLog(10), deviceLog2(3), done("key-backup")),
		"a rekey that names half of the fleet":        slices.Concat(backedUp(), opening(5, "rekey-shares"), []audit.Event{half}),
		"a rekey to a generation that was used":       slices.Concat(backedUp(), opening(5, "rekey-shares"), []audit.Event{stale}),
		"a rekey of another set":                      slices.Concat(backedUp(), opening(5, "rekey-shares"), []audit.Event{foreign}),
		"shares fixed before the HSMs were opened":    with(rekeying(), login, newShares()),
		"a new PIN before the shares are on the disc": with(rekeying(), rekeyed1),
		"a login by shares that cannot open it":       with(rekeying(), audit.HSMLogin{Serial: "1", Generation: 2}),
		"a rekey done with no HSM changed":            with(recommitted(), login, deviceLog(12), login2, deviceLog2(9), done("rekey-shares")),
		"a rekey done with one HSM on the old PIN":    with(recommitted(), rekeyed1, deviceLog(12), login2, deviceLog2(9), done("rekey-shares")),
		"a rekey done without the HSM's log":          with(recommitted(), rekeyed1, done("rekey-shares")),
		"an update to shares that nobody has":         slices.Concat(rekeyed(), opening(8, "update-hsm"), []audit.Event{early}),
		"an update to shares that open none any more": slices.Concat(updated(), opening(10, "update-hsm"), []audit.Event{back}),
		"an update of an HSM that needs none":         slices.Concat(updated(), opening(10, "update-hsm"), []audit.Event{update}),
		"an update that opens another HSM":            with(updating(), rekeyed1),
		"an update done without a login":              with(updating(), done("update-hsm")),
		"the last HSM retired":                        slices.Concat(retired(), opening(12, "retire-hsm"), []audit.Event{last}),
		"another HSM retired than intended":           with(retiring(), audit.HSMRetired{Serial: "1"}),
		"an HSM retired twice":                        with(retiring(), audit.HSMRetired{Serial: "2"}, audit.HSMRetired{Serial: "2"}),
		"an HSM retired without its ceremony":         with(signing(), verified(4, "-intent"), audit.HSMRetired{Serial: "1"}),
		"an HSM opened where one is retired":          with(retiring(), rekeyed1),
		"a retirement done without it":                with(retiring(), done("retire-hsm")),
		"a ceremony on a retired HSM":                 slices.Concat(retired(), []audit.Event{clock, claimed, verified(12, ""), audit.CeremonyBegin{Operation: "sign-csr", Program: "p", Image: hexOf(32), HSM: other, Medium: audit.MediumFact{Name: "BD-R"}}}),
	} {
		if _, err := Replay(logOf(t, events[:len(events)-1])); err != nil {
			t.Errorf("%s: already before: %v", name, err)
		} else if _, err := Replay(logOf(t, events)); err == nil {
			t.Errorf("%s: it has a state", name)
		}
	}
}
