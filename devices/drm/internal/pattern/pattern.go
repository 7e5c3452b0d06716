// Package pattern is a picture that a test can compute on both sides of a virtual
// machine's screen. No two places of it look alike, so that a shift shows.
package pattern

// At returns the colour of a pixel in picture n.
func At(n, x, y int) (r, g, b byte) {
	return byte(x + 31*n), byte(y ^ 17*n), byte(x>>3 + 5*(y>>4) + 7*n)
}

// Paint paints the pixels of picture n in [x0, x1) × [y0, y1), 4 bytes each, red at
// offset red and blue at 2-red.
func Paint(pix []byte, stride, red, n, x0, y0, x1, y1 int) {
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			p := pix[y*stride+4*x:][:4]
			p[red], p[1], p[2-red] = At(n, x, y)
			p[3] = 255
		}
	}
}
