// Package ui draws what a ceremony shows and sends back what people do.
//
// It guarantees that an event belongs to the screen that was seen when it
// happened: what a finger or a key does is read against the view drawn last, and
// carries that view's number. It decides nothing: every screen is a function of
// one ceremony.View and of where the focus and the scroll bar stand.
package ui

import (
	"image"

	"anodize/core/ceremony"

	"gioui.org/gesture"
	"gioui.org/io/event"
	"gioui.org/io/key"
	"gioui.org/io/pointer"
	"gioui.org/layout"

	"anodize/ui/html"
	"anodize/ui/kit"
)

// Event is what a person did, and the number of the screen it was done on.
type Event struct {
	Screen uint64
	ceremony.Event
}

// Screens draws views. It is not safe for concurrent use.
type Screens struct {
	th     *kit.Theme
	shown  *ceremony.View // drawn last; nil before the first frame
	events []Event

	targets map[string]*target
	rows    [][]string // what can be focused, as it stands on the screen
	focus   string     // explicitly moved there; empty: nowhere

	scroll     kit.Scroll
	findingsAt map[float32]*findingRows // by scale
	overflow   bool                     // the body is higher than its room
	reveal     bool                     // the focus was moved: scroll to it

	down    map[key.Name]bool // keys held, so that a repeated key acts once
	holding map[string]bool   // held actions that were told so
	hands   hands             // how people write: whether keyboards are drawn
	shift   bool              // of the on-screen keyboard
	digits  bool              // on the small one: digits instead of letters
	accents accents

	keyboards keyboards
	fonts     *html.Fonts // of pages; nil before the first one
	reader    reader      // of a PageBody
	guide     guide
	trouble   string // with the input devices; empty: none
}

// hands are how people wrote last.
type hands uint8

const (
	idle     hands = iota
	touching       // with a finger
	typing         // on a keyboard of their own
)

// target is something to press.
type target struct {
	click gesture.Click
	send  ceremony.Event       // sent when pressed; nil if do, by or hold is set
	do    func()               // done when pressed, within the screen
	by    func(pointer.Source) // the same, for what depends on a finger
	hold  string               // the action that is held, not pressed
	drawn bool                 // in this frame
}

// New returns the screens drawn with theme.
func New(theme *kit.Theme) *Screens {
	s := &Screens{th: theme}
	s.reset()
	return s
}

// SetPanel tells the size of the panel in millimetres, zero if it is not known.
func (s *Screens) SetPanel(mm image.Point) { s.th.SetPanel(mm) }

// SetTrouble tells, under the top bar of every screen, what is wrong with the devices
// that people act with; nothing if text is empty.
func (s *Screens) SetTrouble(text string) { s.trouble = text }

// Scale returns how many pixels a device-independent pixel has in a window of size.
func (s *Screens) Scale(size image.Point) float32 { return s.th.Scale(size) }

// reset forgets where the last question's screen stood.
func (s *Screens) reset() {
	s.targets = map[string]*target{}
	s.rows, s.focus, s.guide.focus = nil, "", ""
	s.scroll.Reset()
	s.reader, s.findingsAt = reader{}, nil
	s.reveal, s.shift, s.digits, s.accents = false, false, false, accents{}
	s.holding = map[string]bool{}
	if s.down == nil {
		s.down = map[key.Name]bool{}
	}
}

// Layout draws v over the maximal size of gtx, and returns what was done since
// the last frame. An input may change what the next frame looks like.
func (s *Screens) Layout(gtx layout.Context, v *ceremony.View) []Event {
	s.events = nil
	s.update(gtx)
	if s.shown != nil && s.shown.Screen != v.Screen {
		s.letGo()
		s.reset()
	}
	s.shown = v
	if s.guide.open {
		s.drawWithGuide(gtx, v)
	} else {
		s.draw(s.th.Fit(gtx), v)
	}
	s.reveal = false
	s.sweep(gtx)
	return s.events
}

func (s *Screens) send(e ceremony.Event) {
	s.events = append(s.events, Event{Screen: s.shown.Screen, Event: e})
}

// hold tells once that an action is held, and once that it was let go.
func (s *Screens) hold(action string, down bool) {
	if s.holding[action] == down {
		return
	}
	s.holding[action] = down
	s.send(ceremony.Hold{Action: action, Down: down})
}

