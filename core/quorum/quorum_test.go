package quorum

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"anodize/core/secret"
)

func testNames(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("Custodian %c", 'A'+i)
	}
	return names
}

type fataler interface {
	Helper()
	Fatal(...any)
}

func testPIN(t fataler) *secret.Bytes {
	t.Helper()
	device := make([]byte, 32)
	if _, err := rand.Read(device); err != nil {
		t.Fatal(err)
	}
	pin, err := NewPIN(rand.Reader, device)
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

func testSplit(t fataler, p Policy, set uint16, generation int) (*secret.Bytes, []*Share, Roster) {
	t.Helper()
	pin := testPIN(t)
	shares, roster, err := Split(pin, set, generation, p, testNames(p.Total))
	if err != nil {
		t.Fatal(err)
	}
	return pin, shares, roster
}

func drawPolicy(t *rapid.T) Policy {
	n := rapid.IntRange(2, 16).Draw(t, "n")
	return Policy{rapid.IntRange(2, n).Draw(t, "k"), n}
}

func TestNewPINDependsOnBothGenerators(t *testing.T) {
	zero, one := make([]byte, 32), bytes.Repeat([]byte{1}, 32)
	seen := map[string]bool{}
	for _, kernel := range [][]byte{zero, one} {
		for _, device := range [][]byte{zero, one, append(one[:32:32], 0)} {
			pin, err := NewPIN(bytes.NewReader(kernel), device)
			if err != nil {
				t.Fatal(err)
			}
			if pin.Len() != PINSize {
				t.Fatalf("PIN of %d bytes", pin.Len())
			}
			seen[string(pin.Expose())] = true
		}
	}
	if len(seen) != 6 {
		t.Errorf("6 pairs of inputs gave %d PINs", len(seen))
	}
}

func TestNewPINRefusesTooLittle(t *testing.T) {
	for _, c := range []struct {
		why            string
		kernel, device int
	}{
		{"kernel's generator ends early", 31, 32},
		{"HSM gave too few bytes", 32, 31},
		{"HSM gave nothing", 32, 0},
		{"HSM's answer is beyond the bound", 32, 4097},
	} {
		_, err := NewPIN(bytes.NewReader(make([]byte, c.kernel)), make([]byte, c.device))
		if !errors.Is(err, ErrEntropy) {
			t.Errorf("%s: %v", c.why, err)
		}
	}
}

func TestNewSetID(t *testing.T) {
	set, err := NewSetID(bytes.NewReader([]byte{0xff, 0xfe}))
	if err != nil || set != 0x7ffe {
		t.Errorf("got %#x, %v; want 15 bits, 0x7ffe", set, err)
	}
	if _, err := NewSetID(bytes.NewReader([]byte{1})); !errors.Is(err, ErrEntropy) {
		t.Errorf("a generator that ends: %v", err)
	}
}

func TestPINVerifySeparatesSetsAndGenerations(t *testing.T) {
	pin := testPIN(t)
	seen := map[[32]byte]bool{}
	for set := range uint16(3) {
		for _, generation := range []int{0, 1, 32, 33} {
			seen[PINVerify(set, generation, pin)] = true
		}
	}
	if len(seen) != 12 {
		t.Errorf("12 splits have %d digests", len(seen))
	}
}

func TestPolicy(t *testing.T) {
	for k := -1; k <= 18; k++ {
		for n := -1; n <= 18; n++ {
			err := Policy{k, n}.Validate()
			if valid := 2 <= k && k <= n && n <= 16; valid != (err == nil) {
				t.Errorf("%d of %d: %v", k, n, err)
			}
			if err != nil && !errors.Is(err, ErrPolicy) {
				t.Errorf("%d of %d: %v is no ErrPolicy", k, n, err)
			}
		}
	}
}

func TestCheckNames(t *testing.T) {
	for _, c := range []struct {
		why   string
		names []string
		ok    bool
	}{
		{"ordinary", []string{"Anna Schmidt", "Zoë O'Neill", "李雷"}, true},
		{"none", nil, true},
		{"64 bytes", []string{strings.Repeat("a", 64)}, true},
		{"65 bytes", []string{strings.Repeat("a", 65)}, false},
		{"65 bytes in fewer characters", []string{strings.Repeat("é", 33)}, false},
		{"empty", []string{"Anna", ""}, false},
		{"not UTF-8", []string{"Ann\xff"}, false},
		{"replacement character", []string{"Ann\uFFFD"}, false},
		{"line feed", []string{"Anna\nBob"}, false},
		{"delete", []string{"Anna\x7f"}, false},
		{"right-to-left override", []string{"Anna\u202Ebob"}, false},
		{"bidirectional isolate", []string{"Anna\u2066bob"}, false},
		{"zero width space", []string{"An\u200Bna"}, false},
		{"soft hyphen", []string{"An\u00ADna"}, false},
		{"byte order mark", []string{"\uFEFFAnna"}, false},
		{"invisible letter (Hangul filler)", []string{"An\u3164na"}, false},
		{"variation selector", []string{"Anna\uFE0F"}, false},
		{"no-break space", []string{"Anna\u00A0B"}, false},
		{"line separator", []string{"Anna\u2028B"}, false},
		{"private use", []string{"Anna\uE000"}, false},
		{"combining mark first", []string{"\u0301Anna"}, false},
		{"leading space", []string{" Anna"}, false},
		{"trailing space", []string{"Anna "}, false},
		{"two spaces", []string{"Anna  B"}, false},
		{"twice", []string{"Anna", "Bob", "Anna"}, false},
		{"twice but for case", []string{"ÉMILE", "émile"}, false},
	} {
		err := CheckNames(c.names)
		if c.ok != (err == nil) {
			t.Errorf("%s: %v", c.why, err)
		}
		if err != nil && !errors.Is(err, ErrName) {
			t.Errorf("%s: %v is no ErrName", c.why, err)
		}
	}
}

func TestAnyThresholdOfSharesGivesThePIN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPolicy(t)
		set := rapid.Uint16Range(0, 1<<15-1).Draw(t, "set")
		generation := rapid.IntRange(0, 1<<31-1).Draw(t, "generation")
		pin, shares, roster := testSplit(t, p, set, generation)
		order := rapid.Permutation(shares).Draw(t, "order")
		for count := range len(order) + 1 {
			got, err := roster.Combine(order[:count])
			if count < p.Threshold {
				if !errors.Is(err, ErrTooFew) {
					t.Fatalf("%d of %d shares: %v", count, p.Threshold, err)
				}
				continue
			}
			if err != nil || !got.Equal(pin) {
				t.Fatalf("%d shares do not give the PIN: %v", count, err)
			}
		}
	})
}

