package disc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// A Session is one recorded session, as ReadSession found it. The files'
// contents are read through the reader that ReadSession was given.
type Session struct {
	Volume
	Address     uint32 // first sector
	Blocks      uint32 // length in sectors, padding included
	Directories []Directory

	r io.ReaderAt
}

// ErrNoSession is returned where no volume descriptor of an archive stands.
var ErrNoSession = errors.New("no session of an archive begins here")

// ReadSession reads the session that begins at sector start of r, of which size
// bytes are readable. There is one valid encoding of a session: ReadSession
// takes the few facts that make it up from the descriptors, lays the session
// out anew and refuses it unless system area, descriptors, path tables and
// directories are equal to the last byte. It does not read contents and
// padding; Verify does.
//
// What it reads is bounded by 32 MiB and, however damaged the medium, by the
// distance to the next volume descriptor.
func ReadSession(r io.ReaderAt, size int64, start uint32) (*Session, error) {
	s, err := readSession(r, size, start)
	if err != nil {
		return nil, fmt.Errorf("reading the session at sector %d: %w", start, err)
	}
	return s, nil
}

func readSession(r io.ReaderAt, size int64, start uint32) (*Session, error) {
	c := &cursor{r: r, start: int64(start), end: size / sectorSize}
	if c.end-c.start < tableSector {
		return nil, ErrNoSession
	}
	head, err := c.take(tableSector)
	if err != nil {
		return nil, err
	}
	h, err := parseHead(head[volumeSector*sectorSize:])
	if err != nil {
		return nil, err
	}
	if int64(start)+int64(h.blocks) > c.end {
		return nil, fmt.Errorf("%d sectors are more than the %d that are readable from there", h.blocks, c.end-int64(start))
	}
	if _, err := c.take(2*sectors(int64(h.tableSize)) + 1); err != nil {
		return nil, err
	}
	if c.position() != int64(h.root) {
		return nil, fmt.Errorf("root directory at sector %d, not %d", h.root, c.position())
	}
	dirs, err := c.readDirectories(h.rootSize)
	if err != nil {
		return nil, err
	}
	m, err := NewImage(h.Volume, start, dirs)
	if err != nil {
		return nil, err
	}
	if err := compareFixed(m, c.read, start, dirs); err != nil {
		return nil, err
	}
	return &Session{Volume: h.Volume, Address: start, Blocks: m.Blocks(), Directories: dirs, r: r}, nil
}

// compareFixed compares what was read with the beginning of an image made from
// it.
func compareFixed(m *Image, read []byte, start uint32, dirs []Directory) error {
	n := min(len(read), len(m.fixed))
	for i := 0; i < n; i += sectorSize {
		if bytes.Equal(read[i:i+sectorSize], m.fixed[i:i+sectorSize]) {
			continue
		}
		return mismatch(m.fixed[i:], read[i:], start, int64(i), regionOf(start, dirs, uint32(i/sectorSize)))
	}
	if len(read) != len(m.fixed) {
		return fmt.Errorf("descriptors and directories take %d sectors, not %d", len(read)/sectorSize, len(m.fixed)/sectorSize)
	}
	return nil
}

// mismatch describes the first byte in which got differs from want, which stand
// at byte offset off of a session that begins at sector start.
func mismatch(want, got []byte, start uint32, off int64, region string) error {
	i := 0
	for i < len(want) && i < len(got) && want[i] == got[i] {
		i++
	}
	at := off + int64(i)
	return &MismatchError{Sector: start + uint32(at/sectorSize), Offset: int(at % sectorSize), Region: region}
}

// MismatchError says where a session differs from what belongs there.
type MismatchError struct {
	Sector uint32 // on the disc
	Offset int    // in the sector, from 0 to 2047
	Region string // name of the structure, "" if not known
}

func (e *MismatchError) Error() string {
	if e.Region == "" {
		return fmt.Sprintf("sector %d, byte %d: not what belongs there", e.Sector, e.Offset)
	}
	return fmt.Sprintf("sector %d, byte %d, %s: not what belongs there", e.Sector, e.Offset, e.Region)
}

// regionOf names what stands in a sector of a session, counted from its start.
func regionOf(start uint32, dirs []Directory, sector uint32) string {
	steps, err := checkDirectories(dirs)
	if err != nil {
		return ""
	}
	l, err := newLayout(start, steps)
	if err != nil {
		return ""
	}
	return l.region(sector)
}

