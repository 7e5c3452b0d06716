package ui

import (
	"bytes"
	"image"

	"anodize/core/ceremony"

	"gioui.org/io/key"
	"gioui.org/io/pointer"
	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/html"
	"anodize/ui/kit"
)

// reader is a page that is read on the screen, and looked through.
type reader struct {
	src     []byte
	view    *html.View // nil if the page cannot be drawn
	problem error
	touch   bool // a finger asked for a search: letters are drawn
}

// pageButton is a button for a page that is read: of the help, or a record.
type pageButton struct {
	label, key string
	does       target
}

// buttons are what can be done with a page besides reading it. While something is
// looked for, there is nothing else.
func (r *reader) buttons() []pageButton {
	switch {
	case r.view == nil:
		return nil
	case r.searching():
		return []pageButton{
			{"End the search", "Esc", target{do: func() { r.press(key.NameEscape) }}},
			{"Next place", "Enter", target{do: func() { r.press(key.NameReturn) }}},
		}
	}
	return []pageButton{{"Find", "F3", target{by: r.find}}}
}

func (r *reader) searching() bool { return r.view != nil && r.view.Searching() }

// find begins a search; a finger gets letters to touch.
func (r *reader) find(by pointer.Source) {
	r.press(key.NameF3)
	r.touch = r.searching() && by == pointer.Touch
}

// key gives a key to the page, and reports whether it had a use for it.
func (r *reader) key(e key.Event) bool {
	if r.view == nil || !r.view.Key(e) {
		return false
	}
	r.touch = r.touch && r.view.Finding()
	return true
}

func (r *reader) press(name key.Name) { r.key(key.Event{Name: name, State: key.Press}) }

// letters gives what was typed to the search.
func (r *reader) letters(text string) {
	if r.view != nil {
		r.view.Type(text)
	}
}

// writer is what the keyboard for a search does.
func (r *reader) writer() writer {
	return writer{
		text:  func(t string) target { return target{do: func() { r.letters(t) }} },
		erase: target{do: func() { r.press(key.NameDeleteBackward) }},
	}
}

// pageBody draws a page to read in all the room there is, in which it scrolls by itself;
// below it letters, if a finger looks for something.
func (s *Screens) pageBody(gtx layout.Context, b ceremony.PageBody) layout.Dimensions {
	s.openPage(b)
	if s.reader.view == nil {
		return kit.Notice(gtx, s.th, kit.Danger, "This page cannot be drawn: "+s.reader.problem.Error()+".")
	}
	whole := gtx.Constraints.Max
	size := whole
	if s.reader.touch {
		d, call := kit.Record(gtx, func(gtx layout.Context) layout.Dimensions { return s.smallKeys(gtx, s.reader.writer()) })
		kit.Put(gtx, 0, whole.Y-d.Size.Y, call)
		size.Y -= d.Size.Y + gtx.Dp(12)
	}
	thin := max(1, gtx.Dp(1))
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.Line)
	defer op.Offset(image.Pt(thin, thin)).Push(gtx.Ops).Pop()
	gtx.Constraints = layout.Exact(image.Pt(max(0, size.X-2*thin), max(0, size.Y-2*thin)))
	s.reader.view.Layout(gtx)
	return layout.Dimensions{Size: whole}
}

// openPage reads the page that the screen is about, unless it is open.
func (s *Screens) openPage(b ceremony.PageBody) {
	if r := &s.reader; r.view == nil && r.problem == nil || !bytes.Equal(r.src, b.HTML) {
		s.reader = s.read(b.HTML)
	}
}

// read parses a page and shows its beginning.
func (s *Screens) read(src []byte) reader {
	page, err := html.Parse(src)
	if err != nil {
		return reader{src: src, problem: err}
	}
	if s.fonts == nil {
		s.fonts = html.NewFonts()
	}
	return reader{src: src, view: html.NewView(s.fonts, page)}
}

// reading is the page that the screen is about, nil if there is none.
func (s *Screens) reading() *reader {
	if _, ok := s.shown.Body.(ceremony.PageBody); ok && s.reader.view != nil {
		return &s.reader
	}
	return nil
}

// readKey gives a key to the page, unless it is for the button that has the focus.
func (s *Screens) readKey(e key.Event) bool {
	r := s.reading()
	if r == nil || e.Name == key.NameReturn && s.focus != "" {
		return false
	}
	return r.key(e)
}
