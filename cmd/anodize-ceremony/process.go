package main

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/program"
)

// keepMemoryPrivate lets no crash write this process's memory anywhere, and no other
// process of the same user read it (prctl(2), PR_SET_DUMPABLE).
func keepMemoryPrivate() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("forbidding core dumps: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("closing the memory to other programs: %w", err)
	}
	return nil
}

// commit is what the program was built from, in hex, with "-dirty" behind it if the
// tree had other changes too. Who builds an image sets it (cmd/anodize-image).
var commit string

// built is when that commit was made, as RFC 3339 writes it. Who builds an image sets it
// too.
var built string

// builtAt is when the image was built, as far as its clock can tell: zero for a program
// that is in none.
func builtAt() (time.Time, error) {
	if built == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, built)
	if err != nil {
		return t, fmt.Errorf("reading when this image was built: %w; build it again", err)
	}
	return t, nil
}

// version names the program as it was built.
func version() string { return program.Version("anodize-ceremony", commit) }
