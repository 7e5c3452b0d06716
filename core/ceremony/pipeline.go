package ceremony

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"

	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/record"
	"anodize/core/state"
)

// operation is one thing that a ceremony can do. The pipeline that performs it
// is written once; each step takes what only the step before can make.
type operation interface {
	name() string  // as the log says it
	title() string // as the rail says it

	// plan asks what is to be done. Nothing irreversible has happened.
	plan(context.Context, *Ceremony) (*proposal, error)
	// carryOut does what was intended. It takes the intent on the disc.
	carryOut(context.Context, *Ceremony, *intended) (*executed, error)
	// needs says whether it passes through a phase of the rail.
	needs(phase int) bool
}

// keyOperation is one that uses the key.
type keyOperation interface {
	name() string
	title() string
	plan(context.Context, *Ceremony) (*proposal, error)
	// quorum opens the HSM, which takes the intent on the disc.
	quorum(context.Context, *Ceremony, *intended) (*unlocked, error)
	// execute uses the key. It takes the opened HSM.
	execute(context.Context, *Ceremony, *unlocked) (*executed, error)
}

// keyed is an operation that uses the key. It goes through all phases.
type keyed struct{ keyOperation }

func (keyed) needs(int) bool { return true }

func (k keyed) carryOut(ctx context.Context, c *Ceremony, in *intended) (*executed, error) {
	c.phase(quorumPhase)
	u, err := k.quorum(ctx, c, in)
	if err != nil {
		return nil, err
	}
	c.phase(executePhase)
	return k.execute(ctx, c, u)
}

// proposal is what will be done, shown to everyone before the intent is burned.
type proposal struct {
	intent   audit.Event
	preview  []FactGroup
	notice   Notice
	sessions int          // that the disc must have room for, and for two more; 0: the plan has looked
	actions  []hsm.Action // that each HSM will log; none if it is reset first
	opens    []string     // serial numbers of these HSMs; none: the one that the ceremony uses
	files    []disc.File
	next     string // follows the intent, where people must know; may be empty

	before func(context.Context) error // done before the intent is burned; nil: nothing is
}

// intended is an intent that is on the disc: what the HSM is opened for. event
// was read back from the disc.
type intended struct {
	burned
	event   audit.Event
	record  *audit.Log   // the log of the record to be, as it grows
	made    []artifact   // what that log says was issued
	hsms    []*openedHSM // none until login
	entries int          // of the HSM's log that the plan may take, 0 if it does not say
	warning string       // what did not go well and stops nothing
}

// warn keeps what did not go well and stops nothing, for the last screen.
func (in *intended) warn(text string) { in.warning = strings.TrimSpace(in.warning + " " + text) }

// issued puts what was signed on record, and keeps it for the disc: whatever
// happens next, the session that carries the event carries the file.
func (c *Ceremony) issued(in *intended, a artifact, e audit.Event) error {
	if err := c.add(in.record, e); err != nil {
		return err
	}
	in.made = append(in.made, a)
	return nil
}

// files is what was issued, as the disc takes it.
func (in *intended) files() []disc.File {
	files := make([]disc.File, len(in.made))
	for i, a := range in.made {
		files[i] = disc.NewFile(a.name, a.data)
	}
	return files
}

// unlocked is the HSM that was opened for an intent and whose key is used.
type unlocked struct {
	*intended
	*openedHSM
}

// executed is an intent that was carried out and is not yet on record: what the
// key has signed, or an archive about to be written to another disc.
type executed struct {
	*intended
	differs bool         // the witnesses found another fingerprint
	also    []artifact   // of earlier sessions, that go to the stick too
	burning draft        // how its session is told of; the zero value is that of a key's use
	closing *MessageBody // what came of it, where no file tells; else nil
}

// artifact is a file that the ceremony makes.
type artifact struct {
	name  string
	data  []byte
	facts []Fact // for the fingerprint's screen
}

// recorded is an executed operation whose record is on the disc: the only thing
// that lets a file reach the stick.
type recorded struct {
	burned
	artifacts []artifact
	warning   string       // what did not go well and stops nothing
	closing   *MessageBody // what came of it, where no file tells; else nil
}

// perform takes an operation through the pipeline. Errors before the intent is
// on the disc are returned; later ones are told here, with what is certain.
func (c *Ceremony) perform(ctx context.Context, op operation) error {
	c.enter(op)
	p, err := c.propose(ctx, op)
	if err != nil {
		return err
	}
	c.phase(commitPhase)
	in, err := c.commit(ctx, op, p)
	if err != nil {
		return c.gaveUp(ctx, nil, err)
	}
	return c.conclude(ctx, op, in)
}

