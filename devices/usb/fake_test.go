package usb

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/sim"
)

// wire is a bulk connection to a simulated device: transfers in packets out of
// which messages are put together, as the device's controller does it.
type wire struct {
	hsm      *sim.HSM
	got      []byte   // of a message that is not complete yet
	answers  [][]byte // to be read
	failures map[string]error
	writes   int
	reads    int
	closed   bool
	mangle   func([]byte) []byte
	silent   bool // answers are lost
	endless  bool // it never stops sending
	accepted int  // of a write; 0 is all
}

// fail makes the n-th write or read (from 1) fail: "write 1".
func (w *wire) fail(what string, err error) *wire {
	w.failures = map[string]error{what: err}
	return w
}

func (w *wire) bulk(endpoint uint8, data []byte, _ time.Duration) (int, error) {
	if endpoint == 0x01 {
		return w.write(data)
	}
	return w.read(data)
}

func (w *wire) write(data []byte) (int, error) {
	w.writes++
	if err := w.failures[fmt.Sprint("write ", w.writes)]; err != nil {
		return 0, err
	}
	if w.accepted > 0 {
		return w.accepted, nil
	}
	w.got = append(w.got, data...)
	if len(data)%64 != 0 || len(data) == 0 { // a packet that is not full
		answer, err := w.hsm.Exchange(context.Background(), w.got)
		w.got = nil
		if err == nil && !w.silent {
			if w.mangle != nil {
				answer = w.mangle(answer)
			}
			w.answers = append(w.answers, answer)
		}
	}
	return len(data), nil
}

func (w *wire) read(data []byte) (int, error) {
	w.reads++
	if err := w.failures[fmt.Sprint("read ", w.reads)]; err != nil {
		return 0, err
	}
	if w.endless {
		return 1, nil
	}
	if len(w.answers) == 0 {
		return 0, unix.ETIMEDOUT
	}
	n := copy(data, w.answers[0])
	w.answers = w.answers[1:]
	return n, nil
}

func (w *wire) close() error {
	w.closed = true
	return nil
}

// fakeBus is a bus that a test plugs devices into. Its time passes only in sleep.
type fakeBus struct {
	found   []Location
	wires   map[string]*wire // by node
	refuse  error            // what opening answers
	elapsed time.Duration
	at      map[time.Duration]func() // what happens when
}

func (f *fakeBus) bus() bus {
	return bus{
		find: func() ([]Location, error) { return f.found, nil },
		open: func(node string) (kernel, error) {
			if f.refuse != nil {
				return nil, f.refuse
			}
			w, ok := f.wires[node]
			if !ok {
				return nil, unix.ENOENT
			}
			return w, nil
		},
		sleep: func(ctx context.Context, t time.Duration) error {
			f.elapsed += t
			if happen := f.at[f.elapsed]; happen != nil {
				happen()
			}
			return ctx.Err()
		},
	}
}

var home = Location{Serial: "0034332673", Node: "/dev/bus/usb/001/007", ID: "1-2 7"}

// plugged is a bus with one device behind w.
func plugged(w *wire) *fakeBus {
	if w.hsm == nil {
		w.hsm = sim.NewHSM(34332673)
	}
	return &fakeBus{found: []Location{home}, wires: map[string]*wire{home.Node: w}}
}
