package qemu

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Ask sends a program that runs guest.Port.Serve a question of several words, and
// stores its answer in into. It fails t, which may be a part of the machine's test.
func (vm *VM) Ask(t testing.TB, into any, words ...string) {
	t.Helper()
	line := strings.Join(words, " ")
	vm.Send(line)
	said := vm.Line()
	answer, ok := strings.CutPrefix(said, "OK ")
	if !ok {
		t.Fatalf("%s: the machine says %s", line, strings.ReplaceAll(said, `\n`, "\n"))
	}
	if err := json.Unmarshal([]byte(answer), into); err != nil {
		t.Fatalf("%s: the machine says %s: %v", line, answer, err)
	}
}

// Run runs a program of Options.Install in the machine, which must succeed, and
// returns what it prints. Words cannot hold spaces.
func (vm *VM) Run(t testing.TB, args ...string) string {
	t.Helper()
	var output string
	vm.Ask(t, &output, append([]string{"run"}, args...)...)
	return output
}

// Mounted returns the files of a block device's ISO 9660 file system, as the
// machine's kernel reads them, with their SHA-256 in lower-case hex.
func (vm *VM) Mounted(t testing.TB, device string) map[string]string {
	t.Helper()
	var files map[string]string
	vm.Ask(t, &files, "mount", device)
	return files
}

// BuildTest builds the test of the package in the working folder as a static
// program, under the build tag vm: its TestMain is the machine's program.
func BuildTest(t testing.TB) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	return out
}
