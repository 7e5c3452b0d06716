package host_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/drm"
	"anodize/devices/evdev"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

func TestWhatIsShownIsWhatAHeadlessWindowDraws(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, v := range []ceremony.View{textView(), heldView(), listView()} {
			r := run(t, 1366, 768, v)
			r.settled()
			mustEqual(t, r.screen.picture(t), beside(t, 1366, 768, v).Image())
		}
	})
}

func TestIdleCostsNoFrameAndATickOfTheClockOneSmallOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 1920, 1080, textView())
		r.settled()
		if n := r.settled(); n != 0 {
			t.Fatalf("%d frames were drawn while nothing happened", n)
		}
		r.ceremony.show(func(v *ceremony.View) { v.Now = v.Now.Add(time.Second) })
		damage := r.frame(t)
		if n := r.settled(); n != 0 {
			t.Fatalf("%d frames followed the one that a tick of the clock needs", n)
		}
		pixels := 0
		for _, d := range damage {
			pixels += d.Dx() * d.Dy()
		}
		if pixels == 0 || pixels > 72*400 {
			t.Fatalf("a tick of the clock painted %d pixels: %v", pixels, damage)
		}
	})
}

func TestAPictureChangedBitByBitIsTheOnePaintedAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 800, 600, v)
		for _, s := range []string{"A", "An", "Anna", "Ann", ""} {
			r.ceremony.show(func(v *ceremony.View) {
				v.Revision++
				v.Body = ceremony.TextBody{Label: "Name", Value: s}
			})
			r.settled()
			mustEqual(t, r.screen.picture(t), beside(t, 800, 600, *r.ceremony.View()).Image())
		}
	})
}

func TestKeysTypeAndPress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		r.frame(t)
		r.hands.key(30, "A", "a")
		r.hands.key(14, evdev.Backspace, "")
		r.hands.key(28, evdev.Enter, "")
		r.hands.key(1, evdev.Escape, "")
		for i, want := range []ceremony.Event{ceremony.Input{Text: "a"}, ceremony.Erase{}, ceremony.Press{Action: "go"}, ceremony.Press{Action: "stop"}} {
			if got := r.sent(t); got != want {
				t.Errorf("event %d is %#v, not %#v", i, got, want)
			}
		}
	})
}

func TestARepeatTypesAndDeletesAgainButNeverConfirmsAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		r.frame(t)
		hold := func(code uint16, name evdev.Name, text string) {
			r.hands.events <- evdev.Key{Action: evdev.Press, Code: code, Name: name, Text: text}
			for range 2 {
				r.hands.events <- evdev.Key{Action: evdev.Repeat, Code: code, Name: name, Text: text}
			}
			r.hands.events <- evdev.Key{Action: evdev.Release, Code: code}
		}
		hold(30, "A", "a")
		hold(14, evdev.Backspace, "")
		hold(28, evdev.Enter, "")
		r.settled()
		var got []ceremony.Event
		for len(r.ceremony.sent) > 0 {
			got = append(got, <-r.ceremony.sent)
		}
		a, e := ceremony.Input{Text: "a"}, ceremony.Erase{}
		if want := []ceremony.Event{a, a, a, e, e, e, ceremony.Press{Action: "go"}}; !slices.Equal(got, want) {
			t.Errorf("keys held down gave %#v", got)
		}
	})
}

func TestAHeldActionEndsWithItsKeyAlsoIfTheLayoutChangedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, heldView())
		r.frame(t)
		r.hands.events <- evdev.Key{Action: evdev.Press, Code: 60, Name: evdev.F2}
		if got := r.sent(t); got != (ceremony.Hold{Action: "show", Down: true}) {
			t.Fatalf("pressing gave %#v", got)
		}
		r.hands.events <- evdev.Key{Action: evdev.Release, Code: 60, Name: "other"}
		if got := r.sent(t); got != (ceremony.Hold{Action: "show"}) {
			t.Fatalf("letting go gave %#v", got)
		}
	})
}

func TestShortcutsWithOtherModifiersTypeNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		r.frame(t)
		r.hands.events <- evdev.Key{Code: 30, Name: "A", Text: "a", Mods: evdev.ModCtrl}
		r.hands.events <- evdev.Key{Code: 16, Name: "Q", Text: "@", Mods: evdev.ModAltGr | evdev.ModCaps}
		if got := r.sent(t); got != (ceremony.Input{Text: "@"}) {
			t.Errorf("the first event is %#v", got)
		}
	})
}

func tap(r *running, x, y float32) {
	r.hands.events <- evdev.Touch{Phase: evdev.TouchDown, ID: 5, X: x, Y: y}
	r.hands.events <- evdev.Touch{Phase: evdev.TouchUp, ID: 5, X: x, Y: y}
}

func TestFingersTap(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 800, 600, v)
		r.frame(t)
		x, y := middle(t, beside(t, 800, 600, v), "Go on")
		tap(r, x, y)
		if got := r.sent(t); got != (ceremony.Press{Action: "go"}) {
			t.Errorf("the tap gave %#v", got)
		}
	})
}

func TestATouchThatIsTakenBackPressesNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 800, 600, v)
		r.frame(t)
		x, y := middle(t, beside(t, 800, 600, v), "Go on")
		r.hands.events <- evdev.Touch{Phase: evdev.TouchDown, X: x, Y: y}
		r.hands.events <- evdev.Touch{Phase: evdev.TouchCancel, X: x, Y: y}
		r.settled()
		if n := len(r.ceremony.sent); n != 0 {
			t.Errorf("%d events came of it", n)
		}
	})
}

func TestThePointerAppearsWithTheFirstMoveAndClicks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 800, 600, v)
		r.settled()
		b := beside(t, 800, 600, v)
		mustEqual(t, r.screen.picture(t), b.Image())
		x, y := middle(t, b, "Stop here")
		r.hands.events <- evdev.Position{X: x, Y: y}
		r.settled()
		if img := r.screen.picture(t); slices.Equal(img.Pix, b.Image().Pix) {
			t.Error("no pointer is drawn")
		}
		r.hands.events <- evdev.Button{Which: evdev.ButtonLeft, Pressed: true}
		r.hands.events <- evdev.Button{Which: evdev.ButtonLeft}
		if got := r.sent(t); got != (ceremony.Press{Action: "stop"}) {
			t.Errorf("the click gave %#v", got)
		}
		r.hands.events <- evdev.Motion{DX: -10000, DY: -10000}
		r.settled()
		b.Point(image.Pt(0, 0))
		if _, err := b.Frame(&v); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, r.screen.picture(t), b.Image())
		tap(r, 0.5, 0.01)
		r.settled()
		b = beside(t, 800, 600, v)
		if err := b.Tap(v.CA); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Frame(&v); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, r.screen.picture(t), b.Image()) // a finger takes the pointer away, and brings the keyboard
	})
}

func TestTheWheelScrolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := listView()
		r := run(t, 800, 600, v)
		r.settled()
		r.hands.events <- evdev.Position{X: 0.5, Y: 0.5}
		r.hands.events <- evdev.Scroll{DY: 1}
		r.settled()
		b := beside(t, 800, 600, v)
		b.Point(image.Pt(400, 300))
		if _, err := b.Frame(&v); err != nil {
			t.Fatal(err)
		}
		if slices.Equal(r.screen.picture(t).Pix, b.Image().Pix) {
			t.Error("the list did not move")
		}
	})
}

func TestAFlingScrollsOnAndComesToRest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, listView())
		r.settled()
		for i := range 6 {
			phase := evdev.TouchMove
			if i == 0 {
				phase = evdev.TouchDown
			}
			r.hands.events <- evdev.Touch{Phase: phase, X: 0.5, Y: 0.7 - 0.06*float32(i)}
			synctest.Wait()
			time.Sleep(10 * time.Millisecond) // a finger's speed is measured
		}
		r.hands.events <- evdev.Touch{Phase: evdev.TouchUp, X: 0.5, Y: 0.4}
		synctest.Wait()
		for len(r.screen.frames) > 0 {
			<-r.screen.frames
		}
		if n := r.settled(); n < 5 { // frames that no event asked for
			t.Errorf("the fling moved on for %d frames", n)
		}
		if r.settled() > 0 {
			t.Error("the fling never comes to rest")
		}
	})
}

