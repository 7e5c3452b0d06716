package disc

import (
	"fmt"
	"math"
	"time"
)

// Sectors of an image, counted from its start, that stand in every image.
const (
	volumeSector     = systemSectors
	terminatorSector = systemSectors + 1
	tableSector      = systemSectors + 2
)

// layout says where everything of an image lies, in sectors from its start.
type layout struct {
	start   uint32
	blocks  uint32
	tables  uint32 // sectors of one path table
	susp    uint32 // the continuation area of the root's system use entries
	root    place
	dirs    []place
	steps   []step
	extents []extent
}

// place is where a directory lies.
type place struct{ sector, sectors uint32 }

// newLayout places path tables, root, directories and contents one after
// another, and pads the image to whole clusters.
func newLayout(start uint32, steps []step) (*layout, error) {
	l := &layout{start: start, steps: steps, dirs: make([]place, len(steps))}
	l.tables = uint32(sectors(int64(l.tableSize())))
	l.susp = tableSector + 2*l.tables
	next := int64(l.susp) + 1

	l.root = place{uint32(next), recordSectors(l.rootRecords(time.Time{}))}
	next += int64(l.root.sectors)
	for i, s := range steps {
		l.dirs[i] = place{uint32(next), recordSectors(l.stepRecords(s, place{}, time.Time{}))}
		next += int64(l.dirs[i].sectors)
	}
	if next > maxFixed {
		return nil, fmt.Errorf("the directories take %d sectors, more than %d", next, maxFixed)
	}
	for _, s := range steps {
		for i := range s.files {
			e := &s.files[i]
			if next > math.MaxUint32 {
				return nil, errTooLarge(start, next)
			}
			e.sector = uint32(next)
			if e.Size > 0 {
				l.extents = append(l.extents, *e)
			}
			next += sectors(e.Size)
		}
	}
	blocks := (next + padding + cluster - 1) / cluster * cluster
	if int64(start)+blocks > math.MaxUint32 {
		return nil, errTooLarge(start, blocks)
	}
	l.blocks = uint32(blocks)
	return l, nil
}

func errTooLarge(start uint32, blocks int64) error {
	return fmt.Errorf("%d sectors from sector %d on are more than 32-bit addresses reach", blocks, start)
}

// fixedSectors is the length of everything before the contents.
func (l *layout) fixedSectors() uint32 {
	last := l.dirs[len(l.dirs)-1]
	return last.sector + last.sectors
}

// encode returns the image's beginning, up to the first content.
func (l *layout) encode(v Volume) []byte {
	t := v.Time.UTC()
	b := make([]byte, int(l.fixedSectors())*sectorSize)
	at := func(sector uint32) []byte { return b[int(sector)*sectorSize:] }

	l.putVolume(at(volumeSector)[:sectorSize], v)
	putTerminator(at(terminatorSector)[:sectorSize])
	l.putTable(at(tableSector), putLittle)
	l.putTable(at(tableSector+l.tables), putBig)
	copy(at(l.susp), extensionReference())
	putRecords(at(l.root.sector), l.rootRecords(t))
	for i, s := range l.steps {
		putRecords(at(l.dirs[i].sector), l.stepRecords(s, l.dirs[i], t))
	}
	return b
}

// rootRecords returns the root's own records and one for each directory. t is
// the volume's time, which dates the root.
func (l *layout) rootRecords(t time.Time) []record {
	links := uint32(2 + len(l.steps))
	self := l.directoryRecord(identSelf, l.root, t, links)
	self.use = append(self.use, l.continuation()...)
	self.use = append(sharingProtocol(), self.use...)
	records := []record{self, l.directoryRecord(identParent, l.root, t, links)}
	for i, s := range l.steps {
		r := l.directoryRecord(directoryIdentifier(s.name), l.dirs[i], s.time, 2)
		r.use = rockRidge(s.name, modeDirectory, 2, s.time)
		records = append(records, r)
	}
	return records
}

// stepRecords returns the records of a directory that lies at p. t is the
// volume's time.
func (l *layout) stepRecords(s step, p place, t time.Time) []record {
	records := []record{
		l.directoryRecord(identSelf, p, s.time, 2),
		l.directoryRecord(identParent, l.root, t, uint32(2+len(l.steps))),
	}
	for _, e := range s.files {
		records = append(records, record{
			ident:  e.Name + version,
			sector: l.start + e.sector,
			size:   uint32(e.Size),
			time:   s.time,
			use:    rockRidge(e.Name, modeFile, 1, s.time),
		})
	}
	return records
}

func (l *layout) directoryRecord(ident string, p place, t time.Time, links uint32) record {
	return record{
		ident:     ident,
		sector:    l.start + p.sector,
		size:      p.sectors * sectorSize,
		directory: true,
		time:      t,
		use:       rockRidge("", modeDirectory, links, t),
	}
}

// region names the structure that sector belongs to, counted from the image's
// start.
func (l *layout) region(sector uint32) string {
	switch {
	case sector < volumeSector:
		return "system area"
	case sector == volumeSector:
		return "primary volume descriptor"
	case sector == terminatorSector:
		return "volume descriptor set terminator"
	case sector < tableSector+l.tables:
		return "little-endian path table"
	case sector < l.susp:
		return "big-endian path table"
	case sector == l.susp:
		return "Rock Ridge continuation area"
	case sector < l.dirs[0].sector:
		return "root directory"
	}
	for i, p := range l.dirs {
		if sector < p.sector+p.sectors {
			return "directory " + l.steps[i].name
		}
	}
	return "contents and padding"
}