// Verify reads the whole session and compares every byte that is not a file's
// content with what belongs there. Contents are proved readable, no more: the
// audit log says what they must be.
func (s *Session) Verify() error {
	m, err := NewImage(s.Volume, s.Address, s.Directories)
	if err != nil {
		return fmt.Errorf("verifying the session at sector %d: %w", s.Address, err)
	}
	got, want := make([]byte, chunk), make([]byte, chunk)
	for off := int64(0); off < m.Size(); off += chunk {
		n := min(chunk, m.Size()-off)
		got, want := got[:n], want[:n]
		if err := readFull(s.r, got, int64(s.Address)*sectorSize+off); err != nil {
			return fmt.Errorf("verifying the session at sector %d: %w", s.Address, err)
		}
		err := m.fill(want, off, func(_ File, part []byte, _ int64, pos int) error {
			copy(part, got[pos:])
			return nil
		})
		if err != nil {
			return fmt.Errorf("verifying the session at sector %d: %w", s.Address, err)
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("verifying the session: %w", s.mismatch(want, got, off))
		}
	}
	return nil
}

func (s *Session) mismatch(want, got []byte, off int64) error {
	i := 0
	for want[i] == got[i] {
		i++
	}
	return mismatch(want, got, s.Address, off, regionOf(s.Address, s.Directories, uint32((off+int64(i))/sectorSize)))
}

// head is what the primary volume descriptor says.
type head struct {
	Volume
	blocks, tableSize, root, rootSize uint32
}

// parseHead reads the primary volume descriptor and looks at the terminator
// behind it. It looks only at what nothing else tells.
func parseHead(b []byte) (head, error) {
	if !isVolume(b) {
		return head{}, ErrNoSession
	}
	var h head
	var ok [4]bool
	h.blocks, ok[0] = both32(b[pvdSpaceSize:])
	h.tableSize, ok[1] = both32(b[pvdTableSize:])
	h.root, ok[2] = both32(b[pvdRoot+recSector:])
	h.rootSize, ok[3] = both32(b[pvdRoot+recSize:])
	if ok != [4]bool{true, true, true, true} {
		return head{}, errors.New("primary volume descriptor: the two halves of a both-endian number differ")
	}
	if h.tableSize > maxFixed*sectorSize/2 || h.rootSize%sectorSize != 0 || h.rootSize == 0 {
		return head{}, fmt.Errorf("primary volume descriptor: path table of %d bytes, root directory of %d", h.tableSize, h.rootSize)
	}
	v, err := parseVolume(b)
	if err != nil {
		return head{}, fmt.Errorf("primary volume descriptor: %w", err)
	}
	h.Volume = v
	return h, nil
}

// parseVolume reads mode and archive id from the volume set identifier, the
// number from the volume identifier and the time from the date of creation.
func parseVolume(b []byte) (Volume, error) {
	set := text(b[pvdVolumeSetID:pvdPublisher])
	rest, ok := strings.CutPrefix(set, "ANODIZE_")
	mode, id, ok2 := strings.Cut(rest, "_")
	if !ok || !ok2 {
		return Volume{}, fmt.Errorf("volume set identifier %q is not an archive's: %w", set, ErrNoSession)
	}
	v := Volume{Mode: strings.ToLower(mode)}
	archive, err := hex.DecodeString(id)
	if err != nil || len(archive) != len(v.Archive) {
		return Volume{}, fmt.Errorf("volume set identifier %q does not end with 64 hex digits", set)
	}
	copy(v.Archive[:], archive)

	name := text(b[pvdVolumeID : pvdVolumeID+32])
	digits := name[strings.LastIndexByte(name, '_')+1:]
	if v.Number, err = strconv.Atoi(digits); err != nil {
		return Volume{}, fmt.Errorf("volume identifier %q does not end with a session number", name)
	}
	date := string(b[pvdDates : pvdDates+14])
	if v.Time, err = time.Parse("20060102150405", date); err != nil {
		return Volume{}, fmt.Errorf("date of creation %q is not a time", date)
	}
	return v, v.check()
}

// text returns a field of a descriptor without the spaces that fill it up.
func text(b []byte) string { return strings.TrimRight(string(b), " ") }

// isVolume tells whether a sector begins as a primary volume descriptor does.
func isVolume(b []byte) bool {
	return b[0] == primaryDescriptor && string(b[1:6]) == standardID && b[6] == 1
}

// cursor reads a session's beginning, sector after sector, and keeps it. No
// sector of a valid session but one begins as a volume descriptor does, so the
// cursor stops at a second one: a medium full of false descriptors is read once,
// not once for each.
type cursor struct {
	r          io.ReaderAt
	start, end int64 // sectors
	read       []byte
}

