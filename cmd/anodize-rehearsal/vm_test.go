//go:build vm

package main

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"anodize/core/ceremony"
	"anodize/devices/evdev"
	"anodize/devices/qemu"
	"anodize/ui"
	"anodize/ui/host"
	"anodize/ui/kit"
)

// The clock of the machine when it is switched on; it runs.
var switchedOn = time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)

// patient is how long a picture may take to appear. It ends a test that would hang.
const patient = 5 * time.Minute

// kiosk is the rehearsal in a virtual machine on its own screen; and beside it the same
// rehearsal, played headless by the same hands, which says what must be on that screen.
type kiosk struct {
	*qemu.VM
	t      *testing.T
	name   string
	beside *player
	began  time.Time
	last   time.Time // of the clock in the machine's last picture
	seen   time.Time // when that was
}

// boot starts a rehearsal as the first program of a machine.
func boot(t *testing.T, display qemu.Display, touch bool) *kiosk {
	t.Helper()
	o := options{profile: "../../testdata/profile.toml", csrs: []string{"../../testdata/intermediate.csr"}, out: t.TempDir()}
	program := qemu.Build(t, "anodize/cmd/anodize-rehearsal")
	boot := qemu.Options{
		Program: program,
		Args:    []string{"-display", "kms", "-profile", "/profile.toml", "-csr", "/intermediate.csr", "-out", "/tmp/rehearsal"},
		Files:   map[string]string{"/profile.toml": o.profile, "/intermediate.csr": o.csrs[0]},
		Display: display,
		Modules: []string{"evdev", "xhci-pci", "usbhid", "hid-generic", "virtio_pci", "virtio_input"},
		Devices: []string{"qemu-xhci,id=usb", "virtio-tablet-pci"},
		// Without EDID the size of the panel is not known, so that the picture depends
		// on the mode alone.
		Extra: []string{"-rtc", "base=" + switchedOn.Format("2006-01-02T15:04:05"), "-global", "VGA.edid=off", "-global", "virtio-vga.edid=off"},
	}
	if touch {
		boot.Files["/kiosk"] = program
		boot.Program = qemu.Build(t, "anodize/cmd/anodize-rehearsal/internal/vminit")
		boot.Modules = append(boot.Modules, "uinput")
	}
	k := &kiosk{t: t, name: strings.ReplaceAll(t.Name(), "/", "-"), last: switchedOn, began: time.Now(), seen: time.Now()}
	k.VM = qemu.Boot(t, boot)
	if touch {
		k.Expect("READY")
	}
	k.beside = play(t, o, k.size())
	return k
}

