//go:build vm

package usbredir

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
	"anodize/devices/scsi"
	"anodize/devices/sim"
	"anodize/devices/usb"
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
	var g guestDevices
	port.Serve(g.do)
}

// guestDevices are what the guest has open.
type guestDevices struct {
	drive *scsi.Drive
	hsm   *usb.Device
}

// stickSize is the size of the stick in bytes.
const stickSize = 4 << 20

// guestPatience is how long a device may take to appear.
const guestPatience = 2 * time.Minute

// eventually calls f until it reports true or an error that it does not expect.
func eventually(what string, f func() (bool, error)) error {
	for end := time.Now().Add(guestPatience); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if ok, err := f(); ok || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s has not happened", what)
}

func (g *guestDevices) do(words []string) (any, error) {
	switch words[0] {
	case "drive":
		return g.openDrive()
	case "close":
		return nil, g.drive.Close()
	case "scsi": // the command in hexadecimal and how many bytes to read
		return g.command(words[1], words[2])
	case "try": // a program whose exit status says nothing
		output, _ := guest.Run(words[1:])
		return output, nil
	case "file": // its name and size
		return makeFile(words[1], words[2])
	case "hsm":
		return g.openHSM()
	case "echo": // lengths of messages
		return g.echo(words[1:])
	case "stick":
		return g.copyBlocks()
	case "absent":
		return nil, eventually("the device leaving", func() (bool, error) {
			found, err := usb.Find("")
			return len(found) == 0, err
		})
	}
	return nil, errors.New("no such command")
}

// content is what a file of that name and size holds.
func content(name string, size int) []byte {
	return bytes.Repeat([]byte(name+"\n"), size/(len(name)+1)+1)[:size]
}

func makeFile(name, size string) (path string, err error) {
	n, err := strconv.Atoi(size)
	if err != nil {
		return "", err
	}
	path = filepath.Join("/tmp", name)
	return path, os.WriteFile(path, content(name, n), 0o600)
}

// copyBlocks copies the first half of the stick, as the kernel reads it, to the
// second, and returns the first bytes.
func (g *guestDevices) copyBlocks() (begin string, err error) {
	var f *os.File
	if err := eventually("the stick", func() (bool, error) {
		f, err = os.OpenFile("/dev/sda", os.O_RDWR|os.O_SYNC, 0)
		return err == nil, nil
	}); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	half := make([]byte, stickSize/2)
	if _, err := f.ReadAt(half, 0); err != nil {
		return "", err
	}
	_, err = f.WriteAt(half, stickSize/2)
	return string(half[:16]), err
}

func (g *guestDevices) openDrive() (model string, err error) {
	err = eventually("the drive", func() (bool, error) {
		found, err := scsi.Find("")
		if err != nil || len(found) != 1 {
			return false, err
		}
		g.drive, err = scsi.Open(found[0])
		if errors.Is(err, scsi.ErrGone) { // its node comes a moment after it
			return false, nil
		}
		model = found[0].Title
		return true, err
	})
	return model, err
}

func (g *guestDevices) command(cdb, length string) (string, error) {
	var c []byte
	if _, err := fmt.Sscanf(cdb, "%x", &c); err != nil {
		return "", err
	}
	n, err := strconv.Atoi(length)
	if err != nil {
		return "", err
	}
	in := make([]byte, n)
	n, sense, err := g.drive.Command(context.Background(), c, nil, in, time.Minute)
	return fmt.Sprintf("%d %X %X", n, in[:min(n, 36)], sense), err
}

func (g *guestDevices) openHSM() (serial string, err error) {
	err = eventually("the HSM", func() (bool, error) {
		found, err := usb.Find("")
		if err != nil || len(found) != 1 {
			return false, err
		}
		g.hsm, err = usb.Open(found[0])
		if errors.Is(err, usb.ErrGone) {
			return false, nil
		}
		serial = found[0].Serial
		return true, err
	})
	return serial, err
}

