package ceremony

import (
	"context"
	"errors"
	"fmt"
	"time"

	"anodize/core/audit"
)

// compareDisc has people agree that the disc is the right one.
func (c *Ceremony) compareDisc(ctx context.Context) error {
	a, m := c.table.archive, c.table.disc
	if a.blank() {
		if err := c.compareFleet(ctx); err != nil {
			return err
		}
		_, err := c.askGate(ctx, screen{
			title: "Begin a new archive on this disc?", sentence: "It is blank. Its first session will be written when a root is made.",
			body:    blankDisc(m),
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
	if err := c.compareFleet(ctx); err != nil {
		return err
	}
	return c.compareHead(ctx)
}

// compareHead shows the tree head that the last ceremony's sheet must carry. A
// ceremony that was cut short leaves records that no sheet has: then the last
// head that was noted is looked for.
func (c *Ceremony) compareHead(ctx context.Context) error {
	a := c.table.archive
	head := audit.Head{Size: a.log.Len(), Root: a.log.TreeHead()}
	for {
		e, err := c.askGate(ctx, c.headScreen(head), c.lostDevice(ctx))
		if err != nil {
			return err
		}
		if e == (Press{"same"}) {
			a.compared = head
			return nil
		}
		older, err := c.olderHead(ctx)
		if errors.Is(err, errBack) {
			return errors.New("no head of this log is on the sheet: this disc is an older copy, or another archive. Find the disc of the last ceremony")
		}
		if err != nil {
			return err
		}
		head = older
	}
}

func (c *Ceremony) headScreen(head audit.Head) screen {
	a := c.table.archive
	q := screen{
		title: "Is this the head on your sheet?", sentence: "Witnesses compare it, group by group, with the last head on their sheets.",
		body: FingerprintBody{
			Of: fmt.Sprintf("Tree head over %s", plural(int(head.Size), "record")), Hex: upper(head.Root[:]), QR: headQR(head),
			Facts: []Fact{{Name: "Sessions", Value: number(a.sessions)}, {Name: "Last written", Value: stamp(a.lastTime), Mono: true}},
		},
		actions: []Action{{ID: "differs", Label: "It differs", Key: "Esc", Kind: Stop}, {ID: "same", Label: "The same", Key: "Enter", Kind: Primary}},
	}
	switch {
	case len(a.tail) > 0:
		q.notice = Notice{Kind: Danger, Text: plural(len(a.tail), "recording") + " after the last session cannot be read as part of this archive. If your sheet has a later head than this one, stop: a session was lost."}
	case head.Size < a.log.Len():
		q.notice = Notice{Kind: Caution, Text: "The log goes on for " + plural(int(a.log.Len()-head.Size), "record") + " after this head. They continue it, and will be explained."}
	case c.now().Sub(a.lastTime) > longAgo:
		q.notice = Notice{Kind: Caution, Text: "By the clock, the last session is " + plural(int(c.now().Sub(a.lastTime).Hours()/24), "day") + " old. If that cannot be, shut down and set the clock."}
	}
	return q
}

// longAgo is when the time since the last session is worth a second look: a
// session dated by a wrong year is for ever.
const longAgo = 400 * 24 * time.Hour

// maxHeads is how many earlier heads are offered.
const maxHeads = 9

// olderHead has people pick the head that their sheets do have, by its first
// digits; it is then compared in full.
func (c *Ceremony) olderHead(ctx context.Context) (audit.Head, error) {
	log := c.table.archive.log
	records := log.Records()
	var heads []audit.Head
	var choices []Choice
	for i := len(records) - 2; i >= 0 && len(heads) < maxHeads; i-- {
		e, ok := records[i].Event.(audit.SessionClose)
		if !ok {
			continue
		}
		root, err := log.TreeHeadAt(uint64(i + 1))
		if err != nil {
			return audit.Head{}, fmt.Errorf("computing the head of session %s: %w", e.Directory, err)
		}
		heads = append(heads, audit.Head{Size: uint64(i + 1), Root: root})
		choices = append(choices, Choice{
			Label: groups(upper(root[:6])) + " …", Detail: fmt.Sprintf("%s, after session %s", plural(i+1, "record"), e.Directory),
		})
	}
	at, err := c.askChoice(ctx, "Which head is on your sheet?", "A ceremony that was cut short leaves records after the last head that was noted.", choices, "None of these")
	if err != nil {
		return audit.Head{}, err
	}
	return heads[at], nil
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
