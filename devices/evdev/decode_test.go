package evdev

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// has makes a bitmap.
func has(last int, set ...int) bits {
	b := newBits(last)
	for _, n := range set {
		b.set(n)
	}
	return b
}

func keys(from, to int, more ...int) bits {
	for n := from; n <= to; n++ {
		more = append(more, n)
	}
	return has(keyMax, more...)
}

// devices are what the classes of devices say of themselves; the bits are those
// that real ones have.
var (
	thousand    = axis{max: 999}
	anyKeyboard = capability{keys: keys(1, 127)}
	anyMouse    = capability{keys: has(keyMax, btnLeft, btnRight, btnMiddle), rel: has(relMax, relX, relY, relWheel)}
	fineMouse   = capability{keys: anyMouse.keys, rel: has(relMax, relX, relY, relWheel, relWheelHires)}
	anyTablet   = capability{keys: has(keyMax, btnLeft, btnRight), abs: has(absMax, absX, absY), rel: has(relMax, relWheel), x: thousand, y: thousand}
	anyPen      = capability{keys: has(keyMax, btnPen, btnTouch, btnStylus), abs: has(absMax, absX, absY), props: has(31, propDirect), x: thousand, y: thousand}
	anyScreen   = capability{keys: has(keyMax, btnTouch), abs: has(absMax, absX, absY, absMTSlot, absMTX, absMTY, absMTTracking), props: has(31, propDirect), touchX: thousand, touchY: thousand, slots: 5}
	anySingle   = capability{keys: has(keyMax, btnTouch), abs: has(absMax, absX, absY), x: thousand, y: thousand}
	anyPad      = capability{keys: has(keyMax, btnLeft, btnFinger, btnTouch), abs: anyScreen.abs, props: has(31, propPointer), touchX: axis{max: 999, resolution: 10}, touchY: axis{max: 999, resolution: 10}, slots: 3}
	receiver    = capability{keys: keys(1, 127, btnLeft, btnRight), rel: has(relMax, relX, relY)} // of a wireless set
)

func TestDevicesAreWhatTheySeem(t *testing.T) {
	for why, c := range map[string]struct {
		can  capability
		want Kinds
	}{
		"a keyboard":                    {anyKeyboard, Keyboard},
		"a keyboard and mouse in one":   {receiver, Keyboard | Mouse},
		"a numeric pad":                 {capability{keys: keys(71, 83)}, Keypad},
		"a power button":                {capability{keys: has(keyMax, keyPower)}, Keypad},
		"a mouse":                       {anyMouse, Mouse},
		"QEMU's tablet":                 {anyTablet, Tablet},
		"a pen on a screen":             {anyPen, Tablet},
		"a touchscreen":                 {anyScreen, Touchscreen},
		"a touchscreen for one finger":  {anySingle, Touchscreen},
		"a touchpad":                    {anyPad, Touchpad},
		"a joystick":                    {capability{keys: has(keyMax, 0x120, 0x130), abs: has(absMax, absX, absY), x: thousand, y: thousand}, 0},
		"a motion sensor":               {capability{abs: has(absMax, absX, absY), props: has(31, propAccelerometer), x: thousand, y: thousand}, 0},
		"a lid":                         {capability{}, 0},
		"a touchscreen without a width": {capability{keys: anySingle.keys, abs: anySingle.abs, x: axis{max: 0}, y: thousand}, 0},
	} {
		if got := c.can.kinds(); got != c.want {
			t.Errorf("%s is taken for %q, not %q", why, got, c.want)
		}
	}
}

// ev is an event in short; frame ends with a report.
type ev struct {
	kind, code uint16
	value      int32
}

var report = ev{evSyn, synReport, 0}

func decodeAll(d *decoder, evs ...ev) []string {
	var out []string
	for i, e := range evs {
		events, _ := d.feed(raw{at: time.Duration(i) * time.Millisecond, kind: e.kind, code: e.code, value: e.value})
		for _, e := range events {
			out = append(out, fmt.Sprintf("%T%+v", e, e))
		}
	}
	return out
}

func counter() func() int {
	n := 0
	return func() int { n++; return n }
}

func TestFramesBecomeEvents(t *testing.T) {
	key := func(code uint16, value int32) ev { return ev{evKey, code, value} }
	abs := func(code uint16, value int32) ev { return ev{evAbs, code, value} }
	rel := func(code uint16, value int32) ev { return ev{evRel, code, value} }
	for why, c := range map[string]struct {
		can  capability
		in   []ev
		want []string
	}{
		"a release without a press is none":    {anyKeyboard, []ev{key(30, 0), report}, nil},
		"a repetition without a press is none": {anyKeyboard, []ev{key(30, 2), report}, nil},
		"a key pressed twice is pressed once": {anyKeyboard, []ev{key(30, 1), key(30, 1), report},
			[]string{"evdev.Key{Action:0 Code:30 Name: Text: Mods:0}"}},
		"a mouse moves before it presses": {anyMouse, []ev{key(btnLeft, 1), rel(relX, 3), rel(relX, 4), rel(relY, -1), report},
			[]string{"evdev.Motion{DX:7 DY:-1}", "evdev.Button{Which:0 Pressed:true}"}},
		"a wheel towards the user scrolls down": {anyMouse, []ev{rel(relWheel, -2), report}, []string{"evdev.Scroll{DX:0 DY:2}"}},
		"a fine wheel is not counted twice": {fineMouse, []ev{rel(relWheel, -1), rel(relWheelHires, -120), report},
			[]string{"evdev.Scroll{DX:0 DY:1}"}},
		"a mouse that moves back within a frame has not moved": {anyMouse, []ev{rel(relX, 3), rel(relX, -3), report}, nil},
		"a tablet points": {anyTablet, []ev{abs(absX, 500), abs(absY, 250), key(btnRight, 1), report},
			[]string{"evdev.Position{X:0.5 Y:0.25}", "evdev.Button{Which:1 Pressed:true}"}},
		"the end of an axis is less than one": {anyTablet, []ev{abs(absX, 5000), abs(absY, -5), report},
			[]string{"evdev.Position{X:0.99999994 Y:0}"}},
		"a pen's tip is the left button": {anyPen, []ev{abs(absX, 500), key(btnTouch, 1), report},
			[]string{"evdev.Position{X:0.5 Y:0}", "evdev.Button{Which:0 Pressed:true}"}},
		"a finger": {anySingle, []ev{abs(absX, 500), abs(absY, 250), key(btnTouch, 1), report, abs(absX, 750), report, key(btnTouch, 0), report},
			[]string{"evdev.Touch{Phase:0 ID:1 X:0.5 Y:0.25}", "evdev.Touch{Phase:1 ID:1 X:0.75 Y:0.25}", "evdev.Touch{Phase:2 ID:1 X:0.75 Y:0.25}"}},
		"a finger that becomes another within a frame": {anyScreen,
			[]ev{abs(absMTTracking, 7), abs(absMTX, 500), report, abs(absMTTracking, 8), abs(absMTX, 250), report},
			[]string{"evdev.Touch{Phase:0 ID:1 X:0.5 Y:0}", "evdev.Touch{Phase:2 ID:1 X:0.25 Y:0}", "evdev.Touch{Phase:0 ID:2 X:0.25 Y:0}"}},
		"a palm is taken back": {anyScreen, []ev{abs(absMTTracking, 7), report, abs(absMTToolType, mtToolPalm), report, abs(absMTX, 5), report},
			[]string{"evdev.Touch{Phase:0 ID:1 X:0 Y:0}", "evdev.Touch{Phase:3 ID:1 X:0 Y:0}"}},
		"a slot that is not there is not followed": {anyScreen, []ev{abs(absMTSlot, 99), abs(absMTTracking, 7), report, abs(absMTSlot, -1), abs(absMTTracking, 8), report}, nil},
		"one finger on a touchpad moves":           {anyPad, []ev{abs(absMTTracking, 7), report, abs(absMTX, 10), report}, []string{"evdev.Motion{DX:12 DY:0}"}},
		"two fingers on a touchpad scroll, and the picture follows": {anyPad,
			[]ev{abs(absMTTracking, 7), report, abs(absMTSlot, 1), abs(absMTTracking, 8), report,
				abs(absMTY, 50), abs(absMTSlot, 0), abs(absMTY, 50), report},
			[]string{"evdev.Scroll{DX:-0 DY:-1}"}},
		"a tap on a touchpad is a click": {anyPad, []ev{abs(absMTTracking, 7), report, abs(absMTTracking, -1), report},
			[]string{"evdev.Button{Which:0 Pressed:true}", "evdev.Button{Which:0 Pressed:false}"}},
		"a touchpad's own button is one click, not two": {anyPad,
			[]ev{abs(absMTTracking, 7), report, key(btnLeft, 1), report, key(btnLeft, 0), abs(absMTTracking, -1), report},
			[]string{"evdev.Button{Which:0 Pressed:true}", "evdev.Button{Which:0 Pressed:false}"}},
		"what is not known is ignored": {anyKeyboard, []ev{{0x77, 1, 1}, key(0, 1), key(btnLeft, 1), abs(absX, 1), report}, nil},
	} {
		if got := decodeAll(newDecoder(&c.can, counter()), c.in...); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n got %q\nwant %q", why, got, c.want)
		}
	}
}

