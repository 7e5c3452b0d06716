// Package machine tells what a machine says of itself: its firmware and names, what
// it was booted with, what its TPM measured, how it does.
//
// It guarantees that looking changes nothing and never fails: what cannot be read
// is left out, or told as not known where its absence matters. Every value is one
// line of printable text of at most MaxValue bytes. Nothing here is proof of
// anything; a machine that lies, lies here too.
//
// Sources: Linux's Documentation/ABI (sysfs-firmware-dmi, sysfs-class-tpm,
// sysfs-class-power, sysfs-class-thermal), proc(5); UEFI 2.10 section 3.3 for the
// variable SecureBoot.
package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"strings"
	"unicode"
)

// MaxValue bounds a value, in bytes.
const MaxValue = 1024

// Fact is one thing that a machine says of itself.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Section is a group of facts under a title.
type Section struct {
	Title string `json:"title"`
	Facts []Fact `json:"facts"`
}

// Machine is the machine whose root folder is the root given to New.
type Machine struct{ root string }

// New returns the machine below root ("" is this one's root folder).
func New(root string) *Machine { return &Machine{root} }

// Identity is what the machine is and what it was booted with: it stays the same
// until it is switched off.
func (m *Machine) Identity() []Section {
	return []Section{
		{"Machine", m.names()},
		{"Started with", m.boot()},
		{"Measured by the TPM", m.measurements()},
	}
}

// Health is how the machine does now.
func (m *Machine) Health() Section { return Section{"Health", m.health()} }

// Hash is the fact of a program's SHA-256, under a name.
func (m *Machine) Hash(name, program string) Fact {
	f, err := os.Open(filepath.Join(m.root, program))
	if err != nil {
		return Fact{name, unknown}
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return Fact{name, unknown}
	}
	return Fact{name, hex.EncodeToString(h.Sum(nil))}
}

const unknown = "not known"

// facts keeps those that have a value.
func facts(all ...Fact) []Fact {
	var out []Fact
	for _, f := range all {
		if f.Value != "" {
			out = append(out, f)
		}
	}
	return out
}

// maxFile bounds what is read of a file, in bytes.
const maxFile = 16 << 10

// raw is the content of a file; nil if it cannot be had.
func (m *Machine) raw(elements ...string) []byte {
	f, err := os.Open(filepath.Join(append([]string{m.root}, elements...)...))
	if err != nil {
		return nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil
	}
	return b
}

// read is the content of a file as one line.
func (m *Machine) read(elements ...string) string { return oneLine(string(m.raw(elements...))) }

// oneLine makes text printable, on one line of at most MaxValue bytes.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > MaxValue {
		s = strings.ToValidUTF8(s[:MaxValue], "")
	}
	return s
}

// glob lists files, in order of their names; none if there are none.
func (m *Machine) glob(pattern string) []string {
	found, err := filepath.Glob(filepath.Join(m.root, pattern))
	if err != nil {
		return nil // not with these patterns
	}
	for i, f := range found {
		found[i] = strings.TrimPrefix(f, m.root)
	}
	return found
}
