package iso

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func volume() Volume {
	partition := bytes.Repeat([]byte("0123456789abcde\n"), 3<<16)
	return Volume{Label: "ANODIZE_PROD", Source: "COMMIT_0123", Time: time.Date(2026, 4, 25, 14, 30, 22, 0, time.UTC), Partition: partition}
}

func written(t *testing.T, v Volume) (image []byte, name string) {
	t.Helper()
	image, err := Write(v)
	if err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), "image.iso")
	if err := os.WriteFile(name, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return image, name
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q (Debian: xorriso, genisoimage, gdisk): %v\n%s", name, args, err, out)
	}
	return string(out)
}

// xorriso reads the label, the boot catalogue, the partition table and the one file.
func TestXorrisoReadsTheImage(t *testing.T) {
	v := volume()
	_, name := written(t, v)
	report := run(t, "xorriso", "-indev", "stdio:"+name, "-report_el_torito", "plain", "-report_system_area", "plain", "-pvd_info", "-lsl", "/")
	for _, want := range []string{
		"Volume id    : 'ANODIZE_PROD'",
		"El Torito catalog  : 22  1",
		"El Torito boot img :   1  UEFI  y   none  0x0000  0x00   6144          32",
		"System area summary: MBR protective-msdos-label cyl-align-off GPT",
		"GPT type GUID      :   1  28732ac11ff8d211ba4b00a0c93ec93b",
		"Preparer Id  : COMMIT_0123",
		"Creation Time: 2026042514302200",
		"'ESP.IMG'",
	} {
		if !strings.Contains(report, want) {
			t.Errorf("xorriso does not say %q:\n%s", want, report)
		}
	}
	file := filepath.Join(t.TempDir(), "partition")
	run(t, "xorriso", "-osirrox", "on", "-indev", "stdio:"+name, "-extract", "/ESP.IMG", file)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, v.Partition) {
		t.Errorf("xorriso extracts %d bytes, %v", len(got), err)
	}
}

// isoinfo, of another family, lists the same file.
func TestIsoinfoListsTheFile(t *testing.T) {
	_, name := written(t, volume())
	if out := run(t, "isoinfo", "-l", "-i", name); !strings.Contains(out, "3145728 Apr 25 2026 [     32 00]  ESP.IMG;1") {
		t.Errorf("isoinfo lists\n%s", out)
	}
}

func TestSgdiskFindsNothingWrong(t *testing.T) {
	_, name := written(t, volume())
	if out := run(t, "/usr/sbin/sgdisk", "-v", name); !strings.Contains(out, "No problems found") {
		t.Errorf("sgdisk says\n%s", out)
	}
}

func TestTheSameBytesWheneverItIsMade(t *testing.T) {
	image, _ := written(t, volume())
	v := volume()
	v.Time = v.Time.In(time.FixedZone("elsewhere", 5*3600))
	again, _ := written(t, v)
	if !bytes.Equal(image, again) {
		t.Error("another time zone gives another image")
	}
}

func TestWhatWasWrittenIsReadBack(t *testing.T) {
	v := volume()
	image, _ := written(t, v)
	if got, err := Read(image); err != nil || !reflect.DeepEqual(got, v) {
		t.Errorf("read %s %s %v, %d bytes, %v", got.Label, got.Source, got.Time, len(got.Partition), err)
	}
	for n := range partition + len(v.Partition)/sector {
		if _, err := Read(image[:n*sector]); !errors.Is(err, ErrFormat) {
			t.Fatalf("read from the first %d sectors: %v", n, err)
		}
	}
}

// What an image says of itself is printed beside its hash.
func TestALabelThatIsMeantForATerminalIsRefused(t *testing.T) {
	for _, at := range []int{40, 446} {
		image, _ := written(t, volume())
		copy(image[primaryDescriptor*sector+at:], "\x1b[2J")
		if v, err := Read(image); !errors.Is(err, ErrFormat) {
			t.Errorf("at %d: read %q %q, %v", at, v.Label, v.Source, err)
		}
	}
}

func TestWhatCannotBeBootedIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Volume){
		"a partition larger than El Torito can say": func(v *Volume) { v.Partition = make([]byte, 32<<20) },
		"a partition of half a sector":              func(v *Volume) { v.Partition = v.Partition[:256] },
		"no partition":                              func(v *Volume) { v.Partition = nil },
		"a label in small letters":                  func(v *Volume) { v.Label = "anodize" },
		"a source in small letters":                 func(v *Volume) { v.Source = "commit" },
		"no label":                                  func(v *Volume) { v.Label = "" },
	} {
		v := volume()
		change(&v)
		if _, err := Write(v); err == nil {
			t.Errorf("%s is written", name)
		}
	}
}

func FuzzRead(f *testing.F) {
	v := volume()
	v.Partition = v.Partition[:4096]
	image, err := Write(v)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(image)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Read(data); err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
