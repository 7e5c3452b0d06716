// Package fat makes FAT file systems, and reads the files of small ones.
//
// It guarantees that the same Volume gives the same bytes, on every machine and at
// every time; that Write never leaves a volume which says that it holds more than it
// does; and that reading survives any bytes: lengths are bounded before anything is
// allocated, and a chain of clusters that runs in a circle is an error.
//
// Source: Microsoft, FAT specification, 2005 ("fatgen103").
package fat

import (
	"errors"
	"fmt"
	"time"
)

// Volume is what is to be made. It is FAT16 or, from 512 MiB on, FAT32, with no
// table of partitions before it.
type Volume struct {
	Size   int64     // bytes, MinSize to MaxSize; what is over a whole sector is not used
	Label  string    // at most 11 of A to Z, 0 to 9, space, hyphen and underscore
	Serial uint32    // of the volume
	Time   time.Time // of all files: from 1980 to 2107, even seconds
	Files  []File
}

// File is one file of a volume, in any folder: folders are made for it.
type File struct {
	Path string // with slashes; names of 1 to 255 characters that FAT can hold
	Data []byte
}

// Sizes in bytes.
const (
	MinSize = 4 << 20
	MaxSize = 2 << 40

	sectorSize = 512
	entrySize  = 32
	fat32From  = 512 << 20
)

// ErrFull says that the files do not fit into the volume.
var ErrFull = errors.New("the files do not fit")

// geometry is where a volume has its parts, in sectors.
type geometry struct {
	wide     bool // FAT32
	total    int64
	reserved int64
	table    int64 // of each of the two
	root     int64 // FAT16's; 0 for FAT32
	cluster  int64 // sectors of each
	clusters int64
}

// Entries of the table.
const (
	firstCluster = 2
	endOfChain   = 0x0FFFFFFF // FAT16 takes the lower half
	mediaFixed   = 0xF8
)

// tableEntry is the size in bytes of an entry of the table.
func (g geometry) tableEntry() int64 {
	if g.wide {
		return 4
	}
	return 2
}

func (g geometry) data() int64 { return g.reserved + 2*g.table + g.root }

func (g geometry) clusterBytes() int64 { return g.cluster * sectorSize }

// offset is where a cluster begins, in bytes.
func (g geometry) offset(cluster int64) int64 {
	return (g.data() + (cluster-firstCluster)*g.cluster) * sectorSize
}

// layout divides a volume. Its clusters are of the sizes that the specification has, or
// larger, so that their number is one of its type.
func layout(size int64) (geometry, error) {
	if size < MinSize || size > MaxSize {
		return geometry{}, fmt.Errorf("a volume of %d bytes: between %d and %d are possible", size, MinSize, int64(MaxSize))
	}
	g := geometry{total: size / sectorSize}
	if size < fat32From {
		g.reserved, g.root, g.cluster = 1, 512*entrySize/sectorSize, 1
		for g.total/g.cluster > 32000 {
			g.cluster *= 2
		}
	} else {
		g.wide, g.reserved, g.cluster = true, 32, 8
		for size > 8<<30 && g.cluster < 64 && size>>33 >= g.cluster/8 {
			g.cluster *= 2
		}
		for g.total/g.cluster > 0x0FFFFFF0-firstCluster {
			g.cluster *= 2
		}
	}
	// The table has an entry for every cluster of what it leaves: a few too many do no harm.
	perSector := sectorSize / g.tableEntry()
	rest := g.total - g.reserved - g.root
	g.table = (rest/g.cluster + firstCluster + perSector - 1) / perSector
	g.clusters = (rest - 2*g.table) / g.cluster
	least, most := int64(4085), int64(65524)
	if g.wide {
		least, most = 65525, 0x0FFFFFF4
	}
	if g.clusters < least || g.clusters > most {
		return geometry{}, fmt.Errorf("a volume of %d bytes has %d clusters: between %d and %d are possible", size, g.clusters, least, most)
	}
	return g, nil
}
