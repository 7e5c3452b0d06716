package usbredir

import (
	"context"
	"errors"
	"fmt"

	"anodize/devices/sim"
)

// The endpoints of a YubiHSM 2.
const (
	hsmOut = 0x01
	hsmIn  = 0x81
)

// maxHSMMessage is more than any firmware takes; the device refuses what is longer
// than its own limit.
const maxHSMMessage = 8192

// HSM is a YubiHSM 2 as its USB interface shows it: a message in one transfer, the
// answer in another.
type HSM struct {
	hsm         *sim.HSM
	description Description

	bell    bell
	got     []byte // of a message that is not complete yet
	answer  stream
	boots   int
	restart bool // as soon as the answer was read
}

// NewHSM gives the simulated device its USB interface.
func NewHSM(h *sim.HSM) *HSM {
	return &HSM{hsm: h, boots: h.Boots(), description: Description{
		Speed: FullSpeed, Vendor: 0x1050, Product: 0x0030, Release: 0x0200,
		Class: 0xFF, MaxPower: 15,
		Manufacturer: "Yubico", Name: "YubiHSM", Serial: fmt.Sprintf("%010d", h.Serial()),
		Endpoints: []byte{hsmOut, hsmIn},
	}}
}

func (h *HSM) Description() Description { return h.description }

// Control refuses: the device has no class or vendor requests.
func (h *HSM) Control(Setup, []byte) ([]byte, error) { return nil, ErrStall }

// Reset throws away half a message and an answer that was not read. Sessions and
// objects are the device's own and stay.
func (h *HSM) Reset() {
	h.bell.change(func() {
		h.got, h.restart = nil, false
		h.answer.drop()
	})
}

// BulkOut gathers a message; a packet that is not full ends it.
func (h *HSM) BulkOut(ctx context.Context, _ byte, data []byte) (err error) {
	h.bell.change(func() {
		h.got = append(h.got, data[:min(len(data), maxHSMMessage-len(h.got))]...)
		if len(data) > 0 && len(data)%h.description.Speed.bulkPacket() == 0 {
			return
		}
		message := h.got
		h.got = nil
		if len(message) > 0 {
			err = h.exchange(context.WithoutCancel(ctx), message)
		}
	})
	return err
}

// exchange lets the device carry a message out. An answer that is lost leaves the
// host waiting.
func (h *HSM) exchange(ctx context.Context, message []byte) error {
	answer, err := h.hsm.Exchange(ctx, message)
	switch {
	case errors.Is(err, sim.ErrHSMUnplugged):
		return ErrGone
	case err == nil:
		h.answer.set(answer)
	}
	boots := h.hsm.Boots()
	h.restart, h.boots = boots != h.boots, boots
	if h.restart && err != nil {
		return ErrRestart
	}
	return nil
}

// BulkIn sends the answer. A device that the message has restarted leaves the bus
// with it.
func (h *HSM) BulkIn(ctx context.Context, _ byte, length int) (out []byte, err error) {
	waiting := h.bell.wait(ctx, func() bool {
		if !h.answer.owes {
			return false
		}
		var babble bool
		out, babble = h.answer.take(length, h.description.Speed.bulkPacket())
		switch {
		case babble:
			err = ErrBabble
		case h.restart && !h.answer.owes:
			h.restart, err = false, ErrRestart
		}
		return true
	})
	if waiting != nil {
		return nil, waiting
	}
	return out, err
}
