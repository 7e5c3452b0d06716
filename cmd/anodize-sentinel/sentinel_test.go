package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/core/audit"
	"anodize/devices/machine"
	"anodize/devices/usbauth"
)

func put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAnArchiveIsForIsOnTheKernelsCommandLine(t *testing.T) {
	for line, want := range map[string]string{
		"": "production", "console=ttyS0 anodize.mode=dev": "dev", "anodize.mode=production quiet": "production", "xanodize.mode=dev": "production",
	} {
		if got := mode(line); got != want {
			t.Errorf("%q: %s", line, got)
		}
	}
}

// plugged is a machine with one of everything, and what a kiosk has no use for.
func plugged(t *testing.T) string {
	root := t.TempDir()
	for name, text := range map[string]string{
		"dev/dri/card0": "", "dev/dri/renderD128": "", "dev/input/event3": "", "dev/input/mouse0": "", "dev/sr0": "", "dev/sda": "", "dev/sda1": "", "dev/nvme0n1": "",
		"dev/ttyS0": "", "dev/bus/usb/001/001": "", "dev/bus/usb/001/007": "", "dev/bus/usb/001/008": "",
		"sys/devices/pci0/ata1/type": "5\n", "sys/devices/pci0/ata1/block/sr0/size": "0\n",
		"sys/devices/pci0/usb1/1-1/host2/block/sda/size": "4096\n", "sys/devices/pci0/usb1/1-1/host2/block/sda/removable": "1\n",
		"sys/devices/pci0/nvme/block/nvme0n1/size": "4096\n", "sys/devices/pci0/nvme/block/nvme0n1/removable": "0\n",
		"sys/bus/usb/devices/1-2/idVendor": "1050\n", "sys/bus/usb/devices/1-2/idProduct": "0030\n",
		"sys/bus/usb/devices/1-2/busnum": "1\n", "sys/bus/usb/devices/1-2/devnum": "7\n",
	} {
		put(t, filepath.Join(root, name), text)
	}
	link(t, "../..", filepath.Join(root, "sys/devices/pci0/ata1/block/sr0/device"))
	for name, at := range map[string]string{"sr0": "pci0/ata1", "sda": "pci0/usb1/1-1/host2", "nvme0n1": "pci0/nvme"} {
		link(t, filepath.Join("../../devices", at, "block", name), filepath.Join(root, "sys/class/block", name))
	}
	return root
}

func TestTheKioskIsGivenTheNodesThatItNeedsAndNoOther(t *testing.T) {
	root := plugged(t)
	all, err := nodes(root)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]fs.FileMode{}
	for _, n := range all {
		got[strings.TrimPrefix(n.path, root)] = n.mode
	}
	want := map[string]fs.FileMode{
		"/dev/dri/card0": write, "/dev/input/event3": write, "/dev/sr0": write, "/dev/sda": read,
		"/dev/bus/usb/001/007": write, "/dev/bus/usb/001/001": none, "/dev/bus/usb/001/008": none,
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v", got)
	}
}

func TestOnlyADeviceNodeIsHandedOut(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, "event0"), "")
	link(t, "/dev/null", filepath.Join(dir, "event1"))
	for _, name := range []string{"event0", "event1"} {
		if err := permit([]node{{filepath.Join(dir, name), write}}); err == nil || !strings.Contains(err.Error(), "no device") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := permit([]node{{filepath.Join(dir, "gone"), write}}); err != nil {
		t.Errorf("what was unplugged meanwhile: %v", err)
	}
}