// letGo tells that nothing is held any more.
func (s *Screens) letGo() {
	for action, down := range s.holding {
		if down {
			s.hold(action, false)
		}
	}
}

// target returns the state of what can be pressed under id, and puts it at the
// end of the last focus row.
func (s *Screens) target(gtx layout.Context, id string, t target) *target {
	old, ok := s.targets[id]
	if !ok {
		old = &target{}
		s.targets[id] = old
		// Gio delivers only what was asked for in the frame before.
		for {
			if _, ok := old.click.Update(gtx.Source); !ok {
				break
			}
		}
	}
	old.send, old.do, old.by, old.hold, old.drawn = t.send, t.do, t.by, t.hold, true
	if len(s.rows) == 0 {
		s.newRow()
	}
	last := len(s.rows) - 1
	s.rows[last] = append(s.rows[last], id)
	return old
}

// newRow begins a row of the focus order.
func (s *Screens) newRow() { s.rows = append(s.rows, nil) }

// sweep forgets targets that are no longer drawn.
func (s *Screens) sweep(gtx layout.Context) {
	for id, t := range s.targets {
		if !t.drawn {
			delete(s.targets, id)
			if t.hold != "" {
				s.hold(t.hold, false)
			}
			if s.focus == id {
				s.focus = ""
			}
		}
		t.drawn = false
	}
	if !gtx.Source.Focused(s) {
		gtx.Execute(key.FocusCmd{Tag: s})
	}
}

// update reads what was done since the last frame.
func (s *Screens) update(gtx layout.Context) {
	s.keyboards.pressed = false
	s.scroll.Update(s.th.Fit(gtx))
	for _, v := range []*html.View{s.reader.view, s.guide.reader.view} {
		if v != nil {
			v.Update(s.th.Fit(gtx))
		}
	}
	for _, row := range s.rows {
		for _, id := range row {
			if t := s.targets[id]; t != nil {
				s.clicks(gtx, t)
			}
		}
	}
	for {
		e, ok := gtx.Event(
			pointer.Filter{Target: s, Kinds: pointer.Press | pointer.Release},
			key.FocusFilter{Target: s},
			key.Filter{Optional: anyModifier},
			key.Filter{Name: key.NameTab, Optional: key.ModShift},
		)
		if !ok {
			break
		}
		if s.shown != nil {
			s.input(e)
		}
	}
}

const anyModifier = key.ModCtrl | key.ModCommand | key.ModShift | key.ModAlt | key.ModSuper

func (s *Screens) clicks(gtx layout.Context, t *target) {
	for {
		e, ok := t.click.Update(gtx.Source)
		if !ok {
			return
		}
		switch {
		case t.hold != "":
			s.hold(t.hold, e.Kind == gesture.KindPress)
		case e.Kind == gesture.KindClick:
			s.press(t, e.Source)
		}
	}
}

func (s *Screens) press(t *target, by pointer.Source) {
	switch {
	case t.by != nil:
		t.by(by)
	case t.do != nil:
		t.do()
	case t.send != nil:
		s.send(t.send)
	}
}

func (s *Screens) input(e event.Event) {
	switch e := e.(type) {
	case pointer.Event:
		s.pointer(e)
	case key.FocusEvent:
		if !e.Focus {
			clear(s.down)
			clear(s.guide.deaf)
			s.letGo()
		}
	case key.EditEvent:
		s.letters(e.Text)
	case key.Event:
		s.key(e)
	}
}

// letters go to a text, or to what is looked for on a page.
func (s *Screens) letters(text string) {
	switch {
	case s.guide.open:
		s.guide.reader.letters(text)
	case text == "" || !s.hears():
	case s.typing():
		s.focus, s.hands = "", typing
		s.send(ceremony.Input{Text: text})
	case s.reading() != nil:
		s.reading().letters(text)
	}
}

// pointer takes the focus away from where keys had put it. A keyboard comes when the
// finger lifts: nothing moves while it is down.
func (s *Screens) pointer(e pointer.Event) {
	switch {
	case e.Kind == pointer.Press:
		s.focus = ""
	case e.Source == pointer.Touch && !s.keyboards.pressed:
		s.hands = touching
	}
}

// typing tells whether letters go to a text.
func (s *Screens) typing() bool {
	switch s.shown.Body.(type) {
	case ceremony.TextBody, ceremony.EntryBody:
		return true
	}
	return false
}
