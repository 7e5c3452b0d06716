package disc

import (
	"context"
	"errors"
	"fmt"
)

// CloseUnfinished closes the session of a recording that was broken off on the
// disc that expect identifies, so that the next session can follow. It returns
// the tracks of it: what stands in them is to be declared void. It returns none
// if no recording was broken off. ctx can end it only before it begins.
func (d *Drive) CloseUnfinished(ctx context.Context, expect Identity) ([]Track, error) {
	if err := d.insist(ctx, preventRemoval(true)); err != nil {
		return nil, fmt.Errorf("closing a broken-off recording: %w", err)
	}
	defer d.unlock(ctx)
	m, err := d.Medium(ctx)
	switch {
	case err != nil:
		return nil, fmt.Errorf("closing a broken-off recording: %w", err)
	case m.Identity != expect:
		return nil, fmt.Errorf("closing a broken-off recording: %w", ErrSwapped)
	case len(m.Unfinished) == 0:
		return nil, nil
	}
	if err := d.closeUnfinished(context.WithoutCancel(ctx), m); err != nil {
		return nil, fmt.Errorf("closing a broken-off recording: %w", err)
	}
	return m.Unfinished, nil
}

func (d *Drive) closeUnfinished(ctx context.Context, m Medium) error {
	if err := d.selectPage(ctx, m.plan.page); err != nil {
		return err
	}
	for _, t := range m.Unfinished {
		err := d.long(ctx, closeTrackSession(closeTrack, uint16(t.Number)), nil)
		var sense *SenseError
		if err != nil && !(errors.As(err, &sense) && sense.Sense.Key == keyIllegal) {
			return err
		}
		// A track that is closed already cannot be closed. Whether all are is
		// what closing the session shows.
	}
	return d.long(ctx, closeTrackSession(closeSession, 0), nil)
}

// Finalize closes the disc that expect identifies for ever: it can be read, and
// nothing can be recorded on it any more. The disc must hold a session. progress,
// which may be nil, is told of StepClose. ctx can end it only before it begins.
//
// A nil error means that the disc's own table lists the same sessions as before,
// and that the disc takes no other. The error is, or wraps, ErrSwapped,
// ErrUnfinished, ErrNotFinal, a *SenseError, or what the transport said. A drive
// that refuses leaves the disc as it was.
func (d *Drive) Finalize(ctx context.Context, expect Identity, progress func(Progress)) error {
	if err := d.finalize(ctx, expect, progress); err != nil {
		return fmt.Errorf("closing the disc for ever: %w", err)
	}
	return nil
}

// ErrNotFinal means that a disc cannot be closed for ever, or was not.
var ErrNotFinal = errors.New("the disc is not closed for ever")

func (d *Drive) finalize(ctx context.Context, expect Identity, progress func(Progress)) error {
	if err := d.insist(ctx, preventRemoval(true)); err != nil {
		return err
	}
	defer d.unlock(ctx)
	m, err := d.Medium(ctx)
	switch {
	case err != nil:
		return err
	case m.Identity != expect:
		return ErrSwapped
	case m.State == Closed:
		return nil
	case len(m.Unfinished) > 0:
		return ErrUnfinished
	case m.Sessions == 0:
		return fmt.Errorf("it holds no session: %w", ErrNotFinal)
	}
	safe := context.WithoutCancel(ctx)
	report(progress, Progress{Step: StepClose})
	if err := d.selectPage(safe, m.plan.final.page); err != nil {
		return err
	}
	busy := func(p uint16) { report(progress, Progress{StepClose, int64(p), 1 << 16}) }
	if err := d.long(safe, closeTrackSession(m.plan.final.function, 0), busy); err != nil {
		return err
	}
	after, err := d.Medium(safe)
	switch {
	case err != nil:
		return err
	case after.State != Closed:
		return fmt.Errorf("the drive accepted it, and the disc is %s: %w", after.State, ErrNotFinal)
	case after.Sessions != m.Sessions || after.Identity.last != m.Identity.last:
		return fmt.Errorf("its table lists %d sessions, not %d, or its last one reads differently: %w", after.Sessions, m.Sessions, ErrDiffers)
	}
	return nil
}
