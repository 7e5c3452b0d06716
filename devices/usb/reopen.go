package usb

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How long a device that restarts takes to leave the bus, at most, and to be back.
const (
	leaveTime  = 5 * time.Second
	returnTime = 30 * time.Second
	lookEvery  = 100 * time.Millisecond
)

// bus is what finds and opens devices. Tests put their own here.
type bus struct {
	find  func() ([]Location, error)
	open  func(node string) (kernel, error)
	sleep func(context.Context, time.Duration) error
}

func machine(root string) bus {
	return bus{func() ([]Location, error) { return Find(root) }, openNode, sleep}
}

// errRestarting ends the connection while a device restarts.
var errRestarting = errors.New("it was restarting")

// Reopen is called when the device is about to restart, after RESET. It waits until
// the device with the same serial number is back on the bus, for up to 30 seconds,
// and opens it. A device that has not left the bus within 5 seconds is taken to
// have restarted on it. After an error the connection has ended.
func (d *Device) Reopen(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = errRestarting
	if err := d.disconnect(); err != nil && !errors.Is(explain(err), ErrGone) {
		return fmt.Errorf("restarting YubiHSM %s: %w", d.at.Serial, err)
	}
	var last error
	for waited := time.Duration(0); waited < returnTime; waited += lookEvery {
		if err := d.bus.sleep(ctx, lookEvery); err != nil {
			return fmt.Errorf("waiting for YubiHSM %s to restart: %w", d.at.Serial, err)
		}
		l, ok, err := d.back(waited >= leaveTime)
		if ok && err == nil {
			var k kernel
			if k, err = connect(d.bus, l); err == nil {
				d.at, d.kernel, d.ended = l, k, nil
				return nil
			}
		}
		last = err // it may not be ready yet
	}
	if last == nil {
		last = ErrGone
	}
	return fmt.Errorf("YubiHSM %s was not back %v after its restart: %w", d.at.Serial, returnTime, last)
}

// back looks for the device with the same serial number. One that was never seen to
// go counts if settled.
func (d *Device) back(settled bool) (Location, bool, error) {
	all, err := d.bus.find()
	if err != nil {
		return Location{}, false, err
	}
	for _, l := range all {
		if l.Serial == d.at.Serial && (settled || l.ID != d.at.ID) {
			return l, true, nil
		}
	}
	return Location{}, false, nil
}

// sleep waits for t or until ctx ends.
func sleep(ctx context.Context, t time.Duration) error {
	timer := time.NewTimer(t)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
