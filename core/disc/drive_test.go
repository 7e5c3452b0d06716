package disc

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"
	"time"
)

// script is a transport that answers by operation code, as a drive that lies or
// fails would.
type script struct {
	answers map[byte]func(cdb, out, in []byte) (int, []byte, error)
	sent    []byte
}

func (s *script) Command(_ context.Context, cdb, out, in []byte, timeout time.Duration) (int, []byte, error) {
	s.sent = append(s.sent, cdb[0])
	if timeout <= 0 || len(out) > 65536 || len(in) > 65536 || len(out) > 0 && len(in) > 0 {
		return 0, nil, errors.New("the transport's rules are broken")
	}
	if f := s.answers[cdb[0]]; f != nil {
		return f(cdb, out, in)
	}
	return 0, nil, nil
}

func (s *script) count(opcode byte) int { return bytes.Count(s.sent, []byte{opcode}) }

// says answers with data.
func says(data []byte) func(cdb, out, in []byte) (int, []byte, error) {
	return func(_, _, in []byte) (int, []byte, error) { return copy(in, data), nil, nil }
}

// fails answers with CHECK CONDITION.
func fails(key, asc, ascq byte) func(cdb, out, in []byte) (int, []byte, error) {
	return func(_, _, _ []byte) (int, []byte, error) {
		return 0, []byte{0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, asc, ascq, 0, 0, 0, 0}, nil
	}
}

func inquiryData(kind byte) []byte {
	return append([]byte{kind, 0x80, 5, 2, 31, 0, 0, 0}, "MAKER   A DRIVE\x00 \xFF      1.02"...)
}

// blankBDR is a drive with a blank BD-R in it.
func blankBDR() *script {
	config := make([]byte, 8)
	binary.BigEndian.PutUint16(config[6:], 0x0041)
	info := make([]byte, 34)
	info[4], info[5], info[6] = 1, 1, 1
	track := make([]byte, 36)
	track[2], track[3] = 1, 1
	track[6], track[7] = 0x40, 1
	binary.BigEndian.PutUint32(track[16:], 10000)
	binary.BigEndian.PutUint32(track[24:], 10000)
	return &script{answers: map[byte]func(cdb, out, in []byte) (int, []byte, error){
		opInquiry:          says(inquiryData(5)),
		opGetConfiguration: says(config),
		opDiscInformation:  says(info),
		opTrackInformation: says(track),
	}}
}

func (s *script) open(t *testing.T) *Drive {
	t.Helper()
	d, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	WithoutPauses(d)
	return d
}

func TestOpenNamesTheDrive(t *testing.T) {
	if got := blankBDR().open(t).Name(); got != "MAKER A DRIVE 1.02" {
		t.Errorf("Name = %q", got)
	}
	s := blankBDR()
	s.answers[opInquiry] = says(inquiryData(0))
	if _, err := Open(t.Context(), s); !errors.Is(err, ErrNotOptical) {
		t.Errorf("opening a hard disk = %v, want ErrNotOptical", err)
	}
	s.answers[opInquiry] = says(inquiryData(5)[:20])
	if _, err := Open(t.Context(), s); err == nil {
		t.Error("a short answer to INQUIRY was taken")
	}
}

// change returns an answer with some of its bytes changed.
func change(f func(cdb, out, in []byte) (int, []byte, error), at int, values ...byte) func(cdb, out, in []byte) (int, []byte, error) {
	return func(cdb, out, in []byte) (int, []byte, error) {
		n, sense, err := f(cdb, out, in)
		if at+len(values) <= len(in) {
			copy(in[at:], values)
		}
		return n, sense, err
	}
}

