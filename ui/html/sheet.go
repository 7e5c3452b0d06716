package html

import (
	"image/color"
)

// edges are lengths in rem at the four sides of a box.
type edges struct{ top, right, bottom, left float32 }

// sides is a set of the sides of a box.
type sides uint8

const (
	onTop sides = 1 << iota
	onRight
	onBottom
	onLeft

	allRound = onTop | onRight | onBottom | onLeft
)

// look is what a rule of the sheet says. What is zero is left as it is.
type look struct {
	// Of the words in an element, inherited.
	size     float32 // times the parent's
	leading  float32 // distance of baselines, times the size
	bold     bool
	italic   bool
	mono     bool
	preserve bool // white space as it stands
	breaks   bool // words may break anywhere
	align    align
	ink      color.NRGBA

	// Of the element's own box.
	underline bool
	fill, rim color.NRGBA
	margin    *edges
	padding   *edges
	border    sides // one CSS pixel of the rim's colour
	bar       bool  // at the left, in the rim's colour
	indent    float32
	leastWide float32 // rem, without padding
	leastHigh float32 // rem, without padding
	full      bool    // as wide as there is room
	most      float32 // rem: not wider
	unmarked  bool    // list items have no sign

	// On paper alone.
	newPage bool // begins a page
	keep    bool // is not cut between pages
}

// align is where the lines of a block stand.
type align uint8

const (
	atStart align = iota
	atMiddle
	atEnd
)

// rule is a line of the sheet: a look of an element, of a class, or of an element
// or class within a class.
type rule struct {
	within, class, el string
	look
}

// barWidth is that of the bar at the left of notices, in rem.
const barWidth = 0.25

// sheet is the style of all pages, in the order in which it applies: elements,
// then classes, then what stands within a class. Both our layout and the CSS
// that pages carry are made from it.
var sheet = []rule{
	{el: "body", look: look{size: 1, leading: 1.45, ink: ink, fill: paper, most: 48, padding: &edges{1.5, 1.5, 2, 1.5}}},
	{el: "h1", look: look{size: 2, leading: 1.2, bold: true, margin: &edges{0, 0, 0.7, 0}, keep: true}},
	{el: "h2", look: look{size: 1.4, leading: 1.25, bold: true, margin: &edges{1.6, 0, 0.5, 0}, keep: true}},
	{el: "h3", look: look{size: 1.15, leading: 1.3, bold: true, margin: &edges{1.2, 0, 0.4, 0}, keep: true}},
	{el: "h4", look: look{size: 1, bold: true, margin: &edges{1, 0, 0.3, 0}, keep: true}},
	{el: "p", look: look{margin: &edges{0, 0, 0.7, 0}}},
	{el: "ul", look: look{margin: &edges{0, 0, 0.7, 0}, padding: &edges{0, 0, 0, 1.6}}},
	{el: "ol", look: look{margin: &edges{0, 0, 0.7, 0}, padding: &edges{0, 0, 0, 1.6}}},
	{el: "li", look: look{margin: &edges{0, 0, 0.3, 0}}},
	{el: "dl", look: look{margin: &edges{0, 0, 0.7, 0}}},
	{el: "dt", look: look{bold: true}},
	{el: "dd", look: look{margin: &edges{0, 0, 0.5, 1.6}}},
	{el: "hr", look: look{margin: &edges{1.2, 0, 1.2, 0}, border: onTop, rim: hair}},
	{el: "pre", look: look{mono: true, size: 0.9, preserve: true, breaks: true, fill: white, rim: hair, border: allRound, margin: &edges{0, 0, 0.8, 0}, padding: &edges{0.5, 0.7, 0.5, 0.7}}},
	{el: "figure", look: look{margin: &edges{0, 0, 0.8, 0}, keep: true}},
	{el: "figcaption", look: look{size: 0.9, ink: muted}},
	{el: "table", look: look{margin: &edges{0.2, 0, 1, 0}}},
	{el: "caption", look: look{bold: true, padding: &edges{0, 0, 0.3, 0}}},
	{el: "tr", look: look{keep: true}},
	{el: "th", look: look{bold: true, border: onBottom, rim: edge, padding: &edges{0.3, 0.7, 0.3, 0}}},
	{el: "td", look: look{border: onBottom, rim: hair, padding: &edges{0.3, 0.7, 0.3, 0}}},
	{el: "details", look: look{margin: &edges{0, 0, 0.7, 0}}},
	{el: "summary", look: look{bold: true, padding: &edges{0.2, 0, 0.2, 1.2}}},
	{el: "strong", look: look{bold: true}},
	{el: "b", look: look{bold: true}},
	{el: "em", look: look{italic: true}},
	{el: "i", look: look{italic: true}},
	{el: "code", look: look{mono: true, size: 0.92, breaks: true}},
	{el: "kbd", look: look{mono: true, size: 0.85, fill: white, rim: edge, border: allRound, padding: &edges{0, 0.3, 0, 0.3}}},
	{el: "mark", look: look{fill: amberPaper}},
	{el: "small", look: look{size: 0.85}},
	{el: "a", look: look{ink: blue, underline: true}},

	{class: "lead", look: look{size: 1.15, ink: soft}},
	{class: "muted", look: look{ink: muted}},
	{class: "fingerprint", look: look{mono: true, size: 1.5, breaks: true}},
	{class: "hash", look: look{mono: true, size: 0.92, breaks: true}},
	{class: "right", look: look{align: atEnd}},
	{class: "centre", look: look{align: atMiddle}},
	{class: "notice", look: look{fill: amberPaper, rim: amber, bar: true, margin: &edges{0.3, 0, 1, 0}, padding: &edges{0.6, 1, 0.6, 1}, keep: true}},
	{class: "danger", look: look{fill: oxidePaper, rim: oxide, bar: true, margin: &edges{0.3, 0, 1, 0}, padding: &edges{0.6, 1, 0.6, 1}, keep: true}},
	{class: "good", look: look{fill: greenPaper, rim: green, bar: true, margin: &edges{0.3, 0, 1, 0}, padding: &edges{0.6, 1, 0.6, 1}, keep: true}},
	{class: "card", look: look{fill: white, rim: hair, border: allRound, margin: &edges{0, 0, 1, 0}, padding: &edges{0.9, 1.1, 0.5, 1.1}}},
	{class: "wide", look: look{full: true}},
	{class: "write", look: look{leastWide: 5, leastHigh: 1.6}},
	{class: "signature", look: look{leastWide: 9, leastHigh: 2}},
	{class: "tall", look: look{leastHigh: 5}},
	{class: "keep", look: look{keep: true}},
	{class: "page", look: look{newPage: true}},
	{class: "tick", look: look{unmarked: true}},

	{within: "grid", look: look{border: onTop | onLeft, rim: edge}},
	{within: "grid", el: "th", look: look{border: onRight | onBottom, rim: edge, fill: rail, padding: &edges{0.3, 0.6, 0.3, 0.6}}},
	{within: "grid", el: "td", look: look{border: onRight | onBottom, rim: edge, fill: white, padding: &edges{0.3, 0.6, 0.3, 0.6}}},
	{within: "tick", el: "li", look: look{indent: -1.6}},
}

