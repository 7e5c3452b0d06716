package fat

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var day = time.Date(2026, 4, 25, 14, 31, 22, 0, time.UTC)

// made writes a volume into a new sparse file.
func made(t testing.TB, v Volume) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "volume")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Truncate(v.Size); err != nil {
		t.Fatal(err)
	}
	if err := Write(f, v); err != nil {
		t.Fatal(err)
	}
	return path
}

// tool runs a program of dosfstools or mtools and returns what it says.
func tool(t testing.TB, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=0", "TZ=UTC", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q (Debian: dosfstools, mtools): %v\n%s", name, args, err, out)
	}
	return string(out)
}

var someFiles = []File{
	{"profile.toml", []byte("[ca]\n")},
	{"INTCA1.CSR", bytes.Repeat([]byte("request "), 5000)},
	{"a rather long name of a request.csr", []byte("x")},
	{"a rather long name of another.csr", []byte("y")},
	{"Zürich Ω.csr", []byte("z")},
	{"EMPTY", nil},
	{"EFI/BOOT/BOOTX64.EFI", bytes.Repeat([]byte("MZ"), 70000)},
	{"EFI/BOOT/a long name too.txt", []byte("text")},
}

func TestForeignToolsFindNothingWrongAndEveryFile(t *testing.T) {
	for _, size := range []int64{MinSize, 64 << 20, 511 << 20, 512 << 20, 2 << 30, 16 << 30, 300 << 30} {
		t.Run(fmt.Sprint(size>>20, " MiB"), func(t *testing.T) {
			path := made(t, Volume{Size: size, Label: "ANODIZE", Serial: 0x12345678, Time: day, Files: someFiles})
			tool(t, "fsck.fat", "-n", path)
			for _, f := range someFiles {
				copied := filepath.Join(t.TempDir(), "copied")
				tool(t, "mcopy", "-i", path, "::"+f.Path, copied)
				if got, err := os.ReadFile(copied); err != nil || !bytes.Equal(got, f.Data) {
					t.Errorf("mtools reads %d bytes of %s, not %d (%v)", len(got), f.Path, len(f.Data), err)
				}
			}
			listing := tool(t, "mdir", "-i", path, "::")
			for _, want := range []string{"Volume in drive : is ANODIZE", "Serial Number is 1234-5678", "2026-04-25  14:31"} {
				if !strings.Contains(listing, want) {
					t.Errorf("mdir does not say %q:\n%s", want, listing)
				}
			}
		})
	}
}

func TestTheSameVolumeHasTheSameBytes(t *testing.T) {
	v := Volume{Size: 16 << 20, Label: "ANODIZE", Serial: 1, Time: day, Files: someFiles}
	first := made(t, v)
	v.Files = append(append([]File{}, someFiles[3:]...), someFiles[:3]...)
	v.Time = day.In(time.FixedZone("east", 3600))
	a, errA := os.ReadFile(first)
	b, errB := os.ReadFile(made(t, v))
	if err := errors.Join(errA, errB); err != nil || !bytes.Equal(a, b) {
		t.Errorf("another order of files and another zone give other bytes (%v)", err)
	}
}

