package main

import (
	"fmt"
	"image"
	"runtime"
	"slices"
	"syscall"
	"time"

	"gioui.org/op"

	"anodize/llvmpipe/screen"
)

// kind is a frame that follows another one.
type kind struct {
	name   string
	frames [2]*op.Ops // painted in turn
	whole  bool
}

func kinds(p *screen.Page) []kind {
	plain := p.Plain()
	return []kind{
		{"full frame", [2]*op.Ops{plain, plain}, true},
		{"the clock moves on a second", [2]*op.Ops{plain, p.Second(1)}, false},
		{"a square of 52 × 52 moves by 20", [2]*op.Ops{p.Square(0), p.Square(1)}, false},
		{"nothing changed", [2]*op.Ops{plain, plain}, false},
	}
}

// sample holds what frames of one kind took.
type sample struct {
	wall []time.Duration
	cpu  time.Duration // of all of them, on all cores
}

func (s *sample) median() time.Duration {
	slices.Sort(s.wall)
	return s.wall[len(s.wall)/2]
}

func (s *sample) least() time.Duration { return slices.Min(s.wall) }

// perFrame is the processor time of a frame.
func (s *sample) perFrame() time.Duration { return s.cpu / time.Duration(len(s.wall)) }

// take adds n frames of k, painted by r, to s.
func (s *sample) take(r renderer, k kind, n int) error {
	// What k changes is known to the renderer from here on.
	for _, f := range k.frames {
		if err := r.paint(f, false); err != nil {
			return fmt.Errorf("painting %s: %w", k.name, err)
		}
	}
	before := processorTime()
	for i := range n {
		start := time.Now()
		if err := r.paint(k.frames[i%2], k.whole); err != nil {
			return fmt.Errorf("painting %s: %w", k.name, err)
		}
		s.wall = append(s.wall, time.Since(start))
	}
	s.cpu += processorTime() - before
	return nil
}

// processorTime is what this process has used so far, Mesa's threads included.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only for a bad argument: getrusage(2)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// row is a kind of frame, and what it took.
type row struct {
	kind             string
	one, all, theirs sample
}

// measure paints each kind of frame in rounds: ours on one core, ours on all, Gio's,
// and again, so that what else the machine does falls on all alike.
func measure(p *screen.Page, us, them renderer, rounds int) ([]row, error) {
	const oursARound, theirsARound = 20, 2
	cores := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(cores)
	var rows []row
	for _, k := range kinds(p) {
		r := row{kind: k.name}
		for range rounds {
			runtime.GOMAXPROCS(1)
			if err := r.one.take(us, k, oursARound); err != nil {
				return nil, err
			}
			runtime.GOMAXPROCS(cores)
			if err := r.all.take(us, k, oursARound); err != nil {
				return nil, err
			}
			if err := r.theirs.take(them, k, theirsARound); err != nil {
				return nil, err
			}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// layoutTime is what laying out the page takes, before either renderer sees it.
func layoutTime(p *screen.Page, n int) sample {
	var s sample
	before := processorTime()
	for i := range n {
		start := time.Now()
		p.Second(i)
		s.wall = append(s.wall, time.Since(start))
	}
	s.cpu = processorTime() - before
	return s
}

// both paints p with both renderers and returns the pictures.
func both(p *screen.Page, us, them renderer) (ourPicture, theirPicture *image.RGBA, err error) {
	frame := p.Plain()
	for _, r := range []renderer{us, them} {
		if err := r.paint(frame, true); err != nil {
			return nil, nil, err
		}
	}
	if ourPicture, err = us.picture(); err != nil {
		return nil, nil, err
	}
	theirPicture, err = them.picture()
	return ourPicture, theirPicture, err
}