// play starts the rehearsal beside the machine.
func play(t *testing.T, o options, size image.Point) *player {
	t.Helper()
	stage, err := newStage(o)
	if err != nil {
		t.Fatal(err)
	}
	r, c, err := stage.ceremony()
	if err != nil {
		t.Fatal(err)
	}
	s := ui.New(kit.NewTheme())
	var titles []string
	for _, name := range evdev.LayoutNames() {
		l, err := evdev.LayoutNamed(name)
		if err != nil {
			t.Fatal(err)
		}
		titles = append(titles, l.Title())
	}
	s.SetKeyboards(titles, nil)
	p, stop := newPlayer(t.Context(), c, host.NewHeadless(size.X, size.Y, s), r, filepath.Join(o.out, screensName))
	t.Cleanup(stop)
	if err := p.settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// size waits for the machine's screen to have the size that the kiosk sets.
func (k *kiosk) size() image.Point {
	k.t.Helper()
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(time.Second) {
		if size := k.Screendump().Bounds().Size(); size.X >= 800 && size.Y >= 600 {
			return size
		}
	}
	k.t.Fatal("the machine's screen stays in a text mode")
	return image.Point{}
}

// mustShow waits until the machine's screen shows, to the pixel, what is shown beside
// it, at some second since the last time.
func (k *kiosk) mustShow() {
	k.t.Helper()
	if err := k.beside.settle(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
	var got *image.RGBA
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		got = rgba(k.Screendump())
		if k.matches(got) {
			k.t.Logf("%q shown after %v", k.beside.ceremony.View().Title, time.Since(k.began).Round(time.Second/10))
			return
		}
	}
	k.t.Fatalf("the machine does not show %q: see %s and %s", k.beside.ceremony.View().Title,
		k.keep("machine", got), k.keep("beside", k.at(k.last)))
}

// matches tells whether got is what is shown beside at some second since the last
// picture. The machine's clock goes as fast as ours, or is late.
func (k *kiosk) matches(got *image.RGBA) bool {
	for late := int(time.Since(k.seen)/time.Second) + 3; late >= 0; late-- {
		now := k.last.Add(time.Duration(late) * time.Second)
		if want := k.at(now); want.Bounds() == got.Bounds() && bytes.Equal(want.Pix, got.Pix) {
			k.last, k.seen = now, time.Now()
			return true
		}
	}
	return false
}

// at is what is shown beside, were it that late.
func (k *kiosk) at(now time.Time) *image.RGBA {
	k.t.Helper()
	v := *k.beside.ceremony.View()
	v.Now = now
	if _, ok := v.Body.(ceremony.ClockBody); ok {
		v.Body = ceremony.ClockBody{Time: now}
	}
	if _, err := k.beside.screen.Frame(&v); err != nil {
		k.t.Fatal(err)
	}
	return k.beside.screen.Image()
}

func (k *kiosk) keep(what string, img *image.RGBA) string {
	path := filepath.Join(os.TempDir(), k.name+"-"+what+".png")
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

// qcodes are QEMU's names of keys.
var qcodes = map[string]string{
	"Enter": "ret", "Esc": "esc", "Backspace": "backspace", "Tab": "tab", "Down": "down", "Up": "up", "F2": "f2", "F9": "f9", " ": "spc",
}

// press presses a key, there and beside.
func (k *kiosk) press(name string) {
	k.t.Helper()
	code, ok := qcodes[name]
	if !ok {
		code = strings.ToLower(name)
	}
	codes := []string{code}
	if r := []rune(name); len(r) == 1 && unicode.IsUpper(r[0]) {
		codes = []string{"shift", code}
	}
	k.Type(codes...)
	k.do(func(s *host.Headless) error {
		if name == " " {
			name = "Space"
		}
		return s.Key(name, 0)
	})
}

// write types a text, there and beside.
func (k *kiosk) write(text string) {
	k.t.Helper()
	for _, r := range text {
		k.press(string(r))
	}
}

// do does something beside.
func (k *kiosk) do(act func(*host.Headless) error) {
	k.t.Helper()
	if err := act(k.beside.screen); err != nil {
		k.t.Fatal(err)
	}
	if err := k.beside.settle(k.t.Context()); err != nil {
		k.t.Fatal(err)
	}
}

// middle is where a label is, in pixels.
func (k *kiosk) middle(label string) image.Point {
	k.t.Helper()
	for _, l := range k.beside.screen.Labels() {
		if l.Text == label && l.Whole() {
			return l.Bounds.Min.Add(l.Bounds.Max).Div(2)
		}
	}
	k.t.Fatalf("%q is not in sight", label)
	return image.Point{}
}

// click points at a label with the tablet and presses its button, there and beside.
func (k *kiosk) click(label string) {
	k.t.Helper()
	at, size := k.middle(label), k.beside.screen.Image().Rect.Size()
	k.PointTo((float64(at.X)+0.5)/float64(size.X), (float64(at.Y)+0.5)/float64(size.Y))
	k.Button("left", true)
	k.Button("left", false)
	k.do(func(s *host.Headless) error {
		s.Point(at)
		s.Click()
		return nil
	})
}

// tap touches a label with a finger, there and beside.
func (k *kiosk) tap(label string) {
	k.t.Helper()
	at, size := k.middle(label), k.beside.screen.Image().Rect.Size()
	k.Send(fmt.Sprintf("down %d %d", (at.X*10000+5000)/size.X, (at.Y*10000+5000)/size.Y))
	k.Expect("DONE")
	k.Send("up")
	k.Expect("DONE")
	k.do(func(s *host.Headless) error { return s.Tap(label) })
}

// TestSmokeFrameAndKeys is the shortest walk: the first frame, and the gates by keys.
func TestSmokeFrameAndKeys(t *testing.T) {
	k := boot(t, qemu.Bochs, false)
	k.mustShow()
	k.gates()
}

func TestAWholeScreenIsWalkedByKeys(t *testing.T) {
	k := boot(t, qemu.VirtioGPU, false)
	k.mustShow()
	k.gates()
	k.enterNames()
	k.write("Alice Bakery")
	k.mustShow()
	for _, key := range []string{"Backspace", "F9", "Enter", "Tab"} {
		k.press(key)
		k.mustShow()
	}
}

func TestAWholeScreenIsWalkedByTablet(t *testing.T) {
	k := boot(t, qemu.Bochs, false)
	k.mustShow()
	for _, label := range []string{"It is right", "Use this stick", "It is the profile", "The same number", "A new archive", "Init root", "It is right"} {
		k.click(label)
		k.mustShow()
	}
}

func TestAWholeScreenIsWalkedByTouch(t *testing.T) {
	k := boot(t, qemu.Bochs, true)
	k.mustShow()
	for _, label := range []string{"It is right", "Use this stick", "It is the profile", "The same number", "A new archive", "Init root", "It is right",
		"Shift", "A", "Shift", "n", "n", "Backspace", "n", "Add"} {
		k.tap(label)
		k.mustShow()
	}
}

func TestAKeyboardIsPulledOutAndPluggedIn(t *testing.T) {
	k := boot(t, qemu.Bochs, false)
	k.mustShow()
	k.gates()
	for _, id := range []string{"keyboard", "another"} {
		k.enterNames() // by the keyboard that stays
		k.Plug("usb-kbd", id, map[string]any{"bus": "usb.0"})
		k.pressUntilHeard("Esc") // back to the menu, where it means nothing
		k.Unplug(id)
	}
}

// gates goes through them by keys: the clock, the stick, the profile, the HSM, the disc.
func (k *kiosk) gates() {
	k.t.Helper()
	for range 5 {
		k.press("Enter")
		k.mustShow()
	}
}

// enterNames goes from the menu to the names of the custodians by keys.
func (k *kiosk) enterNames() {
	k.t.Helper()
	menu, ok := k.beside.ceremony.View().Body.(ceremony.MenuBody)
	if !ok {
		k.t.Fatalf("%q is no menu", k.beside.ceremony.View().Title)
	}
	i := slices.IndexFunc(menu.Cards, func(c ceremony.Choice) bool { return c.Label == "Init root" })
	k.press(fmt.Sprint(i + 1))
	k.mustShow()
	k.press("Enter") // the time is still right
	k.mustShow()
}

// pressUntilHeard presses a key of a keyboard that was just plugged in, again and again:
// nobody knows when it can be read. The screen after it must take no notice of it.
func (k *kiosk) pressUntilHeard(name string) {
	k.t.Helper()
	k.do(func(s *host.Headless) error { return s.Key(name, 0) })
	for end := time.Now().Add(patient); time.Now().Before(end); {
		k.Type(qcodes[name])
		for range 10 {
			if k.matches(rgba(k.Screendump())) {
				return
			}
			time.Sleep(500 * time.Millisecond)
		}
	}
	k.t.Fatalf("the key is never heard: see %s", k.keep("machine", rgba(k.Screendump())))
}