func TestTheKeyboardLayoutIsChosenByKeyAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		names := evdev.LayoutNames()
		for i := range len(names) + 1 {
			r.settled()
			if got, want := r.hands.chosen(), names[i%len(names)]; got != want {
				t.Fatalf("after %d presses of F9 the layout is %s, not %s", i, got, want)
			}
			r.hands.key(67, evdev.F9, "")
		}
	})
}

func TestTheKeyboardLayoutIsChosenByTouchAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		names, all := evdev.LayoutNames(), titles(t)
		r := run(t, 800, 600, v)
		r.frame(t)
		b := beside(t, 800, 600, v)
		for i := range 3 {
			x, y := middle(t, b, "Keyboard: "+all[i])
			tap(r, x, y)
			r.settled()
			if got, want := r.hands.chosen(), names[i+1]; got != want {
				t.Fatalf("after %d taps the layout is %s, not %s", i+1, got, want)
			}
			if err := b.Tap("Keyboard: " + all[i]); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Frame(&v); err != nil {
				t.Fatal(err)
			}
			mustEqual(t, r.screen.picture(t), b.Image())
		}
	})
}

func TestANewModeIsPaintedInFull(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 1920, 1080, v)
		r.settled()
		r.screen.happen(drm.Resized, drm.Mode{Width: 1366, Height: 768})
		r.settled()
		mustEqual(t, r.screen.picture(t), beside(t, 1366, 768, v).Image())
		r.screen.happen(drm.Hidden, drm.Mode{})
		r.ceremony.show(func(v *ceremony.View) { v.Title = "Another question" })
		r.settled()
		if !r.hands.isPaused() {
			t.Error("keys act while nobody sees what they do")
		}
		r.screen.happen(drm.Unchanged, drm.Mode{})
		r.settled()
		if r.hands.isPaused() {
			t.Error("keys do not act again when the display is back")
		}
		mustEqual(t, r.screen.picture(t), beside(t, 1366, 768, *r.ceremony.View()).Image())
	})
}

func TestTroubleWithTheDisplayIsToldAtTheEndUnlessItIsOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		trouble := errors.New("the display is on fire")
		for _, over := range []bool{false, true} {
			r := run(t, 800, 600, textView())
			r.settled()
			r.screen.breakDown(trouble)
			r.ceremony.show(func(v *ceremony.View) { v.Title = "Another question" })
			r.settled()
			if over {
				r.screen.breakDown(nil)
				r.ceremony.show(func(v *ceremony.View) { v.Title = "A third question" })
				r.settled()
			}
			if err := r.end(); errors.Is(err, trouble) == over {
				t.Errorf("over: %v; at the end %v is told", over, err)
			}
		}
	})
}

func TestAnotherTerminalIsAskedForWithCtrlAltAndAFunctionKey(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		r.frame(t)
		r.hands.events <- evdev.Key{Code: 60, Name: evdev.F2, Mods: evdev.ModCtrl | evdev.ModAlt}
		r.hands.key(30, "A", "a")
		if got := r.sent(t); got != (ceremony.Input{Text: "a"}) {
			t.Errorf("the first event is %#v", got)
		}
		r.screen.mu.Lock()
		defer r.screen.mu.Unlock()
		if !slices.Equal(r.screen.switched, []int{2}) {
			t.Errorf("terminals asked for: %v", r.screen.switched)
		}
	})
}

// broken panics when it is sent something.
type broken struct{ *play }

func (broken) Send(uint64, ceremony.Event) bool { panic("a mistake") }

func TestTheDisplayIsGivenBackOnAPanic(t *testing.T) {
	t.Parallel()
	s, h := newScreen(800, 600), newHands()
	h.key(28, evdev.Enter, "")
	func() {
		defer func() {
			if recover() != "a mistake" {
				t.Error("the panic was swallowed")
			}
		}()
		_ = host.Run(t.Context(), host.Options{Display: s, Input: h}, broken{newPlay(textView())})
	}()
	if s.closed != 1 || h.closed != 1 {
		t.Errorf("the display was closed %d times, the input %d times", s.closed, h.closed)
	}
}

func TestTheDisplayIsGivenBackAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := run(t, 800, 600, textView())
		r.frame(t)
		if err := r.end(); !errors.Is(err, context.Canceled) {
			t.Errorf("the end is %v", err)
		}
		if r.screen.closed != 1 || r.hands.closed != 1 {
			t.Errorf("the display was closed %d times, the input %d times", r.screen.closed, r.hands.closed)
		}
	})
}

// script is a ceremony that runs as a test says.
type script struct {
	*play
	run func(context.Context) error
}

func (s script) Run(ctx context.Context) error { return s.run(ctx) }

func TestAPerformanceEndsWithWhateverEndsFirst(t *testing.T) {
	t.Parallel()
	failed := errors.New("failed")
	until := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		run  func(context.Context) error
		want error
	}{
		{"the people close it", t.Context(), func(context.Context) error { return nil }, nil},
		{"it cannot go on", t.Context(), func(context.Context) error { return failed }, failed},
		{"it is stopped from outside", over, until, context.Canceled},
	} {
		s := newScreen(800, 600)
		err := host.Perform(test.ctx, host.Options{Display: s, Input: newHands()}, script{newPlay(textView()), test.run})
		if test.want == nil && err != nil || !errors.Is(err, test.want) {
			t.Errorf("%s: %v", test.name, err)
		}
		if s.closed != 1 {
			t.Errorf("%s: the display was closed %d times", test.name, s.closed)
		}
	}
}

func TestAPanicOfTheCeremonyIsHeardOnceTheDisplayWasGivenBack(t *testing.T) {
	t.Parallel()
	s := newScreen(800, 600)
	defer func() {
		if v := recover(); !strings.Contains(fmt.Sprint(v), "a mistake") || s.closed != 1 {
			t.Errorf("the display was closed %d times; %v", s.closed, v)
		}
	}()
	_ = host.Perform(t.Context(), host.Options{Display: s, Input: newHands()},
		script{newPlay(textView()), func(context.Context) error { panic("a mistake") }})
}

func TestADeviceThatCannotBeReadIsOnTheScreenUntilItCan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 1366, 768, v)
		r.settled()
		r.hands.events <- evdev.Trouble{Path: "/dev/input/event7", Err: errors.New("input/output error")}
		r.hands.events <- evdev.Trouble{Path: "/dev/input/event8", Err: errors.New("device or resource busy")}
		r.settled()
		if bytes.Equal(r.screen.picture(t).Pix, beside(t, 1366, 768, v).Image().Pix) {
			t.Error("the screen does not tell")
		}
		r.hands.events <- evdev.Trouble{Path: "/dev/input/event8"}
		r.settled()
		s := ui.New(kit.NewTheme())
		s.SetKeyboards(titles(t), nil)
		s.SetTrouble("A keyboard, mouse or touchscreen cannot be used (input/output error). Pull it out and put it back, or take another one.")
		told := host.NewHeadless(1366, 768, s)
		if _, err := told.Frame(&v); err != nil {
			t.Fatal(err)
		}
		mustEqual(t, r.screen.picture(t), told.Image())
		r.hands.events <- evdev.Trouble{Path: "/dev/input/event7"}
		r.settled()
		mustEqual(t, r.screen.picture(t), beside(t, 1366, 768, v).Image())
	})
}

func TestThePowerButtonIsTheCeremonysAlsoOverTheHelp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v := textView()
		r := run(t, 1366, 768, v)
		r.settled()
		r.hands.key(59, evdev.F1, "")
		r.settled()
		if bytes.Equal(r.screen.picture(t).Pix, beside(t, 1366, 768, v).Image().Pix) {
			t.Fatal("the help is not open")
		}
		r.hands.key(116, evdev.Power, "")
		if got := r.sent(t); got != (ceremony.PowerButton{}) {
			t.Errorf("%#v", got)
		}
		r.settled()
		mustEqual(t, r.screen.picture(t), beside(t, 1366, 768, v).Image())
	})
}