func TestALongTouchIsNoTap(t *testing.T) {
	d := newDecoder(&anyPad, counter())
	d.feed(raw{kind: evAbs, code: absMTTracking, value: 1})
	d.feed(raw{kind: evSyn})
	d.feed(raw{at: time.Second, kind: evAbs, code: absMTTracking, value: -1})
	if events, _ := d.feed(raw{at: time.Second, kind: evSyn}); len(events) != 0 {
		t.Errorf("it gave %v", events)
	}
}

func TestWhatTheKernelDroppedIsMadeGood(t *testing.T) {
	d := newDecoder(&anyKeyboard, counter())
	decodeAll(d, ev{evKey, 30, 1}, ev{evKey, 31, 1}, report, ev{evSyn, synDropped, 0}, ev{evKey, 48, 1})
	if _, lost := d.feed(raw{kind: evSyn}); !lost {
		t.Fatal("the loss was not told")
	}
	got := fmt.Sprint(d.restore(state{keys: has(keyMax, 31, 46)}, 0))
	if want := fmt.Sprint([]Event{Key{Action: Release, Code: 30}, Key{Action: Press, Code: 46}}); got != want {
		t.Errorf("got %v, not %v", got, want)
	}

	d = newDecoder(&anyScreen, counter())
	decodeAll(d, ev{evAbs, absMTTracking, 5}, report, ev{evAbs, absMTSlot, 1}, ev{evAbs, absMTTracking, 6}, report)
	got = fmt.Sprint(d.restore(state{slots: []slot{{tracking: -1}, {tracking: 6, x: 500}, {tracking: 9}}, slot: 2}, 0))
	want := fmt.Sprint([]Event{Touch{Phase: TouchUp, ID: 1}, Touch{Phase: TouchMove, ID: 2, X: 0.5}, Touch{Phase: TouchDown, ID: 3}})
	if got != want {
		t.Errorf("got %v, not %v", got, want)
	}
	if got := decodeAll(d, ev{evAbs, absMTX, 250}, report); len(got) != 1 || got[0] != "evdev.Touch{Phase:1 ID:3 X:0.25 Y:0}" {
		t.Errorf("the slot after the loss is wrong: %q", got)
	}
}

// judge follows events and says which one makes no sense.
type judge struct {
	keys    map[uint16]bool
	buttons map[Which]bool
	fingers map[int]bool
	seen    map[int]bool
}

func newJudge() *judge {
	return &judge{map[uint16]bool{}, map[Which]bool{}, map[int]bool{}, map[int]bool{}}
}

