package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// Errors of reading.
var (
	ErrNotFAT  = errors.New("this is no FAT16 or FAT32 file system")
	ErrDamaged = errors.New("the file system is damaged: repair it, or make a new one")
)

// FS is a FAT16 or FAT32 file system whose top folder was read.
type FS struct {
	r       io.ReaderAt
	g       geometry
	entries []Entry
	label   string
}

// Entry is a file or a folder.
type Entry struct {
	Name   string
	Folder bool
	Size   int64 // bytes

	first int64
}

// Bounds of what is read: of entries in a folder, with their long names.
const maxEntries = 1 << 16

// Open reads the top folder of the file system at the beginning of r.
func Open(r io.ReaderAt) (*FS, error) {
	fs := &FS{r: r}
	root, err := fs.boot()
	if err != nil {
		return nil, fmt.Errorf("reading a FAT file system: %w", err)
	}
	var folder []byte
	if fs.g.wide {
		folder, err = fs.chain(root, maxEntries*entrySize, -1)
	} else {
		folder = make([]byte, fs.g.root*sectorSize)
		_, err = r.ReadAt(folder, (fs.g.reserved+2*fs.g.table)*sectorSize)
	}
	if err != nil {
		return nil, fmt.Errorf("reading a FAT file system: its top folder: %w", err)
	}
	fs.entries, fs.label = list(folder)
	return fs, nil
}

// boot reads the boot sector and returns the root's first cluster.
func (fs *FS) boot() (root int64, err error) {
	b := make([]byte, sectorSize)
	if _, err := fs.r.ReadAt(b, 0); errors.Is(err, io.EOF) {
		return 0, ErrNotFAT
	} else if err != nil {
		return 0, err
	}
	le := binary.LittleEndian
	g := geometry{
		cluster: int64(b[13]), reserved: int64(le.Uint16(b[14:])), total: int64(le.Uint16(b[19:])), table: int64(le.Uint16(b[22:])),
		root: int64(le.Uint16(b[17:])) * entrySize / sectorSize,
	}
	if g.total == 0 {
		g.total = int64(le.Uint32(b[32:]))
	}
	if g.table == 0 {
		g.wide, g.table, root = true, int64(le.Uint32(b[36:])), int64(le.Uint32(b[44:]))
	}
	if b[510] != 0x55 || b[511] != 0xAA || le.Uint16(b[11:]) != sectorSize || b[16] != 2 || g.reserved == 0 || g.table == 0 ||
		g.cluster == 0 || g.cluster&(g.cluster-1) != 0 || g.wide != (g.root == 0) || g.data() >= g.total {
		return 0, ErrNotFAT
	}
	g.clusters = (g.total - g.data()) / g.cluster
	if (g.clusters+firstCluster)*g.tableEntry() > g.table*sectorSize {
		return 0, fmt.Errorf("%w: its table is too short", ErrDamaged)
	}
	if g.clusters < 4085 || g.wide != (g.clusters >= 65525) {
		return 0, ErrNotFAT // FAT12, or one of the other kinds
	}
	fs.g = g
	return root, nil
}

// chain reads clusters from first on: size bytes of them, or all if it is negative, at
// most limit.
func (fs *FS) chain(first, limit, size int64) ([]byte, error) {
	if size > limit {
		return nil, fmt.Errorf("it has %d bytes, more than %d", size, limit)
	}
	step := fs.g.clusterBytes()
	var data []byte
	for at := first; size < 0 || int64(len(data)) < size; {
		if at < firstCluster || at >= firstCluster+fs.g.clusters {
			return nil, fmt.Errorf("%w: a chain leaves it", ErrDamaged)
		}
		if int64(len(data))+step > limit+step {
			return nil, fmt.Errorf("%w: a chain of more than %d bytes", ErrDamaged, limit)
		}
		data = append(data, make([]byte, step)...)
		if _, err := fs.r.ReadAt(data[int64(len(data))-step:], fs.g.offset(at)); err != nil {
			return nil, err
		}
		next, err := fs.next(at)
		if err != nil {
			return nil, err
		}
		if next == 0 {
			break
		}
		at = next
	}
	if size > int64(len(data)) {
		return nil, fmt.Errorf("%w: a chain ends early", ErrDamaged)
	}
	if size >= 0 {
		data = data[:size]
	}
	return data, nil
}