func TestAnswersThatMakeNoSenseAreRefused(t *testing.T) {
	cases := []struct {
		why    string
		opcode byte
		at     int
		values []byte
	}{
		{"no tracks at all", opDiscInformation, 6, []byte{0}},
		{"65535 tracks", opDiscInformation, 6, []byte{255, 0, 0, 0, 0, 255}},
		{"no session", opDiscInformation, 4, []byte{0}},
		{"an erasable disc with a write-once profile", opDiscInformation, 2, []byte{0x10}},
		{"a disc of status other", opDiscInformation, 2, []byte{0x03}},
		{"no next address on an appendable disc", opTrackInformation, 7, []byte{0}},
		{"pseudo-overwrite", opGetConfiguration, 8, []byte{0, 0x38, 1, 0}},
		{"no profile", opGetConfiguration, 6, []byte{0, 0}},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			s := blankBDR()
			answer := change(s.answers[c.opcode], c.at, c.values...)
			s.answers[c.opcode] = func(cdb, out, in []byte) (int, []byte, error) {
				_, sense, err := answer(cdb, out, in)
				return len(in), sense, err
			}
			d := s.open(t)
			if m, err := d.Medium(t.Context()); err == nil && m.CheckRoom(1, 1) == nil {
				t.Errorf("Medium = %+v, and it has room", m)
			}
			if _, err := d.Burn(t.Context(), Identity{}, testVolume(1), testDirectories(1), nil); err == nil || s.count(opWrite10) > 0 {
				t.Errorf("Burn = %v", err)
			}
		})
	}
}

func TestShortAnswersAreRefused(t *testing.T) {
	for _, opcode := range []byte{opGetConfiguration, opDiscInformation, opTrackInformation} {
		for n := range 8 {
			s := blankBDR()
			s.answers[opcode] = says(make([]byte, n))
			if _, err := s.open(t).Medium(t.Context()); err == nil {
				t.Errorf("operation %02Xh answered with %d bytes, and it was taken", opcode, n)
			}
		}
	}
}

func TestTracksThatOverlapAreRefused(t *testing.T) {
	s := blankBDR()
	s.answers[opDiscInformation] = change(s.answers[opDiscInformation], 2, 1, 1, 2, 2, 3)
	s.answers[opTrackInformation] = func(cdb, _, in []byte) (int, []byte, error) {
		clear(in)
		in[2], in[3] = cdb[5], 1
		binary.BigEndian.PutUint32(in[8:], 50) // every track begins at 50
		binary.BigEndian.PutUint32(in[24:], 100)
		return len(in), nil, nil
	}
	if _, err := s.open(t).Medium(t.Context()); err == nil || !strings.Contains(err.Error(), "overlaps") {
		t.Errorf("Medium = %v", err)
	}
}

func TestANextAddressThatCannotBeIsRefused(t *testing.T) {
	for _, c := range []struct {
		why  string
		next uint32
	}{
		{"zero on a disc that is not blank", 0},
		{"inside a track that is closed", 100},
	} {
		s := blankBDR()
		s.answers[opDiscInformation] = change(s.answers[opDiscInformation], 2, 1, 1, 2, 2, 2)
		s.answers[opTrackInformation] = func(cdb, _, in []byte) (int, []byte, error) {
			clear(in)
			in[2], in[3] = cdb[5], cdb[5]
			if cdb[5] == 1 {
				binary.BigEndian.PutUint32(in[24:], 200)
				return len(in), nil, nil
			}
			in[6], in[7] = 0x40, 1
			binary.BigEndian.PutUint32(in[8:], c.next)
			binary.BigEndian.PutUint32(in[12:], c.next)
			binary.BigEndian.PutUint32(in[16:], 1000)
			return len(in), nil, nil
		}
		s.answers[opRead10] = func(_, _, in []byte) (int, []byte, error) { return len(in), nil, nil }
		m, err := s.open(t).Medium(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := m.CheckRoom(1, 1); !errors.Is(err, ErrNoAddress) || m.NextAddress != 0 || m.FreeBlocks != 0 {
			t.Errorf("%s: CheckRoom = %v, want ErrNoAddress", c.why, err)
		}
	}
}

func TestWaitingForTheDriveEnds(t *testing.T) {
	s := blankBDR()
	s.answers[opTestUnitReady] = fails(2, 0x04, 0x01)
	d := s.open(t)
	_, err := d.Medium(t.Context())
	if refused, ok := errors.AsType[*SenseError](err); !ok || refused.Sense.ASC != 0x04 || !strings.Contains(err.Error(), "not ready within 1m30s") {
		t.Errorf("a drive that never becomes ready: %v", err)
	}
	if polls := s.count(opTestUnitReady); polls > 400 {
		t.Errorf("polled %d times", polls)
	}
	s.answers[opTestUnitReady] = fails(6, 0x28, 0)
	if _, err := d.Medium(t.Context()); !errors.Is(err, ErrMediumChanged) {
		t.Errorf("a drive whose disc always changes: %v, want ErrMediumChanged", err)
	}
	s.answers[opTestUnitReady] = fails(2, 0x3A, 2)
	if _, err := d.Medium(t.Context()); !errors.Is(err, ErrNoMedium) {
		t.Errorf("no medium: %v", err)
	}
}

func TestSleepingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("sleep = %v", err)
	}
	if err := sleep(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("sleep = %v", err)
	}
}

