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
	"anodize/core/state"
)

// archived is a disc that was read and verified from genesis, or a blank one.
type archived struct {
	log         *audit.Log // empty on a blank disc
	state       state.State
	directories []disc.Directory // every session directory, oldest first
	sessions    int              // of the archive, on the disc
	root        *x509.Certificate
	lastTime    time.Time              // of the newest session directory; zero on a blank disc
	last        *audit.SessionVerified // the newest session, as it was read back; nil on a blank disc
	compared    audit.Head             // what the witnesses compared
	abandoned   *audit.IntentAbandoned // closes an intent without a record
	tail        []audit.SessionVoid    // burns that failed after the newest session, and are not declared yet
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
		if err := c.await(ctx, "Put the archive's disc in", "The one of the last ceremony, or a blank BD-R for a new archive.", 4, err,
			func() bool { return c.discReady(ctx) }); err != nil {
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
	a := &archived{log: r.Log, state: r.State, directories: newest.Directories, sessions: len(r.Sessions)}
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

// maxTail is how many failed burns at the end of a disc are looked past.
const maxTail = 3

// tail is what stands on a disc after the newest session of the archive.
type tail struct {
	voids  []audit.SessionVoid // as the next session will declare it
	latest time.Time           // the newest directory's, where one can be read
}

// verifyDisc reads the disc from its own table and verifies it from genesis. If
// that fails, burns at its end that were never completed are looked past, to be
// declared void: the power may have failed before the program could. What is
// looked past so may also be a good session that was damaged since; the head on
// the witnesses' sheet tells.
func (c *Ceremony) verifyDisc(ctx context.Context) (archive.Result, tail, error) {
	c.show(working("Verifying the disc from its first record", "Every session is read and every digest is computed again."), true)
	tracks := c.table.disc.Tracks
	sessions, damage := archive.FromTracks(tracks, func(t disc.Track) (*disc.Session, error) { return c.table.drive.Session(ctx, t) })
	if err := ctx.Err(); err != nil {
		return archive.Result{}, tail{}, err
	}
	if len(sessions) == 0 {
		return archive.Result{}, tail{}, fmt.Errorf("this disc holds no session of an archive: put the archive's own disc in, or a blank one: %w", errors.Join(damage...))
	}
	whole := archive.Verify(sessions, damage, archive.Options{})
	if whole.Worst() != archive.Error {
		return whole, tail{}, nil
	}
	var left tail
	for n := len(tracks) - 1; n > 0 && n >= len(tracks)-maxTail; n-- {
		left.add(tracks[n], sessions)
		if r := archive.Verify(sessions, damage, archive.Options{Voids: left.voids}); r.Worst() != archive.Error {
			return r, left, nil
		}
	}
	return whole, tail{}, nil
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
	closed, err := c.table.drive.CloseUnfinished(ctx, m.Identity)
	if err != nil {
		return err
	}
	for _, t := range closed {
		a.tail = append(a.tail, audit.SessionVoid{Track: t.Number, Address: t.Start, Reason: "the burn was broken off"})
	}
	medium, err := c.table.drive.Medium(ctx)
	if err != nil {
		return err
	}
	c.table.disc = &medium
	c.lamps()
	return nil
}

// sameArchive refuses an archive of another mode or profile.
func (c *Ceremony) sameArchive(r archive.Result) error {
	if got := Mode(r.State.Mode); got != c.mode {
		return fmt.Errorf("the disc is of a %s archive and this machine makes %s archives: put the right disc in", got, c.mode)
	}
	if hash := c.table.profile.Hash(); r.State.ProfileSHA256 != hexOf(hash[:]) {
		return fmt.Errorf("the archive was begun with another profile (SHA-256 %s…): put in the stick with that profile.toml, or the disc that belongs to this one", groups(r.State.ProfileSHA256[:16]))
	}
	return nil
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

// compareDisc has people agree that the disc is the right one.
func (c *Ceremony) compareDisc(ctx context.Context) error {
	a, m := c.table.archive, c.table.disc
	if a.blank() {
		_, err := c.askGate(ctx, screen{
			title: "Begin a new archive on this disc?", sentence: "It is blank. Its first session will be written when a root is made.",
			body: FactsBody{[]FactGroup{{Facts: []Fact{
				{Name: "Disc", Value: m.Name}, {Name: "Free", Value: number(m.FreeBlocks) + " sectors", Mono: true},
				{Name: "Sessions", Value: "at most " + number(m.SessionsLeft)},
			}}}},
			notice:  Notice{Kind: Caution, Text: "If a root exists already, this is the wrong disc: its archive is on the disc of the last ceremony."},
			actions: []Action{shutDown, {ID: "new", Label: "A new archive", Key: "Enter", Kind: Primary}},
		}, c.lostDevice(ctx))
		return err
	}
	if now := c.now(); now.Before(a.lastTime.Add(-time.Minute)) {
		c.table.clock = false
		c.table.notice = "The last record on the disc was written " + stamp(a.lastTime) + ". An earlier time is refused."
		c.publish(func(v *View) { v.ClockConfirmed = false })
		return errChanged
	}
	return c.compareHead(ctx)
}

// compareHead shows the tree head that the last ceremony's sheet must carry.
func (c *Ceremony) compareHead(ctx context.Context) error {
	a := c.table.archive
	head := audit.Head{Size: a.log.Len(), Root: a.log.TreeHead()}
	e, err := c.askGate(ctx, screen{
		title: "Is this the head on your sheet?", sentence: "Witnesses compare it, group by group, with the last head on their sheets, as far as it was noted.",
		body: FingerprintBody{
			Of: fmt.Sprintf("Tree head over %s", plural(int(head.Size), "record")), Hex: upper(head.Root[:]), QR: headQR(head),
			Facts: []Fact{{Name: "Sessions", Value: number(a.sessions)}, {Name: "Last written", Value: stamp(a.lastTime), Mono: true}},
		},
		actions: []Action{{ID: "differs", Label: "It differs", Key: "Esc", Kind: Stop}, {ID: "same", Label: "The same", Key: "Enter", Kind: Primary}},
	}, c.lostDevice(ctx))
	if err != nil {
		return err
	}
	a.compared = head
	if e == (Press{"differs"}) {
		return errors.New("the log's head is not the one on the sheet: this disc is an older copy, or another archive. Find the disc of the last ceremony")
	}
	return nil
}

// headQR is a tree head as a QR code carries it, in the alphanumeric mode.
func headQR(h audit.Head) string { return fmt.Sprintf("%d:%s", h.Size, upper(h.Root[:])) }

func upper(b []byte) string { return fmt.Sprintf("%X", b) }

// heads shows the log's and the tree's head in the rail.
func (c *Ceremony) heads(log *audit.Log) {
	head, tree := log.Head(), log.TreeHead()
	c.publish(func(v *View) {
		v.Records, v.LogHead, v.TreeHead = log.Len(), hexOf(head[:]), hexOf(tree[:])
	})
}
