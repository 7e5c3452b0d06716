package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"

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
