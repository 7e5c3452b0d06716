package sim

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"
)

// station is a drive with a disc in it, and an initiator that speaks raw CDBs.
type station struct {
	t interface {
		Helper()
		Fatalf(string, ...any)
	}
	drive *Drive
	disc  *Disc
}

// newStation waits until the disc is ready.
func newStation(t *testing.T, disc *Disc) *station {
	t.Helper()
	s := &station{t: t, drive: NewDrive(), disc: disc}
	if err := s.drive.Insert(disc); err != nil {
		t.Fatal(err)
	}
	s.settle()
	return s
}

// settle polls TEST UNIT READY until it succeeds.
func (s *station) settle() {
	s.t.Helper()
	for range 20 {
		if _, sense, err := s.send("00 00 00 00 00 00", nil, 0); err == nil && sense == "" {
			return
		}
	}
	s.t.Fatalf("the drive does not become ready")
}

// send gives the data that arrived and the sense as key/asc/ascq, "" for GOOD.
func (s *station) send(cdb string, out []byte, length int) ([]byte, string, error) {
	s.t.Helper()
	raw, err := hex.DecodeString(strings.ReplaceAll(cdb, " ", ""))
	if err != nil {
		s.t.Fatalf("CDB %q: %v", cdb, err)
	}
	in := make([]byte, length)
	n, sense, err := s.drive.Command(context.Background(), raw, out, in, time.Second)
	return in[:n], senseWords(sense), err
}

func senseWords(sense []byte) string {
	if sense == nil {
		return ""
	}
	return opticalSense{key: sense[2] & 15, asc: sense[12], ascq: sense[13]}.String()
}

// good sends a command that must succeed.
func (s *station) good(cdb string, out []byte, length int) []byte {
	s.t.Helper()
	data, sense, err := s.send(cdb, out, length)
	if sense != "" || err != nil {
		s.t.Fatalf("%s: sense %s, error %v", cdb, sense, err)
	}
	return data
}

func hexWord(value uint32) string {
	return hex.EncodeToString(binary.BigEndian.AppendUint32(nil, value))
}

// writeCDB is WRITE(10).
func writeCDB(sector uint32, count int) string {
	return "2a 00" + hexWord(sector) + "00" + hexWord(uint32(count))[4:] + "00"
}

// readCDB is READ(10).
func readCDB(sector uint32, count int) string {
	return "28 00" + hexWord(sector) + "00" + hexWord(uint32(count))[4:] + "00"
}

// pattern is recognisable content for sectors.
func pattern(sector uint32, count int) []byte {
	data := make([]byte, count*discSector)
	for i := range count {
		for j := 0; j < discSector; j += 4 {
			binary.BigEndian.PutUint32(data[i*discSector+j:], sector+uint32(i)+1)
		}
	}
	return data
}

// next asks READ TRACK INFORMATION for the invisible track (FFh).
func (s *station) next() uint32 {
	s.t.Helper()
	return binary.BigEndian.Uint32(s.good("52 01 00 00 00 ff 00 00 30 00", nil, 48)[12:])
}

// record burns one session of BD-R, DVD+R or DVD-R: clusters at the next
// writable address, then the track and the session are closed.
func (s *station) record(clusters int) (start uint32) {
	s.t.Helper()
	start = s.next()
	for i := range clusters {
		at := start + uint32(i)*32
		s.good(writeCDB(at, 32), pattern(at, 32), 0)
	}
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	last := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34)[6]
	s.good("5b 00 01 00 00"+hex.EncodeToString([]byte{last})+"00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	return start
}

// parameters is a MODE SELECT list with page 05h (MMC-5 table 644) behind the
// header of SPC-3 table 240.
func parameters(writeType, trackMode, linkSize, packet byte) []byte {
	b := make([]byte, 8+52)
	b[8], b[9], b[10], b[11], b[12] = 0x05, 0x32, writeType, trackMode, 8
	b[13], b[21] = linkSize, packet
	return b
}

const modeSelectCDB = "55 10 00 00 00 00 00 00 3c 00"

