package main

import (
	"bufio"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"anodize/cmd/anodize-image/internal/kernel"
)

// maxNews bounds how many lines of a changelog are shown.
const maxNews = 400

// pin brings nix/kernel/pin, and the configuration kept beside it, up to what is
// installed, after showing the difference.
func (c *call) pin() error {
	fs := flag.NewFlagSet("pin", flag.ContinueOnError)
	yes := fs.Bool("yes", false, "")
	if err := c.parse(fs, 0); err != nil {
		return err
	}
	b, err := c.looseKernel()
	if err != nil {
		return err
	}
	old, err := kernel.ReadPin(b.Folder)
	if err != nil {
		return err
	}
	now, err := kernel.Current(old, goVersion)
	if err != nil {
		return err
	}
	if now.String() == old.String() {
		fmt.Fprintln(c.out, "The pin names what is installed.")
		return nil
	}
	c.showDifference("pin", old.String(), now.String())
	if now.Source != old.Source {
		if err := c.showNews(old.Source); err != nil {
			return err
		}
	}
	before, after, err := c.reconfigured(b, now)
	if err != nil {
		return err
	}
	c.showDifference("config", before, after)
	if !*yes && !c.agreed("Take these versions? Type yes: ") {
		return errNo
	}
	for name, text := range map[string]string{"pin": now.String(), "config": after} {
		if err := os.WriteFile(filepath.Join(b.Folder, name), []byte(text), 0o644); err != nil {
			return fmt.Errorf("taking the new versions: %w", err)
		}
	}
	return nil
}

// agreed asks, and takes only the whole word.
func (c *call) agreed(question string) bool {
	fmt.Fprint(c.out, question)
	answer, _ := bufio.NewReader(c.in).ReadString('\n') // no answer is no
	return strings.TrimSpace(answer) == "yes"
}

// goVersion asks Go's tools for their version.
func goVersion() (string, error) {
	out, err := exec.Command("go", "env", "GOVERSION").Output()
	if err != nil {
		return "", fmt.Errorf("asking Go for its version: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// showDifference shows the lines of two texts that are not in the other.
func (c *call) showDifference(name, before, after string) {
	for _, side := range []struct{ sign, text, other string }{{"-", before, after}, {"+", after, before}} {
		known := map[string]bool{}
		for line := range strings.Lines(side.other) {
			known[line] = true
		}
		for line := range strings.Lines(side.text) {
			if !known[line] {
				fmt.Fprintf(c.out, "%s %s %s", name, side.sign, line)
			}
		}
	}
}

// showNews shows what Debian's changelog says of the versions since the old one.
func (c *call) showNews(old kernel.Package) error {
	f, err := os.Open(filepath.Join("/usr/share/doc", old.Name, "changelog.Debian.gz"))
	if err != nil {
		return fmt.Errorf("reading what changed in the kernel: %w", err)
	}
	defer f.Close()
	text, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("reading what changed in the kernel: %w", err)
	}
	news(c.out, text, old.Version)
	return nil
}

// news copies a changelog's entries down to that of a version.
func news(to io.Writer, changelog io.Reader, version string) {
	lines := bufio.NewScanner(changelog)
	for n := 0; lines.Scan() && !strings.HasPrefix(lines.Text(), "linux ("+version+")"); n++ {
		if n == maxNews {
			fmt.Fprintln(to, "and more: see the package's changelog")
			return
		}
		fmt.Fprintln(to, lines.Text())
	}
}

// reconfigured returns the kept configuration, and that of the new versions.
func (c *call) reconfigured(b kernel.Builder, now kernel.Pin) (before, after string, err error) {
	kept, err := os.ReadFile(filepath.Join(b.Folder, "config"))
	if err != nil {
		return "", "", fmt.Errorf("reading the kept configuration: %w", err)
	}
	dir, err := os.MkdirTemp("", "anodize-pin-")
	if err != nil {
		return "", "", fmt.Errorf("making a folder for the new configuration: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(b.Folder)); err != nil {
		return "", "", fmt.Errorf("trying the new versions: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "pin"), []byte(now.String()), 0o644); err != nil {
		return "", "", fmt.Errorf("trying the new versions: %w", err)
	}
	b.Folder = dir
	after, err = b.Configure()
	return string(kept), after, err
}
