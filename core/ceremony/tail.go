package ceremony

import (
	"context"
	"errors"
	"fmt"
	"time"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/disc"
)

// maxTail is how many failed burns at the end of a disc are looked past: more
// than any ceremony has reason for, and few enough to be tried in a moment.
const maxTail = 16

// tail is what stands on a disc after the newest session of the archive.
type tail struct {
	voids  []audit.SessionVoid // as the next session will declare it
	latest time.Time           // the newest directory's, where one can be read
}

// verifyDisc reads the disc from its own table and verifies it from genesis. If
// that fails, burns at its end that were never completed are looked past, to be
// declared void: the power may have failed before the program could. What is
// looked past so may also be a good session that was damaged since; the head on
// the witnesses' sheet tells. A fault that passes must not look like damage, so
// whatever does not verify is read a second time.
func (c *Ceremony) verifyDisc(ctx context.Context) (archive.Result, tail, error) {
	c.show(verifying(-1, ""), true)
	r, left, err := c.verifyOnce(ctx)
	if err != nil || len(left.voids) > 0 || r.Worst() == archive.Error {
		r, left, err = c.verifyOnce(ctx)
	}
	return r, left, err
}

// verifying is the screen of a disc that is read in full: how far that is, from 0
// to 1, or negative, and how long it may still take.
func verifying(fraction float64, left string) screen {
	const title = "Verifying the disc from its first record"
	return screen{
		title: title, sentence: "Every session is read and every digest is computed again.",
		body: StepsBody{[]WorkStep{{Label: title, State: Current, Fraction: fraction, Detail: left}}},
	}
}

// verifyProgress shows how far a verification is.
func (c *Ceremony) verifyProgress() func(done, total int) {
	began := time.Now()
	return func(done, total int) {
		detail := ""
		if left := remaining(time.Since(began), int64(done), int64(total)); left > 0 {
			detail = elapsed(left) + " left"
		}
		c.progress(verifying(float64(done)/float64(total), detail))
	}
}

func (c *Ceremony) verifyOnce(ctx context.Context) (archive.Result, tail, error) {
	sessions, damage, err := c.readTracks(ctx)
	if err != nil {
		return archive.Result{}, tail{}, err
	}
	if len(sessions) == 0 {
		return archive.Result{}, tail{}, fmt.Errorf("this disc holds no session of an archive: put the archive's own disc in, or a blank one: %w", errors.Join(damage...))
	}
	progress := c.verifyProgress()
	whole := archive.Verify(sessions, damage, archive.Options{Progress: progress})
	if whole.Worst() != archive.Error {
		return whole, tail{}, nil
	}
	tracks := c.table.disc.Tracks
	var left tail
	for n := len(tracks) - 1; n > 0 && n >= len(tracks)-maxTail; n-- {
		left.add(tracks[n], sessions)
		if r := archive.Verify(sessions, damage, archive.Options{Voids: left.voids, Progress: progress}); r.Worst() != archive.Error {
			return r, left, nil
		}
	}
	return whole, tail{}, nil
}

// readTracks reads every session that the disc's own table names. Only what the
// disc itself shows is damage; a drive that does not answer is an error.
func (c *Ceremony) readTracks(ctx context.Context) (sessions []archive.Session, damage []error, err error) {
	sessions, damage = archive.FromTracks(c.table.disc.Tracks, func(t disc.Track) (*disc.Session, error) {
		s, problem := c.table.drive.Session(ctx, t)
		if problem != nil && err == nil && !isDamage(problem) {
			err = fmt.Errorf("reading track %d: %w", t.Number, problem)
		}
		return s, problem
	})
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return sessions, damage, err
}

// isDamage reports whether an error tells of what stands on the disc.
func isDamage(err error) bool {
	var sense *disc.SenseError
	var mismatch *disc.MismatchError
	return !errors.Is(err, disc.ErrMediumChanged) && !errors.Is(err, disc.ErrNoMedium) &&
		(errors.As(err, &sense) || errors.As(err, &mismatch) || errors.Is(err, disc.ErrNoSession))
}

// add looks past one more track.
func (l *tail) add(t disc.Track, sessions []archive.Session) {
	l.voids = append([]audit.SessionVoid{{
		Track: t.Number, Address: t.Start, Reason: "the burn was broken off, or what it wrote does not verify",
	}}, l.voids...)
	for _, s := range sessions {
		if s.Recorded == nil || s.Recorded.Address != t.Start || len(s.Directories) == 0 {
			continue
		}
		if at, _, err := audit.ParseDirectory(s.Directories[len(s.Directories)-1].Name); err == nil && at.After(l.latest) {
			l.latest = at
		}
	}
}

// mend declares what stands after the newest session, and closes a recording
// that was broken off, so that the next session can follow.
func (c *Ceremony) mend(ctx context.Context) error {
	a, m := c.table.archive, c.table.disc
	if len(a.tail) == 0 && len(m.Unfinished) == 0 {
		return nil
	}
	at := "after the last session"
	if len(a.tail) > 0 {
		at = "at sector " + number(a.tail[0].Address)
	} else if len(m.Unfinished) > 0 {
		at = "at sector " + number(m.Unfinished[0].Start)
	}
	e, err := c.ask(ctx, screen{
		title: "The last recording was broken off", sentence: "What was begun " + at + " is not a session of the archive.",
		body: MessageBody{
			Happened: "The power, the drive or the program failed during a burn.",
			Certain:  []string{"All before it is verified from the first record: " + plural(a.sessions, "session") + ".", "The head that the witnesses compared is over all of them."},
			Do:       "Go on: the next session declares it void, with its sector and the reason, and takes its place.",
		},
		actions: []Action{{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}, {ID: "go", Label: "Declare it void", Key: "Enter", Kind: Primary}},
	}, nil)
	if err != nil || e == (Press{"back"}) {
		return errors.Join(err, errBack)
	}
	if err := c.closeTail(ctx); err != nil {
		c.table.drive, c.table.disc, c.table.archive = nil, nil, nil // the gate reads it again
		return err
	}
	c.lamps()
	return nil
}

// closeTail closes a recording that was broken off.
func (c *Ceremony) closeTail(ctx context.Context) error {
	closed, err := c.table.drive.CloseUnfinished(ctx, c.table.disc.Identity)
	if err != nil {
		return err
	}
	for _, t := range closed {
		c.table.archive.tail = append(c.table.archive.tail, audit.SessionVoid{Track: t.Number, Address: t.Start, Reason: "the burn was broken off"})
	}
	medium, err := c.table.drive.Medium(ctx)
	if err != nil {
		return fmt.Errorf("looking at the disc after closing what was broken off: %w", err)
	}
	c.table.disc = &medium
	return nil
}
