package html

import (
	"image"

	"math"
	"unicode/utf8"
)

// slack is how far a word may stand over the edge, as in browsers, which count in
// 64ths of a pixel.
const slack = one / 64

// breaker fills the lines of a paragraph, as much as goes on each.
type breaker struct {
	s       *setter
	p       *para
	x, room px

	from   int // first fragment of the present line
	at     px  // where the next atom goes, from the line's x
	seen   px  // where the last atom ends without the spaces after it
	indent px
	first  bool
}

// paragraph lays out the lines of p from x, within room.
func (s *setter) paragraph(p *para, x, room px) {
	b := breaker{s: s, p: p, x: x, room: max(room, one), from: len(s.l.frags), first: true}
	b.indent = s.l.px(p.indent)
	b.at = b.indent
	for i := 0; i < len(p.atoms); {
		i = b.word(i)
	}
	if len(s.l.frags) > b.from {
		b.end()
	}
}

// word places the atoms from i to the next place where a line may end, and
// returns the number of the atom after them.
func (b *breaker) word(i int) int {
	j, wide := i, px(0)
	for ; j < len(b.p.atoms); j++ {
		a := &b.p.atoms[j]
		r := &b.p.runs[a.run]
		wide += b.s.wide(b.p, r, a.start, a.end)
		if a.brk != noBreak || j == len(b.p.atoms)-1 {
			break
		}
		if a.spaces > 0 {
			wide += b.s.text(b.p, r, a.end, a.end+a.spaces)
		}
	}
	if b.at+wide > b.room+slack && len(b.s.l.frags) > b.from && b.seen > b.indent {
		b.end()
	}
	for ; i <= j && i < len(b.p.atoms); i++ {
		b.place(&b.p.atoms[i])
	}
	return i
}

// place puts one atom on the present line, and cuts it where it does not fit on a
// line of its own.
func (b *breaker) place(a *atom) {
	r := &b.p.runs[a.run]
	if a.brk == mustBreak {
		b.put(a.run, a.start, a.end, 0)
		b.end()
		return
	}
	wide := b.s.wide(b.p, r, a.start, a.end)
	start := a.start
	if r.kind == wordRun && b.at+wide > b.room+slack {
		start, wide = b.cut(a, r)
	}
	if a.end == a.start && r.kind == wordRun && len(b.s.l.frags) == b.from && !r.style.preserve {
		return // a space does not begin a line
	}
	b.put(a.run, start, a.end+a.spaces, wide)
	b.seen = b.at
	if a.spaces > 0 {
		b.at += b.s.text(b.p, r, a.end, a.end+a.spaces)
		b.s.l.frags[len(b.s.l.frags)-1].wide = b.at - b.s.l.frags[len(b.s.l.frags)-1].x
	}
}

// cut fills lines with an atom that is wider than a line, and returns what is
// left of it.
func (b *breaker) cut(a *atom, r *run) (start int32, wide px) {
	start = a.start
	for i := a.start; i < a.end; {
		_, n := utf8.DecodeRuneInString(b.p.text[i:a.end])
		w := b.s.text(b.p, r, i, i+int32(n))
		if b.at+wide+w > b.room && (i > start || b.seen > b.indent) {
			if i > start {
				b.put(a.run, start, i, wide)
				b.seen = b.at
				b.note(a, r)
			}
			b.end()
			start, wide = i, 0
		}
		wide += w
		i += int32(n)
	}
	return start, wide
}

// note keeps a word that was cut, once.
func (b *breaker) note(a *atom, r *run) {
	word := b.p.text[a.start:a.end]
	if n := len(b.s.l.cut); !r.style.breaks && (n == 0 || b.s.l.cut[n-1] != word) {
		b.s.l.cut = append(b.s.l.cut, word)
	}
}

// put adds text to the present line, to the last fragment if it goes on.
func (b *breaker) put(run, start, end int32, wide px) {
	l := b.s.l
	if n := len(l.frags); n > b.from {
		if f := &l.frags[n-1]; f.run == run && f.end == start {
			f.end, f.wide = end, b.at+wide-f.x
			b.at += wide
			return
		}
	}
	l.frags = append(l.frags, frag{run: run, start: start, end: end, x: b.at, wide: wide})
	b.at += wide
}

