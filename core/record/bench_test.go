package record_test

import (
	"os"
	"testing"

	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/record"
)

// BenchmarkMake255 makes the record of the last of 127 ceremonies, on a disc of
// 255 sessions.
func BenchmarkMake255(b *testing.B) {
	a := archivetest.New(b, "rehearsal")
	a.NoImages, a.NoRecords = true, true
	a.InitRoot()
	for range 126 {
		a.IssueCRL()
	}
	if len(a.Directories) != 255 {
		b.Fatalf("%d sessions", len(a.Directories))
	}
	log, files := ended(b, a)
	b.ResetTimer()
	var page []byte
	for range b.N {
		var err error
		if page, err = record.Make(log, files); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(len(page)), "bytes")
}

// ended is the log up to its last ceremony.end, and the files of its session.
func ended(tb testing.TB, a *archivetest.Builder) (*audit.Log, func(string) ([]byte, error)) {
	tb.Helper()
	records := a.Log.Records()
	n := len(records)
	for n > 0 && records[n-1].Event.Name() != "ceremony.end" {
		n--
	}
	log, err := a.Log.Prefix(uint64(n))
	if err != nil {
		tb.Fatal(err)
	}
	return log, func(name string) ([]byte, error) {
		for _, f := range a.Directories[len(a.Directories)-1].Files {
			if f.Name == name {
				return archivetest.Bytes(f), nil
			}
		}
		return nil, os.ErrNotExist
	}
}
