//go:build vm

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"anodize/cmd/internal/twin"
	"anodize/core/ceremony"
	"anodize/devices/qemu"
	"anodize/ui/host"
)

// beside is a ceremony without devices, shown on a window.
type beside struct {
	*ceremony.Ceremony
	window *host.Headless
	sent   uint64
}

func (b *beside) Settle() error {
	for end := time.After(time.Minute); ; {
		if v := b.View(); v.Handled < b.sent || v.Working {
			select {
			case <-b.Updated():
			case <-end:
				return errors.New("the ceremony does not come to an end with what it does")
			}
			continue
		}
		v := b.View()
		events, err := b.window.Frame(v)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			b.Send(e.Screen, e.Event)
			b.sent++
		}
	}
}

// The program itself as the first process of a machine without any of its devices: it
// stands at the gate that lacks one, on the machine's own screen.
func TestTheFirstGateThatLacksADeviceIsOnTheScreen(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Program: qemu.Build(t, "anodize/cmd/anodize-ceremony"), Args: []string{"-mode", "dev", "-lock", "/tmp/ceremony.lock"},
		Display: qemu.VirtioGPU, Modules: twin.Modules(), Extra: twin.Arguments(),
	})
	k := twin.New(t, vm, func(window *host.Headless) twin.Play {
		ctx, cancel := context.WithCancel(t.Context())
		r := newRoom(ctx, t.TempDir())
		c := ceremony.New(ceremony.Setup{Room: r, Mode: ceremony.Dev, Random: rand.Reader})
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		t.Cleanup(func() {
			cancel()
			<-ended
			if err := r.close(); err != nil {
				t.Error(err)
			}
		})
		return &beside{Ceremony: c, window: window}
	})
	k.MustShow()
	k.Press("Enter") // the time is right
	k.MustShow()
	if title := k.View().Title; title != "Put the USB stick in" {
		t.Errorf("the screen after the clock is %q", title)
	}
}