func TestTheKernelIsHardenedAsFarAsItCanBe(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "proc/sys/kernel/kptr_restrict"), "0")
	put(t, filepath.Join(root, "proc/sys/kernel/yama/ptrace_scope"), "1")
	if err := harden(root); err != nil {
		t.Errorf("what a kernel does not have is an error: %v", err)
	}
	for name, want := range map[string]string{"kptr_restrict": "2", "yama/ptrace_scope": "3"} {
		if b, err := os.ReadFile(filepath.Join(root, "proc/sys/kernel", name)); err != nil || string(b) != want {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "proc/sys/kernel/sysrq"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := harden(root); err == nil || !strings.Contains(err.Error(), "kernel.sysrq") {
		t.Errorf("what cannot be set: %v", err)
	}
}

func TestOfWhatAKioskSaysTheFirstLineIsKept(t *testing.T) {
	for said, want := range map[string]string{
		"": "", "\n\n": "", "panic: index out of range\n\ngoroutine 1 [running]:\nsecret words\n": "panic: index out of range",
		"one line without an end": "one line without an end", "\n  late\x1b[2J \x00é\xff\n": `late\x1b[2J \x00é?`,
		strings.Repeat("x", 10000) + "\nmore": strings.Repeat("x", maxSaid),
	} {
		if got := firstLine(strings.NewReader(said)); got != want {
			t.Errorf("%.60q: %q", said, got)
		}
	}
}

func FuzzWhatAKioskSays(f *testing.F) {
	f.Add("panic: x\ny")
	f.Fuzz(func(t *testing.T, said string) {
		if got := firstLine(strings.NewReader(said)); len(got) > 10*maxSaid || strings.ContainsFunc(got, func(r rune) bool { return r < ' ' }) {
			t.Errorf("%q", got)
		}
	})
}

func TestHowAKioskEnded(t *testing.T) {
	for status, want := range map[unix.WaitStatus]string{2 << 8: "exit status 2: panic: x", 9: "signal SIGKILL: panic: x"} {
		if got := ending(status, "panic: x"); got != want {
			t.Errorf("%q", got)
		}
	}
	if got := ending(1<<8, ""); got != "exit status 1" {
		t.Errorf("%q", got)
	}
}

func newKeeper(root string) *keeper {
	m := machine.New(root)
	return &keeper{root: root, machine: m, identity: identify(m, "/kiosk"), pass: func() {}}
}

var (
	network  = usbauth.Device{Port: "1-3", Vendor: 0x0525, Product: 0xa4a2, Text: "RNDIS", Refused: []usbauth.Kind{{Class: 2}, {Class: 0x0A}, {Class: 2}}}
	token    = usbauth.Device{Port: "1-4", Vendor: 0x1050, Product: 0x0407, LetIn: []usbauth.Kind{{Class: 3}}, Refused: []usbauth.Kind{{Class: 0x0B}}}
	keyboard = usbauth.Device{Port: "1-5", Vendor: 0x046d, Product: 0xc31c, LetIn: []usbauth.Kind{{Class: 3}}}
)

func TestWhatIsTold(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "kiosk"), "abc")
	put(t, filepath.Join(root, "sys/class/input/event0/device/name"), "Keyboard")
	put(t, filepath.Join(root, "sys/class/input/event0/device/capabilities/key"), "10000")
	k := newKeeper(root)
	if e := k.Look(); e.Crash != "" || e.Warning != "" || len(e.Sections) == 0 || !strings.HasPrefix(e.By, "anodize-sentinel") {
		t.Errorf("a machine in order: %+v", e)
	}
	k.found([]usbauth.Device{network, token, keyboard}, nil)
	k.crashed("exit status 2: panic: x")
	e := k.Look()
	for _, want := range []machine.Fact{
		{Name: "USB 1-3", Value: "0525:a4a2 \"RNDIS\", refused: communications data (0Ah), communications or network (02h)"},
		{Name: "USB 1-4", Value: "1050:0407, let in: keyboard, pointer or touch (03h); refused: smart card (0Bh)"},
		{Name: "USB 1-5", Value: "046d:c31c, let in: keyboard, pointer or touch (03h)"},
		{Name: "Kiosk", Value: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{Name: "Kiosk ended before", Value: "exit status 2: panic: x"},
	} {
		if !slices.Contains(e.Claims, want) {
			t.Errorf("it does not claim %+v: %+v", want, e.Claims)
		}
	}
	if want := "The USB device 0525:a4a2 \"RNDIS\" was not let in: communications data (0Ah), communications or network (02h). Take it out."; e.Warning != want {
		t.Errorf("the warning is %q", e.Warning)
	}
	k.crashed("signal SIGKILL")
	if e := k.Look(); e.Crash != "signal SIGKILL (it ended 2 times)" {
		t.Errorf("%q", e.Crash)
	}
	k.pass = func() { k.found(nil, nil) }
	if e := k.Look(); e.Warning != "" {
		t.Errorf("what was pulled out since is still told: %q", e.Warning)
	}
	k.pass = func() {}
	k.found(nil, errors.Join(errors.New("one"), errors.New("two")))
	if e := k.Look(); e.Warning != "The machine's sentinel met with trouble: one; two." || !slices.Contains(e.Claims, machine.Fact{Name: "Sentinel's trouble", Value: "one; two"}) {
		t.Errorf("%+v", e)
	}
}

func TestWhatIsBuiltInIsToldAndNobodyIsSentToTakeItOut(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "sys/class/input/event0/device/name"), "Keyboard")
	put(t, filepath.Join(root, "sys/class/input/event0/device/capabilities/key"), "10000")
	k := newKeeper(root)
	k.found([]usbauth.Device{{Port: "1-7", Vendor: 0x0408, Product: 0x5300, Text: "Camera", Refused: []usbauth.Kind{{Class: 0x0E}}, BuiltIn: true}}, nil)
	e := k.Look()
	if want := (machine.Fact{Name: "USB 1-7", Value: "0408:5300 \"Camera\", built in, refused: video (0Eh)"}); e.Warning != "" || !slices.Contains(e.Claims, want) {
		t.Errorf("the warning is %q, the claims are %+v", e.Warning, e.Claims)
	}
}

