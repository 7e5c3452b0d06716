package raster

import "image"

const (
	// maxSkip is how far ahead the two lists are searched for where they meet again.
	maxSkip = 32
	// maxCompare bounds the comparisons of one diff; what is left then is damaged.
	maxCompare = 20000
	// maxRects bounds the number of damaged rectangles.
	maxRects = 16
	// wasteful is the number of pixels that two rectangles made one may add.
	wasteful = 4096
)

// differ finds the damage between two lists.
//
// It matches items of the old list with equal ones of the new, in order. A pixel in the
// bounds of no unmatched item is painted by the same items in the same order in both,
// layers included: so the bounds of the unmatched are all the damage there can be,
// however good the matching is.
type differ struct {
	old, new *list
	budget   int
	damage   []image.Rectangle
}

func (d *differ) run() {
	oldEnd, newEnd := len(d.old.items), len(d.new.items)
	i, j := 0, 0
	for i < oldEnd && j < newEnd && d.old.same(i, d.new, j) {
		i, j = i+1, j+1
	}
	for i < oldEnd && j < newEnd && d.old.same(oldEnd-1, d.new, newEnd-1) {
		oldEnd, newEnd = oldEnd-1, newEnd-1
	}
	d.budget = maxCompare
	for i < oldEnd || j < newEnd {
		a, b := d.meet(i, oldEnd, j, newEnd)
		d.addItems(d.old, i, a)
		d.addItems(d.new, j, b)
		for i, j = a, b; i < oldEnd && j < newEnd && d.old.same(i, d.new, j); {
			i, j = i+1, j+1
		}
	}
}

// meet returns the nearest pair of equal items from i and j on; or, if none is near, one
// item further in each; or the ends, if there were too many comparisons already.
func (d *differ) meet(i, oldEnd, j, newEnd int) (int, int) {
	for skip := 1; skip <= maxSkip; skip++ {
		for a := max(i, i+skip-(newEnd-1-j)); a <= i+skip && a < oldEnd; a++ {
			b := j + skip - (a - i)
			if d.budget--; d.budget < 0 {
				return oldEnd, newEnd
			}
			if d.old.same(a, d.new, b) {
				return a, b
			}
		}
	}
	return min(i+1, oldEnd), min(j+1, newEnd)
}

func (d *differ) addItems(l *list, from, to int) {
	for k := from; k < to; k++ {
		d.add(l.items[k].bounds)
	}
}

// add adds a rectangle to the damage, which is kept disjoint, and small in number.
func (d *differ) add(r image.Rectangle) {
	for i := 0; i < len(d.damage); {
		e := d.damage[i]
		if r.In(e) {
			return
		}
		u := r.Union(e)
		if r.Overlaps(e) || area(u)-area(r)-area(e) <= wasteful {
			r = u
			d.remove(i)
			i = 0
			continue
		}
		i++
	}
	d.damage = append(d.damage, r)
	if len(d.damage) > maxRects {
		d.merge()
	}
}

// merge makes one of the last rectangle and the one that it wastes least with.
func (d *differ) merge() {
	last := len(d.damage) - 1
	r := d.damage[last]
	d.damage = d.damage[:last]
	best, least := 0, -1
	for i, e := range d.damage {
		if waste := area(r.Union(e)) - area(e); least < 0 || waste < least {
			best, least = i, waste
		}
	}
	u := r.Union(d.damage[best])
	d.remove(best)
	d.add(u)
}

func (d *differ) remove(i int) {
	last := len(d.damage) - 1
	d.damage[i] = d.damage[last]
	d.damage = d.damage[:last]
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }
