package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"anodize/cmd/internal/fat"
)

// stickFolder is where a stick stands in sysfs.
const stickFolder = "sys/devices/pci0/usb1/1-2/1-2:1.0/host6/target6:0:0/6:0:0:0/block/sdb"

// plugged is a computer with one stick of so many sectors, sdb, whose node is a file.
func plugged(t *testing.T, sectors string) string {
	t.Helper()
	root := t.TempDir()
	folder := filepath.Join(root, stickFolder)
	for name, text := range map[string]string{
		"removable": "1", "size": sectors, "diskseq": "7", "../../type": "0", "../../vendor": "ACME", "../../model": "Stick 3000",
		"../../../../../../serial": "0011AA",
	} {
		write(t, filepath.Join(folder, name), text+"\n")
	}
	for to, from := range map[string]string{"../..": filepath.Join(folder, "device"), "../../devices" + strings.TrimPrefix(stickFolder, "sys/devices"): filepath.Join(root, "sys/class/block/sdb")} {
		if err := os.MkdirAll(filepath.Dir(from), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(to, from); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(root, "dev/sdb"), "")
	if err := os.Truncate(filepath.Join(root, "dev/sdb"), 64<<20); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(root, "proc/self/mountinfo"), "")
	return root
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// called runs the program on a computer, with something typed.
func called(root, typed string, args ...string) (status int, out, errs string) {
	var stdout, stderr bytes.Buffer
	status = run(args, machine{root: root, in: strings.NewReader(typed), out: &stdout}, &stderr)
	return status, stdout.String(), stderr.String()
}

func TestADeviceIsErasedOnlyByWhoKnowsItsSize(t *testing.T) {
	root := plugged(t, "131072")
	node := filepath.Join(root, "dev/sdb")
	for _, typed := range []string{"", "\n", "y\n", "64 MB\n"} {
		status, _, errs := called(root, typed, "init", node)
		if b, err := os.ReadFile(node); err != nil || status != failed || !strings.Contains(errs, "nothing was changed") || !bytes.Equal(b, make([]byte, 64<<20)) {
			t.Errorf("typed %q: exit status %d, %s", typed, status, errs)
		}
	}
	status, out, errs := called(root, "67 MB\n", "init", node)
	if status != passed || !strings.Contains(out, "ACME Stick 3000 of 67 MB, serial 0011AA, with unknown labelled -") {
		t.Fatalf("exit status %d, %s%s", status, out, errs)
	}
	if out, err := exec.Command("fsck.fat", "-n", node).CombinedOutput(); err != nil {
		t.Errorf("fsck.fat (Debian: dosfstools): %v\n%s", err, out)
	}
	if status, out, errs := called(root, "", "lint", node); status != warnings {
		t.Errorf("lint: exit status %d, %s%s", status, out, errs)
	}
	if _, out, _ := called(root, "", "list-usb"); !strings.Contains(out, "ACME Stick 3000  0011AA  FAT     ANODIZE  -") {
		t.Errorf("list-usb: %s", out)
	}
}

// answer is something typed, before which something happens.
type answer struct {
	io.Reader
	before func()
}

func (a answer) Read(b []byte) (int, error) {
	a.before()
	return a.Reader.Read(b)
}

func TestAStickThatWasExchangedBeforeTheAnswerIsNotErased(t *testing.T) {
	root := plugged(t, "131072")
	node := filepath.Join(root, "dev/sdb")
	exchanged := answer{strings.NewReader("67 MB\n"), func() { write(t, filepath.Join(root, stickFolder, "diskseq"), "8\n") }}
	var stdout, stderr bytes.Buffer
	status := run([]string{"init", node}, machine{root: root, in: exchanged, out: &stdout}, &stderr)
	if b, err := os.ReadFile(node); err != nil || status != failed || !strings.Contains(stderr.String(), "another disk by now") || !bytes.Equal(b, make([]byte, 64<<20)) {
		t.Errorf("exit status %d, %s, %v", status, stderr.String(), err)
	}
}

func TestAStickThatHoldsSomethingElseIsToldPlainly(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "stick"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const size = 64 << 20
	if err := errors.Join(f.Truncate(size), fat.Write(f, volumeOf(size, []fat.File{{Path: "profile.toml", Data: []byte("written")}}))); err != nil {
		t.Fatal(err)
	}
	for want, file := range map[string]fat.File{
		"": {Path: "profile.toml", Data: []byte("written")},
		"profile.toml reads back different: take another stick": {Path: "profile.toml", Data: []byte("another")},
		"other.csr cannot be read back":                         {Path: "other.csr"},
	} {
		err := readBack(f, []fat.File{file})
		if (err == nil) != (want == "") || err != nil && (!strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "%!")) {
			t.Errorf("%v, not %q", err, want)
		}
	}
}

