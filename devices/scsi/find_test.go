package scsi

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// plug adds a block device to a tree that looks like sysfs.
func plug(t *testing.T, root, bus, name, kind, vendor, model string) {
	t.Helper()
	device := filepath.Join(root, "sys/devices", bus)
	class := filepath.Join(root, "sys/class/block")
	for _, dir := range []string{filepath.Join(device, "block", name), class} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for file, text := range map[string]string{"type": kind, "vendor": vendor, "model": model} {
		if err := os.WriteFile(filepath.Join(device, file), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for from, to := range map[string]string{
		filepath.Join(device, "block", name, "device"): "../..",
		filepath.Join(class, name):                     filepath.Join("../../devices", bus, "block", name),
	} {
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDrivesAreFoundInTheOrderOfTheirNumbers(t *testing.T) {
	root := t.TempDir()
	plug(t, root, "pci0/usb2/2-1/host6/target6:0:0/6:0:0:0", "sr10", "5", "PIONEER ", "BD-RW   BDR-XD07")
	plug(t, root, "pci0/ata1/host0/target0:0:0/0:0:0:0", "sr2", "5", "QEMU    ", "QEMU DVD-ROM    ")
	plug(t, root, "pci0/ata2/host1/target1:0:0/1:0:0:0", "sda", "0", "ATA     ", "disk")
	plug(t, root, "pci0/ata3/host2/target2:0:0/2:0:0:0", "sr3", "0", "odd", "a disk with a drive's name")
	serial := filepath.Join(root, "sys/devices/pci0/usb2/2-1/serial")
	if err := os.WriteFile(serial, []byte("RBDL012345WL\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	found, err := Find(root)
	if err != nil || len(found) != 2 || found[0].Name != "sr2" || found[1].Name != "sr10" {
		t.Fatalf("found %+v, %v", found, err)
	}
	if l := found[1]; l.Title != "PIONEER BD-RW BDR-XD07 (serial ends in 45WL)" || found[0].Title != "QEMU DVD-ROM" || l.Node != filepath.Join(root, "dev/sr10") || filepath.Base(filepath.Dir(filepath.Dir(l.ID))) != "6:0:0:0" {
		t.Errorf("found %+v", l)
	}
}

func TestAMachineWithoutDrivesHasNone(t *testing.T) {
	if found, err := Find(t.TempDir()); len(found) != 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestOpeningWhatIsNoDrive(t *testing.T) {
	if _, err := Open(Location{Name: "sr0", Node: filepath.Join(t.TempDir(), "sr0")}); !errors.Is(err, ErrGone) {
		t.Errorf("a drive without a node: %v", err)
	}
	if _, err := Open(Location{Name: "null", Node: "/dev/null"}); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("/dev/null: %v", err)
	}
}
