package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"anodize/core/archive"
	"anodize/core/archive/archivetest"
)

// played is the default rehearsal, played once for all tests that look at what
// it leaves.
var played = sync.OnceValues(func() (string, error) {
	out := filepath.Join(scratch, "r")
	var stderr bytes.Buffer
	args := []string{
		"-display", "png", "-size", "800x600", "-out", out,
		"-profile", "../../testdata/profile.toml", "-csr", "../../testdata/intermediate.csr",
	}
	if code := run(args, io.Discard, &stderr); code != exitDone {
		return "", fmt.Errorf("exit %d: %s", code, stderr.String())
	}
	return out, nil
})

// scratch is the folder of what tests share.
var scratch string

func TestMain(m *testing.M) {
	patience = 2 * time.Minute // a busy machine is no fault
	var err error
	if scratch, err = os.MkdirTemp("", "anodize-rehearsal-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

func rehearsal(t *testing.T) string {
	t.Helper()
	out, err := played()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// tool runs software that is not ours and returns what it prints.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// toPEM converts a DER file of the stick and returns the new file's path.
func toPEM(t *testing.T, path, kind string) string {
	t.Helper()
	der, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "a.pem")
	if err := os.WriteFile(to, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestOpenSSLAcceptsWhatTheStickCarries(t *testing.T) {
	stick := filepath.Join(rehearsal(t), shuttleName)
	root := toPEM(t, filepath.Join(stick, "ROOT.CRT"), "CERTIFICATE")
	intermediate := toPEM(t, filepath.Join(stick, "INTCA1.CRT"), "CERTIFICATE")
	crl := toPEM(t, filepath.Join(stick, "ROOT.CRL"), "X509 CRL")
	tool(t, "openssl", "verify", "-x509_strict", "-CAfile", root, intermediate)
	tool(t, "openssl", "verify", "-x509_strict", "-crl_check", "-CRLfile", crl, "-CAfile", root, intermediate)
	if out := tool(t, "openssl", "crl", "-in", crl, "-CAfile", root, "-noout", "-text"); !strings.Contains(out, "verify OK") {
		t.Errorf("openssl crl: %s", out)
	}
	tool(t, "certtool", "--verify-chain", "--infile", joined(t, intermediate, root))
	if out := tool(t, "openssl", "x509", "-in", root, "-noout", "-subject"); !strings.Contains(out, "REHEARSAL ") {
		t.Errorf("a rehearsal's root can be taken for a real one: %s", out)
	}
}

func joined(t *testing.T, paths ...string) string {
	t.Helper()
	var all []byte
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, data...)
	}
	to := filepath.Join(t.TempDir(), "chain.pem")
	if err := os.WriteFile(to, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return to
}

func TestXorrisoListsEveryDirectoryOfTheLastSession(t *testing.T) {
	out := rehearsal(t)
	list, err := os.ReadFile(filepath.Join(out, sessionsName))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(list)), "\n")
	if len(lines) != 7 {
		t.Fatalf("%d sessions: %s", len(lines), list)
	}
	sector, _, _ := strings.Cut(lines[len(lines)-1], "\t")
	found := tool(t, "xorriso", "-load", "sbsector", sector, "-indev", "stdio:"+filepath.Join(out, imageName), "-find")
	for _, line := range lines {
		name := line[strings.LastIndex(line, "\t")+1:]
		if !strings.Contains(found, "/"+name+"/AUDIT.LOG") {
			t.Errorf("xorriso does not list %s:\n%s", name, found)
		}
	}
}

// image is the rehearsal's disc.
func discImage(t *testing.T) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(rehearsal(t), imageName))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func verify(image []byte) archive.Result {
	sessions, damage := archive.FromImage(bytes.NewReader(image), int64(len(image)))
	return archive.Verify(sessions, damage, archive.Options{})
}

// place is a byte of a file in a session of an image.
type place struct {
	what   string
	offset int64
}

