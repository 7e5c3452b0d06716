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

// Fit returns gtx with the metric of a screen of its maximal size.
func (th *Theme) Fit(gtx layout.Context) layout.Context {
	th.window = gtx.Constraints.Max
	th.scale = Scale(th.window)
	gtx.Metric = unit.Metric{PxPerDp: th.scale, PxPerSp: th.scale}
	th.touch = max(gtx.Dp(64), min(44, gtx.Constraints.Max.Y/12))
	th.minText = max(8, gtx.Dp(SizeSmall))
	return gtx
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

// Touch is the least height in pixels of what can be touched.
func (th *Theme) Touch() int { return th.touch }
