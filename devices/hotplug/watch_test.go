package hotplug

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// hang is how long a test that would otherwise wait for ever waits.
const hang = time.Minute

func arrives(t *testing.T, changed <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changed:
	case <-time.After(hang):
		t.Fatalf("%s: nobody was told", what)
	}
}

func folder(t *testing.T, elements ...string) string {
	t.Helper()
	name := filepath.Join(elements...)
	if err := os.MkdirAll(name, 0o755); err != nil {
		t.Fatal(err)
	}
	return name
}

func put(t *testing.T, name, text string) {
	t.Helper()
	folder(t, filepath.Dir(name))
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Nothing but the device nodes changes here: sysfs could not tell.
func TestDeviceNodesThatComeAndGoAreTold(t *testing.T) {
	root := t.TempDir()
	folder(t, root, "dev/bus/usb/001")
	changed := Watch(t.Context(), root, nil)
	put(t, filepath.Join(root, "dev/sr0"), "")
	arrives(t, changed, "a node came")
	if err := os.Chmod(filepath.Join(root, "dev/sr0"), 0o600); err != nil {
		t.Fatal(err)
	}
	arrives(t, changed, "the rights of a node changed")
	if err := os.Remove(filepath.Join(root, "dev/sr0")); err != nil {
		t.Fatal(err)
	}
	arrives(t, changed, "a node went")
	put(t, filepath.Join(root, "dev/bus/usb/001/007"), "")
	arrives(t, changed, "a USB device came")
	folder(t, root, "dev/bus/usb/002")
	arrives(t, changed, "a bus came")
	put(t, filepath.Join(root, "dev/bus/usb/002/001"), "")
	arrives(t, changed, "a device on that bus came")
}

func TestWhatSysfsShowsIsComparedAtEveryTick(t *testing.T) {
	root := t.TempDir()
	var disc atomic.Value
	disc.Store("sr0 empty")
	w := &watcher{root: root, media: func() string { return disc.Load().(string) }, changed: make(chan struct{}, 1)}
	put(t, filepath.Join(root, "sys/class/block/sda/size"), "0\n")
	put(t, filepath.Join(root, "sys/bus/usb/devices/1-1/devnum"), "7\n")
	ticks := make(chan time.Time)
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.run(ctx, w.state(), ticks, nil); close(ended) }()
	tick := func() { // the second one is taken when the first was dealt with
		ticks <- time.Time{}
		ticks <- time.Time{}
	}
	tick()
	if len(w.changed) != 0 {
		t.Error("a change was told where there was none")
	}
	for _, c := range []struct {
		name   string
		happen func()
	}{
		{"a card in its reader", func() { put(t, filepath.Join(root, "sys/class/block/sda/size"), "8192\n") }},
		{"another card", func() { put(t, filepath.Join(root, "sys/class/block/sda/diskseq"), "9\n") }},
		{"a device that restarts", func() { put(t, filepath.Join(root, "sys/bus/usb/devices/1-1/devnum"), "8\n") }},
		{"a device that comes", func() { put(t, filepath.Join(root, "sys/bus/usb/devices/1-2/devnum"), "9\n") }},
		{"a device that goes", func() { os.RemoveAll(filepath.Join(root, "sys/bus/usb/devices/1-2")) }},
		{"the same device in another socket", func() {
			os.Symlink("../../devices/usb1/1-5", filepath.Join(root, "sys/bus/usb/devices/1-5"))
		}},
		{"a disc", func() { disc.Store("sr0 disc") }},
	} {
		c.happen()
		tick()
		if len(w.changed) != 1 {
			t.Errorf("%s: %d values", c.name, len(w.changed))
			continue
		}
		<-w.changed
		tick()
		if len(w.changed) != 0 {
			t.Errorf("%s: told twice", c.name)
		}
	}
	end()
	<-ended
}

func TestNobodyWaitsForAListener(t *testing.T) {
	w := &watcher{changed: make(chan struct{}, 1)}
	for range 3 {
		w.tell()
	}
	if len(w.changed) != 1 {
		t.Errorf("%d values", len(w.changed))
	}
}
