// Anodize-validate tells an auditor whether an archive is whole and unchanged.
//
//	anodize-validate PATH [-head SIZE:HASH] [-require MODE]
//
// PATH is a disc image (2048-byte sectors from the disc's sector 0 on), a drive,
// or a directory copied from a disc: the root of its last session, or the parent
// of such copies. It prints each session's first sector and name, then one
// finding a line, PASS, WARN or ERROR. It needs no HSM and no key.
//
// -head is the log's head from the witnesses' sheet; the log must begin with it.
// -require is the mode that the archive must have: production, rehearsal or dev.
//
// The exit status is 0 if everything passed, 1 if there are warnings, 2 if there
// are errors or the archive could not be read.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"

	"anodize/core/archive"
	"anodize/core/audit"
)

const usage = `Usage: anodize-validate PATH [-head SIZE:HASH] [-require production|rehearsal|dev]

PATH is a disc image, a drive, or a directory copied from a disc.
Exit status: 0 everything passed, 1 warnings, 2 errors.
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// Exit statuses.
const (
	passed   = 0
	warnings = 1
	failed   = 2
)

func run(args []string, stdout, stderr io.Writer) int {
	path, opts, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return passed
	}
	if err != nil {
		fmt.Fprintf(stderr, "anodize-validate: %v\n%s", err, usage)
		return failed
	}
	result, err := validate(path, opts)
	if err != nil {
		fmt.Fprintf(stderr, "anodize-validate: %v\n", err)
		return failed
	}
	if err := report(stdout, result); err != nil {
		fmt.Fprintf(stderr, "anodize-validate: write the findings: %v\n", err)
		return failed
	}
	switch result.Worst() {
	case archive.Pass:
		return passed
	case archive.Warn:
		return warnings
	default:
		return failed
	}
}

// parse reads the command line; options may stand on either side of PATH.
func parse(args []string) (path string, opts archive.Options, err error) {
	flags := flag.NewFlagSet("anodize-validate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Func("head", "", func(s string) error {
		head, err := audit.ParseHead(s)
		opts.Head = &head
		return err
	})
	flags.Func("require", "", func(s string) error {
		if !slices.Contains([]string{"production", "rehearsal", "dev"}, s) {
			return errors.New("want production, rehearsal or dev")
		}
		opts.Mode = s
		return nil
	})
	for {
		if err := flags.Parse(args); err != nil {
			return "", opts, err
		}
		switch {
		case flags.NArg() == 0 && path == "":
			return "", opts, errors.New("no PATH was given")
		case flags.NArg() == 0:
			return path, opts, nil
		case path != "":
			return "", opts, fmt.Errorf("one PATH at a time; %q is another", flags.Arg(0))
		}
		path, args = flags.Arg(0), flags.Args()[1:]
	}
}

func validate(path string, opts archive.Options) (archive.Result, error) {
	info, err := os.Stat(path)
	if err != nil {
		return archive.Result{}, err
	}
	if info.IsDir() {
		sessions, damage, err := archive.FromDirectory(os.DirFS(path))
		if err != nil {
			return archive.Result{}, fmt.Errorf("%s: %w", path, err)
		}
		return archive.Verify(sessions, damage, opts), nil
	}
	f, err := os.Open(path)
	if err != nil {
		return archive.Result{}, err
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd) // a drive has no size in its FileInfo
	if err != nil {
		return archive.Result{}, err
	}
	sessions, damage := archive.FromImage(f, size)
	return archive.Verify(sessions, damage, opts), nil
}

// report prints the sessions and the findings.
func report(w io.Writer, r archive.Result) error {
	for i, s := range r.Sessions {
		if s.Recorded == nil {
			continue
		}
		newest := s.Directories[len(s.Directories)-1].Name
		if _, err := fmt.Fprintf(w, "session %d  sector %d  %s\n", i+1, s.Recorded.Address, newest); err != nil {
			return err
		}
	}
	if n := len(r.Sessions); n > 0 && r.Sessions[n-1].Recorded == nil {
		for i, d := range r.Sessions[n-1].Directories {
			if _, err := fmt.Fprintf(w, "session %d  sector -  %s\n", i+1, d.Name); err != nil {
				return err
			}
		}
	}
	for _, f := range r.Findings {
		if _, err := fmt.Fprintln(w, f); err != nil {
			return err
		}
	}
	return nil
}
