//go:build vm

package drm_test

import (
	"fmt"
	"image"
	"strings"
	"testing"
	"time"

	"anodize/devices/drm/internal/pattern"
	"anodize/devices/qemu"
)

// ask sends the program a command and returns its answer.
func ask(t *testing.T, vm *qemu.VM, format string, arguments ...any) string {
	t.Helper()
	vm.Send(fmt.Sprintf(format, arguments...))
	return vm.Expect("OK ")
}

// painted is a picture and where of it is shown.
type painted struct {
	n int
	r image.Rectangle
}

// mustShow compares the machine's screen with pictures painted one over the other.
// A flip is shown at the next blank, and QEMU copies the screen now and then, so
// that it may need a moment.
func mustShow(t *testing.T, vm *qemu.VM, size image.Point, layers ...painted) {
	t.Helper()
	var why string
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if why = differs(vm.Screendump(), size, layers); why == "" {
			return
		}
	}
	t.Fatal(why)
}

func differs(img image.Image, size image.Point, layers []painted) string {
	if img.Bounds().Size() != size {
		return fmt.Sprintf("the screen has %v pixels, not %v", img.Bounds().Size(), size)
	}
	for y := range size.Y {
		for x := range size.X {
			var want [3]byte
			for _, l := range layers {
				if image.Pt(x, y).In(l.r) {
					want[0], want[1], want[2] = pattern.At(l.n, x, y)
				}
			}
			r, g, b, _ := img.At(x, y).RGBA()
			if got := [3]byte{byte(r >> 8), byte(g >> 8), byte(b >> 8)}; got != want {
				return fmt.Sprintf("pixel (%d, %d) is %v, not %v", x, y, got, want)
			}
		}
	}
	return ""
}

func open(t *testing.T, vm *qemu.VM) (size image.Point, format string) {
	t.Helper()
	answer := ask(t, vm, "open")
	if _, err := fmt.Sscan(answer, &size.X, &size.Y, &format); err != nil {
		t.Fatalf("opening the screen gave %q: %v", answer, err)
	}
	return size, format
}

func paint(t *testing.T, vm *qemu.VM, n int, r image.Rectangle) painted {
	t.Helper()
	ask(t, vm, "paint %d %d %d %d %d", n, r.Min.X, r.Min.Y, r.Max.X, r.Max.Y)
	return painted{n, r}
}

// displays are adapters, and how frames are best shown on them.
var displays = map[string]struct {
	adapter qemu.Display
	method  string
}{
	"bochs":      {qemu.Bochs, "page flips"},
	"virtio-gpu": {qemu.VirtioGPU, "damage copied by the driver"},
}

func TestWhatIsPaintedIsShown(t *testing.T) {
	program := qemu.Build(t, "anodize/devices/drm/internal/vminit")
	for name, display := range displays {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			vm := qemu.Boot(t, qemu.Options{Program: program, Display: display.adapter})
			vm.Expect("READY")
			ask(t, vm, "write console")
			before := ask(t, vm, "console")
			size, format := open(t, vm)
			if got := ask(t, vm, "describe"); !strings.Contains(got, display.method) {
				t.Errorf("the screen is %q, not shown by %s", got, display.method)
			}
			all := image.Rectangle{Max: size}
			full := paint(t, vm, 1, all)
			mustShow(t, vm, size, full)
			t.Logf("%v %s, first frame compared after %v", size, format, time.Since(began).Round(time.Second/10))

			layers := []painted{full}
			for n := 2; n < 8; n++ { // an odd number of frames is left in neither buffer
				layers = append(layers, paint(t, vm, n, image.Rect(37*n, 23*n, 37*n+200, 23*n+150)))
				mustShow(t, vm, size, layers...)
			}

			ask(t, vm, "output off")
			if got := ask(t, vm, "await"); !strings.HasPrefix(got, "2 ") {
				t.Fatalf("an output that was pulled out gave %q, not Hidden", got)
			}
			layers = append(layers, paint(t, vm, 9, image.Rect(0, 0, 64, 64)))
			ask(t, vm, "output detect")
			if got := ask(t, vm, "await"); !strings.HasPrefix(got, "0 ") {
				t.Fatalf("the same output plugged in again gave %q, not Unchanged", got)
			}
			mustShow(t, vm, size, layers...)

			ask(t, vm, "switch 2")
			if got := ask(t, vm, "await"); !strings.HasPrefix(got, "2 ") {
				t.Fatalf("a switch to another terminal gave %q, not Hidden", got)
			}
			ask(t, vm, "switch 1")
			if got := ask(t, vm, "await"); !strings.HasPrefix(got, "0 ") {
				t.Fatalf("coming back to the terminal gave %q, not Unchanged", got)
			}
			mustShow(t, vm, size, layers...)

			if got := ask(t, vm, "crash"); got != "mistake" {
				t.Fatalf("the crash said %q", got)
			}
			if after := ask(t, vm, "console"); after != before {
				t.Errorf("after a panic the console's modes are %q; they were %q", after, before)
			}
			ask(t, vm, "write console")
			if why := differs(vm.Screendump(), size, layers); why == "" {
				t.Error("after a panic the screen still shows the last frame")
			}
		})
	}
}

func TestAnotherMonitorIsFilled(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{Program: qemu.Build(t, "anodize/devices/drm/internal/vminit"), Display: qemu.VirtioGPU})
	vm.Expect("READY")
	size, _ := open(t, vm)
	paint(t, vm, 1, image.Rectangle{Max: size})
	for _, size := range []image.Point{{1920, 1080}, {800, 600}} {
		vm.Resize(size.X, size.Y)
		if got, want := ask(t, vm, "await"), fmt.Sprint("1 ", size.X, " ", size.Y, " XRGB8888"); got != want {
			t.Fatalf("a monitor of %v gave %q, not %q", size, got, want)
		}
		mustShow(t, vm, size, paint(t, vm, 2, image.Rectangle{Max: size}))
	}
}
