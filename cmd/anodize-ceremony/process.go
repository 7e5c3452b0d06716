package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"golang.org/x/sys/unix"
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

// ownHash is the SHA-256 of the running program.
func ownHash() (sum [32]byte, err error) {
	path, err := os.Executable()
	if err != nil {
		return sum, fmt.Errorf("finding the running program: %w", err)
	}
	f, err := os.Open(path)
	if err != nil {
		return sum, fmt.Errorf("opening the running program: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return sum, fmt.Errorf("reading the running program: %w", err)
	}
	return [32]byte(h.Sum(nil)), nil
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
func version() string {
	if commit != "" {
		return "anodize-ceremony " + commit
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "anodize-ceremony (devel)"
	}
	return "anodize-ceremony " + info.Main.Version
}
