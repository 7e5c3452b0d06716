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

// Word is a word as it was laid out, for comparison with other programs.
type Word struct {
	Text string
	Line int  // counted from 0, from the top of the page; words side by side in different cells may differ
	X, Y int  // pixels, its left edge and its baseline
	Rest bool // of a word that was begun on the line before
}

// Words returns the page's words in reading order, without the signs of list
// items: what stands between spaces,
// parted where a line ends.
func (l *Layout) Words() []Word {
	var all []Word
	for i := range l.lines {
		ln := &l.lines[i]
		if ln.sign {
			continue
		}
		all = append(all, l.wordsOf(i, ln)...)
	}
	return all
}

func (l *Layout) wordsOf(i int, ln *line) []Word {
	var words []Word
	within := false
	for _, f := range l.frags[ln.from:ln.to] {
		r := &ln.para.runs[f.run]
		if r.kind != wordRun && r.kind != missingRun {
			continue
		}
		for at, c := range ln.para.text[f.start:f.end] {
			if c == ' ' {
				within = false
				continue
			}
			if !within {
				x := ln.x + f.x + l.measure(r, ln.para.text[f.start:int(f.start)+at])
				rest := len(words) == 0 && f.start > 0 && at == 0 && !isSpace(ln.para.text[f.start-1])
				words = append(words, Word{Line: i, X: x >> frac, Y: ln.baseline, Rest: rest})
				within = true
			}
			words[len(words)-1].Text += string(c)
		}
	}
	return words
}
