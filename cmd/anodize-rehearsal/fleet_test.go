package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/ceremony"
	"anodize/core/state"
	"anodize/devices/sim"
)

const (
	firstSerial  = "0034332673"
	secondSerial = "0034332712"
)

var successors = []string{"Hedy", "Joan"}

// planBackup goes to the burned intent of a backup to the second HSM, which is
// plugged in when it is asked for.
func (h *hands) planBackup() {
	h.t.Helper()
	h.expect("What is this ceremony for?")
	h.pick(backupCard)
	h.on("Is this still the time?", "right")
	if !h.room.there(hsm2Name) {
		h.expect("Plug in the HSM that gets the copy")
		if err := h.room.insert(hsm2Name); err != nil {
			h.t.Fatal(err)
		}
	}
	if v := h.expect("Is this the HSM that gets the copy?"); !strings.Contains(factsText(v), secondSerial) {
		h.t.Errorf("the serial number is not shown: %s", factsText(v))
	}
	h.press("use")
	h.on("Shall this be done?", "go")
}

// backup copies the key to the second HSM.
func (h *hands) backup() {
	h.t.Helper()
	h.planBackup()
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.on("On the disc", "next")
	h.on("Back up the key: done", "next")
	h.noted()
}

// factsText is what a table shows.
func factsText(v *ceremony.View) string {
	var b strings.Builder
	if body, ok := v.Body.(ceremony.FactsBody); ok {
		for _, g := range body.Groups {
			for _, f := range g.Facts {
				b.WriteString(f.Name + " " + f.Value + "\n")
			}
		}
	}
	return b.String()
}

// planRekey goes to the burned intent of new custodians.
func (h *hands) planRekey() {
	h.t.Helper()
	h.expect("What is this ceremony for?")
	h.pick(rekeyCard)
	h.on("Is this still the time?", "right")
	for _, name := range successors {
		h.expect("Who keeps the shares?")
		h.text(name)
		h.press("done")
	}
	h.press("extra")
	h.expect("How many custodians open the HSM?")
	h.pick(0)
	h.on("Shall this be done?", "go")
}

// rekeyToCommit goes from the burned intent to the burned commitments. The new
// cards come after those that there are.
func (h *hands) rekeyToCommit() {
	h.t.Helper()
	h.on("On the disc", "next")
	h.share(0)
	h.share(1)
	h.showAll(len(successors))
	for i := range successors {
		h.share(len(h.cards) - len(successors) + i)
	}
	h.expect("On the disc")
}

// rekey gives the shares to the successors.
func (h *hands) rekey() {
	h.t.Helper()
	h.planRekey()
	h.rekeyToCommit()
	h.press("next")
	h.on("On the disc", "next")
	h.on("New custodians: done", "next")
	h.noted()
	h.cards = h.cards[len(h.cards)-len(successors):]
}

// fleetOf is the fleet as the disc tells it.
func fleetOf(t *testing.T, r *room) map[string][]int {
	t.Helper()
	return generations(sound(t, r).State)
}

func generations(s state.State) map[string][]int {
	fleet := map[string][]int{}
	for _, d := range s.HSMFleet {
		fleet[d.Serial] = d.Generations
	}
	return fleet
}

func same(fleet map[string][]int, first, second []int) bool {
	want := 0
	for serial, generations := range map[string][]int{firstSerial: first, secondSerial: second} {
		if generations != nil {
			want++
			if !slices.Equal(fleet[serial], generations) {
				return false
			}
		}
	}
	return len(fleet) == want
}

// agrees fails unless the validator that is not ours finds the disc whole.
func agrees(t *testing.T, r *room) {
	t.Helper()
	var image bytes.Buffer
	if err := r.disc.WriteImage(&image); err != nil {
		t.Fatal(err)
	}
	if whole, said := archivetest.Foreign(t, image.Bytes()); !whole {
		t.Errorf("the foreign validator says %s", said)
	}
}

func TestASecondHSMSignsWhenTheFirstIsGone(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	if fleet := fleetOf(t, r); !same(fleet, []int{1}, []int{1}) {
		t.Errorf("after the backup: %v", fleet)
	}
	if err := r.pull(hsmName); err != nil {
		t.Fatal(err)
	}
	h.on("Is this the HSM?", "use")
	h.on("Is this the head on your sheet?", "same")
	h.sign()
	if res := sound(t, r); !holds(res, "INTCA1.CRT") || res.Worst() != archive.Pass {
		t.Errorf("the second HSM did not sign: %v", res.Worst())
	}
	agrees(t, r)
}

