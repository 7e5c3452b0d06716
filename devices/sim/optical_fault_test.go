package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFaultsHappenWhereTheyAreSet(t *testing.T) {
	const write, read, reserve, track = 0x2A, 0x28, "53 00 00 00 00 00 00 00 20 00", "52 01 00 00 00 ff 00 00 30 00"
	for _, test := range []struct {
		name  string
		fault DriveFault
		check func(t *testing.T, s *station)
	}{
		{"not ready for three polls", AtOpcode(0x00, 1, 3, Refuse{2, 4, 1}), func(t *testing.T, s *station) {
			for range 3 {
				if _, sense, _ := s.send("00 00 00 00 00 00", nil, 0); sense != "2/04/01" {
					t.Errorf("sense %q", sense)
				}
			}
			s.good("00 00 00 00 00 00", nil, 0)
		}},
		{"RESERVE TRACK refused, writing goes on", AtOpcode(0x53, 1, 0, Refuse{5, 0x20, 0}), func(t *testing.T, s *station) {
			if _, sense, _ := s.send(reserve, nil, 0); sense != "5/20/00" {
				t.Errorf("sense %q", sense)
			}
			s.good(writeCDB(0, 32), pattern(0, 32), 0)
		}},
		{"the next writable address is hidden", AtOpcode(0x52, 1, 1, HideNextAddress{}), func(t *testing.T, s *station) {
			if got := s.good(track, nil, 48); got[7]&1 != 0 {
				t.Error("NWA_V is set")
			}
			if got := s.good(track, nil, 48); got[7]&1 != 1 {
				t.Error("NWA_V is still unset")
			}
		}},
		{"a read falls short", AtOpcode(read, 1, 1, ShortRead{Bytes: 100}), func(t *testing.T, s *station) {
			s.record(1)
			if got := s.good(readCDB(0, 1), nil, discSector); len(got) != 100 {
				t.Errorf("%d bytes", len(got))
			}
		}},
		{"data goes elsewhere, silently", AtOpcode(write, 2, 2, StoreElsewhere{By: -32}), func(t *testing.T, s *station) {
			s.record(2)
			if got := s.good(readCDB(0, 32), nil, 32*discSector); !bytes.Equal(got, pattern(32, 32)) {
				t.Error("the first cluster was not overwritten")
			}
			if got := s.good(readCDB(32, 1), nil, discSector); !bytes.Equal(got, make([]byte, discSector)) {
				t.Error("the second cluster holds data")
			}
		}},
		{"a bit is flipped, silently", AtOpcode(write, 1, 1, FlipBit{Offset: 2049}), func(t *testing.T, s *station) {
			s.record(1)
			got, want := s.good(readCDB(0, 32), nil, 32*discSector), pattern(0, 32)
			want[2049] ^= 1
			if !bytes.Equal(got, want) {
				t.Error("not exactly that bit differs")
			}
		}},
		{"busy after a command that had answered", AtOpcode(0x35, 1, 1, StayBusy{Polls: 2}), func(t *testing.T, s *station) {
			s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
			for range 2 {
				if _, sense, _ := s.send("00 00 00 00 00 00", nil, 0); sense != "2/04/08" {
					t.Errorf("sense %q", sense)
				}
			}
			s.good("00 00 00 00 00 00", nil, 0)
		}},
		{"a late time-out has written", AtOpcode(write, 1, 1, TimeOut{Late: true}), func(t *testing.T, s *station) {
			if _, _, err := s.send(writeCDB(0, 32), pattern(0, 32), 0); !errors.Is(err, ErrDriveTimeOut) {
				t.Error(err)
			}
			if got := s.next(); got != 32 {
				t.Errorf("next writable address %d", got)
			}
		}},
		{"an early time-out has not", AtOpcode(write, 1, 1, TimeOut{}), func(t *testing.T, s *station) {
			if _, _, err := s.send(writeCDB(0, 32), pattern(0, 32), 0); !errors.Is(err, ErrDriveTimeOut) {
				t.Error(err)
			}
			if got := s.next(); got != 0 {
				t.Errorf("next writable address %d", got)
			}
		}},
		{"a reset drops the cache", AtOpcode(0x35, 1, 1, Reset{}), func(t *testing.T, s *station) {
			s.good(writeCDB(0, 32), pattern(0, 32), 0)
			if _, _, err := s.send("35 00 00 00 00 00 00 00 00 00", nil, 0); !errors.Is(err, ErrDriveReset) {
				t.Error(err)
			}
			if _, sense, _ := s.send("00 00 00 00 00 00", nil, 0); sense != "6/29/00" {
				t.Errorf("sense %q", sense)
			}
			if got := s.next(); got != 0 {
				t.Errorf("next writable address %d", got)
			}
		}},
		{"a drive that vanished stays away", AtOpcode(write, 1, 1, Vanish{}), func(t *testing.T, s *station) {
			for range 2 {
				if _, _, err := s.send(writeCDB(0, 32), pattern(0, 32), 0); !errors.Is(err, ErrDriveGone) {
					t.Error(err)
				}
			}
			s.drive.PowerOn()
			if _, _, err := s.send(track, nil, 48); !errors.Is(err, ErrDriveGone) {
				t.Error(err)
			}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStation(t, NewDisc(discProfileBDR))
			s.drive.SetFault(test.fault)
			test.check(t, s)
		})
	}
}