// TestWhatIsWrittenIsRead also reads what mkfs.fat and mcopy have written.
func TestWhatIsWrittenIsRead(t *testing.T) {
	source := filepath.Join(t.TempDir(), "source")
	if err := os.WriteFile(source, someFiles[1].Data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{16 << 20, 600 << 20} {
		theirs := filepath.Join(t.TempDir(), "theirs")
		kind := "16"
		if size >= fat32From {
			kind = "32"
		}
		tool(t, "mkfs.fat", "-F", kind, "-n", "ANODIZE", "-C", theirs, fmt.Sprint(size>>10))
		for _, name := range []string{"INTCA1.CSR", "a rather long name of a request.csr", "Zürich Ω.csr"} {
			tool(t, "mcopy", "-i", theirs, source, "::"+name)
		}
		ours := made(t, Volume{Size: size, Label: "ANODIZE", Time: day, Files: []File{
			{"INTCA1.CSR", someFiles[1].Data}, {"a rather long name of a request.csr", someFiles[1].Data}, {"Zürich Ω.csr", someFiles[1].Data}, {"folder/x", nil}}})
		for _, path := range []string{theirs, ours} {
			fs := opened(t, path)
			if fs.Label() != "ANODIZE" {
				t.Errorf("the label is %q", fs.Label())
			}
			found := 0
			for _, e := range fs.Entries() {
				if e.Folder {
					continue
				}
				got, err := fs.ReadFile(e, 1<<20)
				if err != nil || !bytes.Equal(got, someFiles[1].Data) {
					t.Errorf("%s: %d bytes, %v", e.Name, len(got), err)
				}
				for _, f := range someFiles {
					if e.Name == f.Path {
						found++
					}
				}
				if got, err := fs.ReadFile(e, 100); err == nil {
					t.Errorf("%s: %d bytes where 100 are the most", e.Name, len(got))
				}
			}
			if found != 3 {
				t.Errorf("of the names %d are there: %v", found, fs.Entries())
			}
		}
	}
}

func opened(t testing.TB, path string) *FS {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	fs, err := Open(f)
	if err != nil {
		t.Fatal(err)
	}
	return fs
}

func TestAnyNamesAreKept(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Za-zäß0-9_+,;=\[\] .-]{0,40}[A-Za-z0-9~]`), 0, 40, strings.ToLower).Draw(rt, "names")
		v := Volume{Size: MinSize, Time: day}
		for _, n := range names {
			v.Files = append(v.Files, File{n, []byte(n)})
		}
		path := made(t, v)
		fs := opened(t, path)
		if len(fs.Entries()) != len(names) {
			rt.Fatalf("%d entries of %d", len(fs.Entries()), len(names))
		}
		for _, e := range fs.Entries() {
			if got, err := fs.ReadFile(e, 1000); err != nil || string(got) != e.Name {
				rt.Errorf("%q holds %q, %v", e.Name, got, err)
			}
		}
	})
}

func TestWhatCannotBeIsRefused(t *testing.T) {
	good := Volume{Size: MinSize, Label: "ANODIZE", Time: day}
	for why, change := range map[string]func(*Volume){
		"too small":             func(v *Volume) { v.Size = MinSize - 1 },
		"too large":             func(v *Volume) { v.Size = MaxSize + 1 },
		"a label in lower case": func(v *Volume) { v.Label = "anodize" },
		"a long label":          func(v *Volume) { v.Label = "ANODIZE STICK" },
		"before 1980":           func(v *Volume) { v.Time = time.Time{} },
		"two of a name":         func(v *Volume) { v.Files = []File{{"a", nil}, {"A", nil}} },
		"a file as a folder":    func(v *Volume) { v.Files = []File{{"a", nil}, {"a/b", nil}} },
		"a path upwards":        func(v *Volume) { v.Files = []File{{"../a", nil}} },
		"a reserved character":  func(v *Volume) { v.Files = []File{{"a:b", nil}} },
		"an absolute path":      func(v *Volume) { v.Files = []File{{"/a", nil}} },
		"no name":               func(v *Volume) { v.Files = []File{{"", nil}} },
		"a dot at the end":      func(v *Volume) { v.Files = []File{{"a.", nil}} },
		"a long name":           func(v *Volume) { v.Files = []File{{strings.Repeat("a", 256), nil}} },
	} {
		v := good
		change(&v)
		if err := Write(discard{}, v); err == nil {
			t.Errorf("%s is taken", why)
		}
	}
	v := good
	v.Files = []File{{"LARGE", make([]byte, MinSize)}}
	if err := Write(discard{}, v); !errors.Is(err, ErrFull) {
		t.Errorf("a file as large as the volume: %v", err)
	}
}

type discard struct{}

func (discard) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

func FuzzOpen(f *testing.F) {
	for _, size := range []int64{MinSize, 512 << 20} {
		whole, err := os.ReadFile(made(f, Volume{Size: size, Label: "ANODIZE", Time: day, Files: someFiles[:6]}))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(whole[:min(len(whole), 1<<16)])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fs, err := Open(bytes.NewReader(data))
		if err != nil {
			return
		}
		for _, e := range fs.Entries() {
			if got, err := fs.ReadFile(e, 1<<16); err == nil && int64(len(got)) != e.Size {
				t.Errorf("%d bytes of %d", len(got), e.Size)
			}
		}
	})
}

func TestFilesInFoldersAreRead(t *testing.T) {
	fs := opened(t, made(t, Volume{Size: MinSize, Time: time.Unix(1e9, 0), Files: []File{{"A/B/FILE", []byte("inside")}, {"A/long name", nil}}}))
	top, err := fs.ReadFolder(fs.Entries()[0])
	if err != nil || len(top) != 2 || top[0].Name != "B" || top[1].Name != "long name" {
		t.Fatalf("in A are %v, %v", top, err)
	}
	below, err := fs.ReadFolder(top[0])
	if err != nil || len(below) != 1 {
		t.Fatalf("in A/B are %v, %v", below, err)
	}
	if data, err := fs.ReadFile(below[0], 100); err != nil || string(data) != "inside" {
		t.Errorf("A/B/FILE holds %q, %v", data, err)
	}
	if _, err := fs.ReadFolder(below[0]); err == nil {
		t.Error("a file is read as a folder")
	}
}
