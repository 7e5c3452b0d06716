package fat

import (
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"
)

// Write makes the volume from the beginning of w on. What stood in its free clusters
// stays there.
func Write(w io.WriterAt, v Volume) error {
	if err := write(w, v); err != nil {
		return fmt.Errorf("making a FAT file system: %w", err)
	}
	return nil
}

func write(w io.WriterAt, v Volume) error {
	g, err := layout(v.Size)
	if err == nil {
		err = checkLabel(v.Label)
	}
	if err == nil && (v.Time.UTC().Year() < 1980 || v.Time.UTC().Year() > 2107) {
		err = fmt.Errorf("FAT has no dates in %d", v.Time.UTC().Year())
	}
	if err != nil {
		return err
	}
	top, err := tree(v.Files)
	if err != nil {
		return err
	}
	m := &maker{w: w, g: g, stamp: stamp(v.Time)}
	m.next = firstCluster
	if g.wide {
		if err := m.place(top, v.Label, 0); err != nil {
			return err
		}
	} else if err := m.placeRoot(top, v.Label); err != nil {
		return err
	}
	// The table and the boot sector come last: before them there is no file system.
	if err := m.tables(); err != nil {
		return err
	}
	return m.boot(v)
}

// node is a folder or a file of the volume to be.
type node struct {
	name  string
	data  []byte
	nodes []*node // not nil: a folder
	first int64   // cluster
}

// tree puts files into their folders, in order of name.
func tree(files []File) (*node, error) {
	top := &node{nodes: []*node{}}
	for _, f := range files {
		at := top
		elements := strings.Split(f.Path, "/")
		if path.Clean(f.Path) != f.Path {
			return nil, fmt.Errorf("%q is not the path of a file", f.Path)
		}
		for i, name := range elements {
			if err := checkName(name); err != nil {
				return nil, err
			}
			last := i == len(elements)-1
			k := slices.IndexFunc(at.nodes, func(n *node) bool { return strings.EqualFold(n.name, name) })
			if k >= 0 && (last || at.nodes[k].nodes == nil) {
				return nil, fmt.Errorf("there are two of %s", f.Path)
			}
			if k < 0 {
				n := &node{name: name, nodes: []*node{}}
				if last {
					n.data, n.nodes = f.Data, nil
				}
				at.nodes = append(at.nodes, n)
				k = len(at.nodes) - 1
			}
			at = at.nodes[k]
		}
	}
	top.sort()
	return top, nil
}

