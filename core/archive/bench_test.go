package archive_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/audit"
	"anodize/core/disc"
)

// lazyDisc is a disc whose sectors are made when they are read: the images of 255
// sessions do not fit into memory.
type lazyDisc struct {
	images []*disc.Image
	starts []int64
	end    int64
}

// burn appends a session and returns what its read-back says.
func (d *lazyDisc) burn(tb testing.TB, v disc.Volume, dirs []disc.Directory) audit.SessionVerified {
	tb.Helper()
	image, err := disc.NewImage(v, uint32(d.end/sector), slices.Clone(dirs))
	if err != nil {
		tb.Fatal(err)
	}
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, io.NewSectionReader(image, 0, image.Size()), make([]byte, 1<<18)); err != nil {
		tb.Fatal(err)
	}
	e := audit.SessionVerified{Directory: dirs[len(dirs)-1].Name, Address: uint32(d.end / sector), Blocks: image.Blocks(), SHA256: hex.EncodeToString(h.Sum(nil))}
	d.images, d.starts = append(d.images, image), append(d.starts, d.end)
	d.end += image.Size()
	return e
}

func (d *lazyDisc) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for done < len(p) {
		at := off + int64(done)
		i, found := slices.BinarySearch(d.starts, at)
		if !found {
			i--
		}
		if i < 0 || at >= d.end {
			return done, io.EOF
		}
		n, err := d.images[i].ReadAt(p[done:min(len(p), done+int(d.starts[i]+d.images[i].Size()-at))], at-d.starts[i])
		if done += n; err != nil && err != io.EOF {
			return done, err
		}
	}
	return done, nil
}

// fullDisc is an archive of 255 sessions, as many as a BD-R takes.
func fullDisc(tb testing.TB) *lazyDisc {
	tb.Helper()
	d := &lazyDisc{}
	b := archivetest.New(tb, "rehearsal")
	b.Recorder = d.burn
	b.InitRoot()
	for range 126 {
		b.IssueCRL()
	}
	return d
}

func (d *lazyDisc) sessions(tb testing.TB) []archive.Session {
	tb.Helper()
	var all []*disc.Session
	for i, start := range d.starts {
		s, err := disc.ReadSession(d, start+d.images[i].Size(), uint32(start/sector))
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, s)
	}
	return archive.FromDisc(all)
}

// processor is the processor time that this process has used.
func processor(tb testing.TB) time.Duration {
	tb.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// reportProcessor reports the processor time of one round, which other programs on
// the machine do not change much.
func reportProcessor(b *testing.B, since time.Duration) {
	b.Helper()
	b.ReportMetric((processor(b)-since).Seconds()/float64(b.N), "cpu-s/op")
}

// BenchmarkFullDisc validates all of 255 sessions: every copy, every sector around
// the files, every read-back.
func BenchmarkFullDisc(b *testing.B) {
	d := fullDisc(b)
	b.SetBytes(d.end)
	defer reportProcessor(b, processor(b))
	for b.Loop() {
		if r := archive.Verify(d.sessions(b), nil, archive.Options{}); r.Worst() != archive.Pass {
			b.Fatal(r.Findings)
		}
	}
}

// BenchmarkOpenAndPlan reads the last of 255 sessions in full, verifies the archive
// from genesis by it, and lays the next session out.
func BenchmarkOpenAndPlan(b *testing.B) {
	d := fullDisc(b)
	last := len(d.images) - 1
	b.SetBytes(d.images[last].Size())
	defer reportProcessor(b, processor(b))
	for b.Loop() {
		s, err := disc.ReadSession(d, d.end, uint32(d.starts[last]/sector))
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			b.Fatal(err)
		}
		r := archive.Verify([]archive.Session{{Directories: s.Directories}}, nil, archive.Options{})
		if r.Worst() != archive.Pass {
			b.Fatal(r.Findings)
		}
		next := append(slices.Clone(s.Directories), disc.Directory{Name: "20270101T000000Z-intent", Files: s.Directories[last].Files})
		v := s.Volume
		v.Number++
		if _, err := disc.NewImage(v, uint32(d.end/sector), next); err != nil {
			b.Fatal(err)
		}
	}
}
