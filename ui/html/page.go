package html

import (
	"image/color"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Page is a page that was read: what is to be laid out, whatever the width. It
// is never changed and may be shared.
type Page struct {
	title   string
	body    *box
	anchors map[string]*box
	paras   []*para // in reading order
	stops   []stop  // links and summaries, in reading order
	folds   []bool  // by number of a details: whether it begins open
}

// Title is the page's title.
func (p *Page) Title() string { return p.title }

// Text is what the page says, a block a line, as find searches it.
func (p *Page) Text() string {
	var b strings.Builder
	for _, t := range p.paras {
		b.WriteString(t.text)
		b.WriteByte('\n')
	}
	return b.String()
}

// Missing returns the characters of the page that are shown as their code point,
// each once.
func (p *Page) Missing() string {
	var b strings.Builder
	seen := map[string]bool{}
	for _, t := range p.paras {
		for _, r := range t.runs {
			if c := t.text[r.start:r.end]; r.kind == missingRun && !seen[c] {
				seen[c] = true
				b.WriteString(c)
			}
		}
	}
	return b.String()
}

// Link leads to another page.
type Link struct {
	Page string // its name, without .html
	ID   string // of an element of it; may be empty
}

// Links returns the links to other pages, in reading order.
func (p *Page) Links() []Link {
	var all []Link
	for _, s := range p.stops {
		if s.page != "" {
			all = append(all, Link{s.page, s.to})
		}
	}
	return all
}

// stop is something on a page that can be focused and pressed.
type stop struct {
	page string // that a link leads to; empty: this one
	to   string // a link's anchor; a summary has neither
	fold int    // a summary's details
	text string
}

// box is a block of a page: it holds other boxes, or words, or a table.
type box struct {
	look
	style  *style
	id     string
	kids   []*box
	words  *para
	marker string // of a list item
	table  *table
	fold   int // of a details, counted from 1; 0: none
	folds  bool
}

// para is the words of one block.
type para struct {
	text   string // white space collapsed, a line break as \n
	runs   []run
	atoms  []atom
	style  *style  // of the block
	indent float32 // rem, of the first line
	align  align
	folded []int // the details that it stands in, from the outermost, from 0
}

// runKind is what a run is.
type runKind uint8

const (
	wordRun    runKind = iota
	missingRun         // one character without a glyph
	breakRun           // a line break
	chanceRun          // a place where a line may end
	imageRun
	tickRun // a box to tick
	gapRun  // padding at an edge of an inline element
)

// run is a part of a paragraph in one style.
type run struct {
	kind       runKind
	start, end int32 // in the text
	style      *style
	pic        *picture
	stop       int32 // number of the link or summary, -1: none
}

// brk is whether a line may end after an atom.
type brk uint8

const (
	noBreak brk = iota
	mayBreak
	mustBreak
)

// atom is a part of a run that is never cut, but where nothing else helps.
// Spaces after it belong to it, and hang over the end of a line.
type atom struct {
	run        int32
	start, end int32 // in the text, without the spaces
	spaces     int32
	brk        brk
}

// style is how words are set: what a look says of them, inherited.
type style struct {
	face      face
	size      float32 // rem
	leading   float32
	ink       color.NRGBA
	fill, rim color.NRGBA
	pad       float32 // rem, at both edges of an inline element
	underline bool
	preserve  bool
	breaks    bool
	align     align
}

// inherit is the style of what has look l, within s.
func (s *style) inherit(l *look, inline bool) *style {
	n := *s
	if l.size != 0 {
		n.size *= l.size
	}
	if l.leading != 0 {
		n.leading = l.leading
	}
	if l.bold {
		n.face |= boldFace
	}
	if l.italic {
		n.face |= italicFace
	}
	if l.mono {
		n.face |= monoFace
	}
	if l.ink.A != 0 {
		n.ink = l.ink
	}
	if l.align != atStart {
		n.align = l.align
	}
	n.preserve = n.preserve || l.preserve
	n.breaks = n.breaks || l.breaks
	n.pad = 0
	if inline {
		n.underline = n.underline || l.underline
		if l.fill.A != 0 {
			n.fill = l.fill
		}
		if l.rim.A != 0 {
			n.rim = l.rim
		}
		if l.padding != nil {
			n.pad = l.padding.left
		}
	}
	return &n
}

// compiler makes boxes of nodes.
type compiler struct {
	page   *Page
	widths *[faces]widths
	folded []int
}

func compile(title string, body *node) (*Page, error) {
	c := &compiler{page: &Page{title: title, anchors: map[string]*box{}}, widths: measured()}
	base := &style{size: 1, leading: 1.45}
	b, err := c.block(body, base, nil)
	if err != nil {
		return nil, err
	}
	c.page.body = b
	return c.page, nil
}

// block compiles an element that has a box of its own.
func (c *compiler) block(n *node, parent *style, around []string) (*box, error) {
	b := &box{look: lookOf(n, around), id: n.id}
	b.style = parent.inherit(&b.look, false)
	if n.id != "" {
		c.page.anchors[n.id] = b
	}
	switch n.el.name {
	case "table":
		t, err := c.table(n, b.style)
		b.table = t
		return b, err
	case "details":
		return b, c.details(n, b)
	case "ul", "ol", "dl":
		return b, c.list(n, b)
	}
	return b, c.flow(n, b)
}

// flow compiles what may be blocks and words by turns: words between blocks get
// a box without a look.
func (c *compiler) flow(n *node, b *box) error {
	var words []*node
	end := func() {
		if p := c.para(words, b, -1); p != nil {
			b.kids = append(b.kids, &box{style: b.style, words: p})
		}
		words = nil
	}
	for _, k := range n.kids {
		if k.el == nil || k.el.is&isInline != 0 {
			words = append(words, k)
			continue
		}
		end()
		kid, err := c.block(k, b.style, nil)
		if err != nil {
			return err
		}
		b.kids = append(b.kids, kid)
	}
	end()
	return nil
}

// list compiles the items of a list, and their signs.
func (c *compiler) list(n *node, b *box) error {
	number := max(1, n.start)
	for _, k := range n.kids {
		kid, err := c.block(k, b.style, n.classes)
		if err != nil {
			return err
		}
		switch {
		case k.el.name != "li" || b.unmarked:
		case n.el.name == "ol":
			kid.marker = strconv.Itoa(number) + "."
			number++
		default:
			kid.marker = "•"
		}
		b.kids = append(b.kids, kid)
	}
	return nil
}

// details compiles what can be folded away below its summary.
func (c *compiler) details(n *node, b *box) error {
	fold := len(c.page.folds)
	c.page.folds = append(c.page.folds, n.open)
	s := n.child("summary")
	head := &box{look: lookOf(s, nil)}
	head.style = b.style.inherit(&head.look, false)
	at := len(c.page.stops)
	c.page.stops = append(c.page.stops, stop{fold: fold})
	head.words = c.para(s.kids, head, at)
	if head.words == nil {
		return refuse(s.line, "<summary> is empty")
	}
	c.page.stops[at].text = head.words.text
	head.fold, head.folds = fold+1, true
	rest := &box{style: b.style, fold: fold + 1}
	c.folded = append(c.folded, fold)
	below := &node{el: n.el}
	for _, k := range n.kids {
		if k != s {
			below.kids = append(below.kids, k)
		}
	}
	err := c.flow(below, rest)
	c.folded = c.folded[:len(c.folded)-1]
	b.kids = []*box{head, rest}
	return err
}

// para compiles words; nil if there are none. stop is the summary that they are.
func (c *compiler) para(nodes []*node, b *box, stop int) *para {
	w := writer{c: c, para: &para{style: b.style, indent: b.indent, align: b.style.align}, stop: int32(stop)}
	w.nodes(nodes, b.style)
	return w.finish()
}

// writer collapses the white space of a paragraph (CSS Text 3, section 4.1.1),
// and cuts it into runs and atoms.
type writer struct {
	c     *compiler
	para  *para
	text  strings.Builder
	stop  int32
	space bool // a space is due before the next word, in this style and link
	style *style
	link  int32
	begun bool // something other than white space came since the last line break
}

func (w *writer) nodes(nodes []*node, s *style) {
	for _, n := range nodes {
		if n.el == nil {
			w.words(n.text, s)
			continue
		}
		w.inline(n, s)
	}
}

func (w *writer) inline(n *node, s *style) {
	switch n.el.name {
	case "br":
		w.space, w.begun = false, false
		at := int32(w.text.Len())
		w.text.WriteByte('\n')
		w.run(run{kind: breakRun, start: at, end: at + 1, style: s, stop: -1})
	case "wbr":
		if at := int32(w.text.Len()); w.begun && !w.space {
			w.run(run{kind: chanceRun, start: at, end: at, style: s, stop: -1})
		}
	case "img":
		if n.pic == nil {
			w.words(n.alt, s)
			return
		}
		w.object(run{kind: imageRun, style: s, pic: n.pic, stop: w.stop})
	case "input":
		w.object(run{kind: tickRun, style: s, stop: -1})
	default:
		l := lookOf(n, nil)
		w.element(n, s.inherit(&l, true))
	}
}

// element writes an inline element: a link, or words in a style of their own.
func (w *writer) element(n *node, s *style) {
	outer := w.stop
	if n.el.name == "a" {
		w.stop = int32(len(w.c.page.stops))
		w.c.page.stops = append(w.c.page.stops, stop{page: n.page, to: n.href, text: strings.Join(strings.Fields(allText(n)), " ")})
	}
	if s.pad > 0 {
		w.object(run{kind: gapRun, style: s, stop: w.stop})
	}
	w.nodes(n.kids, s)
	if s.pad > 0 {
		at := int32(w.text.Len())
		w.run(run{kind: gapRun, start: at, end: at, style: s, stop: w.stop})
	}
	w.stop = outer
}

// allText is the text in a node at any depth.
func allText(n *node) string {
	var b strings.Builder
	var walk func(*node)
	walk = func(n *node) {
		b.WriteString(n.text)
		for _, k := range n.kids {
			walk(k)
		}
	}
	walk(n)
	return b.String()
}

// object writes something that is not text and stands in line like a word.
func (w *writer) object(r run) {
	w.due()
	r.start = int32(w.text.Len())
	r.end = r.start
	w.run(r)
	w.begun = true
}

// due writes the space that came before.
func (w *writer) due() {
	if w.space && w.begun {
		stop := w.stop
		w.stop = w.link
		w.add(" ", w.style)
		w.stop = stop
	}
	w.space = false
}

func (w *writer) run(r run) { w.para.runs = append(w.para.runs, r) }

// add writes text of one kind, and goes on with the last run where it can.
func (w *writer) add(s string, st *style) {
	at := int32(w.text.Len())
	w.text.WriteString(s)
	if n := len(w.para.runs); n > 0 {
		if last := &w.para.runs[n-1]; last.kind == wordRun && last.style == st && last.stop == w.stop && last.end == at {
			last.end += int32(len(s))
			return
		}
	}
	w.run(run{start: at, end: at + int32(len(s)), style: st, stop: w.stop})
}

func (w *writer) words(s string, st *style) {
	for len(s) > 0 {
		i := 0
		for i < len(s) && !isSpace(s[i]) && w.plain(s[i:], st) {
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
		}
		if i > 0 {
			w.due()
			w.add(s[:i], st)
			w.begun = true
			s = s[i:]
			continue
		}
		switch {
		case st.preserve && s[0] == '\n':
			w.inline(&node{el: byName["br"]}, st)
			s = s[1:]
		case st.preserve && isSpace(s[0]):
			w.add(" ", st)
			s = s[1:]
		case isSpace(s[0]):
			if !w.space {
				w.space, w.style, w.link = true, st, w.stop
			}
			s = s[1:]
		default:
			_, n := utf8.DecodeRuneInString(s)
			w.due()
			at := int32(w.text.Len())
			w.text.WriteString(s[:n])
			w.run(run{kind: missingRun, start: at, end: at + int32(n), style: st, stop: w.stop})
			w.begun = true
			s = s[n:]
		}
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// plain reports whether the first character of s has a glyph.
func (w *writer) plain(s string, st *style) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return w.c.widths[st.face].of(r) != missing
}

// finish returns the paragraph, nil if it is empty.
func (w *writer) finish() *para {
	p := w.para
	if len(p.runs) == 0 {
		return nil
	}
	p.text = w.text.String()
	p.folded = append(p.folded, w.c.folded...)
	p.cut()
	w.c.page.paras = append(w.c.page.paras, p)
	return p
}
