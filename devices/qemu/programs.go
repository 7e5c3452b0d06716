package qemu

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// libraries is where Debian's dynamic loader looks, and where the machine's does.
var libraries = []string{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"}

// programFiles lists what installed programs need to run in a machine: themselves,
// the dynamic loader, and every shared library that one of them names. It maps the
// path in the machine to the one here.
func programFiles(names []string) (map[string]string, error) {
	files := map[string]string{}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			return nil, fmt.Errorf("a program for the machine: %w; run make deps", err)
		}
		files["/usr/bin/"+filepath.Base(name)] = path
		if err := addLibraries(files, path); err != nil {
			return nil, fmt.Errorf("collecting what %s needs: %w", name, err)
		}
	}
	return files, nil
}

// addLibraries adds the loader and the libraries that an ELF file needs.
func addLibraries(files map[string]string, path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	loader, err := interpreter(f)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if loader != "" {
		files[loader] = loader
	}
	needed, err := f.ImportedLibraries()
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, name := range needed {
		found, err := findLibrary(name)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		in := filepath.Join(libraries[0], name)
		if _, seen := files[in]; seen {
			continue
		}
		files[in] = found
		if err := addLibraries(files, found); err != nil {
			return err
		}
	}
	return nil
}

// interpreter is the dynamic loader that an ELF file asks for; empty if it is static
// or a library.
func interpreter(f *elf.File) (string, error) {
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		path, err := io.ReadAll(p.Open())
		return strings.TrimRight(string(path), "\x00"), err
	}
	return "", nil
}

func findLibrary(name string) (string, error) {
	for _, dir := range libraries {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("library %s is in none of %s", name, strings.Join(libraries, ", "))
}
