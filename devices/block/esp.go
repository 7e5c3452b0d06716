package block

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"anodize/devices/internal/sysfs"
)

// ErrBoots says that something is to be started from, and not written to.
var ErrBoots = errors.New("it is a medium to boot from: it is not written to")

// systemPartition is the type of an EFI system partition as it stands on a disk (UEFI
// 2.10, table 5.7 and appendix A).
var systemPartition = []byte{0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b}

// mayWrite refuses a partition that machines are started from.
func (l Location) mayWrite() error {
	folder, disk, ok := l.folders()
	if !ok {
		return ErrGone
	}
	if folder == disk {
		return nil // it has no table of partitions
	}
	start, err := strconv.ParseInt(sysfs.Attribute(folder, "start"), 10, 64)
	if err != nil {
		return fmt.Errorf("finding where it begins: %w", err)
	}
	node, err := os.Open(filepath.Join(filepath.Dir(l.Node), filepath.Base(disk)))
	if err != nil {
		return err
	}
	defer node.Close()
	sector, err := strconv.ParseInt(sysfs.Attribute(disk, "queue", "logical_block_size"), 10, 64)
	if err != nil || !power(sector, minSector, maxSector) {
		sector = minSector
	}
	boots, err := bootsAt(node, start*minSector, sector) // sysfs counts in 512 bytes
	if err == nil && boots {
		err = ErrBoots
	}
	return err
}

// bootsAt says whether the GUID partition table of a disk (UEFI 2.10, section 5.3) has
// an EFI system partition that begins at byte start. A disk without such a table has
// none.
func bootsAt(disk io.ReaderAt, start, sector int64) (bool, error) {
	header := make([]byte, 92)
	if _, err := disk.ReadAt(header, sector); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading its disk's table of partitions: %w", err)
	}
	if string(header[:8]) != "EFI PART" {
		return false, nil
	}
	le := binary.LittleEndian
	table, count, size := le.Uint64(header[72:]), le.Uint32(header[80:]), le.Uint32(header[84:])
	if table > 1<<40 || count > 1<<10 || size < 128 || size > 1<<12 {
		return false, errors.New("reading its disk's table of partitions: it makes no sense")
	}
	entries := make([]byte, count*size)
	if _, err := disk.ReadAt(entries, int64(table)*sector); err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading its disk's table of partitions: %w", err)
	}
	for ; len(entries) >= int(size); entries = entries[size:] {
		if bytes.Equal(entries[:16], systemPartition) && le.Uint64(entries[32:]) == uint64(start/sector) {
			return true, nil
		}
	}
	return false, nil
}
