package usbredir

import (
	"context"
	"sync"
)

// bell lets readers wait until a device has something to say.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// wait calls try, with the lock held, until it reports true or ctx ends.
func (b *bell) wait(ctx context.Context, try func() bool) error {
	for {
		b.mu.Lock()
		if try() {
			b.mu.Unlock()
			return nil
		}
		if b.rung == nil {
			b.rung = make(chan struct{})
		}
		rung := b.rung
		b.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-rung:
		}
	}
}

// change calls f with the lock held and wakes whoever waits.
func (b *bell) change(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
