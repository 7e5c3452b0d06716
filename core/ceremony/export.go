package ceremony

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"anodize/core/audit"
)

// export writes what is on the disc to the stick. It takes a recorded, which
// only a record that was burned and read back can make.
func (c *Ceremony) export(ctx context.Context, op operation, r *recorded) error {
	if len(r.artifacts) == 0 {
		return c.finish(ctx, op, r, true)
	}
	for {
		c.show(working("Writing to the stick", "Leave the stick in until it says that it may be taken out."), true)
		err := c.writeFiles(ctx, r.published())
		if err == nil {
			c.became(*c.table.archive.last, audit.ExportDone{Files: exportFacts(r.artifacts)})
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
			c.became(*c.table.archive.last, audit.ExportFailed{Reason: clip(err.Error(), 1000)})
			return c.finish(ctx, op, r, false)
		}
	}
}

// published is files that stand on the disc under a record, all that the stick
// may ever get. It is made of a recorded, or of the verified archive.
type published struct{ files []artifact }

// published is what a record carries.
func (r *recorded) published() published {
	if !r.receipt.Valid() {
		return published{}
	}
	return published{r.artifacts}
}

func (c *Ceremony) writeFiles(ctx context.Context, p published) error {
	if len(p.files) == 0 {
		return errors.New("writing to the stick: there is nothing on the disc to be written")
	}
	stick, err := c.room.Stick(ctx)
	if err != nil {
		return err
	}
	for _, a := range p.files {
		if err := stick.WriteFile(ctx, a.name, a.data); err != nil {
			return fmt.Errorf("writing %s to the stick: %w", a.name, err)
		}
	}
	return nil
}

// finish ends an operation: the fingerprint once more, and the head to be noted.
func (c *Ceremony) finish(ctx context.Context, op operation, r *recorded, exported bool) error {
	c.phase(len(phaseNames)) // all of them are done
	log := r.log
	tree := log.TreeHead()
	sentence := "The files are on the disc and on the stick. The stick may be taken out."
	if !exported {
		sentence = "The files are on the disc. Not all of them are on the stick."
	}
	q := screen{
		title: op.title() + ": done", sentence: sentence,
		actions: []Action{{ID: "next", Label: "To the tree head", Key: "Enter", Kind: Primary}},
	}
	if r.closing != nil {
		q.sentence, q.body = recordPlaces(r, exported), *r.closing
	} else {
		main := r.artifacts[0]
		sum := sha256.Sum256(main.data)
		q.body = FingerprintBody{
			Of: "SHA-256 of " + main.name, Hex: upper(sum[:]), QR: upper(sum[:]),
			Facts: append([]Fact{{Name: "Tree head", Value: groups(hexOf(tree[:])), Mono: true}, {Name: "Records", Value: number(log.Len())}}, main.facts...),
		}
	}
	if r.warning != "" {
		q.notice = Notice{Kind: Caution, Text: r.warning}
	}
	if err := c.askBesideRecord(ctx, q); err != nil {
		return err
	}
	return c.noteHead(ctx, audit.Head{Size: log.Len(), Root: tree})
}

// recordPlaces says where the record is, and whether the stick is done with.
func recordPlaces(r *recorded, exported bool) string {
	switch {
	case !exported:
		return "The record is on the disc and read back equal. It is not on the stick, or not all of it."
	case len(r.artifacts) == 0:
		return "The record is on the disc and read back equal."
	}
	return "The record is on the disc, read back equal, and on the stick. The stick may be taken out."
}

// noteHead has the witnesses note the head that the next ceremony will show.
func (c *Ceremony) noteHead(ctx context.Context, head audit.Head) error {
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

// copyOut writes what the verified archive holds to the stick again: after a
// power failure, or for another stick. Every file of it is on the disc, under a
// record that was read back, so it needs no receipt of this ceremony.
func (c *Ceremony) copyOut(ctx context.Context) error {
	c.publish(func(v *View) { v.Operation = "Copy to the stick" })
	p, err := c.archived()
	if err != nil {
		return err
	}
	facts := make([]Fact, len(p.files))
	for i, f := range p.files {
		facts[i] = Fact{Name: f.name, Value: groups(fileFact(f.name, f.data).SHA256), Mono: true}
	}
	e, err := c.ask(ctx, screen{
		title: "Write these files to the stick?", sentence: "They come from the disc, which was verified. Files of the same name on the stick are replaced.",
		body: FactsBody{[]FactGroup{{Title: "SHA-256", Facts: facts}}},
		actions: []Action{
			{ID: "back", Label: "Back to the menu", Key: "Esc", Kind: Stop}, {ID: "go", Label: "Write them", Key: "Enter", Kind: Primary},
		},
	}, nil)
	if err != nil || e == (Press{"back"}) {
		return errors.Join(err, errBack)
	}
	if err := c.writeFiles(ctx, p); err != nil {
		return err
	}
	c.became(*c.table.archive.last, audit.ExportDone{Files: exportFacts(p.files)})
	_, err = c.ask(ctx, screen{
		title: "The files are on the stick", sentence: "The stick may be taken out.",
		body:    FactsBody{[]FactGroup{{Title: "SHA-256", Facts: facts}}},
		actions: []Action{{ID: "menu", Label: "Back to the menu", Key: "Enter", Kind: Primary}},
	}, nil)
	return err
}

// archived is every certificate of the verified archive and its newest CRL.
func (c *Ceremony) archived() (published, error) {
	newest := map[string][]byte{}
	for _, d := range c.table.archive.directories {
		for _, f := range d.Files {
			if !strings.HasSuffix(f.Name, ".CRT") && f.Name != rootCRL {
				continue
			}
			data, err := readFile(d, f.Name, 1<<20)
			if err != nil {
				return published{}, err
			}
			newest[f.Name] = data
		}
	}
	var all published
	for _, name := range slices.Sorted(maps.Keys(newest)) {
		all.files = append(all.files, artifact{name: name, data: newest[name]})
	}
	return all, nil
}

// exportFacts names what the stick took, in order of name.
func exportFacts(made []artifact) []audit.FileFact {
	facts := make([]audit.FileFact, len(made))
	for i, a := range made {
		facts[i] = fileFact(a.name, a.data)
	}
	slices.SortFunc(facts, func(a, b audit.FileFact) int { return strings.Compare(a.Name, b.Name) })
	return facts
}
