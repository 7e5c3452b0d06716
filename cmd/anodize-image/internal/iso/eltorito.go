package iso

import (
	"encoding/binary"
	"errors"
	"fmt"
)

const efi = 0xef // El Torito's platform, UEFI 2.10, 13.3.2.1

// writeBoot writes the boot record that names the catalogue (El Torito, figure 7).
func writeBoot(b []byte) {
	copy(b, "\x00CD001\x01EL TORITO SPECIFICATION")
	binary.LittleEndian.PutUint32(b[71:], catalogue)
}

// writeCatalogue writes the boot catalogue: who validates it, and one entry that is
// booted without emulating a drive (El Torito, 2.1 and 2.2).
func writeCatalogue(b []byte, length int) {
	b[0], b[1] = 1, efi
	copy(b[4:28], "ANODIZE")
	b[30], b[31] = 0x55, 0xaa
	var sum uint16
	for i := 0; i < 32; i += 2 {
		sum += binary.LittleEndian.Uint16(b[i:])
	}
	binary.LittleEndian.PutUint16(b[28:], -sum)
	b[32] = 0x88 // bootable
	binary.LittleEndian.PutUint16(b[38:], uint16(length/virtual))
	binary.LittleEndian.PutUint32(b[40:], partition)
}

// ErrFormat says that something is not a disc that UEFI boots.
var ErrFormat = errors.New("not a disc image with an EFI system partition to boot from")

// Partition returns the part of a disc image that UEFI boots.
func Partition(image []byte) ([]byte, error) {
	boot, err := sectors(image, bootDescriptor, 1)
	if err != nil || string(boot[1:30]) != "CD001\x01EL TORITO SPECIFICATION" {
		return nil, fmt.Errorf("%w: no El Torito boot record", ErrFormat)
	}
	entries, err := sectors(image, int(binary.LittleEndian.Uint32(boot[71:])), 1)
	if err != nil {
		return nil, fmt.Errorf("%w: no boot catalogue", ErrFormat)
	}
	if entries[0] != 1 || entries[1] != efi || entries[32] != 0x88 {
		return nil, fmt.Errorf("%w: the first entry of the boot catalogue is not for UEFI", ErrFormat)
	}
	first, length := int(binary.LittleEndian.Uint32(entries[40:])), int(binary.LittleEndian.Uint16(entries[38:]))*virtual
	whole, err := sectors(image, first, (length+sector-1)/sector)
	if err != nil {
		return nil, fmt.Errorf("%w: it ends before its partition", ErrFormat)
	}
	return whole[:length], nil
}

func sectors(image []byte, first, n int) ([]byte, error) {
	if first > len(image)/sector-n {
		return nil, ErrFormat
	}
	return image[first*sector : (first+n)*sector], nil
}