func TestCommandsAnswerAsTheStandardSays(t *testing.T) {
	blank := func() *Disc { return NewDisc(discProfileBDR) }
	closed := func() *Disc { return NewDisc(discProfileBDR, WithFinalised()) }
	small := func() *Disc { return NewDisc(discProfileBDR, WithCapacity(64)) }
	cluster := make([]byte, 32*discSector)
	for _, test := range []struct {
		name  string // with the clause of MMC-5 that it follows
		disc  func() *Disc
		cdb   string
		out   []byte
		in    int
		sense string
		want  string // hexadecimal prefix of the data
	}{
		{"6.6.2 GET CONFIGURATION header carries the profile", blank, "46 00 00 00 00 00 00 00 08 00", nil, 8, "", "0000012400000041"},
		{"6.6.2 only one feature, BD write is current", blank, "46 02 00 41 00 00 00 00 10 00", nil, 16, "", "00000024000000410041011c"},
		{"6.6.2 reserved RT is refused", blank, "46 03 00 00 00 00 00 00 08 00", nil, 8, "5/24/00", ""},
		{"SPC-3 6.4 INQUIRY cut to its allocation length", blank, "12 00 00 00 08 00", nil, 36, "", "058005021f000000"},
		{"SPC-3 6.4 vital product data are not there", blank, "12 01 80 00 24 00", nil, 36, "5/24/00", ""},
		{"6.22 blank disc: empty session, one track", blank, "51 00 00 00 00 00 00 00 22 00", nil, 34, "", "00200001010101200000"},
		{"6.22 finalised disc: complete, last session complete", closed, "51 00 00 00 00 00 00 00 22 00", nil, 34, "", "00200e0101010120"},
		{"6.22 track resources are not offered", blank, "51 01 00 00 00 00 00 00 22 00", nil, 34, "5/24/00", ""},
		{"6.27 blank track: NWA 0 is valid, free blocks to the end", blank, "52 01 00 00 00 ff 00 00 30 00", nil, 48, "", "002e010100047101000000000000000000ba740000000020"},
		{"6.27 track by address", blank, "52 00 00 00 10 00 00 00 04 00", nil, 4, "", "002e0101"},
		{"6.27 track by session", blank, "52 02 00 00 00 01 00 00 04 00", nil, 4, "", "002e0101"},
		{"6.27 no such track", blank, "52 01 00 00 00 02 00 00 24 00", nil, 48, "5/24/00", ""},
		{"6.27 no such address", blank, "52 00 ff ff ff ff 00 00 24 00", nil, 48, "5/21/00", ""},
		{"6.27 no invisible track on a finalised disc", closed, "52 01 00 00 00 ff 00 00 24 00", nil, 48, "5/24/00", ""},
		{"6.27 NWA_V unset on a closed track, LRA valid", closed, "52 01 00 00 00 01 00 00 30 00", nil, 48, "", "002e01010004310200000000000000000000000000000020000000200000001f"},
		{"6.19 READ CAPACITY of a blank disc", blank, "25 00 00 00 00 00 00 00 00 00", nil, 8, "", "0000000000000800"},
		{"6.26 no TOC on a blank disc", blank, "43 00 00 00 00 00 00 00 0c 00", nil, 12, "5/24/00", ""},
		{"6.26 format 0: one track and the lead-out", closed, "43 00 00 00 00 00 00 00 14 00", nil, 20, "", "0012010100140100000000000014aa0000000020"},
		{"6.26 format 1: the last complete session", closed, "43 00 01 00 00 00 00 00 0c 00", nil, 12, "", "000a01010014010000000000"},
		{"6.26 format 2 is for CD", closed, "43 02 02 00 00 00 00 00 40 00", nil, 64, "5/24/00", ""},
		{"6.18 READ BUFFER CAPACITY", blank, "5c 00 00 00 00 00 00 00 0c 00", nil, 12, "", "000a00000010000000100000"},
		{"6.23 disc information of a BD", blank, "ad 01 00 00 00 00 00 00 00 10 00 00", nil, 16, "", "1002000044490100000000004244520"},
		{"6.23 physical format of a DVD+R", func() *Disc { return NewDisc(discProfileDVDPlusR) }, "ad 00 00 00 00 00 00 00 00 24 00 00", nil, 36, "", "08020000a10f0000000300000026053f"},
		{"6.23 a CD has no disc structure", func() *Disc { return NewDisc(discProfileCDR) }, "ad 00 00 00 00 00 00 00 00 24 00 00", nil, 36, "5/30/02", ""},
		{"6.7 media event: new medium, present", blank, "4a 01 00 00 10 00 00 00 08 00", nil, 8, "", "0006041002020000"},
		{"6.7 asynchronous events are refused", blank, "4a 00 00 00 10 00 00 00 08 00", nil, 8, "5/24/00", ""},
		{"6.8 write speed descriptor", blank, "ac 00 00 00 00 00 00 00 00 01 03 00", nil, 24, "", "000000140000000000000000"},
		{"6.44 writing elsewhere than the NWA", blank, writeCDB(32, 32), cluster, 0, "5/21/02", ""},
		{"6.44 writing beyond the disc", blank, "2a 00 ff ff ff ff 00 00 20 00", cluster, 0, "5/21/00", ""},
		{"6.44 less than half a cluster", blank, writeCDB(0, 8), cluster[:8*discSector], 0, "5/24/00", ""},
		{"6.44 transfer over 64 KiB", blank, writeCDB(0, 64), nil, 0, "5/24/00", ""},
		{"6.44 nothing to write is no error", blank, writeCDB(0, 0), nil, 0, "", ""},
		{"6.45 WRITE(12) with the streaming bit", blank, "aa 00 00 00 00 00 00 00 00 20 80 00", cluster, 0, "5/24/00", ""},
		{"6.44 writing on a finalised disc", closed, writeCDB(32, 32), cluster, 0, "7/27/00", ""},
		{"6.15 reading what was never written", blank, readCDB(0, 1), nil, discSector, "5/21/00", ""},
		{"6.15 transfer over 120 KiB", closed, readCDB(0, 61), nil, 0, "5/24/00", ""},
		{"6.15 reading past the last sector", closed, readCDB(31, 2), nil, 2 * discSector, "5/21/00", "00000000"},
		{"6.16 READ(12)", closed, "a8 00 00 00 00 00 00 00 00 01 00 00", nil, discSector, "", "00000000"},
		{"7.5.3 page 05h is not there with BD-R", blank, modeSelectCDB, parameters(1, 0xC4, 0, 0), 0, "5/26/00", ""},
		{"7.5.3 nor can it be read", blank, "5a 08 05 00 00 00 00 00 3c 00", nil, 60, "5/24/00", ""},
		{"SPC-3 6.10 no saved pages", blank, "5a 08 ea 00 00 00 00 00 3c 00", nil, 60, "5/39/00", ""},
		{"7.11 page 2Ah", blank, "5a 08 2a 00 00 00 00 00 0c 00", nil, 12, "", "00260000000000002a1e3b17"},
		{"6.3.3 closing an empty track", blank, "5b 00 01 00 00 01 00 00 00 00", nil, 0, "5/2C/00", ""},
		{"6.3.3 closing an empty session", blank, "5b 00 02 00 00 00 00 00 00 00", nil, 0, "5/2C/00", ""},
		{"6.3.3 finalising as on DVD+R", blank, "5b 00 05 00 00 00 00 00 00 00", nil, 0, "5/24/00", ""},
		{"6.31 a reservation of nothing", blank, "53 00 00 00 00 00 00 00 00 00", nil, 0, "5/24/00", ""},
		{"6.31 a reservation over the disc's end", small, "53 00 00 00 00 00 00 00 41 00", nil, 0, "5/63/00", ""},
		{"6.5 formatting with pseudo-overwrite", blank, "04 11 00 00 00 00", []byte{0, 0x82, 0, 8, 0, 0xB4, 0x74, 0, 0, 0, 0, 0}, 0, "5/26/00", ""},
		{"6.24 unformatted capacity and one format", blank, "23 00 00 00 00 00 00 00 14 00", nil, 20, "", "0000001000ba74000100080000b4740001000800"},
		{"SPC-3 4.3.4.1 a CDB that is too short", blank, "28 00 00 00 00 00", nil, 0, "5/24/00", ""},
		{"SPC-3 4.5.6 an unknown operation code", blank, "a1 00 00 00 00 00 00 00 00 00 00 00", nil, 0, "5/20/00", ""},
		{"6.39 SET STREAMING with a list of another length", blank, "b6 00 00 00 00 00 00 00 00 00 08 00", make([]byte, 8), 0, "5/1A/00", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, sense, err := newStation(t, test.disc()).send(test.cdb, test.out, test.in)
			if err != nil {
				t.Fatal(err)
			}
			if sense != test.sense {
				t.Errorf("sense %q, want %q", sense, test.sense)
			}
			if got := hex.EncodeToString(data); !strings.HasPrefix(got, test.want) {
				t.Errorf("data %s, want %s…", got, test.want)
			}
		})
	}
}

