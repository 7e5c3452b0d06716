package disc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawDirectories draws directories that NewImage takes.
func drawDirectories(t *rapid.T) []Directory {
	at := time.Date(rapid.IntRange(firstYear, lastYear-1).Draw(t, "year"), 1, 1, 0, 0, 0, 0, time.UTC)
	var dirs []Directory
	for range rapid.IntRange(1, 40).Draw(t, "directories") {
		at = at.Add(time.Duration(rapid.IntRange(1, 1e5).Draw(t, "later")) * time.Second)
		suffix := rapid.StringMatching(`(-[a-z][a-z0-9]{0,13})?`).Draw(t, "suffix")
		d := Directory{Name: at.Format(stampLayout) + suffix}
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[A-Z0-9_]{1,15}\.[A-Z0-9_]{1,15}`), 0, 30, rapid.ID).Draw(t, "names")
		for _, name := range names {
			d.Files = append(d.Files, NewFile(name, rapid.SliceOfN(rapid.Byte(), 0, 5000).Draw(t, "data")))
		}
		dirs = append(dirs, d)
	}
	return dirs
}

func contents(t testing.TB, dirs []Directory) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, d := range dirs {
		for _, f := range d.Files {
			b := make([]byte, f.Size)
			if f.Size > 0 {
				if _, err := f.Content.ReadAt(b, 0); err != nil && err != io.EOF {
					t.Fatal(err)
				}
			}
			all[d.Name+"/"+f.Name] = string(b)
		}
	}
	return all
}

func equalContents(a, b map[string]string) bool {
	for name, data := range a {
		if got, ok := b[name]; !ok || got != data {
			return false
		}
	}
	return len(a) == len(b)
}

func TestWhatIsLaidOutIsReadBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		dirs := drawDirectories(rt)
		v := Volume{
			Mode:   rapid.SampledFrom(modes).Draw(rt, "mode").mode,
			Number: rapid.IntRange(1, maxNumber).Draw(rt, "number"),
			Time:   time.Unix(rapid.Int64Range(0, 5e9).Draw(rt, "time"), 0).UTC(),
		}
		copy(v.Archive[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(rt, "archive"))
		start := uint32(rapid.IntRange(0, 100).Draw(rt, "start"))
		m, err := NewImage(v, start, dirs)
		if err != nil {
			rt.Fatal(err)
		}
		disc := append(make([]byte, int(start)*sectorSize), imageBytes(t, m)...)
		s, err := ReadSession(bytes.NewReader(disc), int64(len(disc)), start)
		if err != nil {
			rt.Fatal(err)
		}
		if err := s.Verify(); err != nil {
			rt.Error(err)
		}
		if s.Volume != v || s.Address != start || s.Blocks != m.Blocks() {
			rt.Errorf("read %+v at %d, %d blocks; want %+v at %d, %d", s.Volume, s.Address, s.Blocks, v, start, m.Blocks())
		}
		if !equalContents(contents(t, dirs), contents(t, s.Directories)) {
			rt.Error("the files read differ from those laid out")
		}
		found, errs := Find(bytes.NewReader(disc), int64(len(disc)))
		if len(found) != 1 || len(errs) != 0 || found[0].Address != start {
			rt.Errorf("Find = %d sessions, %v", len(found), errs)
		}
	})
}

func TestImageIsTheSameHoweverItIsRead(t *testing.T) {
	m, err := NewImage(testVolume(3), 77, testDirectories(3))
	if err != nil {
		t.Fatal(err)
	}
	whole := imageBytes(t, m)
	again, err := NewImage(testVolume(3), 77, testDirectories(3))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(whole, imageBytes(t, again)) {
		t.Error("the same arguments gave other bytes")
	}
	rapid.Check(t, func(rt *rapid.T) {
		off := rapid.IntRange(0, len(whole)-1).Draw(rt, "offset")
		b := make([]byte, rapid.IntRange(0, 3*chunk).Draw(rt, "length"))
		n, err := m.ReadAt(b, int64(off))
		want := min(len(b), len(whole)-off)
		if n != want || !bytes.Equal(b[:n], whole[off:off+n]) {
			rt.Errorf("ReadAt(%d bytes, %d) = %d bytes that differ, want %d", len(b), off, n, want)
		}
		if short := n < len(b); short != (err == io.EOF) {
			rt.Errorf("ReadAt(%d bytes, %d) = %d, %v", len(b), off, n, err)
		}
	})
}

func TestImageIsPaddedToWholeClusters(t *testing.T) {
	for n := 1; n <= 20; n++ {
		m, err := NewImage(testVolume(n), 0, testDirectories(n))
		if err != nil {
			t.Fatal(err)
		}
		last := m.extents[len(m.extents)-1]
		end := int64(last.sector) + sectors(last.Size)
		if pad := int64(m.Blocks()) - end; pad < padding || pad >= padding+cluster || m.Blocks()%cluster != 0 {
			t.Errorf("%d directories: %d blocks with %d of padding", n, m.Blocks(), pad)
		}
	}
}

func TestNewImageRefusesWhatCannotBeRecorded(t *testing.T) {
	ok := testDirectory(1)
	with := func(name string, files ...File) []Directory { return []Directory{{Name: name, Files: files}} }
	file := func(name string) []Directory { return with(ok.Name, NewFile(name, nil)) }
	cases := []struct {
		why   string
		v     Volume
		start uint32
		dirs  []Directory
		want  string
	}{
		{"no directory", testVolume(1), 0, nil, "0 directories"},
		{"mode unknown", Volume{Mode: "test", Number: 1, Time: testTime(1)}, 0, with(ok.Name), "mode"},
		{"number zero", Volume{Mode: "dev", Time: testTime(1)}, 0, with(ok.Name), "number 0"},
		{"number of five digits", Volume{Mode: "dev", Number: 10000, Time: testTime(1)}, 0, with(ok.Name), "number 10000"},
		{"no time", Volume{Mode: "dev", Number: 1}, 0, with(ok.Name), "year 1 "},
		{"year beyond a byte", Volume{Mode: "dev", Number: 1, Time: time.Date(2156, 1, 1, 0, 0, 0, 0, time.UTC)}, 0, with(ok.Name), "year 2156"},
		{"name without a time", testVolume(1), 0, with("intent"), "directory name"},
		{"name with an impossible day", testVolume(1), 0, with("20260231T143000Z"), "directory name"},
		{"name with a second 60", testVolume(1), 0, with("20261231T235960Z"), "directory name"},
		{"name in the past", testVolume(1), 0, with("19691231T235959Z"), "year 1969"},
		{"suffix in upper case", testVolume(1), 0, with("20260425T143000Z-Intent"), "directory name"},
		{"suffix with another hyphen", testVolume(1), 0, with("20260425T143000Z-in-tent"), "directory name"},
		{"suffix empty", testVolume(1), 0, with("20260425T143000Z-"), "directory name"},
		{"suffix without hyphen", testVolume(1), 0, with("20260425T143000Zintent"), "directory name"},
		{"suffix too long", testVolume(1), 0, with("20260425T143000Z-abcdefghijklmno"), "directory name"},
		{"two steps of one time", testVolume(1), 0, []Directory{{Name: "20260425T143000Z"}, {Name: "20260425T143000Z-intent"}}, "not later"},
		{"steps out of order", testVolume(1), 0, []Directory{{Name: "20260425T143001Z"}, {Name: "20260425T143000Z"}}, "not later"},
		{"file without extension", testVolume(1), 0, file("AUDIT"), "file name"},
		{"file in lower case", testVolume(1), 0, file("audit.log"), "file name"},
		{"file with two extensions", testVolume(1), 0, file("A.B.C"), "file name"},
		{"file outside the directory", testVolume(1), 0, file("../A.B"), "file name"},
		{"file with a long name", testVolume(1), 0, file(strings.Repeat("A", 28) + ".LOG"), "file name"},
		{"file named nothing", testVolume(1), 0, file(""), "file name"},
		{"two files of one name", testVolume(1), 0, with(ok.Name, NewFile("A.B", nil), NewFile("A.B", nil)), "two files"},
		{"negative size", testVolume(1), 0, with(ok.Name, File{Name: "A.B", Size: -1}), "-1 bytes"},
		{"size beyond one extent", testVolume(1), 0, with(ok.Name, File{Name: "A.B", Size: 1 << 32}), "bytes are not within"},
		{"no content", testVolume(1), 0, with(ok.Name, File{Name: "A.B", Size: 1}), "no content"},
		{"beyond the last address", testVolume(1), math.MaxUint32 - 100, with(ok.Name), "32-bit"},
		{"too many directories", testVolume(1), 0, make([]Directory, maxDirectories+1), "directories"},
		{"too many files", testVolume(1), 0, with(ok.Name, make([]File, maxFiles+1)...), "files are more"},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			m, err := NewImage(c.v, c.start, c.dirs)
			if err == nil || m != nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("NewImage = %v, %v; want an error with %q", m, err, c.want)
			}
		})
	}
}

func TestContentThatEndsEarlyIsAnError(t *testing.T) {
	d := Directory{Name: "20260425T143000Z", Files: []File{{Name: "A.B", Size: 5000, Content: strings.NewReader("short")}}}
	m, err := NewImage(testVolume(1), 0, []Directory{d})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.ReadAt(make([]byte, m.Size()), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("reading the image = %v, want io.ErrUnexpectedEOF", err)
	}
}

func TestReadAtOutsideTheImage(t *testing.T) {
	m, err := NewImage(testVolume(1), 0, testDirectories(1))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := m.ReadAt(make([]byte, 1), m.Size()); n != 0 || err != io.EOF {
		t.Errorf("behind the end: %d, %v; want io.EOF", n, err)
	}
	if _, err := m.ReadAt(make([]byte, 1), -1); err == nil {
		t.Error("a negative offset is no error")
	}
}

// inContent tells whether byte off of a session belongs to a file's content.
func inContent(m *Image, off int64) bool {
	for _, e := range m.extents {
		if off >= e.offset() && off < e.offset()+e.Size {
			return true
		}
	}
	return false
}

func TestEveryFlippedByteOutsideContentsIsSeen(t *testing.T) {
	m, err := NewImage(testVolume(2), 0, testDirectories(2))
	if err != nil {
		t.Fatal(err)
	}
	image := imageBytes(t, m)
	check := func(off int64) {
		image[off] ^= 0x20
		defer func() { image[off] ^= 0x20 }()
		s, err := ReadSession(bytes.NewReader(image), int64(len(image)), 0)
		if err == nil {
			err = s.Verify()
		}
		if inContent(m, off) {
			if err != nil {
				t.Fatalf("byte %d of a content changed: %v", off, err)
			}
			return
		}
		if err == nil {
			t.Fatalf("byte %d changed (%s), and neither ReadSession nor Verify saw it", off,
				regionOf(0, testDirectories(2), uint32(off/sectorSize)))
		}
	}
	for sector := range int64(m.Blocks()) {
		for i := range int64(sectorSize) {
			// Every byte that says something, and a few of those that do not.
			off := sector*sectorSize + i
			structure := off < int64(len(m.fixed)) && image[off] != 0
			if structure || (i+sector)%197 == 0 {
				check(off)
			}
		}
	}
}

func TestAMismatchPointsToItsPlace(t *testing.T) {
	m, err := NewImage(testVolume(2), 0, testDirectories(2))
	if err != nil {
		t.Fatal(err)
	}
	image := imageBytes(t, m)
	for region, off := range map[string]int{
		"system area":                      5*sectorSize + 6,
		"primary volume descriptor":        volumeSector*sectorSize + pvdApplication,
		"volume descriptor set terminator": terminatorSector*sectorSize + 2047,
		"little-endian path table":         tableSector*sectorSize + 1,
		"big-endian path table":            (tableSector+1)*sectorSize + 5,
		"Rock Ridge continuation area":     (tableSector+2)*sectorSize + 20,
		"root directory":                   (tableSector+3)*sectorSize + 60,
		"directory 20260425T143122Z":       (tableSector+5)*sectorSize + 2000,
		"contents and padding":             len(image) - 1,
	} {
		image[off] ^= 0x40
		s, err := ReadSession(bytes.NewReader(image), int64(len(image)), 0)
		if err == nil {
			err = s.Verify()
		}
		image[off] ^= 0x40
		want := MismatchError{Sector: uint32(off / sectorSize), Offset: off % sectorSize, Region: region}
		if got, ok := errors.AsType[*MismatchError](err); !ok || *got != want {
			t.Errorf("byte %d changed: %v, want %v", off, err, &want)
		}
	}
}

func TestATruncatedImageIsRefused(t *testing.T) {
	image, _ := testArchive(t, 1, 0)
	for n := 0; n < len(image); n += 777 {
		if _, err := ReadSession(bytes.NewReader(image[:n]), int64(n), 0); err == nil {
			t.Fatalf("an image of %d of %d bytes was read", n, len(image))
		}
		// Size says more than there is: a reader that comes to its end.
		s, err := ReadSession(bytes.NewReader(image[:n]), int64(len(image)), 0)
		if err == nil && s.Verify() == nil {
			t.Fatalf("an image of %d of %d bytes was verified", n, len(image))
		}
	}
}

func TestFindReportsWhatBelongsToNoSession(t *testing.T) {
	const gap = 48
	clean, starts := testArchive(t, 3, gap)
	last := starts[1] - gap // first sector of the first gap
	cases := []struct {
		why      string
		change   func(b []byte) []byte
		sessions int
		strays   []StrayError
		others   int
	}{
		{"nothing else", func(b []byte) []byte { return b }, 3, nil, 0},
		{"a byte between sessions", func(b []byte) []byte { b[(last+3)*sectorSize+9] = 1; return b }, 3, []StrayError{{last + 3, last + 3}}, 0},
		{"sectors behind the last session", func(b []byte) []byte {
			tail := make([]byte, 5*sectorSize)
			tail[2*sectorSize], tail[5*sectorSize-1] = 1, 1
			return append(b, tail...)
		}, 3, []StrayError{{uint32(len(clean)/sectorSize) + 2, uint32(len(clean)/sectorSize) + 4}}, 0},
		{"half a sector at the end", func(b []byte) []byte { return append(b, make([]byte, 100)...) }, 3, nil, 1},
		{"a foreign volume descriptor right at the beginning of a gap", func(b []byte) []byte {
			copy(b[last*sectorSize:], "\x01CD001\x01")
			return b
		}, 3, []StrayError{{last, last}}, 1},
		{"a foreign volume", func(b []byte) []byte {
			copy(b[(last+20)*sectorSize:], "\x01CD001\x01")
			return b
		}, 3, []StrayError{{last + 20, last + 20}}, 1},
		{"a damaged session, the others stay", func(b []byte) []byte {
			b[(starts[1]+volumeSector)*sectorSize+100] ^= 1
			return b
		}, 2, []StrayError{{starts[1] + volumeSector, starts[2] - gap - 1 - padding}}, 1},
	}
	for _, c := range cases {
		t.Run(c.why, func(t *testing.T) {
			image := c.change(bytes.Clone(clean))
			sessions, errs := Find(bytes.NewReader(image), int64(len(image)))
			if len(sessions) != c.sessions {
				t.Errorf("%d sessions, want %d", len(sessions), c.sessions)
			}
			var strays []StrayError
			others := 0
			for _, err := range errs {
				if stray, ok := err.(*StrayError); ok {
					strays = append(strays, *stray)
				} else {
					others++
				}
			}
			if others != c.others || len(strays) != len(c.strays) {
				t.Fatalf("errors %v; want %d strays and %d others", errs, len(c.strays), c.others)
			}
			for i, want := range c.strays {
				// The end of a damaged session's contents depends on its padding.
				if strays[i].First != want.First || strays[i].Last > want.Last || want.Last-strays[i].Last > cluster {
					t.Errorf("stray %+v, want %+v", strays[i], want)
				}
			}
		})
	}
}

func TestHugeNumbersInAVolumeDescriptorAreRefused(t *testing.T) {
	clean, _ := testArchive(t, 1, 0)
	for name, at := range map[string]int{"space": pvdSpaceSize, "path table": pvdTableSize, "root": pvdRoot + recSector, "root size": pvdRoot + recSize} {
		for _, value := range []uint32{0, 1, sectorSize, 1 << 20, 1 << 31, math.MaxUint32 - 2047, math.MaxUint32} {
			image := bytes.Clone(clean)
			if was, _ := both32(image[volumeSector*sectorSize+at:]); was == value {
				continue
			}
			putBoth32(image[volumeSector*sectorSize+at:], value)
			// An enormous size: nothing may be allocated or read in proportion to it.
			if _, err := ReadSession(bytes.NewReader(image), math.MaxInt64, 0); err == nil {
				t.Errorf("%s = %d was taken", name, value)
			}
		}
		image := bytes.Clone(clean)
		binary.BigEndian.PutUint32(image[volumeSector*sectorSize+at+4:], 7)
		if _, err := ReadSession(bytes.NewReader(image), int64(len(image)), 0); err == nil || !strings.Contains(err.Error(), "both-endian") {
			t.Errorf("%s with two halves that differ: %v", name, err)
		}
	}
}

// badSector is a reader that cannot read one sector.
type badSector struct {
	io.ReaderAt
	sector int64
}

var errBadSector = errors.New("bad sector")

func (b badSector) ReadAt(p []byte, off int64) (int, error) {
	if off < (b.sector+1)*sectorSize && off+int64(len(p)) > b.sector*sectorSize {
		return 0, errBadSector
	}
	return b.ReaderAt.ReadAt(p, off)
}

func TestABadSectorHidesNoSessionNearIt(t *testing.T) {
	image, starts := testArchive(t, 2, 40)
	r := badSector{bytes.NewReader(image), int64(starts[1]) - 1}
	sessions, errs := Find(r, int64(len(image)))
	if len(sessions) != 2 || len(errs) != 1 || !errors.Is(errs[0], errBadSector) {
		t.Errorf("Find = %d sessions, %v; want both and one error", len(sessions), errs)
	}
}

// countingReader counts the bytes that are read through it.
type countingReader struct {
	io.ReaderAt
	bytes int64
}

func (c *countingReader) ReadAt(p []byte, off int64) (int, error) {
	c.bytes += int64(len(p))
	return c.ReaderAt.ReadAt(p, off)
}

func TestFindReadsAHostileImageInLinearTime(t *testing.T) {
	// Every second sector is a volume descriptor that claims the same, largest
	// structures behind it.
	clean, _ := testArchive(t, 1, 0)
	image := make([]byte, 2000*sectorSize)
	for at := 16; at < 1990; at += 2 {
		pvd := image[at*sectorSize:][:sectorSize]
		copy(pvd, clean[volumeSector*sectorSize:])
		putBoth32(pvd[pvdSpaceSize:], 2000)
		putBoth32(pvd[pvdRoot+recSize:], 1900*sectorSize)
	}
	r := &countingReader{ReaderAt: bytes.NewReader(image)}
	sessions, errs := Find(r, int64(len(image)))
	if len(sessions) != 0 || len(errs) == 0 {
		t.Errorf("Find = %d sessions, %d errors", len(sessions), len(errs))
	}
	if limit := int64(4*cluster) * int64(len(image)); r.bytes > limit {
		t.Errorf("read %d bytes of an image of %d", r.bytes, len(image))
	}
}

func TestFaultsWithoutEndAreCounted(t *testing.T) {
	image := bytes.Repeat(append([]byte("\x01CD001\x01"), make([]byte, sectorSize-7)...), 3*maxFaults)
	sessions, errs := Find(bytes.NewReader(image), int64(len(image)))
	if len(sessions) != 0 || len(errs) != maxFaults+1 {
		t.Fatalf("%d sessions, %d errors", len(sessions), len(errs))
	}
	if last := errs[maxFaults].Error(); !strings.Contains(last, "more faults") {
		t.Errorf("the last one is %q", last)
	}
}
