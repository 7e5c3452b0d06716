package host

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
)

// Performance is a ceremony that runs while it is shown. A ceremony.Ceremony is one.
type Performance interface {
	Ceremony
	Run(ctx context.Context) error
}

// Perform runs a ceremony and shows it, until either ends or ctx does. It returns nil
// if the ceremony was closed by the people. If the ceremony panics, Perform does, once
// the display and the console were given back.
func Perform(ctx context.Context, o Options, p Performance) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan end, 1)
	go func() {
		defer stop()
		ended <- perform(ctx, p)
	}()
	shown := show(ctx, o, p)
	stop()
	e := <-ended
	switch {
	case e.panicked != "":
		panic(e.panicked)
	case shown != nil && errors.Is(e.err, context.Canceled):
		return shown // the ceremony was only stopped for it
	}
	return errors.Join(e.err, shown)
}

// end is how a ceremony ended.
type end struct {
	err      error
	panicked string
}

func perform(ctx context.Context, p Performance) (e end) {
	defer func() {
		if v := recover(); v != nil {
			e.panicked = fmt.Sprintf("%v\n\n%s", v, debug.Stack())
		}
	}()
	return end{err: p.Run(ctx)}
}