// places finds the first, the middle and the last byte of every file of every
// session, copies included, by looking for the file's bytes in its session.
func places(t *testing.T, image []byte) []place {
	t.Helper()
	sessions, damage := archive.FromImage(bytes.NewReader(image), int64(len(image)))
	if len(damage) > 0 {
		t.Fatal(damage)
	}
	var all []place
	for n, s := range sessions {
		from := int64(s.Recorded.Address) * 2048
		within := image[from : from+int64(s.Recorded.Blocks)*2048]
		at := 0
		for _, d := range s.Directories {
			for _, f := range d.Files {
				data := make([]byte, f.Size)
				if _, err := f.Content.ReadAt(data, 0); err != nil && err != io.EOF {
					t.Fatal(err)
				}
				found := bytes.Index(within[at:], data)
				if found < 0 || (at+found)%2048 != 0 {
					t.Fatalf("session %d: %s/%s is not where it belongs", n+1, d.Name, f.Name)
				}
				at += found
				for _, i := range []int{0, len(data) / 2, len(data) - 1} {
					all = append(all, place{fmt.Sprintf("session %d, %s/%s, byte %d", n+1, d.Name, f.Name, i), from + int64(at+i)})
				}
			}
		}
	}
	return all
}

func TestOneFlippedByteOfAnyFileIsAnError(t *testing.T) {
	image := discImage(t)
	if r := verify(image); r.Worst() != archive.Pass {
		t.Fatalf("before anything is flipped: %v", r.Findings)
	}
	flips := places(t, image)
	if len(flips) < 200 {
		t.Fatalf("only %d bytes to flip", len(flips))
	}
	for i, p := range flips {
		bit := byte(1) << (i % 8)
		image[p.offset] ^= bit
		if r := verify(image); r.Worst() != archive.Error {
			t.Errorf("%s, bit %d: not noticed", p.what, i%8)
		}
		image[p.offset] ^= bit
	}
}

// The Python program was written from docs/formats.md alone and shares no code
// with ours.
func TestAForeignValidatorAgrees(t *testing.T) {
	image := discImage(t)
	judge := func(what string) {
		t.Helper()
		theirs, said := archivetest.Foreign(t, image)
		if ours := verify(image).Worst() != archive.Error; ours != theirs {
			t.Errorf("%s: we say %v, the foreign validator says %v:\n%s", what, ours, theirs, said)
		}
	}
	judge("the disc as it was left")
	flips := places(t, image)
	for i := 0; i < len(flips); i += len(flips) / 25 {
		image[flips[i].offset] ^= 0x20
		judge(flips[i].what)
		image[flips[i].offset] ^= 0x20
	}
}

func TestPicturesAreNumberedAndNamedAsTheScriptSays(t *testing.T) {
	pictures, err := filepath.Glob(filepath.Join(rehearsal(t), screensName, "*.png"))
	if err != nil {
		t.Fatal(err)
	}
	shots := strings.Count(defaultScript, "\nshot ")
	if len(pictures) != shots {
		t.Errorf("%d pictures for %d shots", len(pictures), shots)
	}
	named := regexp.MustCompile(`/\d\d-[a-z-]+\.png$`)
	for _, p := range pictures {
		if !named.MatchString(p) {
			t.Errorf("picture %s", p)
		}
	}
}

