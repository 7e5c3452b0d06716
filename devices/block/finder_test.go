package block

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// table is a machine with sticks whose file systems are folders.
type table struct {
	root   string
	mounts map[string]string // folder by node
	fail   error
	count  int
	*Finder
}

func newTable(t *testing.T) *table {
	b := &table{root: t.TempDir(), mounts: map[string]string{}}
	b.Finder = NewFinder(b.root)
	b.Finder.mount = func(l Location, _ format, a access) (*folder, error) {
		if a != readOnly {
			return nil, errors.New("looking for the stick, it would write")
		}
		b.count++
		if b.fail != nil {
			return nil, b.fail
		}
		f, err := os.Open(b.mounts[l.Node])
		return &folder{File: f}, err
	}
	return b
}

// stick plugs in a disk with an image made by mkfs and these files.
func (b *table) stick(t *testing.T, name string, mkfs []string, files ...string) disk {
	t.Helper()
	d := disk{bus: "pci0/usb1/" + name, name: name, kind: "0", removable: "1", sequence: "1", size: "8192"}
	d.plug(t, b.root)
	node, folder := filepath.Join(b.root, "dev", name), t.TempDir()
	made := image(t, 4<<10)
	if mkfs != nil {
		run(t, mkfs[0], append(mkfs[1:], made)...)
	}
	if err := errors.Join(os.MkdirAll(filepath.Dir(node), 0o755), os.Rename(made, node)); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		put(t, filepath.Join(folder, f), "")
	}
	b.mounts[node] = folder
	return d
}

func TestAStickIsKnownByItsLabelOrItsProfile(t *testing.T) {
	for _, c := range []struct {
		name    string
		mkfs    []string
		files   []string
		found   bool
		refused string // empty: nothing is said
	}{
		{"labelled", []string{mkfsFAT, "-n", "ANODIZE"}, nil, true, ""},
		{"labelled, exFAT", []string{mkfsExFAT, "-L", "Anodize"}, nil, true, ""},
		{"with a profile", []string{mkfsFAT, "-n", "MUSIC"}, []string{"profile.toml"}, true, ""},
		{"a medium to boot from", []string{mkfsFAT, "-n", "ESP"}, []string{"EFI/BOOT/BOOTX64.EFI"}, false, ""},
		{"somebody's music", []string{mkfsFAT, "-n", "MUSIC"}, []string{"song.mp3"}, false, `"MUSIC"`},
		{"not formatted", nil, nil, false, "format it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newTable(t)
			b.stick(t, "sdb", c.mkfs, c.files...)
			sticks, refused, err := b.Find(t.Context())
			if err != nil || (len(sticks) == 1) != c.found || (len(refused) == 1) != (c.refused != "") {
				t.Fatalf("%v, %v, %v", sticks, refused, err)
			}
			if c.refused != "" && !strings.Contains(refused[0].Error(), c.refused) {
				t.Errorf("%v", refused[0])
			}
		})
	}
}

func TestAStickIsLookedIntoOnce(t *testing.T) {
	b := newTable(t)
	d := b.stick(t, "sdb", []string{mkfsFAT}, "profile.toml")
	first, _, err := b.Find(t.Context())
	if err != nil || len(first) != 1 || b.count != 1 {
		t.Fatalf("%v, %v, mounted %d times", first, err, b.count)
	}
	if again, _, err := b.Find(t.Context()); err != nil || len(again) != 1 || again[0] != first[0] || b.count != 1 {
		t.Errorf("%v, %v, mounted %d times", again, err, b.count)
	}
	d.pull(t, b.root)
	if none, _, err := b.Find(t.Context()); err != nil || len(none) != 0 || first[0].Present() {
		t.Errorf("pulled out: %v, %v", none, err)
	}
	d.sequence = "2"
	d.plug(t, b.root)
	if back, _, err := b.Find(t.Context()); err != nil || len(back) != 1 || back[0] == first[0] || b.count != 2 {
		t.Errorf("put in again: %v, %v, mounted %d times", back, err, b.count)
	}
}

func TestAStickThatCannotBeReadIsTriedAgain(t *testing.T) {
	b := newTable(t)
	b.stick(t, "sdb", []string{mkfsFAT}, "profile.toml")
	b.fail = unix.EUCLEAN
	if sticks, refused, err := b.Find(t.Context()); err != nil || len(sticks) != 0 || len(refused) != 1 || !errors.Is(refused[0], unix.EUCLEAN) {
		t.Fatalf("%v, %v, %v", sticks, refused, err)
	}
	b.fail = unix.ENXIO // as while it is being removed
	if sticks, refused, err := b.Find(t.Context()); err != nil || len(sticks) != 0 || len(refused) != 0 {
		t.Fatalf("%v, %v, %v", sticks, refused, err)
	}
	b.fail = nil
	if sticks, refused, err := b.Find(t.Context()); err != nil || len(sticks) != 1 || len(refused) != 0 {
		t.Errorf("%v, %v, %v", sticks, refused, err)
	}
}

func TestAStickThatCannotBeReadIsNoneAndIsTold(t *testing.T) {
	b := newTable(t)
	b.stick(t, "sdb", []string{mkfsFAT, "-n", "ANODIZE"})
	b.fail = ErrGone
	if sticks, refused, err := b.Find(t.Context()); err != nil || len(sticks) != 0 || len(refused) != 0 {
		t.Errorf("pulled out while it was looked into: %v, %v, %v", sticks, refused, err)
	}
	b.fail = unix.EUCLEAN
	sticks, refused, err := b.Find(t.Context())
	if err != nil || len(sticks) != 0 || len(refused) != 1 {
		t.Fatalf("%v, %v, %v", sticks, refused, err)
	}
	if e, ok := errors.AsType[*UnreadableError](refused[0]); !ok || e.At.Name != "sdb" || !errors.Is(e, unix.EUCLEAN) {
		t.Errorf("%v", refused[0])
	}
	b.fail = nil
	if _, again, err := b.Find(t.Context()); err != nil || len(again) != 1 || b.count != 2 {
		t.Errorf("it is tried again while it stays: %v, %v, mounted %d times", again, err, b.count)
	}
}

func TestTwoSticksAreTwo(t *testing.T) {
	b := newTable(t)
	b.stick(t, "sdb", []string{mkfsFAT, "-n", "ANODIZE"})
	b.stick(t, "sdc", []string{mkfsFAT, "-n", "ANODIZE"})
	if sticks, refused, err := b.Find(t.Context()); err != nil || len(sticks) != 2 || len(refused) != 0 {
		t.Errorf("%v, %v, %v", sticks, refused, err)
	}
}
