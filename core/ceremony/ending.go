package ceremony

import (
	"context"
	"errors"
)

// Ending is what people want of the machine once the ceremony was closed.
type Ending uint8

const (
	PowerOff Ending = iota
	Restart         // it starts again, with whatever boot medium is in then
)

// errShutDown ends Run: an operator asked for it.
var errShutDown = errors.New("shut down")

// shutDown is offered wherever the machine can be left and nothing is lost.
var shutDown = Action{ID: "shutdown", Label: "Shut down", Key: "F10", Kind: Other}

const endingTitle = "Shut down?"

// askEnding has the operator say how the machine is to end, which is then errShutDown;
// errBack if it is not to end.
func (c *Ceremony) askEnding(ctx context.Context) error {
	choices := []Choice{{Label: "Close the ceremony", Detail: "You may turn the machine off then"}}
	if c.power {
		choices = []Choice{
			{Label: "Power off", Detail: "Everything ends, the memory is cleared, and the machine switches itself off"},
			{Label: "Restart", Detail: "The same, but the machine starts again: have its boot medium in"},
		}
	}
	picked, err := c.askChoice(ctx, endingTitle, "Nothing is running, and nothing is lost. Take the disc, the stick and the HSM out afterwards.", choices, "Go back")
	if err != nil {
		return err
	}
	c.ending = []Ending{PowerOff, Restart}[picked]
	return errShutDown
}

// Ending is what people want of the machine, once Run returned nil.
func (c *Ceremony) Ending() Ending { return c.ending }

// farewell is the last screen.
func (c *Ceremony) farewell() screen {
	q := screen{
		title: "You may turn the machine off", sentence: "Nothing is running. The disc, the stick and the HSM can be taken out.",
		body: MessageBody{Happened: "The ceremony is closed."},
	}
	switch {
	case c.power && c.ending == Restart:
		q.title = "The machine starts again"
	case c.power:
		q.title = "The machine switches itself off"
	}
	return q
}

// powerButton is what the machine's power button does: it shuts down where that is
// offered. Elsewhere the machine stays on, and the view says why until something else
// is done or asked.
func (s *stage) powerButton() bool {
	v := s.view.Load()
	if _, ok := findAction(v.Actions, shutDown.ID); ok && !v.Working {
		return s.send(v.Screen, Press{shutDown.ID})
	}
	s.publish(func(v *View) {
		v.Handled++
		switch {
		case v.Title == endingTitle: // it is asked already
		case v.Working:
			v.StaysOn = "The power button does nothing while a step runs. Wait for its end, and shut down from the menu."
		default:
			v.StaysOn = "The power button does nothing in the middle of a ceremony. Leave this step first, and shut down from the menu."
		}
	})
	return true
}
