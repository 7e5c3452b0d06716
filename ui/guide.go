package ui

import (
	"maps"

	"anodize/core/ceremony"

	"gioui.org/io/key"

	"anodize/assets"
	"anodize/ui/help"
	"anodize/ui/html"
)

// helpKey opens and closes the help.
const helpKey = key.NameF1

// guide is the help: the page of the present step, or the whole runbook at it. The
// ceremony does not know of it. While it is open it has all keys; once it is closed,
// a key that was down then does nothing until it is pressed again.
type guide struct {
	open   bool
	screen uint64 // that it is about
	place  help.Place
	whole  bool // the runbook is shown, or what a link led to, not the page
	reader reader
	focus  string // what had the focus on the ceremony's side
	deaf   map[key.Name]bool
}

// toggleGuide opens the help at the present step, or closes it.
func (s *Screens) toggleGuide() {
	g := &s.guide
	s.accents, s.digits = accents{}, false
	if g.open {
		s.focus = g.focus
		*g = guide{deaf: maps.Clone(s.down)}
		return
	}
	s.letGo()
	*g = guide{open: true, focus: s.focus}
	s.focus = ""
	s.guideTo(s.shown, false)
}

// guideTo shows the page that belongs to v, or the runbook at it.
func (s *Screens) guideTo(v *ceremony.View, whole bool) {
	g := &s.guide
	g.screen, g.place = v.Screen, help.For(v)
	to := html.Link{Page: g.place.Page}
	if whole {
		to = html.Link{Page: g.place.Runbook, ID: g.place.Anchor}
	}
	s.guideOpen(to, whole)
}

// guideOpen shows a page in the help. Links in it lead to others.
func (s *Screens) guideOpen(to html.Link, whole bool) {
	g := &s.guide
	g.whole = whole
	src, err := assets.Page(to.Page)
	if err != nil {
		g.reader = reader{problem: err}
		return
	}
	if g.reader = s.read(src); g.reader.view == nil {
		return
	}
	g.reader.view.Follow = func(l html.Link) { s.guideOpen(l, true) }
	if to.ID != "" {
		g.reader.view.GoTo(to.ID)
	}
}

// moved tells whether the ceremony shows another screen than the help is about.
func (g *guide) moved(v *ceremony.View) bool { return g.screen != v.Screen }

// turnGuide goes between the page and the runbook, or to the page of the screen that
// the ceremony has moved on to.
func (s *Screens) turnGuide() {
	s.guideTo(s.shown, !s.guide.whole && !s.guide.moved(s.shown))
}

// guideKey takes a key while the help is open: none of them gets further.
func (s *Screens) guideKey(e key.Event) {
	switch {
	case s.guide.reader.key(e):
	case e.Name == key.NameEscape:
		s.toggleGuide()
	case e.Name == key.NameF2:
		s.turnGuide()
	}
}

// hears tells whether a letter is meant for the ceremony: not while a key is down
// that was pressed in the help.
func (s *Screens) hears() bool { return !s.guide.open && len(s.guide.deaf) == 0 }

// secret tells whether a view has words of a share in the open, which are never
// drawn beside anything else.
func secret(v *ceremony.View) bool {
	switch b := v.Body.(type) {
	case ceremony.ShareBody:
		return true
	case ceremony.EntryBody:
		return b.Revealed != nil
	}
	return false
}
