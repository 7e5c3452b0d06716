package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/anodize-image/internal/removable"
)

func TestACallThatIsNoneEndsWithItsUsage(t *testing.T) {
	for _, args := range [][]string{
		nil, {"bild"}, {"build", "more"}, {"build", "-mode", "rehearsal"}, {"build", "-unknown"}, {"show"}, {"verify", "a", "b"},
		{"sign", "image"}, {"sign", "-key", "k", "image"}, {"list-usb", "x"}, {"write-usb", "image"}, {"pin", "x"}, {"kernel", "x"},
	} {
		var out, log bytes.Buffer
		if code := run(args, nil, &out, &log); code != exitUsage || !strings.Contains(log.String(), "usage: anodize-image") || out.Len() > 0 {
			t.Errorf("%q ends with %d, says %q and %q", args, code, out.String(), log.String())
		}
	}
}

// repository is a git repository with one commit of a known time.
func repository(t *testing.T) (dir string, git func(args ...string)) {
	t.Helper()
	dir = t.TempDir()
	git = func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=x", "-c", "user.email=x@example.org"}, args...)...)
		cmd.Env = append(os.Environ(), "GIT_COMMITTER_DATE=2026-04-25T16:30:22+0200", "GIT_CONFIG_GLOBAL=/dev/null")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	git("init", "-q")
	write(t, filepath.Join(dir, "file"), "committed")
	git("add", "file")
	git("commit", "-q", "-m", "x")
	return dir, git
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestATreeIsDirtyWithAnyChangeThatIsInNoCommit(t *testing.T) {
	dir, git := repository(t)
	clean, err := readCommit(dir)
	if err != nil || clean.dirty || len(clean.hash) != 40 || !clean.time.Equal(time.Date(2026, 4, 25, 14, 30, 22, 0, time.UTC)) {
		t.Fatalf("the clean tree is %+v, %v", clean, err)
	}
	for name, change := range map[string]func(){
		"a new file":      func() { write(t, filepath.Join(dir, "new"), "") },
		"a changed file":  func() { write(t, filepath.Join(dir, "file"), "changed") },
		"a staged change": func() { write(t, filepath.Join(dir, "file"), "staged"); git("add", "file") },
	} {
		change()
		if at, err := readCommit(dir); err != nil || !at.dirty || at.name() != clean.hash+"-dirty" {
			t.Errorf("with %s it is %+v, %v", name, at, err)
		}
		git("reset", "-q", "--hard")
		git("clean", "-fdq")
	}
	if _, err := readCommit(t.TempDir()); err == nil || !strings.Contains(err.Error(), "not a git repository") {
		t.Errorf("outside a repository: %v", err)
	}
}

func TestAReleaseIsNotBuiltFromADirtyTree(t *testing.T) {
	dir, _ := repository(t)
	write(t, filepath.Join(dir, "new"), "")
	if _, _, err := (&call{folder: dir}).image("production", false); err == nil || !strings.Contains(err.Error(), "ALLOW_DIRTY=1") {
		t.Errorf("built with %v", err)
	}
}

func TestWhatGitOverlooksIsNotBuilt(t *testing.T) {
	dir, git := repository(t)
	write(t, filepath.Join(dir, ".gitignore"), "ignored.go\n")
	git("add", ".gitignore")
	git("commit", "-q", "-m", "y")
	write(t, filepath.Join(dir, "ignored.go"), "package ignored")
	git("update-index", "--assume-unchanged", "file")
	write(t, filepath.Join(dir, "file"), "changed")
	at, err := readCommit(dir)
	if err != nil || at.dirty {
		t.Fatalf("git sees it: %+v, %v", at, err)
	}
	got, err := committed(dir, at.hash)
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(got)
	if text, err := os.ReadFile(filepath.Join(got, "file")); err != nil || string(text) != "committed" {
		t.Errorf("the file holds %q, %v", text, err)
	}
	if _, err := os.Stat(filepath.Join(got, "ignored.go")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the ignored file is there: %v", err)
	}
	if _, err := committed(dir, strings.Repeat("0", 40)); err == nil {
		t.Error("a commit that is not there was unpacked")
	}
}

// A clone can be made to give another tree for a commit than the commit has, and to call
// itself clean.
func TestACloneCannotGiveAnotherTreeForACommit(t *testing.T) {
	for name, tamper := range map[string]func(dir string, git func(...string)){
		"a file is left out": func(dir string, _ func(...string)) {
			write(t, filepath.Join(dir, ".git", "info", "attributes"), "file export-ignore\n")
		},
		"a file is changed on its way": func(dir string, git func(...string)) {
			write(t, filepath.Join(dir, ".git", "info", "attributes"), "file filter=evil\n")
			git("config", "filter.evil.smudge", "sed s/committed/evil/")
			git("config", "filter.evil.clean", "sed s/evil/committed/")
		},
		"another commit stands in its place": func(dir string, git func(...string)) {
			git("checkout", "-q", "-b", "evil")
			write(t, filepath.Join(dir, "file"), "evil")
			git("commit", "-q", "-a", "-m", "evil")
			git("checkout", "-q", "-")
			git("replace", "HEAD", "evil")
			git("reset", "-q", "--hard")
		},
	} {
		dir, git := repository(t)
		tamper(dir, git)
		at, err := readCommit(dir)
		if err != nil || at.dirty {
			continue // git has noticed
		}
		got, err := committed(dir, at.hash)
		if err == nil {
			if text, err := os.ReadFile(filepath.Join(got, "file")); err != nil || string(text) != "committed" {
				t.Errorf("%s: the file holds %q, %v", name, text, err)
			}
			os.RemoveAll(got)
		}
	}
}

func TestNoConfigurationHidesANewFile(t *testing.T) {
	dir, git := repository(t)
	git("config", "status.showUntrackedFiles", "no")
	write(t, filepath.Join(dir, "new"), "")
	if at, err := readCommit(dir); err != nil || !at.dirty {
		t.Errorf("%+v, %v", at, err)
	}
}

func TestWhatIsBuiltLooselyIsMarkedEvenFromACleanTree(t *testing.T) {
	for _, c := range []struct {
		mode         string
		loose, dirty bool
	}{{"production", false, false}, {"production", true, true}, {"dev", true, false}} {
		if at := (commit{}).marked(c.mode, c.loose); at.dirty != c.dirty {
			t.Errorf("%s, loose %t: marked %t", c.mode, c.loose, at.dirty)
		}
	}
}

func TestAnImageSaysWhatItIs(t *testing.T) {
	clean := commit{hash: "0123456789abcdef0123456789abcdef01234567", time: time.Unix(1e9, 0)}
	dirty := clean
	dirty.dirty = true
	for _, c := range []struct {
		mode                string
		at                  commit
		name, label, source string
	}{
		{"production", clean, "anodize-prod-amd64.iso", "ANODIZE_PROD", "COMMIT_0123456789ABCDEF0123456789ABCDEF01234567"},
		{"production", dirty, "anodize-prod-amd64-dirty.iso", "ANODIZE_PROD_DIRTY", "COMMIT_0123456789ABCDEF0123456789ABCDEF01234567_DIRTY"},
		{"dev", clean, "anodize-dev-amd64.iso", "ANODIZE_DEV", "COMMIT_0123456789ABCDEF0123456789ABCDEF01234567"},
	} {
		d := disc(c.mode, c.at)
		if name := fileName(c.mode, c.at); name != c.name || d.Label != c.label || d.Source != c.source {
			t.Errorf("%s, dirty: %t: it is %s, %+v", c.mode, c.at.dirty, name, d)
		}
		if _, err := bootable.Assemble(d, []byte("kernel")); err != nil {
			t.Errorf("%s, dirty: %t: %v", c.mode, c.at.dirty, err)
		}
	}
}

// stick is a machine with a USB stick.
func stick(t *testing.T) removable.System {
	t.Helper()
	root := t.TempDir()
	const device = "sys/devices/pci0/usb1/1-2/block/sdb"
	for name, text := range map[string]string{
		device + "/size": "32768\n", device + "/removable": "1\n", device + "/ro": "0\n", device + "/dev": "8:16\n",
		device + "/device/model": "Flash Disk\n", "proc/self/mountinfo": "29 1 8:1 / / rw - ext4 /dev/sda1 rw\n", "dev/sdb": strings.Repeat("x", 16<<20),
	} {
		write(t, filepath.Join(root, name), text)
	}
	if err := os.MkdirAll(filepath.Join(root, "sys/block"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../../"+device, filepath.Join(root, "sys/block/sdb")); err != nil {
		t.Fatal(err)
	}
	return removable.System{Root: root}
}

func TestAStickIsWrittenAfterItsSizeWasTyped(t *testing.T) {
	image, err := bootable.Assemble(bootable.Disc{Label: "ANODIZE_TEST", Time: time.Unix(1e9, 0)}, []byte("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image.iso")
	write(t, name, string(image))
	for _, c := range []struct {
		answer string
		err    error
	}{{"y\n", errNo}, {"", errNo}, {"17 MB\n", errNo}, {"16 MB\n", nil}} {
		var out bytes.Buffer
		s := stick(t)
		err := (&call{args: []string{name, "/dev/sdb"}, in: strings.NewReader(c.answer), out: &out, system: s}).writeUSB()
		if !errors.Is(err, c.err) {
			t.Errorf("the answer %q: %v", c.answer, err)
		}
		if !strings.Contains(out.String(), "/dev/sdb is Flash Disk of 16 MB.\nAll that is on it will be lost.") {
			t.Errorf("asked was %q", out.String())
		}
		held, err := os.ReadFile(filepath.Join(s.Root, "dev/sdb"))
		if err != nil || bytes.HasPrefix(held, image) != (c.err == nil) || (held[0] == 'x') != (c.err != nil) {
			t.Errorf("the answer %q: the stick holds the image: %t, %v", c.answer, bytes.HasPrefix(held, image), err)
		}
	}
}

func TestOnlyAnImageIsWrittenToAStick(t *testing.T) {
	name := filepath.Join(t.TempDir(), "holiday.jpg")
	write(t, name, strings.Repeat("no image", 10000))
	err := (&call{args: []string{name, "/dev/sdb"}, in: strings.NewReader("16 MB\n"), out: new(bytes.Buffer), system: stick(t)}).writeUSB()
	if err == nil || !strings.Contains(err.Error(), "not a disc image") {
		t.Errorf("written with %v", err)
	}
}

func TestSticksAreListedWithWhatSpeaksAgainstThem(t *testing.T) {
	s := stick(t)
	var out bytes.Buffer
	if err := (&call{out: &out, system: s}).listUSB(); err != nil || out.String() != "/dev/sdb\t16 MB\tFlash Disk\tfree\n" {
		t.Errorf("listed is %q, %v", out.String(), err)
	}
	write(t, filepath.Join(s.Root, "proc/self/mountinfo"), "31 29 8:16 / /mnt rw - vfat /dev/sdb rw\n")
	out.Reset()
	if err := (&call{out: &out, system: s}).listUSB(); err != nil || !strings.Contains(out.String(), "mounted at /mnt; unmount it first") {
		t.Errorf("listed is %q, %v", out.String(), err)
	}
}

func TestTheNewsAreThoseSinceTheVersion(t *testing.T) {
	const changelog = "linux (3) x; urgency=high\n\n  * three\n\nlinux (2) x; urgency=high\n\n  * two\n"
	var out bytes.Buffer
	if news(&out, strings.NewReader(changelog), "2"); out.String() != "linux (3) x; urgency=high\n\n  * three\n\n" {
		t.Errorf("the news are %q", out.String())
	}
	out.Reset()
	if news(&out, strings.NewReader(strings.Repeat("line\n", maxNews+1)), "2"); strings.Count(out.String(), "\n") != maxNews+1 || !strings.Contains(out.String(), "and more") {
		t.Errorf("the news have %d lines", strings.Count(out.String(), "\n"))
	}
}

func TestAnImageOfAnotherCommitIsNotBuiltAgain(t *testing.T) {
	dir, _ := repository(t)
	image, err := bootable.Assemble(bootable.Disc{Label: "ANODIZE_PROD", Source: "COMMIT_0123", Time: time.Unix(1e9, 0)}, []byte("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "image.iso")
	write(t, name, string(image))
	err = (&call{args: []string{name}, folder: dir}).verify()
	if !errors.Is(err, errDiffers) || !strings.Contains(err.Error(), "built from commit_0123, and the tree stands at commit_") {
		t.Errorf("verified with %v", err)
	}
}

// packed is a file with the parts of a kernel's that are looked at: a header, and a
// compressed rest with an initramfs in it.
func packed(t *testing.T, rest string, programs ...bootable.Program) []byte {
	t.Helper()
	cmd := exec.Command("zstd", "-qc")
	cmd.Stdin = strings.NewReader(rest + string(bootable.Initramfs(programs)))
	payload, err := cmd.Output()
	if err != nil {
		t.Fatalf("zstd (Debian: zstd): %v", err)
	}
	k := make([]byte, 1024)
	k[0x1f1] = 1
	copy(k[0x202:], "HdrS")
	binary.LittleEndian.PutUint32(k[0x24c:], uint32(len(payload)+4))
	return append(append(k, payload...), 0, 0, 0, 0)
}

func TestWhatDiffersIsNamed(t *testing.T) {
	said := bootable.Disc{Label: "ANODIZE_PROD", Source: "COMMIT_1", Time: time.Unix(1e9, 0).UTC()}
	first, second := bootable.Program{Name: "init", Data: []byte("first")}, bootable.Program{Name: "anodize-ceremony", Data: []byte("second")}
	image := func(d bootable.Disc, kernel []byte) []byte {
		t.Helper()
		image, err := bootable.Assemble(d, kernel)
		if err != nil {
			t.Fatal(err)
		}
		return image
	}
	built := image(said, packed(t, "kernel", first, second))
	other := said
	other.Label = "ANODIZE_DEV"
	beside := bytes.Clone(built)
	beside[440]++ // in the boot code, which belongs to no file
	const kernel = "EFI/BOOT/BOOTX64.EFI"
	for name, c := range map[string]struct {
		given []byte
		want  []string
	}{
		"nothing":     {built, nil},
		"the label":   {image(other, packed(t, "kernel", first, second)), []string{"the disc says"}},
		"the kernel":  {image(said, packed(t, "Kernel", first, second)), []string{kernel + " differs", kernel + ":vmlinux differs"}},
		"a program":   {image(said, packed(t, "kernel", first, bootable.Program{Name: second.Name, Data: []byte("third")})), []string{kernel + " differs", kernel + ":initramfs/anodize-ceremony differs: 5 bytes, not 6"}},
		"one more":    {image(said, packed(t, "kernel", first, second, bootable.Program{Name: "shell"})), []string{kernel + " differs", kernel + ":initramfs/shell is in the image"}},
		"one less":    {image(said, packed(t, "kernel", first)), []string{kernel + " differs", kernel + ":initramfs/anodize-ceremony is missing"}},
		"around them": {beside, []string{"what lies around them"}},
	} {
		got, err := compare(c.given, built)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: the differences are %q, %v", name, got, err)
			continue
		}
		for i := range got {
			if !strings.Contains(got[i], c.want[i]) {
				t.Errorf("%s: a difference is %q, not %q", name, got[i], c.want[i])
			}
		}
	}
}
