package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"anodize/ui/host"
)

// Where the screens are shown.
const (
	autoDisplay = "auto" // the machine's own screen if it can be had, else pictures
	pngDisplay  = "png"  // pictures
	kmsDisplay  = "kms"  // the machine's own screen, by kernel mode setting
)

// openDisplay takes the machine's own screen, by open, if that is wanted; it returns
// nil for pictures.
func openDisplay(wanted string, open func() (host.Display, error)) (host.Display, error) {
	if wanted == pngDisplay {
		return nil, nil
	}
	d, err := open()
	if err != nil && wanted == autoDisplay {
		return nil, nil
	}
	return d, err
}

// live lets people play by themselves, at the machine's own screen and with its
// keyboards and pointers, until they shut the ceremony down. It leaves the same as a
// script does but for the pictures.
func live(ctx context.Context, o options, d host.Display, stdout io.Writer) error {
	stage, err := newStage(o)
	if err != nil {
		return errors.Join(err, d.Close())
	}
	r, c, err := stage.ceremony()
	if err != nil {
		return errors.Join(err, d.Close())
	}
	err = host.Perform(ctx, host.Options{Display: d}, c)
	if err := errors.Join(err, stage.leave(r.disc)); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "The ceremony was closed. In %s: disc.img, sessions.txt and shuttle/.\n", o.out)
	return nil
}

// pace is the time that people who look on have for each step of a script.
const pace = 700 * time.Millisecond

// wait lets people see what is on the screen, if anybody can see it.
func (p *player) wait(ctx context.Context) error {
	if !p.seen {
		return nil
	}
	select {
	case <-time.After(pace):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
