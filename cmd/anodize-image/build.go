package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"anodize/cmd/anodize-image/internal/bootable"
	"anodize/cmd/anodize-image/internal/kernel"
)

// programs are the programs of the image: their paths in the initramfs, and the
// packages that they are built from.
var programs = []struct{ name, from string }{
	{"init", "./cmd/anodize-sentinel"},
	{"anodize-ceremony", "./cmd/anodize-ceremony"},
}

// commit is what a tree stands at.
type commit struct {
	hash  string // in hex
	time  time.Time
	dirty bool // with changes that are in no commit
}

// marked is the commit as an image of a mode is marked with it. A loose release is marked
// even if the tree is clean: its kernel may be another one.
func (c commit) marked(mode string, loose bool) commit {
	c.dirty = c.dirty || loose && mode == "production"
	return c
}

// name is the commit as the programs say it of themselves.
func (c commit) name() string {
	if c.dirty {
		return c.hash + "-dirty"
	}
	return c.hash
}

func (c *call) build() error {
	fs := flag.NewFlagSet("build", flag.ContinueOnError)
	mode := fs.String("mode", "production", "")
	dirty := fs.Bool("allow-dirty", false, "")
	out := fs.String("out", "build", "")
	if err := c.parse(fs, 0); err != nil {
		return err
	}
	if *mode != "production" && *mode != "dev" {
		return fmt.Errorf("%w: the mode %q is neither production nor dev", errUsage, *mode)
	}
	image, at, err := c.image(*mode, *dirty || *mode == "dev")
	if err != nil {
		return err
	}
	name := filepath.Join(*out, fileName(*mode, at))
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return fmt.Errorf("making the folder for the image: %w", err)
	}
	if err := os.WriteFile(name, image, 0o644); err != nil {
		return fmt.Errorf("writing the image: %w", err)
	}
	return c.describe(name, image)
}

// fileName is what an image is called.
func fileName(mode string, at commit) string {
	switch {
	case mode == "dev":
		return "anodize-dev-amd64.iso"
	case at.dirty:
		return "anodize-prod-amd64-dirty.iso"
	}
	return "anodize-prod-amd64.iso"
}

// disc is what an image of a mode says of itself.
func disc(mode string, at commit) bootable.Disc {
	d := bootable.Disc{Label: "ANODIZE_PROD", Source: "COMMIT_" + strings.ToUpper(at.hash), Time: at.time}
	if mode == "dev" {
		d.Label = "ANODIZE_DEV"
	}
	if at.dirty {
		d.Label += "_DIRTY"
		d.Source += "_DIRTY"
	}
	return d
}

// image builds the tree's image. A loose one may have changes that are in no commit,
// and other tools than the pinned ones.
func (c *call) image(mode string, loose bool) ([]byte, commit, error) {
	tree, err := c.tree()
	if err != nil {
		return nil, commit{}, err
	}
	at, err := readCommit(tree)
	if err != nil {
		return nil, at, err
	}
	if at = at.marked(mode, loose); at.dirty && !loose {
		return nil, at, errors.New("the tree has changes that are in no commit, so nobody could build the image again; " +
			"commit them, or build with ALLOW_DIRTY=1, which marks the image")
	}
	if !at.dirty {
		if tree, err = committed(tree, at.hash); err != nil {
			return nil, at, err
		}
		defer os.RemoveAll(tree)
	}
	b, err := c.kernelBuilder(tree, loose)
	if err != nil {
		return nil, at, err
	}
	initramfs, err := c.initramfs(tree, at)
	if err != nil {
		return nil, at, err
	}
	efi, err := b.Link(initramfs, mode)
	if err != nil {
		return nil, at, err
	}
	image, err := bootable.Assemble(disc(mode, at), efi)
	if err != nil {
		return nil, at, err
	}
	if most := bootable.MaxSize - bootable.Reserved; len(image) > most {
		return nil, at, fmt.Errorf("the image has %d bytes, more than the %d that are allowed", len(image), most)
	}
	return image, at, nil
}

// readCommit asks git what the tree stands at.
func readCommit(tree string) (at commit, err error) {
	git := func(args ...string) string {
		if err != nil {
			return ""
		}
		var complaint bytes.Buffer
		cmd := exec.Command("git", append([]string{"-C", tree}, args...)...)
		cmd.Stderr = &complaint
		var out []byte
		if out, err = cmd.Output(); err != nil {
			err = fmt.Errorf("asking git what the tree stands at: git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(complaint.Bytes()))
		}
		return strings.TrimSpace(string(out))
	}
	at.hash = git("rev-parse", "HEAD")
	at.dirty = git("status", "--porcelain", "--untracked-files=normal") != ""
	seconds := git("log", "-1", "--format=%ct")
	if err != nil {
		return at, err
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return at, fmt.Errorf("asking git when HEAD was committed: %w", err)
	}
	at.time = time.Unix(n, 0).UTC()
	return at, nil
}

// committed unpacks a commit into a folder of its own. What git is told to overlook in a
// tree (ignored files, files that are assumed to be unchanged) does not get there, and
// nothing that only this clone does to files on their way.
func committed(tree, hash string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "anodize-commit-"); err != nil {
		return "", fmt.Errorf("making a folder for the commit: %w", err)
	}
	archive := filepath.Join(dir, "commit.tar")
	for _, args := range [][]string{
		{"git", "-C", tree, "-c", "core.autocrlf=false", "archive", "--format=tar", "-o", archive, hash},
		{"tar", "-xf", archive, "-C", dir},
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("unpacking the commit %s: %s: %w: %s", hash, args[0], err, bytes.TrimSpace(out)), os.RemoveAll(dir))
		}
	}
	if err := errors.Join(os.Remove(archive), sameTree(tree, hash, dir)); err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

func (c *call) initramfs(tree string, at commit) ([]byte, error) {
	pin, err := kernel.ReadPin(filepath.Join(tree, "nix", "kernel"))
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "anodize-image-")
	if err != nil {
		return nil, fmt.Errorf("making a folder for the programs: %w", err)
	}
	defer os.RemoveAll(dir)
	built := make([]bootable.Program, len(programs))
	for i, p := range programs {
		fmt.Fprintf(c.log, "building %s\n", p.from)
		name := filepath.Join(dir, p.name)
		if err := compile(tree, p.from, name, at, pin.Go); err != nil {
			return nil, err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the built program: %w", err)
		}
		built[i] = bootable.Program{Name: p.name, Data: data}
	}
	return bootable.Initramfs(built), nil
}

// compile builds a program in an environment that leaves nothing to the machine. The
// commit and its time are given rather than stamped by the go command, whose stamp also
// depends on which tags a clone has. runtimesecret is what core/secret.Do needs to erase.
func compile(tree, from, to string, at commit, toolchain string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-mod=readonly",
		"-ldflags=-s -w -X main.commit="+at.name()+" -X main.built="+at.time.Format(time.RFC3339), "-o", to, from)
	cmd.Dir = tree
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1", "GOTOOLCHAIN="+toolchain,
		"GOENV=off", "GOROOT=", "GO111MODULE=on", "GOFLAGS=", "GOEXPERIMENT=runtimesecret", "GOFIPS140=off", "GOWORK=off", "GODEBUG=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", from, err, out)
	}
	return nil
}
