package raster

import (
	"image"
	"image/color"
)

// list is what a frame shows: items in the order in which they are painted.
type list struct {
	items []item
	// stencils hold the masks of items; an item's are chained from its own by next.
	stencils []stencil
}

// item is one thing to paint, or the beginning or end of a layer.
type item struct {
	kind    itemKind
	bounds  image.Rectangle // nothing is painted outside; not empty
	clip    int32           // the first of its stencils, or none
	opacity float32         // of a layer
	brush   brush
	// live are the masks that matter within bounds, picture.masks[live[0]:live[1]], set
	// before painting.
	live [2]int32
}

type itemKind uint8

const (
	paintItem itemKind = iota
	pushItem           // begins a layer
	popItem            // ends it, and paints it with its opacity
)

// none ends a chain of stencils.
const none = -1

// stencil is a shape that limits what is painted.
type stencil struct {
	entry *entry
	off   image.Point // where the shape's origin is
	next  int32
	path  []byte // the commands of a path; valid within the frame
}

// brush is what an area is filled with.
type brush struct {
	kind   brushKind
	filter imageFilter
	c0, c1 color.NRGBA
	// m takes pixels to the position along a gradient (its first row), or to texels.
	m     matrix
	image *texture
}

type brushKind uint8

const (
	colorBrush brushKind = iota
	gradientBrush
	imageBrush
)

// imageFilter has the values of paint.ImageFilter.
type imageFilter uint8

const (
	linearFilter imageFilter = iota
	nearestFilter
)

// opaque reports whether nothing shows through b.
func (b *brush) opaque() bool { return b.kind == colorBrush && b.c0.A == 255 }

func (l *list) reset() {
	l.items = l.items[:0]
	clear(l.stencils)
	l.stencils = l.stencils[:0]
}

// forgetPaths drops what is valid within the frame only.
func (l *list) forgetPaths() {
	for i := range l.stencils {
		l.stencils[i].path = nil
	}
}

// same reports whether item i of l paints the same as item j of m.
func (l *list) same(i int, m *list, j int) bool {
	a, b := &l.items[i], &m.items[j]
	if a.bounds != b.bounds || a.kind != b.kind || a.opacity != b.opacity || a.brush != b.brush {
		return false
	}
	p, q := a.clip, b.clip
	for p != none && q != none {
		c, d := &l.stencils[p], &m.stencils[q]
		if c.off != d.off || c.entry != d.entry && c.entry.shape != d.entry.shape {
			return false
		}
		p, q = c.next, d.next
	}
	return p == q
}
