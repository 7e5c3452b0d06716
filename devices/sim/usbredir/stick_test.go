package usbredir

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"anodize/devices/sim"
)

// newStick is a stick of 64 blocks in a file that holds nothing yet.
func newStick(t testing.TB) *Stick {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stick"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	s, err := NewStick(file, 64*stickBlock)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWhatAStickAnswers(t *testing.T) {
	s := newStick(t)
	block := bytes.Repeat([]byte{7}, stickBlock)
	for _, c := range []struct {
		name  string
		cdb   []byte
		out   []byte
		in    int
		want  string // the beginning of the answer
		sense string
	}{
		{"it is removable", []byte{0x12, 0, 0, 0, 36, 0}, nil, 36, "\x00\x80\x06\x02\x1f\x00\x00\x00ANODIZE", ""},
		{"it has no product data", []byte{0x12, 1, 0, 0, 36, 0}, nil, 36, "", "5/24/00"},
		{"its size", []byte{0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}, nil, 8, "\x00\x00\x00\x3f\x00\x00\x02\x00", ""},
		{"it is not write-protected", []byte{0x1A, 0, 0x3F, 0, 192, 0}, nil, 192, "\x03\x00\x00\x00", ""},
		{"it has no such page", []byte{0x1A, 0, 8, 0, 192, 0}, nil, 192, "", "5/24/00"},
		{"it is ready", make([]byte, 6), nil, 0, "", ""},
		{"a block is written", []byte{0x2A, 0, 0, 0, 0, 63, 0, 0, 1, 0}, block, 0, "", ""},
		{"and read", []byte{0x28, 0, 0, 0, 0, 63, 0, 0, 1, 0}, nil, stickBlock, string(block), ""},
		{"a block that was never written", []byte{0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, nil, stickBlock, string(make([]byte, stickBlock)), ""},
		{"a block after the last", []byte{0x28, 0, 0, 0, 0, 64, 0, 0, 1, 0}, nil, stickBlock, "", "5/21/00"},
		{"a block far away", []byte{0x2A, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 1, 0}, block, 0, "", "5/21/00"},
		{"a command that it does not know", []byte{0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0}, nil, 0, "", "5/20/00"},
		{"why not", []byte{0x03, 0, 0, 0, 18, 0}, nil, 18, "\x70\x00\x05", ""},
		{"that is told once", []byte{0x03, 0, 0, 0, 18, 0}, nil, 18, "\x70\x00\x00", ""},
	} {
		in := make([]byte, c.in)
		n, sense, err := s.Command(t.Context(), c.cdb, c.out, in, time.Second)
		got := ""
		if sense != nil {
			got = fmt.Sprintf("%X/%02X/%02X", sense[2], sense[12], sense[13])
		}
		if err != nil || got != c.sense || !bytes.HasPrefix(in[:n], []byte(c.want)) {
			t.Errorf("%s: % X, sense %q, %v", c.name, in[:min(n, 16)], got, err)
		}
	}
}

func TestTransfersThatDoNotFitAStick(t *testing.T) {
	s := newStick(t)
	for _, cdb := range [][]byte{nil, {0x28, 0, 0, 0, 0, 0}, {0x28, 0, 0, 0, 0, 0, 0, 0, 2, 0}, {0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0}} {
		if _, _, err := s.Command(t.Context(), cdb, nil, make([]byte, 4), time.Second); !errors.Is(err, sim.ErrDriveTransfer) {
			t.Errorf("% X gives %v", cdb, err)
		}
	}
	for _, size := range []int64{-512, 0, 511, 1 << 41} {
		if _, err := NewStick(nil, size); err == nil {
			t.Errorf("there is a stick of %d bytes", size)
		}
	}
}
