package usb

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestTheStructuresAreTheKernels(t *testing.T) {
	var b bulkTransfer
	want := map[string]uintptr{
		"USBDEVFS_BULK": requestBulk, "USBDEVFS_CLAIMINTERFACE": requestClaimInterface,
		"size": unsafe.Sizeof(b), "ep": unsafe.Offsetof(b.endpoint), "len": unsafe.Offsetof(b.length),
		"timeout": unsafe.Offsetof(b.timeout), "data": unsafe.Offsetof(b.data),
	}
	var c strings.Builder
	c.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <sys/ioctl.h>\n#include <linux/usbdevice_fs.h>\nint main(void) {\n" +
		"printf(\"USBDEVFS_BULK %lu\\nUSBDEVFS_CLAIMINTERFACE %lu\\n\", (unsigned long)USBDEVFS_BULK, (unsigned long)USBDEVFS_CLAIMINTERFACE);\n" +
		"printf(\"size %zu\\n\", sizeof(struct usbdevfs_bulktransfer));\n")
	for _, field := range []string{"ep", "len", "timeout", "data"} {
		fmt.Fprintf(&c, "printf(\"%s %%zu\\n\", offsetof(struct usbdevfs_bulktransfer, %s));\n", field, field)
	}
	c.WriteString("return 0; }\n")
	got := map[string]uintptr{}
	for line := range strings.Lines(runC(t, c.String())) {
		var name string
		var value uintptr
		if _, err := fmt.Sscanf(line, "%s %d", &name, &value); err != nil {
			t.Fatalf("the C program printed %q: %v", line, err)
		}
		got[name] = value
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %#x here and %#x in C", name, value, got[name])
		}
	}
}

func TestWhatIsNoDevice(t *testing.T) {
	if _, err := openNode(filepath.Join(t.TempDir(), "007")); !errors.Is(err, unix.ENOENT) {
		t.Errorf("no node: %v", err)
	}
	if _, err := openNode("/dev/null"); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("/dev/null: %v", err)
	}
	if _, err := fileNode(-1).bulk(endpointIn, make([]byte, 1), time.Second); !errors.Is(err, unix.EBADF) {
		t.Errorf("no descriptor: %v", err)
	}
}

// runC compiles and runs a C program and returns what it prints.
func runC(t *testing.T, source string) string {
	t.Helper()
	dir := t.TempDir()
	file, program := filepath.Join(dir, "a.c"), filepath.Join(dir, "a")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gcc", "-o", program, file).CombinedOutput(); err != nil {
		t.Fatalf("compiling with gcc (Debian: gcc libc6-dev): %v\n%s", err, out)
	}
	out, err := exec.Command(program).Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
