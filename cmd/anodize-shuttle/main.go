// Anodize-shuttle prepares, on an ordinary computer, the USB stick that a ceremony's
// files travel on.
//
//	anodize-shuttle init [-profile FILE] [-size MIB] [FILE...] PATH
//	anodize-shuttle lint PATH
//	anodize-shuttle list-usb
//
// init makes the stick: PATH is a device (/dev/sdX), an image to be made, or a folder,
// such as a mounted stick. It gets the label ANODIZE, a profile, which is the template
// unless -profile names another, and the other files. A device is erased: it must be
// removable and not in use, and its size must be typed first.
//
// lint finds beforehand what the kiosk would refuse. PATH is a mounted stick, another
// folder, a device or an image. It prints one finding a line, PASS, WARN or ERROR.
//
// list-usb lists the disks that may be a stick.
//
// The exit status is 0 if all went well, 1 if lint warns, 2 if it finds errors or
// something else went wrong.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

const usage = `Usage: anodize-shuttle init [-profile FILE] [-size MIB] [FILE...] PATH
       anodize-shuttle lint PATH
       anodize-shuttle list-usb

init makes a stick: PATH is a device (/dev/sdX), an image to be made, or a folder.
lint finds what the kiosk would refuse on it.
list-usb lists the disks that may be a stick.
`

// Exit statuses.
const (
	passed   = 0
	warnings = 1
	failed   = 2
)

func main() {
	os.Exit(run(os.Args[1:], machine{in: os.Stdin, out: os.Stdout}, os.Stderr))
}

// machine is the computer that the program runs on.
type machine struct {
	root string // its root folder, "" for this one's
	in   io.Reader
	out  io.Writer
}

func run(args []string, m machine, stderr io.Writer) int {
	status, err := m.run(args)
	var wrong usageError
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(m.out, usage)
		return passed
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "anodize-shuttle: %v\n%s", err, usage)
		return failed
	case err != nil:
		fmt.Fprintf(stderr, "anodize-shuttle: %v\n", err)
		return failed
	}
	return status
}

// usageError is a command line that makes no sense.
type usageError struct{ error }

func (m machine) run(args []string) (int, error) {
	if len(args) == 0 {
		return failed, usageError{errors.New("say what to do")}
	}
	command, args := args[0], args[1:]
	switch command {
	case "init":
		o, err := parseInit(args)
		if err != nil {
			return failed, err
		}
		return passed, m.init(o)
	case "lint":
		if len(args) != 1 || args[0] == "" || args[0][0] == '-' {
			return failed, usageError{errors.New("lint takes one PATH")}
		}
		return m.lint(args[0])
	case "list-usb":
		if len(args) > 0 {
			return failed, usageError{errors.New("list-usb takes no arguments")}
		}
		return passed, m.listUSB()
	case "help", "-h", "-help", "--help":
		return passed, flag.ErrHelp
	}
	return failed, usageError{fmt.Errorf("%q is none of init, lint and list-usb", command)}
}
