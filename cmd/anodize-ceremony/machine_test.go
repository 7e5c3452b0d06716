package main

import (
	"errors"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"anodize/cmd/internal/gate"
	"anodize/core/ceremony"
	"anodize/devices/machine"
)

// sentinel is the other side of the gate.
type sentinel struct {
	gate.Keeper // nil: what is not below is not asked for
	clock       time.Time
}

func (s *sentinel) Look() gate.Environment {
	return gate.Environment{
		By: "sentinel", Crash: "exit status 2", Warning: "w", Claims: []machine.Fact{{Name: "PCR 4", Value: "ab"}},
		Sections: []machine.Section{{Title: "Machine", Facts: []machine.Fact{{Name: "Model", Value: "x"}, {Name: "PCR 4", Value: strings.Repeat("ab", 32)}}}},
	}
}

func (s *sentinel) SetClock(t time.Time) error {
	s.clock = t
	return errors.New("the battery is empty")
}

func TestBehindTheGateTheSentinelIsAsked(t *testing.T) {
	requests, ask := io.Pipe()
	hear, answers := io.Pipe()
	s := &sentinel{}
	served := make(chan error, 1)
	go func() { served <- gate.Serve(requests, answers, s) }()
	g := gate.NewClient(hear, ask)
	r := newRoom(t.Context(), t.TempDir())
	r.behind(g)
	want := ceremony.Environment{
		By: "sentinel", Crash: "exit status 2", Warning: "w", Claims: []ceremony.Claim{{Name: "PCR 4", Value: "ab"}},
		Shown: []ceremony.FactGroup{{Title: "Machine", Facts: []ceremony.Fact{{Name: "Model", Value: "x"}, {Name: "PCR 4", Value: strings.Repeat("abab ", 15) + "abab", Mono: true}}}},
	}
	if e := (told{g}).Look(); !reflect.DeepEqual(e, want) {
		t.Errorf("%+v", e)
	}
	at := time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)
	if err := r.SetClock(at); err == nil || err.Error() != "the battery is empty" || !s.clock.Equal(at) {
		t.Errorf("%v, %v", err, s.clock)
	}
	if now := r.Now(); time.Since(now) > time.Hour {
		t.Errorf("now is %v", now)
	}
	ask.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	hear.Close()
	if e := (told{g}).Look(); !strings.Contains(e.Warning, "does not answer") || e.By == "" {
		t.Errorf("without a sentinel: %+v", e)
	}
}

func TestWithoutASentinelTheProgramLooksForItself(t *testing.T) {
	root := t.TempDir()
	if err := errors.Join(os.Mkdir(root+"/proc", 0o755), os.WriteFile(root+"/proc/version", []byte("Linux 6.1\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	e := seen{machine.New(root)}.Look()
	if len(e.Shown) != 0 || len(e.Claims) == 0 || e.Claims[0] != (ceremony.Claim{Name: "Kernel", Value: "Linux 6.1"}) {
		t.Errorf("%+v", e)
	}
}
