package ceremony

import (
	"context"
	"errors"
	"testing"
)

// gated is a ceremony that asks a question of a gate.
func gated(t *testing.T, power bool) (*Ceremony, chan error) {
	s, _ := testStage()
	c := &Ceremony{stage: s, power: power}
	ended := make(chan error, 1)
	go func() {
		_, err := c.askGate(t.Context(), screen{title: "At a gate", body: ClockBody{}, actions: []Action{shutDown}}, nil)
		ended <- err
	}()
	return c, ended
}

func titled(title string) func(*View) bool {
	return func(v *View) bool { return v.Title == title && !v.Working }
}

func TestTheMachineEndsAsPeopleSay(t *testing.T) {
	for pick, want := range map[int]Ending{0: PowerOff, 1: Restart} {
		c, ended := gated(t, true)
		c.Send(until(t, c, titled("At a gate")).Screen, Press{shutDown.ID})
		c.Send(until(t, c, titled(endingTitle)).Screen, Pick{pick})
		if err := <-ended; !errors.Is(err, errShutDown) || c.Ending() != want {
			t.Errorf("picked %d: %v, to end by %d", pick, err, c.Ending())
		}
	}
}

func TestNothingIsOfferedThatNobodyWillDo(t *testing.T) {
	c, ended := gated(t, false)
	c.Send(until(t, c, titled("At a gate")).Screen, Press{shutDown.ID})
	v := until(t, c, titled(endingTitle))
	if choices := v.Body.(ChoicesBody).Choices; len(choices) != 1 || choices[0].Label != "Close the ceremony" {
		t.Errorf("%+v", choices)
	}
	c.Send(v.Screen, Pick{0})
	if err := <-ended; !errors.Is(err, errShutDown) {
		t.Error(err)
	}
}

func TestTheLastScreenSaysWhatTheMachineDoes(t *testing.T) {
	for want, c := range map[string]*Ceremony{
		"You may turn the machine off":    {},
		"The machine switches itself off": {power: true},
		"The machine starts again":        {power: true, ending: Restart},
	} {
		if got := c.farewell().title; got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}

func TestThePowerButtonAsksWhetherToShutDownWhereThatIsOffered(t *testing.T) {
	c, ended := gated(t, true)
	at := until(t, c, titled("At a gate"))
	c.Send(at.Screen+9, PowerButton{}) // it belongs to no screen
	v := until(t, c, titled(endingTitle))
	c.Send(v.Screen, PowerButton{})
	if pressed := until(t, c, func(v *View) bool { return v.Handled == 2 }); pressed.Title != endingTitle || pressed.StaysOn != "" {
		t.Errorf("pressed once more: %+v", pressed)
	}
	c.Send(v.Screen, Press{"back"})
	back := until(t, c, func(v *View) bool { return titled("At a gate")(v) && v.Screen != at.Screen })
	c.Send(back.Screen, PowerButton{})
	c.Send(until(t, c, titled(endingTitle)).Screen, Pick{0})
	if err := <-ended; !errors.Is(err, errShutDown) {
		t.Error(err)
	}
}

func TestThePowerButtonLosesNoCeremony(t *testing.T) {
	s, _ := testStage()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	q := asked(TextBody{})
	s.show(q, true)
	s.send(1, PowerButton{})
	if v := s.view.Load(); v.StaysOn == "" || v.Handled != 1 || !v.Working {
		t.Errorf("while a step runs: %+v", v)
	}
	s.progress(q)
	if s.view.Load().StaysOn == "" {
		t.Error("the step's progress wipes it away")
	}
	s.show(q, false)
	if v := s.view.Load(); v.StaysOn != "" {
		t.Errorf("on the next screen it still says %q", v.StaysOn)
	}
	s.send(s.view.Load().Screen, PowerButton{})
	if v := s.view.Load(); v.StaysOn == "" || v.Handled != 2 || v.Working {
		t.Errorf("while an answer is awaited: %+v", v)
	}
	s.send(s.view.Load().Screen, Press{"go"})
	if e, err := s.answer(ctx, nil); err != nil || e != (Press{"go"}) {
		t.Errorf("the answer is %#v, %v", e, err)
	}
	if v := s.view.Load(); v.StaysOn != "" {
		t.Errorf("after an answer it still says %q", v.StaysOn)
	}
}
