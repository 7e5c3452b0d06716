package usb

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/sim"
)

func TestADeviceThatRestartsIsFoundAgain(t *testing.T) {
	moved := Location{Serial: home.Serial, Node: "/dev/bus/usb/001/008", ID: "1-2 8"}
	other := Location{Serial: "0000000009", Node: "/dev/bus/usb/001/009", ID: "1-3 9"}
	for _, c := range []struct {
		name  string
		at    map[time.Duration]func(*fakeBus)
		ends  Location
		least time.Duration
		err   string
	}{
		{"under another number", map[time.Duration]func(*fakeBus){
			200 * time.Millisecond: func(b *fakeBus) { b.found = nil },
			2 * time.Second:        func(b *fakeBus) { b.found = []Location{other, moved} },
		}, moved, 2 * time.Second, ""},
		{"before its node can be opened", map[time.Duration]func(*fakeBus){
			200 * time.Millisecond: func(b *fakeBus) { b.found, b.refuse = []Location{moved}, unix.EACCES },
			3 * time.Second:        func(b *fakeBus) { b.refuse = nil },
		}, moved, 3 * time.Second, ""},
		{"without having left the bus", nil, home, leaveTime, ""},
		{"never", map[time.Duration]func(*fakeBus){
			200 * time.Millisecond: func(b *fakeBus) { b.found = []Location{other} },
		}, home, returnTime, "plug it in"},
		{"but it stays out of reach", map[time.Duration]func(*fakeBus){
			200 * time.Millisecond: func(b *fakeBus) { b.found, b.refuse = []Location{moved}, unix.EBUSY },
		}, home, returnTime, "end that program"},
	} {
		t.Run(c.name, func(t *testing.T) {
			first := &wire{}
			b := plugged(first)
			b.at = map[time.Duration]func(){}
			for when, happen := range c.at {
				b.at[when] = func() { happen(b) }
			}
			d, err := open(b.bus(), home)
			if err != nil {
				t.Fatal(err)
			}
			second := &wire{hsm: sim.NewHSM(34332673), answers: [][]byte{{0x81, 0, 0}}}
			b.wires = map[string]*wire{c.ends.Node: second}
			err = d.Reopen(t.Context())
			if !first.closed || b.elapsed < c.least || b.elapsed > c.least+time.Second || d.Location() != c.ends {
				t.Errorf("after %v at %+v", b.elapsed, d.Location())
			}
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) || !d.Ended() {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || d.Ended() {
				t.Fatal(err)
			}
			if answer, err := d.Exchange(t.Context(), echo([]byte("back"))); err != nil || string(answer[headerSize:]) != "back" {
				t.Errorf("after the restart: % X, %v", answer, err)
			}
		})
	}
}

func TestWaitingForARestartEndsWithItsContext(t *testing.T) {
	b := plugged(&wire{})
	d, err := open(b.bus(), home)
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	b.at = map[time.Duration]func(){time.Second: end}
	if err := d.Reopen(ctx); !errors.Is(err, context.Canceled) || !d.Ended() || b.elapsed != time.Second {
		t.Errorf("%v after %v", err, b.elapsed)
	}
}

// RESET's answer may be lost: the device is opened again all the same.
func TestALostAnswerIsForgottenByAReopening(t *testing.T) {
	w := &wire{silent: true}
	d := opened(t, w)
	if _, err := d.Exchange(t.Context(), echo(nil)); !errors.Is(err, ErrOutcomeUnknown) {
		t.Fatal(err)
	}
	w.silent = false
	if err := d.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Exchange(t.Context(), echo(nil)); err != nil {
		t.Error(err)
	}
}
