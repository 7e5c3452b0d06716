// Anodize-rehearsal plays a ceremony through the real screens on simulated
// devices: an optical drive at its command blocks, a YubiHSM 2 at its USB
// frames, a stick in a folder. It never runs on an image.
//
// It guarantees that nothing is taken a short cut: what runs is the production
// code from the screens to the devices' protocols, and every act of a person
// goes in as pointer and key events.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"image"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"

	"anodize/ui/host"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

//go:embed default.script
var defaultScript string

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options are what the command line says.
type options struct {
	profile string
	csrs    []string
	script  string
	out     string
	display string
	size    image.Point
}

func run(args []string, stdout, stderr io.Writer) int {
	o, err := parseArgs(args, stderr)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(stderr, "anodize-rehearsal: %v\n", err)
		}
		return exitUsage
	}
	text, name := defaultScript, "default.script"
	if o.script != "" {
		data, err := os.ReadFile(o.script)
		if err != nil {
			fmt.Fprintf(stderr, "anodize-rehearsal: reading the script: %v\n", err)
			return exitUsage
		}
		text, name = string(data), o.script
	}
	steps, err := parseScript(name, text)
	if err != nil {
		fmt.Fprintf(stderr, "anodize-rehearsal: %v\n", err)
		return exitUsage
	}
	if err := show(context.Background(), o, steps, stdout); err != nil {
		fmt.Fprintf(stderr, "anodize-rehearsal: %v\n", err)
		return exitFailed
	}
	return exitDone
}

// show plays the steps; or, at the machine's own screen and without a script, lets
// people play.
func show(ctx context.Context, o options, steps []step, stdout io.Writer) error {
	// A signal must not leave the machine's own screen without its console.
	ctx, stop := signal.NotifyContext(ctx, unix.SIGINT, unix.SIGTERM)
	defer stop()
	d, err := openDisplay(o.display, host.OpenDisplay)
	switch {
	case err != nil:
		return err
	case d != nil && o.script == "":
		return live(ctx, o, d, stdout)
	}
	return rehearse(ctx, o, d, steps, stdout)
}

func parseArgs(args []string, stderr io.Writer) (options, error) {
	o := options{size: image.Pt(1920, 1080)}
	fs := flag.NewFlagSet("anodize-rehearsal", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&o.profile, "profile", "testdata/profile.toml", "the profile to put on the stick")
	fs.Func("csr", "a request to put on the stick; may be given several times", func(s string) error {
		o.csrs = append(o.csrs, s)
		return nil
	})
	fs.StringVar(&o.script, "script", "", "what the people do (default: a whole ceremony for pictures; on the machine's own screen they do it themselves)")
	fs.StringVar(&o.out, "out", "build/rehearsal", "folder for the disc image, the stick and the pictures")
	fs.StringVar(&o.display, "display", autoDisplay, "where the screens are shown: kms is the machine's own screen, png pictures, auto what can be had")
	fs.Func("size", "size of the pictures, as 1920x1080", func(s string) error {
		_, err := fmt.Sscanf(strings.ToLower(s), "%dx%d", &o.size.X, &o.size.Y)
		if err != nil || o.size.X < 800 || o.size.Y < 600 || o.size.X > 3840 || o.size.Y > 2160 {
			return errors.New("give a size from 800x600 to 3840x2160")
		}
		return nil
	})
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	if o.display != autoDisplay && o.display != pngDisplay && o.display != kmsDisplay {
		return o, fmt.Errorf("-display is %q: give auto, png or kms", o.display)
	}
	if len(o.csrs) == 0 {
		o.csrs = []string{"testdata/intermediate.csr"}
	}
	return o, nil
}
