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

// maxListed bounds the files of all sessions together that a machine of 512 MiB can
// list. Two hundred ceremonies make a third of them.
const maxListed = 1 << 20

// FromTracks reads the sessions of a disc by its own table. A track that is not a
// session is damage that begins where the track does. A disc that was made to fill a
// machine's memory is not read to its end, which is damage too.
func FromTracks(tracks []disc.Track, read func(disc.Track) (*disc.Session, error)) (sessions []Session, damage []error) {
	listed := 0
	for _, t := range tracks {
		s, err := read(t)
		if err != nil {
			damage = append(damage, &TornError{t.Start, err})
			continue
		}
		for _, d := range s.Directories {
			listed += len(d.Files)
		}
		if listed > maxListed {
			return sessions, append(damage, fmt.Errorf("the sessions up to sector %d hold more than %d files", t.Start, maxListed))
		}
		sessions = append(sessions, Session{Directories: s.Directories, Recorded: s})
	}
	return sessions, damage
}

// FromImage finds the sessions of a disc image: size bytes, from the disc's
// sector 0 on. What else it finds is damage for Verify.
//
// A burn that broke off leaves descriptors that promise more than was written,
// and reach into the next session. They are taken for damage, so that they hide
// no other session.
func FromImage(r io.ReaderAt, size int64) (sessions []Session, damage []error) {
	view := &mask{r: r, size: size}
	for round := 1; ; round++ {
		recorded, damage := disc.Find(view, size)
		sessions := FromDisc(recorded)
		before := len(view.torn)
		for i := range sessions {
			if s := &sessions[i]; s.verify() != nil && view.hasVolume(s.Recorded.Address+volumeSector+1, s.Recorded.Address+s.Recorded.Blocks-1) {
				view.hide(s.Recorded.Address+volumeSector, s.fault)
			}
		}
		for _, err := range damage {
			var stray *disc.StrayError
			if errors.As(err, &stray) {
				view.hideVolumes(stray.First, stray.Last)
			}
		}
		if len(view.torn) == before || round == maxRounds {
			return sessions, append(damage, view.damage()...)
		}
	}
}

// TornError says that a session begins at Address and is not whole.
type TornError struct {
	Address uint32
	Err     error
}

func (e *TornError) Error() string {
	return fmt.Sprintf("the session at sector %d is not whole: %v", e.Address, e.Err)
}

func (e *TornError) Unwrap() error { return e.Err }

const (
	sectorSize   = 2048
	volumeSector = 16 // where a session's volume descriptor stands (ECMA-119 section 6.7.1)
	maxTorn      = 64 // torn sessions on one disc that are told apart from other damage
	maxRounds    = 16 // readings of a disc whose torn sessions hide one another
)

// volumeMark is what a primary volume descriptor begins with (ECMA-119 section 8.4).
const volumeMark = "\x01CD001\x01"

// mask shows an image without the volume descriptors of its torn sessions.
type mask struct {
	r    io.ReaderAt
	size int64
	torn []*TornError
}

func (m *mask) ReadAt(p []byte, off int64) (int, error) {
	n, err := m.r.ReadAt(p, off)
	for _, t := range m.torn {
		sector := int64(t.Address) + volumeSector
		from := max(sector*sectorSize-off, 0)
		to := min((sector+1)*sectorSize-off, int64(n))
		if from < to {
			clear(p[from:to])
		}
	}
	return n, err
}

// isVolume reports whether a volume descriptor that is not hidden stands there.
func (m *mask) isVolume(sector uint32) bool {
	var mark [len(volumeMark)]byte
	n, _ := m.ReadAt(mark[:], int64(sector)*sectorSize)
	return n == len(mark) && string(mark[:]) == volumeMark
}

func (m *mask) hasVolume(first, last uint32) bool {
	for sector := int64(first); sector <= int64(last); sector++ {
		if m.isVolume(uint32(sector)) {
			return true
		}
	}
	return false
}

// hideVolumes hides what looks like volume descriptors among stray sectors.
func (m *mask) hideVolumes(first, last uint32) {
	for sector := int64(max(first, volumeSector)); sector <= int64(last) && len(m.torn) < maxTorn; sector++ {
		if !m.isVolume(uint32(sector)) {
			continue
		}
		if _, err := disc.ReadSession(m, m.size, uint32(sector)-volumeSector); err != nil {
			m.hide(uint32(sector), err)
		}
	}
}

func (m *mask) hide(sector uint32, why error) {
	if len(m.torn) < maxTorn {
		m.torn = append(m.torn, &TornError{sector - volumeSector, why})
	}
}

func (m *mask) damage() []error {
	errs := make([]error, len(m.torn))
	for i, t := range m.torn {
		errs[i] = t
	}
	return errs
}

// Bounds of a copied tree.
const (
	maxCopies      = 1024
	maxDirectories = 8192
	maxFiles       = 1024
	maxCopied      = 1<<32 - 2048 // bytes of a file: what a disc can hold, while a copy may be of nothing but holes
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
		if info.Size() > maxCopied {
			damage = append(damage, fmt.Errorf("%q has %d bytes, more than a file of an archive can have", name, info.Size()))
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
