package evdev

// notch is one notch of a wheel in the units of the fine wheel axes.
const notch = 120

// pointer gathers what a frame says about a pointer.
type pointer struct {
	x, y           axis
	fine           bool // the wheel has fine axes; the coarse ones say the same again
	atX, atY       int32
	moved          bool
	dx, dy         int64
	wheelX, wheelY int64 // in 1/notch
}

func (p *pointer) absolute(code uint16, value int32) {
	switch code {
	case absX:
		p.moved = p.moved || value != p.atX
		p.atX = value
	case absY:
		p.moved = p.moved || value != p.atY
		p.atY = value
	}
}

func (p *pointer) relative(code uint16, value int32) {
	v := int64(value)
	switch code {
	case relX:
		p.dx += v
	case relY:
		p.dy += v
	case relWheelHires:
		p.wheelY -= v
	case relHWheelHires:
		p.wheelX += v
	case relWheel:
		if !p.fine {
			p.wheelY -= v * notch
		}
	case relHWheel:
		if !p.fine {
			p.wheelX += v * notch
		}
	}
}

// report ends a frame: first the movement, then the buttons, then the wheel.
func (p *pointer) report(out []Event, buttons []Button) []Event {
	if p.moved {
		out = append(out, Position{X: p.x.fraction(p.atX), Y: p.y.fraction(p.atY)})
	}
	if p.dx != 0 || p.dy != 0 {
		out = append(out, Motion{DX: float32(p.dx), DY: float32(p.dy)})
	}
	for _, b := range buttons {
		out = append(out, b)
	}
	if p.wheelX != 0 || p.wheelY != 0 {
		out = append(out, Scroll{DX: float32(p.wheelX) / notch, DY: float32(p.wheelY) / notch})
	}
	p.forget()
	return out
}

// forget drops what a frame has said so far.
func (p *pointer) forget() {
	p.moved, p.dx, p.dy, p.wheelX, p.wheelY = false, 0, 0, 0, 0
}
