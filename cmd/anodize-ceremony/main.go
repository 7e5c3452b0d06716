// Anodize-ceremony is the kiosk: it joins the machine's own devices to the ceremony
// and shows it on the machine's own screen.
//
// It guarantees that one ceremony runs at a time, that no simulated device and no
// network is part of the program, and that nothing of its memory reaches a disk by
// a crash. Without its devices it stands at the first gate that lacks one, and says
// which. Behind a sentinel it needs no privileges, but the device nodes that it is
// given.
//
// It exits with 0 when the ceremony was closed, 1 when it could not go on, 2 when
// it was called wrongly, and 3 when another one is running.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
	"anodize/cmd/internal/program"
	"anodize/core/ceremony"
	"anodize/devices/machine"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitHeld   = 3
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}

func run(ctx context.Context, args []string, stderr io.Writer) int {
	o, err := parseArgs(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		fmt.Fprintf(stderr, "anodize-ceremony: %v\n", err)
		return exitUsage
	}
	err = hold(ctx, o)
	if err == nil && ctx.Err() != nil {
		err = errors.New("stopped from outside before the ceremony was closed")
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(stderr, "anodize-ceremony: %v\n", err)
	if errors.Is(err, errHeld) {
		return exitHeld
	}
	return exitFailed
}

// options are what the command line says.
type options struct {
	mode ceremony.Mode
	lock string
	gate bool // the sentinel started this program
}

func parseArgs(args []string, stderr io.Writer) (options, error) {
	o := options{mode: ceremony.Production}
	fs := flag.NewFlagSet("anodize-ceremony", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Func("mode", "production or dev: what the archive is for (default production)", func(s string) error {
		o.mode = ceremony.Mode(s)
		if o.mode != ceremony.Production && o.mode != ceremony.Dev {
			return errors.New("give production or dev")
		}
		return nil
	})
	fs.StringVar(&o.lock, "lock", "/run/anodize/ceremony.lock", "the file that one ceremony at a time locks")
	fs.BoolVar(&o.gate, "gate", false, "the sentinel started this program, and holds the lock: ask it, over the descriptors 3 and 4, for what needs privileges")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	return o, nil
}

// hold plays a ceremony while it holds the lock, or the sentinel does.
func hold(ctx context.Context, o options) (err error) {
	if o.gate {
		g := gate.NewClient(os.NewFile(gate.AnswersFD, "answers"), os.NewFile(gate.RequestsFD, "requests"))
		ending, err := play(ctx, o.mode, g)
		switch {
		case err != nil || ctx.Err() != nil:
			return err
		case ending == ceremony.Restart:
			return g.Reboot()
		}
		return g.PowerOff()
	}
	held, err := lock(o.lock)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.Close()) }()
	_, err = play(ctx, o.mode, nil)
	return err
}

// play plays a ceremony, and returns how the machine is to end; g is nil if this program
// does everything by itself, and ends nothing.
func play(ctx context.Context, mode ceremony.Mode, g *gate.Client) (_ ceremony.Ending, err error) {
	if err := keepMemoryPrivate(); err != nil {
		return ceremony.PowerOff, err
	}
	sum, err := program.Hash()
	if err != nil {
		return ceremony.PowerOff, err
	}
	at, err := builtAt()
	if err != nil {
		return ceremony.PowerOff, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r := newRoom(ctx, "")
	defer func() { err = errors.Join(err, r.close()) }()
	setup := ceremony.Setup{Room: r, Mode: mode, Random: rand.Reader, Image: sum, Program: version(), Built: at, Machine: seen{machine.New("")}}
	if g != nil {
		r.behind(g)
		setup.Machine, setup.Power = told{g}, true
	}
	c := ceremony.New(setup)
	err = show(ctx, c)
	return c.Ending(), err
}
