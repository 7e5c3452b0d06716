// Package program says which program runs.
//
// It guarantees that what is said comes from the program itself: the hash is that of
// the file that was started, the version what the linker or Go's own stamp put into it.
package program

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"runtime/debug"
)

// Hash is the SHA-256 of the running program's file.
func Hash() (sum [sha256.Size]byte, err error) {
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
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// Version is the program's name and what it was built from: commit, if who built it
// set one, else what the Go command knew, else "(devel)".
func Version(name, commit string) string {
	if commit == "" {
		if info, ok := debug.ReadBuildInfo(); ok {
			commit = info.Main.Version
		}
	}
	if commit == "" {
		commit = "(devel)"
	}
	return name + " " + commit
}
