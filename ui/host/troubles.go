package host

import (
	"fmt"
	"maps"
	"slices"

	"anodize/devices/evdev"
)

// troubles are the input devices that are there but cannot be used, by their paths.
type troubles struct {
	errs  map[string]error
	fresh bool // not shown yet
}

func (t *troubles) take(e evdev.Trouble) {
	if t.errs == nil {
		t.errs = map[string]error{}
	}
	t.fresh = true
	if e.Err == nil {
		delete(t.errs, e.Path)
		return
	}
	t.errs[e.Path] = e.Err
}

// news tells, once, that something has changed.
func (t *troubles) news() bool {
	fresh := t.fresh
	t.fresh = false
	return fresh
}

// String tells people what cannot be used, and what they can do; nothing if all can.
func (t *troubles) String() string {
	paths := slices.Sorted(maps.Keys(t.errs))
	if len(paths) == 0 {
		return ""
	}
	more := ""
	if n := len(paths) - 1; n > 0 {
		more = fmt.Sprintf(", and %d more", n)
	}
	return fmt.Sprintf("A keyboard, mouse or touchscreen cannot be used (%v%s). Pull it out and put it back, or take another one.",
		t.errs[paths[0]], more)
}
