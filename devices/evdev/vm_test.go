//go:build vm

package evdev_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"anodize/devices/qemu"
)

// boot starts a machine with a PS/2 keyboard, a USB controller and more devices.
func boot(t *testing.T, modules []string, devices ...string) *qemu.VM {
	t.Helper()
	began := time.Now()
	vm := qemu.Boot(t, qemu.Options{
		Program: qemu.Build(t, "anodize/devices/evdev/internal/vminit"),
		Modules: append(modules, "evdev", "xhci-pci", "usbhid", "hid-generic"),
		Devices: append(devices, "qemu-xhci,id=usb"),
	})
	vm.Expect("READY")
	t.Logf("ready after %v", time.Since(began).Round(time.Second/10))
	return vm
}

// must fails unless these are the program's next lines.
func must(t *testing.T, vm *qemu.VM, lines ...string) {
	t.Helper()
	for _, want := range lines {
		if got := vm.Line(); got != want {
			t.Fatalf("the machine said %q, not %q", got, want)
		}
	}
}

// await drops lines until one begins with prefix.
func await(vm *qemu.VM, prefix string) string { return prefix + vm.Expect(prefix) }

// all drops lines until each of these was there, in whatever order: answers and
// events overtake each other.
func all(vm *qemu.VM, lines ...string) {
	for len(lines) > 0 {
		line := vm.Line()
		lines = slices.DeleteFunc(lines, func(l string) bool { return l == line })
	}
}

// do sends a command that no event answers.
func do(vm *qemu.VM, command string) {
	vm.Send(command)
	vm.Expect("DONE")
}

func TestKeysArriveThroughEveryKeyboard(t *testing.T) {
	vm := boot(t, nil)
	await(vm, "plugged AT Translated Set 2 keyboard: keyboard")
	vm.Type("shift", "a")
	must(t, vm, `key press Shift "" 1`, `key press A "A" 1`, `key release A "" 1`, `key release Shift "" 0`)

	vm.Plug("usb-kbd", "kbd", map[string]any{"bus": "usb.0"})
	await(vm, "plugged QEMU QEMU USB Keyboard: keyboard")
	vm.Type("b")
	must(t, vm, `key press B "b" 0`, `key release B "" 0`)

	// Pulled out with a key held: it is released.
	vm.Key("shift", true)
	must(t, vm, `key press Shift "" 1`)
	vm.Unplug("kbd")
	must(t, vm, `key release Shift "" 0`, "unplugged QEMU QEMU USB Keyboard: keyboard")
	vm.Type("c")
	must(t, vm, `key press C "c" 0`, `key release C "" 0`)

	vm.Plug("usb-kbd", "again", map[string]any{"bus": "usb.0"})
	await(vm, "plugged QEMU QEMU USB Keyboard: keyboard")
	do(vm, "layout de")
	vm.Type("y")
	must(t, vm, `key press Z "z" 0`, `key release Z "" 0`)
	vm.Type("equal") // the dead acute accent
	vm.Type("e")
	await(vm, `key press E "é" 0`)
	await(vm, "key release E")
	vm.Type("alt_r", "q")
	await(vm, `key press Q "@" 8`)
	await(vm, "key release AltGr")

	// The kernel repeats what is held; Enter is not repeated.
	vm.Key("x", true)
	must(t, vm, `key press X "x" 0`, `key repeat X "x" 0`, `key repeat X "x" 0`)
	vm.Key("x", false)
	await(vm, "key release X")
	vm.Key("ret", true)
	must(t, vm, `key press Enter "" 0`)
	time.Sleep(2 * time.Second) // several repeats, were there any
	vm.Key("ret", false)
	must(t, vm, `key release Enter "" 0`)
}

func TestWhatOthersAreGivenIsNotRead(t *testing.T) {
	vm := boot(t, []string{"uinput"})
	do(vm, "make keys key:16 key:17 key:18 key:19 key:20 key:21 key:22 key:23 key:24 key:25 key:30 key:44 key:49 key:50")
	await(vm, "plugged keys: keyboard")
	vm.Send("inject keys 1:30:1")
	all(vm, "DONE", `key press A "a" 0`)
	vm.Send("pause")
	all(vm, "DONE", `key release A "" 0`)
	do(vm, "inject keys 1:30:0 1:49:1")
	do(vm, "resume")
	vm.Send("inject keys 1:49:0 1:50:1")
	for line := vm.Line(); line != `key press M "m" 0`; line = vm.Line() {
		if strings.HasPrefix(line, "key") {
			t.Fatalf("%q, which was meant for others", line)
		}
	}
}

