package html

import (
	"bytes"
	"fmt"
	"strings"

	"golang.org/x/net/html"
)

// Tree is the tree of a page that is accepted: names, and words without white
// space.
func Tree(src []byte) string {
	p := parser{z: html.NewTokenizer(bytes.NewReader(src)), line: 1}
	if err := p.run(len(src)); err != nil {
		return err.Error()
	}
	var b strings.Builder
	var walk func(*node)
	walk = func(n *node) {
		if n.el == nil {
			b.WriteString(strings.Join(strings.Fields(n.text), ""))
			return
		}
		fmt.Fprintf(&b, "<%s>", n.el.name)
		for _, k := range n.kids {
			walk(k)
		}
		b.WriteString("</>")
	}
	walk(p.root)
	return b.String()
}
