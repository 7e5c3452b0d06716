package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"anodize-shuttle": main})
}

// TestScripts gives every script $DATA, a folder with the profile and the request that
// tests use, and weak.csr, short.csr and other.csr, made by openssl.
func TestScripts(t *testing.T) {
	data := t.TempDir()
	for _, name := range []string{"profile.toml", "intermediate.csr"} {
		b, err := os.ReadFile(filepath.Join("../../testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(data, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openssl(t, "req", "-new", "-newkey", "rsa:1024", "-nodes", "-keyout", os.DevNull, "-subj", "/CN=Weak", "-out", filepath.Join(data, "weak.csr"))
	openssl(t, "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", os.DevNull, "-subj", "/C=US/O=Example Corp/CN=Other CA",
		"-addext", "keyUsage=digitalSignature", "-out", filepath.Join(data, "other.csr"))
	whole, err := os.ReadFile(filepath.Join(data, "intermediate.csr"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(data, "short.csr"), whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"expect": expect},
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATA", data)
			return nil
		},
	})
}

func openssl(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command("openssl", args...).CombinedOutput(); err != nil {
		t.Fatalf("openssl %q: %v\n%s", args, err, out)
	}
}

// expect runs a command that must end with the given exit status.
func expect(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: expect STATUS COMMAND…")
	}
	status := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		status = exit.ExitCode()
	}
	if want := int(args[0][0] - '0'); status != want {
		ts.Fatalf("exit status %d, not %d", status, want)
	}
}

// TestTheTemplateIsTheProfileOfTheTests keeps one profile in two places.
func TestTheTemplateIsTheProfileOfTheTests(t *testing.T) {
	b, err := os.ReadFile("../../testdata/profile.toml")
	if err != nil || !bytes.Equal(b, []byte(template)) {
		t.Errorf("profile.toml is not testdata/profile.toml (%v)", err)
	}
}
