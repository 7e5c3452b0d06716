package kit

import (
	"image"
	"image/color"

	"gioui.org/layout"
	"gioui.org/op"
)

// Card draws w on a white card of the maximal width, pad pixels from its edges.
func Card(gtx layout.Context, pad image.Point, w layout.Widget) layout.Dimensions {
	width := gtx.Constraints.Max.X
	d, call := Record(Wide(gtx, width-2*pad.X), w)
	size := image.Pt(width, d.Size.Y+2*pad.Y)
	CardBox(gtx, image.Rectangle{Max: size}, Line, White)
	Put(gtx, pad.X, pad.Y, call)
	return layout.Dimensions{Size: size}
}

// CardBox paints the outline of a card.
func CardBox(gtx layout.Context, r image.Rectangle, rim, fill color.NRGBA) {
	Box(gtx.Ops, r, gtx.Dp(10), max(1, gtx.Dp(1)), rim, fill)
}

// Tone is how serious a notice is.
type Tone uint8

const (
	Caution Tone = iota
	Danger
	Good
)

func (t Tone) colours() (bar, fill color.NRGBA) {
	switch t {
	case Danger:
		return Oxide, OxidePaper
	case Good:
		return Green, GreenPaper
	default:
		return Amber, AmberPaper
	}
}

// Notice draws a text to be read before anything else, with its sign.
func Notice(gtx layout.Context, th *Theme, tone Tone, text string) layout.Dimensions {
	bar, fill := tone.colours()
	pad, sign := image.Pt(gtx.Dp(24), gtx.Dp(22)), gtx.Dp(30)
	if th.Low() {
		pad.Y = gtx.Dp(12)
	}
	left := gtx.Dp(6) + pad.X + sign + gtx.Dp(16)
	width := gtx.Constraints.Max.X
	m := op.Record(gtx.Ops)
	d := th.Text(Loose(gtx, width-left-pad.X), Style{Size: SizeText, Color: Ink}, text)
	call := m.Stop()
	h := max(d.Size.Y, sign) + 2*pad.Y
	Fill(gtx.Ops, image.Rect(0, 0, width, h), fill)
	Fill(gtx.Ops, image.Rect(0, 0, gtx.Dp(6), h), bar)
	one := th.Measure(gtx, Style{Size: SizeText}, "x", width).Y
	top := (h - d.Size.Y) / 2
	x, y := gtx.Dp(6)+pad.X, top+(one-sign)/2
	Sign(gtx.Ops, image.Rect(x, y, x+sign, y+sign), tone, bar)
	Put(gtx, left, top, call)
	return layout.Dimensions{Size: image.Pt(width, h)}
}

// Sign paints the sign that goes with a tone's colour.
func Sign(ops *op.Ops, r image.Rectangle, tone Tone, c color.NRGBA) {
	Disc(ops, r, c)
	inner := r.Inset(r.Dx() / 8)
	switch tone {
	case Danger:
		Cross(ops, inner, White)
	case Good:
		Check(ops, inner, White)
	default:
		Bang(ops, inner, White)
	}
}

// Field draws a frame for one line of text, with the caret after it.
func Field(gtx layout.Context, th *Theme, value string, mono, wrong bool) layout.Dimensions {
	rim := Ink
	if wrong {
		rim = Oxide
	}
	st := Style{Size: SizeLarge, Color: Ink}
	if mono {
		st.Face = Mono
	}
	pad, width := gtx.Dp(20), gtx.Constraints.Max.X
	d, call := Record(Loose(gtx, width-2*pad-gtx.Dp(8)), func(gtx layout.Context) layout.Dimensions {
		return th.Text(gtx, st, value)
	})
	line := th.Measure(gtx, st, "x", width).Y
	size := image.Pt(width, max(gtx.Dp(76), max(d.Size.Y, line)+2*gtx.Dp(14)))
	halo := image.Rectangle{Max: size}.Inset(-gtx.Dp(4))
	Round(gtx.Ops, halo, gtx.Dp(11), Halo)
	Box(gtx.Ops, image.Rectangle{Max: size}, gtx.Dp(8), max(1, gtx.Dp(2)), rim, White)
	top := (size.Y - max(d.Size.Y, line)) / 2
	Put(gtx, pad, top, call)
	x, y := pad, top
	if value != "" {
		last := th.lastLine(gtx, st, value, width-2*pad-gtx.Dp(8))
		x, y = pad+last.X+gtx.Dp(3), top+last.Y-line
	}
	Fill(gtx.Ops, image.Rect(x, y+gtx.Dp(2), x+max(2, gtx.Dp(3)), y+line-gtx.Dp(2)), Blue)
	return layout.Dimensions{Size: size}
}
