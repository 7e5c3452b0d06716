package ceremony

import (
	"context"
	"fmt"

	"anodize/core/hsm"
)

// uncountedRoom is how many free entries of the HSM's log an operation takes for
// enough that does not say what it will have logged.
const uncountedRoom = 16

// entries is how much of the HSM's log a plan may take, 0 if it does not say.
// Sessions end while people compare and a disc is burned: three may have to be
// opened anew, the last to tell the HSM that its log is on the disc.
func (p *proposal) entries() int {
	if len(p.actions) == 0 {
		return 0
	}
	return hsm.Entries(p.actions...) + hsm.Entries(hsm.Login, hsm.Login, hsm.Login)
}

// checkLogRoom refuses, before anything is written, a plan that needs more of
// the HSM's log than is free. Only a ceremony can empty that log, so that people
// may go on to do just this: the check after login then keeps the key from use.
func (c *Ceremony) checkLogRoom(ctx context.Context, p *proposal) error {
	need := p.entries()
	if need == 0 {
		return nil
	}
	opens := p.opens
	if len(opens) == 0 {
		opens = []string{c.table.hsmInfo.Serial}
	}
	for _, serial := range opens {
		o, ok := c.findHSM(ctx, serial)
		if !ok {
			return fmt.Errorf("asking HSM %s how full its log is: it does not answer", serial)
		}
		if err := c.checkLogOf(ctx, o.info, need); err != nil {
			return err
		}
	}
	return nil
}

func (c *Ceremony) checkLogOf(ctx context.Context, info hsm.Info, need int) error {
	free := info.LogTotal - info.LogUsed
	if free >= need {
		return nil
	}
	e, err := c.ask(ctx, screen{
		title: "The HSM's own log is too full for this", sentence: "HSM " + info.Serial + " refuses what it cannot log, so the plan is refused before it begins.",
		body: MessageBody{
			Happened: fmt.Sprintf("Its log has %d of %d entries free. This may need %d.", max(free, 0), info.LogTotal, need),
			Certain:  []string{"Nothing was written to the disc.", "No key was used."},
			Do:       "Go back, or empty that log first: the intent is written, the quorum opens the HSM, the key is not used, and with your words the record takes the log. Then begin again.",
		},
		actions: []Action{
			{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}, {ID: "empty", Label: "Empty its log first", Key: "F4", Kind: Primary},
		},
	}, nil)
	if err == nil && e == (Press{"back"}) {
		return errBack
	}
	return err
}

// logRoomLeft checks once more, right after login.
func logRoomLeft(info hsm.Info, in *intended) error {
	need := uncountedRoom
	if in.entries > 0 {
		need = in.entries - hsm.Entries(hsm.Login)
	}
	if free := info.LogTotal - info.LogUsed; free < need {
		return fmt.Errorf("the HSM's own log has room for %s and this may need %d. Close this ceremony with your words: its record empties that log, and then begin again", plural(max(free, 0), "entry"), need)
	}
	return nil
}
