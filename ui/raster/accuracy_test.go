package raster

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"testing"

	"gioui.org/f32"
	"gioui.org/op/paint"
)

var (
	black = color.NRGBA{0, 0, 0, 255}
	white = color.NRGBA{255, 255, 255, 255}
	red   = color.NRGBA{200, 30, 20, 255}
	glass = color.NRGBA{40, 120, 220, 140}
	dim   = color.NRGBA{90, 100, 110, 255}
	pale  = color.NRGBA{210, 220, 200, 255}
)

func fillWith(d *drawing, c color.NRGBA) func() {
	return func() { d.color(c); d.paint() }
}

func star(p *pen) {
	p.move(20.3, 2.1)
	p.curve(pt(25.2, 38.4))
	p.curve(pt(1.7, 14.9))
	p.curve(pt(38.6, 12.2))
	p.curve(pt(8.4, 36.8))
	p.curve(pt(20.3, 2.1))
}

func drop(p *pen) {
	p.move(5.2, 30.7)
	p.curve(pt(2.1, 3.9), pt(19.6, 6.3))
	p.curve(pt(42.7, 2.2), pt(34.4, 33.1))
	p.curve(pt(18.8, 44.9), pt(5.2, 30.7))
}

func ribbon(p *pen) {
	p.move(3.3, 20.4)
	p.curve(pt(10.1, -12.2), pt(28.6, 50.9), pt(37.2, 8.3))
	p.curve(pt(36.1, 39.5))
	p.curve(pt(22.9, 28.2), pt(14.7, 44.1), pt(3.3, 20.4))
}

func slice(p *pen) {
	p.move(20.4, 21.3)
	p.curve(pt(37.2, 24.1))
	p.arc(20.4, 21.3, 4.1)
	p.curve(pt(20.4, 21.3))
}

func ring(p *pen) {
	p.move(34.2, 20.1)
	p.curve(pt(34.2, 28.1), pt(28.2, 34.1), pt(20.2, 34.1))
	p.curve(pt(12.2, 34.1), pt(6.2, 28.1), pt(6.2, 20.1))
	p.curve(pt(6.2, 12.1), pt(12.2, 6.1), pt(20.2, 6.1))
	p.curve(pt(28.2, 6.1), pt(34.2, 12.1), pt(34.2, 20.1))
}

func turned(radians float32) f32.Affine2D {
	return f32.AffineId().Rotate(f32.Pt(20, 20), radians)
}

// photo returns an image with a colour and an alpha of its own for each texel, whose
// corner is not the origin.
func photo(w, h int, translucent bool) *image.RGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			a := 255
			if translucent {
				a = 60 + (x*31+y*17)%180
			}
			img.Set(x, y, color.NRGBA{uint8(40 + (x*57+y*13)%200), uint8(30 + (x*19+y*71)%210), uint8(50 + (x*91+y*37)%190), uint8(a)})
		}
	}
	whole := image.NewRGBA(image.Rect(-3, -2, w+4, h+5))
	draw.Draw(whole, image.Rect(0, 0, w, h), img, image.Point{}, draw.Src)
	return whole.SubImage(image.Rect(0, 0, w, h)).(*image.RGBA)
}

