package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheCommandLineIsReadStrictly(t *testing.T) {
	o, err := parse([]string{"-display", "none", "-size", "1920x1080", "-memory", "512", "-dir", "x", "image.iso"})
	if want := (options{"image.iso", "none", 1920, 1080, "x", 512}); err != nil || o != want {
		t.Errorf("%+v, %v", o, err)
	}
	for _, args := range []string{"", "a b", "-display gtk a", "-size 100x100 a", "-size large a", "-memory 1 a", "-what a"} {
		if _, err := parse(strings.Fields(args)); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v", args, err)
		}
	}
}

func TestWhatIsTypedWrongChangesNothing(t *testing.T) {
	table := &table{dir: t.TempDir(), discName: "disc", stick: "stick"}
	for _, line := range []string{
		"frobnicate", "insert", "insert disc", "insert ../disc", "insert other dvd-rw", "insert other", "plug stick", "plug stick other", "plug stick a/b",
		"plug hsm", "plug hsm x", "unplug hsm 1", "unplug hsm", "eject now", "press", "picture", "type",
	} {
		var out strings.Builder
		if err := obey(nil, table, strings.Fields(line), &out); err == nil || errors.Is(err, errQuit) {
			t.Errorf("%q: %v", line, err)
		}
	}
	if got := table.String(); got != "disc disc, stick stick" {
		t.Errorf("on the table: %s", got)
	}
	if err := obey(nil, table, []string{"quit"}, nil); !errors.Is(err, errQuit) {
		t.Errorf("quit: %v", err)
	}
}

func TestANewStickHoldsWhatTheTestsUse(t *testing.T) {
	t.Chdir("../..")
	path := filepath.Join(t.TempDir(), "sticks", "stick.img")
	for range 2 { // the second time it is there
		if err := makeStick(path); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("mtype", "-i", path, "::profile.toml").CombinedOutput()
	want, errRead := os.ReadFile("testdata/profile.toml")
	if err := errors.Join(err, errRead); err != nil || string(out) != string(want) {
		t.Errorf("mtype (Debian: mtools): %v\n%s", err, out)
	}
}
