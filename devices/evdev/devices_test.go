package evdev

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// A file stands for a device that cannot be used: what matters here is that it is
// noticed. Devices that work are for the tests in a virtual machine.
func mustTrouble(t *testing.T, d *Devices, path string) {
	t.Helper()
	e, ok := <-d.Events()
	trouble, is := e.(Trouble)
	if !ok || !is || trouble.Path != path || !errors.Is(trouble.Err, unix.ENOTTY) {
		t.Fatalf("the event is %#v, not trouble with %s", e, path)
	}
}

// mustEnd fails unless the trouble with all paths is over, in any order.
func mustEnd(t *testing.T, d *Devices, paths ...string) {
	t.Helper()
	for len(paths) > 0 {
		e, ok := <-d.Events()
		trouble, is := e.(Trouble)
		i := slices.Index(paths, trouble.Path)
		if !ok || !is || i < 0 || trouble.Err != nil {
			t.Fatalf("the event is %#v, not the end of trouble with %s", e, paths)
		}
		paths = slices.Delete(paths, i, i+1)
	}
}

func touchFile(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestDevicesAreFoundWhenTheyCome(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "input")
	d, err := Open(dir, layout(t, "us")) // before there is any
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	event7 := filepath.Join(dir, "event7")
	for range 2 { // the last device takes the folder with it
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"mouse0", "js0", "event", "eventful", "event7"} {
			touchFile(t, filepath.Join(dir, name))
		}
		mustTrouble(t, d, event7)
		touchFile(t, filepath.Join(dir, "event8"))
		mustTrouble(t, d, filepath.Join(dir, "event8"))
		d.SetLayout(layout(t, "de")) // works while events wait
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		mustEnd(t, d, event7, filepath.Join(dir, "event8"))
		d.Pause() // and after the folder went
		d.Resume()
	}
}

func TestCloseEndsEverything(t *testing.T) {
	dir := t.TempDir()
	touchFile(t, filepath.Join(dir, "event0"))
	d, err := Open(dir, layout(t, "us"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.Close(), d.Close()); err != nil { // with an event that nobody took
		t.Fatal(err)
	}
	if e, ok := <-d.Events(); ok {
		t.Errorf("an event after Close: %#v", e)
	}
	d.SetLayout(layout(t, "de"))
	d.Pause()
	d.Resume()
}

func TestOpenNeedsAFolderToWatchAndALayout(t *testing.T) {
	if _, err := Open(filepath.Join(t.TempDir(), "no", "input"), layout(t, "us")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the error is %v", err)
	}
	if _, err := Open(t.TempDir(), nil); !errors.Is(err, ErrLayout) {
		t.Errorf("the error is %v", err)
	}
}
