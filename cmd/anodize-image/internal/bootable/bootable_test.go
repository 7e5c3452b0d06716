package bootable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var disc = Disc{Label: "ANODIZE_PROD", Source: "COMMIT_0123", Time: time.Date(2026, 4, 25, 14, 30, 22, 0, time.UTC)}

var programs = []Program{{"init", []byte("first")}, {"anodize-ceremony", bytes.Repeat([]byte("second "), 1000)}}

// kernel is a file that has the parts of a kernel's which Unpack reads: a header, and
// in it where the compressed rest lies, which is an initramfs between other things.
func kernel(t testing.TB, rest []byte) []byte {
	t.Helper()
	cmd := exec.Command("zstd", "-qc")
	cmd.Stdin = bytes.NewReader(rest)
	packed, err := cmd.Output()
	if err != nil {
		t.Fatalf("zstd (Debian: zstd): %v", err)
	}
	k := make([]byte, 2*512+100)
	k[setupSectors] = 1
	copy(k[setupMagic:], "HdrS")
	binary.LittleEndian.PutUint32(k[payloadOffset:], 100)
	binary.LittleEndian.PutUint32(k[payloadLength:], uint32(len(packed)+4))
	k = append(k, packed...)
	return binary.LittleEndian.AppendUint32(k, uint32(len(rest)))
}

func vmlinux() []byte {
	return append(append([]byte("before, and 07070100000001 that is none"), Initramfs(programs)...), "after"...)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q (Debian: xorriso, dosfstools, mtools): %v\n%s", name, args, err, out)
	}
	return string(out)
}

// xorriso takes the partition out of the disc, fsck.fat finds nothing wrong with it,
// and mtools takes the kernel out of it.
func TestForeignToolsFindTheKernel(t *testing.T) {
	for _, size := range []int{1, 4 << 20, 7<<20 + 333, 14 << 20} {
		want := bytes.Repeat([]byte("kernel "), size/7+1)
		image, err := Assemble(disc, want)
		if err != nil {
			t.Fatal(err)
		}
		if over := len(image) - len(want); size > 4<<20 && over > size/40+256<<10 {
			t.Errorf("a kernel of %d bytes makes an image of %d more", len(want), over)
		}
		dir := t.TempDir()
		name, partition := filepath.Join(dir, "image.iso"), filepath.Join(dir, "partition")
		if err := os.WriteFile(name, image, 0o600); err != nil {
			t.Fatal(err)
		}
		run(t, "xorriso", "-osirrox", "on", "-indev", "stdio:"+name, "-extract", "/ESP.IMG", partition)
		run(t, "/usr/sbin/fsck.fat", "-n", partition)
		if got := run(t, "mtype", "-i", partition, "::EFI/BOOT/BOOTX64.EFI"); got != string(want) {
			t.Errorf("mtools finds %d bytes, not %d", len(got), len(want))
		}
	}
}

func TestWhatWasAssembledIsFoundAgain(t *testing.T) {
	k := kernel(t, vmlinux())
	image, err := Assemble(disc, k)
	if err != nil {
		t.Fatal(err)
	}
	said, parts, err := Open(image)
	if err != nil || said != disc || !reflect.DeepEqual(parts, []Part{{Kernel, k}}) {
		t.Fatalf("opened %v with %d files, %v", said, len(parts), err)
	}
	inside, err := Unpack(k)
	if err != nil {
		t.Fatal(err)
	}
	want := []Part{
		{"vmlinux", []byte("before, and 07070100000001 that is noneafter")},
		{"initramfs/dev", []byte("755 1 0:0\n")}, {"initramfs/dev/console", []byte("600 2 5:1\n")}, {"initramfs/dev/null", []byte("666 2 1:3\n")},
		{"initramfs/init", programs[0].Data}, {"initramfs/anodize-ceremony", programs[1].Data},
	}
	if !reflect.DeepEqual(inside, want) {
		t.Errorf("inside are %v", inside)
	}
}

func TestANameThatIsMeantForATerminalIsRefused(t *testing.T) {
	image, err := Assemble(disc, []byte("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	entry := image[bytes.Index(image, []byte("EFI        \x10")):][:32]
	copy(entry, "E\x1b[2J")
	if _, _, err := Open(image); err == nil || !strings.Contains(err.Error(), `"E\x1b[2J"`) {
		t.Errorf("opened with %v", err)
	}
}

func TestAPartitionWithMuchElseIsRefused(t *testing.T) {
	image, err := Assemble(disc, []byte("kernel"))
	if err != nil {
		t.Fatal(err)
	}
	entry := image[bytes.Index(image, []byte("EFI        \x10")):][:32]
	for i := 1; i <= maxSeen; i++ { // the same folder again and again
		copy(image[bytes.Index(image, []byte("EFI        \x10"))+32*i:], entry)
	}
	if _, _, err := Open(image); err == nil || !strings.Contains(err.Error(), "more than 16 files") {
		t.Errorf("opened with %v", err)
	}
}

func TestWhatIsNoKernelOfOursIsRefused(t *testing.T) {
	whole := kernel(t, vmlinux())
	beyond := bytes.Clone(whole)
	binary.LittleEndian.PutUint32(beyond[payloadOffset:], 1<<31)
	for name, data := range map[string][]byte{
		"nothing":                    nil,
		"a short file":               whole[:setupEnd-1],
		"a payload behind the end":   beyond,
		"half a payload":             append(bytes.Clone(whole[:1200]), make([]byte, len(whole)-1200)...),
		"a kernel without initramfs": kernel(t, []byte("only a kernel")),
		"a program's name that is meant for a terminal": kernel(t, Initramfs([]Program{{"init\x1b[2J", nil}})),
	} {
		if _, err := Unpack(data); !errors.Is(err, ErrKernel) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
