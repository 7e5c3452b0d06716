package qemu

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ldd asks the dynamic loader itself.
func TestAProgramComesWithAllItsLibraries(t *testing.T) {
	out, err := exec.Command("ldd", "/usr/bin/xorriso").Output()
	if err != nil {
		t.Fatalf("ldd (Debian: libc-bin): %v", err)
	}
	files, err := programFiles([]string{"xorriso"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"/usr/bin/xorriso": true}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) >= 3 && fields[1] == "=>":
			want["/lib/x86_64-linux-gnu/"+fields[0]] = true
		case len(fields) > 0 && strings.HasPrefix(fields[0], "/"):
			want[fields[0]] = true
		}
	}
	for name := range want {
		if files[name] == "" {
			t.Errorf("%s is missing", name)
		}
	}
	for name := range files { // the loader is there under both its names
		if !strings.Contains(string(out), filepath.Base(name)) && !want[name] {
			t.Errorf("ldd does not know %s:\n%s", name, out)
		}
	}
}

func TestAProgramThatIsNotThereIsNamed(t *testing.T) {
	if _, err := programFiles([]string{"no-such-program"}); err == nil || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("%v", err)
	}
}
