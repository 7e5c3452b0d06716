package main

import (
	"fmt"
	"image"
)

// difference says how far two pictures are from each other, over the three colour
// channels of all pixels, in levels of 255.
type difference struct {
	largest int
	at      image.Point // a pixel with the largest
	mean    float64
	over    [len(steps)]int // pixels of which a channel differs by more than each step
	pixels  int
}

var steps = [...]int{0, 4, 16, 64}

// compare returns the difference of two pictures of one size.
func compare(a, b *image.RGBA) (difference, error) {
	if a.Rect != b.Rect {
		return difference{}, fmt.Errorf("comparing pictures: one is %v, the other %v", a.Rect, b.Rect)
	}
	d := difference{pixels: a.Rect.Dx() * a.Rect.Dy()}
	sum := 0
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			worst, all := apart(a, b, x, y)
			sum += all
			if worst > d.largest {
				d.largest, d.at = worst, image.Pt(x, y)
			}
			for i, s := range steps {
				if worst > s {
					d.over[i]++
				}
			}
		}
	}
	if d.pixels > 0 {
		d.mean = float64(sum) / float64(3*d.pixels)
	}
	return d, nil
}

// apart returns the largest and the summed difference of a pixel's channels.
func apart(a, b *image.RGBA, x, y int) (worst, sum int) {
	i, j := a.PixOffset(x, y), b.PixOffset(x, y)
	for c := range 3 {
		d := int(a.Pix[i+c]) - int(b.Pix[j+c])
		d = max(d, -d)
		worst, sum = max(worst, d), sum+d
	}
	return worst, sum
}

// show draws where two pictures of one size differ: white is equal, black is 32 levels
// or more apart.
func show(a, b *image.RGBA) *image.Gray {
	g := image.NewGray(a.Rect)
	for y := a.Rect.Min.Y; y < a.Rect.Max.Y; y++ {
		for x := a.Rect.Min.X; x < a.Rect.Max.X; x++ {
			worst, _ := apart(a, b, x, y)
			g.Pix[g.PixOffset(x, y)] = uint8(255 - min(255, 8*worst))
		}
	}
	return g
}
