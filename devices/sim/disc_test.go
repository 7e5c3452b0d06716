package sim

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestASavedDiscIsTheSameDisc(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR, WithCapacity(32*100)))
	s.record(2)
	s.record(1)
	s.good(writeCDB(96, 32), pattern(96, 32), 0) // stays open
	s.good("35 00 00 00 00 00 00 00 00 00", nil, 0)
	s.disc.MarkUnreadable(7)
	dir := filepath.Join(t.TempDir(), "disc")
	if err := s.disc.Save(dir); err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadDisc(dir)
	if err != nil {
		t.Fatal(err)
	}
	var was, is bytes.Buffer
	if err := s.disc.WriteImage(&was); err != nil {
		t.Fatal(err)
	}
	if err := loaded.WriteImage(&is); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(was.Bytes(), is.Bytes()) || was.Len() != 128*discSector {
		t.Errorf("images of %d and %d bytes differ", was.Len(), is.Len())
	}
	again := newStation(t, loaded)
	if got := again.next(); got != 128 {
		t.Errorf("next writable address %d, want 128", got)
	}
	if got := again.good(readCDB(64, 32), nil, 32*discSector); !bytes.Equal(got, pattern(64, 32)) {
		t.Error("the second session reads back different")
	}
	if _, sense, _ := again.send(readCDB(7, 1), nil, discSector); sense != "3/11/00" {
		t.Errorf("the unreadable sector gives %q", sense)
	}
	again.good("5b 00 01 00 00 03 00 00 00 00", nil, 0)
	again.good("5b 00 02 00 00 00 00 00 00 00", nil, 0)
}

func TestTheImageHasZerosInTheGaps(t *testing.T) {
	s := newStation(t, NewDisc(discProfileDVDPlusR))
	s.record(1)
	s.record(1)
	var image bytes.Buffer
	if err := s.disc.WriteImage(&image); err != nil {
		t.Fatal(err)
	}
	second := (32 + 2048) * discSector
	if image.Len() != second+32*discSector {
		t.Fatalf("%d bytes", image.Len())
	}
	if got := image.Bytes(); !bytes.Equal(got[:32*discSector], pattern(0, 32)) || !isZero(got[32*discSector:second]) ||
		!bytes.Equal(got[second:], pattern(32+2048, 32)) {
		t.Error("the sessions are not where they were burned, or the gap is not zero")
	}
}

func TestAChangedByteShowsUp(t *testing.T) {
	s := newStation(t, NewDisc(discProfileBDR))
	s.record(1)
	s.disc.ChangeByte(3, 9)
	s.disc.ChangeByte(99, 0) // nothing is there
	want := pattern(0, 32)
	want[3*discSector+9] ^= 1
	if got := s.good(readCDB(0, 32), nil, 32*discSector); !bytes.Equal(got, want) {
		t.Error("not exactly that byte differs")
	}
}

func TestADiscTableThatCannotBeIsRefused(t *testing.T) {
	for _, test := range []struct{ name, table, why string }{
		{"not JSON", `{`, "loading"},
		{"unknown field", `{"colour":1}`, "colour"},
		{"too large", `{"profile":65,"capacity":4000000000}`, "capacity"},
		{"overlapping tracks", `{"profile":65,"capacity":6400,"sessions":2,"tracks":[
			{"session":1,"start":0,"size":64,"written":64,"closed":true},{"session":2,"start":32,"size":32,"written":32,"closed":true}]}`, "track 2"},
		{"track over the end", `{"profile":65,"capacity":64,"sessions":1,"tracks":[{"session":1,"start":0,"size":96,"closed":true}]}`, "track 1"},
		{"session 0", `{"profile":65,"capacity":64,"sessions":1,"tracks":[{"session":0}]}`, "track 1"},
		{"a session without tracks", `{"profile":65,"capacity":64,"sessions":1}`, "sessions"},
		{"open without a track", `{"profile":65,"capacity":64,"open":true}`, "open session"},
		{"image and table disagree", `{"profile":65,"capacity":64,"sessions":1,"tracks":[
			{"session":1,"start":0,"size":32,"written":32,"closed":true}]}`, "0 sectors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, data := range map[string]string{discTableFile: test.table, discImageFile: ""} {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := LoadDisc(dir); err == nil || !strings.Contains(err.Error(), test.why) {
				t.Errorf("error %v, want one about %q", err, test.why)
			}
		})
	}
	if _, err := LoadDisc(t.TempDir()); err == nil {
		t.Error("an empty directory is a disc")
	}
}
