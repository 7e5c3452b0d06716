package iso

import "encoding/binary"

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
