// Anodize-sentinel is the first process of a ceremony's machine. It is given no
// shell, no network and no module to load; it starts one program, the kiosk.
//
// It guarantees that the kiosk runs without privileges: as a user of its own, with
// no capability and no way to gain one, with the device nodes that a ceremony needs
// and no other file than its own program (Landlock). What needs privileges it asks
// for over a gate with a closed set of requests. No USB device has a driver but
// those that a ceremony uses. A kiosk that ends is started again, and what it ended
// with is on the screen and in the next claim of the log. The machine is switched
// off with its memory given back to the kernel, which clears it (init_on_free).
//
// The kernel's command line says what the archive is for: anodize.mode=dev, or
// production, which is also meant where it says nothing.
package main

import (
	"fmt"
	"os"

	"anodize/cmd/internal/program"
)

func main() {
	switch {
	case len(os.Args) > 1 && os.Args[1] == encloseName:
		fmt.Fprintf(os.Stderr, "anodize-sentinel: %v\n", enclose(os.Args[2:]))
		os.Exit(exitNotEnclosed)
	case os.Getpid() != 1:
		fmt.Fprintln(os.Stderr, "anodize-sentinel: it is the first process of a machine; start the kiosk, anodize-ceremony, on one that runs already")
		os.Exit(2)
	}
	newSentinel().run()
}

// commit is what the program was built from, in hex, with "-dirty" behind it if the
// tree had other changes too. Who builds an image sets it (cmd/anodize-image).
var commit string

// version names the program as it was built.
func version() string { return program.Version("anodize-sentinel", commit) }
