package ceremony

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/core/audit"
)

// machine is one that a test changes while it is looked at.
type machine struct {
	mu  sync.Mutex
	now Environment
}

func (m *machine) Look() Environment {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

func (m *machine) change(f func(*Environment)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(&m.now)
}

func shown() []FactGroup {
	return []FactGroup{{Title: "Machine", Facts: []Fact{{Name: "Firmware", Value: "EDK II"}}}}
}

// until returns the view that is so.
func until(t *testing.T, c *Ceremony, is func(*View) bool) *View {
	t.Helper()
	for {
		if v := c.View(); is(v) {
			return v
		}
		select {
		case <-c.Updated():
		case <-time.After(time.Minute):
			t.Fatalf("it stays at %+v", c.View())
		}
	}
}

func atMachine(v *View) bool { return v.Title == "Is this the machine?" && !v.Working }

func TestTheMachineIsShownOnceAndAnewWhenItChanges(t *testing.T) {
	s, changed := testStage()
	m := &machine{now: Environment{By: "sentinel", Shown: shown()}}
	c := &Ceremony{stage: s, machine: m}
	ended := make(chan error)
	go func() { ended <- c.machineGate(t.Context()) }()
	first := until(t, c, atMachine)
	if first.Notice.Text != "" {
		t.Errorf("a notice about nothing: %q", first.Notice.Text)
	}
	m.change(func(e *Environment) { e.Warning = "0525:a4a2 was not let in" })
	changed <- struct{}{}
	until(t, c, func(v *View) bool { return atMachine(v) && v.Notice.Text == "0525:a4a2 was not let in" })
	m.change(func(e *Environment) { e.Claims, e.Crash = []Claim{{Name: "USB", Value: "x"}}, "exit status 2" })
	changed <- struct{}{}
	v := until(t, c, func(v *View) bool { return atMachine(v) && v.Notice.Kind == Danger })
	if v.Screen == first.Screen || !strings.Contains(v.Notice.Text, "exit status 2") {
		t.Errorf("after a change of what is claimed: %+v", v)
	}
	c.Send(v.Screen, Press{"out"})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := c.machineGate(t.Context()); err != nil { // nobody answers
		t.Fatal(err)
	}
}

// Temperature, battery and drives are seen as they are now, and whoever reads them is
// not asked anew.
func TestWhatAMachineShowsOfItselfIsKeptUpToDate(t *testing.T) {
	s, _ := testStage()
	m := &machine{now: Environment{Shown: shown()}}
	c := &Ceremony{stage: s, machine: m}
	ended := make(chan error)
	go func() { ended <- c.machineGate(t.Context()) }()
	first := until(t, c, atMachine)
	later := []FactGroup{{Title: "Health", Facts: []Fact{{Name: "Power", Value: "battery 9 %"}}}}
	m.change(func(e *Environment) { e.Shown = later })
	v := until(t, c, func(v *View) bool { return reflect.DeepEqual(v.Body, FactsBody{later}) })
	if v.Screen != first.Screen || v.Working {
		t.Errorf("asked anew: %+v", v)
	}
	c.Send(v.Screen, Press{"out"})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if c.beat != nil {
		t.Error("other questions are looked at again and again")
	}
}

// What changes while people are asked whether to shut down is seen once they go back.
func TestTheMachineIsShownAsItIsAfterGoingBackToIt(t *testing.T) {
	s, _ := testStage()
	m := &machine{now: Environment{Shown: shown()}}
	c := &Ceremony{stage: s, machine: m}
	ended := make(chan error)
	go func() { ended <- c.machineGate(t.Context()) }()
	c.Send(until(t, c, atMachine).Screen, Press{shutDown.ID})
	asked := until(t, c, titled(endingTitle))
	later := []FactGroup{{Title: "Health", Facts: []Fact{{Name: "Power", Value: "battery 9 %"}}}}
	m.change(func(e *Environment) { e.Shown = later })
	c.Send(asked.Screen, Press{"back"})
	v := until(t, c, func(v *View) bool { return atMachine(v) && reflect.DeepEqual(v.Body, FactsBody{later}) })
	c.Send(v.Screen, Press{"out"})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}

func TestAMachineThatShowsNothingIsNotAskedAbout(t *testing.T) {
	for _, m := range []Machine{nil, &machine{}} {
		s, _ := testStage()
		if err := (&Ceremony{stage: s, machine: m}).machineGate(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestTheMachineCanBeShutDown(t *testing.T) {
	s, _ := testStage()
	c := &Ceremony{stage: s, machine: &machine{now: Environment{Shown: shown()}}}
	ended := make(chan error)
	go func() { ended <- c.machineGate(t.Context()) }()
	asked := func(v *View) bool { return v.Title == endingTitle && !v.Working }
	first := until(t, c, atMachine)
	c.Send(first.Screen, Press{shutDown.ID})
	c.Send(until(t, c, asked).Screen, Press{"back"})
	again := until(t, c, func(v *View) bool { return atMachine(v) && v.Screen != first.Screen })
	c.Send(again.Screen, Press{shutDown.ID})
	c.Send(until(t, c, asked).Screen, Pick{0})
	if err := <-ended; !errors.Is(err, errShutDown) || c.Ending() != PowerOff {
		t.Errorf("%v, to end by %d", err, c.Ending())
	}
}

// Whatever a machine says, its claim can be put into a log.
func TestNothingThatAMachineSaysKeepsACeremonyFromGoingOn(t *testing.T) {
	hostile := Environment{By: "\x00\x1b", Claims: []Claim{
		{Name: "", Value: "without a name"}, {Name: "new\nline", Value: "a\tb\x07"}, {Name: strings.Repeat("é", 200), Value: strings.Repeat("é", 2000)},
		{Name: "not UTF-8", Value: "\xff\xfe"},
	}}
	for range 2 * audit.MaxClaims {
		hostile.Claims = append(hostile.Claims, Claim{Name: "one more"})
	}
	for name, e := range map[string]Environment{"hostile": hostile, "nothing": {}} {
		claim := e.claimed()
		log := audit.New([32]byte{})
		now := time.Unix(1_777_000_000, 0).UTC()
		genesis := audit.Genesis{Format: 1, Archive: strings.Repeat("5a", 32), Mode: "dev", Image: strings.Repeat("5a", 32), Program: "p"}
		if _, err := log.Append(now, genesis); err != nil {
			t.Fatal(err)
		}
		if _, err := log.Append(now, claim); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := len(hostile.claimed().Facts); got != audit.MaxClaims-1 {
		t.Errorf("%d facts of the first %d, one of which has no name", got, audit.MaxClaims)
	}
}

func TestATimeThatCannotBeIsSaid(t *testing.T) {
	for year, said := range map[int]bool{1970: true, 2024: true, 2025: false, 2099: false, 2100: true} {
		s, _ := testStage()
		s.now = func() time.Time { return time.Date(year, 6, 1, 0, 0, 0, 0, time.UTC) }
		c := &Ceremony{stage: s}
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- c.clockGate(ctx) }()
		v := until(t, c, func(v *View) bool { return v.Title == "Is this the time?" })
		if (v.Notice.Text != "") != said {
			t.Errorf("%d: %q", year, v.Notice.Text)
		}
		end()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestTheMachineCanBeLookedAtAgainFromTheMenu(t *testing.T) {
	m := &machine{now: Environment{Shown: shown()}}
	c := New(Setup{Room: &fleetRoom{}, Mode: Rehearsal, Machine: m})
	if a := c.menuActions(); len(a) != 2 || a[1] != aboutMachine {
		t.Errorf("the menu offers %+v", a)
	}
	m.change(func(e *Environment) { e.Shown[0].Facts[0].Value = "another" })
	ended := make(chan error)
	go func() { ended <- c.showMachine(t.Context()) }()
	v := until(t, c, func(v *View) bool { return v.Title == "The machine" && !v.Working })
	if got := v.Body.(FactsBody).Groups[0].Facts[0].Value; got != "another" {
		t.Errorf("it shows %q, which was so before", got)
	}
	c.Send(v.Screen, Press{toMenu.ID})
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	m.change(func(e *Environment) { e.Shown = nil })
	if a := c.menuActions(); len(a) != 1 {
		t.Errorf("of a machine that shows nothing the menu offers %+v", a)
	}
}
