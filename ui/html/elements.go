package html

import "slices"

// group is what an element is, and a set of what may stand in it.
type group uint16

const (
	isRoot   group = 1 << iota // html
	isPart                     // head, body
	isMeta                     // in a head
	isBlock                    // p, lists, tables …
	isInline                   // words, and what stands between them
	isItem                     // li
	isTerm                     // dt, dd
	isTable                    // caption, thead, tbody
	isRow                      // tr
	isCell                     // th, td
	isFigure                   // figcaption
	isDetail                   // summary

	flow = isBlock | isInline
)

// element is one of the elements of the subset.
type element struct {
	name  string
	is    group
	holds group
	void  bool // has no end tag
	raw   bool // holds text only, not words: title, style
	attrs []string
}

// elements is the subset.
var elements = []element{
	{name: "html", is: isRoot, holds: isPart, attrs: []string{"lang"}},
	{name: "head", is: isPart, holds: isMeta},
	{name: "body", is: isPart, holds: flow, attrs: []string{"id"}},
	{name: "meta", is: isMeta, void: true, attrs: []string{"charset"}},
	{name: "title", is: isMeta, raw: true},
	{name: "style", is: isMeta, raw: true},
	{name: "section", is: isBlock, holds: flow, attrs: []string{"id", "class"}},
	{name: "h1", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "h2", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "h3", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "h4", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "p", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "pre", is: isBlock, holds: isInline, attrs: []string{"id", "class"}},
	{name: "ul", is: isBlock, holds: isItem, attrs: []string{"id", "class"}},
	{name: "ol", is: isBlock, holds: isItem, attrs: []string{"id", "class", "start"}},
	{name: "li", is: isItem, holds: flow, attrs: []string{"id", "class"}},
	{name: "dl", is: isBlock, holds: isTerm, attrs: []string{"id", "class"}},
	{name: "dt", is: isTerm, holds: isInline, attrs: []string{"id", "class"}},
	{name: "dd", is: isTerm, holds: flow, attrs: []string{"id", "class"}},
	{name: "hr", is: isBlock, void: true, attrs: []string{"class"}},
	{name: "figure", is: isBlock, holds: flow | isFigure, attrs: []string{"id", "class"}},
	{name: "figcaption", is: isFigure, holds: flow, attrs: []string{"class"}},
	{name: "table", is: isBlock, holds: isTable, attrs: []string{"id", "class"}},
	{name: "caption", is: isTable, holds: isInline, attrs: []string{"class"}},
	{name: "thead", is: isTable, holds: isRow},
	{name: "tbody", is: isTable, holds: isRow},
	{name: "tr", is: isRow, holds: isCell},
	{name: "th", is: isCell, holds: flow, attrs: []string{"class", "colspan", "scope"}},
	{name: "td", is: isCell, holds: flow, attrs: []string{"class", "colspan"}},
	{name: "details", is: isBlock, holds: flow | isDetail, attrs: []string{"id", "class", "open"}},
	{name: "summary", is: isDetail, holds: isInline},
	{name: "strong", is: isInline, holds: isInline},
	{name: "em", is: isInline, holds: isInline},
	{name: "b", is: isInline, holds: isInline},
	{name: "i", is: isInline, holds: isInline},
	{name: "code", is: isInline, holds: isInline},
	{name: "kbd", is: isInline, holds: isInline},
	{name: "mark", is: isInline, holds: isInline},
	{name: "small", is: isInline, holds: isInline},
	{name: "a", is: isInline, holds: isInline, attrs: []string{"href"}},
	{name: "br", is: isInline, void: true},
	{name: "wbr", is: isInline, void: true},
	{name: "img", is: isInline, void: true, attrs: []string{"src", "alt", "width", "height"}},
	{name: "input", is: isInline, void: true, attrs: []string{"type", "disabled"}},
}

var byName = func() map[string]*element {
	m := map[string]*element{}
	for i := range elements {
		m[elements[i].name] = &elements[i]
	}
	return m
}()

func (e *element) takes(attr string) bool { return slices.Contains(e.attrs, attr) }

// within are pairs of elements of which the first may not stand anywhere in the
// second, because the HTML parser or our layout would not keep them so.
var within = map[string][]string{
	"a":     {"a", "summary"},
	"table": {"table"},
	"img":   {"pre"},
	"input": {"pre"},
	"small": {"pre"},
}

// node is an element, or a text.
type node struct {
	el   *element // nil: text
	text string
	line int
	kids []*node
	attributes
}

// child returns the first child of that name, nil if there is none.
func (n *node) child(name string) *node {
	for _, k := range n.kids {
		if k.el != nil && k.el.name == name {
			return k
		}
	}
	return nil
}
