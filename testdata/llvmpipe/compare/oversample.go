package main

import (
	"fmt"
	"image"
	"math"

	"anodize/llvmpipe/screen"
)

// finer is how many times larger, on each side, a page is painted to find out what its
// pixels should be.
const finer = 8

// oversample returns p as Gio's renderer paints it at finer times its size, each square
// of pixels averaged in linear light. What the renderer does to a single pixel wrongly
// is lost in the mean.
func oversample(p *screen.Page) (*image.RGBA, error) {
	size := p.Size()
	if size.X%finer != 0 || size.Y%finer != 0 {
		return nil, fmt.Errorf("oversampling a page of %v: its sides are no multiples of %d", size, finer)
	}
	tile := size.Mul(2).Div(finer)
	whole := image.NewRGBA(image.Rectangle{Max: size})
	for y := 0; y < size.Y; y += tile.Y {
		for x := 0; x < size.X; x += tile.X {
			from := image.Pt(x, y)
			large, err := enlarged(p, from, tile.Mul(finer))
			if err != nil {
				return nil, fmt.Errorf("oversampling a page at %v: %w", from, err)
			}
			average(whole, image.Rectangle{Min: from, Max: from.Add(tile)}, large)
		}
	}
	return whole, nil
}

// enlarged paints the part of p that begins at from in a window of its own: Gio's
// renderer keeps outlines from frame to frame with the fraction of a pixel at which it
// first met them, and would put them there again.
func enlarged(p *screen.Page, from, size image.Point) (*image.RGBA, error) {
	g, err := newGios(size)
	if err != nil {
		return nil, err
	}
	defer g.close()
	if err := g.paint(p.Enlarged(finer, from), true); err != nil {
		return nil, err
	}
	return g.picture()
}

// average fills the rectangle at of whole with the means of large's squares.
func average(whole *image.RGBA, at image.Rectangle, large *image.RGBA) {
	for y := range at.Dy() {
		for x := range at.Dx() {
			var sum [3]float64
			for dy := range finer {
				i := large.PixOffset(x*finer, y*finer+dy)
				for dx := range finer {
					for c := range sum {
						sum[c] += linear[large.Pix[i+4*dx+c]]
					}
				}
			}
			o := whole.PixOffset(at.Min.X+x, at.Min.Y+y)
			for c := range sum {
				whole.Pix[o+c] = encode(sum[c] / (finer * finer))
			}
			whole.Pix[o+3] = 255
		}
	}
}

// linear holds the light of every level of sRGB (IEC 61966-2-1, 4.2), 0 to 1.
var linear = func() (table [256]float64) {
	for i := range table {
		v := float64(i) / 255
		if v <= 0.04045 {
			table[i] = v / 12.92
		} else {
			table[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return table
}()

// encode returns the level of sRGB nearest to light v, 0 to 1.
func encode(v float64) uint8 {
	if v <= 0.0031308 {
		return uint8(255*12.92*v + 0.5)
	}
	return uint8(255*(1.055*math.Pow(v, 1/2.4)-0.055) + 0.5)
}
