// Command paint paints frames of the fullest screen with ui/raster and does nothing
// else, then prints the most memory that it ever held, as VmHWM of proc_pid_status(5).
//
// Usage: paint [-size WxH] [-frames N]
package main

import (
	"bufio"
	"flag"
	"fmt"
	"image"
	"log"
	"os"
	"strings"

	"gioui.org/anodize"

	"anodize/llvmpipe/screen"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("paint: ")
	size := flag.String("size", "1920x1080", "width and height in pixels")
	frames := flag.Int("frames", 200, "frames to lay out and paint")
	flag.Parse()
	var at image.Point
	if _, err := fmt.Sscanf(*size, "%dx%d", &at.X, &at.Y); err != nil || at.X < 1 || at.Y < 1 || at.X > 1<<14 || at.Y > 1<<14 {
		log.Fatalf("-size %q: write it like 1920x1080", *size)
	}
	if err := paint(at, *frames); err != nil {
		log.Fatal(err)
	}
	peak, err := peakMemory()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(peak)
}

// paint repaints everything every tenth frame; between, the clock moves on.
func paint(size image.Point, frames int) error {
	page, painter := screen.Fingerprint(size), raster.New()
	target := raster.Target{Pix: make([]byte, 4*size.X*size.Y), Stride: 4 * size.X, Width: size.X, Height: size.Y}
	for i := range frames {
		if i%10 == 0 {
			painter.Invalidate()
		}
		if _, err := painter.Frame(page.Second(i), target); err != nil {
			return err
		}
	}
	return nil
}

// peakMemory returns the value of VmHWM, such as "61234 kB".
func peakMemory() (string, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return "", err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if value, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			return strings.TrimSpace(value), nil
		}
	}
	return "", fmt.Errorf("reading %s: it names no VmHWM", f.Name())
}
