//go:build vm

package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/cmd/anodize-image/internal/authenticode"
	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/devices/qemu"
)

// probe is an image whose first process tells what it may do, and its kernel. It is
// made once: that takes a minute, or, where no kernel was compiled before, many.
var probe = sync.OnceValues(func() (kernel []byte, err error) {
	dir, err := os.MkdirTemp("", "probe")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "init")
	if err := compile("../..", "./cmd/anodize-image/internal/vminit", name, commit{}, "local"); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	b, err := (&call{log: os.Stderr}).looseKernel()
	if err != nil {
		return nil, err
	}
	return b.Link(bootable.Initramfs([]bootable.Program{{Name: "init", Data: data}}), "dev")
})

// probeKernel writes the probe's kernel to a file.
func probeKernel(t *testing.T) string {
	t.Helper()
	data, err := probe()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "kernel.efi")
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// probeImage writes an image with a kernel to a file.
func probeImage(t *testing.T, kernel string) string {
	t.Helper()
	image, err := bootable.Assemble(bootable.Disc{Label: "ANODIZE_TEST", Time: time.Date(2026, 4, 25, 14, 30, 22, 0, time.UTC)}, read(t, kernel))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "probe.iso")
	if err := os.WriteFile(name, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// snakeoil signs a program with the key that the tests' firmware trusts.
func snakeoil(t *testing.T, kernel string) string {
	t.Helper()
	key, signed := filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "signed.efi")
	for _, args := range [][]string{
		{"openssl", "rsa", "-in", qemu.SnakeoilKey, "-passin", "pass:" + qemu.SnakeoilPassphrase, "-out", key},
		{"sbsign", "--key", key, "--cert", qemu.SnakeoilCertificate, "--output", signed, kernel},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%q (Debian: openssl, sbsigntool, ovmf): %v\n%s", args, err, out)
		}
	}
	return signed
}

// facts are what the probe says until it is done.
func facts(vm *qemu.VM) map[string]string {
	said := map[string]string{}
	for {
		line := vm.Expect("FACT ")
		if strings.HasPrefix(line, "done") {
			return said
		}
		words := strings.SplitN(line, " ", 3)
		switch words[0] {
		case "socket", "call", "exists":
			said[words[0]+" "+words[1]] = words[2]
		default:
			said[words[0]] = strings.Join(words[1:], " ")
		}
	}
}

// Every medium, every display and both kinds of firmware, in pairs.
func TestTheImageBoots(t *testing.T) {
	t.Parallel()
	kernel := probeKernel(t)
	for _, c := range []struct {
		name    string
		medium  qemu.Medium
		display qemu.Display
		driver  string
		secure  bool
	}{
		{"from a stick on bochs", qemu.Stick, qemu.Bochs, "bochs-drm", false},
		{"from a CD on virtio-gpu under Secure Boot", qemu.CD, qemu.VirtioGPU, "virtio_gpu", true},
		{"from a stick on the firmware's display under Secure Boot", qemu.Stick, qemu.RAMFB, "simpledrm", true},
		{"from a CD on the firmware's display", qemu.CD, qemu.RAMFB, "simpledrm", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			file := kernel
			if c.secure {
				file = snakeoil(t, kernel)
			}
			vm := qemu.Boot(t, qemu.Options{Image: &qemu.Image{File: probeImage(t, file), Medium: c.medium, Secure: c.secure}, Display: c.display})
			got := facts(vm)
			if got["display"] != c.driver {
				t.Errorf("the display is %q, not %q", got["display"], c.driver)
			}
			if want := map[bool]string{true: "1", false: "0"}[c.secure]; got["secureboot"] != want {
				t.Errorf("Secure Boot is %s, not %s", got["secureboot"], want)
			}
		})
	}
}

func TestFirmwareThatEnforcesSecureBootRefusesAnUnsignedImage(t *testing.T) {
	t.Parallel()
	vm := qemu.Boot(t, qemu.Options{Image: &qemu.Image{File: probeImage(t, probeKernel(t)), Secure: true}})
	vm.Await("Access Denied")
	if strings.Contains(vm.Log(), "Linux version") {
		t.Error("it was started")
	}
}

// What no program of the image can do, whoever writes it.
func TestTheKernelHasNoNetworkAndNoWayAroundIt(t *testing.T) {
	t.Parallel()
	vm := qemu.Boot(t, qemu.Options{
		Image: &qemu.Image{File: probeImage(t, probeKernel(t))}, Display: qemu.Bochs,
		Devices: []string{"virtio-net-pci", "e1000e", "usb-net,bus=boot.0"},
	})
	got := facts(vm)
	for name, want := range map[string]string{
		"setup": "<nil>", "panic_on_oops": "1", "lockdown": "none integrity [confidentiality]", "landlock": "2", "usb": "0",
		"wx": "[passed, no W+X pages found.]", "kaslr": "true", "processor": "[smep smap umip rdrand]", "files": "[/dev /dev/console /dev/null /init]",
	} {
		if got[name] != want {
			t.Errorf("%s is %q, not %q", name, got[name], want)
		}
	}
	for _, lsm := range []string{"lockdown", "yama", "landlock"} {
		if !slices.Contains(strings.Split(got["lsm"], ","), lsm) {
			t.Errorf("of the security modules %s is not on: %s", lsm, got["lsm"])
		}
	}
	sockets := 0
	for name, what := range got {
		kind, _, _ := strings.Cut(name, " ")
		switch {
		case kind == "exists" && what != "false":
			t.Errorf("%s: %s", name, what)
		case kind == "socket" || name == "socketpair" || kind == "call":
			if what != errors.New("function not implemented").Error() {
				t.Errorf("%s: %s", name, what)
			}
			sockets++
		}
	}
	if sockets != 21 {
		t.Errorf("%d calls were tried, not 21", sockets)
	}
}

