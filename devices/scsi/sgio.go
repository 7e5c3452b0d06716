package scsi

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The request SG_IO, and the values that its header takes (include/scsi/sg.h).
const (
	requestSGIO = 0x2285

	interfaceID = 'S'

	transferNone = -1
	transferOut  = -2
	transferIn   = -3
)

// sgHeader is struct sg_io_hdr on a 64-bit machine.
// TestTheHeaderIsTheKernels compares it with the C header.
type sgHeader struct {
	interfaceID    int32
	direction      int32
	commandLength  uint8
	maxSense       uint8
	iovecCount     uint16
	transferLength uint32
	transfer       unsafe.Pointer
	command        unsafe.Pointer
	sense          unsafe.Pointer
	timeout        uint32 // ms
	flags          uint32
	packID         int32
	userPointer    unsafe.Pointer
	status         uint8
	maskedStatus   uint8
	messageStatus  uint8
	senseWritten   uint8
	hostStatus     uint16
	driverStatus   uint16
	residue        int32 // bytes not moved
	duration       uint32
	info           uint32
}

// senseSize is more than any sense data has (SPC-4 section 4.5.1).
const senseSize = 252

// request is a header and what it points to, held in place.
type request struct {
	header sgHeader
	cdb    []byte
	in     int // bytes asked for
	sense  [senseSize]byte
	pins   runtime.Pinner
}

func newRequest(cdb, out, in []byte, timeout time.Duration) *request {
	r := &request{cdb: append([]byte(nil), cdb...), in: len(in)}
	r.header = sgHeader{
		interfaceID: interfaceID, direction: transferNone,
		commandLength: uint8(len(cdb)), maxSense: senseSize,
		command: r.pin(&r.cdb[0]), sense: r.pin(&r.sense[0]),
		timeout: uint32(timeout.Milliseconds()),
	}
	if len(out) > 0 {
		r.move(transferOut, out)
	}
	if len(in) > 0 {
		r.move(transferIn, in)
	}
	return r
}

func (r *request) move(direction int32, data []byte) {
	r.header.direction, r.header.transferLength = direction, uint32(len(data))
	r.header.transfer = r.pin(&data[0])
}

func (r *request) pin(p *byte) unsafe.Pointer {
	r.pins.Pin(p)
	return unsafe.Pointer(p)
}

func (r *request) release() { r.pins.Unpin() }

// Status codes (SAM-5 section 5.3.1).
const (
	statusGood           = 0x00
	statusCheckCondition = 0x02
)

// answer reads what the kernel has filled in.
//
// What was not moved of a write is not looked at: USB bridges report nonsense
// there, GOOD means that the drive has taken the command whole, and what was burned
// is read back.
func (r *request) answer() (n int, sense []byte, err error) {
	h := &r.header
	sense = r.sense[:min(int(h.senseWritten), senseSize)]
	if err := hostError(h.hostStatus, len(sense) > 0); err != nil {
		return 0, nil, err
	}
	if h.driverStatus&driverMask != driverOK && h.driverStatus&driverMask != driverSense {
		return 0, nil, fmt.Errorf("the kernel's driver failed (driver status %02Xh)", h.driverStatus)
	}
	switch {
	case h.status == statusCheckCondition && len(sense) == 0:
		return 0, nil, errors.New("the drive refused the command and the reason was lost")
	case h.status != statusGood && h.status != statusCheckCondition:
		return 0, nil, fmt.Errorf("the drive answered with status %02Xh (%s)", h.status, statusWords[h.status])
	case h.status == statusGood:
		sense = nil
	}
	if r.in == 0 {
		return 0, sense, nil
	}
	n = r.in - int(h.residue)
	if n < 0 || n > r.in {
		return 0, nil, fmt.Errorf("%d bytes are said to have arrived for %d", n, r.in)
	}
	return n, sense, nil
}

var statusWords = map[uint8]string{
	0x04: "condition met", 0x08: "busy", 0x18: "reserved for another", 0x28: "task set full", 0x30: "ACA active", 0x40: "task aborted",
}

// Driver status, without its obsolete suggestions (drivers/scsi/sg.c).
const (
	driverMask  = 0x0F
	driverOK    = 0x00
	driverSense = 0x08
)

// Host status (include/scsi/scsi_status.h).
const (
	hostOK           = 0x00
	hostNoConnect    = 0x01
	hostTimeOut      = 0x03
	hostBadTarget    = 0x04
	hostReset        = 0x08
	hostTarget       = 0x10 // the first of four by which the kernel classes sense data
	hostMediumFailed = 0x13
)

var hostWords = map[uint16]string{
	0x02: "the bus stayed busy", hostTimeOut: "the drive did not answer in time", 0x05: "the command was aborted",
	0x06: "data was damaged on the way", 0x07: "the drive's connection failed", hostReset: "the drive or its bus was reset",
	0x0B: "the connection failed for a while", 0x0E: "the connection was interrupted",
}

// hostError is the failure that the host's side of the bus reports. The kernel puts
// some sense data into classes there; that is no failure of the bus.
func hostError(status uint16, sense bool) error {
	switch {
	case status == hostOK, sense && status >= hostTarget && status <= hostMediumFailed:
		return nil
	case status == hostNoConnect, status == hostBadTarget:
		return fmt.Errorf("%w (host status %02Xh)", ErrGone, status)
	}
	words, ok := hostWords[status]
	if !ok {
		words = "the connection to the drive failed"
	}
	return fmt.Errorf("%s (host status %02Xh)", words, status)
}

// fileNode is the kernel's own.
type fileNode int

// openNode opens without waiting for a disc (O_NONBLOCK; a write open would answer
// EROFS otherwise) and alone (O_EXCL).
func openNode(path string) (kernel, error) {
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_EXCL|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fileNode(fd), nil
}

func (n fileNode) sgIO(h *sgHeader) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(n), requestSGIO, uintptr(unsafe.Pointer(h))); errno != 0 {
		return os.NewSyscallError("SG_IO", errno)
	}
	return nil
}

func (n fileNode) close() error { return unix.Close(int(n)) }
