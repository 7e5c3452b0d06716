//go:build vm

package main

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"anodize/cmd/internal/eyes"
	"anodize/devices/qemu"
)

// patience is how long a page may take to appear. It ends a test that would hang.
const patience = 6 * time.Minute

// The first page that a kiosk shows, and the one that follows.
const (
	firstPage = "Is this the machine?"
	firstGate = "Is this the time?"
)

// tree is the tree's own image, for developers. It is built once.
var tree = sync.OnceValues(func() ([]byte, error) {
	image, _, err := (&call{log: os.Stderr}).image("dev", true)
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
	person.Press("Enter")
	person.Await(firstGate)
}
