package ceremony

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

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

// maxAdjust is how far a session's time may lie behind the last one's. It is
// then moved to one second after it, on record.
const maxAdjust = time.Minute

// step is what a session is for. The zero value is the record, which closes.
type step struct {
	kind    audit.Kind
	certain string
}

var (
	intentStep = step{audit.IntentSession, "The HSM was not opened. Nothing of this ceremony is on the stick."}
	commitStep = step{audit.CommitSession, "The HSM was not changed. The shares just made open nothing: destroy the papers if you stop."}
	recordStep = step{audit.RecordSession, "The key has been used. What it signed is in this machine's memory until the record is on the disc. None of it is on the stick."}
	whyStep    = step{audit.RecordSession, "The reason is not on the disc. Nothing of this ceremony is on the stick."}
)

// draft is a session not yet burned: its log without session.close, and the
// files it brings besides the log and the state.
type draft struct {
	step  step
	title string
	log   *audit.Log
	files []disc.File
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
// it void and takes its place, or everything is kept as it is.
func (c *Ceremony) burn(ctx context.Context, d draft) (burned, error) {
	for {
		b, err := c.burnOnce(ctx, d)
		if err == nil {
			return b, c.showBurned(ctx)
		}
		if ctx.Err() != nil {
			return burned{}, ctx.Err()
		}
		again, askErr := c.burnProblem(ctx, d, err)
		if askErr != nil {
			return burned{}, askErr
		}
		if !again {
			return burned{}, &stoppedError{err}
		}
		var failed *disc.BurnError
		if errors.As(err, &failed) && !failed.NothingWritten && c.table.disc.NextAddress != failed.Address {
			void := audit.SessionVoid{Track: c.table.disc.Sessions, Address: failed.Address, Reason: clip(failed.Error(), 1000)}
			if err := c.add(d.log, void); err != nil {
				return burned{}, err
			}
		}
	}
}

// clip shortens s to n bytes at most, for fields of the log that are bounded.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}

// burnOnce tries once. The draft's log is left as it was.
func (c *Ceremony) burnOnce(ctx context.Context, d draft) (burned, error) {
	a := c.table.archive
	at, adjusted, err := c.sessionTime()
	if err != nil {
		return burned{}, err
	}
	name, err := audit.DirectoryName(at, d.step.kind)
	if err != nil {
		return burned{}, err
	}
	log := d.log.Clone()
	if adjusted > 0 {
		if err := c.add(log, audit.ClockConfirmed{Adjusted: adjusted}); err != nil {
			return burned{}, err
		}
	}
	dir, err := c.close(log, name, d.files)
	if err != nil {
		return burned{}, err
	}
	volume, err := c.volume(log, at)
	if err != nil {
		return burned{}, err
	}
	show := c.burnProgress(d.title, a.directories, dir)
	if c.table.drive == nil {
		return burned{}, fmt.Errorf("writing session %s: the disc is %w", name, ErrAbsent)
	}
	dirs := append(append([]disc.Directory(nil), a.directories...), dir)
	receipt, err := c.table.drive.Burn(ctx, c.table.disc.Identity, volume, dirs, show)
	if err != nil {
		a.lastTime = at // what may stand on the disc has this name: the next session takes another
		return burned{}, err
	}
	return c.adopt(ctx, receipt, at)
}

// sessionTime is the time of the next session: the confirmed clock's, or one
// second after the last session's if that lies at most a minute ahead.
func (c *Ceremony) sessionTime() (at time.Time, adjusted int, err error) {
	now, last := c.now().UTC().Truncate(time.Second), c.table.archive.lastTime
	switch {
	case now.After(last):
		return now, 0, nil
	case last.Sub(now) > maxAdjust:
		return time.Time{}, 0, fmt.Errorf("the clock says %s and the last session was written %s: set the clock", stamp(now), stamp(last))
	}
	at = last.Add(time.Second)
	return at, int(at.Sub(now) / time.Second), nil
}

// add appends an event, dated by the confirmed clock. Where a session's time
// was moved forward the log follows it: its times never go back.
func (c *Ceremony) add(log *audit.Log, e audit.Event) error {
	at := c.now().UTC().Truncate(time.Second)
	if records := log.Records(); len(records) > 0 && at.Before(records[len(records)-1].Time) {
		at = records[len(records)-1].Time
	}
	_, err := log.Append(at, e)
	return err
}

// close ends a session's part of the log and puts its directory together.
func (c *Ceremony) close(log *audit.Log, name string, files []disc.File) (disc.Directory, error) {
	st, err := state.Replay(log)
	if err != nil {
		return disc.Directory{}, fmt.Errorf("replaying the log before session %s: %w", name, err)
	}
	encoded, err := st.Encode()
	if err != nil {
		return disc.Directory{}, fmt.Errorf("encoding the state of session %s: %w", name, err)
	}
	files = append(append([]disc.File(nil), files...), disc.NewFile(stateJSON, encoded))
	sortFiles(files)
	facts := make([]audit.FileFact, len(files))
	for i, f := range files {
		if facts[i], err = fact(f); err != nil {
			return disc.Directory{}, err
		}
	}
	if err := c.add(log, audit.SessionClose{Directory: name, Files: facts}); err != nil {
		return disc.Directory{}, err
	}
	files = append(files, disc.NewFile(auditLog, log.Bytes()))
	sortFiles(files)
	return disc.Directory{Name: name, Files: files}, nil
}

// volume describes the next session of the archive.
func (c *Ceremony) volume(log *audit.Log, at time.Time) (disc.Volume, error) {
	g, ok := log.Records()[0].Event.(audit.Genesis)
	if !ok {
		return disc.Volume{}, errors.New("the log does not begin with its genesis")
	}
	v := disc.Volume{Mode: g.Mode, Number: c.table.archive.sessions + 1, Time: at}
	if err := decodeHex(v.Archive[:], g.Archive); err != nil {
		return disc.Volume{}, fmt.Errorf("reading the archive's id: %w", err)
	}
	return v, nil
}

// adopt reads a burned session back as what the archive now is.
func (c *Ceremony) adopt(ctx context.Context, receipt disc.Receipt, at time.Time) (burned, error) {
	medium, err := c.table.drive.Medium(ctx)
	if err != nil {
		return burned{}, fmt.Errorf("reading the disc's state after the burn: %w", err)
	}
	r := c.table.drive.ReaderAt(ctx)
	session, err := disc.ReadSession(r, (int64(receipt.Address())+int64(receipt.Blocks()))*sectorSize, receipt.Address())
	if err != nil {
		return burned{}, fmt.Errorf("reading the burned session: %w", err)
	}
	newest := session.Directories[len(session.Directories)-1]
	data, err := readFile(newest, auditLog, maxLog)
	if err != nil {
		return burned{}, fmt.Errorf("reading the burned log: %w", err)
	}
	log, err := audit.Parse(data, c.table.profile.Hash())
	if err != nil {
		return burned{}, fmt.Errorf("checking the burned log: %w", err)
	}
	st, err := state.Replay(log)
	if err != nil {
		return burned{}, fmt.Errorf("replaying the burned log: %w", err)
	}
	a := c.table.archive
	a.log, a.state, a.directories, a.lastTime = log, st, session.Directories, at
	a.sessions++
	a.last = &audit.SessionVerified{Directory: newest.Name, Address: receipt.Address(), Blocks: receipt.Blocks(), SHA256: hexOf32(receipt.SHA256())}
	c.table.disc = &medium
	c.lamps()
	c.heads(log)
	return burned{receipt: receipt, log: log}, nil
}

// burnProblem tells of a burn that failed, and asks whether to try again.
func (c *Ceremony) burnProblem(ctx context.Context, d draft, problem error) (again bool, err error) {
	var certain []string
	if c.table.archive.sessions > 0 {
		certain = append(certain, "The earlier sessions are on the disc, unchanged.")
	}
	var failed *disc.BurnError
	if errors.As(problem, &failed) && !failed.NothingWritten {
		certain = append(certain, fmt.Sprintf("Something was written from sector %s on. It does not count; the next session will say so.", number(failed.Address)))
	} else {
		certain = append(certain, "Nothing was written for this session.")
	}
	certain = append(certain, d.step.certain)
	for {
		e, err := c.ask(ctx, screen{
			title: "The session is not on the disc", sentence: d.title + " failed.",
			body: MessageBody{Happened: capital(problem.Error()) + ".", Certain: certain, Do: "Look at the drive, the cable and the disc. Then try again on this disc, or stop and keep everything."},
			actions: []Action{
				{ID: "stop", Label: "Stop, keep everything", Key: "Esc", Kind: Stop}, {ID: "again", Label: "Try again on this disc", Key: "Enter", Kind: Primary},
			},
		}, nil)
		if err != nil || e == (Press{"stop"}) {
			return false, err
		}
		if err := c.reopenDisc(ctx); err == nil {
			return true, nil
		} else {
			problem = err
		}
	}
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

// sectorSize is the size of a disc's sector in bytes.
const sectorSize = 2048

// maxLog bounds a log that is read into memory.
const maxLog = 64 << 20

// readFile reads a small file of a session directory.
func readFile(d disc.Directory, name string, limit int64) ([]byte, error) {
	for _, f := range d.Files {
		if f.Name != name {
			continue
		}
		if f.Size > limit {
			return nil, fmt.Errorf("%s/%s is longer than %d bytes", d.Name, name, limit)
		}
		data := make([]byte, f.Size)
		if _, err := io.ReadFull(io.NewSectionReader(f.Content, 0, f.Size), data); err != nil {
			return nil, fmt.Errorf("reading %s/%s: %w", d.Name, name, err)
		}
		return data, nil
	}
	return nil, fmt.Errorf("%s holds no %s", d.Name, name)
}

// holdsArchive refuses a disc other than the one whose archive was verified:
// the newest good session must stand where it stood, with the same log.
func (c *Ceremony) holdsArchive(ctx context.Context, drive *disc.Drive, m disc.Medium) error {
	last := c.table.archive.last
	if last == nil {
		if sessions, _ := drive.Sessions(ctx, m, nil); len(sessions) > 0 {
			return errors.New("this disc holds an archive, and the one before was blank: put that one back")
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
