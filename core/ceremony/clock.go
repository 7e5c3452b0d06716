package ceremony

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// clockGate passes when the operator has confirmed the time.
func (c *Ceremony) clockGate(ctx context.Context) error {
	for !c.table.clock {
		confirmed, err := c.confirmClock(ctx, "Is this the time?", c.table.notice, shutDown)
		if err != nil {
			return err
		}
		c.table.clock = confirmed
		c.table.notice = ""
		c.publish(func(v *View) { v.ClockConfirmed = confirmed })
	}
	return nil
}

// The years that a ceremony may be held in. No machine's clock is right before its
// image was built, either.
const (
	firstYear = 2025
	lastYear  = 2099
)

// usualAge is how many years after an image was built nobody wonders at the time. A
// clock without a battery begins decades away, and what a wrong time dates stays so.
const usualAge = 10

// impossible says why a time cannot be; empty if it can.
func (c *Ceremony) impossible(t time.Time) string {
	switch year := t.UTC().Year(); {
	case t.Before(c.built):
		return fmt.Sprintf("This image was built on %s, and the clock says %s: the battery of the machine's clock may be empty. Set the clock.",
			dateOf(c.built), dateOf(t))
	case year < firstYear || year > lastYear:
		return fmt.Sprintf("It cannot be the year %d: the battery of the machine's clock may be empty. Set the clock.", year)
	}
	return ""
}

// far says that a time is unusually long after the image was built; empty if it is not.
func (c *Ceremony) far(t time.Time) string {
	if c.built.IsZero() || t.Before(c.built.AddDate(usualAge, 0, 0)) {
		return ""
	}
	return fmt.Sprintf("The clock says %s, and this image was built on %s. If that is not so many years ago, set the clock.", dateOf(t), dateOf(c.built))
}

// dateOf is a day as people are told it, in universal time.
func dateOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// confirmClock asks whether the clock is right and lets it be set. It reports
// false after it was set: the new time wants confirming too. The careful action
// leaves.
func (c *Ceremony) confirmClock(ctx context.Context, title, notice string, careful Action) (bool, error) {
	right := Action{ID: "right", Label: "It is right", Key: "Enter", Kind: Primary}
	kind := Caution
	if why := c.far(c.now()); why != "" && notice == "" {
		notice, kind = why, Danger
	}
	if why := c.impossible(c.now()); why != "" {
		notice, right.Why = why, "Set the clock first"
	}
	e, err := c.askGate(ctx, screen{
		title: title, sentence: "Compare with a clock you trust. Certificates, the log and the disc will carry it.",
		body: ClockBody{}, notice: Notice{Kind: kind, Text: notice},
		actions: []Action{careful, {ID: "set", Label: "Set the clock", Key: "S"}, right},
	}, nil)
	switch {
	case err != nil:
		return false, err
	case e == (Press{"right"}):
		return c.sureOfYear(ctx)
	case e == (Press{careful.ID}):
		return false, errBack
	}
	return false, c.setClock(ctx)
}

// sureOfYear asks once more whether it is a year that is unusually long after the image
// was built, once for each such year.
func (c *Ceremony) sureOfYear(ctx context.Context) (bool, error) {
	now := c.now()
	year := now.UTC().Year()
	if c.far(now) == "" || c.sureOf == year {
		return true, nil
	}
	e, err := c.ask(ctx, screen{
		title: fmt.Sprintf("Is it really the year %d?", year), sentence: "What this ceremony dates stays dated so: no later ceremony may be earlier.",
		body: MessageBody{
			Happened: fmt.Sprintf("You said that the clock is right. It says %s.", dateOf(now)),
			Certain:  []string{fmt.Sprintf("This image was built on %s.", dateOf(c.built)), "Nothing was written."},
			Do:       "Compare the year with a clock you trust. If it is another one, go back and set the clock.",
		},
		actions: []Action{{ID: "back", Label: "Back to the clock", Key: "Esc"}, {ID: "sure", Label: "It is that year", Key: "F4", Kind: Stop}},
	}, nil)
	if err != nil || e != (Press{"sure"}) {
		return false, err
	}
	c.sureOf = year
	return true, nil
}

// clockLayout is how the time is typed.
const clockLayout = "2006-01-02 15:04:05"

// setClock asks for a time and sets the machine's clock to it.
func (c *Ceremony) setClock(ctx context.Context) error {
	text, err := c.askText(ctx, question{
		title: "What time is it?", sentence: "In universal time (UTC). Set it at the very second.",
		label: "Date and time, UTC", hint: "Like 2026-04-25 14:31:22", value: c.now().UTC().Format("2006-01-02 "), limit: 19,
		mono: true, numeric: true, done: "Set the clock", back: "Leave it",
		check: c.settable,
	})
	if errors.Is(err, errBack) {
		return nil
	}
	if err != nil {
		return err
	}
	t, err := time.Parse(clockLayout, text)
	if err != nil {
		return fmt.Errorf("reading the time %q: %w", text, err)
	}
	if err := c.room.SetClock(t); err != nil {
		return fmt.Errorf("setting the machine's clock: %w", err)
	}
	return nil
}

// settable says why the clock cannot be set to what was typed; nil if it can.
func (c *Ceremony) settable(text string) error {
	t, err := time.Parse(clockLayout, text)
	switch {
	case err != nil:
		return errors.New("write the date and the time like 2026-04-25 14:31:22")
	case t.Year() < firstYear || t.Year() > lastYear:
		return fmt.Errorf("the year must be from %d to %d", firstYear, lastYear)
	case t.Before(c.built):
		return fmt.Errorf("this image was built on %s, at %s", dateOf(c.built), c.built.UTC().Format(time.TimeOnly))
	}
	return nil
}
