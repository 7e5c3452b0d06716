package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"anodize/core/ceremony"
	"anodize/core/disc"
	"anodize/core/hsm"
	"anodize/core/hsm/backend"
	"anodize/devices/sim"
)

// The devices as a script names them.
const (
	stickName = "stick"
	hsmName   = "hsm"
	hsm2Name  = "hsm2"
	discName  = "disc"
)

// room is a ceremony room whose devices are simulated at their protocols. It
// satisfies ceremony.Room.
type room struct {
	drive *sim.Drive
	disc  *sim.Disc
	hsm   *sim.HSM
	hsm2  *sim.HSM
	stick *sim.Stick

	mu      sync.Mutex
	in      map[string]bool // the HSMs and the disc: whether they are there
	open    map[*sim.HSM]hsm.Device
	offset  time.Duration // of the room's clock from the machine's
	changed chan struct{}
}

// The simulated HSMs' serial numbers.
const (
	hsmSerial  = 34332673
	hsm2Serial = 34332712
)

// newRoom lays a blank BD-R in the drive and plugs in a factory-fresh HSM and a
// stick that holds what folder holds. A second HSM, as fresh, lies beside them.
func newRoom(folder string) (*room, error) {
	r := &room{
		drive: sim.NewDrive(), disc: sim.NewDisc(0x41), hsm: sim.NewHSM(hsmSerial), hsm2: sim.NewHSM(hsm2Serial), stick: sim.NewStick(folder),
		in: map[string]bool{hsmName: true, discName: true}, open: map[*sim.HSM]hsm.Device{}, changed: make(chan struct{}, 1),
	}
	r.hsm2.Unplug()
	if err := r.drive.Insert(r.disc); err != nil {
		return nil, fmt.Errorf("inserting the disc: %w", err)
	}
	return r, nil
}

func (r *room) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.offset)
}

func (r *room) SetClock(t time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.offset = time.Until(t)
	return nil
}

func (r *room) there(name string) bool {
	if name == stickName {
		return r.stick.Present()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.in[name]
}

func (r *room) Stick(context.Context) (ceremony.Stick, error) {
	if !r.there(stickName) {
		return nil, fmt.Errorf("the stick is %w", ceremony.ErrAbsent)
	}
	return r.stick, nil
}

func (r *room) HSMs(_ context.Context, name string) ([]hsm.Device, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var there []hsm.Device
	for _, h := range []struct {
		name string
		*sim.HSM
	}{{hsmName, r.hsm}, {hsm2Name, r.hsm2}} {
		if !r.in[h.name] {
			delete(r.open, h.HSM)
			continue
		}
		if r.open[h.HSM] == nil {
			device, err := backend.Open(name, h.HSM)
			if err != nil {
				return nil, err
			}
			r.open[h.HSM] = device
		}
		there = append(there, r.open[h.HSM])
	}
	if len(there) == 0 {
		return nil, fmt.Errorf("the HSM is %w", ceremony.ErrAbsent)
	}
	return there, nil
}

func (r *room) Drive(context.Context) (disc.Transport, error) {
	if !r.there(discName) {
		return nil, fmt.Errorf("the disc is %w", ceremony.ErrAbsent)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.drive, nil
}

func (r *room) Changed() <-chan struct{} { return r.changed }

// pull takes a device away, as a hand would.
func (r *room) pull(name string) error { return r.move(name, false) }

// insert puts it back.
func (r *room) insert(name string) error { return r.move(name, true) }

func (r *room) move(name string, in bool) error {
	if r.there(name) == in {
		return fmt.Errorf("the %s is there already, or gone already", name)
	}
	switch {
	case name == stickName && in:
		r.stick.Plug()
	case name == stickName:
		r.stick.Pull()
	case name == hsmName && in:
		r.hsm.Plug()
	case name == hsmName:
		r.hsm.Unplug()
	case name == hsm2Name && in:
		r.hsm2.Plug()
	case name == hsm2Name:
		r.hsm2.Unplug()
	case in:
		if err := r.drive.Insert(r.disc); err != nil {
			return fmt.Errorf("inserting the disc: %w", err)
		}
	default:
		if _, err := r.drive.Eject(); err != nil {
			return fmt.Errorf("taking the disc out: %w", err)
		}
	}
	r.mu.Lock()
	r.in[name] = in
	r.mu.Unlock()
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return nil
}