func TestAStepThatCannotBePlayedEndsWithItsPicture(t *testing.T) {
	defer func(d time.Duration) { patience = d }(patience)
	patience = time.Second
	dir := t.TempDir()
	script := filepath.Join(dir, "a.script")
	if err := os.WriteFile(script, []byte("expect Is this the time?\ntap It differs\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	code := run([]string{"-display", "png", "-script", script, "-out", filepath.Join(dir, "r"), "-profile", "../../testdata/profile.toml", "-csr", "../../testdata/intermediate.csr"}, io.Discard, &stderr)
	if code != exitFailed {
		t.Errorf("exit %d", code)
	}
	for _, want := range []string{"a.script:2: tap It differs", "REHEARSAL", "Is this the time?"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not told:\n%s", want, stderr.String())
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "r", screensName, "01-failed.png")); err != nil {
		t.Error(err)
	}
}

func TestCommandLinesThatAreRefused(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.script")
	if err := os.WriteFile(bad, []byte("shout hello\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"an unknown flag":         {"-loud"},
		"a size too small":        {"-size", "640x480"},
		"a display there is not":  {"-display", "vga"},
		"an argument left over":   {"now"},
		"a script that is absent": {"-script", filepath.Join(dir, "none.script")},
		"a script with no verb":   {"-script", bad},
	} {
		var stderr bytes.Buffer
		if code := run(args, io.Discard, &stderr); code != exitUsage || stderr.Len() == 0 {
			t.Errorf("%s: exit %d, %q", name, code, stderr.String())
		}
	}
}

func TestAFolderWithOtherThingsIsNotEmptied(t *testing.T) {
	dir := t.TempDir()
	thesis := filepath.Join(dir, "thesis.tex")
	if err := os.WriteFile(thesis, []byte("years of work"), 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	if code := run([]string{"-display", "png", "-out", dir}, io.Discard, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "thesis.tex") {
		t.Errorf("exit %d, %q", code, stderr.String())
	}
	if _, err := os.Stat(thesis); err != nil {
		t.Error(err)
	}
}

func TestTheRootIsWhatTheProfileSays(t *testing.T) {
	der, err := os.ReadFile(filepath.Join(rehearsal(t), shuttleName, "ROOT.CRT"))
	if err != nil {
		t.Fatal(err)
	}
	root, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if got := root.Subject.String(); got != "CN=REHEARSAL Example Root CA,O=Example Corp,C=US" {
		t.Errorf("subject %s", got)
	}
	if root.SignatureAlgorithm != x509.ECDSAWithSHA384 || !root.IsCA {
		t.Errorf("%v, CA %v", root.SignatureAlgorithm, root.IsCA)
	}
}

// The bound is on processor time: 20 s for the whole rehearsal at 1920×1080.
func BenchmarkRehearsal(b *testing.B) {
	for b.Loop() {
		out := filepath.Join(b.TempDir(), "r")
		if code := run([]string{"-display", "png", "-out", out, "-profile", "../../testdata/profile.toml", "-csr", "../../testdata/intermediate.csr"}, io.Discard, os.Stderr); code != exitDone {
			b.Fatal("it failed")
		}
	}
}

func BenchmarkValidateRehearsal(b *testing.B) {
	out, err := played()
	if err != nil {
		b.Fatal(err)
	}
	image, err := os.ReadFile(filepath.Join(out, imageName))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if verify(image).Worst() != archive.Pass {
			b.Fatal("it does not verify")
		}
	}
}

// fleet.script is played where people play rehearsals, and must stay true.
func TestTheRehearsalOfAFleet(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "r")
	var stderr bytes.Buffer
	args := []string{"-display", "png", "-size", "800x600", "-script", "fleet.script", "-out", out, "-profile", "../../testdata/profile.toml", "-csr", "../../testdata/intermediate.csr"}
	if code := run(args, io.Discard, &stderr); code != exitDone {
		t.Fatalf("exit %d: %s", code, stderr.String())
	}
	image, err := os.ReadFile(filepath.Join(out, imageName))
	if err != nil {
		t.Fatal(err)
	}
	if r := verify(image); r.Worst() == archive.Error || len(r.State.HSMFleet) != 1 {
		t.Errorf("%v, %+v", r.Findings, r.State.HSMFleet)
	}
	if said, err := exec.Command("python3", "../../testdata/validator/validate.py", filepath.Join(out, imageName)).CombinedOutput(); err != nil {
		t.Errorf("the foreign validator: %v: %s", err, said)
	}
	tool(t, "openssl", "verify", "-x509_strict", "-CAfile", toPEM(t, filepath.Join(out, shuttleName, "ROOT.CRT"), "CERTIFICATE"),
		toPEM(t, filepath.Join(out, shuttleName, "INTCA1.CRT"), "CERTIFICATE"))
}
