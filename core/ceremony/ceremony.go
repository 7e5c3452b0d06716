package ceremony

import (
	"context"
	"errors"
	"io"
	"time"

	"anodize/core/audit"
)

// Ceremony is one run of the machine, from the first gate to the shutting down.
type Ceremony struct {
	*stage
	room    Room
	mode    Mode
	random  io.Reader
	image   [32]byte
	program string
	built   time.Time // of the image; zero: not known
	machine Machine   // nil: nothing is known of it
	table   table
	needs   func(phase int) bool // of the operation under way
	left    *left                // the disc that the archive was carried from, if it may be closed
	pending outcome              // of the last operation, for the next session's log

	machineSeen bool // people looked at what the machine says of itself

	power  bool   // whoever runs the ceremony ends the machine after it
	ending Ending // in which way
	sureOf int    // a year that is unusually late, and that people are sure of; 0: none
}

// outcome is what became of an operation after its record was burned.
type outcome struct {
	after  audit.SessionVerified // the record's session
	events []audit.Event         // none: nothing is to be told
}

// became keeps what is to be told of the operation whose record is the archive's
// last session.
func (c *Ceremony) became(after audit.SessionVerified, e audit.Event) {
	if c.pending.after != after {
		c.pending = outcome{after: after}
	}
	c.pending.events = append(c.pending.events, e)
}

// New prepares a ceremony; Run plays it.
func New(s Setup) *Ceremony {
	c := &Ceremony{
		stage: newStage(s.Room.Now, s.Room.Changed()),
		room:  s.Room, mode: s.Mode, random: s.Random, image: s.Image, program: s.Program, built: s.Built, machine: s.Machine, power: s.Power,
	}
	c.onChange = c.lamps
	c.publish(func(v *View) { v.Banner = s.Mode.banner() })
	return c
}

// View returns what is on the screens now. It is never nil.
func (c *Ceremony) View() *View { return c.view.Load() }

// Updated delivers a value after the view changed. Changes in quick succession
// may be delivered as one.
func (c *Ceremony) Updated() <-chan struct{} { return c.updated }

// Send says what was done on a screen. It never blocks; it reports false if the
// ceremony is so far behind that the event is lost.
func (c *Ceremony) Send(screen uint64, e Event) bool { return c.send(screen, e) }

// errBack leaves an operation before anything irreversible.
var errBack = errors.New("left before anything was written")

// Run walks the gates and performs operations until an operator shuts the
// machine down (nil) or ctx ends (its error).
func (c *Ceremony) Run(ctx context.Context) error {
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	go c.tick(ticking)
	for {
		err := c.gates(ctx)
		if err == nil {
			err = c.menu(ctx)
		}
		switch {
		case errors.Is(err, errShutDown):
			c.show(c.farewell(), true)
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil, errors.Is(err, errChanged), errors.Is(err, errBack):
		default:
			if err := c.tellProblem(ctx, "This step could not be done", err); err != nil {
				return err
			}
		}
	}
}

// tellProblem shows an error that nothing irreversible came of.
func (c *Ceremony) tellProblem(ctx context.Context, title string, problem error) error {
	_, err := c.ask(ctx, screen{
		title: title, sentence: "No session was written, and no key was used.",
		body:    MessageBody{Happened: capital(problem.Error()) + ".", Do: "Mend the cause, then go back and begin the step again."},
		actions: []Action{{ID: "back", Label: "Go back", Key: "Enter", Kind: Primary}},
	}, nil)
	return err
}