// MMC-5 6.6.2: a feature that depends on the medium is current only with it.
func TestEveryProfileIsReportedAndOnlyWriteOnceOnesAreRecordable(t *testing.T) {
	for _, profile := range []uint16{0x0009, 0x000A, 0x0011, 0x0012, 0x0013, 0x0014, 0x0015, 0x0017, 0x001A, 0x001B,
		0x002A, 0x002B, 0x0041, 0x0042, 0x0043, 0x0050, 0x7777} {
		s := newStation(t, NewDisc(profile))
		if got := binary.BigEndian.Uint16(s.good("46 00 00 00 00 00 00 00 08 00", nil, 8)[6:]); got != profile {
			t.Errorf("profile %04X is reported as %04X", profile, got)
		}
		s.good("51 00 00 00 00 00 00 00 22 00", nil, 34)
		_, sense, _ := s.send(writeCDB(0, 32), make([]byte, 32*discSector), 0)
		wanted := map[uint16]string{0x0009: "5/2C/00", 0x0011: "5/2C/00", 0x001B: "", 0x002B: "", 0x0041: ""}
		want, recordable := wanted[profile]
		if !recordable {
			want = "5/30/05"
		}
		if sense != want {
			t.Errorf("profile %04X: writing at 0 without a parameter page gives %q, want %q", profile, sense, want)
		}
	}
}

