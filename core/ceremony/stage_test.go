package ceremony

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// asked is a screen with one of everything that can be answered.
func asked(body Body) screen {
	return screen{title: "?", body: body, actions: []Action{
		{ID: "go", Label: "Go", Key: "Enter", Kind: Primary},
		{ID: "wait", Label: "Wait", Why: "Not yet"},
		{ID: "show", Label: "Show", Key: "F2", Held: true},
	}}
}

func testStage() (*stage, chan struct{}) {
	changed := make(chan struct{}, 1)
	return newStage(func() time.Time { return time.Unix(1_777_000_000, 5) }, changed), changed
}

func TestOnlyWhatTheScreenOffersIsAnAnswer(t *testing.T) {
	text, entry := TextBody{}, EntryBody{}
	choices := ChoicesBody{Choices: []Choice{{Label: "A"}, {Label: "B", Why: "Not this one"}}}
	for name, tc := range map[string]struct {
		body Body
		sent Event
		ok   bool
	}{
		"an action":                          {ClockBody{}, Press{"go"}, true},
		"an action that is not there":        {ClockBody{}, Press{"stop"}, false},
		"an action that cannot be pressed":   {ClockBody{}, Press{"wait"}, false},
		"a held action pressed":              {ClockBody{}, Press{"show"}, false},
		"a held action held":                 {ClockBody{}, Hold{"show", true}, true},
		"an action held that is only tapped": {ClockBody{}, Hold{"go", true}, false},
		"a choice":                           {choices, Pick{0}, true},
		"a choice that cannot be picked":     {choices, Pick{1}, false},
		"a choice beyond the end":            {choices, Pick{2}, false},
		"a choice before the beginning":      {choices, Pick{-1}, false},
		"a choice where there is none":       {ClockBody{}, Pick{0}, false},
		"a card of the menu":                 {MenuBody{choices.Choices}, Pick{0}, true},
		"text where text is asked":           {text, Input{"a"}, true},
		"text where a share is typed":        {entry, Input{"a"}, true},
		"text where none is asked":           {ClockBody{}, Input{"a"}, false},
		"a letter taken back":                {entry, Erase{}, true},
		"a word where a share is typed":      {entry, PickWord{"acid"}, true},
		"a word where text is asked":         {text, PickWord{"acid"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := testStage()
			s.show(asked(tc.body), false)
			v := s.view.Load()
			s.send(v.Screen, tc.sent)
			s.send(v.Screen, Press{"go"}) // ends the wait if the first was dropped
			got, err := s.answer(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if (got == tc.sent) != tc.ok && tc.sent != (Press{"go"}) {
				t.Errorf("answered by %#v", got)
			}
		})
	}
}

func TestAnEventForAnEarlierScreenPressesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time passes only when nothing is left to be answered
		s, _ := testStage()
		s.show(asked(ClockBody{}), false)
		old := s.view.Load().Screen
		s.send(old, Press{"go"})
		s.send(old, Press{"go"}) // tapped twice
		if _, err := s.answer(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		s.show(asked(ClockBody{}), false)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if e, err := s.answer(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the next screen was answered by %#v", e)
		}
		if v := s.view.Load(); v.Handled != 2 {
			t.Errorf("%d events were handled, not 2", v.Handled)
		}
	})
}

func TestAViewNeverChangesOnceItIsShown(t *testing.T) {
	s, _ := testStage()
	s.show(asked(ClockBody{}), false)
	before := s.view.Load()
	revision, title := before.Revision, before.Title
	s.show(screen{title: "another"}, true)
	if before.Revision != revision || before.Title != title {
		t.Error("a view changed under whoever draws it")
	}
	if after := s.view.Load(); after.Revision <= revision || after.Screen <= before.Screen {
		t.Error("the next view has no later number")
	}
}

func TestTheClockOnTheScreenIsTheBars(t *testing.T) {
	s, _ := testStage()
	s.show(screen{body: ClockBody{}}, false)
	v := s.view.Load()
	if got := v.Body.(ClockBody).Time; !got.Equal(v.Now) || got.Nanosecond() != 0 || got.Location() != time.UTC {
		t.Errorf("the screen shows %v, the bar %v", got, v.Now)
	}
}

func TestADeviceThatChangesEndsOnlyTheWaitItMatters(t *testing.T) {
	s, changed := testStage()
	s.show(asked(ClockBody{}), false)
	changed <- struct{}{}
	if _, err := s.answer(t.Context(), func() bool { return true }); !errors.Is(err, errChanged) {
		t.Errorf("%v", err)
	}
	changed <- struct{}{}
	s.send(s.view.Load().Screen, Press{"go"})
	if e, err := s.answer(t.Context(), func() bool { return false }); err != nil || e != (Press{"go"}) {
		t.Errorf("%#v, %v", e, err)
	}
}

func TestWipedWordsAreGoneFromEveryView(t *testing.T) {
	words := []string{"academic", "acid"}
	w := NewWords(words)
	if got := w.All(); len(got) != 2 || got[0] != "academic" {
		t.Errorf("%q", got)
	}
	w.Wipe()
	w.Wipe()
	(*Words)(nil).Wipe()
	if len(w.All()) != 0 || words[0] != "" {
		t.Error("a wiped share still shows its words")
	}
}
