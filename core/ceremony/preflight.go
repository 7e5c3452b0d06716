package ceremony

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"anodize/core/archive"
	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/profile"
	"anodize/core/state"
)

// archived is a disc that was read and verified from genesis, or a blank one.
type archived struct {
	log         *audit.Log // empty on a blank disc
	state       state.State
	directories []disc.Directory // every session directory, oldest first
	sessions    int              // of the archive, on all of its discs
	root        *x509.Certificate
	lastTime    time.Time              // of the newest session directory; zero on a blank disc
	last        *audit.SessionVerified // the newest session, as it was read back; nil on a blank disc
	compared    audit.Head             // what the witnesses compared
	abandoned   *audit.IntentAbandoned // closes an intent without a record
	failed      []uint32               // first sectors of this run's burns that failed since the last good one
	tail        []audit.SessionVoid    // burns that failed after the newest session, and are not declared yet
	moved       *audit.DiscMigrated    // the disc in the drive is blank, or holds nothing but failed; the next session says so of it
}

// blank says that the archive begins with the next session.
func (a *archived) blank() bool { return a.log.Len() == 0 }

// discGate passes when the disc can be written, was verified from its first
// record, and the witnesses agreed that it is the one of the last ceremony.
func (c *Ceremony) discGate(ctx context.Context) error {
	for c.table.archive == nil {
		err := c.openDisc(ctx)
		if err == nil {
			err = c.readArchive(ctx)
		}
		if err == nil {
			err = c.compareDisc(ctx)
		}
		if err == nil {
			continue
		}
		if c.table.archive = nil; passes(ctx, err) {
			return err
		}
		c.table.drive, c.table.disc = nil, nil
		if err := c.await(ctx, err, missing{
			title: "Put the archive's disc in", sentence: "The one of the last ceremony, or a blank BD-R for a new archive.", gate: 4,
			look:  func() error { _, err := c.room.Drive(ctx); return err },
			ready: func() bool { return c.discReady(ctx) },
		}); err != nil {
			return err
		}
	}
	return nil
}

// passes reports whether an error is not the present step's to deal with.
func passes(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, errChanged) || errors.Is(err, errShutDown) || errors.Is(err, errBack)
}

// discReady says whether a disc can be opened that could not be before.
func (c *Ceremony) discReady(ctx context.Context) bool {
	t, err := c.room.Drive(ctx)
	if err != nil {
		return false
	}
	drive, err := disc.Open(ctx, t)
	if err != nil {
		return false
	}
	_, err = drive.Medium(ctx)
	return err == nil
}

func (c *Ceremony) openDisc(ctx context.Context) error {
	t, err := c.room.Drive(ctx)
	if err != nil {
		return err
	}
	c.show(working("Looking at the disc", "A drive may take a minute to read a disc that was just put in."), true)
	drive, err := disc.Open(ctx, t)
	if err != nil {
		return fmt.Errorf("opening the drive: %w", err)
	}
	medium, err := drive.Medium(ctx)
	if err != nil {
		return err
	}
	c.table.drive, c.table.disc = drive, &medium
	c.lamps()
	return nil
}

// working is a screen shown during something short.
func working(title, sentence string) screen {
	return screen{title: title, sentence: sentence, body: StepsBody{[]WorkStep{{Label: title, State: Current, Fraction: -1}}}}
}

// readArchive reads every session of the disc and verifies all of it.
func (c *Ceremony) readArchive(ctx context.Context) error {
	if c.table.disc.State == disc.Blank {
		c.table.archive = &archived{log: audit.New(c.table.profile.Hash())}
		return nil
	}
	result, tail, err := c.verifyDisc(ctx)
	if err != nil {
		return err
	}
	if result.Worst() == archive.Error {
		return c.refuseArchive(ctx, result)
	}
	if err := c.sameArchive(result); err != nil {
		return err
	}
	a, err := c.continued(ctx, result)
	if err != nil {
		return err
	}
	a.tail = tail.voids
	if tail.latest.After(a.lastTime) {
		a.lastTime = tail.latest // no session may take the name of one that failed
	}
	c.table.archive = a
	c.heads(a.log)
	return nil
}

// continued is a verified archive as the next session continues it.
func (c *Ceremony) continued(ctx context.Context, r archive.Result) (*archived, error) {
	newest := r.Sessions[len(r.Sessions)-1]
	a := &archived{log: r.Log, state: r.State, directories: newest.Directories, sessions: r.State.Sessions}
	name := newest.Directories[len(newest.Directories)-1].Name
	var err error
	if a.lastTime, _, err = audit.ParseDirectory(name); err != nil {
		return nil, err
	}
	if a.last, err = c.asRead(ctx, name, newest.Recorded); err != nil {
		return nil, err
	}
	if r.Root != nil {
		if a.root, err = x509.ParseCertificate(r.Root); err != nil {
			return nil, fmt.Errorf("parsing the archive's %s: %w", rootCertificate, err)
		}
	}
	return a, nil
}

// asRead says of a session what the next one's log tells of its read-back.
func (c *Ceremony) asRead(ctx context.Context, name string, s *disc.Session) (*audit.SessionVerified, error) {
	h := sha256.New()
	whole := io.NewSectionReader(c.table.drive.ReaderAt(ctx), int64(s.Address)*sectorSize, int64(s.Blocks)*sectorSize)
	if _, err := io.Copy(h, whole); err != nil {
		return nil, fmt.Errorf("reading session %s back: %w", name, err)
	}
	return &audit.SessionVerified{Directory: name, Address: s.Address, Blocks: s.Blocks, SHA256: hexOf(h.Sum(nil))}, nil
}

// sameArchive refuses an archive of another mode or profile.
func (c *Ceremony) sameArchive(r archive.Result) error {
	if got := Mode(r.State.Mode); got != c.mode {
		return fmt.Errorf("the disc is of a %s archive and this machine makes %s archives: put the right disc in", got, c.mode)
	}
	if hash := c.table.profile.Hash(); r.State.ProfileSHA256 != hexOf(hash[:]) {
		return fmt.Errorf("this is the archive of %q, begun with another profile (SHA-256 %s…): put in the stick with that profile.toml, or the disc that belongs to this one", archiveName(r), groups(r.State.ProfileSHA256[:16]))
	}
	return nil
}

// archiveName is the name of the CA whose archive was read, by its own profile.
func archiveName(r archive.Result) string {
	p, err := profile.Parse(r.Profile)
	if err != nil {
		return "another CA"
	}
	return p.CA.CommonName
}

// refuseArchive shows what is wrong with an archive that cannot be continued.
func (c *Ceremony) refuseArchive(ctx context.Context, r archive.Result) error {
	_, err := c.askGate(ctx, screen{
		title: "This disc cannot be continued", sentence: "It was only read. Keep it as it is, and note what is said here.",
		body:    findings(r.Findings),
		actions: []Action{shutDown, {ID: "again", Label: "Read it again", Key: "Enter", Kind: Primary}},
	}, c.lostDevice(ctx))
	if err != nil {
		return err
	}
	return errChanged
}

// findings puts what is wrong before what is right.
func findings(all []archive.Finding) FindingsBody {
	var body FindingsBody
	for _, level := range []archive.Level{archive.Error, archive.Warn, archive.Pass} {
		for _, f := range all {
			if f.Level == level {
				body.Findings = append(body.Findings, Finding{Level: level.String(), Check: f.Check, What: f.What})
			}
		}
	}
	return body
}
