package disc

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Bounds of one session. They are far above what an archive needs and keep
// every count in an image small enough for the 16- and 32-bit fields that
// record it.
const (
	maxDirectories = 8192
	maxFiles       = 1024         // in one directory
	maxFixed       = 16384        // sectors before the first content, 32 MiB
	maxFileSize    = 1<<32 - 2048 // one extent, whole sectors (ECMA-119 section 9.1.4)
	maxNumber      = 9999         // four digits in the volume identifier
	maxName        = 30           // name and extension together (ECMA-119 section 7.5.1)
	maxDirName     = 31           // ECMA-119 section 7.6.3
	stampLayout    = "20060102T150405Z"
	stampLen       = len(stampLayout)
)

// The years that a directory record can carry (ECMA-119 section 9.1.5), from
// the first that every system's clock can.
const (
	firstYear = 1970
	lastYear  = 2155
)

// modes is the closed set of Volume.Mode, each with its part of the volume
// identifier.
var modes = []struct{ mode, label string }{
	{"production", "ANODIZE_"},
	{"rehearsal", "ANODIZE_REHEARSAL_"},
	{"dev", "ANODIZE_DEV_"},
}

// Volume is what the volume descriptor of a session says about it.
type Volume struct {
	Archive [32]byte  // the archive's random identifier
	Mode    string    // "production", "rehearsal" or "dev"
	Number  int       // the session's number in the archive, from 1
	Time    time.Time // recorded in UTC, to the second
}

// A Directory is one step of a ceremony: a name such as
// "20260425T143000Z-intent" or "20260425T143122Z" and the files of that step.
// The name's time dates the directory and its files.
type Directory struct {
	Name  string
	Files []File
}

// A File is Size bytes of Content from offset zero. Its name is upper case with
// one extension, such as "AUDIT.LOG".
type File struct {
	Name    string
	Size    int64
	Content io.ReaderAt
}

// NewFile makes a File of data, which must not change afterwards.
func NewFile(name string, data []byte) File {
	return File{Name: name, Size: int64(len(data)), Content: bytes.NewReader(data)}
}

// label returns the part of the volume identifier that stands for the mode.
func (v Volume) label() (string, error) {
	for _, m := range modes {
		if m.mode == v.Mode {
			return m.label, nil
		}
	}
	return "", fmt.Errorf("mode %q is not production, rehearsal or dev", v.Mode)
}

// check reports why v cannot be recorded, nil if it can.
func (v Volume) check() error {
	if _, err := v.label(); err != nil {
		return err
	}
	if v.Number < 1 || v.Number > maxNumber {
		return fmt.Errorf("session number %d is not within 1 and %d", v.Number, maxNumber)
	}
	return checkTime(v.Time)
}

func checkTime(t time.Time) error {
	if y := t.UTC().Year(); y < firstYear || y > lastYear {
		return fmt.Errorf("year %d is not within %d and %d", y, firstYear, lastYear)
	}
	return nil
}

// directoryTime checks a directory's name and returns the time in it.
func directoryTime(name string) (time.Time, error) {
	if len(name) < stampLen || len(name) > maxDirName {
		return time.Time{}, fmt.Errorf("directory name %q: want a time such as 20260425T143000Z, with or without a suffix such as -intent", name)
	}
	// Parse takes fractions and stray spaces in some places; Format does not give them back.
	t, err := time.Parse(stampLayout, name[:stampLen])
	if err != nil || t.Format(stampLayout) != name[:stampLen] {
		return time.Time{}, fmt.Errorf("directory name %q does not begin with a time such as 20260425T143000Z", name)
	}
	if err := checkTime(t); err != nil {
		return time.Time{}, fmt.Errorf("directory name %q: %w", name, err)
	}
	suffix := name[stampLen:]
	if suffix == "" {
		return t, nil
	}
	if len(suffix) < 2 || suffix[0] != '-' || !isLower(suffix[1]) {
		return time.Time{}, fmt.Errorf("directory name %q: want a suffix such as -intent after the time", name)
	}
	for i := 2; i < len(suffix); i++ {
		if !isLower(suffix[i]) && !isDigit(suffix[i]) {
			return time.Time{}, fmt.Errorf("directory name %q: only lower-case letters and digits may stand in the suffix", name)
		}
	}
	return t, nil
}

// checkFileName reports why name cannot be a file's name, nil if it can.
func checkFileName(name string) error {
	base, ext, ok := strings.Cut(name, ".")
	if !ok || base == "" || ext == "" || len(base)+len(ext) > maxName {
		return fmt.Errorf("file name %q: want a name and an extension such as AUDIT.LOG, at most %d characters", name, maxName)
	}
	for _, part := range []string{base, ext} {
		for i := range len(part) {
			if !isDCharacter(part[i]) {
				return fmt.Errorf("file name %q: only A to Z, 0 to 9 and _ may stand in it", name)
			}
		}
	}
	return nil
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isDCharacter tells whether c is a d-character (ECMA-119 section 7.4.1).
func isDCharacter(c byte) bool { return c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' }

// directoryIdentifier turns a directory's name into d-characters, and
// directoryName turns it back. Names are checked, so neither loses anything.
func directoryIdentifier(name string) string {
	return strings.ToUpper(strings.Replace(name, "-", "_", 1))
}

func directoryName(identifier string) string {
	if len(identifier) < stampLen {
		return identifier
	}
	return identifier[:stampLen] + strings.ToLower(strings.Replace(identifier[stampLen:], "_", "-", 1))
}

// version is what stands after every file's name in its plain identifier.
const version = ";1"

// step is a checked Directory as it is recorded: files in the order of their
// identifiers.
type step struct {
	name  string
	time  time.Time
	files []extent
}

// checkDirectories checks every name and size, and puts the files in order.
func checkDirectories(dirs []Directory) ([]step, error) {
	if len(dirs) == 0 || len(dirs) > maxDirectories {
		return nil, fmt.Errorf("%d directories: want between 1 and %d", len(dirs), maxDirectories)
	}
	steps := make([]step, len(dirs))
	for i, d := range dirs {
		t, err := directoryTime(d.Name)
		if err != nil {
			return nil, err
		}
		if i > 0 && !t.After(steps[i-1].time) {
			return nil, fmt.Errorf("directory %s is not later than %s before it", d.Name, dirs[i-1].Name)
		}
		files, err := checkFiles(d)
		if err != nil {
			return nil, err
		}
		steps[i] = step{d.Name, t, files}
	}
	return steps, nil
}

func checkFiles(d Directory) ([]extent, error) {
	if len(d.Files) > maxFiles {
		return nil, fmt.Errorf("directory %s: %d files are more than %d", d.Name, len(d.Files), maxFiles)
	}
	files := slices.Clone(d.Files)
	// A full stop sorts before every d-character, so this is the order of
	// ECMA-119 section 9.3: by name, then by extension.
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for i, f := range files {
		if err := checkFileName(f.Name); err != nil {
			return nil, fmt.Errorf("directory %s: %w", d.Name, err)
		}
		if i > 0 && files[i-1].Name == f.Name {
			return nil, fmt.Errorf("directory %s: two files are called %s", d.Name, f.Name)
		}
		if f.Size < 0 || f.Size > maxFileSize {
			return nil, fmt.Errorf("%s/%s: %d bytes are not within 0 and %d", d.Name, f.Name, f.Size, int64(maxFileSize))
		}
		if f.Content == nil && f.Size > 0 {
			return nil, fmt.Errorf("%s/%s: no content", d.Name, f.Name)
		}
	}
	extents := make([]extent, len(files))
	for i, f := range files {
		extents[i].File = f
	}
	return extents, nil
}
