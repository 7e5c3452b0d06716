package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/disc"
)

// left is a disc that the archive was carried from.
type left struct {
	identity disc.Identity
	session  string                // its last one
	after    audit.SessionVerified // the first session on the new disc
}

// offerClosing asks whether the old disc shall be closed for ever, so that no
// drive can ever add to it. People are asked twice; nothing depends on it. It is
// offered once the archive is on the new disc; the next session's log tells of it.
func (c *Ceremony) offerClosing(ctx context.Context) error {
	old := c.left
	if c.left = nil; old == nil || c.table.archive == nil {
		return nil
	}
	old.after = *c.table.archive.last
	leave := Action{ID: "leave", Label: "Leave it as it is", Key: "Esc", Kind: Stop}
	e, err := c.ask(ctx, screen{
		title: "Shall the old disc be closed for ever?", sentence: "The archive is on the new disc, read back equal. The old one can be read in either case.",
		body: MessageBody{
			Happened: "The archive was carried to the new disc, and goes on there.",
			Certain:  []string{"A closed disc takes no more sessions in any drive, whatever program writes to it.", "The next ceremony's log tells whether the old one was closed, if the machine stays on until then: write it on the disc and on the sheet."},
			Do:       "Leave it as it is, or close it: then the discs are exchanged once more.",
		},
		actions: []Action{leave, {ID: "close", Label: "Close it", Key: "Enter", Kind: Primary}},
	}, nil)
	if err != nil {
		return err
	}
	if e == (Press{leave.ID}) {
		c.became(old.after, audit.DiscLeft{Session: old.session})
		return nil
	}
	_ = c.table.drive.Eject(ctx)                                 // or by hand
	c.table.drive, c.table.disc, c.table.archive = nil, nil, nil // the gate reads the disc that is in the drive then
	return c.closeOld(ctx, old, leave)
}

// closeOld waits for the old disc and closes it. Nothing is told of one that people
// left after the drive had failed to close it: nobody knows what it is.
func (c *Ceremony) closeOld(ctx context.Context, old *left, leave Action) error {
	var problem string
	tried := false
	for {
		e, err := c.ask(ctx, screen{
			title: "Put the old disc in", sentence: "It is labelled “carried to another disc”; its last session is " + old.session + ".",
			body: MessageBody{
				Happened: "Nothing yet: the old disc is closed once it is in the drive and you say so.",
				Certain:  []string{"Only the old disc is closed: another one is refused.", "What is on it stays as it is. Closing cannot be undone."},
				Do:       "Take the new disc out and put the old one in. Then close it for ever.",
			},
			notice:  Notice{Kind: Danger, Text: problem},
			actions: []Action{leave, {ID: "close", Label: "Close this disc for ever", Key: "Enter", Kind: Primary}},
		}, nil)
		if err != nil {
			return err
		}
		if e == (Press{leave.ID}) {
			if !tried {
				c.became(old.after, audit.DiscLeft{Session: old.session})
			}
			return nil
		}
		begun, err := c.finalize(ctx, old)
		if err == nil {
			c.became(old.after, audit.DiscLeft{Session: old.session, Closed: true})
			break
		}
		tried = tried || begun
		if ctx.Err() != nil {
			return ctx.Err()
		}
		problem = capital(err.Error()) + "."
	}
	_, err := c.ask(ctx, screen{
		title: "The old disc is closed for ever", sentence: "Write it on the disc, and on every sheet.",
		body:    MessageBody{Happened: "It holds what it held, and takes no more sessions.", Do: "Take it out, and put the new disc in: the gate verifies it from its first record."},
		actions: []Action{{ID: "next", Label: "To the gate", Key: "Enter", Kind: Primary}},
	}, nil)
	return err
}

// finalize closes the old disc. It reports whether the drive was told to.
func (c *Ceremony) finalize(ctx context.Context, old *left) (begun bool, err error) {
	t, err := c.room.Drive(ctx)
	if err != nil {
		return false, err
	}
	drive, err := disc.Open(ctx, t)
	if err != nil {
		return false, fmt.Errorf("opening the drive: %w", err)
	}
	work := c.newWork("Closing the old disc for ever", "Leave the disc and the power alone. It may take minutes.", "Closing")
	err = drive.Finalize(ctx, old.identity, func(disc.Progress) { work.tick() })
	if errors.Is(err, disc.ErrSwapped) {
		return false, errors.New("this is not the old disc: put that one in")
	}
	return true, err
}
