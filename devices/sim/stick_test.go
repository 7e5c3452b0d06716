package sim

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestAStickHoldsTheFilesOfItsFolder(t *testing.T) {
	dir, ctx := t.TempDir(), context.Background()
	outside := filepath.Join(t.TempDir(), "secret")
	for path, data := range map[string]string{
		filepath.Join(dir, "b.csr"): "two", filepath.Join(dir, "a.csr"): "one", filepath.Join(dir, ".hidden"): "", outside: "no",
	} {
		if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(dir, "folder"), 0o755), os.Symlink(outside, filepath.Join(dir, "link"))); err != nil {
		t.Fatal(err)
	}
	stick := NewStick(dir)
	names, err := stick.List(ctx)
	if err != nil || !slices.Equal(names, []string{"a.csr", "b.csr"}) {
		t.Errorf("List gives %q, %v", names, err)
	}
	if data, err := stick.ReadFile(ctx, "a.csr", 3); err != nil || string(data) != "one" {
		t.Errorf("ReadFile gives %q, %v", data, err)
	}
	if _, err := stick.ReadFile(ctx, "a.csr", 2); !errors.Is(err, ErrStickTooLarge) {
		t.Errorf("a file over the limit gives %v", err)
	}
	if _, err := stick.ReadFile(ctx, "none", 2); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file gives %v", err)
	}
	for _, name := range []string{"link", "folder", "", ".", "..", ".hidden", "../secret", "folder/x", `a\b`, "c:d", "x ", "x.", "a\nb",
		"\xff", strings.Repeat("x", 201), outside} {
		if _, err := stick.ReadFile(ctx, name, 100); !errors.Is(err, ErrStickName) {
			t.Errorf("reading %q gives %v", name, err)
		}
	}
	for _, name := range []string{"../x", "a/b", "", ".x", "a?b"} {
		if err := stick.WriteFile(ctx, name, nil); !errors.Is(err, ErrStickName) {
			t.Errorf("writing %q gives %v", name, err)
		}
	}
}

func TestAWriteGoesThroughItsSteps(t *testing.T) {
	stick, ctx := NewStick(t.TempDir()), context.Background()
	var steps []StickStep
	stick.SetTrace(func(o StickOperation) {
		steps = append(steps, o.Step)
		if o.Number != len(steps) || o.Name != "ROOT.CRT" || o.Err != nil {
			t.Errorf("step %d: %+v", len(steps), o)
		}
	})
	if err := stick.WriteFile(ctx, "ROOT.CRT", []byte("certificate")); err != nil {
		t.Fatal(err)
	}
	if want := []StickStep{StickCreate, StickWrite, StickSync, StickRename, StickSyncFolder, StickVerify}; !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
}

// Whatever happens at whatever step, the file is the old one or the new one,
// an error says what happened, and a second try succeeds.
func TestAStickMayBePulledAtAnyStep(t *testing.T) {
	before, after := []byte("the old content"), []byte("what is to be there")
	ctx := context.Background()
	for _, effect := range []struct {
		name   string
		effect StickEffect
		want   map[int]error // by step; the others succeed
	}{
		{"pulled out", PulledOut{AfterBytes: 5}, map[int]error{1: ErrStickGone, 2: ErrStickGone, 3: ErrStickGone, 4: ErrStickGone, 5: ErrStickGone, 6: ErrStickGone}},
		{"full", Full{AfterBytes: 5}, map[int]error{2: ErrStickFull}},
		{"differs", ReadsDifferent{Offset: 3}, map[int]error{6: ErrStickDiffers}},
	} {
		for step := 1; step <= 6; step++ {
			dir := t.TempDir()
			path := filepath.Join(dir, "file")
			if err := os.WriteFile(path, before, 0o644); err != nil {
				t.Fatal(err)
			}
			stick := NewStick(dir)
			stick.SetFault(AtStep(step, effect.effect))
			if err := stick.WriteFile(ctx, "file", after); !errors.Is(err, effect.want[step]) {
				t.Errorf("%s at step %d: error %v, want %v", effect.name, step, err, effect.want[step])
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, before) && !bytes.Equal(got, after) {
				t.Errorf("%s at step %d: the file holds %q, %v", effect.name, step, got, err)
			}
			if _, pulled := effect.effect.(PulledOut); pulled == stick.Present() {
				t.Errorf("%s at step %d: present %v", effect.name, step, stick.Present())
			}
			stick.Plug()
			stick.SetFault(nil)
			if err := stick.WriteFile(ctx, "file", after); err != nil {
				t.Errorf("%s at step %d: a second try gives %v", effect.name, step, err)
			}
			if names, err := stick.List(ctx); err != nil || !slices.Equal(names, []string{"file"}) {
				t.Errorf("%s at step %d: files %q, %v", effect.name, step, names, err)
			}
		}
	}
}

func TestAStickThatIsOutAnswersNothing(t *testing.T) {
	stick, ctx := NewStick(t.TempDir()), context.Background()
	stick.Pull()
	_, list := stick.List(ctx)
	_, read := stick.ReadFile(ctx, "x", 1)
	for _, err := range []error{list, read, stick.WriteFile(ctx, "x", nil)} {
		if !errors.Is(err, ErrStickGone) {
			t.Errorf("error %v", err)
		}
	}
	stick.Plug()
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := stick.List(cancelled); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled context gives %v", err)
	}
}
