package archivetest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Foreign asks the validator written in Python whether it finds the image whole. It
// is for tests of packages two folders below the module's.
func Foreign(tb testing.TB, image []byte) (whole bool, said string) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "disc.img")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		tb.Fatal(err)
	}
	v := <-validators
	defer func() { validators <- v }()
	status, said, err := v.ask(path)
	if err != nil || status != 0 && status != 2 {
		tb.Fatalf("the foreign validator failed: %v\n%s%s", err, said, &v.stderr)
	}
	return status == 0, said
}

// validator is a foreign validator that takes one image after the other: to start
// Python anew for each takes longer than most answers.
type validator struct {
	in     io.Writer
	out    *bufio.Reader
	stderr bytes.Buffer
}

// validators are those that no test uses. They are started by their first question,
// and end with the tests.
var validators = func() chan *validator {
	c := make(chan *validator, 2)
	c <- &validator{}
	c <- &validator{}
	return c
}()

func (v *validator) start() error {
	const folder = "../../testdata/validator/"
	for _, name := range []string{"serve.py", "validate.py"} {
		if _, err := os.ReadFile(folder + name); err != nil { // also makes go test notice its changes
			return err
		}
	}
	cmd := exec.Command("python3", "-B", folder+"serve.py")
	cmd.Stderr = &v.stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	v.in, v.out = in, bufio.NewReader(out)
	return cmd.Start()
}

// ask returns the validator's exit status for an image, and what it said.
func (v *validator) ask(path string) (status int, said string, err error) {
	if v.in == nil {
		if err := v.start(); err != nil {
			return 0, "", err
		}
	}
	if _, err := fmt.Fprintln(v.in, path); err != nil {
		return 0, "", err
	}
	line, err := v.out.ReadBytes('\n')
	if err != nil {
		return 0, "", err
	}
	return status, said, json.Unmarshal(line, &[]any{&status, &said})
}
