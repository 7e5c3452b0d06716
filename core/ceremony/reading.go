package ceremony

import (
	"context"
	"slices"

	"anodize/core/disc"
	"anodize/core/record"
)

// askBesideRecord asks a question of a ceremony whose intent is on the disc. If
// the newest session holds its record, that can be read meanwhile. It returns when
// the question was answered.
func (c *Ceremony) askBesideRecord(ctx context.Context, q screen) error {
	const id = "read"
	newest := c.table.archive.newest()
	var page []byte
	if slices.ContainsFunc(newest.Files, func(f disc.File) bool { return f.Name == record.File }) {
		read := Action{ID: id, Label: "Read the record", Key: "F2"}
		var err error
		if page, err = readFile(newest, record.File, record.MaxSize); err != nil {
			read.Why = "The disc does not give it"
		}
		q.actions = append([]Action{read}, q.actions...)
	}
	for {
		e, err := c.ask(ctx, q, nil)
		if err != nil || e != (Press{id}) {
			return err
		}
		if err := c.showRecord(ctx, page); err != nil {
			return err
		}
	}
}

// newest is the directory of the last session; an empty one if there is none.
func (a *archived) newest() disc.Directory {
	if len(a.directories) == 0 {
		return disc.Directory{}
	}
	return a.directories[len(a.directories)-1]
}

// showRecord shows a record until people have read it.
func (c *Ceremony) showRecord(ctx context.Context, page []byte) error {
	_, err := c.ask(ctx, screen{
		title: "The record of this ceremony", body: PageBody{HTML: page},
		actions: []Action{{ID: "back", Label: "Go back", Key: "Esc", Kind: Primary}},
	}, nil)
	return err
}