func TestNewCustodiansOpenEveryHSMAndOldCardsNone(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	old := slices.Clone(h.cards)
	h.backup()
	h.planRekey()
	h.rekeyToCommit()
	h.press("next")
	h.on("On the disc", "next")
	v := h.expect("New custodians: done")
	if text := say(v); !strings.Contains(text, "Destroy all cards of earlier generations") || !strings.Contains(text, firstSerial+" and "+secondSerial) {
		t.Errorf("it is not told what becomes of the old cards:\n%s", text)
	}
	h.press("next")
	h.noted()
	h.cards = h.cards[3:]
	if fleet := fleetOf(t, r); !same(fleet, []int{2}, []int{2}) {
		t.Errorf("after the rekey: %v", fleet)
	}
	agrees(t, r)

	// Old cards are refused by generation.
	h.intendCSR()
	h.on("On the disc", "next")
	h.expect("Enter share")
	h.typeCard(old[0])
	h.press("next")
	if b, ok := h.view().Body.(ceremony.EntryBody); !ok || !strings.Contains(b.Wrong, "older generation") || !strings.Contains(b.Wrong, "destroy it") {
		t.Errorf("an old card: %s", say(h.view()))
	}
	h.press("clear")
	h.share(0)
	h.share(1)
	h.finish("Sign CSR")
	h.noted()
	agrees(t, r)
}

func TestAnAbsentHSMIsListedAndBroughtUpToDate(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	old := slices.Clone(h.cards)
	h.backup()
	if err := r.pull(hsm2Name); err != nil {
		t.Fatal(err)
	}
	h.planRekey()
	h.rekeyToCommit()
	h.press("next")
	h.on("On the disc", "next")
	if text := say(h.expect("New custodians: done")); !strings.Contains(text, "Keep the cards of generation 1") || !strings.Contains(text, secondSerial) {
		t.Errorf("the absent HSM is not told:\n%s", text)
	}
	h.press("next")
	h.noted()
	if fleet := fleetOf(t, r); !same(fleet, []int{2}, []int{1}) {
		t.Errorf("after the rekey: %v", fleet)
	}
	if err := r.insert(hsm2Name); err != nil {
		t.Fatal(err)
	}
	// The absent one alone signs with the old cards still, and no rekey passes by it.
	h.pick(rekeyCard)
	h.on("Is this still the time?", "right")
	if text := say(h.expect("This step could not be done")); !strings.Contains(text, secondSerial) || !strings.Contains(text, "up to date") {
		t.Errorf("what is behind is not told:\n%s", text)
	}
	h.press("back")
	h.expect("What is this ceremony for?")
	h.pick(fleetCard)
	h.expect("The HSMs that hold the key")
	h.pick(1)
	h.expect("HSM " + secondSerial)
	h.pick(0)
	h.on("Is this still the time?", "right")
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.share(3)
	h.share(4)
	h.expect("Enter share 1 of 2")
	h.cards = old
	h.share(0)
	h.share(1)
	h.on("On the disc", "next")
	if text := say(h.expect("Update an HSM: done")); !strings.Contains(text, "Destroy all cards of earlier generations than 2") {
		t.Errorf("the old cards: %s", text)
	}
	h.press("next")
	h.noted()
	if fleet := fleetOf(t, r); !same(fleet, []int{2}, []int{2}) {
		t.Errorf("after the update: %v", fleet)
	}
	agrees(t, r)
}

