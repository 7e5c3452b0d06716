package raster

import (
	"fmt"
	"image"
	"runtime"
	"slices"
	"sync"

	"gioui.org/op"
)

// Renderer paints frames. It remembers what is on its last targets, and the shapes that
// it has drawn. It must not be used by two goroutines at once. The zero value is not
// ready; use New.
type Renderer struct {
	cache     cache
	textures  textures
	collector collector
	masker    masker
	next      *list // the frame's, and a spare one between frames
	surfaces  []surface
	masks     []placed
	painters  [2]painter
	damage    []image.Rectangle
}

// surface is memory that was painted on, and what is on it.
type surface struct {
	base   *byte
	target Target // without its memory
	list   *list
}

// maxSurfaces is the number of targets that are remembered: enough to show one, wait
// with one and paint on one.
const maxSurfaces = 3

// parallel is the number of damaged pixels from which two goroutines are faster.
const parallel = 1 << 17

// New returns a Renderer that has painted nothing yet.
func New() *Renderer {
	r := &Renderer{next: new(list)}
	r.cache = cache{entries: make(map[shape]*entry), limit: cacheBytes}
	r.textures = textures{all: make(map[textureKey]*texture)}
	r.collector = collector{masks: &r.cache, textures: &r.textures, saves: make(map[int]matrix)}
	return r
}

// Invalidate forgets what is on every target: the next Frame repaints all of its own.
// It must be called when something else has written to a target's memory, or when the
// memory was unmapped and other memory may be at its address.
func (r *Renderer) Invalidate() { r.surfaces = nil }

// Frame paints a frame's operations on t, and returns the rectangles, in pixels, that it
// wrote to: those that may differ from what the last Frame left on the same memory, or
// all of it if there was none. They do not overlap, and are valid until the next Frame.
//
// If the error wraps ErrMalformed or ErrTarget, t is untouched. After any other, which
// would be a defect of this package, the next Frame repaints all of t.
func (r *Renderer) Frame(root *op.Ops, t Target) (damage []image.Rectangle, err error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	defer r.trim()
	old := r.shown(t)
	if err := r.plan(root, t, old); err != nil {
		return nil, err
	}
	r.forget(t)
	if err := r.paint(t); err != nil {
		return nil, err
	}
	r.next.forgetPaths()
	r.keep(t, old)
	return r.damage, nil
}

// trim gives up what the caches need not hold any longer.
func (r *Renderer) trim() {
	r.cache.trim()
	r.textures.trim()
	for i := range r.painters {
		r.painters[i].picture = nil
	}
}

// plan reads the operations, and makes all that is needed to paint what is new in them.
// Gio's reader and its stroker panic on what they cannot read; the bytes of the list
// cannot be seen but through the reader, so that the panic is all there is to go by.
func (r *Renderer) plan(root *op.Ops, t Target, old *list) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("raster: %w: reading them failed: %v", ErrMalformed, v)
		}
	}()
	if err := r.collector.collect(root, t.bounds(), r.next); err != nil {
		return err
	}
	r.findDamage(old, t.bounds())
	return r.prepare()
}

// shown returns the list that is on t, or nil.
func (r *Renderer) shown(t Target) *list {
	for _, s := range r.surfaces {
		if s.base == &t.Pix[0] && s.target.sameLayout(t) {
			return s.list
		}
	}
	return nil
}

// forget removes what is remembered of t's memory.
func (r *Renderer) forget(t Target) {
	r.surfaces = slices.DeleteFunc(r.surfaces, func(s surface) bool { return s.base == &t.Pix[0] })
}

func (t Target) sameLayout(u Target) bool {
	return t.Stride == u.Stride && t.Width == u.Width && t.Height == u.Height && t.Format == u.Format
}

// keep remembers that r.next is on t, and reuses the memory of a list that is not.
func (r *Renderer) keep(t Target, old *list) {
	s := surface{base: &t.Pix[0], target: t, list: r.next}
	s.target.Pix = nil
	r.surfaces = append(r.surfaces, s)
	if old == nil && len(r.surfaces) > maxSurfaces {
		old = r.surfaces[0].list
		r.surfaces = slices.Delete(r.surfaces, 0, 1)
	}
	if old == nil {
		old = new(list)
	}
	old.reset()
	r.next = old
}

func (r *Renderer) findDamage(old *list, all image.Rectangle) {
	r.damage = r.damage[:0]
	if old == nil {
		r.damage = append(r.damage, all)
		return
	}
	d := differ{old: old, new: r.next, damage: r.damage}
	d.run()
	r.damage = d.damage
}

// paint paints the damage.
func (r *Renderer) paint(t Target) (err error) {
	defer recovered(&err)
	sc := picture{target: t, list: r.next, masks: r.masks}
	pixels := 0
	for _, d := range r.damage {
		pixels += area(d)
	}
	if pixels < parallel || runtime.GOMAXPROCS(0) == 1 {
		r.painters[0].picture = &sc
		r.painters[0].paint(r.damage, 0, 1)
		return nil
	}
	var errs [len(r.painters)]error
	var wait sync.WaitGroup
	for i := range r.painters {
		wait.Go(func() {
			defer recovered(&errs[i])
			r.painters[i].picture = &sc
			r.painters[i].paint(r.damage, i, len(r.painters))
		})
	}
	wait.Wait()
	for _, e := range errs {
		if e != nil {
			return e
		}
	}
	return nil
}

// recovered turns a panic into an error: a ceremony must be able to go on after a defect
// here.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("raster: painting failed: %v", v)
	}
}
