package usb

import (
	"errors"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Requests of usbfs on a 64-bit machine (include/uapi/linux/usbdevice_fs.h).
const (
	requestBulk           = 0xc0185502 // USBDEVFS_BULK
	requestClaimInterface = 0x8004550f // USBDEVFS_CLAIMINTERFACE
)

// bulkTransfer is struct usbdevfs_bulktransfer.
// TestTheStructuresAreTheKernels compares it with the C header.
type bulkTransfer struct {
	endpoint uint32
	length   uint32
	timeout  uint32 // ms; 0 is for ever
	data     unsafe.Pointer
}

// fileNode is the kernel's own.
type fileNode int

// openNode opens a device and claims its interface.
func openNode(path string) (kernel, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	n := fileNode(fd)
	number := uint32(interfaceNumber)
	if _, err := n.ioctl(requestClaimInterface, unsafe.Pointer(&number)); err != nil {
		return nil, errors.Join(os.NewSyscallError("USBDEVFS_CLAIMINTERFACE", err), n.close())
	}
	return n, nil
}

func (n fileNode) bulk(endpoint uint8, data []byte, timeout time.Duration) (int, error) {
	t := bulkTransfer{endpoint: uint32(endpoint), length: uint32(len(data)), timeout: uint32(max(1, timeout.Milliseconds()))}
	if len(data) > 0 {
		var p runtime.Pinner
		defer p.Unpin()
		p.Pin(&data[0])
		t.data = unsafe.Pointer(&data[0])
	}
	moved, err := n.ioctl(requestBulk, unsafe.Pointer(&t))
	if err != nil {
		return 0, os.NewSyscallError("USBDEVFS_BULK", err)
	}
	return min(moved, len(data)), nil
}

// ioctl is never repeated, not even after a signal: the transfer may have begun.
func (n fileNode) ioctl(request uintptr, argument unsafe.Pointer) (int, error) {
	r, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n), request, uintptr(argument))
	if errno != 0 {
		return 0, errno
	}
	return int(r), nil
}

func (n fileNode) close() error { return unix.Close(int(n)) }
