package fat

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// ErrFormat says that something is not a FAT16 file system, or a broken one.
var ErrFormat = errors.New("not a sound FAT16 file system")

// maxDepth bounds how deep folders may lie in one another.
const maxDepth = 8

// Read returns the files of a file system, in the order of their entries. Long
// names are not read: a file's path has its short ones.
func Read(image []byte) ([]File, error) {
	if len(image) < sectorSize || image[510] != 0x55 || image[511] != 0xaa || get16(image, 11) != sectorSize {
		return nil, ErrFormat
	}
	r := reader{image: image, perCluster: int(image[13]) * sectorSize, table: get16(image, 14) * sectorSize}
	tableSize := get16(image, 22) * sectorSize
	root := r.table + int(image[16])*tableSize
	r.data = root + get16(image, 17)*entrySize
	if r.perCluster == 0 || tableSize == 0 || r.data > len(image) {
		return nil, ErrFormat
	}
	r.clusters = min((len(image)-r.data)/r.perCluster, tableSize/2-2)
	r.used = make([]bool, max(r.clusters, 0))
	err := r.folder("", image[root:r.data], 0)
	return r.files, err
}

type reader struct {
	image                             []byte
	perCluster, table, data, clusters int    // bytes, but for the last
	used                              []bool // clusters that a file or a folder has
	files                             []File
}

func (r *reader) folder(path string, entries []byte, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("%w: folders lie deeper than %d in one another", ErrFormat, maxDepth)
	}
	for ; len(entries) >= entrySize && entries[0] != 0; entries = entries[entrySize:] {
		if entries[0] == 0xe5 || entries[0] == '.' || entries[11]&attributeLabel != 0 {
			continue // deleted, this folder or the one above, a label or a part of a long name
		}
		if err := r.entry(path, entries[:entrySize], depth); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) entry(path string, e []byte, depth int) error {
	name := strings.TrimRight(string(e[:8]), " ")
	if extension := strings.TrimRight(string(e[8:11]), " "); extension != "" {
		name += "." + extension
	}
	data, err := r.chain(get16(e, 26))
	if err != nil {
		return fmt.Errorf("%s%s: %w", path, name, err)
	}
	if e[11]&attributeFolder != 0 {
		return r.folder(path+name+"/", data, depth+1)
	}
	size := int(binary.LittleEndian.Uint32(e[28:]))
	if size > len(data) {
		return fmt.Errorf("%s%s: %w: its clusters end after %d of %d bytes", path, name, ErrFormat, len(data), size)
	}
	r.files = append(r.files, File{Path: path + name, Data: data[:size]})
	return nil
}

// chain returns the contents of the clusters that begin with first. Each cluster
// belongs to one file or folder, so no image gives more than itself.
func (r *reader) chain(first int) ([]byte, error) {
	var b bytes.Buffer
	for c := first; c != 0 && c < 0xfff8; c = get16(r.image, r.table+2*c) {
		if c < 2 || c-2 >= r.clusters || r.used[c-2] {
			return nil, fmt.Errorf("%w: cluster %d", ErrFormat, c)
		}
		r.used[c-2] = true
		at := r.data + (c-2)*r.perCluster
		b.Write(r.image[at : at+r.perCluster])
	}
	return b.Bytes(), nil
}

func get16(b []byte, at int) int { return int(binary.LittleEndian.Uint16(b[at:])) }
