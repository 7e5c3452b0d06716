package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"anodize/core/ceremony"

	"gioui.org/anodize"

	"anodize/devices/drm"
	"anodize/devices/evdev"
	"anodize/ui"
	"anodize/ui/kit"
)

// Ceremony is what is shown, and what is told what people do. A ceremony.Ceremony is
// one.
type Ceremony interface {
	View() *ceremony.View
	Updated() <-chan struct{}
	Send(screen uint64, e ceremony.Event) bool
}

// Options says where a ceremony is shown. The zero value is the machine's own screen
// and every input device that is plugged in.
type Options struct {
	Display Display // closed by Run
	Input   Input   // closed by Run
}

// Run shows a ceremony until ctx ends, and returns its error; or until a frame cannot
// be painted. The display and the console are given back when it returns, and when it
// panics.
func Run(ctx context.Context, o Options, c Ceremony) error {
	if err := show(ctx, o, c); err != nil {
		return errors.Join(err, ctx.Err())
	}
	return ctx.Err()
}

// show is Run, but that the end of ctx is no error.
func show(ctx context.Context, o Options, c Ceremony) (err error) {
	k, err := open(o, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.close()) }()
	for ctx.Err() == nil {
		if err := k.frame(); err != nil {
			return err
		}
		if err := k.wait(ctx); err != nil {
			return err
		}
	}
	return nil
}

// kiosk is a ceremony that is being shown.
type kiosk struct {
	window
	ceremony Ceremony
	display  Display
	input    Input
	acts     <-chan evdev.Event
	stop     chan struct{}
	hands    hands
	start    time.Time
	unread   troubles
	trouble  error // what the display's last frame met with; told at the end, since the next may come through
}

func open(o Options, c Ceremony) (_ *kiosk, err error) {
	k := &kiosk{ceremony: c, display: o.Display, input: o.Input, stop: make(chan struct{}), start: time.Now()}
	defer func() {
		if err != nil {
			err = errors.Join(err, k.close())
		}
	}()
	ls, err := layouts()
	if err != nil {
		return nil, err
	}
	if k.display == nil {
		if k.display, err = OpenDisplay(); err != nil {
			return nil, err
		}
	}
	if k.input == nil {
		// Not straight into the field: a nil pointer in it would not be nil.
		devices, err := evdev.Open(evdev.Folder, ls[0])
		if err != nil {
			return nil, fmt.Errorf("showing the screens: %w", err)
		}
		k.input = devices
	}
	k.acts = pump(k.input, k.stop)
	k.screens, k.painter, k.target = ui.New(kit.NewTheme()), raster.New(), targetOf(k.display)
	k.screens.SetPanel(panel(k.display))
	k.offerLayouts(ls)
	return k, nil
}

func (k *kiosk) close() error {
	close(k.stop)
	errs := []error{k.trouble}
	if k.input != nil {
		errs = append(errs, k.input.Close())
	}
	if k.display != nil {
		errs = append(errs, k.display.Close())
	}
	return errors.Join(errs...)
}

// frame shows the present view, and tells the ceremony what was done.
func (k *kiosk) frame() error {
	events, damage, err := k.window.frame(k.ceremony.View(), time.Now())
	for _, e := range events {
		// An event for which the ceremony has no room is lost, as a key press is
		// that a person sees no effect of and repeats.
		k.ceremony.Send(e.Screen, e.Event)
	}
	if err != nil {
		return err
	}
	if len(damage) > 0 {
		k.trouble = k.display.Present(damage)
	}
	return nil
}

// wait returns when another frame is due: after a new view, something that people do, something about
// the display, or the next step of a movement.
func (k *kiosk) wait(ctx context.Context) error {
	var next <-chan time.Time
	if due, moving := k.router.WakeupTime(); moving {
		timer := time.NewTimer(max(k.pause(), time.Until(due)))
		defer timer.Stop()
		next = timer.C
	}
	for {
		select {
		case <-ctx.Done():
		case <-k.ceremony.Updated():
		case <-next:
		case <-k.display.Changes():
			k.look()
		case e, ok := <-k.acts:
			if !ok {
				return errors.New("the input devices can no longer be read")
			}
			k.take(e)
			k.takeAll()
			if len(k.queued) == 0 && !k.unread.news() {
				continue
			}
		}
		return nil
	}
}

// look sees what has become of the display. While nobody can see it, other programs
// have the keyboards, and no key acts unseen.
func (k *kiosk) look() {
	change, err := k.refresh(k.display)
	if err != nil {
		k.trouble = err
	}
	if change == drm.Hidden {
		k.input.Pause()
	} else {
		k.input.Resume()
	}
}

// pause is the time between two frames of a movement.
func (k *kiosk) pause() time.Duration {
	hz := k.display.Mode().RefreshHz
	if hz < 20 || hz > 240 {
		hz = 60
	}
	return time.Second / time.Duration(hz)
}

// take queues what people do for the next frame; or asks for another terminal, with
// Ctrl, Alt and a function key, where the machine has any.
func (k *kiosk) take(e evdev.Event) {
	if e, ok := e.(evdev.Key); ok && e.Action == evdev.Press && e.Mods.Has(evdev.ModCtrl|evdev.ModAlt) {
		if n := slices.Index(functionKeys, e.Name); n >= 0 {
			_ = k.display.SwitchTo(n + 1) // nothing happens if there is no such terminal
			return
		}
	}
	if e, ok := e.(evdev.Trouble); ok {
		k.unread.take(e)
		k.screens.SetTrouble(k.unread.String())
		return
	}
	k.hands.take(&k.window, e, time.Since(k.start))
}

var functionKeys = []evdev.Name{
	evdev.F1, evdev.F2, evdev.F3, evdev.F4, evdev.F5, evdev.F6,
	evdev.F7, evdev.F8, evdev.F9, evdev.F10, evdev.F11, evdev.F12,
}

// takeAll takes what else has been done meanwhile, so that a burst costs one frame.
func (k *kiosk) takeAll() {
	for range burst {
		select {
		case e, ok := <-k.acts:
			if !ok {
				return
			}
			k.take(e)
		default:
			return
		}
	}
}
