package block

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// run runs one of the tools that make file systems.
func run(t testing.TB, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8", "MTOOLS_SKIP_CHECK=1", "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q (Debian: dosfstools, mtools, exfatprogs): %v\n%s", name, args, err, out)
	}
}

// image makes a file of that many KiB.
func image(t testing.TB, kib int) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, int64(kib)<<10); err != nil {
		t.Fatal(err)
	}
	return name
}

func probeFile(t testing.TB, name string) (format, string) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	kind, label, err := probe(f)
	if err != nil {
		t.Fatal(err)
	}
	return kind, label
}

// mkfs.vfat is by absolute path, for /usr/sbin may not be searched.
const (
	mkfsFAT   = "/usr/sbin/mkfs.vfat"
	mkfsExFAT = "/usr/sbin/mkfs.exfat"
)

func TestLabelsThatOtherSystemsWrote(t *testing.T) {
	for _, bits := range []string{"12", "16", "32"} {
		for _, sector := range []string{"512", "4096"} {
			t.Run(fmt.Sprintf("FAT%s in sectors of %s", bits, sector), func(t *testing.T) {
				kib := map[string]int{"12": 1440, "16": 40 << 10, "32": 300 << 10}[bits]
				if sector == "4096" {
					kib *= 8
				}
				name := image(t, kib)
				run(t, mkfsFAT, "-F", bits, "-S", sector, "-n", "ANODIZE", name)
				if kind, label := probeFile(t, name); kind != fat || label != "ANODIZE" {
					t.Errorf("made with its label: %v %q", kind, label)
				}
				if sector != "512" {
					return // mtools do not know them
				}
				run(t, "mlabel", "-i", name, "::other one")
				if kind, label := probeFile(t, name); kind != fat || label != "OTHER ONE" {
					t.Errorf("relabelled: %v %q", kind, label)
				}
				run(t, "mlabel", "-c", "-i", name, "::")
				if kind, label := probeFile(t, name); kind != fat || label != "" {
					t.Errorf("label removed: %v %q", kind, label)
				}
			})
		}
	}
	t.Run("exFAT", func(t *testing.T) {
		name := image(t, 8<<10)
		run(t, mkfsExFAT, "-L", "Anodize é", name)
		if kind, label := probeFile(t, name); kind != exfat || label != "Anodize é" {
			t.Errorf("%v %q", kind, label)
		}
	})
}

// Windows writes the label to the folder alone, and leaves NO NAME in the boot sector.
func TestTheFoldersLabelCounts(t *testing.T) {
	name := image(t, 1440)
	run(t, mkfsFAT, "-n", "ANODIZE", name)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[43:], "NO NAME    ")
	if kind, label, err := probe(bytes.NewReader(data)); kind != fat || label != "ANODIZE" || err != nil {
		t.Errorf("NO NAME in the boot sector: %v %q %v", kind, label, err)
	}
	copy(data[43:], "ANODIZE    ")
	at := bytes.LastIndex(data, []byte("ANODIZE    "))
	data[at] = 0xE5 // deleted
	if kind, label, err := probe(bytes.NewReader(data)); kind != fat || label != "ANODIZE" || err != nil {
		t.Errorf("in the boot sector alone: %v %q %v", kind, label, err)
	}
	copy(data[at:], "MUSIC  \xC4   ")
	if kind, label, err := probe(bytes.NewReader(data)); kind != fat || !strings.HasPrefix(label, "MUSIC  ?") || err != nil {
		t.Errorf("another one in the folder: %v %q %v", kind, label, err)
	}
}

func TestWhatIsNoStick(t *testing.T) {
	iso := make([]byte, 20*2048)
	copy(iso[isoDescriptor:], "CD001")
	ntfs := make([]byte, 4096)
	copy(ntfs, "\xEB\x52\x90NTFS    ")
	ntfs[510], ntfs[511] = 0x55, 0xAA
	table := make([]byte, 4096)
	copy(table[446:], []byte{0x80, 0, 0, 0, 0x0C, 0, 0, 0, 0, 8, 0, 0, 0, 16, 0, 0})
	table[510], table[511] = 0x55, 0xAA
	notActive := bytes.Clone(table)
	notActive[446] = 1
	empty := bytes.Clone(table)
	empty[450] = 0
	for _, c := range []struct {
		name string
		data []byte
		want format
	}{
		{"a table of partitions", table, partitions}, {"a table that makes no sense", notActive, unknown}, {"a table without partitions", empty, unknown},
		{"zeros", make([]byte, 1<<20), unknown},
		{"an ISO image", iso, iso9660}, {"NTFS", ntfs, unknown},
	} {
		if kind, label, err := probe(bytes.NewReader(c.data)); kind != c.want || label != "" || err != nil {
			t.Errorf("%s: %v %q %v", c.name, kind, label, err)
		}
	}
}

func TestWhatHasNoSectorMayGetOne(t *testing.T) {
	for _, n := range []int{0, 511} {
		if kind, _, err := probe(bytes.NewReader(make([]byte, n))); kind != unknown || !errors.Is(err, errNotReady) {
			t.Errorf("%d bytes: %v %v", n, kind, err)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, args := range [][]string{{mkfsFAT, "-n", "ANODIZE"}, {mkfsExFAT, "-L", "ANODIZE"}} {
		name := image(f, 4<<10)
		run(f, args[0], append(args[1:], name)...)
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data[:512], uint32(0))
		f.Add(data[:64<<10], uint32(0))
	}
	f.Fuzz(func(t *testing.T, data []byte, zeros uint32) {
		kind, label, err := probe(bytes.NewReader(append(data, make([]byte, zeros%(1<<20))...)))
		if errors.Is(err, errNotReady) && len(data)+int(zeros%(1<<20)) < 512 {
			return
		}
		if err != nil || len(label) > 33 || label != "" && kind != fat && kind != exfat {
			t.Errorf("%v %q %v", kind, label, err)
		}
	})
}