func TestNothingThatIsPluggedInWritesOnTheTerminal(t *testing.T) {
	root := plugged(t, "131072")
	write(t, filepath.Join(root, stickFolder, "../../model"), "\x1b[2JStick\n")
	dir := t.TempDir()
	write(t, filepath.Join(dir, "\x1b[2Ja.csr"), "")
	write(t, filepath.Join(dir, "\xffb"), "")
	write(t, filepath.Join(dir, "folder\x07", "file"), "")
	_, listed, errs := called(root, "", "list-usb")
	_, linted, more := called(root, "", "lint", dir)
	if !strings.Contains(listed, "?[2JStick") || !strings.Contains(linted, `"\x1b[2Ja.csr"`) || !strings.Contains(linted, `"folder\a"`) {
		t.Errorf("%s%s", listed, linted)
	}
	if all := listed + errs + linted + more; strings.ContainsAny(all, "\x1b\x07") || !utf8.ValidString(all) {
		t.Errorf("%q", all)
	}
}

func TestADeviceInUseIsNotErased(t *testing.T) {
	root := plugged(t, "131072")
	node := filepath.Join(root, "dev/sdb")
	write(t, filepath.Join(root, "proc/self/mountinfo"), "36 25 8:17 / /media/a\\040stick rw,nosuid - vfat /dev/sdb1 rw\n")
	status, _, errs := called(root, "67 MB\n", "init", node)
	if status != failed || !strings.Contains(errs, "mounted at /media/a stick") {
		t.Errorf("exit status %d, %s", status, errs)
	}
}

func TestADiskThatStaysInTheComputerIsNotErased(t *testing.T) {
	root := plugged(t, "131072")
	inside := filepath.Join(root, "sys/devices/pci0/ata1/host0/target0:0:0/0:0:0:0")
	if err := os.MkdirAll(filepath.Dir(inside), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(root, stickFolder, "../.."), inside); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(inside, "block/sdb/removable"), "0\n")
	link := filepath.Join(root, "sys/class/block/sdb")
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../devices/pci0/ata1/host0/target0:0:0/0:0:0:0/block/sdb", link); err != nil {
		t.Fatal(err)
	}
	node := filepath.Join(root, "dev/sdb")
	if status, _, errs := called(root, "67 MB\n", "init", node); status != failed || !strings.Contains(errs, "is there already") {
		t.Errorf("exit status %d, %s", status, errs)
	}
	if _, out, _ := called(root, "", "list-usb"); strings.Contains(out, "sdb") {
		t.Errorf("list-usb: %s", out)
	}
}

// TestAMountedStickIsJudgedByItsDevice has a computer say what is mounted at a folder.
func TestAMountedStickIsJudgedByItsDevice(t *testing.T) {
	for name, c := range map[string]struct {
		options, kind, source string
		want                  string
	}{
		"FAT":           {"rw", "vfat", "/dev/sdb", `its label is "", not ANODIZE`},
		"read-only":     {"ro", "exfat", "/dev/sdb", "mounted read-only"},
		"another kind":  {"rw", "ext4", "/dev/sdb", "formatted as ext4"},
		"another place": {"rw", "vfat", "/dev/sda1", "no disk that can be pulled out"},
	} {
		t.Run(name, func(t *testing.T) {
			root, stick := plugged(t, "131072"), t.TempDir()
			write(t, filepath.Join(root, "proc/self/mountinfo"), "36 25 8:17 / "+stick+" "+c.options+",noatime shared:1 - "+c.kind+" "+c.source+" rw\n")
			if status, out, errs := called(root, "", "lint", stick); status != failed || !strings.Contains(out, c.want) {
				t.Errorf("exit status %d, without %q:\n%s%s", status, c.want, out, errs)
			}
		})
	}
}
