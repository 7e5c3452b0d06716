package qemu

import (
	"bytes"
	"fmt"
	"path"
)

// Modes of a cpio entry, as in stat(2).
const (
	cpioFolder    = 0o040755
	cpioProgram   = 0o100755
	cpioCharacter = 0o020600
)

// archive writes an initramfs: a cpio archive in the "newc" format of
// Documentation/driver-api/early-userspace/buffer-format.rst.
type archive struct {
	buf     bytes.Buffer
	inode   int
	folders map[string]bool
}

// newArchive holds /dev/console and /dev/null, without which a Go program dies as
// PID 1: it has no standard files.
func newArchive() *archive {
	a := &archive{folders: map[string]bool{".": true, "/": true}}
	a.folder("dev")
	a.entry("dev/console", cpioCharacter, 5, 1, nil)
	a.entry("dev/null", cpioCharacter, 1, 3, nil)
	for _, name := range []string{"proc", "sys", "tmp"} {
		a.folder(name)
	}
	return a
}

// file adds a file that may be run, and the folders above it.
func (a *archive) file(name string, data []byte) {
	name = path.Clean(name)
	a.folder(path.Dir(name))
	a.entry(name, cpioProgram, 0, 0, data)
}

func (a *archive) folder(name string) {
	if a.folders[name] {
		return
	}
	a.folder(path.Dir(name))
	a.folders[name] = true
	a.entry(name, cpioFolder, 0, 0, nil)
}

func (a *archive) entry(name string, mode, major, minor int, data []byte) {
	a.inode++
	// Inode, mode, owner, group, links, mtime, size, device, device node, length of
	// the name with its zero byte, checksum.
	fmt.Fprintf(&a.buf, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%s\x00",
		a.inode, mode, 0, 0, 1, 0, len(data), 0, 0, major, minor, len(name)+1, 0, name)
	a.pad()
	a.buf.Write(data)
	a.pad()
}

// pad fills up to four bytes, where headers and contents begin.
func (a *archive) pad() {
	for a.buf.Len()%4 != 0 {
		a.buf.WriteByte(0)
	}
}

// close ends the archive and returns it.
func (a *archive) close() []byte {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.buf.Bytes()
}
