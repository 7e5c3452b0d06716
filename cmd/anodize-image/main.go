// Anodize-image builds the image that a ceremony boots from, and everything around
// it: it tells what is in one, holds one against the tree, signs one for Secure
// Boot, and writes one to a USB stick.
//
// It guarantees that the same commit gives the same bytes, with the tools that
// nix/kernel/pin names, wherever and by whomever it is built.
//
// It exits with 0 when done, 1 when something failed or differs, and 2 when it was
// called wrongly.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anodize/cmd/anodize-image/internal/kernel"
	"anodize/cmd/anodize-image/internal/removable"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// errUsage is what a command says that was called wrongly.
var errUsage = errors.New("called wrongly")

// command is one of the program's commands.
type command struct {
	name, arguments, what string
	run                   func(c *call) error
}

var commands = []command{
	{"build", "[-mode production|dev] [-allow-dirty] [-out FOLDER]", "builds the image", (*call).build},
	{"kernel", "[-check]", "compiles the kernel into the cache, or checks that it was", (*call).kernel},
	{"pin", "[-yes]", "takes the versions that apt has, after showing what changes", (*call).pin},
	{"show", "IMAGE", "tells what is in an image, and its hashes", (*call).show},
	{"verify", "IMAGE", "builds the image again from this tree and compares", (*call).verify},
	{"sign", "-key FILE -cert FILE IMAGE", "makes a copy with a Secure Boot signature", (*call).sign},
	{"list-usb", "", "lists USB sticks", (*call).listUSB},
	{"write-usb", "IMAGE DEVICE", "writes an image to a USB stick, after asking", (*call).writeUSB},
}

// call is one call of a command.
type call struct {
	args   []string
	in     io.Reader
	out    io.Writer // the answer
	log    io.Writer // progress and trouble
	folder string    // the tree's topmost folder; found from the working directory if empty
	cache  string    // the user's, if empty
	system removable.System
}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

func run(args []string, in io.Reader, out, log io.Writer) int {
	for _, c := range commands {
		if len(args) == 0 || args[0] != c.name {
			continue
		}
		err := c.run(&call{args: args[1:], in: in, out: out, log: log})
		switch {
		case err == nil:
			return exitDone
		case errors.Is(err, errUsage), errors.Is(err, flag.ErrHelp):
			fmt.Fprintf(log, "anodize-image: %v\nusage: anodize-image %s %s\n", err, c.name, c.arguments)
			return exitUsage
		}
		fmt.Fprintf(log, "anodize-image: %v\n", err)
		return exitFailed
	}
	fmt.Fprintln(log, "usage: anodize-image COMMAND; the commands are")
	for _, c := range commands {
		fmt.Fprintf(log, "  %s\n\t%s\n", strings.TrimSpace(c.name+" "+c.arguments), c.what)
	}
	return exitUsage
}

// parse reads flags, and wants as many arguments besides.
func (c *call) parse(fs *flag.FlagSet, arguments int) error {
	fs.SetOutput(io.Discard)
	if err := fs.Parse(c.args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() != arguments {
		return fmt.Errorf("%w: %d arguments, not %d", errUsage, fs.NArg(), arguments)
	}
	c.args = fs.Args()
	return nil
}

func (c *call) noFlags(name string, arguments int) error {
	return c.parse(flag.NewFlagSet(name, flag.ContinueOnError), arguments)
}

// tree is the tree's topmost folder.
func (c *call) tree() (string, error) {
	if c.folder != "" {
		return c.folder, nil
	}
	out, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("finding Anodize's tree: %w; run this inside a clone of its repository", err)
	}
	return strings.TrimSuffix(string(out), "\n"), nil
}

// kernelBuilder builds a tree's kernel; a loose one takes other versions than the
// pinned ones.
func (c *call) kernelBuilder(tree string, loose bool) (kernel.Builder, error) {
	cache := c.cache
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return kernel.Builder{}, fmt.Errorf("finding the cache for the kernel: %w", err)
		}
		cache = filepath.Join(user, "anodize")
	}
	return kernel.Builder{Folder: filepath.Join(tree, "nix", "kernel"), Cache: cache, Log: c.log, Loose: loose}, nil
}

// looseKernel builds the kernel of the tree as it stands.
func (c *call) looseKernel() (kernel.Builder, error) {
	tree, err := c.tree()
	if err != nil {
		return kernel.Builder{}, err
	}
	return c.kernelBuilder(tree, true)
}

// errCold says that a kernel would have to be compiled first.
var errCold = errors.New("the kernel was not compiled yet")

// kernel compiles the kernel, and puts an initramfs without programs into it.
func (c *call) kernel() error {
	fs := flag.NewFlagSet("kernel", flag.ContinueOnError)
	check := fs.Bool("check", false, "")
	if err := c.parse(fs, 0); err != nil {
		return err
	}
	b, err := c.looseKernel()
	switch {
	case err != nil:
		return err
	case !*check:
		return b.Compile()
	case !b.Warm():
		return errCold
	}
	return nil
}