func TestFewerSharesDoNotInterpolateToThePIN(t *testing.T) {
	_, shares, roster := testSplit(t, Policy{4, 5}, 1, 1)
	if _, err := roster.combine(rawParts(shares[:3])); !errors.Is(err, ErrWrongPIN) {
		t.Errorf("three shares of four: %v", err)
	}
}

func TestSplitRefuses(t *testing.T) {
	pin := testPIN(t)
	for _, c := range []struct {
		why        string
		pin        *secret.Bytes
		set        uint16
		generation int
		policy     Policy
		names      []string
		want       error
	}{
		{"no PIN", nil, 1, 1, Policy{2, 2}, testNames(2), ErrPIN},
		{"short PIN", secret.Own(make([]byte, 31)), 1, 1, Policy{2, 2}, testNames(2), ErrPIN},
		{"set of 16 bits", pin, 1 << 15, 1, Policy{2, 2}, testNames(2), ErrRoster},
		{"negative generation", pin, 1, -1, Policy{2, 2}, testNames(2), ErrRoster},
		{"generation beyond 31 bits", pin, 1, 1 << 31, Policy{2, 2}, testNames(2), ErrRoster},
		{"threshold 1", pin, 1, 1, Policy{1, 2}, testNames(2), ErrPolicy},
		{"17 custodians", pin, 1, 1, Policy{2, 17}, testNames(17), ErrPolicy},
		{"a name missing", pin, 1, 1, Policy{2, 3}, testNames(2), ErrName},
		{"a name twice", pin, 1, 1, Policy{2, 2}, []string{"A", "a"}, ErrName},
	} {
		if _, _, err := Split(c.pin, c.set, c.generation, c.policy, c.names); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
	}
}

func TestCheckTellsForeignSharesApart(t *testing.T) {
	pin, shares, roster := testSplit(t, Policy{2, 3}, 7, 40)
	again := func(set uint16, generation int, p Policy) *Share {
		s, _, err := Split(pin, set, generation, p, testNames(p.Total))
		if err != nil {
			t.Fatal(err)
		}
		return s[0]
	}
	changed := func(change func(*Share)) *Share {
		s := *shares[1]
		s.y = s.y.Clone()
		change(&s)
		return &s
	}
	unused := byte(1)
	for slices.ContainsFunc(roster.Members, func(m Member) bool { return m.X == unused }) {
		unused++
	}
	wiped := changed((*Share).Wipe)
	for _, c := range []struct {
		why   string
		share *Share
		want  error
	}{
		{"another archive's", again(8, 40, Policy{2, 3}), ErrOtherSet},
		{"one generation before", again(7, 39, Policy{2, 3}), ErrOlderGeneration},
		{"16 generations before", again(7, 24, Policy{2, 3}), ErrOlderGeneration},
		{"one generation after", again(7, 41, Policy{2, 3}), ErrNewerGeneration},
		{"15 generations after", again(7, 55, Policy{2, 3}), ErrNewerGeneration},
		{"another threshold", again(7, 40, Policy{3, 3}), ErrOtherThreshold},
		{"a coordinate nobody has", changed(func(s *Share) { s.x = unused }), ErrUnknownShare},
		{"another's coordinate", changed(func(s *Share) { s.x = shares[0].x }), ErrCommitment},
		{"one bit of y", changed(func(s *Share) { s.y.Expose()[31] ^= 1 }), ErrCommitment},
		{"wiped", wiped, ErrUnknownShare},
		{"none", nil, ErrUnknownShare},
	} {
		if _, err := roster.Check(c.share); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.why, err, c.want)
		}
		if _, err := roster.Combine([]*Share{shares[0], c.share}); !errors.Is(err, c.want) {
			t.Errorf("%s, to combine: %v, want %v", c.why, err, c.want)
		}
	}
	for i, s := range shares {
		if member, err := roster.Check(s); member != i || err != nil {
			t.Errorf("share %d is said to be member %d's: %v", i, member, err)
		}
	}
}

