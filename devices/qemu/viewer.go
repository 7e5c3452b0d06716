package qemu

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Resize makes the machine's monitor one that prefers width × height pixels, as
// dragging the corner of a viewer's window does. The adapter must be VirtioGPU.
func (vm *VM) Resize(width, height int) {
	vm.t.Helper()
	if vm.viewer == nil {
		vm.viewer = vm.dial("vnc")
		if err := greet(vm.viewer); err != nil {
			vm.t.Fatalf("connecting to the machine's monitor: %v", err)
		}
		go func() { _, _ = io.Copy(io.Discard, vm.viewer) }() // ends with the machine
	}
	// SetDesktopSize: one screen that fills the desktop.
	m := []byte{251, 0}
	m = binary.BigEndian.AppendUint16(m, uint16(width))
	m = binary.BigEndian.AppendUint16(m, uint16(height))
	m = append(m, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0)
	m = binary.BigEndian.AppendUint16(m, uint16(width))
	m = binary.BigEndian.AppendUint16(m, uint16(height))
	m = append(m, 0, 0, 0, 0)
	if _, err := vm.viewer.Write(m); err != nil {
		vm.t.Fatalf("resizing the machine's monitor: %v", err)
	}
}

// greet begins a conversation in the remote framebuffer protocol (RFC 6143, 7.1
// to 7.3), without a password.
func greet(c net.Conn) error {
	version := make([]byte, 12)
	if _, err := io.ReadFull(c, version); err != nil {
		return err
	}
	if _, err := c.Write([]byte("RFB 003.008\n")); err != nil {
		return err
	}
	count := make([]byte, 1)
	if _, err := io.ReadFull(c, count); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, make([]byte, count[0])); err != nil {
		return err
	}
	if _, err := c.Write([]byte{1}); err != nil { // no authentication
		return err
	}
	result := make([]byte, 4)
	if _, err := io.ReadFull(c, result); err != nil {
		return err
	}
	if binary.BigEndian.Uint32(result) != 0 {
		return fmt.Errorf("%q refused the viewer", version)
	}
	if _, err := c.Write([]byte{1}); err != nil { // shared
		return err
	}
	_, err := io.ReadFull(c, make([]byte, 24)) // size, pixels, length of the name
	if err != nil {
		return err
	}
	// SetEncodings: raw, and ExtendedDesktopSize.
	_, err = c.Write([]byte{2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xfe, 0xcc})
	return err
}
