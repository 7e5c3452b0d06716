package raster

import (
	"fmt"
	"image"
	"image/color"
	"math/rand/v2"
	"testing"

	"gioui.org/f32"
	"gioui.org/font/gofont"
	"gioui.org/io/input"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
	"gioui.org/text"
	"gioui.org/unit"
	"gioui.org/widget"
	"gioui.org/widget/material"
)

// screen is a busy screen of material widgets: about 900 glyphs, buttons, an editor, a
// bar and an image like a QR code.
type screen struct {
	theme   *material.Theme
	router  input.Router
	buttons [12]widget.Clickable
	editor  widget.Editor
	check   widget.Bool
	code    paint.ImageOp

	clock  string
	cursor image.Point // of a square of 52 pixels, if not zero
}

func newScreen() *screen {
	s := &screen{theme: material.NewTheme(), clock: "2026-04-25 14:31:22 UTC"}
	s.theme.Shaper = text.NewShaper(text.NoSystemFonts(), text.WithCollection(gofont.Collection()))
	s.theme.TextSize = 20
	s.editor.SetText("Example Root Authority 2026")
	s.code = paint.NewImageOp(modules(33))
	return s
}

// modules returns an image of n by n black and white pixels.
func modules(n int) *image.RGBA {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewRGBA(image.Rect(0, 0, n, n))
	for i := 0; i < len(img.Pix); i += 4 {
		v := uint8(255 * random.IntN(2))
		img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = v, v, v, 255
	}
	return img
}

var (
	paper  = color.NRGBA{0xf5, 0xf3, 0xee, 0xff}
	ground = color.NRGBA{0x15, 0x19, 0x1e, 0xff}
	green  = color.NRGBA{0x17, 0x6b, 0x4d, 0xff}
)

// layout draws the screen for the given size.
func (s *screen) layout(o *op.Ops, size image.Point) {
	o.Reset()
	gtx := layout.Context{
		Ops: o, Source: s.router.Source(), Metric: unit.Metric{PxPerDp: 1, PxPerSp: 1},
		Constraints: layout.Exact(size),
	}
	paint.Fill(o, paper)
	layout.Flex{Axis: layout.Vertical}.Layout(gtx,
		layout.Rigid(s.bar),
		layout.Flexed(1, func(gtx layout.Context) layout.Dimensions {
			return layout.Flex{}.Layout(gtx, layout.Rigid(s.rail), layout.Flexed(1, s.body))
		}),
	)
	if s.cursor != (image.Point{}) {
		r := image.Rectangle{Max: image.Pt(52, 52)}.Add(s.cursor)
		paint.FillShape(o, green, clip.UniformRRect(r, 8).Op(o))
	}
	s.router.Frame(o)
}

func (s *screen) bar(gtx layout.Context) layout.Dimensions {
	gtx.Constraints = layout.Exact(image.Pt(gtx.Constraints.Max.X, 72))
	paint.FillShape(gtx.Ops, ground, clip.Rect{Max: gtx.Constraints.Max}.Op())
	return layout.UniformInset(20).Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		l := material.Label(s.theme, 24, "Anodize    Example Root Authority    HSM ready   disc ready   stick absent       "+s.clock)
		l.Color = paper
		return l.Layout(gtx)
	})
}

func (s *screen) rail(gtx layout.Context) layout.Dimensions {
	gtx.Constraints = layout.Exact(image.Pt(340, gtx.Constraints.Max.Y))
	paint.FillShape(gtx.Ops, color.NRGBA{0xff, 0xff, 0xff, 0xff}, clip.Rect{Max: gtx.Constraints.Max}.Op())
	var rows []layout.FlexChild
	for i := range 9 {
		rows = append(rows, layout.Rigid(func(gtx layout.Context) layout.Dimensions {
			return layout.UniformInset(12).Layout(gtx, material.Body1(s.theme, fmt.Sprintf("%d. A phase of the ceremony", i+1)).Layout)
		}))
	}
	return layout.Flex{Axis: layout.Vertical}.Layout(gtx, rows...)
}

const sentence = "Every custodian reads the fingerprint aloud, group by group, while a witness follows on the printed sheet. "

func (s *screen) body(gtx layout.Context) layout.Dimensions {
	var groups []layout.FlexChild
	for i := range s.buttons {
		groups = append(groups, layout.Rigid(func(gtx layout.Context) layout.Dimensions {
			return layout.UniformInset(6).Layout(gtx, material.Button(s.theme, &s.buttons[i], fmt.Sprintf("Action %d", i+1)).Layout)
		}))
	}
	return layout.UniformInset(44).Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		return layout.Flex{Axis: layout.Vertical, Spacing: layout.SpaceBetween}.Layout(gtx,
			layout.Rigid(material.H3(s.theme, "Do the fingerprints agree?").Layout),
			layout.Rigid(material.Body1(s.theme, sentence+sentence+sentence+sentence+sentence).Layout),
			layout.Rigid(s.card),
			layout.Rigid(material.Editor(s.theme, &s.editor, "Name").Layout),
			layout.Rigid(material.CheckBox(s.theme, &s.check, "Compared by two people").Layout),
			layout.Rigid(material.ProgressBar(s.theme, 0.4).Layout),
			layout.Rigid(func(gtx layout.Context) layout.Dimensions { return layout.Flex{}.Layout(gtx, groups...) }),
		)
	})
}

func (s *screen) card(gtx layout.Context) layout.Dimensions {
	size := image.Pt(gtx.Constraints.Max.X, 400)
	defer clip.UniformRRect(image.Rectangle{Max: size}, 10).Push(gtx.Ops).Pop()
	paint.Fill(gtx.Ops, color.NRGBA{0xff, 0xff, 0xff, 0xff})
	gtx.Constraints = layout.Constraints{Max: size}
	layout.UniformInset(30).Layout(gtx, func(gtx layout.Context) layout.Dimensions {
		return layout.Flex{}.Layout(gtx,
			layout.Flexed(1, material.H4(s.theme, "9F3C 11D7 A0B2 84E6 5D10 77CA 3E29 F8B4 0C61 92DD E4A8 165F 70B3 C9E2 4D88 A17B\n"+sentence).Layout),
			layout.Rigid(func(gtx layout.Context) layout.Dimensions {
				img := s.code
				img.Filter = paint.FilterNearest
				defer op.Affine(f32.AffineId().Scale(f32.Point{}, f32.Pt(10, 10))).Push(gtx.Ops).Pop()
				img.Add(gtx.Ops)
				paint.PaintOp{}.Add(gtx.Ops)
				return layout.Dimensions{Size: image.Pt(330, 330)}
			}),
		)
	})
	return layout.Dimensions{Size: size}
}

// newTarget returns memory for a frame.
func newTarget(w, h int) Target {
	return Target{Pix: make([]byte, 4*w*h), Stride: 4 * w, Width: w, Height: h}
}

// frame paints ops on t, and ends the test if that fails.
func frame(tb testing.TB, r *Renderer, o *op.Ops, t Target) []image.Rectangle {
	tb.Helper()
	damage, err := r.Frame(o, t)
	if err != nil {
		tb.Fatal(err)
	}
	return damage
}
