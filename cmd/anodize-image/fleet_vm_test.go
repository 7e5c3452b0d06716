//go:build vm

package main

import (
	"encoding/json"
	"fmt"
	"image"
	"path/filepath"
	"slices"
	"testing"

	"anodize/devices/qemu"
	"anodize/devices/sim"
)

// Two HSMs on the machine's bus: the root's key is made in one and copied to the other,
// which signs when the first is gone. Then the custodians change, and the second HSM is
// pulled out in the middle of that.
func TestAFleetOfHSMsInTheImage(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.switchOn(machine{display: qemu.Bochs, size: image.Pt(1280, 800), clock: r.day(0)})
	s.plugDrive()
	pullFirst := s.plugHSM(firstHSM)
	s.plugStick("stick")
	s.machineGate()
	s.Gates()
	s.Choose(initRootCard)
	cards, _ := s.InitRoot([]string{"Ann", "Bob"}, 2)
	s.Choose(signCSRCard)
	s.SignCSR(cards...)

	s.Choose(backupCard)
	s.Await("Plug in the HSM that gets the copy")
	s.plugHSM(secondHSM)
	s.Answer("Is this the HSM that gets the copy?", "Enter")
	s.Commit()
	s.Unlock(cards...)
	s.Conclude("Back up the key")

	pullFirst()
	s.Answer("Is this the HSM?", "Enter")
	s.Answer("Is this the head on your sheet?", "Enter")
	s.Choose(issueCRLCard)
	s.Commit()
	s.plugHSM(firstHSM) // it takes the machine a moment to find it
	s.Unlock(cards...)
	s.Finish("Issue CRL")

	s.Choose(rekeyCard)
	s.NameCustodians([]string{"Cy", "Dee"}, 2)
	s.Commit()
	s.Unlock(cards...)
	s.Around.Operation = "New custodians"
	fresh := s.CopyShares([]string{"Cy", "Dee"}, 2, 2)
	s.EnterShares([]string{"Cy", "Dee"}, fresh)
	s.Await("On the disc: the custodians' commitments")
	r.hsms[secondHSM].FaultIn(1, sim.HSMUnplugBefore)
	s.Press("Enter") // and the one that answers is changed meanwhile
	s.Answer(hsmName(secondHSM)+" does not answer", "Esc")
	head := s.Conclude("New custodians")
	s.shutDown("Is this the HSM?") // one less is there than was looked at

	disc := r.takeDisc()
	r.validateDisc(disc, head)
	fleet := r.fleet(disc)
	if fmt.Sprint(fleet) != "map[0034332673:[2] 0034332674:[1 2]]" {
		t.Errorf("the disc says that the HSMs open to %v", fleet)
	}
}

// fleet is what the last session of a disc says of the HSMs: which generations of
// shares may open each.
func (r *room) fleet(d takenDisc) map[string][]int {
	r.t.Helper()
	var state struct {
		Fleet []struct {
			Serial      string `json:"serial"`
			Generations []int  `json:"generations"`
		} `json:"hsm_fleet"`
	}
	sessions, err := filepath.Glob(filepath.Join(r.extract(d), "*", "STATE.JSON"))
	if err != nil || len(sessions) == 0 {
		r.t.Fatalf("looking for STATE.JSON on the disc: %v", err)
	}
	if err := json.Unmarshal(read(r.t, slices.Max(sessions)), &state); err != nil {
		r.t.Fatal(err)
	}
	fleet := map[string][]int{}
	for _, d := range state.Fleet {
		fleet[d.Serial] = d.Generations
	}
	return fleet
}
