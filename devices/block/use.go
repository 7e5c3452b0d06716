package block

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"anodize/devices/internal/sysfs"
)

// Mounted is one file system that is mounted (proc(5), mountinfo).
type Mounted struct {
	Number   string // of the device, "8:17"
	At       string
	Source   string // "/dev/sdb1"
	Kind     string // "vfat"
	Writable bool
}

// Mounts lists what is mounted, in the order in which it was, below root.
func Mounts(root string) ([]Mounted, error) {
	data, err := os.ReadFile(filepath.Join("/", root, "proc/self/mountinfo"))
	if err != nil {
		return nil, fmt.Errorf("reading what is mounted: %w", err)
	}
	var all []Mounted
	for line := range strings.Lines(string(data)) {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 2 {
			continue
		}
		all = append(all, Mounted{
			Number: left[2], At: unescape(left[4]), Kind: right[0], Source: unescape(right[1]),
			Writable: slices.Contains(strings.Split(left[5], ","), "rw"),
		})
	}
	return all, nil
}

// unescape undoes the octal escapes of spaces and the like.
func unescape(s string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(s)
}

// Uses says what uses the disk or a partition of it, a phrase each: "mounted at /mnt",
// "/dev/sdb1 swaps", "dm-0 is built on it". With an error nothing is certain.
func (d Disk) Uses() ([]string, error) {
	folders := []string{d.folder}
	entries, err := os.ReadDir(d.folder)
	if err != nil {
		return nil, fmt.Errorf("looking for the partitions of %s: %w", d.Name, err)
	}
	for _, e := range entries {
		if part := filepath.Join(d.folder, e.Name()); sysfs.Attribute(part, "partition") != "" {
			folders = append(folders, part)
		}
	}
	return uses(d.root, folders)
}

// Uses says what uses the place, as Disk.Uses does. What uses only other partitions of
// its disk is left out.
func (l Location) Uses() ([]string, error) {
	folder, disk, ok := l.folders()
	if !ok {
		return nil, ErrGone
	}
	if folder == disk {
		return diskAt(l.root, disk).Uses()
	}
	return uses(l.root, []string{folder})
}

// partOf says whether a node is another one, or by its name a partition of it: sdb1 of
// sdb, and of a disk whose name ends in a digit mmcblk0p1. So sdb10 is no part of sdb1.
func partOf(source, node string) bool {
	const digits = "0123456789"
	rest, ok := strings.CutPrefix(source, node)
	if !ok || rest == "" {
		return ok
	}
	if strings.ContainsRune(digits, rune(node[len(node)-1])) {
		rest, ok = strings.CutPrefix(rest, "p")
	}
	return ok && rest != "" && strings.Trim(rest, digits) == ""
}

func uses(root string, folders []string) ([]string, error) {
	mounts, err := Mounts(root)
	if err != nil {
		return nil, err
	}
	swaps, err := os.ReadFile(filepath.Join("/", root, "proc/swaps"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel may know no swap
		return nil, fmt.Errorf("reading what swaps: %w", err)
	}
	var used []string
	for _, f := range folders {
		number, node := sysfs.Attribute(f, "dev"), "/dev/"+filepath.Base(f)
		for _, m := range mounts {
			// What is mounted under a number of its own is found by its name.
			if at := "mounted at " + m.At; (m.Number == number || partOf(m.Source, node)) && !slices.Contains(used, at) {
				used = append(used, at)
			}
		}
		for line := range strings.Lines(string(swaps)) {
			if words := strings.Fields(line); len(words) > 0 && words[0] == node {
				used = append(used, node+" swaps")
			}
		}
		holders, _ := os.ReadDir(filepath.Join(f, "holders")) // a kernel without it has no holders
		for _, h := range holders {
			used = append(used, h.Name()+" is built on it")
		}
	}
	return used, nil
}
