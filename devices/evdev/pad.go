package evdev

import (
	"math"
	"time"
)

const (
	tapTime      = 200 * time.Millisecond // the longest tap
	tapTravel    = 2                      // mm that a finger may slip in one
	countsPerMM  = 12                     // a mouse's, for a finger's movement
	notchesPerMM = 0.2                    // a wheel's, for two fingers'
	padWidthMM   = 100                    // of a touchpad that does not tell its size
	padFingers   = 2
)

// pad makes a pointer of a touchpad: a finger moves, two scroll, with the picture
// following them, a tap is a click, and a tap with two fingers a right click.
type pad struct {
	mmX, mmY float64 // a unit of the axes
	fingers  map[int][2]int32
	began    time.Duration // when the first finger came down
	most     int           // of fingers since; -1 if it is no tap any more
	travel   float64       // mm since
}

func newPad(c *capability) pad {
	x, y := c.x, c.y
	if c.slots > 0 {
		x, y = c.touchX, c.touchY
	}
	return pad{mmX: millimetres(x), mmY: millimetres(y), fingers: map[int][2]int32{}}
}

// millimetres is the length of one unit of an axis.
func millimetres(a axis) float64 {
	if a.resolution > 0 {
		return 1 / float64(a.resolution)
	}
	return padWidthMM / (float64(a.max) - float64(a.min) + 1)
}

// click notes that the pad's own button was used, so that the finger's touch is
// not a tap on top of it.
func (p *pad) click() { p.most = -1 }

// reset forgets all fingers.
func (p *pad) reset() { clear(p.fingers) }

// report makes events of what a frame did to the fingers.
func (p *pad) report(out []Event, changes []change, at time.Duration) []Event {
	var dx, dy float64
	for _, c := range changes {
		was, known := p.fingers[c.id]
		switch {
		case c.phase == TouchDown:
			p.down(c, at)
		case c.phase == TouchMove && known:
			x, y := float64(int64(c.x)-int64(was[0]))*p.mmX, float64(int64(c.y)-int64(was[1]))*p.mmY
			dx, dy = dx+x, dy+y
			p.travel += math.Hypot(x, y)
			p.fingers[c.id] = [2]int32{c.x, c.y}
		case c.phase == TouchUp:
			delete(p.fingers, c.id)
			if len(p.fingers) == 0 {
				out = p.tap(out, at)
			}
		case c.phase == TouchCancel:
			delete(p.fingers, c.id)
			p.most = -1
		}
	}
	n := float64(len(p.fingers))
	switch {
	case dx == 0 && dy == 0:
	case len(p.fingers) == 1:
		out = append(out, Motion{DX: float32(dx * countsPerMM), DY: float32(dy * countsPerMM)})
	case len(p.fingers) == padFingers:
		out = append(out, Scroll{DX: float32(-dx / n * notchesPerMM), DY: float32(-dy / n * notchesPerMM)})
	}
	return out
}

func (p *pad) down(c change, at time.Duration) {
	if len(p.fingers) == 0 {
		p.began, p.most, p.travel = at, 0, 0
	}
	p.fingers[c.id] = [2]int32{c.x, c.y}
	if p.most >= 0 {
		p.most = max(p.most, len(p.fingers))
	}
}

// tap is called when the last finger lifts.
func (p *pad) tap(out []Event, at time.Duration) []Event {
	if p.most < 1 || p.most > padFingers || at-p.began > tapTime || p.travel > tapTravel {
		return out
	}
	which := ButtonLeft
	if p.most == padFingers {
		which = ButtonRight
	}
	return append(out, Button{Which: which, Pressed: true}, Button{Which: which})
}
