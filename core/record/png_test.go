package record

import (
	"bytes"
	"image/png"
	"testing"

	"pgregory.net/rapid"
)

func TestAPictureIsReadBackAsItWasDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 70).Draw(t, "width")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.Bool(), width, width), 1, 40).Draw(t, "rows")
		img, err := png.Decode(bytes.NewReader(encodePNG(rows)))
		if err != nil {
			t.Fatal(err)
		}
		if b := img.Bounds(); b.Dx() != width || b.Dy() != len(rows) {
			t.Fatalf("%v for %d rows of %d", b, len(rows), width)
		}
		for y, row := range rows {
			for x, white := range row {
				if r, _, _, _ := img.At(x, y).RGBA(); (r == 0xffff) != white || r != 0 && r != 0xffff {
					t.Fatalf("pixel %d, %d is %#x", x, y, r)
				}
			}
		}
	})
}

func TestAPictureLongerThanAStoredBlockIsReadBack(t *testing.T) {
	rows := make([][]bool, 900)
	for y := range rows {
		rows[y] = make([]bool, 1000)
		rows[y][y] = true
	}
	img, err := png.Decode(bytes.NewReader(encodePNG(rows)))
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := img.At(899, 899).RGBA(); r != 0xffff {
		t.Error("the last row is wrong")
	}
}
