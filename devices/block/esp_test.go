package block

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// partitionedAs plugs in a stick whose only partition is of a type that sgdisk knows.
func partitionedAs(t *testing.T, kind string) string {
	t.Helper()
	root := t.TempDir()
	d := disk{bus: usbPort, name: "sdb", kind: "0", removable: "1", sequence: "7", size: "131072", partitions: []string{"sdb1"}}
	d.plug(t, root)
	put(t, filepath.Join(d.folder(root), "sdb1", "start"), "2048")
	put(t, filepath.Join(d.folder(root), "queue", "logical_block_size"), "512")
	whole, part := image(t, 8<<10), image(t, 4<<10)
	run(t, "/usr/sbin/sgdisk", "-n", "1:2048:0", "-t", "1:"+kind, whole)
	run(t, mkfsFAT, "-n", "ANODIZE", part)
	dev := filepath.Join(root, "dev")
	if err := errors.Join(os.MkdirAll(dev, 0o755), os.Rename(whole, filepath.Join(dev, "sdb")), os.Rename(part, filepath.Join(dev, "sdb1"))); err != nil {
		t.Fatal(err)
	}
	return root
}

func TestAMediumToBootFromIsNeverMountedForWriting(t *testing.T) {
	esp, data := partitionedAs(t, "ef00"), partitionedAs(t, "0700")
	for _, c := range []struct {
		what, root      string
		writable, boots bool
	}{
		{"an EFI system partition", esp, true, true},
		{"an EFI system partition, to read", esp, false, false},
		{"a partition for data", data, true, false},
	} {
		// Below another root nothing is mounted, so that there is always an error.
		err := MountAt(c.root, "sdb1", filepath.Join(t.TempDir(), "none"), c.writable, 1, 1)
		if err == nil || errors.Is(err, ErrBoots) != c.boots {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	put(t, filepath.Join(disk{bus: usbPort, name: "sdb"}.folder(esp), "sdb1", "start"), "")
	if err := MountAt(esp, "sdb1", t.TempDir(), true, 1, 1); err == nil {
		t.Error("a partition that begins nowhere is mounted")
	}
}

// FuzzTable reads any disk as one with a table of partitions.
func FuzzTable(f *testing.F) {
	header := append(make([]byte, 512), "EFI PART"...)
	header = append(header, make([]byte, 504)...)
	header[512+72], header[512+80], header[512+84] = 2, 128, 128
	f.Add(append(header, systemPartition...), int64(1<<20))
	f.Fuzz(func(t *testing.T, disk []byte, start int64) {
		if boots, err := bootsAt(bytes.NewReader(disk), start, 512); boots && err != nil {
			t.Error(err)
		}
	})
}