// TestManyDevicesCrowdNothingOut plugs in more than the log has room to name, each with
// every kind that there is: what else is claimed stands before them.
func TestManyDevicesCrowdNothingOut(t *testing.T) {
	k := newKeeper(t.TempDir())
	var all []usbauth.Device
	var errs []error
	for n := range 2 * audit.MaxClaims {
		d := usbauth.Device{Port: fmt.Sprintf("1-%d", n), Text: strings.Repeat("x", 60)}
		for class := range 256 {
			d.Refused = append(d.Refused, usbauth.Kind{Class: uint8(class)})
		}
		all = append(all, d)
		errs = append(errs, fmt.Errorf("judging the USB device 1-%d: its descriptors are damaged", n))
	}
	k.found(all, errors.Join(errs...))
	k.crashed("exit status 2")
	e := k.Look()
	if len(e.Claims) > audit.MaxClaims || len(e.Warning) > 2000 {
		t.Errorf("%d claims, a warning of %d bytes: %s", len(e.Claims), len(e.Warning), e.Warning)
	}
	for _, want := range []string{"Kiosk ended before", "Sentinel's trouble"} {
		if !slices.ContainsFunc(e.Claims, func(f machine.Fact) bool { return f.Name == want }) {
			t.Errorf("%q is not among the claims", want)
		}
	}
	for _, f := range e.Claims {
		if len(f.Value) > audit.MaxClaim {
			t.Errorf("%s has a value of %d bytes", f.Name, len(f.Value))
		}
	}
	if last := e.Claims[len(e.Claims)-1]; last.Value != "and 208 more devices" {
		t.Errorf("the last claim is %+v", last)
	}
}

func TestNobodyIsSentToCompareWhatWasNotMeasured(t *testing.T) {
	root := t.TempDir()
	for _, want := range []string{"not readable from inside, and not measured: there is no TPM that did", "not readable from inside: compare PCR 4"} {
		if e := newKeeper(root).Look(); !slices.Contains(e.Claims, machine.Fact{Name: "Kernel and initramfs", Value: want}) {
			t.Errorf("it does not claim that it is %s: %+v", want, e.Claims)
		}
		put(t, filepath.Join(root, "sys/class/tpm/tpm0/tpm_version_major"), "2\n")
		put(t, filepath.Join(root, "sys/class/tpm/tpm0/pcr-sha256/4"), strings.Repeat("AB", 32)+"\n")
	}
}

func TestAMachineWithNothingToAnswerWith(t *testing.T) {
	if e := newKeeper(t.TempDir()).Look(); !strings.Contains(e.Warning, "no keyboard") {
		t.Errorf("%q", e.Warning)
	}
}

func TestNoYearIsSetThatCannotBe(t *testing.T) {
	for _, year := range []int{1970, 2024, 2100, 9999} {
		if err := newKeeper("").SetClock(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil || !strings.Contains(err.Error(), fmt.Sprint(year)) {
			t.Errorf("%d: %v", year, err)
		}
	}
}

func TestSerialLinesWithHardware(t *testing.T) {
	root := t.TempDir()
	for name, kind := range map[string]string{"ttyS0": "4\n", "ttyS1": "0\n", "ttyS2": "2\n", "tty0": "4\n"} {
		put(t, filepath.Join(root, "sys/class/tty", name, "type"), kind)
	}
	if got := terminals(root); !slices.Equal(got, []string{root + "/dev/ttyS0", root + "/dev/ttyS2"}) {
		t.Errorf("%q", got)
	}
}

// line is a terminal: what is typed and what is shown.
type line struct {
	io.Reader
	io.Writer
}

func TestASecondTerminalSaysWhereTheCeremonyIs(t *testing.T) {
	typed, keys := io.Pipe()
	screen, shown := io.Pipe()
	var s status
	s.set("A ceremony is running.")
	ended := make(chan struct{})
	go func() {
		s.tell(line{typed, shown})
		close(ended)
	}()
	expect := func(want string) {
		t.Helper()
		b := make([]byte, 256)
		if n, err := screen.Read(b); err != nil || string(b[:n]) != "\r\n"+want+"\r\n" {
			t.Fatalf("%q, %v", b[:n], err)
		}
	}
	expect("A ceremony is running.")
	s.set("The kiosk ended.")
	expect("The kiosk ended.")
	if _, err := keys.Write([]byte("root\r")); err != nil {
		t.Fatal(err)
	}
	expect("The kiosk ended.")
	keys.Close() // the line is gone
	<-ended
}

func TestTheMachineEndsEvenIfSomethingDoesNot(t *testing.T) {
	halted := make(chan int, 1)
	s := newSentinel()
	s.halt, s.patience = func(how int) { halted <- how }, time.Nanosecond
	s.end(unix.LINUX_REBOOT_CMD_POWER_OFF)
	s.end(unix.LINUX_REBOOT_CMD_RESTART) // the first word counts
	if how := <-halted; how != unix.LINUX_REBOOT_CMD_POWER_OFF {
		t.Errorf("halted as %#x", how)
	}
}

func TestTheLockIsTakenOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	f, err := takeLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if second, err := takeLock(path); err == nil || second != nil {
		t.Errorf("taken twice: %v", err)
	}
}
