package html

import "unicode/utf8"

// cut makes the atoms of a paragraph: where a line may end.
func (p *para) cut() {
	for i := range p.runs {
		r := &p.runs[i]
		switch r.kind {
		case wordRun:
			p.cutWords(int32(i))
		case breakRun:
			p.atom(atom{run: int32(i), start: r.start, end: r.start, brk: mustBreak})
		case chanceRun:
			p.breakable()
		case imageRun:
			p.breakable()
			p.atom(atom{run: int32(i), start: r.start, end: r.end, brk: mayBreak})
		default:
			p.atom(atom{run: int32(i), start: r.start, end: r.end})
		}
	}
}

func (p *para) atom(a atom) { p.atoms = append(p.atoms, a) }

// breakable lets a line end after the last atom.
func (p *para) breakable() {
	if n := len(p.atoms); n > 0 && p.atoms[n-1].brk == noBreak {
		p.atoms[n-1].brk = mayBreak
	}
}

// cutWords cuts a run of words at spaces and hyphens.
func (p *para) cutWords(i int32) {
	r := &p.runs[i]
	at, before := r.start, rune(0)
	for at < r.end {
		from := at
		a := atom{run: i, start: from}
		for at < r.end && p.text[at] != ' ' && a.brk == noBreak {
			c, n := utf8.DecodeRuneInString(p.text[at:r.end])
			at += int32(n)
			next, _ := utf8.DecodeRuneInString(p.text[at:])
			if breaksAfter(before, c, next) {
				a.brk = mayBreak
			}
			before = c
		}
		a.end = at
		for at < r.end && p.text[at] == ' ' {
			at++
			a.spaces++
			a.brk, before = mayBreak, ' '
		}
		p.atom(a)
	}
}
