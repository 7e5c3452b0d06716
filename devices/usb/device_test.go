package usb

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
	"pgregory.net/rapid"

	"anodize/devices/sim"
)

// echo is the message that a YubiHSM answers with the same data (User Guide, ECHO).
func echo(data []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{0x01}, uint16(len(data))), data...)
}

func opened(t *testing.T, w *wire) *Device {
	t.Helper()
	d, err := open(plugged(w).bus(), home)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// The empty packet after a message that fills its last packet is what makes the
// simulated controller see the end of it.
func TestMessagesOfEveryLengthArriveWhole(t *testing.T) {
	d := opened(t, &wire{})
	rapid.Check(t, func(t *rapid.T) {
		data := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "data")
		if rapid.Bool().Draw(t, "fill the last packet") {
			data = data[:max(0, (len(data)+headerSize)/packetSize*packetSize-headerSize)]
		}
		answer, err := d.Exchange(context.Background(), echo(data))
		if err != nil || !bytes.Equal(answer[headerSize:], data) || answer[0] != 0x81 {
			t.Fatalf("%d bytes: % X, %v", len(data), answer, err)
		}
	})
}

func TestAnswersThatNobodyReadAreThrownAwayOnOpening(t *testing.T) {
	w := &wire{answers: [][]byte{{0x81, 0, 1, 'x'}, {0x81, 0, 1, 'y'}}}
	answer, err := opened(t, w).Exchange(t.Context(), echo([]byte("z")))
	if err != nil || string(answer[headerSize:]) != "z" {
		t.Errorf("% X, %v", answer, err)
	}
}

func TestWhatCannotBeOpened(t *testing.T) {
	for _, c := range []struct {
		name   string
		refuse error
		wire   wire
		is     error
		text   string
	}{
		{"held by another program", unix.EBUSY, wire{}, ErrInUse, "end that program"},
		{"unplugged", unix.ENODEV, wire{}, ErrGone, "plug it in"},
		{"its node is gone", unix.ENOENT, wire{}, ErrGone, "plug it in"},
		{"not allowed", unix.EACCES, wire{}, unix.EACCES, "user"},
		{"unplugged while it is drained", nil, *(&wire{}).fail("read 1", unix.ENODEV), ErrGone, "plug it in"},
		{"sends without end", nil, wire{endless: true}, nil, "unplug it"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := plugged(&c.wire)
			b.refuse = c.refuse
			_, err := open(b.bus(), home)
			if err == nil || c.is != nil && !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.text) || !strings.Contains(err.Error(), home.Serial) {
				t.Errorf("%v", err)
			}
			if c.refuse == nil && !c.wire.closed {
				t.Error("the device was left open")
			}
		})
	}
}

func TestFailuresSayWhetherTheOutcomeIsKnown(t *testing.T) {
	full := make([]byte, packetSize-headerSize)
	for _, c := range []struct {
		name    string
		wire    *wire
		gone    bool
		unknown bool
	}{
		{"gone before anything was written", (&wire{}).fail("write 1", unix.ENODEV), true, false},
		{"unplugged while it was written", (&wire{}).fail("write 1", unix.ESHUTDOWN), true, true},
		{"an error on the bus while it was written", (&wire{}).fail("write 1", unix.EPROTO), false, true},
		{"it takes too long to take it", (&wire{}).fail("write 1", unix.ETIMEDOUT), false, true},
		{"only some of it was taken", &wire{accepted: 10}, false, true},
		{"gone at the empty packet", (&wire{}).fail("write 2", unix.ENODEV), true, true},
		{"gone before it answered", (&wire{}).fail("read 2", unix.ENODEV), true, true},
		{"no answer", &wire{silent: true}, false, true},
		{"half an answer", &wire{mangle: func(b []byte) []byte { return b[:len(b)/2] }}, false, true},
		{"an answer without a header", &wire{mangle: func(b []byte) []byte { return b[:2] }}, false, true},
		{"an empty answer", &wire{mangle: func(b []byte) []byte { return nil }}, false, true},
		{"more than the answer", &wire{mangle: func(b []byte) []byte { return append(b, 0) }}, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := opened(t, c.wire)
			_, err := d.Exchange(t.Context(), echo(full))
			if err == nil || errors.Is(err, ErrGone) != c.gone || errors.Is(err, ErrOutcomeUnknown) != c.unknown {
				t.Errorf("%v", err)
			}
			writes := c.wire.writes
			_, err = d.Exchange(t.Context(), echo(nil))
			if !errors.Is(err, ErrEnded) || errors.Is(err, ErrOutcomeUnknown) || c.wire.writes != writes || !d.Ended() || !c.wire.closed {
				t.Errorf("the next exchange: %v", err)
			}
		})
	}
}

func TestWhatIsNotWritten(t *testing.T) {
	ended, end := context.WithCancel(t.Context())
	end()
	for _, c := range []struct {
		name    string
		ctx     context.Context
		message []byte
	}{
		{"after the end of the context", ended, echo(nil)},
		{"nothing", t.Context(), nil},
		{"a header that is cut", t.Context(), []byte{1, 0}},
		{"less than announced", t.Context(), []byte{1, 0, 2, 9}},
		{"more than announced", t.Context(), []byte{1, 0, 1, 9, 9}},
		{"too much", t.Context(), echo(make([]byte, MaxMessage))},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &wire{}
			d := opened(t, w)
			if _, err := d.Exchange(c.ctx, c.message); err == nil || w.writes != 0 || d.Ended() {
				t.Errorf("%v after %d writes", err, w.writes)
			}
		})
	}
}

func TestAClosedDeviceSaysSo(t *testing.T) {
	w := &wire{}
	d := opened(t, w)
	if err := errors.Join(d.Close(), d.Close()); err != nil || !w.closed {
		t.Fatalf("closing: %v", err)
	}
	if _, err := d.Exchange(t.Context(), echo(nil)); !errors.Is(err, ErrEnded) {
		t.Errorf("an exchange after Close gives %v", err)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add([]byte{0x81, 0, 1, 7})
	f.Add([]byte{0x7f, 0, 1, 9})
	f.Add([]byte{0x81, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, answer []byte) {
		w := &wire{hsm: sim.NewHSM(1), mangle: func([]byte) []byte { return answer }}
		d, err := open(plugged(w).bus(), home)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Exchange(context.Background(), echo([]byte("?")))
		fits := len(answer) >= 3 && int(answer[1])<<8|int(answer[2]) == len(answer)-3 && len(answer) <= 8192
		if (err == nil) != fits || err == nil && !bytes.Equal(got, answer) || err != nil && !errors.Is(err, ErrOutcomeUnknown) {
			t.Errorf("% X gives % X, %v", answer, got, err)
		}
	})
}
