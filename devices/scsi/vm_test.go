//go:build vm

package scsi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

// inGuest does what the test tells it, and says what came of it.
func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	port.Say("READY")
	var d *Drive
	for {
		words, ok := port.Hear()
		if !ok {
			return
		}
		answer, err := do(&d, words[0])
		if err != nil {
			port.Say("FAIL %v: %v", words, err)
		} else {
			port.Say("OK %s", answer)
		}
	}
}

func do(d **Drive, word string) (string, error) {
	switch word {
	case "open":
		for {
			found, err := Find("")
			if err != nil || len(found) > 1 {
				return "", fmt.Errorf("%v, %w", found, err)
			}
			if len(found) == 1 {
				*d, err = Open(found[0])
				if errors.Is(err, ErrGone) { // its node comes a moment after it
					continue
				}
				return found[0].Name + " " + found[0].Title, err
			}
			time.Sleep(100 * time.Millisecond)
		}
	case "again":
		_, err := Open(Location{Name: "sr0", Node: "/dev/sr0"})
		return fmt.Sprint(errors.Is(err, ErrInUse)), nil
	case "medium":
		present, err := (*d).MediumPresent()
		return fmt.Sprint(present), err
	case "empty":
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if present, err := (*d).MediumPresent(); err != nil || !present {
				return fmt.Sprint(present), err
			}
		}
		return "", errors.New("the disc is still there")
	case "gone":
		for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if _, _, err := (*d).Command(context.Background(), make([]byte, 6), nil, nil, time.Second); errors.Is(err, ErrGone) {
				return err.Error(), nil
			}
		}
		return "", errors.New("the drive is still there")
	}
	return command(*d, word)
}

// command sends the command of that name, past unit attentions, and returns its
// answer or its sense data.
func command(d *Drive, word string) (string, error) {
	c := map[string]struct {
		cdb []byte
		in  int
	}{
		"inquiry":       {[]byte{0x12, 0, 0, 0, 36, 0}, 36},
		"configuration": {[]byte{0x46, 2, 0, 0, 0, 0, 0, 0, 8, 0}, 8},
		"read":          {[]byte{0x28, 0, 0, 0, 0, 16, 0, 0, 32, 0}, MaxTransfer},
		"beyond":        {[]byte{0x28, 0, 0x7F, 0, 0, 0, 0, 0, 1, 0}, 2048},
	}[word]
	in := make([]byte, c.in)
	for {
		n, sense, err := d.Command(context.Background(), c.cdb, nil, in, 30*time.Second)
		if len(sense) > 2 && sense[2]&0xF == 6 {
			continue
		}
		if word == "read" && n == MaxTransfer { // sector 16 begins with a volume descriptor, 17 with its name
			return fmt.Sprintf("%d %q %q", n, in[1:6], bytes.TrimSpace(in[40:72])), err
		}
		return fmt.Sprintf("%d % X % X", n, in[:min(n, 36)], sense), err
	}
}

// thisProgram is this package's test as a static program.
func thisProgram(t *testing.T) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	return out
}

// disc is an image that xorriso made.
func disc(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "A"), make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	image := filepath.Join(t.TempDir(), "disc.iso")
	if out, err := exec.Command("xorriso", "-as", "mkisofs", "-V", "ANODIZE_TEST", "-o", image, dir).CombinedOutput(); err != nil {
		t.Fatalf("xorriso (Debian: xorriso): %v\n%s", err, out)
	}
	return image
}

// QEMU's own drive, which is none of ours, behind the kernel's usb-storage and sr.
func TestTheKernelCarriesCommandsToADrive(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Program: thisProgram(t), Modules: []string{"xhci-pci", "usb-storage", "sr_mod"},
		Devices: []string{"qemu-xhci,id=xhci"},
		Extra:   []string{"-drive", "if=none,id=cd,media=cdrom,readonly=on,file=" + disc(t)},
	})
	ask := func(word string) string {
		t.Helper()
		vm.Send(word)
		return vm.Expect("OK ")
	}
	must := func(word, want string) {
		t.Helper()
		if got := ask(word); !strings.Contains(got, want) {
			t.Errorf("%s: %q, not %q", word, got, want)
		}
	}
	vm.Expect("READY")
	vm.Plug("usb-storage", "burner", map[string]any{"drive": "cd", "bus": "xhci.0"})
	must("open", "sr0 QEMU CD-ROM")
	must("again", "true")
	must("medium", "true")
	must("inquiry", "36 05 80")
	must("configuration", "8 00 00 00 24 00 00 00 08") // the current profile: CD-ROM (MMC-5 table 88)
	must("read", `65536 "CD001" "ANODIZE_TEST"`)
	must("beyond", "70 00 05 00 00 00 00 0A 00 00 00 00 21 00") // out of range
	vm.Execute("eject", map[string]any{"device": "cd", "force": true})
	must("empty", "false")
	vm.Unplug("burner")
	must("gone", "cable")
}
