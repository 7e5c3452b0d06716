package yubihsm

import (
	"context"
	"time"

	"anodize/core/hsm"
)

// SetClock replaces the clock that tells when a session has been idle too long.
func (d *Device) SetClock(now func() time.Time) { d.now = now }

// SendAsFactory sends one command in a session under the default key, as
// another program could.
func (d *Device) SendAsFactory(ctx context.Context, command byte, data []byte) ([]byte, error) {
	c, err := d.openDefault(ctx, firmware240)
	if err != nil {
		return nil, err
	}
	defer c.kill()
	return c.send(ctx, command, data)
}

// Send sends any command in a session of the ceremony.
func Send(ctx context.Context, s hsm.Session, command byte, data []byte) ([]byte, error) {
	return s.(*session).send(ctx, command, data)
}
