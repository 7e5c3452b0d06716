package usb

import (
	"os"
	"path/filepath"
	"testing"
)

// plug adds a device to a tree that looks like sysfs.
func plug(t *testing.T, root, port string, attributes map[string]string) {
	t.Helper()
	device := filepath.Join(root, "sys/devices/pci0/usb1", port)
	list := filepath.Join(root, "sys/bus/usb/devices")
	for _, dir := range []string{device, list} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range attributes {
		if err := os.WriteFile(filepath.Join(device, name), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Join("../../../devices/pci0/usb1", port), filepath.Join(list, port)); err != nil {
		t.Fatal(err)
	}
}

func TestYubiHSMsAreFoundAmongOtherDevices(t *testing.T) {
	root := t.TempDir()
	plug(t, root, "1-2", map[string]string{"idVendor": "1050", "idProduct": "0030", "busnum": "1", "devnum": "7", "serial": "0034332673"})
	plug(t, root, "1-2:1.0", map[string]string{"bInterfaceClass": "ff"})
	plug(t, root, "1-3", map[string]string{"idVendor": "1050", "idProduct": "0407", "busnum": "1", "devnum": "8", "serial": "a YubiKey"})
	plug(t, root, "2-1", map[string]string{"idVendor": "1050", "idProduct": "0030", "busnum": "2", "devnum": "113", "serial": "9\x1b[2J\u202e"})
	plug(t, root, "2-4", map[string]string{"idVendor": "1050", "idProduct": "0030", "busnum": "2", "devnum": "../../etc", "serial": "x"})
	found, err := Find(root)
	if err != nil || len(found) != 2 {
		t.Fatalf("%+v, %v", found, err)
	}
	if l := found[0]; l.Serial != "0034332673" || l.Node != filepath.Join(root, "dev/bus/usb/001/007") {
		t.Errorf("%+v", l)
	}
	if l := found[1]; l.Serial != "9?[2J?" || l.Node != filepath.Join(root, "dev/bus/usb/002/113") {
		t.Errorf("%+v", l)
	}
}

// A device that restarts at the same port is another one to whoever holds it open.
func TestADeviceThatWasPluggedInAgainHasAnotherID(t *testing.T) {
	root := t.TempDir()
	plug(t, root, "1-2", map[string]string{"idVendor": "1050", "idProduct": "0030", "busnum": "1", "devnum": "7", "serial": "1"})
	first, err := Find(root)
	if err != nil || len(first) != 1 {
		t.Fatalf("%v, %v", first, err)
	}
	if err := os.WriteFile(filepath.Join(root, "sys/devices/pci0/usb1/1-2/devnum"), []byte("8\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := Find(root)
	if err != nil || len(second) != 1 || second[0].ID == first[0].ID || second[0].Serial != first[0].Serial {
		t.Errorf("%v, %v", second, err)
	}
}

func TestAMachineWithoutUSBHasNone(t *testing.T) {
	if found, err := Find(t.TempDir()); len(found) != 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}
