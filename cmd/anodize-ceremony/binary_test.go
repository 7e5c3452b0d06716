package main

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// maxSize is how large the stripped program may be, in bytes.
const maxSize = 16 << 20

// build builds this program as a release does, but for what flags change.
func build(t *testing.T, flags ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "anodize-ceremony")
	cmd := exec.Command("go", append(append([]string{"build", "-trimpath"}, flags...), "-o", out, ".")...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOEXPERIMENT=runtimesecret")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, text)
	}
	return out
}

func TestTheProgramIsSmallAndNeedsNoOther(t *testing.T) {
	name := build(t, "-ldflags=-s -w")
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > maxSize {
		t.Errorf("it has %d bytes, more than %d", info.Size(), maxSize)
	}
	f, err := elf.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP || p.Type == elf.PT_DYNAMIC {
			t.Errorf("it has a %v segment", p.Type)
		}
	}
	text, err := exec.Command("go", "version", "-m", name).Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range []string{"-trimpath=true", "CGO_ENABLED=0", "GOEXPERIMENT=runtimesecret"} {
		if !strings.Contains(string(text), setting) {
			t.Errorf("go version -m does not say %s:\n%s", setting, text)
		}
	}
}

// network matches the symbols by which a program could reach one.
var network = regexp.MustCompile(`^(syscall\.(socket|socketpair|connect|bind|Socket|Socketpair|Connect|Bind|Listen|listen|accept4?)|net\.(\(\*(Dialer|ListenConfig)\)\.)?(Dial|Listen).*|golang\.org/x/sys/unix\.(Socket|Socketpair|Connect|Bind|Listen|socket|socketpair|connect|bind))(\.|$)`)

func TestTheProgramCannotReachANetwork(t *testing.T) {
	f, err := elf.Open(build(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	seen := false
	for _, s := range symbols {
		if network.MatchString(s.Name) {
			t.Errorf("it holds %s", s.Name)
		}
		seen = seen || s.Name == "main.main"
	}
	if !seen {
		t.Error("the table of symbols does not name main.main: it is not that of an unstripped program")
	}
}

func TestWhatIsTakenForANetwork(t *testing.T) {
	for name, is := range map[string]bool{
		"syscall.socket": true, "syscall.Connect": true, "net.Dial": true, "net.DialTimeout": true, "net.Listen": true,
		"net.(*Dialer).DialContext": true, "golang.org/x/sys/unix.Socket": true, "syscall.socket.abi0": true,
		"net.IP.String": false, "syscall.bindingless": false, "net.ParseIP": false, "main.main": false, "syscall.read": false,
	} {
		if network.MatchString(name) != is {
			t.Errorf("%s: %v", name, !is)
		}
	}
}

func TestTheProgramIsBuiltFromRealDevicesAndNoHTTP(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Errorf("go list names %d packages only", len(deps))
	}
	for _, dep := range deps {
		switch dep {
		case "net/http", "anodize/devices/sim", "anodize/devices/qemu", "testing":
			t.Errorf("it is built from %s", dep)
		}
	}
}
