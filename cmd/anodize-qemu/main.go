// Anodize-qemu runs an image in a virtual machine, with every device of the room
// simulated and plugged into its USB: an optical drive, YubiHSMs and a stick.
//
//	anodize-qemu [-display sdl|none] [-size 1280x800] [-dir build/qemu] [-memory MIB] IMAGE
//
// Discs, HSMs and sticks stay in the folder from one run to the next. What is typed at
// the prompt puts them in and takes them out; help lists it. With -display none the
// screen is kept as a picture, screen.png in the folder.
//
// It is for developers: the HSMs' keys stand in the folder, in the clear.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

const usage = `Usage: anodize-qemu [-display sdl|none] [-size 1280x800] [-dir build/qemu] [-memory MIB] IMAGE
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// options are what the command line says.
type options struct {
	image         string
	display       string
	width, height int
	dir           string
	memory        int // MiB
}

// errUsage is a command line that makes no sense.
var errUsage = errors.New("wrong command line")

func parse(args []string) (options, error) {
	o := options{display: "sdl", width: 1280, height: 800, dir: "build/qemu", memory: 1024}
	fs := flag.NewFlagSet("anodize-qemu", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&o.display, "display", o.display, "")
	fs.StringVar(&o.dir, "dir", o.dir, "")
	fs.IntVar(&o.memory, "memory", o.memory, "")
	fs.Func("size", "", func(s string) error {
		if n, err := fmt.Sscanf(s, "%dx%d", &o.width, &o.height); n != 2 || err != nil || o.width < 640 || o.height < 480 || o.width > 3840 || o.height > 2160 {
			return errors.New("give it like 1280x800, from 640x480 to 3840x2160")
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return o, fmt.Errorf("%w: %w", errUsage, err)
	}
	switch {
	case o.display != "sdl" && o.display != "none":
		return o, fmt.Errorf("%w: -display is sdl or none", errUsage)
	case o.memory < 128 || o.memory > 1<<16:
		return o, fmt.Errorf("%w: -memory is from 128 to 65536", errUsage)
	case fs.NArg() != 1:
		return o, fmt.Errorf("%w: give one IMAGE, as make image-dev leaves it", errUsage)
	}
	o.image = fs.Arg(0)
	return o, nil
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "anodize-qemu: %v\n%s", err, usage)
		return 2
	}
	if err := play(ctx, o, stdin, stdout); err != nil {
		fmt.Fprintf(stderr, "anodize-qemu: %v\n", err)
		return 1
	}
	return 0
}

// play runs the machine until it is switched off, or until quit is typed.
func play(ctx context.Context, o options, stdin io.Reader, stdout io.Writer) (err error) {
	if _, err := os.Stat(o.image); err != nil {
		return fmt.Errorf("the image: %w", err)
	}
	m, err := start(o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	t, err := lay(ctx, m, o.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	if o.display == "none" {
		go watch(ctx, m, o.dir)
	}
	return prompt(ctx, m, t, stdin, stdout)
}
