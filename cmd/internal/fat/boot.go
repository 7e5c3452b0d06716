package fat

import (
	"encoding/binary"
)

// Places of FAT32's extra sectors.
const (
	infoSector   = 1
	backupSector = 6
)

// boot writes the boot sector and, of FAT32, its copy and the count of free clusters.
func (m *maker) boot(v Volume) error {
	sector := m.bootSector(v)
	if m.g.wide {
		info := m.info()
		for _, s := range []struct {
			at   int64
			data []byte
		}{{infoSector, info}, {backupSector, sector}, {backupSector + infoSector, info}} {
			if _, err := m.w.WriteAt(s.data, s.at*sectorSize); err != nil {
				return err
			}
		}
	}
	_, err := m.w.WriteAt(sector, 0)
	return err
}

// bootSector is the one that describes the volume ("Boot Sector and BPB").
func (m *maker) bootSector(v Volume) []byte {
	b := make([]byte, sectorSize)
	le := binary.LittleEndian
	copy(b, "\xEB\x58\x90ANODIZE ")
	le.PutUint16(b[11:], sectorSize)
	b[13] = byte(m.g.cluster)
	le.PutUint16(b[14:], uint16(m.g.reserved))
	b[16] = 2
	le.PutUint16(b[17:], uint16(m.g.root*sectorSize/entrySize))
	if m.g.total < 0x10000 {
		le.PutUint16(b[19:], uint16(m.g.total))
	} else {
		le.PutUint32(b[32:], uint32(m.g.total))
	}
	b[21] = mediaFixed
	le.PutUint16(b[24:], 63) // sectors of a track and heads, of a time when disks had them
	le.PutUint16(b[26:], 255)
	rest, kind := b[36:], "FAT16   "
	if m.g.wide {
		le.PutUint32(b[36:], uint32(m.g.table))
		le.PutUint32(b[44:], firstCluster)
		le.PutUint16(b[48:], infoSector)
		le.PutUint16(b[50:], backupSector)
		rest, kind = b[64:], "FAT32   "
	} else {
		b[1] = 0x3C
		le.PutUint16(b[22:], uint16(m.g.table))
	}
	rest[0] = 0x80
	rest[2] = 0x29 // what follows is there
	le.PutUint32(rest[3:], v.Serial)
	copy(rest[7:], "NO NAME    ")
	if v.Label != "" {
		copy(rest[7:], "           ")
		copy(rest[7:], v.Label)
	}
	copy(rest[18:], kind)
	copy(rest[26:], "\xCD\x18\xEB\xFE") // whoever boots from it: the firmware's next choice
	b[510], b[511] = 0x55, 0xAA
	return b
}

// info is FAT32's count of free clusters, and where to look for them ("FSInfo").
func (m *maker) info() []byte {
	b := make([]byte, sectorSize)
	le := binary.LittleEndian
	le.PutUint32(b[0:], 0x41615252)
	le.PutUint32(b[484:], 0x61417272)
	le.PutUint32(b[488:], uint32(firstCluster+m.g.clusters-m.next))
	le.PutUint32(b[492:], uint32(m.next))
	le.PutUint32(b[508:], 0xAA550000)
	return b
}
