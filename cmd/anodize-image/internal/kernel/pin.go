package kernel

import (
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// Pin is what an image is built from and with, as nix/kernel/pin says it.
type Pin struct {
	Source  Package
	SHA256  string // of the source package's archive, in hex
	Tools   []Package
	Go      string // the version of Go's tools, as GOTOOLCHAIN names it
	comment string
}

// Package is a Debian package.
type Package struct{ Name, Version string }

func (p Package) String() string { return p.Name + " " + p.Version }

// ParsePin reads the file: "source NAME VERSION SHA-256", "tool NAME VERSION" for
// each tool, "go VERSION"; comments begin with "#".
func ParsePin(text string) (p Pin, err error) {
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, "#"):
			p.comment += line
		case len(words) == 4 && words[0] == "source" && len(words[3]) == 64 && p.SHA256 == "":
			p.Source, p.SHA256 = Package{words[1], words[2]}, words[3]
		case len(words) == 3 && words[0] == "tool":
			p.Tools = append(p.Tools, Package{words[1], words[2]})
		case len(words) == 2 && words[0] == "go" && p.Go == "":
			p.Go = words[1]
		default:
			return p, fmt.Errorf("the pin file has a line %q, which is none of: source NAME VERSION SHA-256; tool NAME VERSION; go VERSION", strings.TrimSpace(line))
		}
	}
	if p.SHA256 == "" || p.Go == "" || len(p.Tools) == 0 {
		return p, errors.New("the pin file lacks the source, Go or the tools")
	}
	return p, nil
}

// String is the file again.
func (p Pin) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%ssource %v %s\n", p.comment, p.Source, p.SHA256)
	for _, t := range p.Tools {
		fmt.Fprintf(&b, "tool %v\n", t)
	}
	fmt.Fprintf(&b, "go %s\n", p.Go)
	return b.String()
}

// Packages are the source and the tools.
func (p Pin) Packages() []Package { return append([]Package{p.Source}, p.Tools...) }

// ErrMoved says that the machine has other versions than the pin file names.
var ErrMoved = errors.New("other versions are installed than nix/kernel/pin names, and would give another image; " +
	"install those, or run make pin, which shows what changed and takes these")

// Compare looks for the packages that are installed in another version than the pin
// says. The error names them all and is an ErrMoved.
func (p Pin) Compare(installed func(name string) (version string, err error)) error {
	var moved []string
	for _, want := range p.Packages() {
		version, err := installed(want.Name)
		if err != nil {
			return err
		}
		if version != want.Version {
			moved = append(moved, fmt.Sprintf("%s is %s, pinned is %s", want.Name, version, want.Version))
		}
	}
	if moved == nil {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrMoved, strings.Join(moved, "; "))
}

// Current is the pin with the versions that are installed.
func Current(p Pin, goVersion func() (string, error)) (Pin, error) {
	now := Pin{comment: p.comment}
	for _, old := range p.Packages() {
		version, err := Installed(old.Name)
		if err != nil {
			return now, err
		}
		if old == p.Source {
			now.Source = Package{old.Name, version}
			continue
		}
		now.Tools = append(now.Tools, Package{old.Name, version})
	}
	var err error
	if now.Go, err = goVersion(); err != nil {
		return now, err
	}
	now.SHA256, err = sumFile(archive(now.Source))
	return now, err
}

// Installed asks dpkg for the version of a package.
func Installed(name string) (string, error) {
	out, err := exec.Command("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", name).Output()
	version, ok := strings.CutPrefix(string(out), "installed ")
	if err != nil || !ok {
		return "", fmt.Errorf("the Debian package %s is not installed, which building the kernel needs; run apt-get install %s", name, name)
	}
	return version, nil
}
