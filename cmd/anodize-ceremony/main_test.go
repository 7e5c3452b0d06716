package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"anodize/core/ceremony"
)

func TestTheCommandLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		mode ceremony.Mode
		bad  bool
	}{
		{nil, ceremony.Production, false},
		{[]string{"-mode", "production"}, ceremony.Production, false},
		{[]string{"-mode", "dev"}, ceremony.Dev, false},
		{[]string{"-mode", "rehearsal"}, "", true}, // its devices are not in this program
		{[]string{"-mode", ""}, "", true},
		{[]string{"extra"}, "", true},
		{[]string{"-nonsense"}, "", true},
	} {
		var stderr bytes.Buffer
		o, err := parseArgs(c.args, &stderr)
		if (err != nil) != c.bad || !c.bad && o.mode != c.mode {
			t.Errorf("%q: %+v, %v", c.args, o, err)
		}
		if c.bad {
			if code := run(t.Context(), c.args, &stderr); code != exitUsage || stderr.Len() == 0 {
				t.Errorf("%q: exit %d, %q", c.args, code, stderr.String())
			}
		}
	}
}

func TestASecondCeremonySaysSoAndExits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "anodize", "ceremony.lock")
	held, err := lock(path)
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if code := run(t.Context(), []string{"-lock", path}, &stderr); code != exitHeld || !strings.Contains(stderr.String(), "already running") || !strings.Contains(stderr.String(), path) {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := lock(path)
	if err != nil {
		t.Fatalf("after the first one ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestALockThatIsALinkIsNotFollowed(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "lock")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), path); err != nil {
		t.Fatal(err)
	}
	if f, err := lock(path); err == nil {
		t.Errorf("locked %s", f.Name())
	}
}

func TestMemoryIsKeptPrivate(t *testing.T) {
	if err := keepMemoryPrivate(); err != nil {
		t.Fatal(err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil || limit.Cur != 0 || limit.Max != 0 {
		t.Errorf("core dumps of up to %+v bytes, %v", limit, err)
	}
	if dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || dumpable != 0 {
		t.Errorf("dumpable is %d, %v", dumpable, err)
	}
}
