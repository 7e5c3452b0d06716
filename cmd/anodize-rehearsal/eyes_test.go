package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/cmd/internal/eyes"
)

// seat is a rehearsal as a person before it has it: a screen and keys.
type seat struct {
	t *testing.T
	*player
}

func (s seat) Screendump() image.Image {
	s.t.Helper()
	if err := s.settle(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return s.screen.Image()
}

func (s seat) Press(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		if err := errors.Join(s.screen.Key(key, 0), s.settle(s.t.Context())); err != nil {
			s.t.Fatal(err)
		}
	}
}

// TestACeremonyIsPlayedByEyesAndKeys plays as a person must: nothing but pictures of the
// screen tells what to press, and the shares are read from them.
func TestACeremonyIsPlayedByEyesAndKeys(t *testing.T) {
	words, err := os.ReadFile("../../core/quorum/words-slip39.txt")
	if err != nil {
		t.Fatal(err)
	}
	o := options{profile: "../../testdata/profile.toml", csrs: []string{"../../testdata/intermediate.csr"}, out: t.TempDir(), size: image.Pt(800, 600)}
	stage, err := newStage(o)
	if err != nil {
		t.Fatal(err)
	}
	p, stop, err := stage.start(t.Context(), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	person := eyes.Sit(t, seat{t, p}, strings.Fields(string(words)), time.Minute)
	person.Around = *p.ceremony.View()
	person.Around.CA, person.Around.Operation = "Example Root CA", "Init root"
	person.Around.HSM.Word, person.Around.Disc.Word, person.Around.Stick.Word = "HSM 0034332673", "Disc, 254 sessions free", "Stick"
	if head := person.Gates(); head != "" {
		t.Errorf("a blank disc has the head %q", head)
	}
	person.Choose(initRootCard + 1)
	custodians := []string{"Alice", "Bruno", "Chiara"}
	cards, root := person.InitRoot(custodians, 2)
	if !slices.EqualFunc(cards, p.cards, slices.Equal) {
		t.Errorf("read %q, not %q", cards, p.cards)
	}
	person.Choose(signCSRCard + 1)
	signed := person.SignCSR(cards[2], cards[0])
	for name, noted := range map[string]eyes.Noted{"ROOT.CRT": root, "INTCA1.CRT": signed} {
		if sum := fileSum(t, filepath.Join(o.out, shuttleName, name)); sum != noted.Fingerprint {
			t.Errorf("%s on the stick has SHA-256 %s, the screen's code says %s", name, sum, noted.Fingerprint)
		}
	}
}

// fileSum is the SHA-256 of a file, 64 upper-case hex digits.
func fileSum(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", sha256.Sum256(data))
}
