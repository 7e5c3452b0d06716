package archive_test

import (
	"bytes"
	"slices"
	"testing"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
	"anodize/core/record"
)

// recorded makes an archive whose record.made is changed as it is logged.
func recorded(change func(*audit.RecordMade)) func(t *testing.T) []byte {
	return func(t *testing.T) []byte {
		b := archivetest.New(t, "rehearsal")
		b.Tamper = func(e audit.Event) audit.Event {
			if made, ok := e.(audit.RecordMade); ok {
				change(&made)
				return made
			}
			return e
		}
		b.InitRoot()
		return b.Image
	}
}

func found(r archive.Result, level archive.Level, check string) bool {
	return slices.ContainsFunc(r.Findings, func(f archive.Finding) bool { return f.Level == level && f.Check == check })
}

func TestARecordThatTellsAnotherStoryIsAnError(t *testing.T) {
	b := archivetest.New(t, "rehearsal")
	b.Page = func(page []byte) []byte {
		return bytes.Replace(page, []byte("done as intended"), []byte("done as dreamt of"), 1)
	}
	b.InitRoot()
	r := verify(b.Image, archive.Options{})
	if !found(r, archive.Error, "records") {
		t.Errorf("findings %v", r.Findings)
	}
	for _, f := range r.Findings {
		if f.Level == archive.Error && f.Check != "records" {
			t.Errorf("something else is wrong too: %v", f)
		}
	}
}

func TestARecordOfANewerFormIsAWarning(t *testing.T) {
	r := verify(recorded(func(e *audit.RecordMade) { e.Form = record.Form + 1 })(t), archive.Options{})
	if r.Worst() != archive.Warn || !found(r, archive.Warn, "records") {
		t.Errorf("findings %v", r.Findings)
	}
}

func TestAnArchiveWithoutRecordsPasses(t *testing.T) {
	b := archivetest.New(t, "rehearsal")
	b.NoRecords = true
	b.InitRoot()
	if r := verify(b.Image, archive.Options{}); r.Worst() != archive.Pass {
		t.Errorf("findings %v", r.Findings)
	}
	if whole, said := archivetest.Foreign(t, b.Image); !whole {
		t.Errorf("the foreign validator says %s", said)
	}
}

func TestTheLastRecordCanBeMadeAgain(t *testing.T) {
	onDisc := func(b *archivetest.Builder) []byte {
		dirs := b.Directories
		for i := len(dirs) - 1; i >= 0; i-- {
			if n := slices.IndexFunc(dirs[i].Files, func(f disc.File) bool { return f.Name == record.File }); n >= 0 {
				return archivetest.Bytes(dirs[i].Files[n])
			}
		}
		t.Fatal("no record is on the disc")
		return nil
	}
	b := archivetest.Whole(t, "production", 1, 0)
	want := onDisc(b)
	b.Open()
	b.IntendCRL() // goes on; the last ceremony that ended is the one before
	page, err := verify(b.Image, archive.Options{}).Record()
	if err != nil || !bytes.Equal(page, want) {
		t.Errorf("it is not the one on the disc: %v", err)
	}

	bare := archivetest.New(t, "rehearsal")
	bare.NoRecords = true
	bare.InitRoot()
	if page, err := verify(bare.Image, archive.Options{}).Record(); err != nil || !bytes.Contains(page, []byte("<html")) {
		t.Errorf("of a disc without records: %v", err)
	}

	young := archivetest.New(t, "rehearsal")
	young.IntendRoot()
	for name, image := range map[string][]byte{"no ceremony has ended": young.Image, "no log": nil} {
		if _, err := verify(image, archive.Options{}).Record(); err == nil {
			t.Errorf("%s: a record was made", name)
		}
	}
}
