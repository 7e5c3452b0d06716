package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/disc"
)

// afterwards is how many sessions a new disc must have room for, besides the two
// to spare: those of a migration, and a whole ceremony.
const afterwards = 5

// changeDisc has the disc exchanged for a blank one that takes the archive: all of
// it is read into memory and compared with the log, the discs are exchanged by
// hand, and the next session is written to the new one. What that session must say of it is in the
// archive's moved. Nothing is written here. waiting is what is certain of a session that
// is not on any disc yet; it is empty if none waits. The archive in memory is as large as
// its last session, at most maxCopies bytes.
func (c *Ceremony) changeDisc(ctx context.Context, reason, waiting string) error {
	a := c.table.archive
	c.show(working("Reading the whole archive into memory", "Every file is compared with the log."), true)
	directories, err := c.copies(ctx)
	if err != nil {
		return err
	}
	from := c.mediumFact()
	var old disc.Identity
	if a.moved == nil {
		old = c.table.disc.Identity
		c.left = &left{identity: old, session: a.state.LastSession}
	}
	_ = c.table.drive.Eject(ctx) // a drive that does not open its tray, or is gone, is opened by hand
	a.directories = directories
	drive, medium, err := c.askNewDisc(ctx, old, waiting)
	if err != nil {
		return err
	}
	sessions, hash := lastClosed(a.log)
	a.moved = &audit.DiscMigrated{
		From: from, To: audit.MediumFact{Name: medium.Name, NextAddress: medium.NextAddress},
		Sessions: sessions, LastHash: hash, Reason: reason,
	}
	a.failed = nil
	c.table.drive, c.table.disc = drive, medium
	c.lamps()
	return nil
}

// mediumFact is the disc in the drive, as it was when it was last looked at.
func (c *Ceremony) mediumFact() audit.MediumFact {
	m := c.table.disc
	return audit.MediumFact{Name: m.Name, Sessions: m.Sessions, NextAddress: m.NextAddress}
}

// askNewDisc has people put a blank disc in, and agree to it. old is zero if there
// is no disc to be told apart from a new one.
func (c *Ceremony) askNewDisc(ctx context.Context, old disc.Identity, waiting string) (*disc.Drive, *disc.Medium, error) {
	var problem string
	for {
		if err := c.awaitBlank(ctx, old, waiting, problem); err != nil {
			return nil, nil, err
		}
		drive, medium, err := c.findBlank(ctx, old)
		switch {
		case errors.Is(err, ErrAbsent), errors.Is(err, disc.ErrNoMedium):
			problem = ""
			continue
		case err != nil:
			problem = capital(err.Error()) + "."
			continue
		}
		agreed, err := c.agreeToDisc(ctx, drive, medium)
		if agreed || err != nil {
			return drive, medium, err
		}
		problem = "Exchange the disc in the drive for another blank one."
	}
}

// awaitBlank waits until there is a blank disc, or people want it looked for.
func (c *Ceremony) awaitBlank(ctx context.Context, old disc.Identity, waiting, problem string) error {
	a := c.table.archive
	var held int64
	for _, d := range a.directories {
		for _, f := range d.Files {
			held += f.Size
		}
	}
	c.lamps()
	certain, back := []string{"The old disc holds all of it, unchanged.", "Nothing is written to the new disc before you agree to it."}, "Stop, keep everything"
	if waiting != "" {
		certain[0] = "The old disc holds these sessions, unchanged. The one that failed is not among them."
		certain, back = append(certain, waiting), "Back"
	}
	e, err := c.ask(ctx, screen{
		title: "Put the new disc in", sentence: "Take the old one out and keep it. The new one must be blank; it may be of another kind.",
		body: MessageBody{
			Happened: fmt.Sprintf("The whole archive is in this machine's memory: %s, %s. Every file was compared with the log.", plural(a.sessions, "session"), size(held)),
			Certain:  certain,
			Do:       "Put a blank BD-R, M-Disc, DVD+R, DVD-R or CD-R in, and close the drive.",
		},
		notice: Notice{Kind: Danger, Text: problem},
		actions: []Action{
			{ID: "back", Label: back, Key: "Esc", Kind: Stop}, {ID: "again", Label: "Look for the disc", Key: "Enter", Kind: Primary},
		},
	}, func() bool { _, _, err := c.findBlank(ctx, old); return err == nil })
	switch {
	case errors.Is(err, errChanged):
		return nil
	case err != nil:
		return err
	case e == (Press{"back"}):
		return errBack
	}
	return nil
}

// findBlank looks for a disc that takes the archive.
func (c *Ceremony) findBlank(ctx context.Context, old disc.Identity) (*disc.Drive, *disc.Medium, error) {
	t, err := c.room.Drive(ctx)
	if err != nil {
		return nil, nil, err
	}
	drive, err := disc.Open(ctx, t)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the drive: %w", err)
	}
	m, err := drive.Medium(ctx)
	switch {
	case err != nil:
		return nil, nil, err
	case m.Identity == old:
		return nil, nil, errors.New("the old disc is still in the drive: take it out")
	case m.State != disc.Blank:
		return nil, nil, fmt.Errorf("something is recorded on this %s: a blank disc is needed", m.Name)
	}
	if err := m.CheckRoom(afterwards, c.held(afterwards)); err != nil {
		return nil, nil, fmt.Errorf("this %s cannot take the archive and one ceremony more: %w", m.Name, err)
	}
	return drive, &m, nil
}

// blankDisc is what people are told of a blank disc.
func blankDisc(m *disc.Medium) FactsBody {
	return FactsBody{[]FactGroup{{Facts: []Fact{
		{Name: "Disc", Value: m.Name},
		{Name: "Free", Value: fmt.Sprintf("%s, %s sectors", capacity(int64(m.FreeBlocks)*sectorSize), number(m.FreeBlocks))},
		{Name: "Sessions", Value: "at most " + number(m.SessionsLeft)},
	}}}}
}

// agreeToDisc has people agree that a blank disc takes the archive.
func (c *Ceremony) agreeToDisc(ctx context.Context, drive *disc.Drive, m *disc.Medium) (bool, error) {
	e, err := c.ask(ctx, screen{
		title: "Shall this disc take the archive?", sentence: "It is blank. All of the archive is written to it in one session, and read back.",
		body:    blankDisc(m),
		actions: []Action{{ID: "other", Label: "Another disc", Key: "Esc", Kind: Stop}, {ID: "use", Label: "Use this disc", Key: "Enter", Kind: Primary}},
	}, func() bool {
		now, err := drive.Medium(ctx)
		return err != nil || now.Identity != m.Identity
	})
	if errors.Is(err, errChanged) {
		return false, nil
	}
	return e == (Press{"use"}), err
}