// conclude takes an operation from its intent on the disc to the stick.
func (c *Ceremony) conclude(ctx context.Context, op operation, in *intended) error {
	defer in.logout(ctx)
	x, err := op.carryOut(ctx, c, in)
	if err != nil {
		return c.closeIntent(ctx, op, in, err)
	}
	c.phase(recordPhase)
	r, err := c.record(ctx, op, x)
	if err != nil {
		return c.gaveUp(ctx, in, err)
	}
	c.phase(exportPhase)
	return c.export(ctx, op, r)
}

// planKeeps is how long a plan may stand on the screen. What is signed begins when it was
// made, and a validator wants that to be when the intent is on record, or at most 48 hours
// before: an archive with anything else would never be continued.
const planKeeps = 24 * time.Hour

// propose plans an operation and shows the plan.
func (c *Ceremony) propose(ctx context.Context, op operation) (*proposal, error) {
	if err := c.confirmAgain(ctx); err != nil {
		return nil, err
	}
	began := c.now()
	p, err := op.plan(ctx, c)
	if err != nil {
		return nil, err
	}
	made := c.now()
	if err := c.checkRoom(p); err != nil {
		return nil, err
	}
	if err := c.checkLogRoom(ctx, p); err != nil {
		return nil, err
	}
	e, err := c.ask(ctx, screen{
		title: "Shall this be done?", sentence: "Everyone reads it. The next step writes it to the disc, for ever; no key has been used yet.",
		body: FactsBody{p.preview}, notice: p.notice,
		actions: []Action{
			{ID: "back", Label: "Not this", Key: "Esc", Kind: Stop}, {ID: "go", Label: "Write the intent", Key: "Enter", Kind: Primary},
		},
	}, nil)
	if err != nil {
		return nil, err
	}
	if e == (Press{"back"}) {
		return nil, errBack
	}
	if c.lostDevice(ctx)() {
		return nil, errChanged
	}
	if now := c.now(); now.Sub(began) > planKeeps || now.Before(made) {
		return nil, fmt.Errorf("this plan was made at %s, which dates what will be signed, and it is %s: make it anew", stamp(made), stamp(now))
	}
	if p.before != nil {
		return p, p.before(ctx)
	}
	return p, nil
}

// confirmAgain has the clock confirmed before an operation dates anything by it.
func (c *Ceremony) confirmAgain(ctx context.Context) error {
	back := Action{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}
	notice := ""
	for {
		confirmed, err := c.confirmClock(ctx, "Is this still the time?", notice, back)
		if err != nil {
			return err
		}
		if last := c.table.archive.lastTime; c.now().Before(last.Add(-maxAdjust)) {
			notice = "The last session was written " + stamp(last) + ". An earlier time is refused."
		} else if confirmed {
			return nil
		}
	}
}

// checkRoom refuses a plan that the disc has no room for, with two sessions to
// spare: a failed burn must never strand a signature.
func (c *Ceremony) checkRoom(p *proposal) error {
	const spare = 2 // sessions, as CheckRoom counts them
	if p.sessions == 0 {
		return nil
	}
	held := c.held(p.sessions + spare)
	for _, f := range p.files {
		held += f.Size
	}
	if err := c.table.disc.CheckRoom(p.sessions, held); err != nil {
		return fmt.Errorf("planning %s: %w", plural(p.sessions, "session"), err)
	}
	return nil
}

// held bounds what the last of so many sessions more will hold, in bytes.
func (c *Ceremony) held(sessions int) int64 {
	const growth = 256 << 10 // bytes that a session adds at most, besides its log
	a := c.table.archive
	var held int64
	for _, d := range a.directories {
		for _, f := range d.Files {
			held += (f.Size + sectorSize - 1) / sectorSize * sectorSize
		}
	}
	return held + int64(sessions)*(int64(len(a.log.Bytes()))+growth)
}

// commit burns the intent and takes it from what was read back.
func (c *Ceremony) commit(ctx context.Context, op operation, p *proposal) (*intended, error) {
	log, err := c.begin(op)
	if err != nil {
		return nil, err
	}
	if err := c.add(log, p.intent); err != nil {
		return nil, err
	}
	b, err := c.burn(ctx, draft{step: intentStep, title: "Writing the intent to the disc", log: log, files: p.files, next: p.next})
	if err != nil {
		return nil, err
	}
	c.pending, c.table.archive.abandoned, c.table.archive.tail = outcome{}, nil, nil
	records := b.log.Records()
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Event.Name() == p.intent.Name() {
			record, err := c.afterBurn(b)
			return &intended{burned: b, event: records[i].Event, record: record, entries: p.entries()}, err
		}
	}
	return nil, fmt.Errorf("the session that was read back holds no %s", p.intent.Name())
}

