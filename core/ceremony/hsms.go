package ceremony

import (
	"context"
	"fmt"
	"slices"
)

// fleet shows which HSMs hold the key, and what may be done with each.
func (c *Ceremony) fleet(ctx context.Context) error {
	c.publish(func(v *View) { v.Operation = "The HSMs" })
	s := c.table.archive.state
	here, _ := c.fleetHere(ctx)
	plugged := serialNumbers(here)
	var choices []Choice
	for _, d := range s.HSMFleet {
		where := "Not here."
		if slices.Contains(plugged, d.Serial) {
			where = "Here."
		}
		detail := where + " It " + opensTo(d) + "."
		if to := behind(s, d); to > 0 {
			detail += fmt.Sprintf(" Bring it up to date: then it opens to those of generation %d.", to)
		}
		choices = append(choices, Choice{Label: "HSM " + d.Serial, Detail: detail})
	}
	at, err := c.askChoice(ctx, "The HSMs that hold the key", "Any one of them serves in a ceremony. Pick one to bring it up to date, or to retire it.", choices, "Back to the menu")
	if err != nil {
		return err
	}
	d := s.HSMFleet[at]
	update, retire := "", ""
	switch {
	case behind(s, d) == 0:
		update = "It opens to the same cards as the others"
	case !slices.Contains(plugged, d.Serial):
		update = "It is not plugged in"
	}
	if len(s.HSMFleet) < 2 {
		retire = "It is the only one: back the key up first"
	}
	what, err := c.askChoice(ctx, "What shall be done with HSM "+d.Serial+"?", choices[at].Detail, []Choice{
		{Label: "Bring it up to date", Detail: "It gets the PIN of the present cards, which are needed, and perhaps the older ones", Why: update},
		{Label: "Retire it", Detail: "It is lost, destroyed or given away; no card is needed", Why: retire},
	}, "Back to the menu")
	if err != nil {
		return err
	}
	if what == 0 {
		return c.begun(ctx, keyed{updateHSM{d.Serial}})
	}
	if err := c.begun(ctx, retireHSM{d.Serial}); err != nil {
		return err
	}
	if c.table.archive == nil || d.Serial != c.table.hsmInfo.Serial {
		return nil
	}
	c.backToHSMs() // another one serves from here on
	return errChanged
}
