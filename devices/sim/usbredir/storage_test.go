package usbredir

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"anodize/devices/sim"
)

// wrapper is a command block wrapper, Bulk-Only Transport 1.0 table 5.1.
func wrapper(tag uint32, length int, in bool, cdb ...byte) []byte {
	b := append([]byte("USBC"), binary.LittleEndian.AppendUint32(nil, tag)...)
	b = binary.LittleEndian.AppendUint32(b, uint32(length))
	var flags byte
	if in {
		flags = 0x80
	}
	b = append(b, flags, 0, byte(len(cdb)))
	return append(append(b, cdb...), make([]byte, 16-len(cdb))...)
}

// answer is what a scripted target says to a command.
type answer struct {
	data  []byte
	sense []byte
	err   error
}

func (a answer) Command(_ context.Context, _, out, in []byte, _ time.Duration) (int, []byte, error) {
	if len(a.data) > len(in) {
		return 0, nil, fmt.Errorf("%w: more than asked for", sim.ErrDriveTransfer)
	}
	return copy(in, a.data), a.sense, a.err
}

// dialogue is what a host does with a command that reads length bytes: it reads the
// data, clears what halts, and reads the status.
func dialogue(t *testing.T, m *MassStorage, length int) (data []byte, stalls int, status []byte) {
	t.Helper()
	if err := m.BulkOut(t.Context(), storageOut, wrapper(7, length, true, 0x12, 0, 0, 0, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if length > 0 {
		part, err := m.BulkIn(t.Context(), storageIn, length)
		if data = part; errors.Is(err, ErrStall) {
			stalls++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		part, err := m.BulkIn(t.Context(), storageIn, wrapperStatus)
		if err == nil {
			return data, stalls, part
		}
		stalls++
	}
	t.Fatal("there is no status")
	return nil, 0, nil
}

// The cases of section 6.7 that read.
func TestWhatAHostReads(t *testing.T) {
	refused := append([]byte{0x70, 0, 5}, make([]byte, 15)...)
	for _, c := range []struct {
		name    string
		target  answer
		asked   int
		data    int
		stalls  int
		status  byte
		residue uint32
	}{
		{"all of it", answer{data: make([]byte, 36)}, 36, 36, 0, commandPassed, 0},
		{"full packets", answer{data: make([]byte, 1024)}, 1024, 1024, 0, commandPassed, 0},
		{"less, in a short packet", answer{data: make([]byte, 36)}, 255, 36, 1, commandPassed, 219},
		{"less, in full packets", answer{data: make([]byte, 512)}, 1024, 512, 1, commandPassed, 512},
		{"nothing", answer{}, 64, 0, 1, commandPassed, 64},
		{"nothing, and it asks for nothing", answer{}, 0, 0, 0, commandPassed, 0},
		{"a refusal", answer{sense: refused}, 2048, 0, 1, commandFailed, 2048},
		{"a refusal without data", answer{sense: refused}, 0, 0, 0, commandFailed, 0},
		{"data and a refusal", answer{data: make([]byte, 2048), sense: refused}, 4096, 2048, 1, commandFailed, 2048},
		{"less than there is", answer{data: make([]byte, 100)}, 64, 0, 1, phaseError, 64},
		{"more than the device carries", answer{}, MaxCommandData + 1, 0, 1, phaseError, MaxCommandData + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, stalls, status := dialogue(t, NewMassStorage(c.target, "0123456789AB"), c.asked)
			if len(data) != c.data || stalls != c.stalls {
				t.Errorf("%d bytes and %d stalls, not %d and %d", len(data), stalls, c.data, c.stalls)
			}
			want := append([]byte("USBS\x07\x00\x00\x00"), binary.LittleEndian.AppendUint32(nil, c.residue)...)
			if want = append(want, c.status); !bytes.Equal(status, want) {
				t.Errorf("status % X, not % X", status, want)
			}
		})
	}
}

// taker keeps what was written.
type taker struct{ got [][]byte }

func (k *taker) Command(_ context.Context, _, out, _ []byte, _ time.Duration) (int, []byte, error) {
	k.got = append(k.got, bytes.Clone(out))
	return 0, nil, nil
}

func TestWhatAHostWritesArrivesWhole(t *testing.T) {
	for _, parts := range [][]int{{2048}, {512, 1536}, {1024, 512, 512}, {31}, {MaxCommandData}} {
		var total int
		for _, n := range parts {
			total += n
		}
		data := bytes.Repeat([]byte{1, 2, 3}, total)[:total]
		k := &taker{}
		m := NewMassStorage(k, "0123456789AB")
		if err := m.BulkOut(t.Context(), storageOut, wrapper(1, total, false, 0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0)); err != nil {
			t.Fatal(err)
		}
		rest := data
		for _, n := range parts {
			if err := m.BulkOut(t.Context(), storageOut, rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		status, err := m.BulkIn(t.Context(), storageIn, 13)
		if err != nil || len(k.got) != 1 || !bytes.Equal(k.got[0], data) || string(status) != "USBS\x01\x00\x00\x00\x00\x00\x00\x00\x00" {
			t.Errorf("%v: %d commands, status % X, %v", parts, len(k.got), status, err)
		}
	}
}

// Section 6.6.1: both endpoints halt until Bulk-Only Mass Storage Reset, however
// often the host clears them.
func TestAWrapperThatIsNotValidHaltsTheDevice(t *testing.T) {
	good := wrapper(1, 0, false, 0, 0, 0, 0, 0, 0)
	change := func(at int, b byte) []byte {
		w := bytes.Clone(good)
		w[at] = b
		return w
	}
	write := wrapper(1, 1024, false, 0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0)
	for _, c := range []struct {
		name string
		sent [][]byte // the last of which is refused
	}{
		{"too short", [][]byte{good[:30]}},
		{"too long", [][]byte{append(bytes.Clone(good), 0)}},
		{"empty", [][]byte{nil}},
		{"another signature", [][]byte{change(3, 'S')}},
		{"another logical unit", [][]byte{change(13, 1)}},
		{"reserved flags", [][]byte{change(12, 1)}},
		{"no command", [][]byte{change(14, 0)}},
		{"a command of 17 bytes", [][]byte{change(14, 17)}},
		{"before the status of the last one is read", [][]byte{good, good}},
		{"more data than announced", [][]byte{write, make([]byte, 1536)}},
		{"data that ends early", [][]byte{write, make([]byte, 100)}},
		{"no data where some was announced", [][]byte{write, nil}},
		{"data of a command that is too long", [][]byte{wrapper(1, MaxCommandData+1, false, 0x2A, 0, 0, 0, 0, 0, 0, 0, 1, 0), make([]byte, 512)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := NewMassStorage(answer{}, "0123456789AB")
			for i, b := range c.sent {
				if err := m.BulkOut(t.Context(), storageOut, b); errors.Is(err, ErrStall) != (i == len(c.sent)-1) {
					t.Fatalf("transfer %d gives %v", i+1, err)
				}
			}
			for range 3 {
				_, in := m.BulkIn(t.Context(), storageIn, 13)
				if out := m.BulkOut(t.Context(), storageOut, good); !errors.Is(in, ErrStall) || !errors.Is(out, ErrStall) {
					t.Errorf("it goes on without a reset: %v, %v", in, out)
				}
			}
			if _, err := m.Control(Setup{Type: typeClassOut, Request: requestStorageReset}, nil); err != nil {
				t.Fatal(err)
			}
			if _, _, status := dialogue(t, m, 0); status[12] != commandPassed {
				t.Errorf("after the reset: % X", status)
			}
		})
	}
}

func TestClassRequests(t *testing.T) {
	m := NewMassStorage(answer{}, "0123456789AB")
	if b, err := m.Control(Setup{Type: typeClassIn, Request: requestMaxLUN, Length: 1}, nil); err != nil || !bytes.Equal(b, []byte{0}) {
		t.Errorf("Get Max LUN gives % X, %v", b, err)
	}
	for _, s := range []Setup{
		{Type: typeClassIn, Request: requestMaxLUN, Length: 2}, {Type: typeClassOut, Request: requestStorageReset, Value: 1},
		{Type: typeClassIn, Request: requestStorageReset}, {Type: 0xC1, Request: requestMaxLUN, Length: 1},
	} {
		if _, err := m.Control(s, nil); !errors.Is(err, ErrStall) {
			t.Errorf("%+v gives %v", s, err)
		}
	}
}

func TestADriveThatDoesNotAnswerIsSilentUntilAReset(t *testing.T) {
	m := NewMassStorage(answer{err: sim.ErrDriveTimeOut}, "0123456789AB")
	if err := m.BulkOut(t.Context(), storageOut, wrapper(1, 36, true, 0x12, 0, 0, 0, 36, 0)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := m.BulkIn(ctx, storageIn, 36); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a read gives %v", err)
	}
	m.Reset()
	m.target = answer{data: make([]byte, 36)}
	if data, _, status := dialogue(t, m, 36); len(data) != 36 || status[12] != commandPassed {
		t.Errorf("after the reset: %d bytes, % X", len(data), status)
	}
}

func TestADriveThatFailsLeavesTheBus(t *testing.T) {
	for _, c := range []struct{ failure, want error }{
		{sim.ErrDriveReset, ErrRestart}, {sim.ErrDriveNoPower, ErrGone}, {sim.ErrDriveGone, ErrGone}, {errors.New("the image is gone"), ErrGone},
	} {
		m := NewMassStorage(answer{err: c.failure}, "0123456789AB")
		if err := m.BulkOut(t.Context(), storageOut, wrapper(1, 0, false, 0, 0, 0, 0, 0, 0)); !errors.Is(err, c.want) {
			t.Errorf("%v gives %v, not %v", c.failure, err, c.want)
		}
	}
}

func TestAReadMayBeMadeInParts(t *testing.T) {
	data := bytes.Repeat([]byte{1, 2, 3, 4, 5}, 512)[:2048]
	m := NewMassStorage(answer{data: data}, "0123456789AB")
	if err := m.BulkOut(t.Context(), storageOut, wrapper(1, 2048, true, 0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0)); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for range 4 {
		part, err := m.BulkIn(t.Context(), storageIn, 512)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, part...)
	}
	if status, err := m.BulkIn(t.Context(), storageIn, 13); !bytes.Equal(got, data) || err != nil || len(status) != 13 {
		t.Errorf("%d bytes, % X, %v", len(got), status, err)
	}
}

// Whatever a host sends, the device answers or halts, and a reset brings it back.
func FuzzStorage(f *testing.F) {
	f.Add(wrapper(1, 36, true, 0x12, 0, 0, 0, 36, 0), []byte{}, uint16(36))
	f.Add(wrapper(1, 8, true, 0x46, 2, 0, 0, 0, 0, 0, 0, 8, 0), []byte{}, uint16(512))
	f.Add(wrapper(1, 28, false, 0xB6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 28, 0), make([]byte, 28), uint16(13))
	f.Fuzz(func(t *testing.T, first, second []byte, length uint16) {
		drive := sim.NewDrive()
		if err := drive.Insert(sim.NewDisc(0x0041)); err != nil {
			t.Fatal(err)
		}
		m := NewMassStorage(drive, "0123456789AB")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		for _, b := range [][]byte{first, second} {
			if err := m.BulkOut(ended, storageOut, b); err != nil && !errors.Is(err, ErrStall) {
				t.Fatalf("%X gives %v", b, err)
			}
			if data, _ := m.BulkIn(ended, storageIn, int(length)); len(data) > int(length) {
				t.Fatalf("%d bytes for %d", len(data), length)
			}
		}
		m.Reset()
		if _, _, status := dialogue(t, m, 36); status[12] > commandFailed {
			t.Errorf("after a reset: % X", status)
		}
	})
}
