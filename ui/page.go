package ui

import (
	"bytes"
	"image"

	"anodize/core/ceremony"

	"gioui.org/io/key"
	"gioui.org/layout"
	"gioui.org/op"

	"anodize/ui/html"
	"anodize/ui/kit"
)

// reader is a page that is read on the screen.
type reader struct {
	src     []byte
	view    *html.View // nil if the page cannot be drawn
	problem error
}

// pageBody draws a page to read in all the room there is, in which it scrolls by itself.
func (s *Screens) pageBody(gtx layout.Context, b ceremony.PageBody) layout.Dimensions {
	if r := &s.reader; r.view == nil && r.problem == nil || !bytes.Equal(r.src, b.HTML) {
		s.reader = s.read(b.HTML)
	}
	if s.reader.view == nil {
		return kit.Notice(gtx, s.th, kit.Danger, "This page cannot be drawn: "+s.reader.problem.Error()+".")
	}
	size := gtx.Constraints.Max
	thin := max(1, gtx.Dp(1))
	kit.Fill(gtx.Ops, image.Rectangle{Max: size}, kit.Line)
	defer op.Offset(image.Pt(thin, thin)).Push(gtx.Ops).Pop()
	gtx.Constraints = layout.Exact(image.Pt(max(0, size.X-2*thin), max(0, size.Y-2*thin)))
	s.reader.view.Layout(gtx)
	return layout.Dimensions{Size: size}
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
func (s *Screens) reading() *html.View {
	if _, ok := s.shown.Body.(ceremony.PageBody); ok {
		return s.reader.view
	}
	return nil
}

// readKey gives a key to the page, unless it is for the button that has the focus.
func (s *Screens) readKey(e key.Event) bool {
	view := s.reading()
	if view == nil || e.Name == key.NameReturn && s.focus != "" {
		return false
	}
	return view.Key(e)
}
