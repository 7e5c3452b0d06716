// Package twin compares a kiosk in a virtual machine with its twin: the same ceremony,
// played headless beside it by the same hands. It is for tests alone.
//
// It guarantees that the machine's screen, as QEMU shows it, is to the pixel what the
// twin draws. Only the clock is not the same, since both run: the twin is drawn for
// every second that the machine's may stand at.
package twin

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/core/ceremony"
	"anodize/devices/evdev"
	"anodize/devices/qemu"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// patience is how long a picture may take to appear. It ends a test that would hang.
const patience = 5 * time.Minute

// switchedOn is what the machine's clock says when it is switched on. It runs.
var switchedOn = time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)

// Modules are what a kiosk's input devices need of the kernel.
func Modules() []string {
	return []string{"evdev", "xhci-pci", "usbhid", "hid-generic", "virtio_pci", "virtio_input"}
}

// Arguments give the machine its clock, a tablet and a USB controller named "usb", and
// take from its display what tells the size of the panel: the picture depends on the
// mode alone.
func Arguments() []string {
	return []string{
		"-rtc", "base=" + switchedOn.Format("2006-01-02T15:04:05"),
		"-global", "VGA.edid=off", "-global", "virtio-vga.edid=off",
		"-device", "qemu-xhci,id=usb", "-device", "virtio-tablet-pci",
	}
}

// Play is a ceremony that is shown on a headless window. Settle draws it until it waits
// for people again.
type Play interface {
	View() *ceremony.View
	Settle() error
}

// Kiosk is a kiosk in a virtual machine, and its twin. Its methods do the same to both,
// and fail the test if that cannot be done.
type Kiosk struct {
	*qemu.VM
	t      testing.TB
	window *host.Headless
	play   Play
	began  time.Time
	last   time.Time // of the clock in the machine's last picture
	seen   time.Time // when that was
}

// New waits until the machine shows something as large as a kiosk, and starts its twin
// in a window of that size.
func New(t testing.TB, vm *qemu.VM, start func(*host.Headless) Play) *Kiosk {
	t.Helper()
	now := time.Now()
	k := &Kiosk{VM: vm, t: t, last: switchedOn, began: now, seen: now.Add(-slack * time.Second)} // it may have been on for long
	size := k.size()
	s := ui.New(kit.NewTheme())
	s.SetKeyboards(layouts(t), nil)
	k.window = host.NewHeadless(size.X, size.Y, s)
	k.play = start(k.window)
	return k
}

// layouts are the names of the keyboard layouts that a kiosk offers.
func layouts(t testing.TB) []string {
	t.Helper()
	var titles []string
	for _, name := range evdev.LayoutNames() {
		l, err := evdev.LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, l.Title())
	}
	return titles
}

// size waits for the machine's screen to leave its text mode.
func (k *Kiosk) size() image.Point {
	k.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Second) {
		if size := k.Screendump().Bounds().Size(); size.X >= 800 && size.Y >= 600 {
			return size
		}
	}
	k.t.Fatal("the machine's screen stays in a text mode")
	return image.Point{}
}

// View is what the twin shows.
func (k *Kiosk) View() *ceremony.View { return k.play.View() }

// MustShow waits until the machine shows what its twin does.
func (k *Kiosk) MustShow() {
	k.t.Helper()
	if err := k.play.Settle(); err != nil {
		k.t.Fatal(err)
	}
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if k.Shows() {
			k.t.Logf("%q shown after %v", k.View().Title, time.Since(k.began).Round(time.Second/10))
			return
		}
	}
	k.Fail()
}

// Fail fails the test, and keeps pictures of both.
func (k *Kiosk) Fail() {
	k.t.Helper()
	k.t.Fatalf("the machine does not show %q: see %s and %s", k.View().Title,
		k.keep("machine", rgba(k.Screendump())), k.keep("twin", k.at(k.last)))
}

// slack is how many seconds the machine's clock may go faster than ours: a picture of a
// busy machine may have been old already.
const slack = 60

// Shows tells whether the machine shows what its twin does, at some second since the
// last time. The likeliest come first.
func (k *Kiosk) Shows() bool {
	k.t.Helper()
	got := rgba(k.Screendump())
	passed := int(time.Since(k.seen) / time.Second)
	for off := 0; off <= max(passed, slack); off++ {
		if k.showsAt(got, passed-off) || off <= slack && k.showsAt(got, passed+off) {
			return true
		}
	}
	return false
}

