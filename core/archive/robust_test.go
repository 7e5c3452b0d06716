package archive_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
	"anodize/core/disc"
)

// FuzzVerify changes an image and expects findings, never a panic.
func FuzzVerify(f *testing.F) {
	image := archivetest.Whole(f, "rehearsal", 0, 0).Image
	f.Add(uint32(0), []byte{1})
	f.Add(uint32(16*sector+80), []byte{0xff, 0xff, 0xff, 0x7f, 0x7f, 0xff, 0xff, 0xff})
	f.Add(uint32(40*sector), []byte("{}\n"))
	f.Fuzz(func(t *testing.T, at uint32, with []byte) {
		changed := bytes.Clone(image)
		n := copy(changed[int(at)%len(changed):], with)
		r := verify(changed, archive.Options{})
		if !bytes.Equal(changed, image) && r.Worst() != archive.Error {
			t.Errorf("%d bytes changed at %d, and no error", n, at)
		}
	})
}

// FuzzFiles puts any bytes where the profile, the log and the state should be.
func FuzzFiles(f *testing.F) {
	b := archivetest.New(f, "rehearsal")
	b.IntendRoot()
	files := map[string][]byte{}
	for _, file := range b.Directories[0].Files {
		files[file.Name] = archivetest.Bytes(file)
	}
	f.Add(files["PROFILE.TOML"], files["AUDIT.LOG"], files["STATE.JSON"])
	f.Fuzz(func(t *testing.T, profile, log, state []byte) {
		dirs := []disc.Directory{{Name: b.Directories[0].Name, Files: []disc.File{
			disc.NewFile("PROFILE.TOML", profile), disc.NewFile("AUDIT.LOG", log), disc.NewFile("STATE.JSON", state)}}}
		r := archive.Verify([]archive.Session{{Directories: dirs}}, nil, archive.Options{})
		if len(r.Findings) == 0 {
			t.Error("no finding at all")
		}
	})
}

func TestWhatMakesNoSenseIsAnErrorAndNoPanic(t *testing.T) {
	name := "20260425T143000Z-intent"
	liar := disc.File{Name: "AUDIT.LOG", Size: 1 << 40, Content: bytes.NewReader(nil)}
	for what, sessions := range map[string][]archive.Session{
		"no session":                    nil,
		"a session without a directory": {{}},
		"a directory without a file":    {{Directories: []disc.Directory{{Name: name}}}},
		"a file without content":        {{Directories: []disc.Directory{{Name: name, Files: []disc.File{{Name: "PROFILE.TOML", Size: 3}}}}}},
		"a negative size":               {{Directories: []disc.Directory{{Name: name, Files: []disc.File{{Name: "PROFILE.TOML", Size: -3}}}}}},
		"a size that is not there":      {{Directories: []disc.Directory{{Name: name, Files: []disc.File{disc.NewFile("PROFILE.TOML", nil), liar}}}}},
		"names of no form":              {{Directories: []disc.Directory{{Name: ""}, {Name: "x"}}}},
		"fewer directories later":       {{Directories: []disc.Directory{{Name: name}, {Name: "20260425T143100Z"}}}, {Directories: []disc.Directory{{Name: name}}}},
	} {
		if r := archive.Verify(sessions, nil, archive.Options{}); r.Worst() != archive.Error {
			t.Errorf("%s: %v", what, r.Findings)
		}
	}
}

func TestAReportHasAnEnd(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 0, 0)
	for i := range 500 {
		d := &b.Directories[2]
		d.Files = append(d.Files, disc.NewFile(fmt.Sprintf("A%d.TXT", i), nil))
	}
	r := archive.Verify([]archive.Session{{Directories: b.Directories}}, nil, archive.Options{})
	if r.Worst() != archive.Error || len(r.Findings) > 200 {
		t.Errorf("%d findings", len(r.Findings))
	}
}

func TestACopiedTreeIsReadAsItLies(t *testing.T) {
	b := archivetest.Whole(t, "rehearsal", 1, 0)
	tree := func(prefix string, dirs []disc.Directory) fstest.MapFS {
		m := fstest.MapFS{}
		for _, d := range dirs {
			for _, f := range d.Files {
				m[prefix+d.Name+"/"+f.Name] = &fstest.MapFile{Data: archivetest.Bytes(f)}
			}
		}
		return m
	}
	join := func(a, b fstest.MapFS) fstest.MapFS {
		for name, f := range b {
			a[name] = f
		}
		return a
	}
	all := b.Directories
	for name, c := range map[string]struct {
		root fstest.MapFS
		want archive.Level
	}{
		"the last session's root":     {tree("", all), archive.Pass},
		"its parent":                  {tree("disc/", all), archive.Pass},
		"copies of all sessions":      {join(join(tree("e/", all[:1]), join(tree("d/", all[:2]), tree("c/", all[:3]))), join(tree("b/", all[:4]), tree("a/", all))), archive.Pass},
		"copies of some sessions":     {join(tree("a/", all[:2]), tree("b/", all)), archive.Error},
		"a strange file beside":       {join(tree("", all), fstest.MapFS{"README.TXT": {}}), archive.Error},
		"a strange directory beside":  {join(tree("disc/", all), fstest.MapFS{"other/README.TXT": {}}), archive.Error},
		"a directory inside a step's": {join(tree("", all), fstest.MapFS{all[0].Name + "/DIR.TXT/X": {}}), archive.Error},
	} {
		sessions, damage, err := archive.FromDirectory(c.root)
		must(t, err)
		if r := archive.Verify(sessions, damage, archive.Options{}); r.Worst() != c.want {
			t.Errorf("%s: %v", name, r.Findings)
		}
	}
	if _, _, err := archive.FromDirectory(fstest.MapFS{"a/b": {}}); err == nil || !strings.Contains(err.Error(), "such as") {
		t.Errorf("a tree without a session: %v", err)
	}
}

// BenchmarkRehearsal validates an archive as a rehearsal leaves it.
func BenchmarkRehearsal(b *testing.B) {
	image := archivetest.Whole(b, "rehearsal", 1, 1).Image
	b.SetBytes(int64(len(image)))
	for b.Loop() {
		if r := verify(image, archive.Options{}); r.Worst() != archive.Pass {
			b.Fatal(r.Findings)
		}
	}
}
