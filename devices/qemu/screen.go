package qemu

import (
	"bytes"
	"fmt"
	"image"
	"os"
)

// largest bounds a screen, in pixels either way.
const largest = 8192

// Screendump returns what QEMU shows on the machine's screen.
func (vm *VM) Screendump() image.Image {
	vm.t.Helper()
	name := vm.path("screen.ppm")
	vm.Execute("screendump", map[string]any{"filename": name})
	data, err := os.ReadFile(name)
	if err != nil {
		vm.t.Fatalf("reading the machine's screen: %v", err)
	}
	picture, err := readPPM(data)
	if err != nil {
		vm.t.Fatalf("reading the machine's screen: %v", err)
	}
	return picture
}

// readPPM reads a binary portable pixmap of 8 bits a channel (ppm(5)), as QEMU writes
// it. It takes a small part of the time that a PNG would, and tests look often.
func readPPM(data []byte) (*image.RGBA, error) {
	in := bytes.NewReader(data)
	var width, height, most int
	if _, err := fmt.Fscanf(in, "P6\n%d %d\n%d", &width, &height, &most); err != nil {
		return nil, fmt.Errorf("the pixmap's header: %w", err)
	}
	pixels := data[min(len(data), len(data)-in.Len()+1):] // after one space
	if width < 1 || height < 1 || width > largest || height > largest || most != 255 || len(pixels) != 3*width*height {
		return nil, fmt.Errorf("a pixmap of %d × %d with values up to %d in %d bytes", width, height, most, len(pixels))
	}
	picture := image.NewRGBA(image.Rect(0, 0, width, height))
	for to := picture.Pix; len(to) > 0; to, pixels = to[4:], pixels[3:] {
		to[0], to[1], to[2], to[3] = pixels[0], pixels[1], pixels[2], 0xFF
	}
	return picture, nil
}
