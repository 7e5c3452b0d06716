package html

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/draw"
	"image/png"
	"strings"

	"gioui.org/op/paint"
)

// picture is an image of a page, decoded; nil where alt is shown instead.
type picture struct {
	op   paint.ImageOp
	size image.Point // CSS pixels, 1/16 rem each
}

// gallery decodes the images of a page and bounds them.
type gallery struct {
	pixels int
}

const pngPrefix = "data:image/png;base64,"

// add decodes the image of an <img>. One that is not a good PNG is not refused:
// its alt is shown. One that is too large is, before it is decoded.
func (g *gallery) add(n *node) error {
	data, ok := strings.CutPrefix(n.src, pngPrefix)
	if !ok {
		return refuse(n.line, "the image %s: only %s… is read; pages fetch nothing", quoted(n.src), pngPrefix)
	}
	n.src = ""
	b, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		return nil
	}
	c, err := png.DecodeConfig(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	if c.Width > MaxPixels || c.Height > MaxPixels || c.Width*c.Height > MaxPixels-g.pixels {
		return refuse(n.line, "the images have more than %d pixels", MaxPixels)
	}
	g.pixels += c.Width * c.Height
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	rgba := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(rgba, rgba.Bounds(), img, img.Bounds().Min, draw.Src)
	pic := &picture{op: paint.NewImageOp(rgba), size: rgba.Bounds().Size()}
	pic.op.Filter = paint.FilterNearest
	if n.width > 0 {
		pic.size = image.Pt(n.width, n.height)
	}
	n.pic = pic
	return nil
}
