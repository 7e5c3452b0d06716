package raster

import "math"

// accumulator sums the signed area of a path, pixel by pixel, over a window.
//
// Each edge deposits in the cells that it crosses the change of coverage that it makes
// from there to the right; the running sum along a row is then the signed area within
// each pixel. An edge left of the window counts in full at its left side, one right of
// it not at all.
type accumulator struct {
	w, h   int
	stride int       // cells a row: w and two more, for deposits at the right side
	cells  []float32 // h rows
	lo, hi []int     // cells touched in each row: [lo, hi), none if lo >= hi
}

// reset empties the accumulator for a window of w×h pixels.
func (a *accumulator) reset(w, h int) {
	a.w, a.h, a.stride = w, h, w+2
	a.cells = zeroed(a.cells, a.stride*h)
	a.lo, a.hi = sized(a.lo, h), sized(a.hi, h)
	for y := range a.lo {
		a.lo[y], a.hi[y] = math.MaxInt, 0
	}
}

// add adds an edge, in pixels from the window's corner.
func (a *accumulator) add(e edge) {
	sign := 1.0
	if e.y0 > e.y1 {
		e.x0, e.y0, e.x1, e.y1 = e.x1, e.y1, e.x0, e.y0
		sign = -1
	}
	h := float64(a.h)
	if e.y0 == e.y1 || e.y1 <= 0 || e.y0 >= h {
		return
	}
	slope := (e.x1 - e.x0) / (e.y1 - e.y0)
	if e.y1 > h {
		e.x1, e.y1 = e.x0+(h-e.y0)*slope, h
	}
	if e.y0 < 0 {
		e.x0, e.y0 = e.x0-e.y0*slope, 0
	}
	a.clipLeft(e, sign)
}

// clipLeft moves what is left of the window to its left side.
func (a *accumulator) clipLeft(e edge, sign float64) {
	switch {
	case e.x0 <= 0 && e.x1 <= 0:
		a.inside(edge{0, e.y0, 0, e.y1}, sign)
	case e.x0 < 0 || e.x1 < 0:
		first, second := e.splitAt(0)
		a.clipLeft(first, sign)
		a.clipLeft(second, sign)
	default:
		a.clipRight(e, sign)
	}
}

// clipRight drops what is right of the window.
func (a *accumulator) clipRight(e edge, sign float64) {
	w := float64(a.w)
	switch {
	case e.x0 >= w && e.x1 >= w:
	case e.x0 > w || e.x1 > w:
		first, second := e.splitAt(w)
		a.clipRight(first, sign)
		a.clipRight(second, sign)
	default:
		a.inside(e, sign)
	}
}

// inside deposits a falling edge that lies within the window, row by row.
func (a *accumulator) inside(e edge, sign float64) {
	slope := 0.0
	if e.x0 != e.x1 {
		slope = (e.x1 - e.x0) / (e.y1 - e.y0)
	}
	left, right := min(e.x0, e.x1), max(e.x0, e.x1)
	x, y := e.x0, e.y0
	for row := int(y); y < e.y1 && row < a.h; row++ {
		nextX, nextY := e.x1, float64(row+1)
		if nextY < e.y1 {
			// From the edge's end each time: steps would drift on a long edge.
			nextX = max(left, min(right, e.x0+(nextY-e.y0)*slope))
		} else {
			nextY = e.y1
		}
		a.deposit(row, x, nextX, sign*(nextY-y))
		x, y = nextX, nextY
	}
}

// deposit adds a piece of an edge within one row, from x0 to x1, of the given height
// (negative if it rises).
func (a *accumulator) deposit(row int, x0, x1, height float64) {
	if x0 > x1 {
		x0, x1 = x1, x0
	}
	cells := a.cells[row*a.stride : (row+1)*a.stride]
	first := int(x0)
	last := first
	if x1 <= float64(first+1) {
		share := height * ((x0+x1)/2 - float64(first))
		cells[first] += float32(height - share)
		cells[first+1] += float32(share)
	} else {
		perPixel := height / (x1 - x0)
		for from := x0; from < x1; last++ {
			to := min(float64(last+1), x1)
			part := perPixel * (to - from)
			share := part * ((from+to)/2 - float64(last))
			cells[last] += float32(part - share)
			cells[last+1] += float32(share)
			from = to
		}
		last--
	}
	a.lo[row] = min(a.lo[row], first)
	a.hi[row] = max(a.hi[row], last+2)
}

// coverage writes the coverage of a row's pixels to dst (of w pixels) and returns the
// range outside which it is zero.
func (a *accumulator) coverage(row int, dst []uint16) (from, to int) {
	lo, hi := a.lo[row], min(a.hi[row], a.w)
	if lo >= hi {
		return 0, 0
	}
	sum := float32(0)
	cells := a.cells[row*a.stride:]
	for x := lo; x < hi; x++ {
		sum += cells[x]
		dst[x] = quantize(sum)
	}
	// Beyond the last edge the sum is constant: zero, unless the right sides are
	// outside the window.
	if rest := quantize(sum); rest != 0 {
		for x := hi; x < a.w; x++ {
			dst[x] = rest
		}
		hi = a.w
	}
	return lo, hi
}

// quantize turns a signed area into coverage. What rounding in the sum may have left of
// nothing and of everything is taken off; it is less than one level of sRGB.
func quantize(area float32) uint16 {
	const slack = 12
	if area < 0 {
		area = -area
	}
	c := int32(min(area, 1)*full + 0.5)
	switch {
	case c <= slack:
		return 0
	case c >= full-slack:
		return full
	}
	return uint16(c)
}

// sized returns a slice of length n, in s's memory if it suffices; its contents are
// whatever they were.
func sized[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

// zeroed is sized, with every element zero.
func zeroed[T any](s []T, n int) []T {
	s = sized(s, n)
	clear(s)
	return s
}
