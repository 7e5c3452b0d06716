package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/state"
)

// The files of a session directory.
const (
	auditLog        = "AUDIT.LOG"
	stateJSON       = "STATE.JSON"
	profileFile     = "PROFILE.TOML"
	rootCertificate = "ROOT.CRT"
	rootCRL         = "ROOT.CRL"
)

// step is what a session is for. The zero value is the record, which closes.
type step struct {
	kind    audit.Kind
	what    string // is on the disc, once it is
	certain string // while it is not
}

var (
	intentStep = step{audit.IntentSession, "the intent", "The HSM was not opened. Nothing of this ceremony is on the stick."}
	commitStep = step{audit.CommitSession, "the custodians' commitments", "The HSM was not changed. The shares just made open nothing: destroy the papers if you stop."}
	carryStep  = step{audit.RecordSession, "the archive", "No key was used. The old disc holds the archive. Nothing of this ceremony is on the stick."}
	recordStep = step{audit.RecordSession, "the record", "The key has been used. What it signed is in this machine's memory until the record is on the disc. None of it is on the stick."}
	openedStep = step{audit.RecordSession, "the reason", "The HSM was opened; its own log says what it did. The reason is not on the disc. Nothing of this ceremony is on the stick."}
	whyStep    = step{audit.RecordSession, "the reason", "The reason is not on the disc. Nothing of this ceremony is on the stick."}
)

// draft is a session not yet burned: its log without session.close, and the
// files it brings besides the log and the state.
type draft struct {
	step  step
	title string
	log   *audit.Log
	files []disc.File
	next  string // follows once it is on the disc, where people must know; may be empty
}

// burned is a session that is on the disc and was read back equal. Only burn
// makes one.
type burned struct {
	receipt disc.Receipt
	log     *audit.Log // parsed from what was read back
}

// stoppedError says that people gave up on a session that could not be burned.
type stoppedError struct{ cause error }

func (e *stoppedError) Error() string { return "stopped: " + e.cause.Error() }
func (e *stoppedError) Unwrap() error { return e.cause }

// burn writes a draft as the next session of the archive and reads it back. A
// burn that fails never counts: people choose whether the next session declares
// it void and takes its place, on this disc or on a blank one, or everything is
// kept as it is.
func (c *Ceremony) burn(ctx context.Context, d draft) (burned, error) {
	for {
		s, receipt, err := c.burnOnce(ctx, d)
		if err == nil {
			return c.adopted(ctx, s, receipt, d)
		}
		if ctx.Err() != nil {
			return burned{}, ctx.Err()
		}
		told, askErr := c.burnProblem(ctx, d, err)
		if errors.Is(askErr, errBack) {
			return burned{}, &stoppedError{err}
		}
		if askErr != nil {
			return burned{}, askErr
		}
		for _, e := range told {
			if err := c.add(d.log, e); err != nil {
				return burned{}, err
			}
		}
	}
}

// voided is what the next session says of a burn that failed, if something may
// have been written.
func voided(track int, problem error) []audit.Event {
	var failed *disc.BurnError
	if !errors.As(problem, &failed) || failed.NothingWritten {
		return nil
	}
	return []audit.Event{audit.SessionVoid{Track: track, Address: failed.Address, Reason: clip(failed.Error(), 1000)}}
}

// burnOnce tries once. The draft's log is left as it was.
func (c *Ceremony) burnOnce(ctx context.Context, d draft) (*session, disc.Receipt, error) {
	if c.table.drive == nil {
		return nil, disc.Receipt{}, fmt.Errorf("writing a session: the disc is %w", ErrAbsent)
	}
	s, err := c.newSession(ctx, d)
	if err != nil {
		return nil, disc.Receipt{}, err
	}
	a := c.table.archive
	a.directories = s.directories[:len(s.directories)-1] // in memory: the drive may fail for good
	show := c.burnProgress(d.title, s.directories)
	receipt, err := c.table.drive.Burn(ctx, c.table.disc.Identity, s.volume, s.directories, show)
	if err != nil {
		a.lastTime = s.at // what may stand on the disc has this name: the next session takes another
		var failed *disc.BurnError
		if errors.As(err, &failed) && !failed.NothingWritten {
			a.failed = append(a.failed, failed.Address)
		}
		return nil, disc.Receipt{}, err
	}
	return s, receipt, nil
}

