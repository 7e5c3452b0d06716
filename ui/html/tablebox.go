package html

// table is the rows of a table.
type table struct {
	caption *box
	rows    [][]cell
	columns int
	spans   bool // some cell has more than one column
}

// cell is one cell, over some columns.
type cell struct {
	*box
	column, span int
}

// table compiles a table. Rows are not filled up: a cell that is not there is not
// drawn.
func (c *compiler) table(n *node, s *style) (*table, error) {
	t := &table{}
	for _, part := range n.kids {
		if part.el.name == "caption" {
			b := &box{look: lookOf(part, nil)}
			b.style = s.inherit(&b.look, false)
			t.caption = b
			if err := c.flow(part, b); err != nil {
				return nil, err
			}
			continue
		}
		for _, tr := range part.kids {
			if err := c.row(t, tr, n.classes, s); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

func (c *compiler) row(t *table, tr *node, around []string, s *style) error {
	var cells []cell
	column := 0
	for _, k := range tr.kids {
		b, err := c.block(k, s, around)
		if err != nil {
			return err
		}
		span := max(1, k.colspan)
		cells = append(cells, cell{b, column, span})
		t.spans = t.spans || span > 1
		if column += span; column > MaxColumns {
			return refuse(k.line, "the row has more than %d columns", MaxColumns)
		}
	}
	t.columns = max(t.columns, column)
	t.rows = append(t.rows, cells)
	return nil
}
