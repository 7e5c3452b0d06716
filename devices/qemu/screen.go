package qemu

import (
	"image"
	"image/png"
	"os"
)

// Screendump returns what QEMU shows on the machine's screen.
func (vm *VM) Screendump() image.Image {
	vm.t.Helper()
	name := vm.path("screen.png")
	vm.Execute("screendump", map[string]any{"filename": name, "format": "png"})
	f, err := os.Open(name)
	if err != nil {
		vm.t.Fatalf("reading the machine's screen: %v", err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		vm.t.Fatalf("reading the machine's screen: %v", err)
	}
	return img
}
