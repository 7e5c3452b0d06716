package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatMakeIsGivenGoesThroughTheShellUnchanged has make print what it would call
// this program with.
func TestWhatMakeIsGivenGoesThroughTheShellUnchanged(t *testing.T) {
	touched := filepath.Join(t.TempDir(), "touched")
	for _, value := range []string{"/dev/sdx", "my key.pem", "a;touch " + touched, `a";touch ` + touched + `;"`, "a`touch " + touched + "`", "it's", "-x"} {
		for target, want := range map[string][]string{
			"sign":         {"sign", "-key", value, "-cert", value, value},
			"verify-image": {"verify", value},
			"write-usb":    {"write-usb", value, value},
			"image":        {"build", "-mode", value},
		} {
			cmd := exec.Command("make", "-s", "-C", "../..", target, "IMAGE=printf '<%s>'", "DEBS=", "KEY="+value, "CERT="+value, "ISO="+value, "DEV="+value, "MODE="+value)
			out, err := cmd.CombinedOutput()
			if got := strings.TrimSpace(string(out)); err != nil || got != "<"+strings.Join(want, "><")+">" {
				t.Errorf("make %s with %q: %s, %v", target, value, got, err)
			}
		}
	}
	if _, err := os.Stat(touched); err == nil {
		t.Error("a part of a value was run")
	}
}
