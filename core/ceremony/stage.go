package ceremony

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// errChanged is returned by ask when the devices changed in the way that the
// question was waiting for, or could not survive.
var errChanged = errors.New("the devices on the table changed")

// stage is where the ceremony meets the people: it publishes views and takes
// the events that answer them. The ceremony's goroutine asks one question at a
// time; any goroutine may read the view and send events.
type stage struct {
	now      func() time.Time
	changed  <-chan struct{}
	onChange func()           // called when the devices changed, while an answer is awaited
	beat     <-chan time.Time // when a question that shows what changes is looked at again; nil for all others
	view     atomic.Pointer[View]
	updated  chan struct{}
	events   chan sent

	mu      sync.Mutex
	current View // what the next published view is a copy of
}

// sent is an event and the screen it was meant for.
type sent struct {
	screen uint64
	event  Event
}

func newStage(now func() time.Time, changed <-chan struct{}) *stage {
	s := &stage{now: now, changed: changed, updated: make(chan struct{}, 1), events: make(chan sent, 1024)}
	s.current.Working = true
	s.publish(func(*View) {})
	return s
}

// publish changes the current view and shows it.
func (s *stage) publish(change func(*View)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.current)
	s.current.Revision++
	s.current.Now = s.now().UTC().Truncate(time.Second)
	v := s.current
	if _, ok := v.Body.(ClockBody); ok {
		v.Body = ClockBody{Time: v.Now}
	}
	s.view.Store(&v)
	select {
	case s.updated <- struct{}{}:
	default:
	}
}

// tick keeps the clock in the top bar running until ctx ends.
func (s *stage) tick(ctx context.Context) {
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.publish(func(*View) {})
		}
	}
}

// send queues an event for the screen it was made on. It reports false if the
// ceremony is so far behind that the event is lost.
func (s *stage) send(screen uint64, e Event) bool {
	if _, ok := e.(PowerButton); ok {
		return s.powerButton()
	}
	select {
	case s.events <- sent{screen, e}:
		return true
	default:
		return false
	}
}

// screen is one question: everything of a view that it decides.
type screen struct {
	title, sentence string
	body            Body
	notice          Notice
	note            string
	actions         []Action
}

// show puts a screen up under a new number.
func (s *stage) show(q screen, working bool) {
	s.publish(func(v *View) {
		v.Screen++
		v.Working, v.StaysOn = working, ""
		q.fill(v)
	})
}

// redraw changes the present screen without asking anew, after an event that
// did not leave it.
func (s *stage) redraw(q screen) {
	s.publish(func(v *View) {
		v.Working = false
		q.fill(v)
	})
}

// progress changes the present screen while a long step runs.
func (s *stage) progress(q screen) {
	s.publish(func(v *View) { q.fill(v) })
}

func (q screen) fill(v *View) {
	v.Title, v.Sentence, v.Body = q.title, q.sentence, q.body
	v.Notice, v.Note, v.Actions = q.notice, q.note, q.actions
}

// ask shows a screen and returns the first event that answers it.
func (s *stage) ask(ctx context.Context, q screen, until func() bool) (Event, error) {
	s.show(q, false)
	return s.answer(ctx, until)
}

// answer waits for an event that the present screen allows. Events made for an
// earlier screen, and those the screen does not offer, are dropped: a button
// tapped twice must not press what comes next. until, if not nil, is asked after
// every change of devices and at every beat; when it says true the wait ends with
// errChanged.
func (s *stage) answer(ctx context.Context, until func() bool) (Event, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-s.changed:
			if s.onChange != nil {
				s.onChange()
			}
			if s.over(until) {
				return nil, errChanged
			}
		case <-s.beat:
			if s.over(until) {
				return nil, errChanged
			}
		case e := <-s.events:
			v := s.view.Load()
			ok := e.screen == v.Screen && allowed(v, e.event)
			s.publish(func(v *View) { v.Handled++; v.Working, v.StaysOn = ok, "" })
			if ok {
				return e.event, nil
			}
		}
	}
}

// over says whether a question is no longer to be answered.
func (s *stage) over(until func() bool) bool {
	if until == nil || !until() {
		return false
	}
	s.publish(func(v *View) { v.Working = true })
	return true
}

// allowed reports whether a view offers what an event does.
func allowed(v *View, e Event) bool {
	switch e := e.(type) {
	case Press:
		a, ok := findAction(v.Actions, e.Action)
		return ok && a.Why == "" && !a.Held
	case Hold:
		a, ok := findAction(v.Actions, e.Action)
		return ok && a.Why == "" && a.Held
	case Pick:
		choices := choicesOf(v.Body)
		return e.Index >= 0 && e.Index < len(choices) && choices[e.Index].Why == ""
	case Input, Erase:
		switch v.Body.(type) {
		case TextBody, EntryBody:
			return true
		}
	case PickWord:
		_, ok := v.Body.(EntryBody)
		return ok
	}
	return false
}

func findAction(actions []Action, id string) (Action, bool) {
	for _, a := range actions {
		if a.ID == id {
			return a, true
		}
	}
	return Action{}, false
}

func choicesOf(b Body) []Choice {
	switch b := b.(type) {
	case ChoicesBody:
		return b.Choices
	case MenuBody:
		return b.Cards
	}
	return nil
}
