// Package kit holds what the screens are made of: colours, type, buttons, keys,
// cards, and the signs drawn as paths.
//
// It guarantees that every text it draws has a label of the same extent in
// Gio's semantic tree, so that what people see can be checked by a program; that
// no text is ever shortened; and that nothing which can be touched is lower than
// Theme.Touch. Words of a share are the exception to the first: they are drawn
// letter by letter, and neither the semantic tree nor the shaper's cache ever
// holds one.
package kit

import (
	"image"
	"math"

	"gioui.org/font"
	"gioui.org/font/gofont"
	"gioui.org/layout"
	"gioui.org/text"
	"gioui.org/unit"
)

// Sizes of type in device-independent pixels, which are pixels at 1080 lines.
const (
	SizeTitle    = 52
	SizeLarge    = 32
	SizeAction   = 28
	SizeSentence = 26
	SizeText     = 24
	SizeDetail   = 22
	SizeNote     = 20
	SizeSmall    = 18 // nothing is smaller
)

// Shrunk is the one step by which a body that does not fit is made smaller
// before it scrolls.
const Shrunk = 0.86

// Theme draws with the Go fonts at a size that follows the screen's.
// It is not safe for concurrent use.
type Theme struct {
	shaper *text.Shaper
	qr     qrCache

	panel   image.Point // millimetres; zero if not known
	window  image.Point // pixels
	scale   float32     // pixels in a device-independent pixel, before shrinking
	touch   int         // pixels
	minText int         // pixels
}

// NewTheme returns a theme. It reads no file: the fonts are in the program.
func NewTheme() *Theme {
	var faces []font.FontFace
	for _, f := range gofont.Collection() {
		light := f.Font.Style == font.Regular && f.Font.Weight <= font.Medium
		known := f.Font.Typeface == goText || f.Font.Typeface == goMedium || f.Font.Typeface == goMono
		if light && known {
			faces = append(faces, f)
		}
	}
	return &Theme{
		shaper: text.NewShaper(text.NoSystemFonts(), text.WithCollection(faces)),
		scale:  1,
	}
}

// Scale returns how many pixels a device-independent pixel has on a screen of
// size: one at 1080 lines, in proportion above, two thirds at 600 lines, and
// never so many that the screen is narrower than 1200 of them.
func Scale(size image.Point) float32 {
	h := float32(size.Y)
	s := h / 1080
	switch {
	case h < 600:
		s = h / 900
	case h < 1080:
		s = (2 + (h-600)/480) / 3
	}
	return max(0.1, min(s, float32(size.X)/1200))
}

// Sizes on a panel.
const (
	touchMillimetres = 12  // least height of what can be touched
	textMillimetres  = 3.2 // least height of a line of ordinary text
)

// SetPanel tells the size of the panel in millimetres, zero if it is not known. A
// size that no panel has, as projectors tell, is taken for not known.
func (th *Theme) SetPanel(mm image.Point) {
	th.panel = image.Point{}
	if mm.X >= 90 && mm.Y >= 50 && mm.X <= 2000 && mm.Y <= 2000 {
		th.panel = mm
	}
}

// perMillimetre is the number of pixels in a millimetre, 0 if it is not known.
func (th *Theme) perMillimetre(size image.Point) float32 {
	if th.panel.X == 0 {
		return 0
	}
	return max(float32(size.X)/float32(th.panel.X), float32(size.Y)/float32(th.panel.Y))
}

// Scale returns how many pixels a device-independent pixel has on a screen of size:
// as Scale, or more on a panel so small that text would be hard to read, as long as
// everything has room.
func (th *Theme) Scale(size image.Point) float32 {
	s := Scale(size)
	least := textMillimetres * th.perMillimetre(size) / SizeText
	most := min(float32(size.X)/1200, float32(size.Y)/900)
	return max(s, min(least, most))
}

// Fit returns gtx with the metric of a screen of its maximal size.
func (th *Theme) Fit(gtx layout.Context) layout.Context {
	th.window = gtx.Constraints.Max
	th.scale = th.Scale(th.window)
	gtx.Metric = unit.Metric{PxPerDp: th.scale, PxPerSp: th.scale}
	th.touch = th.touchPixels(gtx)
	th.minText = max(8, gtx.Dp(SizeSmall))
	return gtx
}

// touchPixels is the least height of what can be touched: twelve millimetres if the
// panel's size is known, else 64 pixels; not so much that a keyboard has no room.
func (th *Theme) touchPixels(gtx layout.Context) int {
	px := max(64, gtx.Dp(64))
	if mm := th.perMillimetre(th.window); mm > 0 {
		px = max(gtx.Dp(64), int(math.Ceil(float64(touchMillimetres*mm))))
	}
	return min(px, th.window.Y/9)
}

// Shrink returns gtx one step smaller. Touch targets and the smallest text keep
// their size.
func (th *Theme) Shrink(gtx layout.Context) layout.Context {
	s := th.scale * Shrunk
	gtx.Metric = unit.Metric{PxPerDp: s, PxPerSp: s}
	return gtx
}

// Narrow tells whether the phases stand in a strip under the top bar instead of
// a rail at the left.
func (th *Theme) Narrow() bool {
	return th.window.X < 1280 || float32(th.window.X) < 1400*th.scale
}

// Low tells whether height is scarce.
func (th *Theme) Low() bool { return th.window.Y < 900 }

// Crowded tells whether a keyboard takes most of the height.
func (th *Theme) Crowded() bool { return th.window.Y < 11*th.touch }

// Touch is the least height in pixels of what can be touched.
func (th *Theme) Touch() int { return th.touch }
