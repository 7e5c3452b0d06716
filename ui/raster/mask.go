package raster

import (
	"image"
	"unsafe"
)

// mask is the coverage of a shape, in rows of spans. What no span holds is not covered.
// It does not change once it is made.
type mask struct {
	rect  image.Rectangle // from the shape's whole-pixel origin
	rows  []int32         // row y has spans[rows[y]:rows[y+1]]
	spans []span
	cover []uint16 // of the spans that are not solid
}

// span is a run of pixels of a row: [x0, x1), counted as mask.rect is.
type span struct {
	x0, x1 int32
	at     int32 // where its coverage begins in mask.cover; solid if negative
}

const solid = -1

// bytes is the memory that m takes.
func (m *mask) bytes() int {
	return int(unsafe.Sizeof(*m)) + 4*cap(m.rows) + int(unsafe.Sizeof(span{}))*cap(m.spans) + 2*cap(m.cover)
}

// row returns the spans of row y, which must be within m.rect.
func (m *mask) row(y int) []span {
	y -= m.rect.Min.Y
	return m.spans[m.rows[y]:m.rows[y+1]]
}

// solidIn reports whether m covers every pixel of r in full.
func (m *mask) solidIn(r image.Rectangle) bool {
	if !r.In(m.rect) {
		return false
	}
rows:
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for _, s := range m.row(y) {
			if s.at == solid && int(s.x0) <= r.Min.X && int(s.x1) >= r.Max.X {
				continue rows
			}
		}
		return false
	}
	return true
}

// masker makes masks; it holds the memory that is needed meanwhile.
type masker struct {
	edges []edge
	acc   accumulator
	line  []uint16
}

// scratchEdges is the number of edges whose memory is kept from one mask to the next.
const scratchEdges = 1 << 16

// bandCells is the number of pixels that are accumulated at once.
const bandCells = 1 << 18

// release gives up memory that an unusually large path took.
func (k *masker) release() {
	if cap(k.edges) > scratchEdges {
		k.edges = nil
	}
}

// make rasterizes k.edges within rect, both counted from the same origin.
func (k *masker) make(rect image.Rectangle) *mask {
	w, h := rect.Dx(), rect.Dy()
	m := &mask{rect: rect, rows: make([]int32, 1, h+1)}
	k.line = sized(k.line, w)
	band := max(1, bandCells/w)
	for y := 0; y < h; y += band {
		k.acc.reset(w, min(band, h-y))
		dx, dy := float64(rect.Min.X), float64(rect.Min.Y+y)
		for _, e := range k.edges {
			k.acc.add(edge{e.x0 - dx, e.y0 - dy, e.x1 - dx, e.y1 - dy})
		}
		for row := range k.acc.h {
			from, to := k.acc.coverage(row, k.line)
			m.addRow(k.line, from, to)
		}
	}
	return m.packed()
}

// packed gives m memory of its own size.
func (m *mask) packed() *mask {
	m.spans = append(make([]span, 0, len(m.spans)), m.spans...)
	m.cover = append(make([]uint16, 0, len(m.cover)), m.cover...)
	return m
}

// shortRun is the number of pixels under which a run of none or of full coverage is not
// worth a span of its own.
const shortRun = 4

// addRow adds a row whose coverage, in line, is zero outside [from, to).
func (m *mask) addRow(line []uint16, from, to int) {
	first := len(m.spans)
	for x := from; x < to; {
		c, end := line[x], x+1
		if c == 0 || c == full {
			for end < to && line[end] == c {
				end++
			}
		}
		switch {
		case c == 0 && (end-x >= shortRun || end == to || len(m.spans) == first):
		case c == full && end-x >= shortRun:
			m.spans = append(m.spans, span{m.x(x), m.x(end), solid})
		default:
			m.extend(first, line[x:end], x)
		}
		x = end
	}
	m.rows = append(m.rows, int32(len(m.spans)))
}

// extend adds coverage from x on to the row's last span, or to a new one if that is
// solid or ends before x.
func (m *mask) extend(first int, cover []uint16, x int) {
	if n := len(m.spans); n == first || m.spans[n-1].at == solid || m.spans[n-1].x1 != m.x(x) {
		m.spans = append(m.spans, span{m.x(x), m.x(x), int32(len(m.cover))})
	}
	m.spans[len(m.spans)-1].x1 += int32(len(cover))
	m.cover = append(m.cover, cover...)
}

func (m *mask) x(x int) int32 { return int32(x + m.rect.Min.X) }

// multiply writes to dst, the coverage of row y from x on, its product with m's.
func (m *mask) multiply(dst []uint16, x, y int) {
	at := 0
	for _, s := range m.row(y) {
		from, to := int(s.x0)-x, int(s.x1)-x
		if to <= at {
			continue
		}
		if from >= len(dst) {
			break
		}
		from, to = max(from, at), min(to, len(dst))
		clear(dst[at:from])
		if s.at != solid {
			cover := m.cover[int(s.at)+from+x-int(s.x0):]
			for i := from; i < to; i++ {
				dst[i] = uint16(mul(uint32(dst[i]), uint32(cover[i-from])))
			}
		}
		at = to
	}
	clear(dst[at:])
}
