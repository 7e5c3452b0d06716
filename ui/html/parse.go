package html

import (
	"bytes"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Parse reads a page of the subset. Its error is an *Error.
//
// The HTML tokenizer (HTML standard, section 13.2.5) finds tags, attributes and
// character references; Parse builds the tree itself, so that nothing is closed,
// moved or forgiven silently and every refusal has its line. Whatever it accepts
// has the same tree by the standard's own rules of construction.
func Parse(src []byte) (*Page, error) {
	if len(src) > MaxSize {
		return nil, refuse(1, "the page is larger than %d MiB", MaxSize>>20)
	}
	if err := clean(src); err != nil {
		return nil, err
	}
	p := parser{z: html.NewTokenizer(bytes.NewReader(src)), line: 1}
	p.z.SetMaxBuf(MaxSize + 1)
	if err := p.run(len(src)); err != nil {
		return nil, err
	}
	return p.page()
}

// clean refuses bytes that no page holds.
func clean(src []byte) error {
	line := 1
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		switch {
		case r == '\n':
			line++
		case r == utf8.RuneError && n == 1:
			return refuse(line, "the byte %#02x is not UTF-8", src[i])
		case control(r):
			return refuse(line, "the control character %U", r)
		}
		i += n
	}
	return nil
}

// control reports characters that no text holds.
func control(r rune) bool {
	return r < 0x20 && r != '\t' && r != '\n' || r >= 0x7F && r < 0xA0
}

// printable refuses control characters that came out of character references.
func printable(line int, s string) error {
	for _, r := range s {
		if control(r) {
			return refuse(line, "a character reference to the control character %U", r)
		}
	}
	return nil
}

// parser builds the tree of a page.
type parser struct {
	z        *html.Tokenizer
	line     int // where the present token begins
	root     *node
	stack    []*node // open elements
	doctype  bool
	elements int
	cells    int
	ids      map[string]bool
	links    []*node
	images   gallery
}

func (p *parser) run(size int) error {
	read, torn := 0, false
	for {
		kind := p.z.Next()
		raw := p.z.Raw()
		read += len(raw)
		lines := bytes.Count(raw, []byte("\n"))
		if kind == html.ErrorToken {
			if err := p.z.Err(); err != io.EOF {
				return refuse(p.line, "the page cannot be read: %v", err)
			}
			torn = len(raw) > 0
			break
		}
		if err := p.token(kind); err != nil {
			return err
		}
		p.line += lines
	}
	switch {
	case read != size || torn:
		return refuse(p.line, "the page ends within a tag")
	case len(p.stack) > 0:
		top := p.stack[len(p.stack)-1]
		return refuse(p.line, "the page ends, but <%s> of line %d is not closed", top.el.name, top.line)
	case p.root == nil:
		return refuse(p.line, "the page is empty")
	}
	return nil
}

func (p *parser) token(kind html.TokenType) error {
	switch kind {
	case html.DoctypeToken:
		if p.doctype || p.root != nil || !strings.EqualFold(string(p.z.Text()), "html") {
			return refuse(p.line, "a page begins with <!DOCTYPE html>, once")
		}
		p.doctype = true
		return nil
	case html.TextToken:
		return p.words(string(p.z.Text()))
	case html.StartTagToken, html.SelfClosingTagToken:
		return p.open(kind == html.SelfClosingTagToken)
	case html.EndTagToken:
		return p.close()
	}
	return refuse(p.line, "comments and instructions are not part of the subset")
}

// top is the element that is open, nil if none is.
func (p *parser) top() *node {
	if len(p.stack) == 0 {
		return nil
	}
	return p.stack[len(p.stack)-1]
}

func blank(s string) bool { return strings.Trim(s, " \t\n") == "" }

func (p *parser) words(text string) error {
	top := p.top()
	if top == nil {
		if blank(text) {
			return nil
		}
		return refuse(p.line, "text outside of the page")
	}
	if err := printable(p.line, text); err != nil {
		return err
	}
	if !top.el.raw && top.el.holds&isInline == 0 {
		if blank(text) {
			return nil
		}
		return refuse(p.line, "text may not stand in <%s>", top.el.name)
	}
	if p.inside("pre") {
		if strings.Contains(text, "\t") {
			return refuse(p.line, "a tab in <pre>: write spaces")
		}
		if top.el.name == "pre" && len(top.kids) == 0 {
			// The HTML standard, 13.2.6.4.7: a newline right after <pre> is dropped.
			text = strings.TrimPrefix(text, "\n")
		}
	}
	if text != "" {
		top.kids = append(top.kids, &node{text: text, line: p.line})
	}
	return nil
}

func (p *parser) inside(name string) bool {
	for _, n := range p.stack {
		if n.el.name == name {
			return true
		}
	}
	return false
}

func (p *parser) open(selfClosing bool) error {
	name, more := p.z.TagName()
	el := byName[string(name)]
	if el == nil {
		return refuse(p.line, "<%s> is not part of the subset", bare(name))
	}
	if selfClosing && !el.void {
		return refuse(p.line, "<%s/> does not close it: write </%s>", el.name, el.name)
	}
	n := &node{el: el, line: p.line}
	for more {
		var key, value []byte
		key, value, more = p.z.TagAttr()
		if err := n.set(el, p.line, string(key), string(value)); err != nil {
			return err
		}
	}
	if err := n.required(el, p.line); err != nil {
		return err
	}
	if err := p.place(n); err != nil {
		return err
	}
	if !el.void {
		p.stack = append(p.stack, n)
	}
	return nil
}

