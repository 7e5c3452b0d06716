package host

import (
	"image"
	"slices"
	"strings"

	"gioui.org/io/input"
	"gioui.org/io/semantic"
)

// Label is a text or a button on the screen, as the semantic tree has it.
type Label struct {
	Text     string
	Button   bool
	Disabled bool
	Why      string          // of a disabled button
	Bounds   image.Rectangle // pixels of the window
	Seen     image.Rectangle // what is in sight of them; empty if scrolled away
}

// Whole tells whether nothing of it is scrolled out of sight.
func (l Label) Whole() bool { return l.Seen == l.Bounds && !l.Seen.Empty() }

// Labels returns what is on the screen, in the order in which it is drawn: texts,
// and buttons with the texts on them. What is scrolled out of sight is among them.
func (h *Headless) Labels() []Label {
	var ls []Label
	nodes := h.router.AppendSemantics(nil)
	if len(nodes) == 0 {
		return nil
	}
	var walk func(n input.SemanticNode, in image.Rectangle)
	walk = func(n input.SemanticNode, in image.Rectangle) {
		in = in.Intersect(n.Desc.Bounds)
		if d := n.Desc; d.Label != "" {
			ls = append(ls, Label{
				Text:     d.Label,
				Button:   d.Class == semantic.Button,
				Disabled: d.Disabled,
				Why:      d.Description,
				Bounds:   d.Bounds,
				Seen:     in,
			})
		}
		for _, c := range n.Children {
			walk(c, in)
		}
	}
	walk(nodes[0], image.Rect(0, 0, h.target.Width, h.target.Height))
	return ls
}

// Texts returns every text that is wholly in sight, each once, in the order in
// which it is drawn. Words of a share are not among them: they are called hidden or shown.
func (h *Headless) Texts() []string {
	var ts []string
	for _, l := range h.Labels() {
		if l.Whole() && !slices.Contains(ts, l.Text) {
			ts = append(ts, l.Text)
		}
	}
	return ts
}

// HasText tells whether a text that is wholly in sight contains substr.
func (h *Headless) HasText(substr string) bool {
	return slices.ContainsFunc(h.Labels(), func(l Label) bool { return l.Whole() && strings.Contains(l.Text, substr) })
}