func TestDamagedSectors(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.record(1)
	s.disc.MarkUnreadable(5)
	if data, sense, _ := s.send(readCDB(0, 32), nil, 32*discSector); sense != "3/11/00" || !bytes.Equal(data, pattern(0, 5)) {
		t.Errorf("reading over a bad sector gives %q and %d bytes, want 3/11/00 and the five sectors before it", sense, len(data))
	}
	s.disc.MarkUnwritable(32 + 40)
	s.good(writeCDB(32, 32), pattern(32, 32), 0)
	s.good(writeCDB(64, 32), pattern(64, 32), 0)
	if _, sense, _ := s.send("35 00 00 00 00 00 00 00 00 00", nil, 0); sense != "3/0C/00" {
		t.Errorf("the flush gives %q, want the write error", sense)
	}
	if got := s.good("52 01 00 00 00 02 00 00 30 00", nil, 48); got[7]&1 != 0 || got[5]&0x20 == 0 {
		t.Errorf("track %x: want it damaged and without a next writable address", got)
	}
	s.good("5b 00 01 00 00 02 00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	if got := s.record(1); got != 96 {
		t.Errorf("the next session starts at %d, want 96, after the damaged cluster", got)
	}
	if got := s.good(readCDB(32, 32), nil, 32*discSector); !bytes.Equal(got, pattern(32, 32)) {
		t.Error("what was recorded before the bad sector is lost")
	}
}

func TestADelayedWriteErrorIsReportedLater(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.disc.MarkUnwritable(3)
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	s.good("35 02 00 00 00 00 00 00 00 00", nil, 0)
	for range 20 {
		_, sense, _ := s.send("00 00 00 00 00 00", nil, 0)
		if sense == "3/0C/00" {
			return
		}
		if sense != "2/04/08" {
			t.Fatalf("sense %q before the write error was reported", sense)
		}
	}
	t.Fatal("the write error is never reported")
}

