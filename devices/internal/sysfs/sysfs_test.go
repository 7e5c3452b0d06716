package sysfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func put(t *testing.T, text string, elements ...string) {
	t.Helper()
	name := filepath.Join(elements...)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWhatCannotBeHadIsEmpty(t *testing.T) {
	dir := t.TempDir()
	put(t, strings.Repeat("x", 3*maxAttribute), dir, "long")
	if got := Attribute(dir, "none") + Attribute(dir); got != "" {
		t.Errorf("%q", got)
	}
	if got := Attribute(dir, "long"); len(got) != maxAttribute {
		t.Errorf("%d bytes were read", len(got))
	}
}

func TestADeviceCannotWriteOnATerminal(t *testing.T) {
	dir := t.TempDir()
	put(t, "\x1b[2J\x07 Disk\xff  \n", dir, "model")
	if got := Said(dir, "model"); got != "?[2J? Disk?" {
		t.Errorf("%q", got)
	}
}

func TestASerialNumberIsThatOfTheUSBDeviceAndOfNoController(t *testing.T) {
	root := t.TempDir()
	port := filepath.Join(root, "devices/pci0/usb1/1-2")
	disk := filepath.Join(port, "1-2:1.0/host6/block/sdb")
	put(t, "", disk, "size")
	put(t, "controller\n", root, "devices/pci0/serial")
	if got := USBSerial(disk); got != "" {
		t.Errorf("without one: %q", got)
	}
	put(t, "0011AA\n", port, "serial")
	if got := USBSerial(disk); got != "0011AA" {
		t.Errorf("%q", got)
	}
	if got := USBSerial(filepath.Join(root, "devices/pci0/ata1/block/sda")); got != "" {
		t.Errorf("a disk that is not on USB: %q", got)
	}
}

func TestATitleIsWhatPeopleCanReadOnADevice(t *testing.T) {
	for want, c := range map[string][4]string{
		"SanDisk Ultra 16 GB (serial ends in 4D5A)": {"SanDisk", "Ultra", "16 GB", "00114D5A"},
		"SanDisk Ultra 16 GB (serial 0011AA)":       {"SanDisk", "Ultra", "16 GB", "0011AA"},
		"SanDisk Ultra 16 GB":                       {"SanDisk", "Ultra", "16 GB", ""},
		"QEMU HARDDISK 67 MB":                       {"QEMU", "QEMU HARDDISK", "67 MB", ""},
		"PIONEER BD-RW":                             {"", "PIONEER  BD-RW", "", ""},
		"":                                          {"", "", "16 GB", "0011AA"},
	} {
		if got := Title(c[0], c[1], c[2], c[3]); got != want {
			t.Errorf("%q is called %q", c, got)
		}
	}
}
