package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"anodize/cmd/internal/gate"
	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/hsm/backend"
	"anodize/devices/block"
	"anodize/devices/clock"
	"anodize/devices/hotplug"
	"anodize/devices/scsi"
	"anodize/devices/usb"
)

// room is the table with the machine's own devices on it. It satisfies
// ceremony.Room. The ceremony looks at its devices as often as it likes and keeps
// what it is given; each device is therefore opened once, and closed when it is gone
// or the room is closed.
type room struct {
	root    string
	clock   machineClock
	sticks  *block.Finder
	changed <-chan struct{}

	openHSM   func(usb.Location) (hsmConnection, error)
	openDrive func(scsi.Location) (opticalDrive, error)

	mu     sync.Mutex
	hsms   []connectedHSM
	drives map[string]drive // by scsi.Location.ID
}

// hsmConnection is a *usb.Device.
type hsmConnection interface {
	Exchange(ctx context.Context, message []byte) ([]byte, error)
	Reopen(ctx context.Context) error
	Location() usb.Location
	Ended() bool
	Close() error
}

// connectedHSM is an HSM that is open, and what the ceremony gets of it.
type connectedHSM struct {
	hsmConnection
	device hsm.Device
}

// opticalDrive is a *scsi.Drive.
type opticalDrive interface {
	disc.Transport
	MediumPresent() (bool, error)
	Close() error
}

// machineClock is a *clock.Clock, or one behind the sentinel's gate.
type machineClock interface {
	Now() time.Time
	Set(time.Time) error
}

// drive is an optical drive that is open.
type drive struct {
	opticalDrive
	at scsi.Location
}

// newRoom is the room whose machine has root as its root folder ("" is this one's).
// What is plugged in is watched until ctx ends.
func newRoom(ctx context.Context, root string) *room {
	r := &room{
		root: root, clock: clock.New(root), sticks: block.NewFinder(root), drives: map[string]drive{},
		openHSM:   func(l usb.Location) (hsmConnection, error) { return usb.Open(l) },
		openDrive: func(l scsi.Location) (opticalDrive, error) { return scsi.Open(l) },
	}
	r.changed = hotplug.Watch(ctx, root, r.media)
	return r
}

// behind has the sentinel do what this program may not.
func (r *room) behind(g *gate.Client) {
	r.clock, r.sticks = gateClock{g}, block.NewFinderBehind(g, r.root)
}

// gateClock is the machine's clock, which the sentinel sets.
type gateClock struct{ gate *gate.Client }

func (c gateClock) Now() time.Time        { return time.Now() }
func (c gateClock) Set(t time.Time) error { return c.gate.SetClock(t) }

func (r *room) Now() time.Time             { return r.clock.Now() }
func (r *room) SetClock(t time.Time) error { return r.clock.Set(t) }
func (r *room) Changed() <-chan struct{}   { return r.changed }

// absent says that something is not plugged in, in the ceremony's terms.
func absent(what string) error { return fmt.Errorf("%s is %w", what, ceremony.ErrAbsent) }

// Stick returns the only stick. One that cannot be read counts: it may be the right one.
func (r *room) Stick(ctx context.Context) (ceremony.Stick, error) {
	sticks, refused, err := r.sticks.Find(ctx)
	broken := unreadable(refused)
	switch {
	case err != nil:
		return nil, err
	case len(sticks) == 1 && len(broken) == 0:
		return sticks[0], nil
	case len(sticks) > 0:
		return nil, severalSticks(sticks, broken)
	case len(refused) > 0:
		return nil, errors.Join(refused...)
	}
	return nil, absent("the stick")
}

// frames is a connection that outlives whoever it is given to: closing an
// hsm.Device does not close it.
type frames struct{ device hsmConnection }

func (f frames) Exchange(ctx context.Context, message []byte) ([]byte, error) {
	return f.device.Exchange(ctx, message)
}

func (f frames) Reopen(ctx context.Context) error { return f.device.Reopen(ctx) }

