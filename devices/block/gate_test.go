package block

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// gate is one whose mounts are a folder.
type gate struct {
	folder string
	fail   error
	busy   error
	calls  []string
}

func (g *gate) MountStick(name string, writable bool) (string, error) {
	call := "mount " + name
	if writable {
		call += " rw"
	}
	g.calls = append(g.calls, call)
	return g.folder, g.fail
}

func (g *gate) UnmountStick() error {
	g.calls = append(g.calls, "unmount")
	return g.busy
}

func behind(t *testing.T) (*gate, *Finder) {
	b := newTable(t)
	b.stick(t, "sda", []string{mkfsFAT, "-n", "ANODIZE"})
	g := &gate{folder: t.TempDir()}
	return g, NewFinderBehind(g, b.root)
}

func find(t *testing.T, f *Finder) *Stick {
	t.Helper()
	sticks, refused, err := f.Find(t.Context())
	if err != nil || len(sticks) != 1 || len(refused) != 0 {
		t.Fatalf("%v, %v, %v", sticks, refused, err)
	}
	return sticks[0]
}

func TestBehindAGateEveryMountIsUnmounted(t *testing.T) {
	g, f := behind(t)
	s := find(t, f)
	if err := s.WriteFile(t.Context(), "ROOT.CRT", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"mount sda", "unmount", "mount sda rw", "unmount", "mount sda", "unmount"}; !slices.Equal(g.calls, want) {
		t.Errorf("%q", g.calls)
	}
	if b, err := os.ReadFile(filepath.Join(g.folder, "ROOT.CRT")); err != nil || string(b) != "x" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestBehindAGateTheKernelsErrorsKeepTheirMeaning(t *testing.T) {
	g, f := behind(t)
	s := find(t, f)
	g.fail = unix.EROFS
	if err := s.WriteFile(t.Context(), "ROOT.CRT", nil); !errors.Is(err, ErrReadOnly) {
		t.Errorf("a stick with its switch set: %v", err)
	}
	g.fail = nil
	g.busy = unix.EIO
	if _, err := s.List(t.Context()); !errors.Is(err, unix.EIO) {
		t.Errorf("what could not be unmounted: %v", err)
	}
	g.folder, g.busy, g.calls = filepath.Join(g.folder, "none"), nil, nil
	if _, err := s.List(context.Background()); err == nil || !slices.Equal(g.calls, []string{"mount sda", "unmount"}) {
		t.Errorf("a folder that is not there: %v, %q", err, g.calls)
	}
}

func TestOnlyWhatMayBeAStickIsMountedForOthers(t *testing.T) {
	b := newTable(t)
	b.stick(t, "sda", nil)
	for name, want := range map[string]error{"sdb": ErrNoPlace, "": ErrNoPlace, "../sda": ErrNoPlace, "sda": nil} {
		err := MountAt(b.root, name, t.TempDir(), false, 1, 1)
		if err == nil || errors.Is(err, ErrNoPlace) != (want != nil) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