// next is the cluster after another, 0 after the last.
func (fs *FS) next(cluster int64) (int64, error) {
	b := make([]byte, fs.g.tableEntry())
	if _, err := fs.r.ReadAt(b, fs.g.reserved*sectorSize+cluster*fs.g.tableEntry()); err != nil {
		return 0, err
	}
	if !fs.g.wide {
		if n := binary.LittleEndian.Uint16(b); n < 0xFFF8 {
			return int64(n), nil
		}
		return 0, nil
	}
	if n := binary.LittleEndian.Uint32(b) & endOfChain; n < 0x0FFFFFF8 {
		return int64(n), nil
	}
	return 0, nil
}

// list returns the entries of a folder, and the label if it is the top one. A long name
// that does not belong to the short one after it is left out; so is what leads back to
// the folder itself and the one above.
func list(folder []byte) (entries []Entry, label string) {
	var long longName
	for ; len(folder) >= entrySize && folder[0] != 0; folder = folder[entrySize:] {
		e := folder[:entrySize]
		switch attributes := e[11]; {
		case e[0] == 0xE5 || e[0] == '.':
			long = longName{}
		case attributes&0x3F == attributeLong:
			long.add(e)
		case attributes&attributeVolume != 0:
			label = strings.TrimRight(string(e[:11]), " ")
			long = longName{}
		default:
			name := long.of(short(e[:11]))
			long = longName{}
			le := binary.LittleEndian
			entries = append(entries, Entry{
				Name: name, Folder: attributes&attributeFolder != 0, Size: int64(le.Uint32(e[28:])),
				first: int64(le.Uint16(e[20:]))<<16 | int64(le.Uint16(e[26:])),
			})
		}
	}
	return entries, label
}

// longName is a long name as its entries come, the last part first.
type longName struct {
	units []uint16
	next  byte // the number of the part that comes next
	sum   byte
}

func (l *longName) add(e []byte) {
	n := e[0] &^ lastLong
	if e[0]&lastLong != 0 {
		*l = longName{next: n, sum: e[13]}
	}
	if n == 0 || n > (maxName+perLong-1)/perLong || n != l.next || e[13] != l.sum {
		*l = longName{}
		return
	}
	part := make([]uint16, perLong, perLong+len(l.units))
	for i, at := range longPlaces {
		part[i] = binary.LittleEndian.Uint16(e[at:])
	}
	l.units = append(part, l.units...)
	l.next--
}

// of is the name of the short entry that follows.
func (l *longName) of(s short) string {
	if len(l.units) > 0 && l.next == 0 && l.sum == s.checksum() {
		for i, u := range l.units {
			if u == 0 {
				l.units = l.units[:i]
				break
			}
		}
		return string(utf16.Decode(l.units))
	}
	base, extension := strings.TrimRight(string(s[:8]), " "), strings.TrimRight(string(s[8:]), " ")
	if extension != "" {
		base += "." + extension
	}
	return strings.ToValidUTF8(base, "?")
}

// Label is the volume's.
func (fs *FS) Label() string { return fs.label }

// Entries are what stands at the top, in its order.
func (fs *FS) Entries() []Entry { return fs.entries }

// ReadFolder returns what stands in a folder, in its order.
func (fs *FS) ReadFolder(e Entry) ([]Entry, error) {
	if !e.Folder {
		return nil, fmt.Errorf("reading %s: it is a file", e.Name)
	}
	folder, err := fs.chain(e.first, maxEntries*entrySize, -1)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", e.Name, err)
	}
	entries, _ := list(folder)
	return entries, nil
}

// ReadFile reads a file, of at most limit bytes.
func (fs *FS) ReadFile(e Entry, limit int64) ([]byte, error) {
	if e.Folder {
		return nil, fmt.Errorf("reading %s: it is a folder", e.Name)
	}
	if e.Size == 0 {
		return nil, nil
	}
	data, err := fs.chain(e.first, limit, e.Size)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", e.Name, err)
	}
	return data, nil
}