func (j *judge) check(e Event) error {
	inside := func(x, y float32) bool { return x >= 0 && x < 1 && y >= 0 && y < 1 }
	switch e := e.(type) {
	case Key:
		if j.keys[e.Code] != (e.Action != Press) {
			return fmt.Errorf("%+v, which was held: %t", e, j.keys[e.Code])
		}
		j.keys[e.Code] = e.Action != Release
	case Touch:
		if !inside(e.X, e.Y) || j.fingers[e.ID] != (e.Phase != TouchDown) || e.Phase == TouchDown && j.seen[e.ID] {
			return fmt.Errorf("%+v, which was down: %t", e, j.fingers[e.ID])
		}
		j.fingers[e.ID], j.seen[e.ID] = e.Phase == TouchDown || e.Phase == TouchMove, true
	case Button:
		if j.buttons[e.Which] == e.Pressed {
			return fmt.Errorf("%+v, which it was already", e)
		}
		j.buttons[e.Which] = e.Pressed
	case Position:
		if !inside(e.X, e.Y) {
			return fmt.Errorf("%+v", e)
		}
	}
	return nil
}

// nothingHeld tells whether all was let go.
func (j *judge) nothingHeld() bool {
	return !slices.Contains(slices.Collect(maps.Values(j.keys)), true) &&
		!slices.Contains(slices.Collect(maps.Values(j.buttons)), true) &&
		!slices.Contains(slices.Collect(maps.Values(j.fingers)), true)
}

var allDevices = []capability{anyKeyboard, anyMouse, fineMouse, anyTablet, anyPen, anyScreen, anySingle, anyPad, receiver}

func TestEventsAlwaysMakeSense(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(allDevices).Draw(t, "device")
		d, j := newDecoder(&c, counter()), newJudge()
		check := func(events []Event) {
			for _, e := range events {
				if err := j.check(e); err != nil {
					t.Fatal(err)
				}
			}
		}
		codes := rapid.SampledFrom([]uint16{0, 1, 3, 8, 30, 42, absMTSlot, absMTX, absMTY, absMTToolType, absMTTracking, btnLeft, btnTouch})
		values := rapid.SampledFrom([]int32{-1, 0, 1, 2, 3, 500, 999, 1 << 30, -1 << 31})
		for range rapid.IntRange(0, 80).Draw(t, "events") {
			kind := rapid.SampledFrom([]uint16{evSyn, evSyn, evKey, evKey, evAbs, evAbs, evRel}).Draw(t, "kind")
			events, lost := d.feed(raw{kind: kind, code: codes.Draw(t, "code"), value: values.Draw(t, "value")})
			check(events)
			if lost {
				s := state{keys: has(keyMax, int(codes.Draw(t, "held"))), slot: int(values.Draw(t, "slot"))}
				for range min(c.slots, 2) {
					s.slots = append(s.slots, slot{tracking: values.Draw(t, "tracking"), x: values.Draw(t, "x")})
				}
				check(d.restore(s, 0))
			}
		}
		check(d.release())
		if !j.nothingHeld() {
			t.Fatal("something is still held after the release of all")
		}
	})
}

func FuzzDecode(f *testing.F) {
	f.Add(uint8(5), append(raw{kind: evAbs, code: absMTTracking, value: 3}.encode(), raw{}.encode()...))
	f.Add(uint8(0), append(raw{kind: evKey, code: 30, value: 1}.encode(), raw{kind: evSyn, code: synDropped}.encode()...))
	f.Fuzz(func(t *testing.T, device uint8, data []byte) {
		c := allDevices[int(device)%len(allDevices)]
		d, j, ty := newDecoder(&c, counter()), newJudge(), newTypist(layout(t, "de"))
		for _, r := range parse(data) {
			events, lost := d.feed(r)
			if lost {
				events = d.restore(state{}, r.at)
			}
			for _, e := range events {
				if err := j.check(e); err != nil {
					t.Fatal(err)
				}
				if k, ok := e.(Key); ok {
					ty.fill(&k)
				}
			}
		}
		for _, e := range d.release() {
			if err := j.check(e); err != nil {
				t.Fatal(err)
			}
		}
		if !j.nothingHeld() {
			t.Fatal("something is still held after the release of all")
		}
	})
}

func TestParseReadsWhatEncodeWrote(t *testing.T) {
	want := raw{kind: evAbs, code: absMTX, value: -5}
	if got := parse(append(want.encode(), 1, 2, 3)); len(got) != 1 || got[0] != want {
		t.Errorf("got %+v", got)
	}
}
