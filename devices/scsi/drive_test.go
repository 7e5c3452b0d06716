package scsi

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"anodize/devices/sim"
)

// fakeKernel answers SG_IO as a test says.
type fakeKernel struct {
	answer func(h *sgHeader, cdb, data []byte) error
	sent   int
	closed bool
}

func (k *fakeKernel) sgIO(h *sgHeader) error {
	k.sent++
	cdb := unsafe.Slice((*byte)(h.command), h.commandLength)
	var data []byte
	if h.transferLength > 0 {
		data = unsafe.Slice((*byte)(h.transfer), h.transferLength)
	}
	return k.answer(h, cdb, data)
}

func (k *fakeKernel) close() error {
	k.closed = true
	return nil
}

// setSense fills in sense data as the kernel would.
func setSense(h *sgHeader, sense ...byte) {
	copy(unsafe.Slice((*byte)(h.sense), h.maxSense), sense)
	h.status, h.driverStatus, h.senseWritten = statusCheckCondition, driverSense, uint8(len(sense))
}

// simulated is a kernel with a simulated drive behind it.
func simulated(d *sim.Drive) *fakeKernel {
	return &fakeKernel{answer: func(h *sgHeader, cdb, data []byte) error {
		var out, in []byte
		switch h.direction {
		case transferOut:
			out = data
		case transferIn:
			in = data
		}
		n, sense, err := d.Command(context.Background(), cdb, out, in, time.Duration(h.timeout)*time.Millisecond)
		if err != nil {
			return unix.EIO
		}
		h.residue = int32(len(in) - n)
		if sense != nil {
			setSense(h, sense...)
		}
		return nil
	}}
}

var inquiryCDB = []byte{0x12, 0, 0, 0, 36, 0}

func TestACommandReachesTheDriveAndItsAnswerComesBack(t *testing.T) {
	d := newDrive("sr0", simulated(sim.NewDrive()))
	in := make([]byte, 36)
	n, sense, err := d.Command(t.Context(), inquiryCDB, nil, in, time.Second)
	if err != nil || sense != nil || n != 36 || in[0]&0x1F != 5 {
		t.Fatalf("INQUIRY gave %d bytes % X, sense % X, %v", n, in, sense, err)
	}
	_, sense, err = d.Command(t.Context(), make([]byte, 6), nil, nil, time.Second)
	if err != nil || len(sense) < 14 {
		t.Fatalf("TEST UNIT READY of an empty drive gave sense % X, %v", sense, err)
	}
}

func TestTheHeaderSaysWhatIsMovedWhere(t *testing.T) {
	data := []byte{1, 2, 3}
	for _, c := range []struct {
		name      string
		out, in   []byte
		direction int32
	}{{"nothing", nil, nil, transferNone}, {"out", data, nil, transferOut}, {"in", nil, data, transferIn}} {
		t.Run(c.name, func(t *testing.T) {
			k := &fakeKernel{answer: func(h *sgHeader, cdb, moved []byte) error {
				if h.interfaceID != 'S' || h.direction != c.direction || int(h.transferLength) != len(moved) || h.timeout != 1500 || h.maxSense == 0 {
					t.Errorf("header %+v", h)
				}
				if len(cdb) != 6 || cdb[0] != 0x12 || len(moved) > 0 && &moved[0] != &data[0] {
					t.Errorf("command % X, data % X", cdb, moved)
				}
				return nil
			}}
			if _, _, err := newDrive("sr0", k).Command(t.Context(), inquiryCDB, c.out, c.in, 1500*time.Millisecond); err != nil || k.sent != 1 {
				t.Errorf("%v after %d commands", err, k.sent)
			}
		})
	}
}