func TestARetiredHSMIsOnRecordAndRefused(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	if err := r.pull(hsmName); err != nil {
		t.Fatal(err)
	}
	h.on("Is this the HSM?", "use")
	h.on("Is this the head on your sheet?", "same")
	h.pick(fleetCard)
	h.expect("The HSMs that hold the key")
	h.pick(0)
	h.pick(1)
	h.on("Is this still the time?", "right")
	h.expect("Why is HSM " + firstSerial + " retired?")
	h.text("It fell into the sea")
	h.press("done")
	if slices.ContainsFunc(commandsOf(r.hsm2, func() {
		h.on("Shall this be done?", "go")
		h.on("On the disc", "next")
		h.on("On the disc", "next")
	}), func(c byte) bool { return c != cmdDeviceInfo }) {
		t.Error("an HSM was opened")
	}
	h.on("Retire an HSM: done", "next")
	h.noted()
	if fleet := fleetOf(t, r); !same(fleet, nil, []int{1}) {
		t.Errorf("after it was retired: %v", fleet)
	}
	agrees(t, r)
	if err := r.insert(hsmName); err != nil {
		t.Fatal(err)
	}
	h = h.restart()
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Are these the HSMs?", "use")
	if text := say(h.expect("HSM " + firstSerial + " is not of the fleet")); !strings.Contains(text, "retired") {
		t.Errorf("it is not told that it was retired:\n%s", text)
	}
}

func TestARetiredHSMGetsNoCopyUntilItIsReset(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	h := enter(t, r)
	h.gates()
	h.root()
	h.backup()
	h.pick(fleetCard)
	h.expect("The HSMs that hold the key")
	h.pick(1)
	h.expect("What shall be done with HSM " + secondSerial)
	h.pick(1)
	h.on("Is this still the time?", "right")
	h.expect("Why is HSM " + secondSerial + " retired?")
	h.text("It was lent")
	h.press("done")
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	h.on("On the disc", "next")
	h.on("Retire an HSM: done", "next")
	h.noted()
	h.pick(backupCard)
	h.on("Is this still the time?", "right")
	if v := h.expect("Is this the HSM that gets the copy?"); !strings.Contains(v.Notice.Text, "was retired on") {
		t.Errorf("it is not told that it was retired:\n%s", say(v))
	}
	h.press("use")
	h.on("Shall this be done?", "go")
	h.on("On the disc", "next")
	if v := h.expect("Why does the ceremony stop here?"); !strings.Contains(v.Notice.Text, "not factory-fresh") {
		t.Errorf("it was taken for a backup that broke off:\n%s", say(v))
	}
}

func TestTwoHSMsForARootAreNamed(t *testing.T) {
	t.Parallel()
	r := newTestRoom(t, nil)
	if err := r.insert(hsm2Name); err != nil {
		t.Fatal(err)
	}
	h := enter(t, r)
	h.on("Is this the time?", "right")
	h.on("Is this the stick?", "use")
	h.on("Is this the profile?", "use")
	h.on("Are these the HSMs?", "use")
	if text := say(h.expect("A root is made in one HSM")); !strings.Contains(text, firstSerial) || !strings.Contains(text, secondSerial) {
		t.Errorf("they are not named:\n%s", text)
	}
	if err := r.pull(hsm2Name); err != nil {
		t.Fatal(err)
	}
	h.press("again")
	h.on("Is this the HSM?", "use")
	h.on("Begin a new archive on this disc?", "new")
	h.root()
}

func TestAnHSMThatSomebodyUsesGetsNoCopy(t *testing.T) {
	t.Parallel()
	other := newTestRoom(t, nil)
	other.hsm = sim.NewHSM(hsm2Serial)
	stranger := enter(t, other)
	stranger.gates()
	stranger.root()
	stranger.stop()
	other.hsm.Unplug()

	r := newTestRoom(t, nil)
	r.hsm2 = other.hsm
	h := enter(t, r)
	h.gates()
	h.root()
	h.planBackup()
	h.expect("On the disc")
	if slices.Contains(commandsOf(r.hsm2, func() {
		h.press("next")
		v := h.expect("Why does the ceremony stop here?")
		if !strings.Contains(v.Notice.Text, "not factory-fresh") || !strings.Contains(v.Notice.Text, "metal rim") {
			t.Errorf("the reason is not told:\n%s", say(v))
		}
	}), cmdReset) {
		t.Error("it was reset")
	}
	h.text("It is another CA's")
	h.press("done")
	h.on("On the disc", "next")
	h.on("The ceremony stopped here", "back")
	h.on("Note the tree head", "menu")
	h.on("HSM "+secondSerial+" is not of the fleet", "go")
	h.on("Is this the head on your sheet?", "same")
	h.expect("What is this ceremony for?")
	if res := sound(t, r); len(res.State.HSMFleet) != 1 || !bytes.Contains(res.Log.Bytes(), []byte("another CA")) {
		t.Errorf("%+v", res.State.HSMFleet)
	}
}