func TestCommandsThatMayHaveBeenCarriedOutAreNotSentAgain(t *testing.T) {
	gone := errors.New("gone")
	for name, answer := range map[string]func(cdb, out, in []byte) (int, []byte, error){
		"no answer":      func(_, _, _ []byte) (int, []byte, error) { return 0, nil, gone },
		"write error":    fails(3, 0x0C, 0),
		"unit attention": fails(6, 0x29, 0),
		"wrong address":  fails(5, 0x21, 2),
		"no reason":      func(_, _, _ []byte) (int, []byte, error) { return 0, []byte{}, nil },
		"deferred": func(_, _, _ []byte) (int, []byte, error) {
			return 0, []byte{0x71, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 8}, nil
		},
	} {
		s := blankBDR()
		s.answers[opWrite10] = answer
		d := s.open(t)
		m, err := d.Medium(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Burn(t.Context(), m.Identity, testVolume(1), testDirectories(1), nil)
		failed, ok := errors.AsType[*BurnError](err)
		if !ok || failed.NothingWritten || failed.Step != StepWrite || s.count(opWrite10) != 1 {
			t.Errorf("%s: %v after %d writes; want a BurnError while writing after one", name, err, s.count(opWrite10))
		}
		if name == "no answer" && !errors.Is(err, gone) {
			t.Errorf("the transport's error is lost: %v", err)
		}
		if s.count(opPreventAllow) != 2 || s.sent[len(s.sent)-1] != opPreventAllow {
			t.Errorf("%s: the disc stays locked", name)
		}
	}
}

func TestATransportThatClaimsTooMuch(t *testing.T) {
	s := blankBDR()
	s.answers[opRead10] = func(_, _, in []byte) (int, []byte, error) { return len(in) + 1, nil, nil }
	if _, err := s.open(t).ReaderAt(t.Context()).ReadAt(make([]byte, 10), 0); err == nil {
		t.Error("more bytes than there is room for were taken")
	}
}

func TestACorrectedReadIsARead(t *testing.T) {
	s := blankBDR()
	s.answers[opRead10] = func(_, _, in []byte) (int, []byte, error) {
		for i := range in {
			in[i] = 7
		}
		return len(in), []byte{0x72, 1, 0x18, 0, 0, 0, 0, 0}, nil
	}
	b := make([]byte, 10)
	if _, err := s.open(t).ReaderAt(t.Context()).ReadAt(b, 0); err != nil || b[9] != 7 {
		t.Errorf("ReadAt = %v, %v", b, err)
	}
}

func TestContentsThatChangeWhileTheyAreRecordedGiveNoReceipt(t *testing.T) {
	s := blankBDR()
	stored := make([]byte, 10000*sectorSize)
	s.answers[opWrite10] = func(cdb, out, _ []byte) (int, []byte, error) {
		copy(stored[int(binary.BigEndian.Uint32(cdb[2:]))*sectorSize:], out)
		info := make([]byte, 34)
		info[2], info[4], info[6] = 2, 1, 1 // closed: one session, one track
		s.answers[opDiscInformation] = says(info)
		return 0, nil, nil
	}
	s.answers[opRead10] = func(cdb, _, in []byte) (int, []byte, error) {
		return copy(in, stored[int(binary.BigEndian.Uint32(cdb[2:]))*sectorSize:]), nil, nil
	}
	d := s.open(t)
	m, err := d.Medium(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data := []byte("as it was")
	dirs := []Directory{{Name: "20260425T143000Z", Files: []File{NewFile("A.B", data)}}}
	burn := func(f func(Progress)) (Receipt, error) {
		return d.Burn(t.Context(), m.Identity, testVolume(1), dirs, f)
	}
	r, err := burn(func(p Progress) {
		if p.Step == StepWrite && p.Done == 0 {
			data[0] ^= 1
		}
	})
	if !errors.Is(err, ErrDiffers) || r.Valid() {
		t.Errorf("Burn = %+v, %v; want ErrDiffers", r, err)
	}
}

// FuzzDrive lets a drive answer what the fuzzer wants, after answers that make
// sense for a while. Nothing panics or hangs, nothing is written but in order
// from one address on, and no receipt is made by chance.
func FuzzDrive(f *testing.F) {
	f.Add([]byte{}, 3)
	f.Add([]byte{0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x28, 0}, 5)
	f.Add(bytes.Repeat([]byte{0, 1}, 40), 2)
	f.Add(bytes.Repeat([]byte{0xFF}, 90), 0)
	f.Fuzz(func(t *testing.T, answers []byte, sensible int) {
		s := blankBDR()
		commands, next := 0, int64(-1)
		d := &Drive{t: transportFunc(func(cdb, out, in []byte) (int, []byte, error) {
			if commands++; commands > 3000 {
				return 0, nil, errors.New("enough")
			}
			if cdb[0] == opWrite10 {
				at, count := int64(binary.BigEndian.Uint32(cdb[2:])), int64(binary.BigEndian.Uint16(cdb[7:]))
				if next >= 0 && at != next && at != next-count || count*sectorSize != int64(len(out)) {
					t.Errorf("a write of %d sectors at %d, with %d bytes, after the disc continued at %d", count, at, len(out), next)
				}
				next = at + count
			}
			if commands <= sensible || len(answers) == 0 {
				return s.Command(t.Context(), cdb, out, in, time.Second)
			}
			n := copy(in, answers)
			answers = append(answers[1:], answers[0]+1)
			if answers[0]%3 == 0 {
				return n, answers[:min(18, len(answers))], nil
			}
			return n, nil, nil
		})}
		WithoutPauses(d)
		m, _ := d.Medium(t.Context())
		for _, track := range m.Tracks {
			d.Session(t.Context(), track)
		}
		if r, err := d.Burn(t.Context(), m.Identity, testVolume(1), testDirectories(1), nil); err == nil || r.Valid() {
			t.Errorf("a receipt by chance: %+v", r)
		}
		if _, err := d.CloseUnfinished(t.Context(), m.Identity); err != nil && err.Error() == "" {
			t.Error("an error without words")
		}
	})
}

// transportFunc is a transport made of one function.
type transportFunc func(cdb, out, in []byte) (int, []byte, error)

func (f transportFunc) Command(_ context.Context, cdb, out, in []byte, _ time.Duration) (int, []byte, error) {
	return f(cdb, out, in)
}

func TestSenseInWords(t *testing.T) {
	cases := []struct {
		sense []byte
		want  string
	}{
		{[]byte{0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x11, 0x00}, "the drive reports a fault of the disc: a sector cannot be read, it is damaged or dirty (sense 3/11/00)"},
		{[]byte{0xF0, 0, 5, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x21, 0x02}, "the drive refuses: the address is not where the disc continues (sense 5/21/02)"},
		{[]byte{0x72, 3, 0x73, 3}, "the drive reports a fault of the disc: calibrating the laser's power failed: try another disc or clean this one (sense 3/73/03)"},
		{[]byte{0x71, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0C, 0x00}, "the drive reports a fault of the disc: writing failed, found after an earlier command (sense 3/0C/00)"},
		{[]byte{0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0xEE, 0xEE}, "the medium is damaged or dirty (sense 3/EE/EE)"},
		{[]byte{0x70, 0, 4, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x44, 0x00}, "the drive reports a fault of its own: the drive has an internal fault (sense 4/44/00)"},
		{[]byte{0x70, 0, 6}, "the drive was reset or its disc was changed (sense 6/00/00)"},
		{nil, "the drive gave no reason (sense 0/00/00)"},
		{[]byte{0x12, 0x34, 0x56}, "the drive gave no reason (sense 0/00/00)"},
	}
	for _, c := range cases {
		if got := SenseText(c.sense); got != c.want {
			t.Errorf("SenseText(% X) = %q, want %q", c.sense, got, c.want)
		}
	}
}

func TestEveryNumberOfAPlanIsBounded(t *testing.T) {
	for profile, p := range plans {
		if _, twice := refusals[profile]; twice {
			t.Errorf("%s is both recorded and refused", p.name)
		}
		// An image is a whole number of clusters, and so of every transfer.
		if p.transfer == 0 || cluster%p.transfer != 0 || p.sessions < 1 || p.closing[len(p.closing)-1] != closeSession {
			t.Errorf("%s: %+v", p.name, p)
		}
	}
}