// end finishes the present line: how high it is and where it stands.
func (b *breaker) end() {
	s, l := b.s, b.s.l
	above, below := s.strut(b.p.style)
	for i := b.from; i < len(l.frags); i++ {
		r := &b.p.runs[l.frags[i].run]
		up, down := s.strut(r.style)
		switch r.kind {
		case imageRun:
			up, down = max(up, l.pictureSize(r.pic).Y), 0
		case missingRun, wordRun, breakRun, chanceRun, tickRun, gapRun:
		}
		above, below = max(above, up), max(below, down)
	}
	x := b.x
	switch b.p.align {
	case atMiddle:
		x += max(0, b.room-b.seen) / 2
	case atEnd:
		x += max(0, b.room-b.seen)
	case atStart:
	}
	ln := line{para: b.p, x: x, top: s.y, baseline: s.y + above, end: s.y + above + below, from: int32(b.from), to: int32(len(l.frags))}
	l.lines = append(l.lines, ln)
	s.decorate(&ln)
	s.y = ln.end
	b.from, b.at, b.seen, b.indent = len(l.frags), 0, 0, 0
}

// strut is how far a line reaches above and below its baseline in a style (CSS
// 2.2, section 10.8.1).
func (s *setter) strut(st *style) (above, below int) {
	size := float64(st.size * s.l.rem)
	a, d := math.Round(ascent*size), math.Round(descent*size)
	high := math.Round(float64(st.leading) * size)
	above = int(math.Floor((high-a-d)/2 + a))
	return above, int(high) - above
}

// decorate puts what stands below and around the words of a line.
func (s *setter) decorate(ln *line) {
	l := s.l
	for _, f := range l.frags[ln.from:ln.to] {
		r := &ln.para.runs[f.run]
		x0, x1 := (ln.x+f.x)>>frac, (ln.x+f.x+f.wide+one-1)>>frac
		size := r.style.size * l.rem
		top, bottom := ln.baseline-int(math.Round(float64(ascent*size))), ln.baseline+int(math.Round(float64(descent*size)))
		box := image.Rect(x0, top, x1, bottom)
		switch r.kind {
		case imageRun:
			at := l.pictureSize(r.pic)
			l.fills = append(l.fills, fill{Rectangle: image.Rect(x0, ln.baseline-at.Y, x0+at.X, ln.baseline), kind: drawing, image: r.pic})
		case tickRun:
			side, drop := l.pixels(tickSide), l.pixels(tickDrop)
			l.fills = append(l.fills,
				fill{Rectangle: image.Rect(x0, ln.baseline+drop-side, x0+side, ln.baseline+drop), ink: white},
				fill{Rectangle: image.Rect(x0, ln.baseline+drop-side, x0+side, ln.baseline+drop), kind: frame, ink: r.style.ink})
		case missingRun:
			l.fills = append(l.fills, fill{Rectangle: box.Inset(s.css), kind: frame, ink: r.style.ink})
		case wordRun, gapRun:
			s.inline(ln, f, r, box)
		case breakRun, chanceRun:
		}
		if r.stop >= 0 {
			l.spots = append(l.spots, spot{r.stop, image.Rect(x0, ln.top, x1, ln.end)})
		}
	}
}

// inline draws the fill, the rim and the line under words. The rim of a part
// that begins or ends its element is closed there.
func (s *setter) inline(ln *line, f frag, r *run, box image.Rectangle) {
	l := s.l
	if st := r.style; st.fill.A != 0 {
		l.fills = append(l.fills, fill{Rectangle: box, ink: st.fill})
	}
	if st := r.style; st.rim.A != 0 && box.Dx() > 0 {
		edge := func(r image.Rectangle) { l.fills = append(l.fills, fill{Rectangle: r, ink: st.rim}) }
		edge(image.Rect(box.Min.X, box.Min.Y, box.Max.X, box.Min.Y+s.css))
		edge(image.Rect(box.Min.X, box.Max.Y-s.css, box.Max.X, box.Max.Y))
		if r.kind == gapRun && s.opens(ln, f) {
			edge(image.Rect(box.Min.X, box.Min.Y, box.Min.X+s.css, box.Max.Y))
		} else if r.kind == gapRun {
			edge(image.Rect(box.Max.X-s.css, box.Min.Y, box.Max.X, box.Max.Y))
		}
	}
	if r.style.underline && r.kind == wordRun {
		y := ln.baseline + max(1, l.pixels(r.style.size*0.1))
		l.fills = append(l.fills, fill{Rectangle: image.Rect(box.Min.X, y, box.Max.X, y+s.css), ink: r.style.ink})
	}
}

// opens reports whether a gap is the one before its element's words.
func (s *setter) opens(ln *line, f frag) bool {
	next := int(f.run) + 1
	return next < len(ln.para.runs) && ln.para.runs[next].style == ln.para.runs[f.run].style
}
