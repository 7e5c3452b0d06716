//go:build vm

package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"anodize/cmd/internal/eyes"
	"anodize/devices/qemu"
)

// patience is how long a page may take to appear. It ends a test that would hang.
const patience = 10 * time.Minute

// The first page that a kiosk shows, and the one that follows.
const (
	firstPage = "Is this the machine?"
	firstGate = "Is this the time?"
)

// iso is an image to look at in place of the tree's own.
var iso = flag.String("iso", "", "a production image to play in, rather than the tree's")

// tree is the tree's own production image, whatever changes the tree may have. It is
// built once.
var tree = sync.OnceValues(func() ([]byte, error) {
	if *iso != "" {
		return os.ReadFile(*iso)
	}
	image, _, err := (&call{log: os.Stderr}).image("production", true)
	return image, err
})

func treeImage(t testing.TB) string {
	t.Helper()
	data, err := tree()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "anodize.iso")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The image as it is: firmware, kernel, sentinel, kiosk. The medium is pulled out, as
// the first page asks, and the ceremony goes on.
func TestSmokeTheImageShowsItsFirstGate(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Image: &qemu.Image{File: treeImage(t)}, Display: qemu.Bochs, Devices: []string{"usb-kbd,bus=boot.0"},
	})
	person := eyes.Sit(t, vm, nil, patience)
	person.Await(firstPage)
	vm.Unplug("medium")
	person.Insist(firstPage, "Enter")
	person.Await(firstGate)
}

// Two people clone the tree to folders of their own. What differs between their
// machines is not in the image.
func TestTheSameCommitGivesTheSameImage(t *testing.T) {
	var images [2][]byte
	from := "../.."
	for i, person := range []struct {
		mask     int
		timezone string
	}{{0o022, "UTC"}, {0o077, "Pacific/Kiritimati"}} {
		t.Setenv("TZ", person.timezone)
		mask := syscall.Umask(person.mask)
		dir := filepath.Join(t.TempDir(), strings.Repeat("deeper/", i)+"tree")
		if out, err := exec.Command("git", "clone", "-q", from, dir).CombinedOutput(); err != nil {
			t.Fatalf("git clone: %v\n%s", err, out)
		}
		image, at, err := (&call{folder: dir, log: os.Stderr}).image("production", false)
		syscall.Umask(mask)
		if err != nil || at.dirty {
			t.Fatalf("building in %s: dirty: %t, %v", dir, at.dirty, err)
		}
		images[i], from = image, dir // the second has what the first had
	}
	if differences, err := compare(images[0], images[1]); err != nil || differences != nil {
		t.Errorf("they differ: %q, %v", differences, err)
	}
}
