package quorum

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os/exec"
	"testing"
)

// TestFormatAgreesWithPython compares every field, digest and the recombined PIN
// with an implementation in another language, written from the package comment.
func TestFormatAgreesWithPython(t *testing.T) {
	for _, c := range []struct {
		policy     Policy
		set        uint16
		generation int
	}{
		{Policy{2, 3}, 0, 0},
		{Policy{3, 3}, 32767, 31},
		{Policy{5, 8}, 4711, 33},
		{Policy{16, 16}, 1, 1 << 20},
	} {
		pin, shares, roster := testSplit(t, c.policy, c.set, c.generation)
		in := map[string]any{"list": wordList, "set": c.set, "generation": c.generation}
		var names []string
		var words [][]string
		for i := range c.policy.Threshold {
			names = append(names, roster.Members[i].Name)
			words = append(words, shares[i].Words())
		}
		in["names"], in["shares"] = names, words
		got := runPython(t, in)
		if want := hex.EncodeToString(pin.Expose()); got.PIN != want {
			t.Errorf("%v: the other implementation recombines another PIN", c.policy)
		}
		if want := hex.EncodeToString(roster.PINVerify[:]); got.Verify != want {
			t.Errorf("%v: PIN verify %s, want %s", c.policy, got.Verify, want)
		}
		for i, s := range got.Shares {
			want := pythonShare{
				Divisible: true, Version: 1, Set: c.set, Generation: c.generation % 32,
				Threshold: c.policy.Threshold, X: roster.Members[i].X,
				Commitment: hex.EncodeToString(roster.Members[i].Commitment[:]),
			}
			if s != want {
				t.Errorf("%v: share %d is %+v, want %+v", c.policy, i, s, want)
			}
		}
	}
}

type pythonShare struct {
	Divisible             bool
	Version               int
	Set                   uint16
	Generation, Threshold int
	X                     byte
	Commitment            string
}

type pythonAnswer struct {
	Shares []pythonShare
	PIN    string `json:"pin"`
	Verify string
}

func runPython(t *testing.T, in any) (out pythonAnswer) {
	t.Helper()
	stdin, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "testdata/share.py")
	cmd.Stdin = bytes.NewReader(stdin)
	stdout, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3 testdata/share.py: %v", err)
	}
	if err := json.Unmarshal(stdout, &out); err != nil {
		t.Fatal(err)
	}
	return out
}