func TestPointersArrive(t *testing.T) {
	vm := boot(t, []string{"psmouse", "virtio_pci", "virtio_input"}, "virtio-tablet-pci")
	for range 3 { // in an order that nobody promises: the keyboard, a PS/2 mouse, the tablet
		await(vm, "plugged ")
	}
	vm.PointTo(0.25, 0.75)
	must(t, vm, "position 0.250 0.750")
	vm.PointTo(1, 1)
	must(t, vm, "position 1.000 1.000") // rounded: the fraction is just under 1
	vm.Button("left", true)
	must(t, vm, "button 0 true")
	vm.Button("left", false)
	must(t, vm, "button 0 false")
	vm.Button("wheel-down", true)
	vm.Button("wheel-down", false)
	must(t, vm, "scroll 0.0 1.0")

	vm.Plug("usb-mouse", "mouse", map[string]any{"bus": "usb.0"})
	await(vm, "plugged QEMU QEMU USB Mouse: mouse")
	vm.MoveBy(5, -7)
	must(t, vm, "motion 5 -7")
	vm.Button("right", true)
	must(t, vm, "button 1 true")
	vm.Unplug("mouse")
	must(t, vm, "button 1 false", "unplugged QEMU QEMU USB Mouse: mouse")
}

func TestFingersArrive(t *testing.T) {
	vm := boot(t, []string{"uinput"})
	do(vm, "make screen key:330 prop:1 abs:0:0:999:0 abs:1:0:999:0 abs:47:0:4:0 abs:53:0:999:0 abs:54:0:999:0 abs:57:0:65535:0")
	await(vm, "plugged screen: touchscreen")
	vm.Send("inject screen 3:47:0 3:57:10 3:53:100 3:54:200 3:47:1 3:57:11 3:53:500 3:54:600 1:330:1")
	await(vm, "touch down 1 0.100 0.200")
	await(vm, "touch down 2 0.500 0.600")
	vm.Send("inject screen 3:53:550")
	await(vm, "touch move 2 0.550 0.600")
	vm.Send("inject screen 3:47:0 3:57:-1")
	await(vm, "touch up 1 0.100 0.200")
	vm.Send("destroy screen")
	await(vm, "touch cancel 2 0.550 0.600")
	await(vm, "unplugged screen: touchscreen")

	do(vm, "make single key:330 prop:1 abs:0:0:999:0 abs:1:0:999:0")
	await(vm, "plugged single: touchscreen")
	vm.Send("inject single 3:0:250 3:1:750 1:330:1")
	await(vm, "touch down 3 0.250 0.750")
	vm.Send("inject single 1:330:0")
	await(vm, "touch up 3 0.250 0.750")

	do(vm, "make pad key:272 key:325 key:330 prop:0 abs:47:0:4:0 abs:53:0:999:10 abs:54:0:999:10 abs:57:0:65535:0")
	await(vm, "plugged pad: touchpad")
	vm.Send("inject pad 3:47:0 3:57:1 3:53:100 3:54:100 1:330:1")
	vm.Send("inject pad 3:53:110 3:54:90")
	await(vm, "motion 12 -12")
}

func TestNothingStaysDownWhenTheKernelDropsEvents(t *testing.T) {
	vm := boot(t, []string{"uinput"})
	do(vm, "make keys key:16 key:17 key:18 key:19 key:20 key:21 key:22 key:23 key:24 key:25 key:30 key:42 key:44")
	await(vm, "plugged keys: keyboard")
	do(vm, "inject keys 1:42:1")
	do(vm, "stall")
	do(vm, "flood keys")
	do(vm, "inject keys 1:42:0 1:44:1") // dropped, and told by the state of the keys
	vm.Send("go")
	held := map[string]bool{"Shift": true}
	presses := 0
	for line := vm.Line(); ; line = vm.Line() {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "key" {
			continue
		}
		down := words[1] == "press"
		if words[1] != "repeat" && held[words[2]] == down && words[2] != "Shift" {
			t.Fatalf("%q, which does not follow from what came before", line)
		}
		held[words[2]] = down || words[1] == "repeat"
		if down {
			presses++
		}
		if line == `key press Z "z" 0` {
			break
		}
	}
	if held["A"] || held["Shift"] {
		t.Errorf("held in the end: %v", held)
	}
	if presses > 1500 {
		t.Errorf("%d presses arrived: nothing was dropped, and this test shows nothing", presses)
	}
}
