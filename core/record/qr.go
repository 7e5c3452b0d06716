package record

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/skip2/go-qrcode"
)

const (
	quietZone    = 4 // modules around a code (ISO/IEC 18004, 9.1)
	modulePixels = 4 // a side of a module
)

// qrCode is an image of the QR code of text, which should be in the characters
// of its alphanumeric mode (ISO/IEC 18004, 7.4.4). A page that was folded or
// stained can still be read: error correction is of level M.
func qrCode(text, alt string) (markup, error) {
	q, err := qrcode.New(text, qrcode.Medium)
	if err != nil {
		return "", fmt.Errorf("making the QR code of %d characters: %w", len(text), err)
	}
	q.DisableBorder = true
	file, err := encodePNG(q.Bitmap())
	if err != nil {
		return "", err
	}
	src := "data:image/png;base64," + base64.StdEncoding.EncodeToString(file)
	return join(`<img src="`, words(src), `" alt="`, words(alt), "\">\n"), nil
}

// encodePNG draws modules, dark where true, with their quiet zone. The pixels
// are stored and not compressed: a better compressor must not change a page.
func encodePNG(modules [][]bool) ([]byte, error) {
	side := (len(modules) + 2*quietZone) * modulePixels
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range side {
		for x := range side {
			row, column := y/modulePixels-quietZone, x/modulePixels-quietZone
			if row >= 0 && row < len(modules) && column >= 0 && column < len(modules[row]) && modules[row][column] {
				img.SetColorIndex(x, y, 1)
			}
		}
	}
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.NoCompression}).Encode(&b, img); err != nil {
		return nil, fmt.Errorf("writing a QR code as PNG: %w", err)
	}
	return b.Bytes(), nil
}