// HSMs returns every HSM that can be opened, in the order of their sockets. One
// that cannot be opened is a problem if no other one serves.
func (r *room) HSMs(_ context.Context, name string) ([]hsm.Device, error) {
	if err := backend.Check(name); err != nil {
		return nil, err
	}
	found, err := usb.Find(r.root)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	problem := r.dropHSMs(found)
	var devices []hsm.Device
	for _, l := range found {
		device, err := r.hsmAt(l, name)
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		devices = append(devices, device)
	}
	switch {
	case len(devices) > 0:
		return devices, nil
	case problem != nil:
		return nil, problem
	}
	return nil, absent("the HSM")
}

// hsmAt opens an HSM unless it is open.
func (r *room) hsmAt(l usb.Location, name string) (hsm.Device, error) {
	for _, h := range r.hsms {
		if h.Location().ID == l.ID {
			return h.device, nil
		}
	}
	connection, err := r.openHSM(l)
	if err != nil {
		return nil, err
	}
	device, err := backend.Open(name, frames{connection})
	if err != nil {
		return nil, errors.Join(err, connection.Close())
	}
	r.hsms = append(r.hsms, connectedHSM{connection, device})
	return device, nil
}

// dropHSMs closes the HSMs that are gone, or whose connection has ended.
func (r *room) dropHSMs(found []usb.Location) (problem error) {
	r.hsms = slices.DeleteFunc(r.hsms, func(h connectedHSM) bool {
		there := slices.ContainsFunc(found, func(l usb.Location) bool { return l.ID == h.Location().ID })
		if there && !h.Ended() {
			return false
		}
		if err := h.Close(); err != nil {
			problem = errors.Join(problem, fmt.Errorf("closing the HSM that was there before: %w", err))
		}
		return true
	})
	return problem
}

// Drive returns the only drive with a disc in it.
func (r *room) Drive(context.Context) (disc.Transport, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	problem, err := r.openDrives()
	if err != nil {
		return nil, err
	}
	var loaded []drive
	for _, d := range r.openedDrives() {
		in, err := d.MediumPresent()
		if err != nil {
			problem = errors.Join(problem, fmt.Errorf("asking the optical drive %s for its disc: %w", d.at.Title, err))
		} else if in {
			loaded = append(loaded, d)
		}
	}
	switch {
	case len(loaded) == 1:
		return loaded[0].opticalDrive, nil
	case len(loaded) > 1:
		return nil, severalDrives(loaded)
	case problem != nil:
		return nil, problem
	case len(r.drives) == 0:
		return nil, absent("the optical drive")
	}
	return nil, absent("the disc")
}

// openDrives opens the drives that came and closes those that are gone. A drive that
// cannot be opened is a problem if no other one serves.
func (r *room) openDrives() (problem, err error) {
	found, err := scsi.Find(r.root)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, l := range found {
		there[l.ID] = true
		if _, open := r.drives[l.ID]; open {
			continue
		}
		d, err := r.openDrive(l)
		if err != nil {
			problem = errors.Join(problem, err)
			continue
		}
		r.drives[l.ID] = drive{d, l}
	}
	for id, d := range r.drives {
		if !there[id] {
			delete(r.drives, id)
			problem = errors.Join(problem, d.Close())
		}
	}
	return problem, nil
}

// openedDrives lists the drives that are open, always in the same order.
func (r *room) openedDrives() []drive {
	var all []drive
	for _, id := range slices.Sorted(maps.Keys(r.drives)) {
		all = append(all, r.drives[id])
	}
	return all
}

// media describes the discs in the drives that are open. A drive at work is not
// disturbed, and nobody waits for one that is slow to answer.
func (r *room) media() string {
	r.mu.Lock()
	drives := r.openedDrives()
	r.mu.Unlock()
	var b strings.Builder
	for _, d := range drives {
		in, err := d.MediumPresent()
		fmt.Fprintf(&b, "%s %t %t\n", d.at.Name, in, err == nil)
	}
	return b.String()
}

// close gives all devices back.
func (r *room) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for id, d := range r.drives {
		delete(r.drives, id)
		errs = append(errs, d.Close())
	}
	for _, h := range r.hsms {
		errs = append(errs, h.Close())
	}
	r.hsms = nil
	return errors.Join(errs...)
}