func TestAnswersOfTheKernel(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(h *sgHeader) error
		n      int
		sense  []byte
		is     error  // nil: any
		text   string // empty: no error
	}{
		{"all arrived", func(h *sgHeader) error { return nil }, 36, nil, nil, ""},
		{"less arrived", func(h *sgHeader) error { h.residue = 30; return nil }, 6, nil, nil, ""},
		{"more arrived than was asked for", func(h *sgHeader) error { h.residue = -1; return nil }, 0, nil, nil, "37 bytes"},
		{"less than nothing arrived", func(h *sgHeader) error { h.residue = 37; return nil }, 0, nil, nil, "-1 bytes"},
		{"sense data of no error is not passed on", func(h *sgHeader) error { setSense(h, 0x70, 0, 1); h.status = 0; return nil }, 36, nil, nil, ""},
		{"check condition", func(h *sgHeader) error { setSense(h, 0x72, 2, 4, 8); h.residue = 36; return nil }, 0, []byte{0x72, 2, 4, 8}, nil, ""},
		{"check condition that the kernel classed as a medium error", func(h *sgHeader) error {
			setSense(h, 0x72, 3, 0x11, 0)
			h.hostStatus, h.residue = 0x13, 36
			return nil
		}, 0, []byte{0x72, 3, 0x11, 0}, nil, ""},
		{"a class without sense data", func(h *sgHeader) error { h.hostStatus = 0x13; return nil }, 0, nil, nil, "13h"},
		{"check condition without sense", func(h *sgHeader) error { h.status = 2; return nil }, 0, nil, nil, "reason was lost"},
		{"busy", func(h *sgHeader) error { h.status = 8; return nil }, 0, nil, nil, "busy"},
		{"no answer in time", func(h *sgHeader) error { h.hostStatus = hostTimeOut; return nil }, 0, nil, nil, "in time"},
		{"reset, with sense data of before", func(h *sgHeader) error { setSense(h, 0x72, 2, 4, 8); h.hostStatus = hostReset; return nil }, 0, nil, nil, "reset"},
		{"a host status of a later kernel", func(h *sgHeader) error { h.hostStatus = 0x77; return nil }, 0, nil, nil, "77h"},
		{"a driver's error", func(h *sgHeader) error { h.driverStatus = 6; return nil }, 0, nil, nil, "driver status 06h"},
		{"pulled out before", func(h *sgHeader) error { return unix.ENODEV }, 0, nil, ErrGone, "cable"},
		{"pulled out meanwhile", func(h *sgHeader) error { h.hostStatus = hostNoConnect; return nil }, 0, nil, ErrGone, "cable"},
		{"not allowed", func(h *sgHeader) error { return unix.EPERM }, 0, nil, unix.EPERM, "user"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &fakeKernel{answer: func(h *sgHeader, _, _ []byte) error { return c.answer(h) }}
			n, sense, err := newDrive("sr0", k).Command(t.Context(), inquiryCDB, nil, make([]byte, 36), time.Second)
			if k.sent != 1 {
				t.Errorf("the command was sent %d times", k.sent)
			}
			if n != c.n || !bytes.Equal(sense, c.sense) || (sense == nil) != (c.sense == nil) {
				t.Errorf("%d bytes and sense % X, not %d and % X", n, sense, c.n, c.sense)
			}
			if (err != nil) != (c.text != "") || err != nil && !strings.Contains(err.Error(), c.text) || c.is != nil && !errors.Is(err, c.is) {
				t.Errorf("error %v, not one with %q that is %v", err, c.text, c.is)
			}
		})
	}
}

func TestAWriteWithNonsenseInItsResidueIsTakenByItsStatus(t *testing.T) {
	k := &fakeKernel{answer: func(h *sgHeader, _, _ []byte) error { h.residue = 1 << 30; return nil }}
	if n, sense, err := newDrive("sr0", k).Command(t.Context(), make([]byte, 10), make([]byte, 2048), nil, time.Second); n != 0 || sense != nil || err != nil {
		t.Errorf("%d, % X, %v", n, sense, err)
	}
}

func TestWhatIsNotSent(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		cdb     []byte
		out, in []byte
		timeout time.Duration
	}{
		{"after the end of the context", ended, inquiryCDB, nil, nil, time.Second},
		{"too short a command", t.Context(), make([]byte, 5), nil, nil, time.Second},
		{"too long a command", t.Context(), make([]byte, 17), nil, nil, time.Second},
		{"data both ways", t.Context(), inquiryCDB, []byte{1}, []byte{1}, time.Second},
		{"too much out", t.Context(), inquiryCDB, make([]byte, MaxTransfer+1), nil, time.Second},
		{"too much in", t.Context(), inquiryCDB, nil, make([]byte, MaxTransfer+1), time.Second},
		{"for ever", t.Context(), inquiryCDB, nil, nil, 0},
		{"longer than the header can say", t.Context(), inquiryCDB, nil, nil, 1000 * time.Hour},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := &fakeKernel{}
			if _, _, err := newDrive("sr0", k).Command(c.ctx, c.cdb, c.out, c.in, c.timeout); err == nil || k.sent != 0 {
				t.Errorf("%v after %d commands", err, k.sent)
			}
		})
	}
}

func TestAClosedDriveSaysSo(t *testing.T) {
	k := &fakeKernel{}
	d := newDrive("sr0", k)
	if err := errors.Join(d.Close(), d.Close()); err != nil || !k.closed {
		t.Fatalf("closing: %v", err)
	}
	if _, _, err := d.Command(t.Context(), inquiryCDB, nil, nil, time.Second); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a command after Close gives %v", err)
	}
}
