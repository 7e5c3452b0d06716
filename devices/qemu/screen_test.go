package qemu

import (
	"image/color"
	"testing"
)

func TestAPixmapIsReadWhole(t *testing.T) {
	picture, err := readPPM([]byte("P6\n2 1\n255\n \n\x01\x20\xfe\xff"))
	if err != nil {
		t.Fatal(err)
	}
	if got := []color.RGBA{picture.RGBAAt(0, 0), picture.RGBAAt(1, 0)}; got[0] != (color.RGBA{32, 10, 1, 255}) || got[1] != (color.RGBA{32, 254, 255, 255}) {
		t.Errorf("its pixels are %v", got)
	}
}

func TestWhatIsNoPixmapIsRefused(t *testing.T) {
	for _, bad := range []string{
		"", "P6", "P5\n1 1\n255\n\x00\x00\x00", "P6\n1 1\n255\n\x00\x00", "P6\n1 1\n255\n\x00\x00\x00\x00",
		"P6\n1 1\n65535\n\x00\x00\x00", "P6\n-1 -1\n255\n\x00\x00\x00", "P6\n0 0\n255\n", "P6\n999999999 999999999\n255\n",
	} {
		if picture, err := readPPM([]byte(bad)); err == nil {
			t.Errorf("%q is a picture of %v", bad, picture.Rect)
		}
	}
}