// classes are the names of the sheet, and the elements that may bear them.
var classes = map[string][]string{
	"lead":        {"p"},
	"muted":       {"p", "li", "td", "dd"},
	"fingerprint": {"p", "td"},
	"hash":        {"p", "td", "dd"},
	"right":       {"th", "td", "p"},
	"centre":      {"th", "td", "p", "h1", "figure"},
	"notice":      {"p", "section"},
	"danger":      {"p", "section"},
	"good":        {"p", "section"},
	"card":        {"section"},
	"wide":        {"table"},
	"grid":        {"table"},
	"write":       {"th", "td"},
	"signature":   {"th", "td"},
	"tall":        {"td"},
	"keep":        {"section", "p", "table", "ul", "ol", "dl"},
	"page":        {"section", "h1", "h2"},
	"tick":        {"ul"},
}

// lookOf collects what the sheet says of an element; around are the classes of
// the table or list that it belongs to.
func lookOf(n *node, around []string) look {
	var l look
	for _, r := range sheet {
		if r.matches(n, around) {
			l.add(r.look)
		}
	}
	return l
}

func (r *rule) matches(n *node, around []string) bool {
	switch {
	case r.within != "" && r.el == "":
		return contains(n.classes, r.within)
	case r.within != "":
		return n.el.name == r.el && contains(around, r.within)
	case r.class != "":
		return contains(n.classes, r.class)
	}
	return n.el.name == r.el
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// add applies what a later rule says.
func (l *look) add(r look) {
	set := func(to *float32, from float32) {
		if from != 0 {
			*to = from
		}
	}
	set(&l.size, r.size)
	set(&l.leading, r.leading)
	set(&l.indent, r.indent)
	set(&l.leastWide, r.leastWide)
	set(&l.leastHigh, r.leastHigh)
	set(&l.most, r.most)
	for _, c := range [][2]*color.NRGBA{{&l.ink, &r.ink}, {&l.fill, &r.fill}, {&l.rim, &r.rim}} {
		if c[1].A != 0 {
			*c[0] = *c[1]
		}
	}
	for _, b := range [][2]*bool{
		{&l.bold, &r.bold}, {&l.italic, &r.italic}, {&l.mono, &r.mono}, {&l.preserve, &r.preserve}, {&l.breaks, &r.breaks},
		{&l.underline, &r.underline}, {&l.bar, &r.bar}, {&l.full, &r.full}, {&l.unmarked, &r.unmarked}, {&l.newPage, &r.newPage}, {&l.keep, &r.keep},
	} {
		*b[0] = *b[0] || *b[1]
	}
	if r.margin != nil {
		l.margin = r.margin
	}
	if r.padding != nil {
		l.padding = r.padding
	}
	if r.border != 0 {
		l.border = r.border
	}
	if r.align != atStart {
		l.align = r.align
	}
}
