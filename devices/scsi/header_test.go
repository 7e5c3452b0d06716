package scsi

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

// offsets are the places of struct sg_io_hdr's fields, by their names in C.
func offsets() map[string]uintptr {
	var h sgHeader
	return map[string]uintptr{
		"interface_id": unsafe.Offsetof(h.interfaceID), "dxfer_direction": unsafe.Offsetof(h.direction),
		"cmd_len": unsafe.Offsetof(h.commandLength), "mx_sb_len": unsafe.Offsetof(h.maxSense),
		"iovec_count": unsafe.Offsetof(h.iovecCount), "dxfer_len": unsafe.Offsetof(h.transferLength),
		"dxferp": unsafe.Offsetof(h.transfer), "cmdp": unsafe.Offsetof(h.command), "sbp": unsafe.Offsetof(h.sense),
		"timeout": unsafe.Offsetof(h.timeout), "flags": unsafe.Offsetof(h.flags), "pack_id": unsafe.Offsetof(h.packID),
		"usr_ptr": unsafe.Offsetof(h.userPointer), "status": unsafe.Offsetof(h.status),
		"masked_status": unsafe.Offsetof(h.maskedStatus), "msg_status": unsafe.Offsetof(h.messageStatus),
		"sb_len_wr": unsafe.Offsetof(h.senseWritten), "host_status": unsafe.Offsetof(h.hostStatus),
		"driver_status": unsafe.Offsetof(h.driverStatus), "resid": unsafe.Offsetof(h.residue),
		"duration": unsafe.Offsetof(h.duration), "info": unsafe.Offsetof(h.info),
	}
}

func TestTheHeaderIsTheKernels(t *testing.T) {
	want := map[string]uintptr{
		"size": unsafe.Sizeof(sgHeader{}), "SG_IO": requestSGIO,
		"SG_DXFER_NONE": abs(transferNone), "SG_DXFER_TO_DEV": abs(transferOut), "SG_DXFER_FROM_DEV": abs(transferIn),
	}
	var c strings.Builder
	c.WriteString("#include <stdio.h>\n#include <stddef.h>\n#include <scsi/sg.h>\nint main(void) {\n" +
		"printf(\"size %zu\\nSG_IO %d\\n\", sizeof(struct sg_io_hdr), SG_IO);\n" +
		"printf(\"SG_DXFER_NONE %d\\nSG_DXFER_TO_DEV %d\\nSG_DXFER_FROM_DEV %d\\n\", -SG_DXFER_NONE, -SG_DXFER_TO_DEV, -SG_DXFER_FROM_DEV);\n")
	for name, at := range offsets() {
		want[name] = at
		fmt.Fprintf(&c, "printf(\"%s %%zu\\n\", offsetof(struct sg_io_hdr, %s));\n", name, name)
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
			t.Errorf("%s is %d here and %d in C", name, value, got[name])
		}
	}
}

func abs(n int) uintptr { return uintptr(max(n, -n)) }

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
