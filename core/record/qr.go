package record

import (
	"encoding/base64"
	"fmt"

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
	src := "data:image/png;base64," + base64.StdEncoding.EncodeToString(encodePNG(pixels(q.Bitmap())))
	return join(`<img src="`, words(src), `" alt="`, words(alt), "\">\n"), nil
}

// pixels draws modules, dark where true, with their quiet zone: true is white.
func pixels(modules [][]bool) [][]bool {
	side := (len(modules) + 2*quietZone) * modulePixels
	rows := make([][]bool, side)
	for y := range rows {
		rows[y] = make([]bool, side)
		for x := range rows[y] {
			row, column := y/modulePixels-quietZone, x/modulePixels-quietZone
			inside := row >= 0 && row < len(modules) && column >= 0 && column < len(modules[row])
			rows[y][x] = !inside || !modules[row][column]
		}
	}
	return rows
}
