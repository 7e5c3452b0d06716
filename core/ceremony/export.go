package ceremony

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"anodize/core/audit"
)

// export writes what is on the disc to the stick. It takes a recorded, which
// only a record that was burned and read back can make.
func (c *Ceremony) export(ctx context.Context, op operation, r *recorded) error {
	for {
		c.show(working("Writing to the stick", "Leave the stick in until it says that it may be taken out."), true)
		err := c.writeFiles(ctx, r)
		if err == nil {
			facts := make([]audit.FileFact, len(r.artifacts))
			for i, a := range r.artifacts {
				facts[i] = fileFact(a.name, a.data)
			}
			slices.SortFunc(facts, func(a, b audit.FileFact) int { return strings.Compare(a.Name, b.Name) })
			c.pending = []audit.Event{audit.ExportDone{Files: facts}}
			return c.finish(ctx, op, r, true)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		e, askErr := c.ask(ctx, screen{
			title: "The stick did not take the files", sentence: "Nothing is lost: everything is on the disc.",
			body: MessageBody{
				Happened: capital(err.Error()) + ".",
				Certain:  []string{"The record is on the disc and read back equal.", "On the stick, files may be missing, cut short or old."},
				Do:       "Put the stick back, or another one, and try again. Or finish without: the files can be copied from the disc.",
			},
			actions: []Action{
				{ID: "without", Label: "Finish without the stick", Key: "Esc", Kind: Stop}, {ID: "again", Label: "Try again", Key: "Enter", Kind: Primary},
			},
		}, nil)
		if askErr != nil {
			return askErr
		}
		if e == (Press{"without"}) {
			c.pending = []audit.Event{audit.ExportFailed{Reason: clip(err.Error(), 1000)}}
			return c.finish(ctx, op, r, false)
		}
	}
}

func (c *Ceremony) writeFiles(ctx context.Context, r *recorded) error {
	stick, err := c.room.Stick(ctx)
	if err != nil {
		return err
	}
	if !r.receipt.Valid() {
		return errors.New("writing to the stick: the record is not on the disc")
	}
	for _, a := range r.artifacts {
		if err := stick.WriteFile(ctx, a.name, a.data); err != nil {
			return fmt.Errorf("writing %s to the stick: %w", a.name, err)
		}
	}
	return nil
}

// finish ends an operation: the fingerprint once more, and the head to be noted.
func (c *Ceremony) finish(ctx context.Context, op operation, r *recorded, exported bool) error {
	c.phase(len(phaseNames)) // all of them are done
	main := r.artifacts[0]
	log := r.log
	tree := log.TreeHead()
	sum := sha256.Sum256(main.data)
	sentence := "The files are on the disc and on the stick. The stick may be taken out."
	if !exported {
		sentence = "The files are on the disc. They are not on the stick."
	}
	q := screen{
		title: op.title() + ": done", sentence: sentence,
		body: FingerprintBody{
			Of: "SHA-256 of " + main.name, Hex: upper(sum[:]), QR: upper(sum[:]),
			Facts: append([]Fact{{Name: "Tree head", Value: groups(hexOf(tree[:])), Mono: true}, {Name: "Over", Value: plural(int(log.Len()), "record")}}, main.facts...),
		},
		actions: []Action{{ID: "next", Label: "To the tree head", Key: "Enter", Kind: Primary}},
	}
	if r.warning != "" {
		q.notice = Notice{Kind: Caution, Text: r.warning}
	}
	if _, err := c.ask(ctx, q, nil); err != nil {
		return err
	}
	return c.noteHead(ctx, audit.Head{Size: log.Len(), Root: tree})
}

// noteHead has the witnesses note the head that the next ceremony will show.
func (c *Ceremony) noteHead(ctx context.Context, head audit.Head) error {
	c.table.archive.compared = head
	_, err := c.ask(ctx, screen{
		title: "Note the tree head on every sheet", sentence: "The newest one counts: the next ceremony shows it again. A disc cut short or exchanged will not have it.",
		body:    FingerprintBody{Of: "Tree head over " + plural(int(head.Size), "record"), Hex: upper(head.Root[:]), QR: headQR(head)},
		actions: []Action{{ID: "menu", Label: "Noted", Key: "Enter", Kind: Primary}},
	}, nil)
	return err
}

func fileFact(name string, data []byte) audit.FileFact {
	sum := sha256.Sum256(data)
	return audit.FileFact{Name: name, Size: int64(len(data)), SHA256: hexOf(sum[:])}
}