// MMC-5 6.42, 6.14, 6.7 and SPC-3 6.33: what an initiator sees of the tray.
func TestTrayAndMediumChange(t *testing.T) {
	drive := NewDrive()
	s := &station{t: t, drive: drive}
	expect := func(cdb, want string) {
		t.Helper()
		if _, sense, err := s.send(cdb, nil, 0); sense != want || err != nil {
			t.Fatalf("%s: sense %q, error %v, want %q", cdb, sense, err, want)
		}
	}
	const ready = "00 00 00 00 00 00"
	expect(ready, "6/29/00") // power on
	expect(ready, "2/3A/01")
	if err := drive.Insert(NewDisc(discProfileBDR)); err != nil {
		t.Fatal(err)
	}
	if err := drive.Insert(NewDisc(discProfileBDR)); err != ErrDriveLoaded {
		t.Fatalf("a second disc goes in: %v", err)
	}
	for range opticalSpinUpPolls {
		expect(ready, "2/04/01")
	}
	expect(ready, "6/28/00")
	expect(ready, "")
	expect("1e 00 00 00 01 00", "") // prevent removal
	expect("1b 00 00 00 02 00", "5/53/02")
	if _, err := drive.Eject(); err != ErrDriveLocked {
		t.Fatalf("the button opens a locked drive: %v", err)
	}
	expect("1e 00 00 00 00 00", "")
	expect("1b 00 00 00 02 00", "")
	expect(ready, "2/3A/02")
	expect("1b 00 00 00 03 00", "") // load what lies on the tray
	s.settle()
	if disc, err := drive.Eject(); err != nil || disc == nil {
		t.Fatalf("no disc on the tray: %v", err)
	}
	expect(ready, "2/3A/02")
}

