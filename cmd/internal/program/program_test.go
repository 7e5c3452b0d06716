package program

import (
	"crypto/sha256"
	"os"
	"strings"
	"testing"
)

func TestTheHashIsThatOfTheFileThatRuns(t *testing.T) {
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if sum, err := Hash(); err != nil || sum != sha256.Sum256(data) {
		t.Errorf("the program's own hash: %x, %v", sum, err)
	}
}

func TestAVersionBeginsWithTheProgramsName(t *testing.T) {
	if got, want := Version("anodize-ceremony", "b1198d0-dirty"), "anodize-ceremony b1198d0-dirty"; got != want {
		t.Errorf("with a commit: %q, want %q", got, want)
	}
	if name, from, _ := strings.Cut(Version("anodize-ceremony", ""), " "); name != "anodize-ceremony" || from == "" {
		t.Errorf("without a commit: %q from %q", name, from)
	}
}
