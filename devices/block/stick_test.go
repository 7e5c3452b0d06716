package block

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"
)

// mounted is a stick in a tree that looks like sysfs, whose file system is a folder.
type mounted struct {
	*Stick
	root, folder string
	accesses     []access
	before       func(access) error
}

func newMounted(t *testing.T) *mounted {
	t.Helper()
	m := &mounted{root: t.TempDir(), folder: t.TempDir()}
	stickDisk.plug(t, m.root)
	found, err := Find(m.root)
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	m.Stick = &Stick{at: found[0], format: fat, mount: m.mountFolder}
	return m
}

func (m *mounted) mountFolder(_ Location, _ format, a access) (*folder, error) {
	m.accesses = append(m.accesses, a)
	if m.before != nil {
		if err := m.before(a); err != nil {
			return nil, err
		}
	}
	f, err := os.Open(m.folder)
	return &folder{File: f}, err
}

func (m *mounted) put(t *testing.T, name, text string) {
	t.Helper()
	put(t, filepath.Join(m.folder, name), text)
}

func TestFilesAreListedReadAndWritten(t *testing.T) {
	m := newMounted(t)
	m.put(t, "profile.toml", "old")
	m.put(t, ".hidden", "")
	m.put(t, "a folder/file", "")
	link(t, "/etc/passwd", filepath.Join(m.folder, "a link"))
	if err := m.WriteFile(t.Context(), "ROOT.CRT", []byte("certificate")); err != nil {
		t.Fatal(err)
	}
	if err := m.WriteFile(t.Context(), "profile.toml", nil); err != nil {
		t.Fatal(err)
	}
	names, err := m.List(t.Context())
	if err != nil || !slices.Equal(names, []string{"ROOT.CRT", "profile.toml"}) {
		t.Errorf("%q, %v", names, err)
	}
	for name, want := range map[string]string{"ROOT.CRT": "certificate", "profile.toml": ""} {
		if data, err := m.ReadFile(t.Context(), name, 11); err != nil || string(data) != want {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	entries, err := os.ReadDir(m.folder)
	if err != nil || len(entries) != 5 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestAStickIsMountedForWritingOnlyToWriteAndReadBackAfterIt(t *testing.T) {
	m := newMounted(t)
	if err := m.WriteFile(t.Context(), "A", []byte("a")); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(m.accesses, []access{readWrite, readOnly}) {
		t.Errorf("mounted %v", m.accesses)
	}
	m.accesses = nil
	if _, err := m.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := m.ReadFile(t.Context(), "A", 1); err != nil || !slices.Equal(m.accesses, []access{readOnly, readOnly}) {
		t.Errorf("mounted %v, %v", m.accesses, err)
	}
}

func TestWhatIsRefused(t *testing.T) {
	m := newMounted(t)
	m.put(t, "four", "four") // and a line feed
	link(t, "four", filepath.Join(m.folder, "link"))
	if err := errors.Join(os.Mkdir(filepath.Join(m.folder, "folder"), 0o755), unix.Mkfifo(filepath.Join(m.folder, "pipe"), 0o644)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		limit int64
		is    error
	}{
		{"four", 4, ErrTooLarge}, {"four", 0, ErrTooLarge}, {"four", -1, ErrTooLarge}, {"none", 9, ErrNoFile},
		{"link", 9, ErrNoFile}, {"folder", 1 << 20, ErrNoFile}, {"pipe", 9, ErrNoFile}, {"../four", 9, ErrName}, {"", 9, ErrName},
	} {
		if data, err := m.ReadFile(t.Context(), c.name, c.limit); !errors.Is(err, c.is) || data != nil {
			t.Errorf("reading %q up to %d: %q, %v", c.name, c.limit, data, err)
		}
	}
	if err := m.WriteFile(t.Context(), "a/b", nil); !errors.Is(err, ErrName) {
		t.Errorf("writing a/b: %v", err)
	}
	if err := m.WriteFile(t.Context(), "folder", nil); err == nil {
		t.Error("a folder was overwritten")
	}
	if _, err := os.Stat(filepath.Join(m.folder, ".folder.part")); err == nil {
		t.Error("a temporary file was left")
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := m.List(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end of the context: %v", err)
	}
}

func TestAFileThatReadsBackDifferentIsReported(t *testing.T) {
	for name, spoil := range map[string]func(string) error{
		"another byte": func(f string) error { return os.WriteFile(f, []byte("certificatf"), 0o600) },
		"one more":     func(f string) error { return os.WriteFile(f, []byte("certificate!"), 0o600) },
		"one less":     func(f string) error { return os.WriteFile(f, []byte("certificat"), 0o600) },
		"gone":         os.Remove,
	} {
		t.Run(name, func(t *testing.T) {
			m := newMounted(t)
			m.before = func(a access) error {
				if a == readOnly {
					return spoil(filepath.Join(m.folder, "A"))
				}
				return nil
			}
			if err := m.WriteFile(t.Context(), "A", []byte("certificate")); !errors.Is(err, ErrDiffers) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAStickThatIsPulledOut(t *testing.T) {
	pull := func(t *testing.T, m *mounted) { stickDisk.pull(t, m.root) }
	other := func(t *testing.T, m *mounted) {
		pull(t, m)
		d := stickDisk
		d.sequence = "8"
		d.plug(t, m.root)
	}
	for _, c := range []struct {
		name    string
		happens func(*testing.T, *mounted)
		when    access
		written bool
	}{
		{"while it is mounted to write", pull, readWrite, false},
		{"and another one put in its place", other, readWrite, false},
		{"before it is read back", pull, readOnly, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := newMounted(t)
			m.before = func(a access) error {
				if a == c.when {
					c.happens(t, m)
				}
				return nil
			}
			if err := m.WriteFile(t.Context(), "A", []byte("a")); !errors.Is(err, ErrGone) {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(filepath.Join(m.folder, "A")); (err == nil) != c.written {
				t.Errorf("the file on the other stick, or the old one: %v", err)
			}
			count := len(m.accesses)
			if _, err := m.ReadFile(t.Context(), "A", 9); !errors.Is(err, ErrGone) || len(m.accesses) != count || m.Present() {
				t.Errorf("reading it afterwards: %v", err)
			}
		})
	}
}

func TestErrorsSayWhatToDo(t *testing.T) {
	for from, to := range map[error]error{unix.ENOSPC: ErrFull, unix.EROFS: ErrReadOnly, unix.EACCES: ErrReadOnly} {
		m := newMounted(t)
		m.before = func(access) error { return os.NewSyscallError("fsconfig", from) }
		if err := m.WriteFile(t.Context(), "A", nil); !errors.Is(err, to) || !errors.Is(err, from) {
			t.Errorf("%v becomes %v", from, err)
		}
	}
}

func TestPlainNames(t *testing.T) {
	for name, good := range map[string]bool{
		"profile.toml": true, "INTCA1.CRT": true, "größe 1.csr": true, strings.Repeat("x", 200): true,
		"": false, ".": false, "..": false, ".x": false, "a/b": false, `a\b`: false, "a:b": false, "a*": false, "a?": false,
		`a"`: false, "a<": false, "a>": false, "a|": false, "a\n": false, "a\x00": false, "a\x7f": false, "a.": false, "a ": false,
		"a\xff": false, strings.Repeat("x", 201): false, "a\u202erxe.csr": false, "a\u200b": false,
	} {
		if err := plain(name); (err == nil) != good || err != nil && !errors.Is(err, ErrName) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Whatever is written is what is read, and nothing else is on the stick.
func TestASticksFilesAreAMap(t *testing.T) {
	m := newMounted(t)
	have := map[string]string{}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom([]string{"A", "B", "ROOT.CRT", "größe"}).Draw(t, "name")
		data := rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "data")
		if err := m.WriteFile(context.Background(), name, data); err != nil {
			t.Fatal(err)
		}
		have[name] = string(data)
		names, err := m.List(context.Background())
		if err != nil || len(names) != len(have) {
			t.Fatalf("%q, %v", names, err)
		}
		for _, name := range names {
			if got, err := m.ReadFile(context.Background(), name, 5000); err != nil || string(got) != have[name] {
				t.Fatalf("%s: %d bytes, %v", name, len(got), err)
			}
		}
	})
}
