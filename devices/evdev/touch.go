package evdev

// slot is one finger of multi-touch protocol B; single touch is one slot.
type slot struct {
	tracking int32 // the kernel's number of the finger; -1 if none
	x, y     int32
	palm     bool

	shown int32 // the finger that was passed on; -1 if none
	id    int   // its number in Touch
	moved bool
}

// touch follows fingers.
type touch struct {
	x, y    axis
	multi   bool
	slots   []slot
	current int // the slot that is being written; out of range: one that is not followed
	next    func() int
}

func newTouch(c *capability, next func() int) touch {
	t := touch{x: c.x, y: c.y, next: next, current: c.slot, slots: make([]slot, max(1, min(c.slots, maxSlots)))}
	if t.multi = c.slots > 0; t.multi {
		t.x, t.y = c.touchX, c.touchY
	}
	for i := range t.slots {
		t.slots[i].tracking, t.slots[i].shown = -1, -1
	}
	return t
}

// absolute takes a value of an axis.
func (t *touch) absolute(code uint16, value int32) {
	if code == absMTSlot && t.multi {
		t.current = int(value)
		return
	}
	if t.current < 0 || t.current >= len(t.slots) {
		return
	}
	s := &t.slots[t.current]
	atX, atY := uint16(absX), uint16(absY)
	if t.multi {
		atX, atY = absMTX, absMTY
	}
	switch code {
	case atX:
		s.moved = s.moved || s.x != value
		s.x = value
	case atY:
		s.moved = s.moved || s.y != value
		s.y = value
	case absMTTracking:
		if t.multi {
			s.tracking = max(value, -1)
			s.palm = false
		}
	case absMTToolType:
		s.palm = t.multi && value == mtToolPalm
	}
}

// contact takes BTN_TOUCH, which tells a single finger's state.
func (t *touch) contact(down bool) {
	switch {
	case t.multi || len(t.slots) == 0:
	case down:
		t.slots[0].tracking = 0
	default:
		t.slots[0].tracking = -1
	}
}

// change is what a frame did to a finger.
type change struct {
	phase Phase
	id    int
	x, y  int32
}

func (c change) event(t *touch) Event {
	return Touch{Phase: c.phase, ID: c.id, X: t.x.fraction(c.x), Y: t.y.fraction(c.y)}
}

// report ends a frame. Fingers lift before others come down.
func (t *touch) report() []change {
	var lifted, others []change
	for i := range t.slots {
		s := &t.slots[i]
		if s.shown >= 0 && s.tracking >= 0 && s.palm {
			lifted = append(lifted, s.lift(TouchCancel))
		}
		if s.shown >= 0 && s.tracking != s.shown {
			lifted = append(lifted, s.lift(TouchUp))
		}
		switch {
		case s.tracking >= 0 && s.shown < 0 && !s.palm:
			s.shown, s.id = s.tracking, t.next()
			others = append(others, change{TouchDown, s.id, s.x, s.y})
		case s.shown >= 0 && s.moved:
			others = append(others, change{TouchMove, s.id, s.x, s.y})
		}
		s.moved = false
	}
	return append(lifted, others...)
}

func (s *slot) lift(phase Phase) change {
	s.shown = -1
	return change{phase, s.id, s.x, s.y}
}

// restore takes the kernel's word for where fingers are.
func (t *touch) restore(k state) {
	if !t.multi {
		if len(t.slots) > 0 {
			t.absolute(absX, k.x)
			t.absolute(absY, k.y)
			t.contact(k.keys.has(btnTouch))
		}
		return
	}
	t.current = k.slot
	for i := range t.slots {
		if i >= len(k.slots) {
			t.slots[i].tracking = -1
			continue
		}
		s, now := &t.slots[i], k.slots[i]
		s.moved = s.moved || s.x != now.x || s.y != now.y
		s.tracking, s.x, s.y, s.palm = max(now.tracking, -1), now.x, now.y, now.palm
	}
}

// cancel takes back every finger.
func (t *touch) cancel() []change {
	var all []change
	for i := range t.slots {
		s := &t.slots[i]
		if s.shown >= 0 {
			all = append(all, s.lift(TouchCancel))
		}
		s.tracking, s.moved = -1, false
	}
	return all
}
