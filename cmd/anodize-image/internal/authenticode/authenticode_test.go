package authenticode

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func run(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=windows", "GOARCH=amd64")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q (Debian: openssl, sbsigntool, osslsigncode): %v\n%s", name, args, err, out)
	}
	return string(out)
}

// build makes a program of the format, which Go's linker can write, and a key.
func build(t *testing.T) (dir string, program []byte) {
	t.Helper()
	dir = t.TempDir()
	source := "package main\n\nfunc main() { println(\"" + strings.Repeat("x", 999) + "\") }\n"
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, dir, "go", "build", "-ldflags=-s -w", "-o", "program.efi", "main.go")
	return dir, read(t, dir, "program.efi")
}

func read(t *testing.T, dir, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// digest is the hash that a signature signs, as osslsigncode reads and computes it.
var digest = regexp.MustCompile(`(?m)^(?:Current|Calculated) message digest *: ([0-9A-F]{64}) *$`)

// sbsign and osslsigncode sign the program, and sbverify and osslsigncode compute its hash
// anew, each from its own file: all of them find the hash that this package finds, before
// and after.
func TestForeignToolsSignTheSameHash(t *testing.T) {
	dir, program := build(t)
	run(t, dir, "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key", "-out", "certificate", "-subj", "/CN=x")
	want, err := Sum(program)
	if err != nil {
		t.Fatal(err)
	}
	if signed, err := Signed(program); err != nil || signed {
		t.Errorf("before it was signed: %t, %v", signed, err)
	}
	run(t, dir, "sbsign", "--key", "key", "--cert", "certificate", "--output", "by-sbsign", "program.efi")
	run(t, dir, "sbverify", "--cert", "certificate", "by-sbsign")
	if data := read(t, dir, "by-sbsign"); !bytes.Contains(data[len(program):], want[:]) {
		t.Errorf("what sbsign has signed is not %X", want)
	}
	run(t, dir, "osslsigncode", "sign", "-h", "sha256", "-key", "key", "-certs", "certificate", "-in", "program.efi", "-out", "by-osslsigncode")
	out, _ := exec.Command("osslsigncode", "verify", filepath.Join(dir, "by-osslsigncode")).CombinedOutput() // it trusts no such certificate
	found := digest.FindAllStringSubmatch(string(out), -1)
	if len(found) != 2 {
		t.Fatalf("osslsigncode says\n%s", out)
	}
	for _, f := range found {
		if f[1] != strings.ToUpper(hex.EncodeToString(want[:])) {
			t.Errorf("osslsigncode finds the hash %s, not %X", f[1], want)
		}
	}
	for _, name := range []string{"by-sbsign", "by-osslsigncode"} {
		data := read(t, dir, name)
		if got, err := Sum(data); err != nil || got != want {
			t.Errorf("%s: the hash is %x, not %x, %v", name, got, want, err)
		}
		if signed, err := Signed(data); err != nil || !signed {
			t.Errorf("%s is not seen as signed: %v", name, err)
		}
	}
}

// No byte but the checksum, the directory entry and the signature is left out.
func TestEveryOtherByteChangesTheHash(t *testing.T) {
	_, program := build(t)
	p, err := parse(program)
	if err != nil {
		t.Fatal(err)
	}
	want, err := Sum(program)
	if err != nil {
		t.Fatal(err)
	}
	for at := 0; at < len(program); at += 1 + at/200 {
		left := at >= p.checksum && at < p.checksum+4 || at >= p.certificate && at < p.certificate+8
		program[at] ^= 0x55
		if got, err := Sum(program); err == nil && (got == want) != left {
			t.Errorf("byte %d: changed the hash: %t", at, got != want)
		}
		program[at] ^= 0x55
	}
}

func TestWhatIsNoProgramIsRefused(t *testing.T) {
	_, program := build(t)
	for _, n := range []int{0, 1, 63, 64, 200, 400, 600, len(program) / 2} {
		if _, err := Sum(program[:n]); !errors.Is(err, ErrFormat) {
			t.Errorf("the first %d bytes: %v", n, err)
		}
	}
	p, err := parse(program)
	if err != nil {
		t.Fatal(err)
	}
	copy(program[p.certificate:], "\x00\x04\x00\x00\x10\x00\x00\x00")
	if _, err := Sum(program); !errors.Is(err, ErrFormat) {
		t.Errorf("certificates in the middle: %v", err)
	}
}

func FuzzSum(f *testing.F) {
	header := make([]byte, 0x200)
	copy(header, "MZ")
	header[peOffset] = 0x40
	copy(header[0x40:], "PE\x00\x00\x64\x86\x01\x00")
	header[0x40+20] = 0xa0
	copy(header[0x40+fileHeaderSize:], "\x0b\x02")
	header[0x40+fileHeaderSize+directories-4] = 6
	header[0x40+fileHeaderSize+headersAt+1] = 2
	f.Add(header)
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := Sum(data); err != nil && !errors.Is(err, ErrFormat) {
			t.Fatal(err)
		}
	})
}
