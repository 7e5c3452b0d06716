package ceremony

import (
	"context"
	"errors"
	"fmt"

	"anodize/core/audit"
	"anodize/core/state"
)

// migrateDisc carries the archive to another disc. No key is used. Its intent
// marks the old disc, which takes no more sessions from then on: the archive can
// only go on on a disc that it was carried to. An old disc that takes no mark any
// more, because it is full or fails, is left as it is, and the intent stands on
// the new one.
type migrateDisc struct{}

func (migrateDisc) name() string  { return "migrate-disc" }
func (migrateDisc) title() string { return "Migrate disc" }

func (migrateDisc) needs(phase int) bool { return phase != quorumPhase }

// wanted is why an archive is carried on when nothing failed.
const wanted = "the people asked for it"

func (op migrateDisc) plan(_ context.Context, c *Ceremony) (*proposal, error) {
	sessions, hash := lastClosed(c.table.archive.log)
	p := &proposal{intent: audit.IntentMigrateDisc{Sessions: sessions, LastHash: hash}}
	first := "This disc gets one more session, the last: it marks the disc as left behind"
	p.next = "This disc is marked and takes no more sessions. Next it is exchanged for a blank one, which takes the archive."
	if err := c.table.disc.CheckLast(c.held(1)); err != nil {
		first = "This disc takes no mark. It stays as it is: write on it that its archive was carried on"
		p.notice = Notice{Kind: Caution, Text: "This disc takes no more sessions: " + err.Error() + "."}
		p.next = ""
		p.before = func(ctx context.Context) error { return c.changeDisc(ctx, clip(err.Error(), 1000), "") }
	}
	p.preview = []FactGroup{
		{Title: "The archive", Facts: []Fact{
			{Name: "On this disc", Value: c.table.disc.Name}, {Name: "Sessions", Value: number(sessions)},
			{Name: "Records", Value: number(c.table.archive.log.Len())}, {Name: "Up to the record", Value: groups(hash), Mono: true},
		}},
		{Title: "What will happen", Facts: []Fact{
			{Name: "First", Value: first}, {Name: "Then", Value: "You take it out and put a blank disc in; all of the archive is written to it and read back"},
			{Name: "At last", Value: "The files go to the stick. The archive goes on on the new disc alone"},
			{Name: "No key", Value: "The HSM is not opened, and no custodian is needed"},
		}},
	}
	return p, nil
}

// carryOut takes the archive to the new disc, unless it is there already: then
// the intent stands on it.
func (op migrateDisc) carryOut(ctx context.Context, c *Ceremony, in *intended) (*executed, error) {
	c.phase(executePhase)
	all, err := c.archived()
	if err != nil {
		return nil, err
	}
	if state.NewestDisc(in.record).Marked {
		if err := c.changeDisc(ctx, wanted, ""); err != nil {
			return nil, err
		}
		if err := c.add(in.record, *c.table.archive.moved); err != nil {
			return nil, err
		}
	}
	return &executed{intended: in, also: all.files, burning: draft{step: carryStep, title: "Writing the archive to the new disc"}}, nil
}

// lastClosed counts the closed sessions of a log and returns the hash of the
// record that closed the last one.
func lastClosed(log *audit.Log) (sessions int, hash string) {
	for _, r := range log.Records() {
		if _, ok := r.Event.(audit.SessionClose); ok {
			sessions, hash = sessions+1, hexOf32(r.Hash)
		}
	}
	return sessions, hash
}

// migrate carries the archive to another disc, or goes on with that where an
// earlier ceremony was cut short.
func (c *Ceremony) migrate(ctx context.Context) error {
	c.left = nil
	if state.NewestDisc(c.table.archive.log).Marked {
		if err := c.resumeMigration(ctx); err != nil {
			return err
		}
		return c.offerClosing(ctx)
	}
	if err := c.explainOpenIntent(ctx); err != nil {
		return err
	}
	if err := c.perform(ctx, migrateDisc{}); err != nil {
		return err
	}
	return c.offerClosing(ctx)
}

// resumeMigration goes on with a disc that was marked and whose archive reached no
// other disc yet. Only people can know that: they are asked twice.
func (c *Ceremony) resumeMigration(ctx context.Context) error {
	op, a := migrateDisc{}, c.table.archive
	c.enter(op)
	back := Action{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}
	for _, q := range []screen{{
		title: "Is there a newer disc?", sentence: "This one was marked when its archive was to be carried to another.",
		body: MessageBody{
			Happened: "Session " + a.state.OpenIntent + " marks this disc. It takes no more sessions.",
			Certain:  []string{"Everything up to that session is on it, verified from the first record."},
			Do:       "Look for a disc that was written after this one. If there is one, go back, shut down, and begin with that disc.",
		},
		actions: []Action{back, {ID: "go", Label: "There is none", Key: "Enter", Kind: Primary}},
	}, {
		title: "Does anyone have a later head?", sentence: "A head of more than " + plural(int(a.log.Len()), "record") + ", on any sheet, was made on a newer disc.",
		body: MessageBody{
			Happened: "The machine cannot know of a disc that is not here. Only the sheets can tell.",
			Certain:  []string{"If the archive is carried on twice, there are two archives from here on, and no program can tell which one counts."},
			Do:       "Compare with every sheet. If one has a later head, go back and look for that disc.",
		},
		actions: []Action{back, {ID: "go", Label: "Nobody: carry it on", Key: "Enter", Kind: Primary}},
	}} {
		e, err := c.ask(ctx, q, nil)
		if err != nil || e == (Press{"back"}) {
			return errors.Join(err, errBack)
		}
	}
	if err := c.confirmAgain(ctx); err != nil {
		return err
	}
	in, err := c.markedIntent()
	if err != nil {
		return err
	}
	return c.conclude(ctx, op, in)
}

// markedIntent is the intent on a marked disc that was verified and read back now.
func (c *Ceremony) markedIntent() (*intended, error) {
	a := c.table.archive
	in := &intended{burned: burned{log: a.log}, record: a.log.Clone()}
	events := []audit.Event{audit.ClockConfirmed{}, *a.last}
	for _, v := range a.tail {
		events = append(events, v)
	}
	if root := a.compared.Root; a.compared.Size > 0 {
		events = append(events, audit.HeadCompared{Size: a.compared.Size, Root: hexOf(root[:])})
	}
	for _, e := range events {
		if err := c.add(in.record, e); err != nil {
			return nil, err
		}
	}
	for _, r := range a.log.Records() {
		if e, ok := r.Event.(audit.IntentMigrateDisc); ok {
			in.event = e
		}
	}
	if in.event == nil {
		return nil, fmt.Errorf("session %s holds no intent of a migration", a.state.OpenIntent)
	}
	return in, nil
}
