//go:build vm

package usb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/internal/sysfs"
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

// The bulk endpoints of the serial adapter that QEMU makes: an FT232, whose every
// packet begins with two bytes of status.
const (
	serialOut    = 0x02
	serialIn     = 0x81
	serialStatus = 2
)

var sent = bytes.Repeat([]byte("0123456789abcdef"), 16) // four full packets

func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	port.Say("READY")
	if err := talk(port); err != nil {
		port.Say("FAIL %v", err)
	}
}

func talk(port *guest.Port) error {
	var node string
	for node == "" {
		found, err := filepath.Glob("/sys/bus/usb/devices/*/idVendor")
		if err != nil {
			return err
		}
		for _, f := range found {
			folder := filepath.Dir(f)
			if sysfs.Attribute(f) == "0403" && sysfs.Attribute(folder, "bConfigurationValue") != "" {
				node = fmt.Sprintf("/dev/bus/usb/%03s/%03s", sysfs.Attribute(folder, "busnum"), sysfs.Attribute(folder, "devnum"))
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	k, err := openNode(node)
	if err != nil {
		return err
	}
	_, err = openNode(node)
	port.Say("TWICE %t", errors.Is(explain(err), ErrInUse))
	_, err = k.bulk(serialIn, make([]byte, MaxMessage), drainTime)
	port.Say("NOTHING %t", errors.Is(err, unix.ETIMEDOUT))
	n, err := k.bulk(serialOut, sent, time.Minute)
	zero, zeroErr := k.bulk(serialOut, nil, time.Minute)
	port.Say("OUT %d %d %v", n, zero, errors.Join(err, zeroErr))
	answer := make([]byte, MaxMessage)
	n, err = k.bulk(serialIn, answer, time.Minute)
	port.Say("IN %q %v", answer[min(n, serialStatus):n], err)
	for err == nil || errors.Is(err, unix.ETIMEDOUT) {
		_, err = k.bulk(serialIn, answer, 100*time.Millisecond)
	}
	port.Say("GONE %t %v", errors.Is(explain(err), ErrGone), err)
	_, err = k.bulk(serialOut, sent, time.Second)
	port.Say("AFTER %t %v", errors.Is(err, unix.ENODEV), err)
	return k.close()
}

// The kernel's usbfs, on a device that is none of ours.
func TestTheKernelCarriesBulkTransfers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	wire, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer wire.Close()
	vm := qemu.Boot(t, qemu.Options{
		Program: out, Modules: []string{"xhci-pci"}, Devices: []string{"qemu-xhci,id=xhci"},
		Extra: []string{"-chardev", fmt.Sprintf("socket,id=serial,host=127.0.0.1,port=%d,server=off", wire.Addr().(*net.TCPAddr).Port)},
	})
	line, err := wire.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer line.Close()
	must := func(prefix, want string) {
		t.Helper()
		if got := vm.Expect(prefix); got != want {
			t.Errorf("%s%q, not %q", prefix, got, want)
		}
	}
	vm.Expect("READY")
	vm.Plug("usb-serial", "serial", map[string]any{"chardev": "serial", "bus": "xhci.0"})
	must("TWICE ", "true")
	must("NOTHING ", "true")
	must("OUT ", "256 0 <nil>")
	got := make([]byte, len(sent))
	if _, err := io.ReadFull(line, got); err != nil || !bytes.Equal(got, sent) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := io.WriteString(line, "an answer"); err != nil {
		t.Fatal(err)
	}
	must("IN ", `"an answer" <nil>`)
	vm.Unplug("serial")
	if got := vm.Expect("GONE "); got[:4] != "true" {
		t.Errorf("GONE %s", got)
	}
	if got := vm.Expect("AFTER "); got[:4] != "true" {
		t.Errorf("AFTER %s", got)
	}
}
