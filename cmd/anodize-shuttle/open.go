package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/fat"
	"anodize/devices/block"
)

// open opens a stick: a folder, or a device or an image with FAT on it.
func (m machine) open(path string) (stick, func(), error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, err
	}
	if info.IsDir() {
		return folder{path, m.root}, func() {}, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	fs, err := fat.Open(f)
	if err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("%s: %w; if it is FAT12 or exFAT, mount it and give its folder", path, err)
	}
	return volume{fs}, func() { f.Close() }, nil
}

// least is the room in bytes that a ceremony's files need.
const least = 4 << 20

// folder is a stick that is mounted, or what will be copied to one.
type folder struct{ path, root string }

func (d folder) names() (files, folders []string, err error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		switch {
		case e.IsDir():
			folders = append(folders, e.Name())
		case e.Type().IsRegular():
			files = append(files, e.Name())
		}
	}
	return files, folders, nil
}

func (d folder) read(name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(d.path, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("longer than %d bytes, which are the most", limit)
	}
	return data, err
}

func (d folder) system(f *findings) {
	var st unix.Statfs_t
	if err := unix.Statfs(d.path, &st); err != nil {
		f.add(bad, "stick", "asking for its file system: %v", err)
		return
	}
	free := int64(st.Bavail) * st.Bsize
	if free < least {
		f.add(bad, "stick", "only %d KiB are free, %d are needed: remove files", free>>10, least>>10)
	}
	source, kind, writable, mounted := mountOf(d.root, d.path)
	switch {
	case !mounted:
		f.add(warn, "stick", "%s is a folder of this computer: its file system was not checked", d.path)
		return
	case kind != "vfat" && kind != "exfat":
		f.add(bad, "stick", "it is formatted as %s: format it as FAT or exFAT", kind)
	case !writable:
		f.add(warn, "stick", "it is mounted read-only: if its switch is set, move it, or nothing can be written to it")
	}
	f.device(d.root, source)
}

// device checks the device that a mounted stick is.
func (f *findings) device(root, node string) {
	all, err := block.Find(root)
	if err != nil {
		f.add(warn, "stick", "%v", err)
		return
	}
	i := slices.IndexFunc(all, func(l block.Location) bool { return l.Name == filepath.Base(node) })
	if i < 0 {
		f.add(bad, "stick", "%s is no disk that can be pulled out: the kiosk does not look at it", node)
		return
	}
	d, err := all[i].Describe()
	if err != nil {
		f.add(warn, "stick", "its label was not read: %v", err)
		return
	}
	f.label(d.Label)
}

// label judges the label of a stick that may hold a profile.
func (f *findings) label(label string) {
	if strings.EqualFold(label, block.Label) {
		f.add(pass, "stick", "its label is %s", label)
		return
	}
	f.add(warn, "stick", "its label is %q, not %s: the kiosk knows it by %s alone", label, block.Label, profileName)
}

// mountOf finds the device that is mounted at a folder; none if that cannot be known.
func mountOf(root, path string) (source, kind string, writable, ok bool) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", "", false, false
	}
	mounts, err := block.Mounts(root)
	if err != nil {
		return "", "", false, false
	}
	for _, m := range mounts {
		if m.At == path {
			source, kind, writable, ok = m.Source, m.Kind, m.Writable, true // the last one is on top
		}
	}
	return source, kind, writable, ok
}

// volume is a FAT file system that is not mounted.
type volume struct{ fs *fat.FS }

func (v volume) names() (files, folders []string, err error) {
	for _, e := range v.fs.Entries() {
		if e.Folder {
			folders = append(folders, e.Name)
		} else {
			files = append(files, e.Name)
		}
	}
	slices.Sort(files)
	return files, folders, nil
}

func (v volume) read(name string, limit int64) ([]byte, error) {
	for _, e := range v.fs.Entries() {
		if e.Name == name && !e.Folder {
			return v.fs.ReadFile(e, limit)
		}
	}
	return nil, errors.New("it is not there any more")
}

func (v volume) system(f *findings) { f.label(v.fs.Label()) }