// MMC-5 4.5.3.5.2 and 6.3.3: a BD-R takes session after session at its NWA,
// each at a cluster boundary, and can be finalised.
func TestSessionsFollowEachOther(t *testing.T) {
	for _, medium := range []struct {
		name     string
		profile  uint16
		gap      uint32
		finalise string
	}{
		{"BD-R", discProfileBDR, 0, "06"},
		{"DVD+R", discProfileDVDPlusR, 2048, "05"},
	} {
		t.Run(medium.name, func(t *testing.T) {
			s := newStation(t, NewDisc(medium.profile))
			want := uint32(0)
			for session := range 10 {
				if got := s.record(3); got != want {
					t.Fatalf("session %d starts at %d, want %d", session+1, got, want)
				}
				want += 96 + medium.gap
				if got := s.good(readCDB(want-medium.gap-32, 32), nil, 32*discSector); !bytes.Equal(got, pattern(want-medium.gap-32, 32)) {
					t.Fatalf("session %d reads back different", session+1)
				}
			}
			information := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34)
			if information[2] != 1 || information[4] != 11 || information[6] != 11 {
				t.Errorf("disc information %x: want appendable, 11 sessions, last track 11", information)
			}
			if got := s.good("25 00 00 00 00 00 00 00 00 00", nil, 8); !bytes.Equal(got, []byte{0, 0, 0, 0, 0, 0, 8, 0}) {
				t.Errorf("the capacity %x is not the one from before the burns", got)
			}
			s.good("5b 00"+medium.finalise+"00 00 00 00 00 00 00", nil, 0)
			information = s.good("51 00 00 00 00 00 00 00 22 00", nil, 34)
			if information[2] != 0x0E || information[4] != 10 {
				t.Errorf("disc information %x: want complete, 10 sessions", information)
			}
			if _, sense, _ := s.send(writeCDB(want, 32), pattern(want, 32), 0); sense != "7/27/00" {
				t.Errorf("writing after finalising gives %q", sense)
			}
		})
	}
}

// MMC-5 6.3.3: track first, session second; neither twice.
func TestClosingOutOfOrder(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	for _, step := range []struct{ name, cdb, sense string }{
		{"session while data is cached", "5b 00 02 00 00 00 00 00 00 00", "5/72/03"},
		{"flush", "35 00 00 00 00 00 00 00 00 00", ""},
		{"session while its track is open", "5b 00 02 00 00 00 00 00 00 00", "5/72/03"},
		{"finalise while its track is open", "5b 00 06 00 00 00 00 00 00 00", "5/72/03"},
		{"a track that is not there", "5b 00 01 00 00 07 00 00 00 00", "5/24/00"},
		{"FFh is for CD", "5b 00 01 00 00 ff 00 00 00 00", "5/24/00"},
		{"the track", "5b 00 01 00 00 01 00 00 00 00", ""},
		{"the track again", "5b 00 01 00 00 01 00 00 00 00", "5/2C/00"},
		{"the session", "5b 00 02 00 00 00 00 00 00 00", ""},
		{"the session again", "5b 00 02 00 00 00 00 00 00 00", "5/2C/00"},
	} {
		if _, sense, _ := s.send(step.cdb, nil, 0); sense != step.sense {
			t.Fatalf("%s: sense %q, want %q", step.name, sense, step.sense)
		}
	}
}

// MMC-5 6.41, 6.3 and SPC-3 6.27: with Immed the operation goes on, and is
// done only when the polls say so.
func TestImmediateOperationsKeepTheDriveBusy(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	s.good("35 02 00 00 00 00 00 00 00 00", nil, 0)
	if got := len(s.disc.Tracks()); got != 0 {
		t.Errorf("the data is on the disc before the operation ended: %d tracks", got)
	}
	if _, sense, _ := s.send("51 00 00 00 00 00 00 00 22 00", nil, 34); sense != "2/04/08" {
		t.Errorf("a query during the operation gives %q", sense)
	}
	sense := s.good("03 00 00 00 12 00", nil, 18)
	if sense[2] != 2 || sense[12] != 4 || sense[13] != 8 || sense[15] != 0x80 {
		t.Errorf("REQUEST SENSE says %x, want a long write with its progress", sense)
	}
	s.settle()
	if got := s.disc.Tracks(); len(got) != 1 || got[0].Recorded != 32 {
		t.Errorf("after the operation the disc holds %+v", got)
	}
	s.good("5b 01 01 00 00 01 00 00 00 00", nil, 0)
	s.settle()
	s.good("5b 01 02 00 00 00 00 00 00 00", nil, 0)
	s.settle()
	if got := s.next(); got != 32 {
		t.Errorf("the next session would start at %d, want 32", got)
	}
}

