package disc

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// testVolume is the volume of the n-th session of an archive, from 1.
func testVolume(n int) Volume {
	v := Volume{Mode: "rehearsal", Number: n, Time: testTime(n)}
	for i := range v.Archive {
		v.Archive[i] = byte(0xA0 + i)
	}
	return v
}

func testTime(n int) time.Time {
	return time.Date(2026, 4, 25, 14, 30, 0, 0, time.UTC).Add(time.Duration(n) * 41 * time.Second)
}

// testDirectory is the directory of the n-th step. Sizes fall on both sides of
// a sector's end.
func testDirectory(n int) Directory {
	name := testTime(n).Format(stampLayout)
	if n%2 == 1 {
		name += "-intent"
	}
	log := bytes.Repeat([]byte(fmt.Sprintf("record %d\n", n)), 150*n)
	return Directory{Name: name, Files: []File{
		NewFile("STATE.JSON", []byte(fmt.Sprintf(`{"n":%d}`, n))),
		NewFile("AUDIT.LOG", log),
		NewFile("ROOT.CRT", bytes.Repeat([]byte{byte(n)}, sectorSize)),
		NewFile("EMPTY.TXT", nil),
	}}
}

// testDirectories are the directories of the n-th session: its own and all
// earlier ones.
func testDirectories(n int) []Directory {
	var dirs []Directory
	for i := 1; i <= n; i++ {
		dirs = append(dirs, testDirectory(i))
	}
	return dirs
}

// imageBytes returns the whole image.
func imageBytes(t testing.TB, m *Image) []byte {
	t.Helper()
	b := make([]byte, m.Size())
	if n, err := m.ReadAt(b, 0); n != len(b) || err != nil {
		t.Fatalf("ReadAt = %d, %v; want the image's %d bytes", n, err, len(b))
	}
	return b
}

// testArchive returns the image of a disc with n sessions, each beginning gap
// sectors behind the one before, and their addresses.
func testArchive(t testing.TB, n, gap int) (image []byte, starts []uint32) {
	t.Helper()
	for i := 1; i <= n; i++ {
		if i > 1 {
			image = append(image, make([]byte, gap*sectorSize)...)
		}
		start := uint32(len(image) / sectorSize)
		m, err := NewImage(testVolume(i), start, testDirectories(i))
		if err != nil {
			t.Fatalf("NewImage of session %d: %v", i, err)
		}
		image = append(image, imageBytes(t, m)...)
		starts = append(starts, start)
	}
	return image, starts
}

// writeImage puts image into a file for other software to read.
func writeImage(t testing.TB, image []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disc.img")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
