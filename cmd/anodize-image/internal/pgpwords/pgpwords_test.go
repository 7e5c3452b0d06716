package pgpwords

import (
	"encoding/hex"
	"strings"
	"testing"
)

// The fingerprint of Zimmermann's own key, as PGP's documentation says it.
func TestAKnownFingerprintIsSaidAsPGPSaysIt(t *testing.T) {
	fingerprint, err := hex.DecodeString("E58294F2E9A227486E8B061B31CC528FD7FA3F19")
	if err != nil {
		t.Fatal(err)
	}
	const want = "topmost Istanbul Pluto vagabond treadmill Pacific brackish dictator goldfish Medusa " +
		"afflict bravado chatter revolver Dupont midsummer stopwatch whimsical cowbell bottomless"
	if got := strings.Join(Encode(fingerprint), " "); got != want {
		t.Errorf("said %q, not %q", got, want)
	}
}

// Both columns stand in the order of the alphabet, but for one pair that the manual
// itself has the other way round: a word that was lost or moved would show.
func TestTheListIsWholeAndInOrder(t *testing.T) {
	list := strings.Fields(strings.ToLower(words))
	if len(list) != 512 {
		t.Fatalf("the list has %d words, not 512", len(list))
	}
	for i := 2; i < len(list); i++ {
		if before := list[i-2]; before >= list[i] && before != "applicant" {
			t.Errorf("%q stands before %q", before, list[i])
		}
	}
}