// position returns the sector that is read next.
func (c *cursor) position() int64 { return c.start + int64(len(c.read))/sectorSize }

// take reads n more sectors and returns them.
func (c *cursor) take(n int64) ([]byte, error) {
	from := len(c.read)
	if n > c.end-c.position() || int64(from)/sectorSize+n > maxFixed {
		return nil, fmt.Errorf("structures of %d sectors from sector %d on reach beyond what is readable", n, c.position())
	}
	for left := n; left > 0; {
		step := min(left, cluster)
		c.read = append(c.read, make([]byte, step*sectorSize)...)
		b := c.read[len(c.read)-int(step*sectorSize):]
		if err := readFull(c.r, b, (c.position()-step)*sectorSize); err != nil {
			return nil, err
		}
		for i := 0; i < len(b); i += sectorSize {
			if at := c.position() - step + int64(i/sectorSize); isVolume(b[i:]) && at != c.start+volumeSector {
				return nil, fmt.Errorf("another volume descriptor at sector %d", at)
			}
		}
		left -= step
	}
	return c.read[from:], nil
}

// readDirectories reads the root, which lies at the cursor, and the directories
// behind it.
func (c *cursor) readDirectories(rootSize uint32) ([]Directory, error) {
	b, err := c.take(sectors(int64(rootSize)))
	if err != nil {
		return nil, fmt.Errorf("root directory: %w", err)
	}
	root, err := parseRecords(b)
	if err != nil {
		return nil, fmt.Errorf("root directory: %w", err)
	}
	if len(root) > maxDirectories {
		return nil, fmt.Errorf("root directory: %d directories are more than %d", len(root), maxDirectories)
	}
	dirs := make([]Directory, 0, len(root))
	for _, r := range root {
		// Directories that lie one after another cannot loop or overlap.
		if int64(r.sector) != c.position() || !r.directory || r.size == 0 || r.size%sectorSize != 0 {
			return nil, fmt.Errorf("root directory: %q, at sector %d with %d bytes, is not the directory that belongs at %d", r.ident, r.sector, r.size, c.position())
		}
		files, err := c.readFiles(r)
		if err != nil {
			return nil, fmt.Errorf("directory %q: %w", r.ident, err)
		}
		dirs = append(dirs, Directory{Name: directoryName(r.ident), Files: files})
	}
	return dirs, nil
}

func (c *cursor) readFiles(dir record) ([]File, error) {
	b, err := c.take(int64(dir.size) / sectorSize)
	if err != nil {
		return nil, err
	}
	records, err := parseRecords(b)
	if err != nil {
		return nil, err
	}
	files := make([]File, 0, len(records))
	for _, r := range records {
		name, ok := strings.CutSuffix(r.ident, version)
		if r.directory || !ok {
			return nil, fmt.Errorf("%q is not a file's identifier", r.ident)
		}
		content := io.NewSectionReader(c.r, int64(r.sector)*sectorSize, int64(r.size))
		files = append(files, File{Name: name, Size: int64(r.size), Content: content})
	}
	return files, nil
}

// parseRecords reads the records of a directory but for its own and its
// parent's, which stand first. It takes no more from them than what the layout
// is made from.
func parseRecords(b []byte) ([]record, error) {
	var records []record
	for ; len(b) >= sectorSize; b = b[sectorSize:] {
		sector := b[:sectorSize]
		for len(sector) > 0 && sector[0] != 0 {
			r, n, err := parseRecord(sector)
			if err != nil {
				return nil, err
			}
			records = append(records, r)
			sector = sector[n:]
		}
	}
	if len(records) < 2 || records[0].ident != identSelf || records[1].ident != identParent {
		return nil, errors.New("does not begin with its own record and its parent's")
	}
	return records[2:], nil
}

func parseRecord(b []byte) (record, int, error) {
	n := int(b[0])
	if n > len(b) || n < rootRecordLen || recIdent+int(b[recIdentLen]) > n {
		return record{}, 0, fmt.Errorf("a record of %d bytes does not hold together", n)
	}
	r := record{
		ident:     string(b[recIdent : recIdent+int(b[recIdentLen])]),
		sector:    binary.LittleEndian.Uint32(b[recSector:]),
		size:      binary.LittleEndian.Uint32(b[recSize:]),
		directory: b[recFlags]&flagDirectory != 0,
	}
	return r, n, nil
}

// readFull fills b from r at off.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("sector %d: %w", (off+int64(n))/sectorSize, err)
}
