package qemu

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// loadOrder returns the files of the named modules and of all that they depend on,
// each after what it needs. A name that is no file is taken for a part of the
// kernel image, as a dependency; as a wish it is an error.
func loadOrder(dir string, names []string) ([]string, error) {
	files, err := moduleFiles(dir)
	if err != nil {
		return nil, err
	}
	var order []string
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		file, ok := files[moduleName(name)]
		if !ok || seen[file] {
			return nil
		}
		seen[file] = true
		needs, err := dependencies(file)
		if err != nil {
			return err
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		order = append(order, file)
		return nil
	}
	for _, n := range names {
		if _, ok := files[moduleName(n)]; !ok {
			return nil, fmt.Errorf("module %s is not in %s", n, dir)
		}
		if err := add(n); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// moduleName makes file names and module names comparable: the kernel reads "-"
// as "_".
func moduleName(s string) string { return strings.ReplaceAll(s, "-", "_") }

func moduleFiles(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing kernel modules: %w", err)
	}
	files := make(map[string]string, len(entries))
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".ko"); ok {
			files[moduleName(name)] = filepath.Join(dir, e.Name())
		}
	}
	return files, nil
}

// dependencies reads the names after "depends=" in a module's .modinfo section,
// which holds strings that end with a zero byte, and those after "softdep=pre:".
func dependencies(file string) ([]string, error) {
	f, err := elf.Open(file)
	if err != nil {
		return nil, fmt.Errorf("reading module %s: %w", file, err)
	}
	defer f.Close()
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("module %s has no .modinfo section", file)
	}
	info, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("reading module %s: %w", file, err)
	}
	var names []string
	for entry := range bytes.SplitSeq(info, []byte{0}) {
		if list, ok := bytes.CutPrefix(entry, []byte("depends=")); ok && len(list) > 0 {
			names = append(names, strings.Split(string(list), ",")...)
		}
		if list, ok := bytes.CutPrefix(entry, []byte("softdep=pre:")); ok {
			names = append(names, strings.Fields(string(list))...)
		}
	}
	return names, nil
}