// Whatever command the power fails at, before or after it was carried out,
// what an earlier flush had confirmed is on the disc, and the disc takes
// another session.
func TestPowerMayFailAtAnyCommand(t *testing.T) {
	burn := []string{
		"46 00 00 00 00 00 00 00 08 00", "51 00 00 00 00 00 00 00 22 00", "52 01 00 00 00 ff 00 00 30 00",
		writeCDB(32, 32), writeCDB(64, 32), "35 00 00 00 00 00 00 00 00 00",
		writeCDB(96, 32), "35 00 00 00 00 00 00 00 00 00",
		"5b 00 01 00 00 02 00 00 00 00", "5b 00 02 00 00 00 00 00 00 00", readCDB(32, 32),
	}
	for number := range burn {
		for _, late := range []bool{false, true} {
			t.Run(fmt.Sprintf("command %d late %v", number+1, late), func(t *testing.T) {
				s := newStation(t, NewDisc(discProfileBDR))
				s.record(1)
				s.drive.SetFault(AtCommand(s.drive.number+number+1, PowerLoss{Late: late}))
				flushed := burnUntilPowerFails(t, s, burn, number)
				s.drive.PowerOn()
				s.settle()
				if end := s.disc.recordedEnd(); end < flushed {
					t.Fatalf("%d sectors are on the disc, %d were flushed", end, flushed)
				}
				for at := uint32(0); at < s.disc.recordedEnd(); at += 32 {
					if got := s.good(readCDB(at, 32), nil, 32*discSector); !bytes.Equal(got, pattern(at, 32)) {
						t.Fatalf("the sectors from %d are not what was written", at)
					}
				}
				s.record(1)
			})
		}
	}
}

// burnUntilPowerFails sends commands, of which the one after number others
// must fail and all that follow. It gives the end of what was flushed.
func burnUntilPowerFails(t *testing.T, s *station, burn []string, number int) (flushed uint32) {
	t.Helper()
	written := uint32(32)
	flushed = written
	for i, cdb := range burn {
		var out []byte
		length := 0
		switch cdb[:2] {
		case "2a":
			out = pattern(written, 32)
		case "28", "46", "51", "52":
			length = 65_536
		}
		_, sense, err := s.send(cdb, out, length)
		if (err == nil) != (i < number) || sense != "" {
			t.Fatalf("command %d gives %q, %v", i+1, sense, err)
		}
		if err == nil && out != nil {
			written += 32
		}
		if err == nil && cdb[:2] == "35" {
			flushed = written
		}
	}
	return flushed
}

// For any order of writes, flushes and closes: only the next writable address
// takes data, everything flushed reads back, addresses only grow.
func TestWhatIsFlushedIsThere(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		disc := NewDisc(discProfileBDR, WithCapacity(32*64))
		s := &station{t: r, drive: NewDrive(), disc: disc}
		if err := s.drive.Insert(disc); err != nil {
			r.Fatal(err)
		}
		s.settle()
		content := map[uint32][]byte{}
		var flushed []uint32
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			before := disc.recordedEnd()
			switch rapid.IntRange(0, 4).Draw(r, "step") {
			case 0, 1:
				at := rapid.Uint32Range(0, 64).Draw(r, "cluster") * 32
				track, sense, _ := s.send("52 01 00 00 00 ff 00 00 30 00", nil, 48)
				wanted := sense == "" && track[7]&1 == 1 && binary.BigEndian.Uint32(track[12:]) == at
				_, sense, _ = s.send(writeCDB(at, 32), pattern(at+7, 32), 0)
				if (sense == "") != wanted {
					r.Fatalf("writing at %d gives %q, next writable address %x", at, sense, track)
				}
				if wanted {
					content[at] = pattern(at+7, 32)
				}
			case 2:
				s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
				flushed = flushed[:0]
				for at := range content {
					flushed = append(flushed, at)
				}
			case 3:
				last := len(disc.tracks)
				s.send("5b 00 01 00 "+hexWord(uint32(last))[4:]+"00 00 00 00", nil, 0)
			case 4:
				s.send("5b 00 02 00 00 00 00 00 00 00", nil, 0)
			}
			if disc.recordedEnd() < before {
				r.Fatalf("the disc shrank from %d to %d sectors", before, disc.recordedEnd())
			}
		}
		s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
		for _, at := range flushed {
			if got := s.good(readCDB(at, 32), nil, 32*discSector); !bytes.Equal(got, content[at]) {
				r.Fatalf("sector %d reads back different", at)
			}
		}
	})
}