// No channel of a picture may be more than 4 of 255 from the sampler's.
func TestPicturesAreNearASampler(t *testing.T) {
	tests := []struct {
		name       string
		background color.NRGBA
		draw       func(d *drawing)
	}{
		{"a star's middle is inside, and where its edges cross Gio's rule holds", dim, func(d *drawing) {
			d.summed = true
			d.clipped(star, fillWith(d, pale))
		}},
		{"a triangle", black, func(d *drawing) {
			d.clipped(func(p *pen) { p.move(4.4, 35.1); p.curve(pt(35.6, 9.2)); p.curve(pt(21.1, 38.7)); p.close() }, fillWith(d, white))
		}},
		{"quadratic curves, white on black, where levels are nearest", black, func(d *drawing) { d.clipped(drop, fillWith(d, white)) }},
		{"quadratic curves, black on white", white, func(d *drawing) { d.clipped(drop, fillWith(d, black)) }},
		{"cubic curves", black, func(d *drawing) { d.clipped(ribbon, fillWith(d, white)) }},
		{"an arc", dim, func(d *drawing) { d.clipped(slice, fillWith(d, pale)) }},
		{"a contour left open is closed", black, func(d *drawing) {
			d.clipped(func(p *pen) { p.move(4, 5); p.curve(pt(35, 9)); p.curve(pt(12, 36)) }, fillWith(d, white))
		}},
		{"a hole wound the other way", black, func(d *drawing) {
			d.clipped(func(p *pen) {
				p.move(3.5, 3.5)
				p.arc(20, 20, 2*math.Pi)
				p.move(10.2, 12.1)
				p.arc(19, 21, -2*math.Pi)
			}, fillWith(d, white))
		}},
		{"a shape that reaches out of view on all sides", black, func(d *drawing) {
			d.transformed(f32.AffineId().Scale(f32.Pt(20, 20), f32.Pt(1.7, 1.9)), func() { d.clipped(ribbon, fillWith(d, white)) })
		}},
		{"a path moved by a fraction of a pixel", black, func(d *drawing) {
			d.transformed(f32.AffineId().Offset(f32.Pt(2.28125, -1.640625)), func() { d.clipped(drop, fillWith(d, white)) })
		}},
		{"a path under shear and scale", black, func(d *drawing) {
			d.transformed(f32.NewAffine2D(0.7, 0.4, 1.2, -0.2, 0.9, 6.1), func() { d.clipped(ribbon, fillWith(d, white)) })
		}},
		{"a huge path, of which a corner is seen", black, func(d *drawing) {
			d.transformed(f32.AffineId().Scale(f32.Pt(6, 12), f32.Pt(180, 190)), func() { d.clipped(drop, fillWith(d, white)) })
		}},
		{"a rectangle on whole pixels", black, func(d *drawing) { d.rect(image.Rect(3, 4, 33, 21), fillWith(d, white)) }},
		{"a rectangle scaled to parts of pixels", black, func(d *drawing) {
			d.transformed(f32.NewAffine2D(1.37, 0, 0.4, 0, 0.81, 1.3), func() { d.rect(image.Rect(3, 4, 22, 31), fillWith(d, white)) })
		}},
		{"a mirrored rectangle", black, func(d *drawing) {
			d.transformed(f32.NewAffine2D(-1, 0, 38.5, 0, 1, 0), func() { d.rect(image.Rect(3, 4, 22, 31), fillWith(d, white)) })
		}},
		{"a turned rectangle", black, func(d *drawing) {
			d.transformed(turned(0.6), func() { d.rect(image.Rect(6, 9, 33, 28), fillWith(d, white)) })
		}},
		{"clips multiply", dim, func(d *drawing) {
			d.clipped(drop, func() {
				d.transformed(turned(-0.5), func() {
					d.rect(image.Rect(8, 4, 30, 33), func() { d.clipped(ribbon, fillWith(d, pale)) })
				})
			})
		}},
		{"a colour with alpha, over and over", pale, func(d *drawing) {
			d.clipped(drop, fillWith(d, glass))
			d.clipped(ribbon, fillWith(d, glass))
			d.rect(image.Rect(0, 10, 40, 30), fillWith(d, glass))
		}},
		{"a gradient between its stops and beyond", black, func(d *drawing) {
			d.gradient(pt(7.5, 3.5), pt(31, 35), red, glass)
			d.paint()
		}},
		{"a gradient moves, turns and grows with the transform", white, func(d *drawing) {
			d.transformed(f32.NewAffine2D(1.3, 0.5, -6.2, -0.4, 0.8, 9.7), func() {
				d.gradient(pt(4, 6), pt(20, 17), black, white)
				d.clipped(drop, d.paint)
			})
		}},
		{"an image, a texel a pixel", dim, func(d *drawing) {
			d.transformed(f32.AffineId().Offset(f32.Pt(5, 7)), func() { d.picture(photo(20, 18, true), paint.FilterLinear); d.paint() })
		}},
		{"a nearest image, scaled and turned", dim, func(d *drawing) {
			d.transformed(f32.NewAffine2D(3.1, 1.2, 4.3, -0.9, 2.7, 9.2), func() { d.picture(photo(7, 8, false), paint.FilterNearest); d.paint() })
		}},
		{"a linear image, enlarged and turned", dim, func(d *drawing) {
			d.transformed(f32.NewAffine2D(3.1, 1.2, 4.3, -0.9, 2.7, 9.2), func() { d.picture(photo(7, 8, true), paint.FilterLinear); d.paint() })
		}},
		{"a linear image at a fraction of a pixel", dim, func(d *drawing) {
			d.transformed(f32.AffineId().Offset(f32.Pt(5.3, 7.6)), func() { d.picture(photo(20, 18, false), paint.FilterLinear); d.paint() })
		}},
		{"an image under a clip", pale, func(d *drawing) {
			d.clipped(drop, func() { d.picture(photo(40, 40, true), paint.FilterNearest); d.paint() })
		}},
		{"a line's stroke has round caps", dim, func(d *drawing) {
			d.stroked(9.3, func(p *pen) { p.move(9.2, 30.1); p.curve(pt(30.4, 11.7)) }, fillWith(d, pale))
		}},
		{"a curve's stroke", dim, func(d *drawing) {
			d.stroked(4.4, func(p *pen) { p.move(6.2, 9.1); p.curve(pt(15.4, 44.7), pt(34.1, 8.8)) }, fillWith(d, pale))
		}},
		{"a closed curve's stroke is a ring", dim, func(d *drawing) { d.stroked(5, ring, fillWith(d, pale)) }},
		{"a stroke's width is scaled with it", dim, func(d *drawing) {
			d.transformed(f32.NewAffine2D(1.6, 0.3, -4.2, 0.1, 0.8, 3.7), func() {
				d.stroked(6, func(p *pen) { p.move(7.2, 9.1); p.curve(pt(9.4, 34.7), pt(22.1, 28.8)) }, fillWith(d, pale))
			})
		}},
		{"a layer fades as one", pale, func(d *drawing) {
			d.faded(0.45, func() {
				d.clipped(drop, fillWith(d, red))
				d.rect(image.Rect(4, 14, 36, 26), fillWith(d, black))
			})
		}},
		{"layers in layers, with everything in them", dim, func(d *drawing) {
			d.faded(0.7, func() {
				d.rect(image.Rect(2, 2, 30, 30), fillWith(d, glass))
				d.faded(0.5, func() {
					d.clipped(ribbon, func() { d.gradient(pt(0, 0), pt(40, 40), white, red); d.paint() })
					d.transformed(turned(0.3), func() { d.picture(photo(25, 25, true), paint.FilterLinear); d.paint() })
				})
				d.clipped(slice, fillWith(d, pale))
			})
			d.faded(1, func() { d.rect(image.Rect(30, 30, 40, 40), fillWith(d, glass)) })
			d.faded(0, func() { d.rect(image.Rect(0, 0, 40, 40), fillWith(d, red)) })
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := newDrawing(40, 40, test.background)
			test.draw(d)
			d.check(t)
		})
	}
}

// An image shrunk by a power of two, texels on pixels, shows the means of its texels.
func TestShrunkImageIsItsMean(t *testing.T) {
	img := photo(64, 64, true)
	for _, by := range []int{2, 4, 8} {
		d := newDrawing(64/by, 64/by, pale)
		s := 1 / float32(by)
		d.transformed(f32.AffineId().Scale(f32.Point{}, f32.Pt(s, s)), func() {
			d.picture(img, paint.FilterLinear)
			d.sample = func(x, y float64) light {
				var sum light
				for i := range by * by {
					c := img.RGBAAt(int(x)/by*by+i%by, int(y)/by*by+i/by)
					sum = sum.plus(light{decode(c.R), decode(c.G), decode(c.B), float64(c.A) / 255})
				}
				return sum.times(1 / float64(by*by))
			}
			d.paint()
		})
		d.check(t)
	}
}
