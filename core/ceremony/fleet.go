package ceremony

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
	"anodize/core/hsm"
)

// plugged is an HSM that is plugged in, and what it says of itself.
type plugged struct {
	device hsm.Device
	info   hsm.Info
}

// pluggedHSMs asks every HSM that is there who it is, and returns those that
// answer. The error tells of the others; it wraps ErrAbsent if there is none.
func (c *Ceremony) pluggedHSMs(ctx context.Context) ([]plugged, error) {
	devices, err := c.room.HSMs(ctx, string(c.table.profile.HSM.Backend))
	if err != nil {
		return nil, err
	}
	var there []plugged
	var silent []error
	for _, d := range devices {
		info, err := d.Info(ctx)
		if err != nil {
			silent = append(silent, fmt.Errorf("asking the HSM what it is: %w", err))
			continue
		}
		there = append(there, plugged{d, info})
	}
	return there, errors.Join(silent...)
}

// serialsOf names HSMs as people compare them.
func serialsOf(all []plugged) []string {
	serials := make([]string, len(all))
	for i, p := range all {
		serials[i] = p.info.Serial
	}
	return serials
}

// sameHSMs says whether exactly those HSMs are plugged in, and answer.
func (c *Ceremony) sameHSMs(ctx context.Context, serials []string) bool {
	there, err := c.pluggedHSMs(ctx)
	return err == nil && slices.Equal(serialsOf(there), serials)
}

// findHSM returns the HSM of that serial number if it is plugged in and answers.
func (c *Ceremony) findHSM(ctx context.Context, serial string) (plugged, bool) {
	there, _ := c.pluggedHSMs(ctx)
	i := slices.IndexFunc(there, func(p plugged) bool { return p.info.Serial == serial })
	if i < 0 {
		return plugged{}, false
	}
	return there[i], true
}

// compareFleet picks the HSM that the ceremony opens: any one that holds the
// root's key, or the only one there, to make the key in. It names those that the
// archive does not know, and sends people back to the HSM's gate if none serves.
func (c *Ceremony) compareFleet(ctx context.Context) error {
	there, err := c.pluggedHSMs(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(serialsOf(there), c.table.hsms) { // one came, and was not compared
		c.backToHSMs()
		return errChanged
	}
	a := c.table.archive
	if a.root == nil {
		if len(there) > 1 {
			return c.wrongHSMs(ctx, screen{
				title: "A root is made in one HSM", sentence: "Others get a copy of the key later.",
				body: MessageBody{Happened: "HSM " + and(serialsOf(there)) + " are plugged in.", Do: "Leave the one in that the root's key shall be made in."},
			})
		}
		return nil
	}
	var known, strange []plugged
	for _, p := range there {
		if _, ok := a.state.Device(p.info.Serial); ok {
			known = append(known, p)
		} else {
			strange = append(strange, p)
		}
	}
	switch {
	case len(known) == 0:
		return c.noKeyThere(ctx, strange)
	case len(strange) > 1:
		return c.wrongHSMs(ctx, screen{
			title: "These HSMs are not of the fleet", sentence: "The archive knows which HSMs hold the key.",
			body: MessageBody{
				Happened: "HSM " + and(serialsOf(strange)) + " are plugged in besides HSM " + and(serialsOf(known)) + ".", Certain: c.remembered(strange),
				Do: "Take them out. To back the key up, leave one of them in: the one that shall get a copy.",
			},
		})
	case len(strange) == 1:
		if err := c.acceptStranger(ctx, strange, known); err != nil {
			return err
		}
	}
	first := known[max(0, slices.IndexFunc(known, c.upToDate))]
	c.table.hsm, c.table.hsmInfo = first.device, first.info
	c.lamps()
	return nil
}

// wrongHSMs shows what is wrong with the HSMs on the table, and has them looked
// at again at their gate.
func (c *Ceremony) wrongHSMs(ctx context.Context, q screen) error {
	q.actions = []Action{shutDown, {ID: "again", Label: "Look again", Key: "Enter", Kind: Primary}}
	if _, err := c.askGate(ctx, q, c.lostDevice(ctx)); err != nil {
		return err
	}
	c.backToHSMs()
	return errChanged
}

// backToHSMs empties the HSM's gate and all after it.
func (c *Ceremony) backToHSMs() {
	c.table = table{clock: c.table.clock, stick: c.table.stick, profile: c.table.profile}
}

// noKeyThere says that the root's key is in other HSMs.
func (c *Ceremony) noKeyThere(ctx context.Context, strange []plugged) error {
	var fleet []string
	for _, d := range c.table.archive.state.HSMFleet {
		fleet = append(fleet, d.Serial)
	}
	is := "is"
	if len(strange) > 1 {
		is = "are"
	}
	return c.wrongHSMs(ctx, screen{
		title: "This HSM does not hold the root's key", sentence: "The archive knows which HSM does.",
		body: MessageBody{
			Happened: fmt.Sprintf("HSM %s %s plugged in. The key is in HSM %s.", and(serialsOf(strange)), is, strings.Join(fleet, " or ")),
			Certain:  append(c.remembered(strange), "No session was written, and no key was used."),
			Do:       "Take this HSM out and put the right one in. Or put in the disc that belongs to this HSM.",
		},
	})
}

// acceptStranger has people say what an HSM is for that the archive does not
// know: it may be the one that gets a copy of the key.
func (c *Ceremony) acceptStranger(ctx context.Context, strange, known []plugged) error {
	serial := strange[0].info.Serial
	e, err := c.askGate(ctx, screen{
		title: "HSM " + serial + " is not of the fleet", sentence: "The ceremony opens HSM " + known[0].info.Serial + ", which holds the root's key.",
		body: MessageBody{
			Happened: "An HSM is plugged in that the archive does not know.", Certain: append(c.remembered(strange), "Nothing was asked of it but who it is."),
			Do: "To back the key up to it, leave it in and go on. Otherwise take it out.",
		},
		actions: []Action{shutDown, {ID: "again", Label: "Look again", Key: "Esc"}, {ID: "go", Label: "Go on, for a backup", Key: "Enter", Kind: Primary}},
	}, func() bool { return c.lostDevice(ctx)() || !c.sameHSMs(ctx, c.table.hsms) })
	if err != nil {
		return err
	}
	if e == (Press{"again"}) {
		c.backToHSMs()
		return errChanged
	}
	return nil
}

// upToDate says whether an HSM of the fleet opens to the newest cards.
func (c *Ceremony) upToDate(p plugged) bool {
	s := c.table.archive.state
	d, known := s.Device(p.info.Serial)
	return known && behind(s, d) == 0
}

// remembered is what the log tells of HSMs that are not of the fleet.
func (c *Ceremony) remembered(strange []plugged) []string {
	var told []string
	for _, p := range strange {
		what := ""
		for _, r := range c.table.archive.log.Records() {
			switch e := r.Event.(type) {
			case audit.IntentKeyBackup:
				if e.To.Serial == p.info.Serial {
					what = "A backup to HSM " + p.info.Serial + " was begun on " + stamp(r.Time) + " and broke off: begin it again."
				}
			case audit.HSMRetired:
				if e.Serial == p.info.Serial {
					what = "HSM " + p.info.Serial + " was retired on " + stamp(r.Time) + ": no ceremony opens it."
				}
			}
		}
		if what != "" {
			told = append(told, what)
		}
	}
	return told
}

// andList is "1", "1 and 2".
func andList(numbers []int) string {
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = fmt.Sprint(n)
	}
	return and(words)
}

// and is "A", "A and B", "A, B and C".
func and(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
