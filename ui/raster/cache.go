package raster

import (
	"cmp"
	"image"
	"slices"
	"unsafe"
)

// shape is what a mask depends on, so that it is also the key under which one is kept.
// The whole-pixel part of a translation is not in it.
type shape struct {
	kind shapeKind
	// A path: Gio's hash of its commands, its length, a hash of its contours' numbers
	// if it is stroked (Gio's leaves them out), and the stroke's width or zero.
	hash     uint64
	contours uint64
	size     int
	width    float32
	// A rectangle before its transform.
	rect box
	// The transform; its translation is the fraction of a pixel.
	m matrix
	// window is what is drawn of a shape too large to be drawn whole.
	window image.Rectangle
}

type shapeKind uint8

const (
	rectShape shapeKind = iota
	pathShape
)

// entry is a shape in the cache, with its mask once it has been needed.
type entry struct {
	shape  shape
	bounds image.Rectangle // holds the mask's; from the same origin
	mask   *mask
	used   uint64 // the last frame that had it
}

func (e *entry) bytes() int {
	n := 2 * int(unsafe.Sizeof(*e))
	if e.mask != nil {
		n += e.mask.bytes()
	}
	return n
}

// cacheBytes bounds the memory of cached masks between frames.
const cacheBytes = 16 << 20

// cache keeps shapes between frames, at most limit bytes of them after trim.
type cache struct {
	entries map[shape]*entry
	frame   uint64
	bytes   int
	limit   int
}

// get returns the entry of a shape, and whether it is a new one, whose bounds are still
// to be set.
func (c *cache) get(s shape) (e *entry, fresh bool) {
	e = c.entries[s]
	if e == nil {
		e, fresh = &entry{shape: s}, true
		c.entries[s] = e
		c.bytes += e.bytes()
	}
	e.used = c.frame
	return e, fresh
}

// drop forgets an entry. Lists that have it can still compare it.
func (c *cache) drop(e *entry) {
	c.bytes -= e.bytes()
	e.mask = nil
	delete(c.entries, e.shape)
}

// setMask gives an entry its mask.
func (c *cache) setMask(e *entry, m *mask) {
	e.mask = m
	c.bytes += m.bytes()
}

// trim ends a frame: if the cache is over its limit, what was used longest ago goes,
// until a quarter of it is free.
func (c *cache) trim() {
	c.frame++
	if c.bytes <= c.limit {
		return
	}
	all := make([]*entry, 0, len(c.entries))
	for _, e := range c.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return cmp.Compare(a.used, b.used) })
	for _, e := range all {
		if c.bytes <= c.limit/4*3 {
			return
		}
		c.drop(e)
	}
}
