package gpt

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var table = Table{
	Disk:      GUID{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x4d, 0xef, 0x81, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef},
	Partition: GUID{0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x43, 0x21, 0x8f, 0xed, 0xcb, 0xa9, 0x87, 0x65, 0x43, 0x21},
	Name:      "EFI system partition", Begin: 64 << 10, Length: 1 << 20,
}

func written(t *testing.T, size int) []byte {
	t.Helper()
	disk := bytes.Repeat([]byte{0xa5}, size)
	if err := Write(disk, table); err != nil {
		t.Fatal(err)
	}
	return disk
}

func inspect(t *testing.T, disk []byte, args ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(name, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("/usr/sbin/sgdisk", append(args, name)...).CombinedOutput()
	if err != nil {
		t.Fatalf("sgdisk %q (Debian: gdisk): %v\n%s", args, err, out)
	}
	return string(out)
}

// sgdisk finds both tables sound and equal, and reads the partition as it was meant.
func TestSgdiskFindsNothingWrong(t *testing.T) {
	disk := written(t, 2<<20)
	if out := inspect(t, disk, "-v"); !strings.Contains(out, "No problems found") {
		t.Errorf("sgdisk -v says\n%s", out)
	}
	out := inspect(t, disk, "-p", "-i", "1")
	for _, want := range []string{
		"C12A7328-F81F-11D2-BA4B-00A0C93EC93B (EFI system partition)",
		"Partition unique GUID: FEDCBA98-7654-4321-8FED-CBA987654321",
		"Disk identifier (GUID): 01234567-89AB-4DEF-8123-456789ABCDEF",
		"First sector: 128 ", "Last sector: 2175 ", "Partition name: 'EFI system partition'",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("sgdisk does not say %q:\n%s", want, out)
		}
	}
}

// On a stick that is larger than the image the second table is not at the end. The
// first one has to do.
func TestALargerStickIsReadByTheFirstTable(t *testing.T) {
	disk := append(written(t, 2<<20), make([]byte, 3<<20)...)
	if out := inspect(t, disk, "-i", "1"); !strings.Contains(out, "FEDCBA98-7654-4321-8FED-CBA987654321") {
		t.Errorf("sgdisk says\n%s", out)
	}
}

func TestOnlyTheTablesAreWritten(t *testing.T) {
	disk := written(t, 2<<20)
	rest := bytes.Trim(disk[First:len(disk)-Rest], "\xa5")
	if len(rest) != 0 || !bytes.Equal(disk[:446], bytes.Repeat([]byte{0xa5}, 446)) {
		t.Error("bytes that belong to no table were changed")
	}
}

func TestAPartitionThatDoesNotFitIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Table){
		"over the first table":  func(t *Table) { t.Begin = First - sector },
		"over the second table": func(t *Table) { t.Length = 2<<20 - 64<<10 - Rest + sector },
		"beside a sector":       func(t *Table) { t.Begin++ },
		"of no length":          func(t *Table) { t.Length = 0 },
		"with a long name":      func(t *Table) { t.Name = strings.Repeat("x", 37) },
	} {
		changed := table
		change(&changed)
		if err := Write(make([]byte, 2<<20), changed); err == nil {
			t.Errorf("a partition %s is written", name)
		}
	}
}
