package removable

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"anodize/devices/block"
)

const stick = "sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/host6/block/sdb"

// machine is a folder that looks as the kernel's do: a stick with two partitions, sdb,
// and a disk inside the machine, sda.
func machine(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	inside := "sys/devices/pci0000:00/0000:00:17.0/ata1/host0/block/sda"
	for name, text := range map[string]string{
		stick + "/size": "32768\n", stick + "/removable": "1\n", stick + "/ro": "0\n", stick + "/dev": "8:16\n",
		stick + "/device/vendor": "Maker   \n", stick + "/device/model": "Flash Disk      \n",
		stick + "/sdb1/partition": "1\n", stick + "/sdb1/dev": "8:17\n",
		stick + "/sdb2/partition": "2\n", stick + "/sdb2/dev": "8:18\n",
		inside + "/size": "1000000\n", inside + "/removable": "0\n", inside + "/ro": "0\n", inside + "/dev": "8:0\n",
		"proc/self/mountinfo": "29 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n",
		"proc/swaps":          "Filename Type Size Used Priority\n/dev/sda2 partition 1 0 -2\n",
	} {
		put(t, root, name, text)
	}
	if err := os.MkdirAll(filepath.Join(root, "sys/block"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"sda": inside, "sdb": stick} {
		if err := os.Symlink("../../"+to, filepath.Join(root, "sys/block", name)); err != nil {
			t.Fatal(err)
		}
	}
	put(t, root, "dev/sdb", strings.Repeat("old ", 32768*512/4))
	return root
}

func put(t *testing.T, root, name, text string) {
	t.Helper()
	name = filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lookAndWrite writes to a disk that is found by its name.
func lookAndWrite(s System, name string, image []byte) error {
	d, err := s.Disk(name)
	if err != nil {
		return err
	}
	return s.Write(d, image)
}

func TestAStickThatWasExchangedIsLeftAlone(t *testing.T) {
	for attribute, now := range map[string]string{"diskseq": "9\n", "size": "65536\n", "device/model": "Holidays\n"} {
		root := machine(t)
		s := System{root}
		d, err := s.Disk("sdb")
		if err != nil {
			t.Fatal(err)
		}
		put(t, root, stick+"/"+attribute, now)
		if err := s.Write(d, []byte("image")); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "another disk by now") {
			t.Errorf("another %s: %v", attribute, err)
		}
	}
}

func TestADiskCannotWriteOnTheTerminal(t *testing.T) {
	root := machine(t)
	put(t, root, stick+"/device/model", "\x1b[2J\x07 Disk\xff\n")
	if d, err := (System{root}).Disk("sdb"); err != nil || d.Sold() != "Maker ?[2J? Disk?" {
		t.Errorf("%q, %v", d.Sold(), err)
	}
}

func TestOnlySticksAreListed(t *testing.T) {
	found, err := System{machine(t)}.Sticks()
	if err != nil || len(found) != 1 || found[0].Name != "sdb" || found[0].Sold() != "Maker Flash Disk" || found[0].Size != 16<<20 {
		t.Errorf("found %v, %v", found, err)
	}
}

func TestWhatIsNoFreeStickIsRefusedAndLeftAlone(t *testing.T) {
	mount := func(words string) func(*testing.T, string) {
		return func(t *testing.T, root string) {
			put(t, root, "proc/self/mountinfo", "29 1 8:1 / / rw - ext4 /dev/sda1 rw\n31 29 "+words+"\n")
		}
	}
	for name, c := range map[string]struct {
		disk, why string
		change    func(t *testing.T, root string)
	}{
		"a disk inside the machine":                {"sda", "not on USB", nil},
		"a USB disk that stays":                    {"sdb", "not removable", func(t *testing.T, root string) { put(t, root, stick+"/removable", "0\n") }},
		"a stick that is mounted as a whole":       {"sdb", "mounted at /mnt", mount("8:16 / /mnt rw - vfat /dev/sdb rw")},
		"a stick with a mounted partition":         {"/dev/sdb", "mounted at /media/x", mount("8:18 / /media/x rw - vfat /dev/sdb2 rw")},
		"one whose file system has its own number": {"sdb", "mounted at /b", mount("0:44 / /b rw - btrfs /dev/sdb1 rw")},
		"a stick that swaps":                       {"sdb", "/dev/sdb1 swaps", func(t *testing.T, root string) { put(t, root, "proc/swaps", "/dev/sdb1 partition 1 0 -2\n") }},
		"a stick under an encrypted volume":        {"sdb", "dm-0 is built on it", func(t *testing.T, root string) { put(t, root, stick+"/sdb1/holders/dm-0", "") }},
		"a write-protected stick":                  {"sdb", "write-protected", func(t *testing.T, root string) { put(t, root, stick+"/ro", "1\n") }},
		"one that does not say whether it is":      {"sdb", "write-protected", func(t *testing.T, root string) { os.Remove(filepath.Join(root, stick, "ro")) }},
		"a card reader without a card":             {"sdb", "no medium", func(t *testing.T, root string) { put(t, root, stick+"/size", "0\n") }},
		"a stick smaller than the image":           {"sdb", "holds 512 bytes", func(t *testing.T, root string) { put(t, root, stick+"/size", "1\n") }},
		"a partition":                              {"sdb1", "not a partition", nil},
		"a path to somewhere else":                 {"/dev/../etc/passwd", "knows no such disk", nil},
		"no name":                                  {"", "knows no such disk", nil},
	} {
		root := machine(t)
		if c.change != nil {
			c.change(t, root)
		}
		before, err := os.ReadFile(filepath.Join(root, "dev/sdb"))
		if err != nil {
			t.Fatal(err)
		}
		err = lookAndWrite(System{root}, c.disk, bytes.Repeat([]byte("image"), 1000))
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), c.why) {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.ReadFile(filepath.Join(root, "dev/sdb")); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s was written to", name)
		}
	}
}

func TestTheImageAndAnEmptyEndAreWritten(t *testing.T) {
	root := machine(t)
	image := bytes.Repeat([]byte("image"), 1<<20)
	if err := lookAndWrite(System{root}, "/dev/sdb", image); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(root, "dev/sdb"))
	if err != nil || len(got) != 16<<20 || !bytes.Equal(got[:len(image)], image) {
		t.Fatalf("the stick has %d bytes, %v", len(got), err)
	}
	if !bytes.Equal(got[len(got)-tail:], make([]byte, tail)) || string(got[len(got)-tail-4:len(got)-tail]) != "old " {
		t.Error("more or less than the end was emptied")
	}
}

func TestANodeThatIsNoDiskIsRefused(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "file"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := (System{}).same(f, Disk{Disk: block.Disk{Name: "sdb", Number: "8:16"}}); !errors.Is(err, ErrRefused) {
		t.Errorf("a file passes: %v", err)
	}
}
