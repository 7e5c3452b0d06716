package raster

import "math"

// full is one, in the 16-bit fractions that hold coverage, alpha and linear light.
const full = 0xffff

// toLinear decodes a byte of sRGB to linear light in [0, full];
// toSRGB encodes linear light to the nearest byte.
var (
	toLinear [256]uint16
	toSRGB   [full + 1]uint8
)

func init() {
	for v := range toLinear {
		toLinear[v] = uint16(decodeSRGB(float64(v)/255)*full + 0.5)
	}
	from := 0
	for v := range 256 {
		to := full + 1
		if v < 255 {
			to = int(decodeSRGB((float64(v)+0.5)/255)*full) + 1
		}
		for i := from; i < to; i++ {
			toSRGB[i] = uint8(v)
		}
		from = to
	}
}

// decodeSRGB is the decoding function of IEC 61966-2-1, for c in [0, 1].
func decodeSRGB(c float64) float64 {
	if c <= 0.04045 {
		return c / 12.92
	}
	return math.Pow((c+0.055)/1.055, 2.4)
}

// mul returns the product of two 16-bit fractions, rounded to the nearest.
func mul(a, b uint32) uint32 {
	t := a*b + 0x8000
	return (t + t>>16) >> 16
}
