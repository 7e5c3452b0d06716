package archive

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	"anodize/core/audit"
	"anodize/core/disc"
)

// FromDisc takes the sessions that package disc found.
func FromDisc(recorded []*disc.Session) []Session {
	sessions := make([]Session, len(recorded))
	for i, s := range recorded {
		sessions[i] = Session{Directories: s.Directories, Recorded: s}
	}
	return sessions
}

// FromImage finds the sessions of a disc image: size bytes, from the disc's
// sector 0 on. What else it finds is damage for Verify.
func FromImage(r io.ReaderAt, size int64) (sessions []Session, damage []error) {
	recorded, damage := disc.Find(r, size)
	return FromDisc(recorded), damage
}

// Bounds of a copied tree.
const (
	maxCopies      = 1024
	maxDirectories = 8192
	maxFiles       = 1024
)

// FromDirectory takes directories copied from a disc: either the root of one
// session, with a directory for each step, or the parent of several such roots,
// which are ordered by how many steps they hold. Whatever else lies there is
// damage for Verify.
func FromDirectory(root fs.FS) (sessions []Session, damage []error, err error) {
	names, steps, err := list(root, ".")
	if err != nil {
		return nil, nil, err
	}
	if steps > 0 {
		s, damage, err := copied(root, ".", names)
		return []Session{s}, damage, err
	}
	if len(names) > maxCopies {
		return nil, nil, fmt.Errorf("%d entries are more than the %d allowed", len(names), maxCopies)
	}
	for _, name := range names {
		inside, steps, err := list(root, name)
		if err != nil || steps == 0 {
			damage = append(damage, fmt.Errorf("%q is not a copy of a session", name))
			continue
		}
		s, more, err := copied(root, name, inside)
		if err != nil {
			return nil, nil, err
		}
		damage = append(damage, more...)
		sessions = append(sessions, s)
	}
	if len(sessions) == 0 {
		return nil, nil, errors.New("no directory there is a session's, such as 20260425T143000Z-intent")
	}
	slices.SortStableFunc(sessions, func(a, b Session) int { return len(a.Directories) - len(b.Directories) })
	return sessions, damage, nil
}

// list names the entries of a directory, and counts those that are a step's.
func list(root fs.FS, dir string) (names []string, steps int, err error) {
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return nil, 0, err
	}
	for _, e := range entries {
		names = append(names, e.Name())
		if _, _, err := audit.ParseDirectory(e.Name()); err == nil {
			steps++
		}
	}
	return names, steps, nil
}

// copied takes one session's root. Names begin with their times, so that their
// order is that of the steps.
func copied(root fs.FS, dir string, names []string) (s Session, damage []error, err error) {
	slices.Sort(names)
	for _, name := range names {
		if _, _, err := audit.ParseDirectory(name); err != nil {
			damage = append(damage, fmt.Errorf("%q belongs to no session", path.Join(dir, name)))
			continue
		}
		if len(s.Directories) == maxDirectories {
			return s, nil, fmt.Errorf("%s holds more than %d directories", dir, maxDirectories)
		}
		files, more, err := copiedFiles(root, path.Join(dir, name))
		if err != nil {
			return s, nil, err
		}
		damage = append(damage, more...)
		s.Directories = append(s.Directories, disc.Directory{Name: name, Files: files})
	}
	return s, damage, nil
}

func copiedFiles(root fs.FS, dir string) (files []disc.File, damage []error, err error) {
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return nil, nil, err
	}
	if len(entries) > maxFiles {
		return nil, nil, fmt.Errorf("%s holds more than %d files", dir, maxFiles)
	}
	for _, e := range entries {
		name := path.Join(dir, e.Name())
		info, err := e.Info()
		if err != nil {
			return nil, nil, err
		}
		if !info.Mode().IsRegular() {
			damage = append(damage, fmt.Errorf("%q is not a regular file", name))
			continue
		}
		content := &fileReader{root, name}
		files = append(files, disc.File{Name: e.Name(), Size: info.Size(), Content: content})
	}
	return files, damage, nil
}

// fileReader opens its file for every read, so that an archive of many files
// needs no more than one descriptor.
type fileReader struct {
	root fs.FS
	name string
}

func (r *fileReader) ReadAt(p []byte, off int64) (n int, err error) {
	f, err := r.root.Open(r.name)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	at, ok := f.(io.ReaderAt)
	if !ok {
		return 0, fmt.Errorf("%s cannot be read from its middle", r.name)
	}
	return at.ReadAt(p, off)
}