// SPC-3 6.27. A USB bridge has no other way to learn why a command failed.
func TestRequestSenseTellsOfTheCommandBeforeIt(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR, WithFinalised()))
	s.good(readCDB(0, 1), nil, discSector)
	for _, c := range []struct {
		name, cdb, sense string
		before           func()
	}{
		{"and not of a unit attention since", writeCDB(32, 32), "7/27/00", func() { s.drive.attention = opticalWasReset }},
		{"and not of the end of an operation", readCDB(1<<20, 1), "5/21/00", func() { s.drive.long(true, opticalLongWriteBusy, func() opticalSense { return opticalGood }) }},
	} {
		var out []byte
		if c.cdb[:2] == "2a" {
			out = pattern(32, 32)
		}
		if _, sense, _ := s.send(c.cdb, out, discSector-min(len(out), discSector)); sense != c.sense {
			t.Fatalf("%s: the command gives %q", c.name, sense)
		}
		c.before()
		first, second := s.good("03 00 00 00 12 00", nil, 18), s.good("03 00 00 00 12 00", nil, 18)
		if got := fmt.Sprintf("%X/%02X/%02X", first[2]&0xF, first[12], first[13]); got != c.sense {
			t.Errorf("%s: REQUEST SENSE gives %s, want %s", c.name, got, c.sense)
		}
		if bytes.Equal(first, second) {
			t.Errorf("%s: it is told twice", c.name)
		}
		s.settle()
	}
}

// A recorder may write half clusters to a BD-R. The cache makes whole ones of them,
// and fills the last one up when it is emptied.
func TestHalfClustersBecomeWholeOnes(t *testing.T) {
	const half, halves = 16, 71 // more than the cache holds
	s := newStation(t, NewDisc(discProfileBDR))
	for i := range uint32(halves) {
		s.good(writeCDB(i*half, half), pattern(i*half, half), 0)
		if got := s.next(); got != (i+1)*half {
			t.Fatalf("after %d halves the next address is %d", i+1, got)
		}
		if got := s.disc.recordedEnd(); got%(2*half) != 0 {
			t.Fatalf("%d sectors are on the disc: a part of a cluster", got)
		}
	}
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	if got := s.next(); got != (halves+1)*half {
		t.Errorf("after the cache was emptied the next address is %d", got)
	}
	if got := s.good(readCDB(0, half), nil, half*discSector); !bytes.Equal(got, pattern(0, half)) {
		t.Error("the first half differs")
	}
	if got := s.good(readCDB(halves*half, half), nil, half*discSector); !isZero(got) {
		t.Error("the last cluster is not filled up with zeros")
	}
}

// MMC-5 6.15: a read makes the drive record what it has cached, and wait.
func TestReadingDuringABurnMustWaitForTheCache(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	if _, sense, _ := s.send(readCDB(0, 32), nil, 32*discSector); sense != "2/04/08" {
		t.Errorf("reading cached sectors gives %q", sense)
	}
	s.settle()
	if got := s.good(readCDB(0, 32), nil, 32*discSector); !bytes.Equal(got, pattern(0, 32)) {
		t.Error("the sectors read back different")
	}
}

// MMC-5 6.5.4.2.1.6: spare areas are set aside on a blank disc, once.
func TestFormattingABlankDisc(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	list := []byte{0, 0x82, 0, 8, 0, 0xB4, 0x74, 0, 1, 0, 0, 0}
	s.good("04 11 00 00 00 00", list, 0)
	if _, sense, _ := s.send("00 00 00 00 00 00", nil, 0); sense != "2/04/07" {
		t.Errorf("while it formats the drive says %q", sense)
	}
	s.settle()
	if free := s.good("52 01 00 00 00 ff 00 00 30 00", nil, 48)[16:20]; !bytes.Equal(free, []byte{0, 0xB4, 0x74, 0}) {
		t.Errorf("free blocks %x", free)
	}
	if _, sense, _ := s.send("04 11 00 00 00 00", list, 0); sense != "5/2C/00" {
		t.Errorf("formatting twice gives %q", sense)
	}
}

// MMC-5 6.31: a reserved track has its own NWA and its own end.
func TestReservedTracks(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.good("53 00 00 00 00 00 00 00 21 00", nil, 0) // 33 sectors: two clusters
	if got := s.next(); got != 64 {
		t.Errorf("the invisible track starts at %d, want 64", got)
	}
	if got := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34); got[6] != 2 {
		t.Errorf("last track %d, want 2", got[6])
	}
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	if _, sense, _ := s.send("5b 00 02 00 00 00 00 00 00 00", nil, 0); sense != "5/72/03" {
		t.Errorf("the session closes over a reserved track: %q", sense)
	}
	s.good("5b 00 01 00 00 01 00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	got := s.good(readCDB(32, 32), nil, 32*discSector)
	if !bytes.Equal(got, make([]byte, 32*discSector)) {
		t.Error("the rest of the reserved track is not zeros")
	}
}

