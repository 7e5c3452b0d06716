package block

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// disk is what a test plugs into a tree that looks like sysfs.
type disk struct {
	bus        string // below /sys/devices
	name       string
	kind       string // peripheral device type
	removable  string
	sequence   string
	size       string
	partitions []string
}

const usbPort = "pci0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0"

func (d disk) folder(root string) string {
	return filepath.Join(root, "sys/devices", d.bus, "block", d.name)
}

func (d disk) plug(t *testing.T, root string) {
	t.Helper()
	folder, class := d.folder(root), filepath.Join(root, "sys/class/block")
	put(t, filepath.Join(folder, "../../type"), d.kind)
	put(t, filepath.Join(folder, "removable"), d.removable)
	put(t, filepath.Join(folder, "diskseq"), d.sequence)
	put(t, filepath.Join(folder, "size"), d.size)
	link(t, "../..", filepath.Join(folder, "device"))
	link(t, filepath.Join("../../devices", d.bus, "block", d.name), filepath.Join(class, d.name))
	for i, p := range d.partitions {
		put(t, filepath.Join(folder, p, "partition"), string(rune('1'+i)))
		put(t, filepath.Join(folder, p, "size"), "2048")
		link(t, filepath.Join("../../devices", d.bus, "block", d.name, p), filepath.Join(class, p))
	}
}

func (d disk) pull(t *testing.T, root string) {
	t.Helper()
	for _, name := range append(d.partitions, d.name) {
		if err := os.Remove(filepath.Join(root, "sys/class/block", name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(d.folder(root)); err != nil {
		t.Fatal(err)
	}
}

func put(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, from string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}

var stickDisk = disk{bus: usbPort, name: "sdb", kind: "0", removable: "1", sequence: "7", size: "131072"}

func TestOnlyWhatCanBePulledOutIsAPlaceForAStick(t *testing.T) {
	root := t.TempDir()
	for _, d := range []disk{
		{bus: "pci0/ata1/host0/target0:0:0/0:0:0:0", name: "sda", kind: "0", removable: "0", size: "9", partitions: []string{"sda1", "sda2"}},
		{bus: "pci0/ata2/host1/target1:0:0/1:0:0:0", name: "sr0", kind: "5", removable: "1", size: "9"},
		{bus: "pci0/usb1/1-9/1-9:1.0/host9/target9:0:0/9:0:0:0", name: "sr1", kind: "5", removable: "1", size: "9"},
		{bus: "virtual", name: "loop0", removable: "1", size: "9"},
		{bus: usbPort, name: "sdb", kind: "0", removable: "1", size: "131072", partitions: []string{"sdb1"}},
		{bus: "pci0/usb2/2-1/2-1:1.0/host7/target7:0:0/7:0:0:0", name: "sdc", kind: "0", removable: "0", size: "131072"},
		{bus: "pci0/usb2/2-2/2-2:1.0/host8/target8:0:0/8:0:0:0", name: "sdd", kind: "0", removable: "1", size: "0"},
		{bus: "pci0/floppy", name: "fd0", removable: "1", size: "8"},
	} {
		d.plug(t, root)
	}
	found, err := Find(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, l := range found {
		names = append(names, l.Name)
		if l.Node != filepath.Join(root, "dev", l.Name) || !l.present() {
			t.Errorf("%+v", l)
		}
	}
	if !slices.Equal(names, []string{"fd0", "sdb1", "sdc"}) {
		t.Errorf("found %q", names)
	}
}

func TestAnotherStickAtTheSamePlaceIsAnotherOne(t *testing.T) {
	for _, c := range []struct {
		name string
		next func(d *disk)
	}{
		{"by its sequence number", func(d *disk) { d.sequence = "8" }},
		{"by its host's number", func(d *disk) { d.bus += "7" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			root, d := t.TempDir(), stickDisk
			d.plug(t, root)
			first, err := Find(root)
			if err != nil || len(first) != 1 {
				t.Fatalf("%v, %v", first, err)
			}
			d.pull(t, root)
			if first[0].present() {
				t.Error("it is there after it was pulled out")
			}
			c.next(&d)
			d.plug(t, root)
			second, err := Find(root)
			if err != nil || len(second) != 1 || second[0].ID == first[0].ID || first[0].present() || !second[0].present() {
				t.Errorf("%v, then %v, %v", first, second, err)
			}
		})
	}
}

func TestAPlaceIsKnownByWhatStandsOnItsDisk(t *testing.T) {
	root, d := t.TempDir(), stickDisk
	d.partitions = []string{"sdb1"}
	d.plug(t, root)
	title := func() string {
		t.Helper()
		found, err := Find(root)
		if err != nil || len(found) != 1 {
			t.Fatalf("%v, %v", found, err)
		}
		return found[0].Title
	}
	if got := title(); got != "sdb" {
		t.Errorf("a disk that says nothing of itself is called %q", got)
	}
	put(t, filepath.Join(d.folder(root), "../../vendor"), "SanDisk ")
	put(t, filepath.Join(d.folder(root), "../../model"), "Ultra           ")
	put(t, filepath.Join(root, "sys/devices/pci0/usb1/1-2/serial"), "4C5300014D5A")
	if got := title(); got != "SanDisk Ultra 67 MB (serial ends in 4D5A)" {
		t.Errorf("%q", got)
	}
}

func TestADiskThatIsBeingRemovedIsGone(t *testing.T) {
	root := t.TempDir()
	stickDisk.plug(t, root)
	found, err := Find(root)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	for state, there := range map[string]bool{"running": true, "cancel": false, "deleted": false, "offline": false} {
		put(t, filepath.Join(stickDisk.folder(root), "device/state"), state)
		again, err := Find(root)
		if err != nil || (len(again) == 1) != there || found[0].present() != there {
			t.Errorf("%s: %v, %v", state, again, err)
		}
	}
}

func TestAMachineWithoutDisksHasNoPlace(t *testing.T) {
	if found, err := Find(t.TempDir()); len(found) != 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}
