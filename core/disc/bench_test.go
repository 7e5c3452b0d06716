package disc

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

// pattern is content of any length that costs no memory.
type pattern struct{ data []byte }

func (p pattern) ReadAt(b []byte, off int64) (int, error) {
	n := 0
	for n < len(b) {
		n += copy(b[n:], p.data[(off+int64(n))%int64(len(p.data)):])
	}
	return n, nil
}

// BenchmarkStreamSession builds and streams a session of 1 GiB.
func BenchmarkStreamSession(b *testing.B) {
	content := pattern{bytes.Repeat([]byte("content "), 1<<15)}
	d := testDirectory(1)
	d.Files = append(d.Files, File{Name: "BIG.BIN", Size: 1 << 30, Content: content})
	buffer := make([]byte, chunk)
	b.ReportAllocs()
	for b.Loop() {
		m, err := NewImage(testVolume(1), 0, []Directory{d})
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(m.Size())
		n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.NewSectionReader(m, 0, m.Size()), buffer)
		if n != m.Size() || err != nil {
			b.Fatal(n, err)
		}
	}
}

// BenchmarkSession lays out and streams the n-th session of an archive, which holds n
// directories: the time for each of them must not grow with n.
func BenchmarkSession(b *testing.B) {
	buffer := make([]byte, chunk)
	for _, n := range []int{16, 64, 255} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			directories := smallDirectories(n)
			for b.Loop() {
				m, err := NewImage(testVolume(n), 0, directories)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, io.NewSectionReader(m, 0, m.Size()), buffer); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/directory")
		})
	}
}

// BenchmarkFindArchive finds and verifies every session of a full BD-R's worth
// of sessions.
func BenchmarkFindArchive(b *testing.B) {
	var image sparse
	for i := 1; i <= 255; i++ {
		m, err := NewImage(testVolume(i), uint32(image.size/sectorSize), smallDirectories(i))
		if err != nil {
			b.Fatal(err)
		}
		image.append(m)
	}
	b.SetBytes(image.size)
	b.ReportAllocs()
	for b.Loop() {
		sessions, errs := Find(&image, image.size)
		if len(sessions) != 255 || len(errs) != 0 {
			b.Fatal(len(sessions), errs)
		}
		for _, s := range sessions {
			if err := s.Verify(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func smallDirectories(n int) []Directory {
	var dirs []Directory
	for i := 1; i <= n; i++ {
		dirs = append(dirs, Directory{Name: testTime(i).Format(stampLayout), Files: []File{
			NewFile("AUDIT.LOG", make([]byte, 3000)),
			NewFile("STATE.JSON", make([]byte, 1500)),
			NewFile("RECORD.HTML", make([]byte, 9000)),
		}})
	}
	return dirs
}

// sparse is a disc image made of the sessions' own images.
type sparse struct {
	images []*Image
	starts []int64
	size   int64
}

func (s *sparse) append(m *Image) {
	s.images, s.starts = append(s.images, m), append(s.starts, s.size)
	s.size += m.Size()
}

func (s *sparse) ReadAt(p []byte, off int64) (int, error) {
	done := 0
	for i, m := range s.images {
		at := off + int64(done) - s.starts[i]
		if at < 0 || at >= m.Size() {
			continue
		}
		n, err := m.ReadAt(p[done:min(len(p), done+int(m.Size()-at))], at)
		if done += n; done == len(p) || err != nil && err != io.EOF {
			return done, err
		}
	}
	return done, io.EOF
}