func TestTheTraceKeepsTheOrder(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	var seen []byte
	last := 0
	s.drive.SetTrace(func(e DriveExchange) {
		if e.Number <= last {
			t.Errorf("command %d after %d", e.Number, last)
		}
		last = e.Number
		seen = append(seen, e.CDB[0])
		if e.CDB[0] == 0x2A && len(e.Out) != 32*discSector {
			t.Errorf("a WRITE with %d bytes", len(e.Out))
		}
	})
	s.record(2)
	if want := []byte{0x52, 0x2A, 0x2A, 0x35, 0x51, 0x5B, 0x5B}; !bytes.Equal(seen, want) {
		t.Errorf("commands %x, want %x", seen, want)
	}
}

func TestTransfersThatDoNotFitTheirCommand(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR, WithFinalised()))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := s.drive.Command(ctx, make([]byte, 6), nil, nil, 0); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
	for _, test := range []struct {
		name string
		cdb  []byte
		out  []byte
		in   []byte
	}{
		{"no CDB", nil, nil, nil},
		{"17 bytes of CDB", make([]byte, 17), nil, nil},
		{"both directions", make([]byte, 6), []byte{1}, make([]byte, 1)},
		{"over 120 KiB", make([]byte, 6), nil, make([]byte, 122_881)},
		{"less data than the CDB announces", []byte{0x2A, 0, 0, 0, 0, 0, 0, 0, 32, 0}, make([]byte, 2048), nil},
		{"a buffer too small for the answer", []byte{0x28, 0, 0, 0, 0, 0, 0, 0, 1, 0}, nil, make([]byte, 2047)},
	} {
		if _, _, err := s.drive.Command(context.Background(), test.cdb, test.out, test.in, 0); !errors.Is(err, ErrDriveTransfer) {
			t.Errorf("%s: error %v", test.name, err)
		}
	}
}

func FuzzCommand(f *testing.F) {
	f.Add(uint16(discProfileBDR), []byte{0x2A, 0, 0, 0, 0, 0, 0, 0, 32, 0}, uint16(0))
	f.Add(uint16(discProfileCDR), []byte{0x43, 0, 2, 0, 0, 0, 0, 0xFF, 0xFF, 0}, uint16(0xFFFF))
	f.Add(uint16(discProfileDVDR), []byte{0x55, 0x10, 0, 0, 0, 0, 0, 0, 60, 0}, uint16(0))
	f.Add(uint16(discProfileBDR), []byte{0x5B, 1, 1, 0, 0, 1, 0, 0, 0, 0}, uint16(0))
	f.Add(uint16(0x0043), []byte{0x52, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 48, 0}, uint16(48))
	f.Fuzz(func(t *testing.T, profile uint16, stream []byte, length uint16) {
		drive := NewDrive()
		disc := NewDisc(profile, WithCapacity(4096))
		if err := drive.Insert(disc); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(uint64(profile), uint64(length)))
		in := make([]byte, length)
		out := make([]byte, 32*discSector)
		for number := 0; len(stream) > 0 && number < 64; number++ {
			cdb := stream[:min(len(stream), opticalLength(stream[0]))]
			stream = stream[len(cdb):]
			before := disc.recordedEnd()
			var sent []byte
			received := in
			if random.IntN(3) == 0 {
				sent, received = out[:min(len(out), int(length))], nil
			}
			n, sense, err := drive.Command(context.Background(), cdb, sent, received, time.Second)
			if n > len(received) || sense != nil && len(sense) != 18 || err != nil && sense != nil {
				t.Fatalf("%x: %d bytes for %d, sense %x, error %v", cdb, n, len(received), sense, err)
			}
			if disc.recordedEnd() < before {
				t.Fatalf("%x: the disc shrank", cdb)
			}
		}
	})
}
