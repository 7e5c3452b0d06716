// Anodize-validate tells an auditor whether an archive is whole and unchanged.
//
//	anodize-validate PATH [-head SIZE:HASH] [-require MODE] [-attestation-root FILE] [-record]
//
// PATH is a disc image (2048-byte sectors from the disc's sector 0 on), a drive,
// or a directory copied from a disc: the root of its last session, or the parent
// of such copies. It prints each session's first sector and name, then one
// finding a line, PASS, WARN or ERROR. It needs no HSM and no key.
//
// -head is the log's head from the witnesses' sheet; the log must begin with it.
// -require is the mode that the archive must have: production, rehearsal or dev.
// -attestation-root is a file with the certificates, in PEM, of whom you trust to
// name genuine HSMs: the maker's root, and the authorities between it and the HSM.
// -record makes the last ceremony's record again and writes that page to standard
// output; the findings go to standard error.
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
	"anodize/core/hsm/attestation"
)

const usage = `Usage: anodize-validate PATH [-head SIZE:HASH] [-require production|rehearsal|dev]
                        [-attestation-root FILE] [-record]

PATH is a disc image, a drive, or a directory copied from a disc.
-attestation-root is PEM: the root of the HSM's maker, and the authorities below it.
-record writes the last ceremony's record, made again, to standard output.
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
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		return passed
	}
	if err != nil {
		fmt.Fprintf(stderr, "anodize-validate: %v\n%s", err, usage)
		return failed
	}
	sessions, damage, closeArchive, err := open(o.path)
	if err != nil {
		fmt.Fprintf(stderr, "anodize-validate: %v\n", err)
		return failed
	}
	defer closeArchive()
	result := archive.Verify(sessions, damage, o.Options)
	findings := stdout
	if o.record {
		findings = stderr
	}
	if err := report(findings, result); err != nil {
		fmt.Fprintf(stderr, "anodize-validate: write the findings: %v\n", err)
		return failed
	}
	if o.record {
		if err := writeRecord(stdout, result); err != nil {
			fmt.Fprintf(stderr, "anodize-validate: %v\n", err)
			return failed
		}
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

// options is what the command line says.
type options struct {
	archive.Options
	path   string
	record bool // write the last ceremony's record
}

// parse reads the command line; options may stand on either side of PATH.
func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("anodize-validate", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.BoolVar(&o.record, "record", false, "")
	flags.Func("head", "", func(s string) error {
		head, err := audit.ParseHead(s)
		o.Head = &head
		return err
	})
	flags.Func("require", "", func(s string) error {
		if !slices.Contains([]string{"production", "rehearsal", "dev"}, s) {
			return errors.New("want production, rehearsal or dev")
		}
		o.Mode = s
		return nil
	})
	flags.Func("attestation-root", "", func(file string) error {
		text, err := readRoots(file)
		if err != nil {
			return err
		}
		o.Attestation, err = attestation.ParseRoots(text)
		return err
	})
	for {
		if err := flags.Parse(args); err != nil {
			return o, err
		}
		switch {
		case flags.NArg() == 0 && o.path == "":
			return o, errors.New("no PATH was given")
		case flags.NArg() == 0:
			return o, nil
		case o.path != "":
			return o, fmt.Errorf("one PATH at a time; %q is another", flags.Arg(0))
		}
		o.path, args = flags.Arg(0), flags.Args()[1:]
	}
}

// maxRoots bounds a file of roots, in bytes.
const maxRoots = 1 << 20

func readRoots(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxRoots+1))
	if err == nil && len(text) > maxRoots {
		err = fmt.Errorf("more than %d bytes", maxRoots)
	}
	return text, err
}

// open finds the sessions at path. They can be read until close is called.
func open(path string) (sessions []archive.Session, damage []error, close func() error, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, nil, err
	}
	if info.IsDir() {
		if sessions, damage, err = archive.FromDirectory(os.DirFS(path)); err != nil {
			return nil, nil, nil, fmt.Errorf("%s: %w", path, err)
		}
		return sessions, damage, func() error { return nil }, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, nil, err
	}
	size, err := f.Seek(0, io.SeekEnd) // a drive has no size in its FileInfo
	if err != nil {
		return nil, nil, nil, errors.Join(err, f.Close())
	}
	sessions, damage = archive.FromImage(f, size)
	return sessions, damage, f.Close, nil
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

// writeRecord writes the last ceremony's record, made again.
func writeRecord(w io.Writer, r archive.Result) error {
	page, err := r.Record()
	if err != nil {
		return err
	}
	if _, err := w.Write(page); err != nil {
		return fmt.Errorf("write the record: %w", err)
	}
	return nil
}
