package host

import (
	"fmt"

	"anodize/devices/evdev"
)

// Input is where people's acts come from: the devices that are plugged in now and
// later. An evdev.Devices is one; its methods say what each of these does.
type Input interface {
	Events() <-chan evdev.Event
	SetLayout(l *evdev.Layout)
	Pause()
	Resume()
	Close() error
}

// burst is how many events may wait for a frame, and share it.
const burst = 256

// pump lets events wait while a frame is painted. The channel is closed when the input
// can no longer be read; stop ends it before that.
func pump(in Input, stop <-chan struct{}) <-chan evdev.Event {
	out := make(chan evdev.Event, burst)
	go func() {
		defer close(out)
		for e := range in.Events() {
			select {
			case out <- e:
			case <-stop:
				return
			}
		}
	}()
	return out
}

// layouts are all that there are, the first one first.
func layouts() ([]*evdev.Layout, error) {
	var ls []*evdev.Layout
	for _, name := range evdev.LayoutNames() {
		l, err := evdev.LayoutNamed(name)
		if err != nil {
			return nil, fmt.Errorf("reading the keyboard layouts: %w", err)
		}
		ls = append(ls, l)
	}
	return ls, nil
}

// offerLayouts lets people choose what their keyboard's keys mean.
func (k *kiosk) offerLayouts(ls []*evdev.Layout) {
	var titles []string
	for _, l := range ls {
		titles = append(titles, l.Title())
	}
	k.input.SetLayout(ls[0])
	k.screens.SetKeyboards(titles, func(i int) { k.input.SetLayout(ls[i]) })
}
