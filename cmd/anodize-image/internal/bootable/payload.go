package bootable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"

	"anodize/cmd/anodize-image/internal/cpio"
)

// Where the kernel's setup header says what (Documentation/x86/boot.rst).
const (
	setupSectors  = 0x1f1
	setupMagic    = 0x202 // after "HdrS"
	payloadOffset = 0x248
	payloadLength = 0x24c
	setupEnd      = 0x250

	maxUnpacked = 256 << 20
)

// ErrKernel says that something is not a kernel with an initramfs inside.
var ErrKernel = errors.New("not a kernel as this program builds them")

// Unpack returns what a kernel carries inside: the kernel proper, under the name
// "vmlinux" and without its initramfs, and what is in the initramfs. Debian's zstd
// unpacks it.
func Unpack(kernel []byte) ([]Part, error) {
	if len(kernel) < setupEnd || string(kernel[setupMagic:setupMagic+4]) != "HdrS" {
		return nil, ErrKernel
	}
	begin := (int(kernel[setupSectors])+1)*512 + int(binary.LittleEndian.Uint32(kernel[payloadOffset:]))
	length := int(binary.LittleEndian.Uint32(kernel[payloadLength:])) - 4 // without its length, at its end
	if length <= 0 || begin > len(kernel)-length {
		return nil, ErrKernel
	}
	vmlinux, err := unzstd(kernel[begin : begin+length])
	if err != nil {
		return nil, fmt.Errorf("unpacking the kernel: %w", err)
	}
	entries, at, end := findArchive(vmlinux)
	if entries == nil {
		return nil, fmt.Errorf("%w: no initramfs is inside", ErrKernel)
	}
	parts := []Part{{Path: "vmlinux", Data: append(bytes.Clone(vmlinux[:at]), vmlinux[end:]...)}}
	for _, e := range entries {
		if !plain(e.Name) {
			return nil, fmt.Errorf("%w: a file of its initramfs is called %q", ErrKernel, e.Name)
		}
		parts = append(parts, Part{Path: "initramfs/" + e.Name, Data: describe(e)})
	}
	return parts, nil
}

// describe is an entry's contents, with its kind and permissions where they are not
// those of a program.
func describe(e cpio.Entry) []byte {
	if e.Kind == cpio.File && e.Permissions == 0o755 {
		return e.Data
	}
	return append(fmt.Appendf(nil, "%o %d %d:%d\n", e.Permissions, e.Kind, e.Major, e.Minor), e.Data...)
}

// findArchive looks for the archive that begins with the folder /dev.
func findArchive(data []byte) (entries []cpio.Entry, begin, end int) {
	magic := []byte("07070100000001")
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], magic)
		if next < 0 {
			return nil, 0, 0
		}
		at += next
		if entries, length, err := cpio.Read(data[at:]); err == nil && len(entries) > 0 {
			return entries, at, at + length
		}
	}
}

func unzstd(data []byte) ([]byte, error) {
	cmd := exec.Command("zstd", "-dcq", "--long=31")
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w; install Debian's zstd", err)
	}
	unpacked, err := io.ReadAll(io.LimitReader(out, maxUnpacked))
	if err != nil || len(unpacked) == maxUnpacked {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("%w: its payload is larger than %d bytes or cannot be read: %v", ErrKernel, maxUnpacked, err)
	}
	if err := cmd.Wait(); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrKernel, bytes.TrimSpace(complaint.Bytes()))
	}
	return unpacked, nil
}