// begin continues the archive's log with what happened since its last record.
func (c *Ceremony) begin(op operation) (*audit.Log, error) {
	a := c.table.archive
	log := a.log.Clone()
	var events []audit.Event
	if a.blank() {
		id := make([]byte, 32)
		if err := c.read(id); err != nil {
			return nil, err
		}
		events = append(events, audit.Genesis{Format: 1, Archive: hexOf(id), Mode: string(c.mode), Image: hexOf(c.image[:]), Program: c.program})
	}
	events = append(events, audit.ClockConfirmed{})
	if a.last != nil {
		events = append(events, *a.last)
	}
	for _, v := range a.tail {
		events = append(events, v)
	}
	if a.abandoned != nil {
		events = append(events, *a.abandoned)
	}
	if a.last != nil && c.pending.after == *a.last {
		events = append(events, c.pending.events...)
	}
	if a.compared.Size > 0 {
		root := a.compared.Root
		events = append(events, audit.HeadCompared{Size: a.compared.Size, Root: hexOf(root[:])})
	}
	m := c.table.disc
	events = append(events, c.environment().claimed(), audit.CeremonyBegin{
		Operation: op.name(), Program: c.program, Image: hexOf(c.image[:]), HSM: c.hsmFacts(),
		Medium: audit.MediumFact{Name: m.Name, Sessions: a.sessions, NextAddress: m.NextAddress},
	})
	if a.moved != nil {
		events = append(events, *a.moved)
	}
	for _, e := range events {
		if err := c.add(log, e); err != nil {
			return nil, err
		}
	}
	return log, nil
}

func (c *Ceremony) hsmFacts() audit.HSMFacts {
	i := c.table.hsmInfo
	return audit.HSMFacts{Backend: i.Backend, Serial: i.Serial, Firmware: i.Firmware}
}

// record burns what was executed. Only its result can be exported.
func (c *Ceremony) record(ctx context.Context, op operation, x *executed) (*recorded, error) {
	end := audit.CeremonyEnd{Operation: op.name(), Outcome: "done"}
	if x.differs {
		end.Outcome, end.Words = "stopped", "the fingerprint differs"
	}
	if err := c.end(x.intended, end); err != nil {
		return nil, err
	}
	d := x.burning
	d.log, d.files = x.record, x.files()
	if d.title == "" {
		d.step, d.title = recordStep, "Writing the record to the disc"
	}
	b, err := c.burn(ctx, d)
	if err != nil {
		return nil, err
	}
	if err := c.adoptRoot(x.made); err != nil {
		return nil, err
	}
	if err := x.ackLogs(ctx); err != nil {
		x.warn(capital(err.Error()) + ".")
	}
	r := &recorded{burned: b, artifacts: append(x.made, x.also...), warning: x.warning, closing: x.closing}
	x.logout(ctx)
	if x.differs {
		return nil, errDiffers
	}
	return r, nil
}

// end puts the end of a ceremony on record, and adds the record for people to
// read to the files of its session. That page can be made again at any time, so
// a fault in making it must not keep a signature from the disc.
func (c *Ceremony) end(in *intended, e audit.CeremonyEnd) error {
	if err := c.add(in.record, e); err != nil {
		return err
	}
	page, err := record.Make(in.record, in.file)
	if err != nil {
		in.warn(fmt.Sprintf("%s could not be made: %v.", record.File, err))
		return nil
	}
	if err := c.add(in.record, record.Made(page)); err != nil {
		return err
	}
	in.made = append(in.made, artifact{name: record.File, data: page})
	return nil
}

// file is one that the ceremony issued.
func (in *intended) file(name string) ([]byte, error) {
	for _, a := range in.made {
		if a.name == name {
			return a.data, nil
		}
	}
	return nil, fmt.Errorf("the ceremony made no %s", name)
}

// adoptRoot takes a root certificate that is now on the disc as the archive's.
func (c *Ceremony) adoptRoot(made []artifact) error {
	for _, a := range made {
		if a.name != rootCertificate {
			continue
		}
		root, err := x509.ParseCertificate(a.data)
		if err != nil {
			return fmt.Errorf("reading %s: %w", rootCertificate, err)
		}
		c.table.archive.root = root
	}
	return nil
}

// errDiffers says that the witnesses found another fingerprint.
var errDiffers = errors.New("the fingerprint differs from what was noted: the record on the disc says so, and nothing was exported")

