package record

import (
	"encoding/binary"
	"hash/adler32"
	"hash/crc32"
)

// encodePNG writes a picture of black and white pixels, white where true (PNG
// Specification, Third Edition). The rows must be of one length. Its pixels are
// stored and not compressed, and no library has a say in it, so that the same
// picture is the same bytes for ever.
func encodePNG(rows [][]bool) []byte {
	var raw []byte // section 9: one byte of filter type, then the row, 8 pixels a byte
	for _, row := range rows {
		line := make([]byte, 1+(len(row)+7)/8)
		for x, white := range row {
			if white {
				line[1+x/8] |= 0x80 >> (x % 8)
			}
		}
		raw = append(raw, line...)
	}
	width := 0
	if len(rows) > 0 {
		width = len(rows[0])
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(width))
	header = binary.BigEndian.AppendUint32(header, uint32(len(rows)))
	header = append(header, 1, 0, 0, 0, 0) // 1 bit, greyscale; deflate, adaptive filters, not interlaced
	file := chunk([]byte("\x89PNG\r\n\x1a\n"), "IHDR", header)
	file = chunk(file, "IDAT", zlibStored(raw))
	return chunk(file, "IEND", nil)
}

// chunk appends a chunk to a file (section 5.3).
func chunk(file []byte, kind string, data []byte) []byte {
	file = binary.BigEndian.AppendUint32(file, uint32(len(data)))
	from := len(file)
	file = append(append(file, kind...), data...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(file[from:]))
}

// zlibStored wraps data in a zlib stream (RFC 1950) of stored blocks (RFC 1951
// section 3.2.4).
func zlibStored(data []byte) []byte {
	const most = 1<<16 - 1 // bytes of a block
	out := []byte{0x78, 0x01}
	for rest := data; ; {
		n := min(len(rest), most)
		last := byte(0)
		if n == len(rest) {
			last = 1
		}
		out = append(out, last)
		out = binary.LittleEndian.AppendUint16(out, uint16(n))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(n))
		out = append(out, rest[:n]...)
		if rest = rest[n:]; last == 1 {
			return binary.BigEndian.AppendUint32(out, adler32.Checksum(data))
		}
	}
}
