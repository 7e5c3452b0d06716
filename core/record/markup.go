package record

import (
	"fmt"
	"slices"
	"strings"
)

// markup is well-formed HTML. The functions of this file alone make it, from
// the elements below and from escaped text.
type markup string

// tag is an element; class is one of the few that the page's style knows.
type (
	tag   string
	class string
)

const (
	h1        tag = "h1"
	h2        tag = "h2"
	h3        tag = "h3"
	paragraph tag = "p"
	list      tag = "ul"
	item      tag = "li"
	tableTag  tag = "table"
	tableHead tag = "thead"
	tableBody tag = "tbody"
	row       tag = "tr"
	headCell  tag = "th"
	cell      tag = "td"
	strong    tag = "strong"
	code      tag = "code"
	mark      tag = "mark"
)

const (
	plain     class = ""
	danger    class = "danger"      // a paragraph that nobody may overlook
	digest    class = "fingerprint" // a digest to be compared from afar
	grid      class = "grid wide"   // a table with lines between its cells
	open      class = "wide"        // a table without
	short     class = "write"       // a cell with room for a time
	signature class = "signature"   // a cell with room for a name
)

// el is an element around its parts.
func el(t tag, parts ...markup) markup { return of(t, plain, parts...) }

// of is an element of a class.
func of(t tag, c class, parts ...markup) markup {
	start := "<" + markup(t)
	if c != plain {
		start += ` class="` + markup(c) + `"`
	}
	out := join(append(append([]markup{start + ">"}, parts...), "</"+markup(t)+">")...)
	switch t {
	case strong, code, mark, headCell, cell:
		return out
	default:
		return out + "\n" // one block a line, for people with a text editor
	}
}

// join puts parts after one another.
func join(parts ...markup) markup {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(string(p))
	}
	return markup(b.String())
}

// lines puts parts on a line each.
func lines(parts ...markup) markup {
	var out []markup
	for _, p := range parts {
		if len(out) > 0 {
			out = append(out, "<br>")
		}
		out = append(out, p)
	}
	return join(out...)
}

// section is a part of the page that can be linked to.
func section(id, title string, parts ...markup) markup {
	return join(`<section id="`, words(id), "\">\n", el(h2, words(title)), join(parts...), "</section>\n")
}

// link leads to a section.
func link(id, title string) markup {
	return join(`<a href="#`, words(id), `">`, words(title), "</a>")
}

// table has a row of heads and the rows below it.
func table(heads []string, rows [][]markup) markup {
	var body []markup
	for _, r := range rows {
		var cells []markup
		for _, c := range r {
			cells = append(cells, el(cell, c))
		}
		body = append(body, el(row, cells...))
	}
	return tableOf(heads, body)
}

// tableOf is a table of rows that are made already.
func tableOf(heads []string, rows []markup) markup {
	var head []markup
	for _, h := range heads {
		head = append(head, el(headCell, words(h)))
	}
	return of(tableTag, grid, el(tableHead, el(row, head...)), el(tableBody, rows...))
}

// fact is a name and its value.
type fact struct {
	name  string
	value markup
}

// factTable has a fact a row.
func factTable(all ...fact) markup {
	var rows []markup
	for _, f := range all {
		rows = append(rows, el(row, el(headCell, data(f.name)), el(cell, f.value)))
	}
	return of(tableTag, grid, el(tableBody, rows...))
}

// words is our own text.
func words(s string) markup { return markup(escaper.Replace(s)) }

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")

// number is a number in decimal.
func number[T ~int | ~int64 | ~uint16 | ~uint32 | ~uint64](n T) markup {
	return words(fmt.Sprint(n))
}

// counted is a number of things: 1 record, 2 records.
func counted(n int, thing string) markup {
	if n == 1 {
		return words("1 " + thing)
	}
	return words(fmt.Sprintf("%d %ss", n, thing))
}

// longest is the length in bytes of the longest word that is never cut.
const longest = 40

// data is text from a log or a file. A line feed begins a new line. Whatever
// cannot be seen as it is, spaces that a browser would swallow among it, is
// shown by its code point. Words too long for a line are set so that they break.
func data(s string) markup {
	if slices.ContainsFunc(strings.Fields(s), func(word string) bool { return len(word) > longest }) {
		return mono(s)
	}
	return visible(s)
}

func visible(s string) markup {
	var b strings.Builder
	for i, r := range s {
		last := i+len(string(r)) >= len(s)
		swallowed := r == ' ' && (i == 0 || last || s[i-1] == ' ' || s[i-1] == '\n')
		switch {
		case r == '\n':
			b.WriteString("<br>")
		case swallowed || hidden(r):
			b.WriteString(string(el(mark, words(fmt.Sprintf("[%U]", r)))))
		default:
			b.WriteString(escaper.Replace(string(r)))
		}
	}
	return markup(b.String())
}

// mono is data that people compare letter by letter. A line may end between every
// sixteen digits of a digest, which leaves nothing in what is copied.
func mono(s string) markup {
	if len(s) < 2*group || strings.Trim(s, "0123456789abcdef") != "" {
		return el(code, visible(s))
	}
	var parts []markup
	for part := range slices.Chunk([]byte(s), group) {
		if len(parts) > 0 {
			parts = append(parts, "<wbr>")
		}
		parts = append(parts, words(string(part)))
	}
	return el(code, parts...)
}

// group is how many digits of a digest stay on one line.
const group = 16

// name is data within our own words, kept apart from them.
func name(s string) markup { return el(strong, data(s)) }

// hiddenRanges are the characters that are not shown as they are: controls,
// spaces other than U+0020, what is ignored in rendering, what directs the
// direction of writing, and what has no meaning of its own (private use,
// noncharacters, unpaired halves). They are listed here, and not taken from
// package unicode, so that a newer Unicode changes no page.
var hiddenRanges = [][2]rune{
	{0x0000, 0x001f}, {0x007f, 0x00a0}, {0x00ad, 0x00ad}, {0x034f, 0x034f}, {0x061c, 0x061c}, {0x115f, 0x1160},
	{0x1680, 0x1680}, {0x17b4, 0x17b5}, {0x180b, 0x180f}, {0x2000, 0x200f}, {0x2028, 0x202f}, {0x205f, 0x206f},
	{0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164}, {0xd800, 0xf8ff}, {0xfdd0, 0xfdef}, {0xfe00, 0xfe0f},
	{0xfeff, 0xfeff}, {0xffa0, 0xffa0}, {0xfff0, 0xfffd}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0x10ffff},
}

func hidden(r rune) bool {
	return r&0xfffe == 0xfffe || slices.ContainsFunc(hiddenRanges, func(h [2]rune) bool { return h[0] <= r && r <= h[1] })
}
