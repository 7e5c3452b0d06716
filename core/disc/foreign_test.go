package disc

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// run runs software that is not ours, which must be installed, and returns its
// standard output.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "TZ=UTC", "LC_ALL=C")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, &stderr)
	}
	for _, complaint := range []string{"FAILURE", "WARNING", "SORRY", "FATAL"} {
		if strings.Contains(stderr.String(), complaint) {
			t.Errorf("%s %s complains:\n%s", name, strings.Join(args, " "), &stderr)
		}
	}
	return string(out)
}

func TestXorrisoReadsEverySessionAsItWasMade(t *testing.T) {
	image, starts := testArchive(t, 3, 64)
	path := writeImage(t, image)
	for i, start := range starts {
		t.Run(fmt.Sprintf("session %d at sector %d", i+1, start), func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			listing := run(t, "xorriso", "-no_rc", "-load", "sbsector", fmt.Sprint(start), "-indev", "stdio:"+path,
				"-find", "/", "-exec", "lsdl", "--", "-osirrox", "on", "-extract", "/", out)
			// Extracted directories carry the session's read-only modes.
			t.Cleanup(func() { run(t, "chmod", "-R", "u+w", out) })
			dirs := testDirectories(i + 1)
			checkExtracted(t, out, dirs)
			checkListing(t, listing, dirs)
		})
	}
}

// checkExtracted compares the files under out with dirs, both ways.
func checkExtracted(t *testing.T, out string, dirs []Directory) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(out, "*"))
	if err != nil || len(found) != len(dirs) {
		t.Errorf("%d directories extracted (%v), want %d", len(found), err, len(dirs))
	}
	for _, d := range dirs {
		names, err := filepath.Glob(filepath.Join(out, d.Name, "*"))
		if err != nil || len(names) != len(d.Files) {
			t.Errorf("%s: %d files extracted (%v), want %d", d.Name, len(names), err, len(d.Files))
		}
		stamp, err := directoryTime(d.Name)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range d.Files {
			path := filepath.Join(out, d.Name, f.Name)
			got, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
				continue
			}
			want := make([]byte, f.Size)
			if err := readContent(f, want, 0, 0); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s/%s: extracted %d bytes differ from the %d recorded", d.Name, f.Name, len(got), len(want))
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if !info.ModTime().Equal(stamp) {
				t.Errorf("%s/%s: dated %v, want %v", d.Name, f.Name, info.ModTime().UTC(), stamp)
			}
			if info.Mode().Perm() != 0o444 {
				t.Errorf("%s/%s: mode %v, want r--r--r--", d.Name, f.Name, info.Mode())
			}
		}
	}
}

// checkListing compares xorriso's long listing with dirs.
func checkListing(t *testing.T, listing string, dirs []Directory) {
	t.Helper()
	for _, d := range dirs {
		line := regexp.MustCompile(`(?m)^dr-xr-xr-x .* '/` + d.Name + `'$`)
		if !line.MatchString(listing) {
			t.Errorf("no line for %s with its mode in\n%s", d.Name, listing)
		}
	}
}

func TestXorrisoKnowsTheVolume(t *testing.T) {
	image, starts := testArchive(t, 2, 0)
	path := writeImage(t, image)
	out := run(t, "xorriso", "-no_rc", "-load", "sbsector", fmt.Sprint(starts[1]), "-indev", "stdio:"+path, "-pvd_info")
	for _, want := range []string{
		"Volume Id    : ANODIZE_REHEARSAL_A0A1A2A3_0002",
		"Volume Set Id: ANODIZE_REHEARSAL_A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF",
		"App Id       : ANODIZE",
		"Creation Time: 2026042514312200",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("xorriso -pvd_info does not say %q:\n%s", want, out)
		}
	}
}

func TestIsoinfoReadsEverySession(t *testing.T) {
	image, starts := testArchive(t, 3, 32)
	path := writeImage(t, image)
	for i, start := range starts {
		t.Run(fmt.Sprintf("session %d at sector %d", i+1, start), func(t *testing.T) {
			offset := fmt.Sprint(start)
			plain := run(t, "isoinfo", "-i", path, "-T", offset, "-f")
			rock := run(t, "isoinfo", "-i", path, "-T", offset, "-R", "-f")
			long := run(t, "isoinfo", "-i", path, "-T", offset, "-R", "-l")
			for _, d := range testDirectories(i + 1) {
				for _, f := range d.Files {
					if line := "/" + directoryIdentifier(d.Name) + "/" + f.Name + ";1\n"; !strings.Contains(plain, line) {
						t.Errorf("plain listing lacks %q:\n%s", line, plain)
					}
					if line := "/" + d.Name + "/" + f.Name + "\n"; !strings.Contains(rock, line) {
						t.Errorf("Rock Ridge listing lacks %q:\n%s", line, rock)
					}
				}
				// isoinfo shows extents in absolute sectors, and only the day.
				line := regexp.MustCompile(`d[rwx-]{9} +\d+ +0 +0 +2048 ` + testTime(1).Format("Jan 2 2006") + ` \[ *\d+ 02\] +` + d.Name)
				if !line.MatchString(long) {
					t.Errorf("long listing has no line for %s:\n%s", d.Name, long)
				}
			}
			content := run(t, "isoinfo", "-i", path, "-T", offset, "-R", "-x", "/"+testDirectory(1).Name+"/STATE.JSON")
			if content != `{"n":1}` {
				t.Errorf("content of STATE.JSON = %q", content)
			}
		})
	}
}

func TestIsosizeAgreesOnTheLength(t *testing.T) {
	image, _ := testArchive(t, 1, 0)
	out := strings.TrimSpace(run(t, "isosize", writeImage(t, image)))
	if n, err := strconv.Atoi(out); err != nil || n != len(image) {
		t.Errorf("isosize = %s, want %d", out, len(image))
	}
}

func TestIsovfyFindsNoFault(t *testing.T) {
	image, _ := testArchive(t, 1, 0)
	if out := run(t, "isovfy", writeImage(t, image)); !strings.Contains(out, "No errors found") {
		t.Errorf("isovfy says\n%s", out)
	}
}

func TestImagesOfEveryModeAndLongNamesAreReadByXorriso(t *testing.T) {
	for _, mode := range modes {
		v := testVolume(1)
		v.Mode, v.Number = mode.mode, maxNumber
		v.Time = time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC)
		d := Directory{Name: "20991231T235959Z-abcdefghijklmn", Files: []File{
			NewFile("ABCDEFGHIJKLMNOPQRSTUVWXYZ0.TXT", []byte("long")),
			NewFile("A.ABCDEFGHIJKLMNOPQRSTUVWXYZ012", []byte("long")),
		}}
		m, err := NewImage(v, 0, []Directory{d})
		if err != nil {
			t.Fatal(err)
		}
		out := run(t, "xorriso", "-no_rc", "-indev", "stdio:"+writeImage(t, imageBytes(t, m)), "-find", "/", "-type", "f")
		for _, f := range d.Files {
			if !strings.Contains(out, "'/"+d.Name+"/"+f.Name+"'") {
				t.Errorf("mode %s: xorriso does not list %s:\n%s", mode.mode, f.Name, out)
			}
		}
	}
}
