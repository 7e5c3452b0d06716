package fat

import (
	"encoding/binary"
)

// writer lays a tree out in an image.
type writer struct {
	volume       Volume
	image        []byte
	table        []uint16
	perCluster   int // sectors
	clusters     int
	tableSectors int
	next         int // the first cluster that is free
}

func (w *writer) firstData() int { return 1 + tables*w.tableSectors + rootSectors }

func (w *writer) bootSector() {
	b, sectors := w.image, len(w.image)/sectorSize
	copy(b, "\xeb\x3c\x90ANODIZE ") // a jump over the parameters, which nothing follows
	put16(b, 11, sectorSize)
	b[13] = byte(w.perCluster)
	put16(b, 14, 1) // this sector
	b[16] = tables
	put16(b, 17, rootEntries)
	if sectors < 1<<16 {
		put16(b, 19, sectors)
	} else {
		put32(b, 32, uint32(sectors))
	}
	b[21] = fixedDisk
	put16(b, 22, w.tableSectors)
	put16(b, 24, 63)  // sectors a track
	put16(b, 26, 255) // heads
	put32(b, 28, w.volume.Hidden)
	b[36], b[38] = 0x80, 0x29 // a hard disk; serial number, label and type follow
	put32(b, 39, w.volume.Serial)
	label, _ := shortName(w.volume.Label) // Write has looked at it
	copy(b[43:], label[:])
	copy(b[54:], "FAT16   ")
	b[510], b[511] = 0x55, 0xaa
}

// root writes the label and the tree's topmost entries into the root.
func (w *writer) root(f *folder) {
	at := w.image[sectorSize*(1+tables*w.tableSectors):]
	label, _ := shortName(w.volume.Label)
	w.entry(at, label, attributeLabel, 0, 0)
	w.entries(at[entrySize:], f, 0)
}

// folder writes a folder and what is below it, and returns its first cluster.
func (w *writer) folder(f *folder, parent int) int {
	own, at := w.allocate((len(f.names) + 2) * entrySize)
	w.entry(at, [11]byte([]byte(".          ")), attributeFolder, own, 0)
	w.entry(at[entrySize:], [11]byte([]byte("..         ")), attributeFolder, parent, 0)
	w.entries(at[2*entrySize:], f, own)
	return own
}

func (w *writer) entries(at []byte, f *folder, own int) {
	for i, name := range f.names {
		short, _ := shortName(name) // plant has looked at it
		if below, ok := f.folders[name]; ok {
			w.entry(at[i*entrySize:], short, attributeFolder, w.folder(below, own), 0)
			continue
		}
		data := f.files[name]
		first, to := w.allocate(len(data))
		copy(to, data)
		w.entry(at[i*entrySize:], short, attributeFile, first, len(data))
	}
}

// allocate takes clusters for size bytes, in one piece, and returns the number of
// the first, 0 for none, and the bytes.
func (w *writer) allocate(size int) (first int, data []byte) {
	n := ceil(size, w.perCluster*sectorSize)
	if n == 0 {
		return 0, nil
	}
	first = w.next
	w.next += n
	for c := first; c < w.next-1; c++ {
		w.table[c] = uint16(c + 1)
	}
	w.table[w.next-1] = endOfChain
	from := sectorSize * (w.firstData() + (first-2)*w.perCluster)
	return first, w.image[from : from+n*w.perCluster*sectorSize]
}

func (w *writer) entry(b []byte, name [11]byte, attributes byte, first, size int) {
	t := w.volume.Time.UTC()
	clock := t.Hour()<<11 | t.Minute()<<5 | t.Second()/2
	date := (t.Year()-1980)<<9 | int(t.Month())<<5 | t.Day()
	copy(b, name[:])
	b[11] = attributes
	put16(b, 14, clock) // made
	put16(b, 16, date)
	put16(b, 18, date)  // read
	put16(b, 22, clock) // written
	put16(b, 24, date)
	put16(b, 26, first)
	put32(b, 28, uint32(size))
}

func put16(b []byte, at, v int)        { binary.LittleEndian.PutUint16(b[at:], uint16(v)) }
func put32(b []byte, at int, v uint32) { binary.LittleEndian.PutUint32(b[at:], v) }