// bare is the name of an unknown element as an error may show it.
func bare(name []byte) string {
	s := quoted(string(name))
	return strings.Trim(s, `"`)
}

// place puts a new element where it stands, if it may.
func (p *parser) place(n *node) error {
	top := p.top()
	switch {
	case !p.doctype:
		return refuse(p.line, "a page begins with <!DOCTYPE html>")
	case top == nil && (n.el.is != isRoot || p.root != nil):
		return refuse(p.line, "<%s> stands outside of the page", n.el.name)
	case top != nil && top.el.holds&n.el.is == 0:
		return refuse(p.line, "<%s> may not stand in <%s>", n.el.name, top.el.name)
	case len(p.stack) >= MaxDepth:
		return refuse(p.line, "elements are nested more than %d deep", MaxDepth)
	}
	if p.elements++; p.elements > MaxElements {
		return refuse(p.line, "the page has more than %d elements", MaxElements)
	}
	for _, outer := range within[n.el.name] {
		if p.inside(outer) {
			return refuse(p.line, "<%s> may not stand within <%s>", n.el.name, outer)
		}
	}
	if err := p.note(n); err != nil {
		return err
	}
	if top == nil {
		p.root = n
		return nil
	}
	if err := inOrder(top, n); err != nil {
		return err
	}
	top.kids = append(top.kids, n)
	return nil
}

// note keeps what is checked over the whole page.
func (p *parser) note(n *node) error {
	if n.id != "" {
		if p.ids == nil {
			p.ids = map[string]bool{}
		}
		if p.ids[n.id] {
			return refuse(n.line, "the id %s is there twice", n.id)
		}
		p.ids[n.id] = true
	}
	switch n.el.name {
	case "a":
		p.links = append(p.links, n)
	case "img":
		return p.images.add(n)
	case "th", "td":
		if p.cells += max(1, n.colspan); p.cells > MaxCells {
			return refuse(n.line, "the page has more than %d table cells", MaxCells)
		}
	}
	return nil
}

// inOrder holds what may stand in an element only once, or only first.
func inOrder(top, n *node) error {
	once, first := false, false
	switch n.el.name {
	case "head", "meta", "title", "style", "figcaption":
		once = true
	case "caption", "summary":
		first = true
	case "body":
		if once = true; top.child("head") == nil {
			return refuse(n.line, "<body> comes after <head>")
		}
	case "thead":
		if once = true; top.child("tbody") != nil {
			return refuse(n.line, "<thead> comes before <tbody>")
		}
	}
	if n.el.name == "head" && top.child("body") != nil {
		return refuse(n.line, "<head> comes before <body>")
	}
	if once && top.child(n.el.name) != nil {
		return refuse(n.line, "<%s> has a second <%s>", top.el.name, n.el.name)
	}
	if first {
		for _, k := range top.kids {
			if k.el != nil || !blank(k.text) {
				return refuse(n.line, "<%s> comes first in <%s>", n.el.name, top.el.name)
			}
		}
	}
	if top.el.name == "details" && n.el.name != "summary" && top.child("summary") == nil {
		return refuse(n.line, "<details> begins with its <summary>")
	}
	return nil
}

func (p *parser) close() error {
	b, more := p.z.TagName()
	name, top := string(b), p.top()
	switch {
	case more:
		return refuse(p.line, "</%s> has attributes", bare(b))
	case byName[name] == nil:
		return refuse(p.line, "</%s> is not part of the subset", bare(b))
	case byName[name].void:
		return refuse(p.line, "<%s> has no end tag", name)
	case top == nil:
		return refuse(p.line, "</%s> closes nothing", name)
	case top.el.name != name:
		return refuse(p.line, "</%s> where <%s> of line %d is open", name, top.el.name, top.line)
	}
	p.stack = p.stack[:len(p.stack)-1]
	return complete(top)
}

// complete refuses an element that lacks what it must hold.
func complete(n *node) error {
	need := ""
	switch n.el.name {
	case "html":
		need = "body"
	case "head":
		if n.child("meta") == nil {
			return refuse(n.line, `<head> lacks <meta charset="utf-8">`)
		}
		need = "title"
	case "table":
		need = "tbody"
	case "details":
		need = "summary"
	case "style":
		if ownText(n) != CSS() {
			return refuse(n.line, "<style> is not the sheet of this program: a page has no other style")
		}
	}
	if need != "" && n.child(need) == nil {
		return refuse(n.line, "<%s> lacks its <%s>", n.el.name, need)
	}
	return nil
}

// ownText is the text directly in a node.
func ownText(n *node) string {
	var b strings.Builder
	for _, k := range n.kids {
		b.WriteString(k.text)
	}
	return b.String()
}

// page checks what can only be seen at the end, and compiles the tree.
func (p *parser) page() (*Page, error) {
	for _, a := range p.links {
		if a.page == "" && !p.ids[a.href] {
			return nil, refuse(a.line, "the link to #%s, which is not on this page", a.href)
		}
	}
	head, body := p.root.child("head"), p.root.child("body")
	return compile(strings.Join(strings.Fields(ownText(head.child("title"))), " "), body)
}
