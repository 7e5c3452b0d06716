package kit

import (
	"fmt"
	"image"
	"image/color"

	"gioui.org/f32"
	"gioui.org/layout"
	"gioui.org/op"
	"gioui.org/op/clip"
	"gioui.org/op/paint"
	"github.com/skip2/go-qrcode"
)

// quiet is the margin of a QR code in modules (ISO/IEC 18004, 9.1).
const quiet = 4

// LeastModule is the least side of a QR code's module in pixels.
const LeastModule = 5

// qrCache keeps the last code, so that a screen at rest encodes nothing.
type qrCache struct {
	text    string
	image   paint.ImageOp
	modules int // of a side, quiet zones included
	err     error
}

// code makes the QR code of text. Upper-case letters, digits and a few signs are
// encoded in alphanumeric mode. Error correction is of level L: nothing on a
// screen is torn or dirty, and fewer modules are larger ones.
func (c *qrCache) code(text string) {
	if c.modules > 0 && c.text == text {
		return
	}
	*c = qrCache{text: text}
	q, err := qrcode.New(text, qrcode.Low)
	if err != nil {
		c.err = fmt.Errorf("making the QR code of %d characters: %w", len(text), err)
		return
	}
	q.DisableBorder = true
	bits := q.Bitmap()
	c.modules = len(bits) + 2*quiet
	img := image.NewRGBA(image.Rect(0, 0, c.modules, c.modules))
	for i := range img.Pix {
		img.Pix[i] = 0xFF
	}
	for y, row := range bits {
		for x, dark := range row {
			if dark {
				img.SetRGBA(x+quiet, y+quiet, color.RGBA{A: 0xFF})
			}
		}
	}
	c.image = paint.NewImageOp(img)
	c.image.Filter = paint.FilterNearest
}

// QRLeast returns the least side in pixels at which text is drawn as a QR code,
// and 0 if it cannot be one.
func (th *Theme) QRLeast(text string) int {
	th.qr.code(text)
	return th.qr.modules * LeastModule
}

// QR draws text as a QR code with its quiet zone, black on white, its side at
// most side pixels: as large as whole pixels a module allow, and never under
// LeastModule.
func (th *Theme) QR(gtx layout.Context, text string, side int) layout.Dimensions {
	th.qr.code(text)
	if th.qr.err != nil {
		return th.Text(Loose(gtx, side), Style{Size: SizeNote, Color: Oxide}, th.qr.err.Error())
	}
	module := max(LeastModule, side/th.qr.modules)
	px := module * th.qr.modules
	r := image.Rect(0, 0, px, px)
	defer clip.Rect(r).Push(gtx.Ops).Pop()
	mark(gtx.Ops, r, "QR code")
	scale := float32(module)
	defer op.Affine(f32.AffineId().Scale(f32.Point{}, f32.Pt(scale, scale))).Push(gtx.Ops).Pop()
	th.qr.image.Add(gtx.Ops)
	paint.PaintOp{}.Add(gtx.Ops)
	return layout.Dimensions{Size: r.Max}
}