// adopted makes a burned session part of the archive. It is on the disc and was
// read back, so whatever fails now is a matter of reading it once more.
func (c *Ceremony) adopted(ctx context.Context, s *session, receipt disc.Receipt, d draft) (burned, error) {
	moved := c.table.archive.moved != nil
	for {
		b, err := c.adopt(ctx, s, receipt)
		if err == nil {
			return b, c.showBurned(ctx, d, moved)
		}
		if ctx.Err() != nil {
			return burned{}, ctx.Err()
		}
		e, askErr := c.ask(ctx, screen{
			title: "The session cannot be read just now", sentence: "It is on the disc, and was read back equal once.",
			body: MessageBody{Happened: capital(err.Error()) + ".", Certain: []string{"Session " + s.name + " is on the disc."}, Do: "Look at the drive and the cable. Then read it again."},
			actions: []Action{
				{ID: "stop", Label: "Stop, keep everything", Key: "Esc", Kind: Stop}, {ID: "again", Label: "Read it again", Key: "Enter", Kind: Primary},
			},
		}, nil)
		if askErr != nil {
			return burned{}, askErr
		}
		if e == (Press{"stop"}) {
			return burned{}, &stoppedError{err}
		}
		if t, err := c.room.Drive(ctx); err == nil {
			if drive, err := disc.Open(ctx, t); err == nil {
				c.table.drive = drive
			}
		}
	}
}

// adopt reads a burned session back as what the archive now is.
func (c *Ceremony) adopt(ctx context.Context, s *session, receipt disc.Receipt) (burned, error) {
	medium, err := c.table.drive.Medium(ctx)
	if err != nil {
		return burned{}, fmt.Errorf("reading the disc's state after the burn: %w", err)
	}
	r := c.table.drive.ReaderAt(ctx)
	read, err := disc.ReadSession(r, (int64(receipt.Address())+int64(receipt.Blocks()))*sectorSize, receipt.Address())
	if err != nil {
		return burned{}, fmt.Errorf("reading session %s: %w", s.name, err)
	}
	newest := read.Directories[len(read.Directories)-1]
	data, err := readFile(newest, auditLog, maxLog)
	if err != nil {
		return burned{}, err
	}
	if newest.Name != s.name || !bytes.Equal(data, s.log.Bytes()) {
		return burned{}, fmt.Errorf("reading session %s: another one stands in its place", s.name)
	}
	log, err := audit.Parse(data, c.table.profile.Hash())
	if err != nil {
		return burned{}, fmt.Errorf("checking the log of session %s: %w", s.name, err)
	}
	st, err := state.Replay(log)
	if err != nil {
		return burned{}, fmt.Errorf("replaying the log of session %s: %w", s.name, err)
	}
	a := c.table.archive
	a.log, a.state, a.directories, a.lastTime, a.failed, a.moved = log, st, read.Directories, s.at, nil, nil
	a.sessions++
	a.last = &audit.SessionVerified{Directory: newest.Name, Address: receipt.Address(), Blocks: receipt.Blocks(), SHA256: hexOf32(receipt.SHA256())}
	c.table.disc = &medium
	c.lamps()
	c.heads(log)
	return burned{receipt: receipt, log: log}, nil
}

