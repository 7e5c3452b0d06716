package raster

// The rows that things are painted on: bytes B, G, R, X of the strip, or pixels of a layer.
// Coverage is a slice as long as the row, or nil for full.

// ink is a colour ready for painting on bytes.
type ink struct {
	bgrx    [4]byte // encoded, opaque
	r, g, b uint32  // linear, not premultiplied
	a       uint32
}

func newInk(b *brush) ink {
	c := b.c0
	return ink{
		bgrx: [4]byte{c.B, c.G, c.R, 255},
		r:    uint32(toLinear[c.R]), g: uint32(toLinear[c.G]), b: uint32(toLinear[c.B]),
		a: uint32(c.A) * 0x101,
	}
}

// fill paints a whole row.
func (k *ink) fill(dst []byte) {
	if k.a != full {
		for i := 0; i+4 <= len(dst); i += 4 {
			k.over(dst[i:i+4:i+4], k.a)
		}
		return
	}
	if len(dst) < 4 {
		return
	}
	for done := copy(dst, k.bgrx[:]); done < len(dst); {
		done += copy(dst[done:], dst[:done])
	}
}

// cover paints a row by its coverage.
func (k *ink) cover(dst []byte, cover []uint16) {
	if len(dst) < 4*len(cover) {
		return
	}
	for i, c := range cover {
		if c == 0 {
			continue
		}
		d := dst[4*i : 4*i+4 : 4*i+4]
		if a := mul(uint32(c), k.a); a == full {
			copy(d, k.bgrx[:])
		} else {
			k.over(d, a)
		}
	}
}

// over paints one pixel with an alpha of a.
func (k *ink) over(d []byte, a uint32) {
	_ = d[2]
	rest := full - a
	d[0] = toSRGB[(k.b*a+uint32(toLinear[d[0]])*rest+0x8000)>>16]
	d[1] = toSRGB[(k.g*a+uint32(toLinear[d[1]])*rest+0x8000)>>16]
	d[2] = toSRGB[(k.r*a+uint32(toLinear[d[2]])*rest+0x8000)>>16]
}

// overBytes paints src on a row of bytes.
func overBytes(dst []byte, src []pixel, cover []uint16) {
	for i := range src {
		p := &src[i]
		if cover != nil {
			q := p.scaled(uint32(cover[i]))
			p = &q
		}
		if p.a == 0 && p.r|p.g|p.b == 0 {
			continue
		}
		d := dst[4*i : 4*i+4 : 4*i+4]
		if p.a == full {
			d[0], d[1], d[2] = toSRGB[p.b], toSRGB[p.g], toSRGB[p.r]
			continue
		}
		rest := full - uint32(p.a)
		d[0] = toSRGB[blend(toLinear[d[0]], p.b, rest)]
		d[1] = toSRGB[blend(toLinear[d[1]], p.g, rest)]
		d[2] = toSRGB[blend(toLinear[d[2]], p.r, rest)]
	}
}

// overPixels paints src on a row of a layer.
func overPixels(dst, src []pixel, cover []uint16) {
	for i, p := range src {
		if cover != nil {
			p = p.scaled(uint32(cover[i]))
		}
		d, rest := &dst[i], full-uint32(p.a)
		d.r, d.g, d.b, d.a = blend(d.r, p.r, rest), blend(d.g, p.g, rest), blend(d.b, p.b, rest), blend(d.a, p.a, rest)
	}
}

// blend returns dst·rest + src. An image may be brighter than its alpha allows.
func blend(dst, src uint16, rest uint32) uint16 {
	return uint16(min(full, mul(uint32(dst), rest)+uint32(src)))
}

// scaled returns p·a.
func (p pixel) scaled(a uint32) pixel {
	return pixel{
		uint16(mul(uint32(p.r), a)), uint16(mul(uint32(p.g), a)),
		uint16(mul(uint32(p.b), a)), uint16(mul(uint32(p.a), a)),
	}
}
