package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// maxSize is how large the stripped program may be, in bytes.
const maxSize = 4 << 20

func TestTheProgramIsSmallAndStaticAndKnowsNoPixelAndNoNetwork(t *testing.T) {
	out := filepath.Join(t.TempDir(), "anodize-sentinel")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, text)
	}
	if info, err := os.Stat(out); err != nil || info.Size() > maxSize {
		t.Errorf("%v, %v: it is to have at most %d bytes", info, err, maxSize)
	}
	f, err := elf.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a %v segment", p.Type)
		}
	}
	list, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(list))
	if len(deps) < 50 {
		t.Errorf("go list names %d packages only", len(deps))
	}
	for _, dep := range deps {
		if dep == "net" || dep == "os/exec" || strings.HasPrefix(dep, "gioui.org") || strings.HasPrefix(dep, "anodize/core") || strings.HasPrefix(dep, "anodize/ui") {
			t.Errorf("it is built from %s", dep)
		}
	}
}