// MMC-5 4.2.3.6, 6.41: a CD-R track written at once is closed by the flush,
// is at least 300 sectors long, and costs run-out, lead-out and lead-in.
func TestCDTracksAreWrittenAtOnce(t *testing.T) {
	s := newStation(t, NewDisc(discProfileCDR))
	for _, refused := range []struct {
		name string
		list []byte
	}{
		{"raw", parameters(3, 0xC4, 0, 0)},
		{"packet", parameters(0, 0xC4, 0, 0)},
		{"multi-session 01b", parameters(1, 0x44, 0, 0)},
		{"audio", parameters(1, 0xC0, 0, 0)},
	} {
		if _, sense, _ := s.send(modeSelectCDB, refused.list, 0); sense != "5/26/00" {
			t.Errorf("%s: sense %q", refused.name, sense)
		}
	}
	s.good(modeSelectCDB, parameters(1, 0xC4, 0, 0), 0)
	s.good(writeCDB(0, 16), pattern(0, 16), 0)
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	if got, want := s.next(), uint32(302+11_400); got != want {
		t.Errorf("second session at %d, want %d", got, want)
	}
	if _, sense, _ := s.send(readCDB(300, 1), nil, discSector); sense != "5/21/00" {
		t.Errorf("reading the run-out gives %q", sense)
	}
	second := s.next()
	s.good(writeCDB(second, 30), pattern(second, 30), 0)
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	if _, sense, _ := s.send(readCDB(300, 1), nil, discSector); sense != "5/64/00" {
		t.Errorf("reading the run-out gives %q", sense)
	}
	if got, want := s.next(), second+302+6_900; got != want {
		t.Errorf("third session at %d, want %d", got, want)
	}
	toc := s.good("43 00 02 00 00 00 00 00 80 00", nil, 128)
	if sessions := toc[3]; sessions != 2 || (len(toc)-4)%11 != 0 {
		t.Errorf("raw TOC %x", toc)
	}
}

// MMC-5 6.31: disc-at-once needs its size first, and the
// full track closes the disc.
func TestDVDRDiscAtOnce(t *testing.T) {
	s := newStation(t, NewDisc(discProfileDVDR))
	s.good(modeSelectCDB, parameters(2, 0x05, 0, 0), 0)
	if _, sense, _ := s.send(writeCDB(0, 32), pattern(0, 32), 0); sense != "5/2C/00" {
		t.Fatalf("writing without a reservation gives %q", sense)
	}
	s.good("53 00 00 00 00 00 00 00 40 00", nil, 0)
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	s.good(writeCDB(32, 32), pattern(32, 32), 0)
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	if got := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34); got[2] != 0x0E {
		t.Errorf("disc information %x, want complete", got)
	}
}

func TestAFullDiscTakesNothingMore(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR, WithCapacity(100))) // three clusters
	s.good(writeCDB(0, 32), pattern(0, 32), 0)
	s.good(writeCDB(32, 32), pattern(32, 32), 0)
	s.good(writeCDB(64, 32), pattern(64, 32), 0)
	if _, sense, _ := s.send(writeCDB(96, 32), pattern(96, 32), 0); sense != "5/21/00" {
		t.Errorf("writing past the end gives %q", sense)
	}
	s.good("5b 00 01 00 00 01 00 00 00 00", nil, 0)
	s.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
	if got := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34); got[2] != 0x0E {
		t.Errorf("disc information %x: a full disc must be complete", got)
	}
}

func TestABDRTakes255Sessions(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	for range 254 {
		s.record(1)
	}
	if got := s.good("52 01 00 00 00 ff 00 00 30 00", nil, 48); got[2] != 0xFF || got[7] != 1 {
		t.Fatalf("track FFh %x: want number 255 with a next writable address", got)
	}
	s.record(1)
	if got := s.good("51 00 00 00 00 00 00 00 22 00", nil, 34); got[2] != 0x0E || got[4] != 255 {
		t.Errorf("disc information %x: want complete with 255 sessions", got)
	}
	if got := s.good("52 01 00 00 00 ff 00 00 30 00", nil, 48); binary.BigEndian.Uint32(got[8:]) != 254*32 {
		t.Errorf("track 255 %x", got)
	}
}