func (n *node) sort() {
	slices.SortFunc(n.nodes, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	for _, c := range n.nodes {
		c.sort()
	}
}

// maker writes a volume's parts.
type maker struct {
	w     io.WriterAt
	g     geometry
	stamp [4]byte    // time and date, as entries have them
	next  int64      // cluster that is free
	runs  [][2]int64 // clusters in use: first and number, each run one chain
}

// stamp is a time and a date, each in two bytes.
func stamp(t time.Time) (b [4]byte) {
	t = t.UTC()
	binary.LittleEndian.PutUint16(b[:], uint16(t.Hour()<<11|t.Minute()<<5|t.Second()/2))
	binary.LittleEndian.PutUint16(b[2:], uint16((t.Year()-1980)<<9|int(t.Month())<<5|t.Day()))
	return b
}

// take reserves clusters for so many bytes, 0 for none.
func (m *maker) take(size int64) (first int64, err error) {
	if size == 0 {
		return 0, nil
	}
	n := (size + m.g.clusterBytes() - 1) / m.g.clusterBytes()
	if m.next+n > firstCluster+m.g.clusters {
		return 0, ErrFull
	}
	first = m.next
	m.next += n
	m.runs = append(m.runs, [2]int64{first, n})
	return first, nil
}

// place writes a folder, whose parent begins at a cluster, and all in it. Its cluster
// is taken first, so that FAT32's root is where it is expected.
func (m *maker) place(folder *node, label string, parent int64) (err error) {
	entries, err := folder.entries(m, label, parent)
	if err != nil {
		return err
	}
	if folder.first, err = m.take(max(int64(len(entries)), entrySize)); err != nil {
		return err
	}
	if err := m.placeAll(folder); err != nil {
		return err
	}
	if entries, err = folder.entries(m, label, parent); err != nil {
		return err
	}
	return m.put(entries, folder.first)
}

// placeRoot writes FAT16's root, which has its own place.
func (m *maker) placeRoot(top *node, label string) error {
	if err := m.placeAll(top); err != nil {
		return err
	}
	entries, err := top.entries(m, label, 0)
	if err != nil {
		return err
	}
	room := m.g.root * sectorSize
	if int64(len(entries)) > room {
		return fmt.Errorf("its top folder: %w", ErrFull)
	}
	_, err = m.w.WriteAt(append(entries, make([]byte, room-int64(len(entries)))...), (m.g.reserved+2*m.g.table)*sectorSize)
	return err
}

func (m *maker) placeAll(folder *node) (err error) {
	for _, n := range folder.nodes {
		if n.nodes != nil {
			parent := folder.first
			if folder.name == "" {
				parent = 0 // the root is called so, wherever it stands
			}
			err = m.place(n, "", parent)
		} else if n.first, err = m.take(int64(len(n.data))); err == nil {
			err = m.put(n.data, n.first)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", n.name, err)
		}
	}
	return nil
}

// put writes data from a cluster on, and zeros up to the end of its last one.
func (m *maker) put(data []byte, first int64) error {
	if first == 0 {
		return nil
	}
	at, size := m.g.offset(first), m.g.clusterBytes()
	rest := size - (int64(len(data))+size-1)%size - 1
	if len(data) == 0 {
		rest = size
	}
	if _, err := m.w.WriteAt(data, at); err != nil {
		return err
	}
	_, err := m.w.WriteAt(make([]byte, rest), at+int64(len(data)))
	return err
}

// entries are a folder's. How many they are is known before it is known where what they
// stand for begins.
func (n *node) entries(m *maker, label string, parent int64) ([]byte, error) {
	var out []byte
	if n.name != "" {
		out = append(out, m.entry(shortOf(".", ""), attributeFolder, n.first, 0)...)
		out = append(out, m.entry(shortOf("..", ""), attributeFolder, parent, 0)...)
	}
	if label != "" {
		var s short
		copy(s[:], label+"           ")
		out = append(out, m.entry(s, attributeVolume, 0, 0)...)
	}
	taken := map[short]bool{}
	for _, c := range n.nodes {
		if s, ok := plainShort(c.name); ok {
			taken[s] = true
		}
	}
	for _, c := range n.nodes {
		s, ok := plainShort(c.name)
		if !ok {
			var err error
			if s, err = shorten(c.name, taken); err != nil {
				return nil, err
			}
			taken[s] = true
			out = append(out, longEntries(c.name, s)...)
		}
		attributes := byte(attributeArchive)
		if c.nodes != nil {
			attributes = attributeFolder
		}
		out = append(out, m.entry(s, attributes, c.first, len(c.data))...)
	}
	return out, nil
}

func (m *maker) entry(s short, attributes byte, first int64, size int) []byte {
	e := make([]byte, entrySize)
	le := binary.LittleEndian
	copy(e, s[:])
	e[11] = attributes
	copy(e[14:], m.stamp[:]) // made
	copy(e[18:], m.stamp[2:])
	copy(e[22:], m.stamp[:]) // written
	le.PutUint16(e[20:], uint16(first>>16))
	le.PutUint16(e[26:], uint16(first))
	le.PutUint32(e[28:], uint32(size))
	return e
}

// tables writes both, a piece at a time.
func (m *maker) tables() error {
	const piece = 1 << 20
	size := m.g.table * sectorSize
	for copied := range int64(2) {
		start := (m.g.reserved + copied*m.g.table) * sectorSize
		for at := int64(0); at < size; at += piece {
			b := make([]byte, min(piece, size-at))
			m.fill(b, at/m.g.tableEntry())
			if _, err := m.w.WriteAt(b, start+at); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill writes the entries of the table from a cluster on.
func (m *maker) fill(b []byte, from int64) {
	width := m.g.tableEntry()
	set := func(cluster int64, value uint32) {
		at := (cluster - from) * width
		switch {
		case at < 0 || at >= int64(len(b)):
		case m.g.wide:
			binary.LittleEndian.PutUint32(b[at:], value)
		default:
			binary.LittleEndian.PutUint16(b[at:], uint16(value))
		}
	}
	set(0, endOfChain&^0xFF|mediaFixed)
	set(1, endOfChain)
	count := int64(len(b)) / width
	for _, run := range m.runs {
		first, last := run[0], run[0]+run[1]-1
		for c := max(first, from); c <= min(last, from+count-1); c++ {
			if c == last {
				set(c, endOfChain)
			} else {
				set(c, uint32(c+1))
			}
		}
	}
}