// closeIntent ends an operation that stopped between its intent and its record:
// the people's words and the reason are burned, which closes the intent.
func (c *Ceremony) closeIntent(ctx context.Context, op operation, in *intended, problem error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var gaveUp *stoppedError
	if errors.As(problem, &gaveUp) {
		return c.gaveUp(ctx, in, problem) // the disc takes no session: it is read again first
	}
	if state.NewestDisc(in.record).Marked {
		return c.gaveUp(ctx, in, problem) // nor does a marked one: its migration goes on later
	}
	notice := Notice{}
	if !errors.Is(problem, errBack) {
		notice = Notice{Kind: Danger, Text: capital(problem.Error()) + "."}
	}
	words, err := c.askText(ctx, question{
		title: "Why does the ceremony stop here?", sentence: "The intent is on the disc. Your words close it there; without them, the next ceremony asks.",
		label: "In a few words", hint: "What happened, and who decided", limit: 400, notice: notice, done: "Write it to the disc", back: "Explain it later",
		check: func(s string) error {
			if len(s) < 3 {
				return errors.New("say in a few words why it stops")
			}
			return nil
		},
	})
	if errors.Is(err, errBack) {
		return c.gaveUp(ctx, in, problem)
	}
	if err != nil {
		return err
	}
	if !errors.Is(problem, errBack) {
		words = clip(words+" ("+problem.Error()+")", 1000)
	}
	c.lastWords(ctx, in)
	why := whyStep
	switch {
	case len(in.made) > 0:
		why = recordStep
	case len(in.hsms) > 0:
		why = openedStep
	}
	if err := c.end(in, audit.CeremonyEnd{Operation: op.name(), Outcome: "stopped", Words: words}); err != nil {
		return c.gaveUp(ctx, in, err)
	}
	if _, err := c.burn(ctx, draft{step: why, title: "Writing why it stopped to the disc", log: in.record, files: in.files()}); err != nil {
		return c.gaveUp(ctx, in, err)
	}
	if err := in.ackLogs(ctx); err != nil {
		problem = fmt.Errorf("%w; and %w", problem, err)
	}
	return c.gaveUp(ctx, in, problem)
}

// lastWords puts the HSMs' own logs on record once more before an intent is
// closed, of those that still answer: they tell what the HSMs did, and make room.
func (c *Ceremony) lastWords(ctx context.Context, in *intended) {
	for _, o := range in.hsms {
		if err := c.recordLog(ctx, in, o); err != nil {
			in.warn(capital(err.Error()) + ".") // what it did is found at its next login
		}
	}
}

// afterBurn begins the log of the session that follows a burned one.
func (c *Ceremony) afterBurn(b burned) (*audit.Log, error) {
	log := b.log.Clone()
	return log, c.add(log, *c.table.archive.last)
}

// gaveUp tells how a ceremony ended that could not go on, after its intent, and
// has the head noted that the next one will show.
func (c *Ceremony) gaveUp(ctx context.Context, in *intended, problem error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	happened := capital(problem.Error()) + "."
	if errors.Is(problem, errBack) {
		happened = "It was stopped by hand."
	}
	a := c.table.archive
	certain := append([]string{
		fmt.Sprintf("The disc holds %s of the archive, read back equal.", plural(a.sessions, "session")),
		"Nothing of this ceremony is on the stick.",
	}, in.certain()...)
	switch open := a.state.OpenIntent; {
	case open != "" && state.NewestDisc(a.log).Marked:
		certain = append(certain, fmt.Sprintf("Session %s marks the old disc: it takes no more sessions. The migration can go on from it at any time.", open))
	case open != "":
		certain = append(certain, fmt.Sprintf("Session %s has no record after it. The next ceremony asks what happened.", open))
	}
	ask := func(q screen) error { _, err := c.ask(ctx, q, nil); return err }
	if in != nil {
		ask = func(q screen) error { return c.askBesideRecord(ctx, q) }
	}
	err := ask(screen{
		title: "The ceremony stopped here", sentence: "Write down what happened before you go on.",
		body:    MessageBody{Happened: happened, Certain: certain, Do: "Go on: note the tree head. Then the disc is read and verified again from its first record."},
		actions: []Action{{ID: "back", Label: "To the tree head", Key: "Enter", Kind: Primary}},
	})
	if err == nil && !a.blank() {
		err = c.noteHead(ctx, audit.Head{Size: a.log.Len(), Root: a.log.TreeHead()})
	}
	c.table.drive, c.table.disc, c.table.archive = nil, nil, nil
	return err
}
