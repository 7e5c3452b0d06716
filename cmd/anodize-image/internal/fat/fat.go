// Package fat writes and reads the FAT16 file system of an EFI system partition
// (Microsoft, FAT: General Overview of On-Disk Format, 1.03; UEFI 2.10, 13.3).
//
// It guarantees that the same files, label and time give the same bytes, and that
// each file lies in one piece.
package fat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// File is a file with its path: folders and names in capitals, eight characters, a
// dot and three more at most, "/" between them.
type File struct {
	Path string
	Data []byte
}

// Volume is what a file system is made of.
type Volume struct {
	Label  string // at most eleven capitals and digits
	Serial uint32
	Hidden uint32 // sectors before the partition
	Time   time.Time
	Files  []File
}

const (
	sectorSize  = 512
	tables      = 2
	rootEntries = 512
	entrySize   = 32
	rootSectors = rootEntries * entrySize / sectorSize
	fixedDisk   = 0xf8

	// With fewer clusters it would be a FAT12, with more a FAT32. A few are kept off
	// either end, where implementations are known to disagree.
	fewest, most = 4085 + 16, 65524 - 16

	largestCluster = 8 // sectors
	endOfChain     = 0xffff
)

// Attributes of a directory entry.
const (
	attributeLabel  = 0x08
	attributeFolder = 0x10
	attributeFile   = 0x20
)

// Write returns the file system. It is as large as it has to be.
func Write(v Volume) ([]byte, error) {
	root, err := plant(v.Files)
	if err != nil {
		return nil, err
	}
	if _, err := shortName(v.Label); err != nil || strings.Contains(v.Label, ".") {
		return nil, fmt.Errorf("a FAT file system cannot be labelled %q: use up to eight capitals and digits", v.Label)
	}
	perCluster, clusters := sizes(root)
	if clusters > most {
		return nil, fmt.Errorf("the files need %d clusters of a FAT16 file system, which has at most %d", clusters, most)
	}
	w := &writer{volume: v, perCluster: perCluster, clusters: max(clusters, fewest), next: 2}
	w.tableSectors = (2*(w.clusters+2) + sectorSize - 1) / sectorSize
	w.image = make([]byte, sectorSize*(w.firstData()+w.clusters*perCluster))
	w.table = make([]uint16, w.clusters+2)
	w.table[0], w.table[1] = 0xff00|fixedDisk, endOfChain
	w.bootSector()
	w.root(root)
	for i := range tables {
		at := sectorSize * (1 + i*w.tableSectors)
		for n, entry := range w.table {
			binary.LittleEndian.PutUint16(w.image[at+2*n:], entry)
		}
	}
	return w.image, nil
}

// sizes returns the sectors of a cluster, the largest that still makes a FAT16, and
// how many clusters the tree then takes.
func sizes(root *folder) (perCluster, clusters int) {
	for perCluster = largestCluster; ; perCluster /= 2 {
		clusters = root.clusters(perCluster*sectorSize) - 1 // the root itself lies elsewhere
		if clusters >= fewest || perCluster == 1 {
			return perCluster, clusters
		}
	}
}

// folder is a folder of the tree, with its entries in the order of their names.
type folder struct {
	names   []string
	folders map[string]*folder
	files   map[string][]byte
}

func newFolder() *folder {
	return &folder{folders: map[string]*folder{}, files: map[string][]byte{}}
}

func plant(files []File) (*folder, error) {
	root := newFolder()
	for _, f := range files {
		in, parts := root, strings.Split(f.Path, "/")
		for i, name := range parts {
			if _, err := shortName(name); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Path, err)
			}
			_, file := in.files[name]
			below, known := in.folders[name]
			last := i == len(parts)-1
			switch {
			case file || known && last:
				return nil, fmt.Errorf("%s stands twice among the files", f.Path)
			case last:
				in.files[name] = f.Data
			case !known:
				below = newFolder()
				in.folders[name] = below
			}
			if !known {
				in.names = append(in.names, name)
				slices.Sort(in.names)
			}
			in = below
		}
	}
	if len(root.names) >= rootEntries {
		return nil, fmt.Errorf("%d files and folders do not fit in the root, which takes %d", len(root.names), rootEntries-1)
	}
	return root, nil
}

func (f *folder) clusters(size int) int {
	n := ceil((len(f.names)+2)*entrySize, size)
	for _, below := range f.folders {
		n += below.clusters(size)
	}
	for _, data := range f.files {
		n += ceil(len(data), size)
	}
	return n
}

func ceil(n, size int) int { return (n + size - 1) / size }

var errName = errors.New("a name has up to eight capitals, digits or underscores, a dot and three more")

// shortName returns a name as a directory entry holds it, eleven bytes.
func shortName(name string) (short [11]byte, err error) {
	base, extension, dot := strings.Cut(name, ".")
	if base == "" || len(base) > 8 || len(extension) > 3 || dot && extension == "" {
		return short, fmt.Errorf("%q: %w", name, errName)
	}
	for _, c := range base + extension {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return short, fmt.Errorf("%q: %w", name, errName)
		}
	}
	copy(short[:], fmt.Sprintf("%-8s%-3s", base, extension))
	return short, nil
}
