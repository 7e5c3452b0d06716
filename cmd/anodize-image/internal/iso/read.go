package iso

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrFormat says that something is not a disc that UEFI boots.
var ErrFormat = errors.New("not a disc image with an EFI system partition to boot from")

// Read returns what an image was made of. The partition is the one that UEFI boots
// from a disc.
func Read(image []byte) (v Volume, err error) {
	primary, err := sectors(image, primaryDescriptor, 1)
	if err != nil || string(primary[:7]) != "\x01CD001\x01" {
		return v, fmt.Errorf("%w: no primary volume descriptor", ErrFormat)
	}
	v.Label = strings.TrimRight(string(primary[40:72]), " ")
	v.Source = strings.TrimRight(string(primary[446:574]), " ")
	if strings.Trim(v.Label+v.Source, letters) != "" { // it will be printed, and could be meant for a terminal
		return v, fmt.Errorf("%w: its label or its source is none that this program writes", ErrFormat)
	}
	if v.Time, err = time.Parse("20060102150405", string(primary[813:827])); err != nil {
		return v, fmt.Errorf("%w: no time of creation", ErrFormat)
	}
	v.Partition, err = bootable(image)
	return v, err
}

// bootable returns the part of a disc image that its boot catalogue names.
func bootable(image []byte) ([]byte, error) {
	boot, err := sectors(image, bootDescriptor, 1)
	if err != nil || string(boot[:30]) != "\x00CD001\x01EL TORITO SPECIFICATION" {
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
