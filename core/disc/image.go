package disc

import (
	"errors"
	"fmt"
	"io"
	"sort"
)

// sectorSize is the size in bytes of a sector, of a logical block and of
// everything's alignment (ECMA-119 sections 6.1.2 and 6.2.2).
const sectorSize = 2048

const (
	systemSectors = 16  // the system area (ECMA-119 section 6.2.1)
	padding       = 300 // read-ahead of a drive or kernel must not reach the end of a track
	cluster       = 32  // sectors; an image is a whole number of them (BD-R; also two of DVD's)
)

// An Image is one session, made as it is read: it holds the descriptors and
// asks the files' own readers for their contents. It is safe for concurrent
// use if they are.
type Image struct {
	start   uint32
	blocks  uint32
	fixed   []byte   // the image's beginning: everything but contents and padding
	extents []extent // contents in ascending order
}

// extent is a file and where its content lies.
type extent struct {
	File
	sector uint32 // counted from the image's start
}

func (e extent) offset() int64 { return int64(e.sector) * sectorSize }

// NewImage lays out the session that v and dirs describe, to be recorded from
// sector start on. dirs are in ascending order of their times; every time is
// there once. The same arguments always give the same bytes.
func NewImage(v Volume, start uint32, dirs []Directory) (*Image, error) {
	if err := v.check(); err != nil {
		return nil, fmt.Errorf("laying out a session: %w", err)
	}
	steps, err := checkDirectories(dirs)
	if err != nil {
		return nil, fmt.Errorf("laying out a session: %w", err)
	}
	l, err := newLayout(start, steps)
	if err != nil {
		return nil, fmt.Errorf("laying out a session: %w", err)
	}
	return &Image{
		start:   start,
		blocks:  l.blocks,
		fixed:   l.encode(v),
		extents: l.extents,
	}, nil
}

// Blocks returns the image's length in sectors of 2048 bytes, padding included.
func (m *Image) Blocks() uint32 { return m.blocks }

// Size returns the image's length in bytes.
func (m *Image) Size() int64 { return int64(m.blocks) * sectorSize }

// ReadAt implements io.ReaderAt. Offset zero is the first byte of sector start.
func (m *Image) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errors.New("reading a session's image: negative offset")
	}
	if off >= m.Size() {
		return 0, io.EOF
	}
	short := int64(len(p)) > m.Size()-off
	if short {
		p = p[:m.Size()-off]
	}
	if err := m.fill(p, off, readContent); err != nil {
		return 0, fmt.Errorf("reading a session's image: %w", err)
	}
	if short {
		return len(p), io.EOF
	}
	return len(p), nil
}

// fill makes p what stands at off in the image. It calls content for every
// part of p, from pos on, that is the file's content from at on.
func (m *Image) fill(p []byte, off int64, content func(f File, part []byte, at int64, pos int) error) error {
	n := 0
	if off < int64(len(m.fixed)) {
		n = copy(p, m.fixed[off:])
	}
	clear(p[n:])
	end := off + int64(len(p))
	first := sort.Search(len(m.extents), func(i int) bool {
		return m.extents[i].offset()+m.extents[i].Size > off
	})
	for _, e := range m.extents[first:] {
		if e.offset() >= end {
			break
		}
		from := max(e.offset(), off)
		to := min(e.offset()+e.Size, end)
		pos := int(from - off)
		if err := content(e.File, p[pos:int(to-off)], from-e.offset(), pos); err != nil {
			return err
		}
	}
	return nil
}

func readContent(f File, part []byte, at int64, _ int) error {
	n, err := f.Content.ReadAt(part, at)
	if n == len(part) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%s at byte %d: %w", f.Name, at, err)
}

// sectors returns how many sectors n bytes take.
func sectors(n int64) int64 { return (n + sectorSize - 1) / sectorSize }
