package hsm

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func digest(t *testing.T, s string) [16]byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 16 {
		t.Fatalf("bad digest %q", s)
	}
	return [16]byte(b)
}

// published is what real devices logged: entries 46 to 51 from the YubiHSM 2
// command reference (GET LOG ENTRIES, shell example).
func published(t *testing.T) []LogEntry {
	return []LogEntry{
		{46, 0x4b, 234, 1, 0xcf94, 0x997e, 0xcb, 335725, digest(t, "415f51f1f035a1b713e730e4464e4033")},
		{47, 0x4c, 77, 1, 0xaff7, 0xffff, 0xcc, 351714, digest(t, "5496a60d478c2b9c801d8d32ca66b554")},
		{48, 0x00, 0, 0xffff, 0, 0, 0, 0, digest(t, "14ac7747ba9bbb243cfc70befeb5349b")},
		{49, 0x03, 10, 0xffff, 1, 0xffff, 0x83, 139, digest(t, "b20a8f25c025e693a8e869b433294a20")},
		{50, 0x04, 17, 0xffff, 1, 0xffff, 0x84, 139, digest(t, "ebfae425c319ac7a0afbb8b92597de7c")},
		{51, 0x67, 2, 1, 0xffff, 0xffff, 0xe7, 697, digest(t, "2e395d1b706668737e1d2215813db47e")},
	}
}

// afterReset is how a real device's log begins (P. Szilágyi, "Publicly
// auditable YubiHSM logs").
func afterReset(t *testing.T) []LogEntry {
	return []LogEntry{
		{1, 0xff, 0xffff, 0xffff, 0xffff, 0xffff, 0xff, 0xffffffff, digest(t, "33012657537e4842f57fa6ed3b09b25b")},
		{2, 0x00, 0, 0xffff, 0, 0, 0, 0, digest(t, "fc153091560e18bca82621522c85bdba")},
	}
}

func TestVerifyFrom(t *testing.T) {
	real, fresh := published(t), afterReset(t)
	changed := append([]LogEntry(nil), real...)
	changed[3].Tick++
	other := real[2]
	other.Digest[0]++
	for _, tt := range []struct {
		name    string
		entries []LogEntry
		last    LogEntry
		want    int // entries, -1 for ErrLog
	}{
		{"a real device's log continues the entry on record", real[1:], real[0], 5},
		{"entries that were never acknowledged are not told twice", real, real[2], 3},
		{"nothing new", real, real[5], 0},
		{"everything was acknowledged", nil, real[5], 0},
		{"a real device's log from its reset", fresh, LogEntry{}, 2},
		{"an entry is missing inside", append(append([]LogEntry(nil), real[1:3]...), real[4:]...), real[0], -1},
		{"an entry is missing after the one on record", real[2:], real[0], -1},
		{"an entry was changed", changed, real[0], -1},
		{"the entry on record is another one", real, other, -1},
		{"the device was reset since", fresh, real[5], -1},
		{"nothing on record, and the log does not begin with a reset", real, LogEntry{}, -1},
		{"nothing on record, and nothing in the log", nil, LogEntry{}, -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Log{Entries: tt.entries}.VerifyFrom(tt.last)
			if tt.want < 0 {
				if !errors.Is(err, ErrLog) {
					t.Fatalf("err = %v, want ErrLog", err)
				}
				return
			}
			if err != nil || len(got) != tt.want {
				t.Fatalf("%d entries, %v; want %d", len(got), err, tt.want)
			}
		})
	}
}

// Every change of any bit of an entry breaks the chain after the entry on record.
func TestVerifyFromNoticesEveryBit(t *testing.T) {
	real := published(t)
	rapid.Check(t, func(t *rapid.T) {
		entries := append([]LogEntry(nil), real[1:]...)
		i := rapid.IntRange(0, len(entries)-1).Draw(t, "entry")
		bit := rapid.IntRange(0, LogEntrySize*8-1).Draw(t, "bit")
		raw := entries[i].Raw()
		raw[bit/8] ^= 1 << (bit % 8)
		entries[i] = ParseLogEntry(raw)
		if got, err := (Log{Entries: entries}).VerifyFrom(real[0]); !errors.Is(err, ErrLog) {
			t.Fatalf("%d entries, %v", len(got), err)
		}
	})
}

func TestLogNumbersWrap(t *testing.T) {
	last := LogEntry{Number: 0xffff, Command: 1}
	if err := (LogEntry{Number: 0}).follows(last); err == nil || strings.Contains(err.Error(), "followed by") {
		t.Fatalf("0 does not count as the number after 65535: %v", err)
	}
}

func TestLogEntryNames(t *testing.T) {
	for _, tt := range []struct {
		e    LogEntry
		name string
		ok   bool
	}{
		{LogEntry{Command: 0x56, Result: 0xd6}, "SIGN ECDSA", true},
		{LogEntry{Command: 0x56, Result: 0x09}, "SIGN ECDSA", false},
		{LogEntry{Command: 0x00}, "DEVICE STARTED", true},
		{LogEntry{Command: 0xff, Result: 0xff}, "DEVICE RESET", true},
		{LogEntry{Command: 0x3e, Result: 0xbe}, "COMMAND 0x3e", true},
	} {
		if tt.e.Name() != tt.name || tt.e.Succeeded() != tt.ok {
			t.Errorf("%+v: %q, %v", tt.e, tt.e.Name(), tt.e.Succeeded())
		}
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0})
	f.Add([]byte{0, 1, 0, 2, 1})
	f.Add(append([]byte{0, 1, 0, 2, 1}, make([]byte, LogEntrySize)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := ParseLog(b)
		if err != nil {
			return
		}
		if len(b) != 5+LogEntrySize*len(l.Entries) {
			t.Fatalf("%d entries in %d bytes", len(l.Entries), len(b))
		}
		for i, e := range l.Entries {
			if raw := e.Raw(); string(raw[:]) != string(b[5+i*LogEntrySize:][:LogEntrySize]) {
				t.Fatalf("entry %d does not survive parsing", i)
			}
		}
		_, _ = l.VerifyFrom(LogEntry{})
	})
}
