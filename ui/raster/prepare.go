package raster

import (
	"fmt"
	"image"
)

// prepare makes what painting the damage needs, and hides the items that it does not need.
func (r *Renderer) prepare() error {
	r.masks = r.masks[:0]
	for i := range r.next.items {
		it := &r.next.items[i]
		it.live = [2]int32{hidden, hidden}
		if it.kind != paintItem || !r.damaged(it.bounds) {
			continue
		}
		if err := r.resolve(it); err != nil {
			return err
		}
		if it.brush.kind == imageBrush && it.brush.filter == linearFilter && it.brush.lod() > 0 {
			it.brush.image.shrink()
		}
	}
	return nil
}

func (r *Renderer) damaged(b image.Rectangle) bool {
	for _, d := range r.damage {
		if d.Overlaps(b) {
			return true
		}
	}
	return false
}

// hidden stands in an item's live for one that is not painted: no damage reaches it, or
// its masks leave nothing of it.
const hidden = -1

// resolve sets an item's masks: those that limit it, without those that cover all of it.
func (r *Renderer) resolve(it *item) error {
	first := len(r.masks)
	for c := it.clip; c != none; c = r.next.stencils[c].next {
		k := &r.next.stencils[c]
		if err := r.ensure(k); err != nil {
			return err
		}
		at := it.bounds.Sub(k.off)
		if !at.Overlaps(k.entry.mask.rect) {
			r.masks = r.masks[:first]
			return nil
		}
		if !k.entry.mask.solidIn(at) {
			r.masks = append(r.masks, placed{k.entry.mask, k.off})
		}
	}
	it.live = [2]int32{int32(first), int32(len(r.masks))}
	return nil
}

// ensure makes a stencil's mask if the cache has none.
func (r *Renderer) ensure(k *stencil) error {
	if k.entry.mask != nil {
		return nil
	}
	s := &k.entry.shape
	edges := r.masker.edges[:0]
	if s.kind == rectShape {
		var p [4]point
		for i, c := range s.rect.corners() {
			p[i] = s.m.apply(c)
		}
		for i := range p {
			q := p[(i+1)%4]
			edges = append(edges, edge{p[i].x, p[i].y, q.x, q.y})
		}
	} else {
		var err error
		if edges, err = outline(edges, k.path, s.m, s.width); err != nil {
			return fmt.Errorf("raster: %w", err)
		}
	}
	r.masker.edges = edges
	r.cache.setMask(k.entry, r.masker.make(k.entry.bounds))
	r.masker.release()
	return nil
}
