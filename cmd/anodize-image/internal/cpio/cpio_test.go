package cpio

import (
	"bytes"
	"errors"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

var entries = []Entry{
	{Name: "dev", Kind: Folder, Permissions: 0o755, Data: []byte{}},
	{Name: "dev/console", Kind: Character, Permissions: 0o600, Major: 5, Minor: 1, Data: []byte{}},
	{Name: "init", Permissions: 0o755, Data: []byte("five!")},
	{Name: "empty", Permissions: 0o400, Data: []byte{}},
}

// GNU cpio lists what was written, and finds nothing to complain of.
func TestGNUCpioReadsTheArchive(t *testing.T) {
	cmd := exec.Command("cpio", "-itv", "--quiet", "--numeric-uid-gid")
	cmd.Env = []string{"TZ=UTC", "LC_ALL=C"}
	cmd.Stdin = bytes.NewReader(Write(entries))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("cpio (Debian: cpio): %v\n%s", err, out)
	}
	const want = `
drwxr-xr-x 1 0 0 0 Jan 1 1970 dev
crw------- 1 0 0 5, 1 Jan 1 1970 dev/console
-rwxr-xr-x 1 0 0 5 Jan 1 1970 init
-r-------- 1 0 0 0 Jan 1 1970 empty
`
	var got strings.Builder
	for line := range strings.Lines("\n" + string(out)) {
		got.WriteString(strings.Join(strings.Fields(line), " ") + "\n")
	}
	if got.String() != want {
		t.Errorf("cpio lists\n%s, not\n%s", got.String(), want)
	}
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	archive := Write(entries)
	got, length, err := Read(append(archive, "what follows"...))
	if err != nil || length != len(archive) || !reflect.DeepEqual(got, entries) {
		t.Errorf("read %v, %d of %d bytes, %v", got, length, len(archive), err)
	}
}

func TestEveryShortenedArchiveIsRefused(t *testing.T) {
	archive := Write(entries)
	for n := range len(archive) - 4 { // the last bytes are padding
		if _, _, err := Read(archive[:n]); !errors.Is(err, ErrFormat) {
			t.Fatalf("the first %d bytes of %d: %v", n, len(archive), err)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Write(entries))
	f.Add(Write(nil))
	f.Add([]byte(magic + strings.Repeat("f", 104)))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, length, err := Read(data)
		if err != nil {
			return
		}
		if length > len(data) {
			t.Fatalf("%d of %d bytes", length, len(data))
		}
		again, _, err := Read(Write(read))
		if err != nil || len(again) != len(read) {
			t.Fatalf("writing what was read: %v", err)
		}
	})
}
