//go:build vm

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
	"anodize/devices/machine"
	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
)

// TestMain is also the programs of the virtual machine: the sentinel with an
// observer beside it, what encloses the kiosk, and one that runs in its place.
func TestMain(m *testing.M) {
	switch {
	case len(os.Args) > 1 && os.Args[1] == encloseName:
		fmt.Fprintln(os.Stderr, enclose(os.Args[2:]))
		os.Exit(exitNotEnclosed)
	case len(os.Args) > 1 && os.Args[1] == "-probe":
		probe()
	case os.Getpid() == 1:
		inGuest(os.Args[1], os.Args[2:])
	}
	os.Exit(m.Run())
}

// inGuest runs the sentinel, and tells the test what it asks for.
func inGuest(program string, args []string) {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	s := newSentinel()
	s.machine = machine.New("/none") // one that says the same at all times
	s.program, s.args, s.terminals = program, args, func() []string { return []string{"/dev/ttyS0"} }
	s.patience = time.Hour // on this machine everything takes long
	s.halt = func(how int) {
		left, err := filepath.Glob("/run/anodize/*")
		port.Say("HALT %x %d %q %v", how, len(left), running(), err)
		halt(how)
	}
	go s.run()
	for started := false; !started; time.Sleep(100 * time.Millisecond) {
		s.mu.Lock()
		started = s.current != nil
		s.mu.Unlock()
	}
	port.Say("READY")
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		answer(port, s, words)
	}
}

func answer(port *guest.Port, s *sentinel, words []string) {
	s.mu.Lock()
	k, pid := s.keeper, 0
	if s.current != nil {
		pid = s.current.pid
	}
	s.mu.Unlock()
	switch words[0] {
	case "look":
		b, err := json.Marshal(k.Look())
		port.Say("LOOK %s %v", b, err)
	case "status":
		b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
		port.Say("STATUS %s %v", strings.Join(strings.Fields(strings.ReplaceAll(string(b), "\n", " | ")), " "), err)
	case "nodes":
		port.Say("NODES %s", ours())
	case "kill":
		port.Say("KILLED %v", unix.Kill(pid, unix.SIGSEGV))
	}
}

// ours lists the device nodes that the kiosk's group may use, and how.
func ours() string {
	var all []string
	_ = filepath.WalkDir("/dev", func(path string, _ os.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil && unix.Lstat(path, &st) == nil && st.Gid == kioskID {
			all = append(all, fmt.Sprintf("%s %o", path, st.Mode&0o7777))
		}
		return nil
	})
	return strings.Join(all, ", ")
}

// running lists the processes that are left, but kernel threads.
func running() []string {
	var all []string
	found, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range found {
		if b, err := os.ReadFile(f); err == nil && len(b) > 0 {
			all = append(all, filepath.Base(filepath.Dir(f)))
		}
	}
	return all
}

// guestProgram is this package's test as a static program.
func guestProgram(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	return out
}

func run(t *testing.T, args ...string) {
	t.Helper()
	if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q (Debian: dosfstools, mtools): %v\n%s", args, err, text)
	}
}

// stick makes a stick's image with these files on it, and returns its path.
func stick(t *testing.T, files map[string]string) string {
	t.Helper()
	image := filepath.Join(t.TempDir(), "stick")
	run(t, "/usr/sbin/mkfs.vfat", "-C", "-n", "ANODIZE", image, "16384")
	for name, from := range files {
		run(t, "mcopy", "-i", image, from, "::"+name)
	}
	return image
}

// damaged makes a stick's image whose boot sector looks good and is not.
func damaged(t *testing.T) string {
	t.Helper()
	image := stick(t, nil)
	f, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0x12}, 21); err != nil { // no such kind of medium
		t.Fatal(err)
	}
	return image
}

// modules are what the tests' devices need, beside the kiosk's.
var modules = []string{"evdev", "button", "psmouse", "xhci-pci", "usbhid", "hid-generic", "usb-storage", "sd_mod", "sr_mod", "vfat", "nls_cp437", "nls_ascii", "nls_utf8"}

// look is what the sentinel tells its kiosk.
func look(t *testing.T, vm *qemu.VM) (e gate.Environment) {
	t.Helper()
	vm.Send("look")
	if err := json.NewDecoder(strings.NewReader(vm.Expect("LOOK "))).Decode(&e); err != nil {
		t.Fatal(err)
	}
	return e
}

// await looks until it is so.
func await(t *testing.T, vm *qemu.VM, is func(gate.Environment) bool) gate.Environment {
	t.Helper()
	var e gate.Environment
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if e = look(t, vm); is(e) {
			return e
		}
	}
	t.Fatalf("it stays at %+v", e)
	return e
}

func claims(e gate.Environment, name string) string {
	for _, f := range e.Claims {
		if f == (machine.Fact{Name: f.Name, Value: f.Value}) && strings.HasPrefix(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// awaitConsole waits until the machine's first serial line has shown a text.
func awaitConsole(t *testing.T, vm *qemu.VM, text string) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); !strings.Contains(vm.Log(), text); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the console never shows %q", text)
		}
	}
}

// Nobody can see why a machine without a display shows nothing but on its serial line.
func TestAMachineWithoutADisplaySaysSoOnItsSerialLine(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{Program: guestProgram(t), Args: []string{"/none"}})
	awaitConsole(t, vm, "This machine cannot show its ceremony: no display was found")
}

// What a kiosk can and cannot do, tried by one that is not ours.
func TestAKioskCanDoWhatItMustAndNothingElse(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Program: guestProgram(t), Args: []string{"/program", "-probe"}, Display: qemu.Bochs, Modules: modules,
		Devices: []string{"qemu-xhci,id=xhci", "usb-kbd,bus=xhci.0", "usb-storage,bus=xhci.0,drive=good,removable=on", "usb-storage,bus=xhci.0,drive=bad,removable=on"},
		Extra: []string{
			"-drive", "if=none,format=raw,id=good,file=" + stick(t, map[string]string{"PROGRAM": "/bin/true"}),
			"-drive", "if=none,format=raw,id=bad,file=" + damaged(t),
		},
	})
	vm.Expect("READY")
	e := await(t, vm, func(e gate.Environment) bool { return e.Crash != "" })
	if !strings.HasPrefix(e.Crash, "exit status 9: all is as it should be") {
		t.Errorf("the probe ended with %s", e.Crash)
	}
}
