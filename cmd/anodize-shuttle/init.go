package main

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/fat"
	"anodize/devices/block"
)

// template is the profile that init begins with.
//
//go:embed profile.toml
var template string

// initOptions are what init was called with.
type initOptions struct {
	path    string
	profile string // a file, "" for the template
	files   []string
	size    int64 // of an image, in bytes
}

func parseInit(args []string) (initOptions, error) {
	var o initOptions
	set := flag.NewFlagSet("init", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	set.StringVar(&o.profile, "profile", "", "")
	size := set.Int64("size", 64, "")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, usageError{err}
	}
	if set.NArg() == 0 {
		return o, usageError{errors.New("init takes the PATH of the stick")}
	}
	o.files, o.path = set.Args()[:set.NArg()-1], set.Arg(set.NArg()-1)
	if *size < fat.MinSize>>20 || *size > fat.MaxSize>>20 {
		return o, usageError{fmt.Errorf("-size %d: between %d and %d MiB", *size, fat.MinSize>>20, int64(fat.MaxSize>>20))}
	}
	o.size = *size << 20
	return o, nil
}

// init makes a stick.
func (m machine) init(o initOptions) error {
	files, err := o.contents()
	if err != nil {
		return err
	}
	info, err := os.Stat(o.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return m.image(o, files)
	case err != nil:
		return err
	case info.IsDir():
		return m.fill(o.path, files)
	case info.Mode()&fs.ModeDevice != 0 || m.isNode(o.path):
		return m.device(o.path, files)
	}
	return fmt.Errorf("%s is there already: remove it first", o.path)
}

// maxFile bounds the size in bytes of what is put on a stick.
const maxFile = 1 << 20

// contents reads what will be on the stick.
func (o initOptions) contents() ([]fat.File, error) {
	files := []fat.File{{Path: profileName, Data: []byte(template)}}
	if o.profile != "" {
		data, err := readFile(o.profile)
		if err != nil {
			return nil, err
		}
		files[0].Data = data
	}
	for _, path := range o.files {
		data, err := readFile(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		if err := block.CheckName(name); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if slices.ContainsFunc(files, func(f fat.File) bool { return strings.EqualFold(f.Path, name) }) {
			return nil, fmt.Errorf("there are two of %s", name)
		}
		files = append(files, fat.File{Path: name, Data: data})
	}
	return files, nil
}

func readFile(path string) ([]byte, error) {
	return folder{path: filepath.Dir(path)}.read(filepath.Base(path), maxFile)
}

// made is the time that files on a new stick carry: always the same, so that the same
// files make the same image.
var made = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func volumeOf(size int64, files []fat.File) fat.Volume {
	return fat.Volume{Size: size, Label: block.Label, Serial: 0x416E6F64, Time: made, Files: files}
}

// image makes a file that is copied to a stick, or given to a virtual machine.
func (m machine) image(o initOptions, files []fat.File) (err error) {
	f, err := os.OpenFile(o.path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = errors.Join(err, os.Remove(o.path))
		}
	}()
	if err := f.Truncate(o.size); err != nil {
		return err
	}
	if err := fat.Write(f, volumeOf(o.size, files)); err != nil {
		return err
	}
	return m.told(o.path, files)
}

// fill copies the files into a folder. It replaces none.
func (m machine) fill(path string, files []fat.File) error {
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(path, f.Path)); err == nil {
			return fmt.Errorf("%s is there already: remove it first", filepath.Join(path, f.Path))
		}
	}
	for _, f := range files {
		if err := writeSynced(filepath.Join(path, f.Path), f.Data); err != nil {
			return err
		}
	}
	return m.told(path, files)
}

func writeSynced(path string, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func (m machine) told(path string, files []fat.File) error {
	var names []string
	for _, f := range files {
		names = append(names, f.Path)
	}
	_, err := fmt.Fprintf(m.out, "%s holds %s. Edit %s, then: anodize-shuttle lint %s\n", path, strings.Join(names, ", "), profileName, path)
	return err
}

// isNode tells whether a path is the node of something that can be pulled out.
func (m machine) isNode(path string) bool {
	_, ok := m.location(path)
	return ok
}

func (m machine) location(node string) (block.Location, bool) {
	all, err := block.Find(m.root)
	if err != nil {
		return block.Location{}, false
	}
	i := slices.IndexFunc(all, func(l block.Location) bool { return l.Node == node })
	if i < 0 {
		return block.Location{}, false
	}
	return all[i], true
}

// device erases a stick and makes a new one of it.
func (m machine) device(node string, files []fat.File) (err error) {
	l, ok := m.location(node)
	if !ok {
		return fmt.Errorf("%s is no disk or partition that can be pulled out and holds no other partitions: list-usb lists those that do", node)
	}
	used, err := l.Uses()
	if err != nil {
		return fmt.Errorf("looking at %s: %w", node, err)
	}
	if len(used) > 0 {
		return fmt.Errorf("%s is in use: %s; unmount it first", node, strings.Join(used, ", "))
	}
	d, err := l.Describe()
	if err != nil && d.Size == 0 {
		return fmt.Errorf("looking at %s: %w", node, err)
	}
	if err := m.agree(node, d); err != nil {
		return err
	}
	f, err := os.OpenFile(node, os.O_RDWR|unix.O_EXCL, 0)
	if errors.Is(err, unix.EBUSY) {
		return fmt.Errorf("%s is in use: unmount it first", node)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if now, ok := m.location(node); !ok || now.ID != l.ID {
		return fmt.Errorf("%s is another disk by now: nothing was changed", node)
	}
	if err := fat.Write(f, volumeOf(min(d.Size, fat.MaxSize), files)); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing to %s: %w", node, err)
	}
	// What is compared is to come from the stick, not from memory.
	if err := unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED); err != nil {
		return fmt.Errorf("reading %s back: %w", node, err)
	}
	if err := readBack(f, files); err != nil {
		return fmt.Errorf("%s: %w", node, err)
	}
	return m.told(node, files)
}

// agree has the size of the disk typed before it is erased: whoever looks at the wrong
// one will notice.
func (m machine) agree(node string, d block.Description) error {
	fmt.Fprintf(m.out, "%s is %s of %s, serial %s, with %s labelled %s.\nAll that is on it will be lost. Type its size to go on: ",
		node, orDash(d.Sold()), block.Capacity(d.Size), orDash(d.Serial), d.Format, orDash(d.Label))
	answer, err := bufio.NewReader(io.LimitReader(m.in, 100)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if size := block.Capacity(d.Size); strings.TrimSpace(answer) != size {
		return fmt.Errorf("that is not %q: nothing was changed", size)
	}
	return nil
}

// readBack compares what the new file system holds.
func readBack(r io.ReaderAt, files []fat.File) error {
	made, err := fat.Open(r)
	if err != nil {
		return err
	}
	for _, f := range files {
		got, err := volume{made}.read(f.Path, maxFile)
		if err != nil {
			return fmt.Errorf("%s cannot be read back: take another stick (%w)", f.Path, err)
		}
		if !bytes.Equal(got, f.Data) {
			return fmt.Errorf("%s reads back different: take another stick", f.Path)
		}
	}
	return nil
}