// echo sends messages that the device sends back (YubiHSM 2 command reference, ECHO).
func (g *guestDevices) echo(lengths []string) (string, error) {
	for _, l := range lengths {
		n, err := strconv.Atoi(l)
		if err != nil {
			return "", err
		}
		message := append(binary.BigEndian.AppendUint16([]byte{0x01}, uint16(n-3)), bytes.Repeat([]byte{'x'}, n-3)...)
		answer, err := g.hsm.Exchange(context.Background(), message)
		if err != nil {
			return fmt.Sprintf("gone: %t, outcome unknown: %t", errors.Is(err, usb.ErrGone), errors.Is(err, usb.ErrOutcomeUnknown)), nil
		}
		if answer[0] != 0x81 || !bytes.Equal(answer[1:], message[1:]) {
			return "", fmt.Errorf("%d bytes came back as %X", n, answer)
		}
	}
	return "the same", nil
}

// plugIn serves a device over a connection until the test pulls it out.
func plugIn(t *testing.T, conn net.Conn, d Device) (pull func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, conn, d) }()
	var once bool
	pull = func() {
		if once {
			return
		}
		once = true
		cancel()
		if err := <-served; err != nil {
			t.Errorf("serving: %v", err)
		}
	}
	t.Cleanup(pull)
	return pull
}

func TestTheGuestsDriversDriveTheDevices(t *testing.T) {
	vm := qemu.Boot(t, qemu.Options{
		Program: qemu.BuildTest(t), Modules: []string{"xhci-pci", "usb-storage", "sr_mod", "sd_mod"}, USB: []string{"burner", "hsm", "stick"},
	})
	must := func(line, want string) {
		t.Helper()
		var got any
		vm.Ask(t, &got, line)
		if text, _ := got.(string); !strings.Contains(text, want) {
			t.Errorf("%s: %q, not %q", line, text, want)
		}
	}
	vm.Expect("READY")

	drive, disc := sim.NewDrive(), sim.NewDisc(0x0041, sim.WithFinalised())
	if err := drive.Insert(disc); err != nil {
		t.Fatal(err)
	}
	pullDrive := plugIn(t, vm.USB("burner"), NewMassStorage(drive, "0123456789AB"))
	must("drive", "ANODIZE SIM OPTICAL (serial ends in 89AB)")
	must("scsi 120000002400 36", "36 058005021F0000")
	must("scsi 46020000000000000800 8", "8 0000005800000041")
	must("scsi 28000000000000002000 65536", "65536 000000")
	must("scsi 28007F00000000000100 2048", "0  70000500000000")
	must("scsi 12000000FF00 255", "36 0580") // less than asked for

	device := sim.NewHSM(34332673)
	h := NewHSM(device)
	pull := plugIn(t, vm.USB("hsm"), h)
	must("hsm", "0034332673")
	must("echo 3 4 63 64 65 127 128 129 1024 2047 2048 3072", "the same")
	device.FaultIn(1, sim.HSMUnplugAfter)
	must("echo 64", "gone: true, outcome unknown: true")
	must("absent", "")
	pull()
	device.Plug()
	pull = plugIn(t, vm.USB("hsm"), h)
	must("hsm", "0034332673")
	pull()
	must("absent", "")
	must("echo 3", "gone: true, outcome unknown: false")
	pullDrive()

	image := append(content("a stick", stickSize/2), make([]byte, stickSize/2)...)
	file, err := os.Create(filepath.Join(t.TempDir(), "stick"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(image); err != nil {
		t.Fatal(err)
	}
	stick, err := NewStick(file, stickSize)
	if err != nil {
		t.Fatal(err)
	}
	pullStick := plugIn(t, vm.USB("stick"), NewMassStorage(stick, "0123456789AC"))
	must("stick", string(image[:16]))
	pullStick()
	if got, err := os.ReadFile(file.Name()); err != nil || !bytes.Equal(got, append(image[:stickSize/2], image[:stickSize/2]...)) {
		t.Errorf("the stick holds something else, %v", err)
	}
}