// burnProblem tells of a burn that failed, and asks how to go on: by the same disc,
// by a new one, or not at all (errBack). It returns what the next session must say.
func (c *Ceremony) burnProblem(ctx context.Context, d draft, burn error) (told []audit.Event, err error) {
	a, problem, certain := c.table.archive, burn, c.certainOfBurn(d, burn)
	q := screen{
		title: "The session is not on the disc", sentence: d.title + " failed.",
		actions: []Action{{ID: "stop", Label: "Stop, keep everything", Key: "Esc", Kind: Stop}},
	}
	do := "Look at the drive, the cable and the disc. Then try again on this disc, or stop and keep everything."
	if a.sessions > 0 {
		do = "Look at the drive, the cable and the disc. Then try again on this disc, or carry the archive to a new one, or stop and keep everything."
		q.actions = append(q.actions, Action{ID: "change", Label: "Change to a new disc", Key: "N"})
	}
	q.actions = append(q.actions, Action{ID: "again", Label: "Try again on this disc", Key: "Enter", Kind: Primary})
	for {
		q.body = MessageBody{Happened: capital(problem.Error()) + ".", Certain: certain, Do: do}
		e, err := c.ask(ctx, q, nil)
		switch {
		case err != nil:
			return nil, err
		case e == (Press{"stop"}):
			return nil, errBack
		case e == (Press{"change"}):
			track := c.table.disc.Sessions + 1
			if err = c.changeDisc(ctx, clip(burn.Error(), 1000), d.step.certain); err == nil {
				return append(voided(track, burn), *a.moved), nil
			}
		default:
			if err = c.reopenDisc(ctx); err == nil {
				return c.voidedHere(burn), nil
			}
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if !errors.Is(err, errBack) {
			problem = err
		}
	}
}

// certainOfBurn is what is certain after a burn that failed.
func (c *Ceremony) certainOfBurn(d draft, problem error) []string {
	var certain []string
	switch a := c.table.archive; {
	case a.moved != nil:
		certain = append(certain, "The earlier sessions are on the old disc, unchanged, and in this machine's memory.")
	case a.sessions > 0:
		certain = append(certain, "The earlier sessions are on the disc, unchanged.")
	}
	var failed *disc.BurnError
	if errors.As(problem, &failed) && !failed.NothingWritten {
		certain = append(certain, fmt.Sprintf("Something was written from sector %s on. It does not count; the next session will say so.", number(failed.Address)))
	} else {
		certain = append(certain, "Nothing was written for this session.")
	}
	return append(certain, d.step.certain)
}

// voidedHere is what the next session on the same disc says of a burn that failed:
// nothing, if the disc goes on where that burn began.
func (c *Ceremony) voidedHere(problem error) []audit.Event {
	var failed *disc.BurnError
	if errors.As(problem, &failed) && c.table.disc.NextAddress == failed.Address {
		return nil
	}
	return voided(c.table.disc.Sessions, problem)
}

// reopenDisc makes sure that the disc in the drive is still the one whose
// archive was verified: the same sessions, and nothing that we do not know of.
func (c *Ceremony) reopenDisc(ctx context.Context) error {
	t, err := c.room.Drive(ctx)
	if err != nil {
		return err
	}
	drive, err := disc.Open(ctx, t)
	if err != nil {
		return fmt.Errorf("opening the drive: %w", err)
	}
	medium, err := drive.Medium(ctx)
	if err != nil {
		return err
	}
	if err := c.holdsArchive(ctx, drive, medium); err != nil {
		return err
	}
	if len(medium.Unfinished) > 0 {
		if _, err := drive.CloseUnfinished(ctx, medium.Identity); err != nil {
			return err
		}
		if medium, err = drive.Medium(ctx); err != nil {
			return err
		}
	}
	c.table.drive, c.table.disc = drive, &medium
	return nil
}

// holdsArchive refuses a disc other than the one whose archive was verified:
// the newest good session must stand where it stood, with the same log.
func (c *Ceremony) holdsArchive(ctx context.Context, drive *disc.Drive, m disc.Medium) error {
	last := c.table.archive.last
	if last == nil || c.table.archive.moved != nil {
		for _, t := range m.Tracks {
			if !slices.Contains(c.table.archive.failed, t.Start) {
				return errors.New("something is recorded on this disc, and the one before was blank: put that one back")
			}
		}
		return nil
	}
	r := drive.ReaderAt(ctx)
	session, err := disc.ReadSession(r, (int64(last.Address)+int64(last.Blocks))*sectorSize, last.Address)
	if err != nil {
		return fmt.Errorf("looking for session %s on this disc: %w", last.Directory, err)
	}
	newest := session.Directories[len(session.Directories)-1]
	log, err := readFile(newest, auditLog, maxLog)
	if err != nil {
		return err
	}
	if newest.Name != last.Directory || !bytes.Equal(log, c.table.archive.log.Bytes()) {
		return fmt.Errorf("this is not the disc of session %s: put that one back", last.Directory)
	}
	c.table.archive.directories = session.Directories // read through the drive that is open now
	return nil
}