func TestCombineRefusesTheSameShareTwice(t *testing.T) {
	_, shares, roster := testSplit(t, Policy{2, 3}, 7, 1)
	if _, err := roster.Combine([]*Share{shares[2], shares[2]}); !errors.Is(err, ErrSameShare) {
		t.Error(err)
	}
}

func TestCombineComparesThePINWithTheRecord(t *testing.T) {
	_, shares, roster := testSplit(t, Policy{2, 2}, 7, 1)
	roster.PINVerify[0] ^= 1
	if _, err := roster.Combine(shares); !errors.Is(err, ErrWrongPIN) {
		t.Error(err)
	}
	if err := roster.VerifyEverySubset(shares); !errors.Is(err, ErrWrongPIN) {
		t.Error(err)
	}
}

func TestRosterFromARecordIsValidated(t *testing.T) {
	_, shares, good := testSplit(t, Policy{2, 3}, 7, 1)
	for why, spoil := range map[string]func(*Roster){
		"set of 16 bits":        func(r *Roster) { r.Set = 1 << 15 },
		"negative generation":   func(r *Roster) { r.Generation = -1 },
		"threshold above total": func(r *Roster) { r.Threshold = 4 },
		"no members":            func(r *Roster) { r.Members = nil },
		"17 members":            func(r *Roster) { r.Members = make([]Member, 17) },
		"coordinate zero":       func(r *Roster) { r.Members[0].X = 0 },
		"coordinate twice":      func(r *Roster) { r.Members[0].X = r.Members[1].X },
		"name twice":            func(r *Roster) { r.Members[0].Name = r.Members[1].Name },
	} {
		bad := good
		bad.Members = slices.Clone(good.Members)
		spoil(&bad)
		if _, err := bad.Combine(shares); !errors.Is(err, ErrRoster) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}

func TestVerifyEverySubset(t *testing.T) {
	_, shares, roster := testSplit(t, Policy{3, 6}, 7, 1)
	if err := roster.VerifyEverySubset(shares); err != nil {
		t.Error(err)
	}
	if err := roster.VerifyEverySubset(shares[1:]); !errors.Is(err, ErrTooFew) {
		t.Errorf("one share missing: %v", err)
	}
	if err := roster.VerifyEverySubset(append(shares[1:6:6], shares[1])); !errors.Is(err, ErrSameShare) {
		t.Errorf("one share twice: %v", err)
	}
}

// TestVerifyEverySubsetFindsAShareOffThePolynomial gives one custodian a share
// that his commitment allows but that no quorum can use: only a quorum with him
// in it can tell.
func TestVerifyEverySubsetFindsAShareOffThePolynomial(t *testing.T) {
	_, shares, roster := testSplit(t, Policy{2, 5}, 7, 1)
	for i, s := range shares {
		bad := roster
		bad.Members = slices.Clone(roster.Members)
		s.y.Expose()[i] ^= 0x80
		bad.Members[i].Commitment = s.commitment(bad.Members[i].Name)
		if err := bad.VerifyEverySubset(shares); !errors.Is(err, ErrWrongPIN) {
			t.Errorf("share %d: %v", i, err)
		}
		s.y.Expose()[i] ^= 0x80
	}
}

func TestNothingSecretIsPrinted(t *testing.T) {
	_, shares, _ := testSplit(t, Policy{2, 2}, 7, 1)
	e := NewEntry()
	words := shares[0].Words()
	for _, w := range words {
		e.Pick(w)
	}
	for _, v := range []any{shares[0], e} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if got != "[share]" && got != "[share being typed]" {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	if _, err := shares[0].MarshalJSON(); !errors.Is(err, secret.ErrMarshal) {
		t.Error(err)
	}
	index, _ := wordIndex(words[3])
	words[3] = wordList[(index+1)%listSize]
	want := "reading a share: " + (&CheckWordsError{Suspect: 3}).Error()
	if _, err := ParseWords(words); err == nil || err.Error() != want {
		t.Errorf("the error says more than the place of the word: %v", err)
	}
}

func TestWipedShareHasNoWords(t *testing.T) {
	_, shares, _ := testSplit(t, Policy{2, 2}, 7, 1)
	y := shares[0].y.Expose()
	shares[0].Wipe()
	if shares[0].Words() != nil || !bytes.Equal(y, make([]byte, PINSize)) {
		t.Error("something is left after Wipe")
	}
}

func BenchmarkVerifyEverySubset8of16(b *testing.B) {
	_, shares, roster := testSplit(b, Policy{8, 16}, 7, 1)
	for b.Loop() {
		if err := roster.VerifyEverySubset(shares); err != nil {
			b.Fatal(err)
		}
	}
}
