package fat

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var built = time.Date(2026, 4, 25, 14, 30, 22, 0, time.UTC)

// contents are bytes of which no two sectors are alike.
func contents(size int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "%07d\n", i)
	}
	return b.Bytes()[:size]
}

func volume(size int) Volume {
	return Volume{Label: "BOOT", Serial: 0x1234abcd, Hidden: 128, Time: built, Files: []File{
		{"EFI/BOOT/BOOTX64.EFI", contents(size)}, {"EFI/EMPTY", nil}, {"READ.ME", contents(3)},
	}}
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q (Debian: dosfstools, mtools): %v\n%s", name, args, err, out)
	}
	return string(out)
}

// fsck.fat finds nothing, and mtools reads the same files, whatever the size of a
// cluster turns out to be.
func TestForeignToolsReadTheFileSystem(t *testing.T) {
	for _, size := range []int{0, 1, 512, 3 << 20, 4101 * 1024, 5 << 20, 12<<20 + 1, 20 << 20} {
		image, err := Write(volume(size))
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		name := filepath.Join(t.TempDir(), "esp")
		if err := os.WriteFile(name, image, 0o600); err != nil {
			t.Fatal(err)
		}
		if out := run(t, "/usr/sbin/fsck.fat", "-nv", name); !strings.Contains(out, "FATs, 16 bit entries") && !strings.Contains(out, "16 bit") {
			t.Errorf("%d bytes: fsck.fat sees no FAT16:\n%s", size, out)
		}
		for _, f := range volume(size).Files {
			if got := run(t, "mtype", "-i", name, "::"+f.Path); got != string(f.Data) {
				t.Errorf("%d bytes: mtype gives %d bytes of %s, not %d", size, len(got), f.Path, len(f.Data))
			}
		}
		if out := run(t, "mdir", "-i", name, "::EFI/BOOT"); !strings.Contains(out, "2026-04-25  14:30") || !strings.Contains(out, "Serial Number is 1234-ABCD") {
			t.Errorf("%d bytes: mdir says\n%s", size, out)
		}
		if waste := len(image) - size; size > 5<<20 && waste > size/50+64<<10 {
			t.Errorf("%d bytes take %d", size, len(image))
		}
	}
}

func TestWhatIsNotAFAT16IsRefused(t *testing.T) {
	for name, v := range map[string]Volume{
		"a file larger than a FAT16":     {Label: "BOOT", Files: []File{{"A", make([]byte, 300<<20)}}},
		"small letters":                  {Label: "BOOT", Files: []File{{"a", nil}}},
		"a name too long":                {Label: "BOOT", Files: []File{{"NINECHARS", nil}}},
		"an empty part":                  {Label: "BOOT", Files: []File{{"A//B", nil}}},
		"a file that is a folder":        {Label: "BOOT", Files: []File{{"A", nil}, {"A/B", nil}}},
		"a folder that is a file":        {Label: "BOOT", Files: []File{{"A/B", nil}, {"A", nil}}},
		"a file that stands there twice": {Label: "BOOT", Files: []File{{"A", nil}, {"A", nil}}},
		"a label with a dot":             {Label: "BO.OT"},
		"no label":                       {},
	} {
		if _, err := Write(v); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := Volume{Label: "BOOT", Time: built}
		for i, size := range rapid.SliceOfN(rapid.IntRange(0, 20000), 1, 20).Draw(t, "sizes") {
			v.Files = append(v.Files, File{fmt.Sprintf("D%d/F%02d.X", i%3, i), contents(size)})
		}
		image, err := Write(v)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(image)
		if err != nil || len(got) != len(v.Files) {
			t.Fatalf("read %d files of %d, %v", len(got), len(v.Files), err)
		}
		byPath := map[string][]byte{}
		for _, f := range got {
			byPath[f.Path] = f.Data
		}
		for _, f := range v.Files {
			if !bytes.Equal(byPath[f.Path], f.Data) {
				t.Fatalf("%s has %d bytes, not %d", f.Path, len(byPath[f.Path]), len(f.Data))
			}
		}
	})
}

// mkfs.fat and mcopy make the file system, and this package reads it.
func TestAForeignFileSystemIsRead(t *testing.T) {
	dir := t.TempDir()
	image, file := filepath.Join(dir, "esp"), filepath.Join(dir, "file")
	want := File{"EFI/FILE.BIN", contents(70000)}
	if err := os.WriteFile(file, want.Data, 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "/usr/sbin/mkfs.fat", "-C", "-F", "16", "-s", "1", image, "8192")
	run(t, "mmd", "-i", image, "::EFI")
	run(t, "mcopy", "-i", image, file, "::EFI/FILE.BIN")
	data, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := Read(data); err != nil || !reflect.DeepEqual(got, []File{want}) {
		t.Errorf("read %d files, %v", len(got), err)
	}
}

func TestAChainThatComesBackIsRefused(t *testing.T) {
	image, err := Write(volume(100000))
	if err != nil {
		t.Fatal(err)
	}
	for c := 2; c < 200; c++ {
		put16(image, sectorSize+2*c, c)
	}
	if _, err := Read(image); !errors.Is(err, ErrFormat) {
		t.Errorf("read with %v", err)
	}
}

// Each entry of the folder is the folder again: to follow them all would never end.
func TestFoldersThatHoldThemselvesAreRefused(t *testing.T) {
	image, err := Write(Volume{Label: "BOOT", Files: []File{{"A/B", contents(64 << 10)}}})
	if err != nil {
		t.Fatal(err)
	}
	folder := image[bytes.Index(image, []byte("A          \x10")):][:entrySize]
	file := image[bytes.Index(image, contents(80)):]
	put16(folder, 26, 3) // the file's first cluster
	for i := range 1000 {
		copy(file[i*entrySize:], folder)
	}
	if _, err := Read(image); !errors.Is(err, ErrFormat) {
		t.Errorf("read with %v", err)
	}
}

func FuzzRead(f *testing.F) {
	image, err := Write(volume(1000))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(image[:64<<10])
	f.Add(image[:600])
	f.Fuzz(func(t *testing.T, data []byte) {
		files, err := Read(data)
		if err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
		for _, f := range files {
			if len(f.Data) > len(data) {
				t.Fatalf("%s has more bytes than the image", f.Path)
			}
		}
	})
}
