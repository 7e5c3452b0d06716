package archive

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"

	"anodize/core/disc"
)

// The longest files that are read into memory, in bytes; all others are only
// hashed.
const (
	maxProfile  = 64 << 10
	maxArtifact = 8 << 20
)

// The files with a meaning of their own.
const (
	logFile     = "AUDIT.LOG"
	stateFile   = "STATE.JSON"
	profileFile = "PROFILE.TOML"
	rootFile    = "ROOT.CRT"
)

// holding is what a session's directories hold, hashed.
type holding struct {
	session Session
	files   []map[string]content // by directory
	err     error                // what could not be read
}

// content is a file by its length and SHA-256.
type content struct {
	size int64
	sum  [32]byte
}

// hold hashes every file of a session, each read once.
func hold(s Session) *holding {
	h := &holding{session: s}
	buffer := make([]byte, 1<<18)
	for _, d := range s.Directories {
		files := make(map[string]content, len(d.Files))
		for _, f := range d.Files {
			if _, twice := files[f.Name]; twice {
				h.err = errors.Join(h.err, fmt.Errorf("%s has two files %s", d.Name, f.Name))
			}
			sum, err := hashFile(f, buffer)
			if err != nil {
				h.err = errors.Join(h.err, fmt.Errorf("read %s/%s: %w", d.Name, f.Name, err))
			}
			files[f.Name] = content{f.Size, sum}
		}
		h.files = append(h.files, files)
	}
	return h
}

func hashFile(f disc.File, buffer []byte) (sum [32]byte, err error) {
	digest := sha256.New()
	for at := int64(0); at < f.Size; {
		part := buffer[:min(int64(len(buffer)), f.Size-at)]
		if err := readAt(f, part, at); err != nil {
			return sum, err
		}
		digest.Write(part)
		at += int64(len(part))
	}
	digest.Sum(sum[:0])
	return sum, nil
}

// readAt fills p with the file's content from at on.
func readAt(f disc.File, p []byte, at int64) error {
	if len(p) == 0 {
		return nil
	}
	if f.Content == nil {
		return errors.New("it has no content")
	}
	n, err := f.Content.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// readFile reads a whole file of at most limit bytes.
func readFile(d disc.Directory, name string, limit int64) ([]byte, error) {
	i := slices.IndexFunc(d.Files, func(f disc.File) bool { return f.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%s holds no %s", d.Name, name)
	}
	f := d.Files[i]
	if f.Size < 0 || f.Size > limit {
		return nil, fmt.Errorf("%s/%s has %d bytes, more than the %d allowed", d.Name, name, f.Size, limit)
	}
	b := make([]byte, f.Size)
	if err := readAt(f, b, 0); err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", d.Name, name, err)
	}
	return b, nil
}

// label names a session in a finding, counted from 1.
func label(i int, s Session) string {
	if s.Recorded == nil {
		return fmt.Sprintf("copy %d", i+1)
	}
	return fmt.Sprintf("session %d at sector %d", i+1, s.Recorded.Address)
}