// A boot loader hands an initramfs and a command line over. Neither counts: not in
// the way of UEFI, and not in that of the PC's older boot protocol. Some words of the
// line are ones that a kernel looks for before anything else: nokaslr as it unpacks
// itself, clearcpuid as it looks at the processor.
func TestWhatABootLoaderHandsOverIsNotLookedAt(t *testing.T) {
	t.Parallel()
	kernel := probeKernel(t)
	foreign := filepath.Join(t.TempDir(), "initrd")
	if err := os.WriteFile(foreign, bootable.Initramfs([]bootable.Program{{Name: "init", Data: []byte("foreign")}, {Name: "foreign", Data: nil}}), 0o600); err != nil {
		t.Fatal(err)
	}
	blank := filepath.Join(t.TempDir(), "blank") // nothing that could be booted instead
	if err := os.WriteFile(blank, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func(name string, vm *qemu.VM) {
		got := facts(vm)
		if want := "[/dev /dev/console /dev/null /init]"; got["files"] != want {
			t.Errorf("%s: the files are %s, not %s", name, got["files"], want)
		}
		if !strings.HasSuffix(got["cmdline"], " anodize.mode=dev") || strings.Contains(got["cmdline"], "foreign") {
			t.Errorf("%s: the command line is %q", name, got["cmdline"])
		}
		if want := "[smep smap umip rdrand]"; got["processor"] != want {
			t.Errorf("%s: of the processor's features %s are used, not %s", name, got["processor"], want)
		}
		if got["kaslr"] != "true" {
			t.Errorf("%s: the kernel lies where it was linked", name)
		}
	}
	const line = "rdinit=/foreign anodize.mode=foreign initrd=foreign nokaslr clearcpuid=smep,smap,umip,rdrand"
	check("UEFI", qemu.Boot(t, qemu.Options{
		Image: &qemu.Image{File: blank},
		Extra: []string{"-kernel", kernel, "-initrd", foreign, "-append", line},
	}))
	check("boot protocol", qemu.Boot(t, qemu.Options{
		Kernel: &qemu.Kernel{Image: kernel}, Program: foreign, Files: map[string]string{"foreign": foreign},
		Extra: []string{"-append", line},
	}))
}

// A signed copy is the same image, and what is in it can still be told.
func TestASignedImageIsTheSameImage(t *testing.T) {
	kernel := probeKernel(t)
	built, signed := read(t, probeImage(t, kernel)), read(t, probeImage(t, snakeoil(t, kernel)))
	if differences, err := compare(signed, built); err != nil || differences != nil {
		t.Errorf("the signed image differs: %q, %v", differences, err)
	}
	other := bytes.Clone(read(t, kernel))
	other[0x600]++
	changed := filepath.Join(t.TempDir(), "changed.efi")
	if err := os.WriteFile(changed, other, 0o600); err != nil {
		t.Fatal(err)
	}
	if differences, err := compare(read(t, probeImage(t, snakeoil(t, changed))), built); err != nil || differences == nil {
		t.Errorf("another kernel that was signed passes: %v", err)
	}
}

// The firmware measures what it starts into a TPM. Its log holds the very hash that
// this program prints for people to compare.
func TestTheTPMsLogShowsTheHashThatIsPrinted(t *testing.T) {
	t.Parallel()
	kernel := probeKernel(t)
	state, err := os.MkdirTemp("", "tpm") // a socket's path is short
	if err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(state, "socket")
	tpm := exec.Command("swtpm", "socket", "--tpm2", "--tpmstate", "dir="+state, "--ctrl", "type=unixio,path="+socket)
	if err := tpm.Start(); err != nil {
		t.Fatalf("starting a TPM (Debian: swtpm): %v", err)
	}
	t.Cleanup(func() {
		_ = tpm.Process.Kill() // it may have ended with the machine
		_ = tpm.Wait()
		os.RemoveAll(state)
	})
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		if _, err := os.Stat(socket); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatalf("the TPM does not start: %v", err)
		}
	}
	vm := qemu.Boot(t, qemu.Options{Image: &qemu.Image{File: probeImage(t, kernel)}, Extra: []string{
		"-chardev", "socket,id=tpm,path=" + socket, "-tpmdev", "emulator,id=tpm0,chardev=tpm", "-device", "tpm-crb,tpmdev=tpm0",
	}})
	log, err := hex.DecodeString(facts(vm)["measured"])
	if err != nil || len(log) == 0 {
		t.Fatalf("the TPM's log has %d bytes, %v", len(log), err)
	}
	hash, err := authenticode.Sum(read(t, kernel))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(log, hash[:]) {
		t.Errorf("the TPM's log of %d bytes does not hold %x", len(log), hash)
	}
}
