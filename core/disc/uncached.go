package disc

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// handPatience is how long a hand may take to close a drive that does not do so
// itself.
const handPatience = 10 * time.Minute

// uncached returns a reader of what stands on the medium: a drive that has just
// written may answer a READ with what it was sent. Where the drive takes FUA it
// must read the medium (MMC-5 section 6.15.2). Where it does not, the disc is
// taken out and in again: then there is nothing left of what was sent.
func (b *burn) uncached(ctx context.Context, sector uint32) (*reader, error) {
	r := &reader{ctx: ctx, d: b.d, medium: true}
	_, err := r.ReadAt(make([]byte, sectorSize), int64(sector)*sectorSize)
	var refused *SenseError
	if !errors.As(err, &refused) || refused.Sense.Key != keyIllegal {
		return r, err
	}
	b.begin(StepReload)
	if err := b.d.reload(ctx); err != nil {
		return nil, fmt.Errorf("taking the disc out and in again, since the drive reads from its cache: %w", err)
	}
	b.begin(StepReadBack)
	return b.d.reader(ctx), nil
}

// reload opens the tray and closes it again. A drive that is closed by hand is
// waited for.
func (d *Drive) reload(ctx context.Context) error {
	d.unlock(ctx)
	if err := d.insist(ctx, startStop(false)); err != nil {
		return err
	}
	var refused *SenseError
	if err := d.insist(ctx, startStop(true)); err != nil && !errors.As(err, &refused) {
		return err
	}
	for waited := time.Duration(0); ; waited += lastPause {
		err := d.waitReady(ctx, queryPatience, nil)
		if err == nil {
			return d.insist(ctx, preventRemoval(true))
		}
		if !errors.Is(err, ErrNoMedium) || waited >= handPatience {
			return err
		}
		if err := d.sleep(ctx, lastPause); err != nil {
			return err
		}
	}
}
