package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// errOther says that a clone gives another tree for a commit than the commit has.
var errOther = errors.New("what git unpacks is not what was committed: this clone has attributes, filters or replaced objects of its own; make a fresh clone")

// sameTree checks that a folder holds the very files of a commit. It has git name the
// folder's tree in a repository of its own, where no attributes apply but those that the
// commit holds.
func sameTree(clone, hash, folder string) error {
	repository, err := os.MkdirTemp("", "anodize-tree-")
	if err != nil {
		return fmt.Errorf("making a folder to compare the commit in: %w", err)
	}
	defer os.RemoveAll(repository)
	format, err := plainGit("-C", clone, "rev-parse", "--show-object-format")
	if err != nil {
		return err
	}
	want, err := plainGit("-C", clone, "rev-parse", hash+"^{tree}")
	if err != nil {
		return err
	}
	at := []string{"--git-dir", filepath.Join(repository, "git"), "--work-tree", folder, "-c", "core.bare=false",
		"-c", "core.autocrlf=false", "-c", "core.attributesFile=/dev/null", "-c", "core.excludesFile=/dev/null"}
	var got string
	for _, args := range [][]string{
		{"init", "-q", "--bare", "--template=", "--object-format=" + format, filepath.Join(repository, "git")},
		append(at, "add", "--all", "--force", "."),
		append(at, "write-tree"),
	} {
		if got, err = plainGit(args...); err != nil {
			return err
		}
	}
	if got != want {
		return fmt.Errorf("unpacking the commit %s: %w", hash, errOther)
	}
	return nil
}

// plainGit runs git without replaced objects and without the machine's attributes.
func plainGit(args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Env = append(os.Environ(), "GIT_NO_REPLACE_OBJECTS=1", "GIT_ATTR_NOSYSTEM=1")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(complaint.Bytes()))
	}
	return strings.TrimSpace(string(out)), nil
}
