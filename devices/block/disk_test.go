package block

import (
	"errors"
	"path/filepath"
	"slices"
	"testing"
)

// disks has the kernel list whole disks beside what it lists of all.
func disks(t *testing.T, root string, all ...disk) {
	t.Helper()
	for _, d := range all {
		d.plug(t, root)
		link(t, filepath.Join("../devices", d.bus, "block", d.name), filepath.Join(root, "sys/block", d.name))
	}
}

func TestADiskIsToldAsTheKernelSeesIt(t *testing.T) {
	root := t.TempDir()
	inside := disk{bus: "pci0/ata1/host0/target0:0:0/0:0:0:0", name: "sda", kind: "0", removable: "0", size: "31268536"}
	disks(t, root, inside, stickDisk)
	put(t, filepath.Join(stickDisk.folder(root), "ro"), "0")
	put(t, filepath.Join(stickDisk.folder(root), "dev"), "8:16")
	all, err := Disks(root)
	if err != nil || len(all) != 2 || all[0].Name != "sda" || all[0].OnUSB || all[0].Removable || !all[0].ReadOnly || all[0].Capacity() != "16 GB" {
		t.Fatalf("%+v, %v", all, err)
	}
	if d := all[1]; d.Name != "sdb" || !d.OnUSB || !d.Removable || d.ReadOnly || d.Size != 131072*512 || d.Number != "8:16" {
		t.Errorf("%+v", d)
	}
	for _, name := range []string{"", ".", "..", "sdc", "sda1", "../block/sda", "/dev/sda"} {
		if _, err := DiskNamed(root, name); !errors.Is(err, ErrNoDisk) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestASizeThatCannotBeIsNone(t *testing.T) {
	for _, size := range []string{"", "-1", "99999999999999999999", "9223372036854775807", "many"} {
		root, d := t.TempDir(), stickDisk
		d.size = size
		disks(t, root, d)
		if d, err := DiskNamed(root, "sdb"); err != nil || d.Size != 0 {
			t.Errorf("%q: %d bytes, %v", size, d.Size, err)
		}
	}
}

func TestWhatUsesADiskIsFoundByItsNumberAndItsName(t *testing.T) {
	const other = "29 1 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
	for name, c := range map[string]struct {
		mounts, swaps string
		disk, part    []string // what is said of sdb, and of sdb1
	}{
		"nothing":                        {other, "", nil, nil},
		"the other partition":            {other + `31 29 8:18 / /media/a\040stick rw - vfat /dev/sdb2 rw` + "\n", "", []string{"mounted at /media/a stick"}, nil},
		"this partition":                 {other + "31 29 8:17 / /a rw - vfat /dev/sdb1 rw\n", "", []string{"mounted at /a"}, []string{"mounted at /a"}},
		"by its name alone":              {other + "31 29 0:44 / /b rw - btrfs /dev/sdb1 rw\n", "", []string{"mounted at /b"}, []string{"mounted at /b"}},
		"a disk whose name begins alike": {other + "31 29 8:99 / /c rw - vfat /dev/sdba rw\n", "", nil, nil},
		"a partition that begins alike":  {other + "31 29 8:26 / /d rw - vfat /dev/sdb10 rw\n", "", []string{"mounted at /d"}, nil},
		"swap":                           {other, "Filename Type\n/dev/sdb2 partition\n", []string{"/dev/sdb2 swaps"}, nil},
		"damaged lines":                  {"- \n\n31\nx - y\n" + other, "\n", nil, nil},
	} {
		root, d := t.TempDir(), stickDisk
		d.partitions = []string{"sdb1", "sdb2"}
		disks(t, root, d)
		for part, number := range map[string]string{".": "8:16", "sdb1": "8:17", "sdb2": "8:18"} {
			put(t, filepath.Join(d.folder(root), part, "dev"), number)
		}
		put(t, filepath.Join(root, "proc/self/mountinfo"), c.mounts)
		put(t, filepath.Join(root, "proc/swaps"), c.swaps)
		whole, err := DiskNamed(root, "sdb")
		if err != nil {
			t.Fatal(err)
		}
		places, err := Find(root)
		if err != nil || len(places) != 2 || places[0].Name != "sdb1" {
			t.Fatalf("%v, %v", places, err)
		}
		ofDisk, err := whole.Uses()
		ofPart, e := places[0].Uses()
		if err != nil || e != nil || !slices.Equal(ofDisk, c.disk) || !slices.Equal(ofPart, c.part) {
			t.Errorf("%s: the disk %q, %v; the partition %q, %v", name, ofDisk, err, ofPart, e)
		}
	}
}

func TestAPartitionIsKnownByItsName(t *testing.T) {
	for source, parts := range map[string]map[string]bool{
		"/dev/sdb1":      {"/dev/sdb": true, "/dev/sdb1": true, "/dev/sd": false},
		"/dev/sdb10":     {"/dev/sdb": true, "/dev/sdb1": false},
		"/dev/sdbp":      {"/dev/sdb": false},
		"/dev/sdbp1":     {"/dev/sdb": false, "/dev/sdbp": true},
		"/dev/mmcblk0p1": {"/dev/mmcblk0": true},
		"/dev/mmcblk01":  {"/dev/mmcblk0": false},
		"tmpfs":          {"/dev/sdb": false},
	} {
		for node, want := range parts {
			if got := partOf(source, node); got != want {
				t.Errorf("%s is a part of %s: %t", source, node, got)
			}
		}
	}
}

func TestNothingIsFreeWhereItCannotBeKnown(t *testing.T) {
	root := t.TempDir()
	disks(t, root, stickDisk)
	d, err := DiskNamed(root, "sdb")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Uses(); err == nil {
		t.Error("without the list of what is mounted")
	}
	put(t, filepath.Join(root, "proc/self/mountinfo"), "")
	if used, err := d.Uses(); err != nil || len(used) != 0 {
		t.Errorf("%q, %v", used, err)
	}
	stickDisk.pull(t, root)
	if _, err := d.Uses(); err == nil {
		t.Error("after it was pulled out")
	}
}
