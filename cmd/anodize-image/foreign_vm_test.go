//go:build vm

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anodize/cmd/internal/eyes"
)

// tool runs a program that is not ours, or one of ours that the image has not.
func (r *room) tool(name string, args ...string) string {
	r.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		r.t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// takenDisc is a disc that was taken out of the drive.
type takenDisc struct {
	file string // its sectors
	last uint32 // the first sector of its last session
}

func (r *room) takeDisc() takenDisc {
	r.t.Helper()
	disc, err := r.drive.Eject()
	if err != nil || disc == nil {
		r.t.Fatalf("taking the disc out: %v", err)
	}
	var image bytes.Buffer
	if err := disc.WriteImage(&image); err != nil {
		r.t.Fatal(err)
	}
	tracks := disc.Tracks()
	d := takenDisc{filepath.Join(r.dir, "disc.img"), tracks[len(tracks)-1].Start}
	if err := os.WriteFile(d.file, image.Bytes(), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return d
}

// extract copies what the last session of a disc holds to a folder.
func (r *room) extract(d takenDisc) (folder string) {
	r.t.Helper()
	folder = filepath.Join(r.dir, "disc")
	r.tool("xorriso", "-no_rc", "-osirrox", "on", "-load", "sbsector", fmt.Sprint(d.last), "-indev", "stdio:"+d.file, "-extract", "/", folder)
	return folder
}

// check holds the disc and the stick against what was noted, by file name, with
// software that had no part in the ceremony.
func (r *room) check(head string, noted map[string]eyes.Noted) {
	r.t.Helper()
	disc := r.takeDisc()
	r.validateDisc(disc, head)
	onDisc, onStick := r.extract(disc), filepath.Join(r.dir, "stick")
	if err := os.Mkdir(onStick, 0o700); err != nil {
		r.t.Fatal(err)
	}
	for name, n := range noted {
		r.tool("mcopy", "-i", r.sticks["stick"], "::"+name, onStick)
		exported := read(r.t, filepath.Join(onStick, name))
		if sum := fmt.Sprintf("%X", sha256.Sum256(exported)); sum != n.Fingerprint {
			r.t.Errorf("%s on the stick has SHA-256 %s, the screen's code says %s", name, sum, n.Fingerprint)
		}
		if !r.holds(onDisc, name, exported) {
			r.t.Errorf("%s on the stick is not on the disc", name)
		}
	}
	r.openssl(onStick)
}

// validateDisc has both validators look at a disc.
func (r *room) validateDisc(d takenDisc, head string) {
	r.t.Helper()
	validator := filepath.Join(r.dir, "anodize-validate")
	r.tool("go", "build", "-o", validator, "anodize/cmd/anodize-validate")
	out, err := exec.Command(validator, "-head", head, "-require", "production", d.file).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 { // no root is pinned for a simulated HSM
		r.t.Errorf("anodize-validate: %v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if strings.HasPrefix(line, "WARN") && !strings.Contains(line, "attest") {
			r.t.Errorf("anodize-validate: %s", line)
		}
	}
	r.tool("python3", "../../testdata/validator/validate.py", d.file)
}

// holds tells whether a file of that name and content is in one of a folder's folders.
func (r *room) holds(folder, name string, content []byte) bool {
	r.t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "*", name))
	if err != nil {
		r.t.Fatal(err)
	}
	for _, f := range found {
		if bytes.Equal(read(r.t, f), content) {
			return true
		}
	}
	return false
}

// openssl verifies what a stick carries, by the machine's calendar.
func (r *room) openssl(stick string) {
	r.t.Helper()
	for name, kind := range map[string]string{"ROOT.CRT": "CERTIFICATE", "INTCA1.CRT": "CERTIFICATE", "ROOT.CRL": "X509 CRL"} {
		der := read(r.t, filepath.Join(stick, name))
		if err := os.WriteFile(filepath.Join(stick, name+".pem"), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	root, intermediate, crl := filepath.Join(stick, "ROOT.CRT.pem"), filepath.Join(stick, "INTCA1.CRT.pem"), filepath.Join(stick, "ROOT.CRL.pem")
	r.tool("openssl", "verify", "-attime", fmt.Sprint(r.day(2).Unix()), "-x509_strict", "-crl_check", "-CRLfile", crl, "-CAfile", root, intermediate)
	if out := r.tool("openssl", "crl", "-in", crl, "-CAfile", root, "-noout"); !strings.Contains(out, "verify OK") {
		r.t.Errorf("openssl crl: %s", out)
	}
}
