package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"anodize/core/archive/archivetest"
	"anodize/core/audit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"anodize-validate": main})
}

// TestScripts gives every script $DISCS, a directory with images: rehearsal.img
// and production.img, both whole; open.img, with an open intent; and $HEAD, the
// rehearsal's head, $LAST and $AT, its last session's directory and first
// sector; $ROOT, who vouches for the production's HSM, and $OTHERROOT, who does not.
func TestScripts(t *testing.T) {
	discs := t.TempDir()
	write := func(name string, b *archivetest.Builder) {
		if err := os.WriteFile(filepath.Join(discs, name), b.Image, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rehearsal := archivetest.Whole(t, "rehearsal", 1, 1)
	write("rehearsal.img", rehearsal)
	production := archivetest.Whole(t, "production", 0, 0)
	write("production.img", production)
	roots := map[string]*archivetest.Maker{"ROOT": production.Maker, "OTHERROOT": archivetest.NewMaker(t)}
	for name, maker := range roots {
		if err := os.WriteFile(filepath.Join(discs, name), maker.PEM, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := archivetest.Whole(t, "rehearsal", 0, 0)
	open.Open()
	open.IntendCSR()
	write("open.img", open)
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"expect": expect},
		Setup: func(env *testscript.Env) error {
			env.Setenv("DISCS", discs)
			for name := range roots {
				env.Setenv(name, filepath.Join(discs, name))
			}
			env.Setenv("HEAD", rehearsal.Log.Whole().String())
			env.Setenv("OTHER", audit.Head{Size: 1}.String())
			env.Setenv("LAST", rehearsal.LastBurn.Directory)
			env.Setenv("AT", fmt.Sprint(rehearsal.LastBurn.Address))
			return nil
		},
	})
}

// expect runs a command that must end with the given exit status: expect 2
// anodize-validate disc.img.
func expect(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: expect STATUS COMMAND…")
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if fmt.Sprint(status) != args[0] {
		ts.Fatalf("exit status %d, want %s", status, args[0])
	}
}
