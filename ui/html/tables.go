package html

// extent is how narrow words may be set without being cut, and how wide they are
// on one line.
type extent struct{ least, most px }

func (e *extent) cover(o extent) {
	e.least, e.most = max(e.least, min(o.least, maxExtent)), max(e.most, min(o.most, maxExtent))
}

// maxExtent bounds what is multiplied: a million pixels.
const maxExtent = px(1) << (frac + 20)

// table lays out a table with its left edge at x, within room: the columns as CSS
// 2.2, section 17.5.2.2 and browsers do.
func (s *setter) table(b *box, x, room px) {
	t := b.table
	columns := s.columns(b, room)
	wide := px(0)
	for _, c := range columns {
		wide += c
	}
	frame := (s.edge(b, onLeft) + s.edge(b, onRight)) << frac
	if t.caption != nil {
		s.box(t.caption, x, max(wide+frame, min(room, s.extentOf(t.caption).least)))
		s.flush()
	}
	d := s.begin(b, edges{}, x, wide+frame)
	left := x + s.edge(b, onLeft)<<frac
	for _, row := range t.rows {
		s.row(row, left, columns)
	}
	s.flush()
	if d.edged {
		s.y += s.edge(b, onBottom)
		s.close(b, d, x, wide+frame)
	}
}

// row lays out the cells of a row beside each other.
func (s *setter) row(cells []cell, x px, columns []px) {
	top, bottom := s.y, s.y
	begun := make([]drawn, len(cells))
	for i, c := range cells {
		left, wide := span(columns, x, c)
		p := c.padded()
		s.y, s.pending = top, 0
		begun[i] = s.begin(c.box, p, left, wide)
		least := s.y + s.l.pixels(c.leastHigh)
		inner, room := s.inside(c.box, p, left, wide)
		s.content(c.box, inner, room)
		s.flush()
		s.y = max(s.y, least) + s.l.pixels(p.bottom) + s.edge(c.box, onBottom)
		bottom = max(bottom, s.y)
	}
	s.y, s.pending = bottom, 0
	for i, c := range cells {
		left, wide := span(columns, x, c)
		if begun[i].edged {
			s.close(c.box, begun[i], left, wide)
		}
	}
}

func (b *box) padded() edges {
	if b.padding == nil {
		return edges{}
	}
	return *b.padding
}

// span is where a cell stands.
func span(columns []px, x px, c cell) (left, wide px) {
	for i, w := range columns {
		switch {
		case i < c.column:
			x += w
		case i < c.column+c.span:
			wide += w
		}
	}
	return x, wide
}

// columns finds the width of each column.
func (s *setter) columns(b *box, room px) []px {
	t := b.table
	room = max(0, room-(s.edge(b, onLeft)+s.edge(b, onRight))<<frac)
	ext := make([]extent, t.columns)
	var wider []cell
	for _, row := range t.rows {
		for _, c := range row {
			if c.span == 1 {
				ext[c.column].cover(s.cellExtent(c))
			} else {
				wider = append(wider, c)
			}
		}
	}
	for _, c := range wider {
		spread(ext[c.column:c.column+c.span], s.cellExtent(c))
	}
	return distribute(ext, room, b.full)
}

func (s *setter) cellExtent(c cell) extent {
	e := s.extentOf(c.box)
	p := c.padded()
	least := s.l.px(c.leastWide)
	e.cover(extent{least, least})
	more := s.l.px(p.left+p.right) + (s.edge(c.box, onLeft)+s.edge(c.box, onRight))<<frac
	return extent{e.least + more, e.most + more}
}

// spread widens the columns of a cell over several until it fits.
func spread(ext []extent, e extent) {
	var sum extent
	for _, c := range ext {
		sum.least += c.least
		sum.most += c.most
	}
	n := px(len(ext))
	for i := range ext {
		// In proportion to what the columns hold; alike if they hold nothing.
		part := func(more px) px {
			if sum.most == 0 {
				return more / n
			}
			return more * ext[i].most / sum.most
		}
		least, most := ext[i].least, ext[i].most
		if more := e.least - sum.least; more > 0 {
			least += part(more)
		}
		if more := e.most - sum.most; more > 0 {
			most += part(more)
		}
		ext[i] = extent{least, max(least, most)}
	}
}

// distribute gives the columns their widths: what they would like if there is
// room, what they need and a share of the rest if not. If there is less than they
// need, all give way, and words are cut: nothing is lost at the side.
func distribute(ext []extent, room px, full bool) []px {
	var sum extent
	for i := range ext {
		ext[i].most = max(ext[i].most, ext[i].least)
		sum.least += ext[i].least
		sum.most += ext[i].most
	}
	out := make([]px, len(ext))
	for i, e := range ext {
		switch {
		case sum.least > room:
			out[i] = e.least * room / max(1, sum.least)
		case sum.most > room:
			out[i] = e.least + (e.most-e.least)*(room-sum.least)/max(1, sum.most-sum.least)
		case full && sum.most == 0:
			out[i] = room / px(len(ext))
		case full:
			out[i] = e.most + e.most*(room-sum.most)/sum.most
		default:
			out[i] = e.most
		}
	}
	return out
}

// extentOf measures what a box holds, with its own margins and padding around
// everything within but not around itself.
func (s *setter) extentOf(b *box) extent {
	var e extent
	if b.words != nil {
		e = s.wordExtent(b.words)
	}
	for _, k := range b.kids {
		inner := s.extentOf(k)
		var m edges
		if k.look.margin != nil {
			m = *k.look.margin
		}
		p := k.padded()
		more := s.l.px(m.left+m.right+p.left+p.right) + (s.edge(k, onLeft)+s.edge(k, onRight))<<frac
		e.cover(extent{inner.least + more, inner.most + more})
	}
	return e
}

// widest is the width of an atom's widest character.
func (s *setter) widest(p *para, r *run, a *atom) px {
	units := uint16(0)
	for _, c := range p.text[a.start:a.end] {
		if u := s.widths[r.style.face].of(c); u != missing {
			units = max(units, u)
		}
	}
	return s.l.scaled(int(units), r.style.size)
}

func (s *setter) wordExtent(p *para) extent {
	var e extent
	indent := s.l.px(p.indent)
	word, all := indent, indent
	for i := range p.atoms {
		a := &p.atoms[i]
		r := &p.runs[a.run]
		w := s.wide(p, r, a.start, a.end)
		if r.kind == wordRun && r.style.breaks {
			e.least = max(e.least, s.widest(p, r, a))
		} else {
			word += w
		}
		all += w
		e.cover(extent{word, all})
		if a.brk != noBreak {
			word = 0
		}
		if a.brk == mustBreak {
			all = 0
		}
		if a.spaces > 0 {
			gap := s.text(p, r, a.end, a.end+a.spaces)
			all += gap
			if a.brk == noBreak {
				word += gap
			}
		}
	}
	return e
}