// showsAt tells whether got is what the twin shows so many seconds after the last time.
func (k *Kiosk) showsAt(got *image.RGBA, seconds int) bool {
	k.t.Helper()
	if seconds < 0 {
		return false
	}
	now := k.last.Add(time.Duration(seconds) * time.Second)
	want := k.at(now)
	if want.Bounds() != got.Bounds() || !bytes.Equal(want.Pix, got.Pix) {
		return false
	}
	k.last, k.seen = now, time.Now()
	return true
}

// at is what the twin shows at a time.
func (k *Kiosk) at(now time.Time) *image.RGBA {
	k.t.Helper()
	v := *k.View()
	v.Now = now
	if _, ok := v.Body.(ceremony.ClockBody); ok {
		v.Body = ceremony.ClockBody{Time: now}
	}
	if _, err := k.window.Frame(&v); err != nil {
		k.t.Fatal(err)
	}
	return k.window.Image()
}

func (k *Kiosk) keep(what string, img *image.RGBA) string {
	path := filepath.Join(os.TempDir(), strings.ReplaceAll(k.t.Name(), "/", "-")+"-"+what+".png")
	f, err := os.Create(path)
	if err != nil {
		k.t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, img); err != nil {
		k.t.Fatal(err)
	}
	return path
}

func rgba(img image.Image) *image.RGBA {
	r := image.NewRGBA(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(r, r.Rect, img, img.Bounds().Min, draw.Src)
	return r
}

// There presses a key of the machine alone: of the keyboard that was plugged in last.
func (k *Kiosk) There(name string) {
	k.t.Helper()
	k.VM.Press(name)
}

// Here does something to the twin alone.
func (k *Kiosk) Here(act func(*host.Headless) error) {
	k.t.Helper()
	if err := act(k.window); err != nil {
		k.t.Fatal(err)
	}
	if err := k.play.Settle(); err != nil {
		k.t.Fatal(err)
	}
}

// Press presses a key: by its name or its character, as Headless.Key has it.
func (k *Kiosk) Press(name string) {
	k.t.Helper()
	k.There(name)
	k.Here(func(s *host.Headless) error { return s.Key(name, 0) })
}

// Write types letters, small and large, digits and spaces.
func (k *Kiosk) Write(text string) {
	k.t.Helper()
	for _, r := range text {
		if r == ' ' {
			k.Press("Space")
		} else {
			k.Press(string(r))
		}
	}
}

// middle is where a label is, in pixels, and the size of the screen.
func (k *Kiosk) middle(label string) (at, size image.Point) {
	k.t.Helper()
	for _, l := range k.window.Labels() {
		if l.Text == label && l.Whole() {
			return l.Bounds.Min.Add(l.Bounds.Max).Div(2), k.window.Image().Rect.Size()
		}
	}
	k.t.Fatalf("%q is not in sight", label)
	return
}

// Click points at a label with the tablet, and presses its button.
func (k *Kiosk) Click(label string) {
	k.t.Helper()
	at, size := k.middle(label)
	k.PointTo((float64(at.X)+0.5)/float64(size.X), (float64(at.Y)+0.5)/float64(size.Y))
	k.Button("left", true)
	k.Button("left", false)
	k.Here(func(s *host.Headless) error {
		s.Point(at)
		s.Click()
		return nil
	})
}

// Tap touches a label with a finger of the machine's own program, which takes "down X Y",
// X and Y from 0 to 9999 of the screen, and "up".
func (k *Kiosk) Tap(label string) {
	k.t.Helper()
	at, size := k.middle(label)
	k.Send(fmt.Sprintf("down %d %d", (at.X*10000+5000)/size.X, (at.Y*10000+5000)/size.Y))
	k.Expect("DONE")
	k.Send("up")
	k.Expect("DONE")
	k.Here(func(s *host.Headless) error { return s.Tap(label) })
}

// PressUntilHeard presses a key of a keyboard that was just plugged in, again and again:
// nobody knows when it can be read. What is shown then must take no notice of it.
func (k *Kiosk) PressUntilHeard(name string) {
	k.t.Helper()
	k.Here(func(s *host.Headless) error { return s.Key(name, 0) })
	for end := time.Now().Add(patience); time.Now().Before(end); {
		k.There(name)
		for range 10 {
			if k.Shows() {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	k.Fail()
}
