package disc

import (
	"context"
	"time"
)

// WithoutPauses lets d poll a simulated drive without waiting in between.
func WithoutPauses(d *Drive) {
	d.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
}

// WhenPausing calls f wherever d would wait.
func WhenPausing(d *Drive, f func()) {
	d.sleep = func(ctx context.Context, _ time.Duration) error {
		f()
		return ctx.Err()
	}
}
