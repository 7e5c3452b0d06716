package disc

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"
)

// edits changes image: every six bytes of script are an offset and what comes
// there, so that the fuzzer works on structures and not on 600 kB of zeros.
func edits(image, script []byte) []byte {
	image = bytes.Clone(image)
	for ; len(script) >= 6; script = script[6:] {
		off := int(binary.BigEndian.Uint32(script)) % (len(image) - 1)
		image[off], image[off+1] = script[4], script[5]
	}
	return image
}

func edit(off int, value ...byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(off)), value...)
}

func addSeeds(f *testing.F) {
	f.Add([]byte{})
	f.Add(edit(volumeSector*sectorSize+pvdSpaceSize+2, 0xFF, 0xFF))
	f.Add(edit(volumeSector*sectorSize+pvdTableSize, 0xFF, 0x0F))
	f.Add(edit(volumeSector*sectorSize+pvdRoot+recSize+1, 0x10, 0))
	f.Add(edit((tableSector+3)*sectorSize, 255, 1))
	f.Add(edit((tableSector+4)*sectorSize+recSector, 21, 0))
	f.Add(append(edit(40*sectorSize, 1, 'C'), edit(40*sectorSize+2, 'D', '0')...))
}

// FuzzReadSession reads sessions with changes. One that is read and verified
// is what NewImage makes of what was read.
func FuzzReadSession(f *testing.F) {
	clean, _ := testArchive(f, 2, 0)
	addSeeds(f)
	f.Fuzz(func(t *testing.T, script []byte) {
		image := edits(clean, script)
		s, err := ReadSession(bytes.NewReader(image), int64(len(image)), 0)
		if err != nil || s.Verify() != nil {
			return
		}
		m, err := NewImage(s.Volume, s.Address, s.Directories)
		if err != nil {
			t.Fatalf("a session was read that cannot be laid out: %v", err)
		}
		if !bytes.Equal(imageBytes(t, m), image[:m.Size()]) {
			t.Error("a session was verified that NewImage lays out otherwise")
		}
	})
}

// FuzzFind finds sessions in images with changes: they do not overlap, lie
// inside the image, and what is read stays in proportion to it.
func FuzzFind(f *testing.F) {
	clean, _ := testArchive(f, 2, 40)
	addSeeds(f)
	f.Fuzz(func(t *testing.T, script []byte) {
		image := edits(clean, script)
		r := &countingReader{ReaderAt: bytes.NewReader(image)}
		sessions, _ := Find(r, int64(len(image)))
		end := int64(0)
		for _, s := range sessions {
			if int64(s.Address) < end {
				t.Errorf("the session at sector %d begins before sector %d, where the one before it ends", s.Address, end)
			}
			if end = int64(s.Address) + int64(s.Blocks); end*sectorSize > int64(len(image)) {
				t.Errorf("the session at sector %d ends behind the image", s.Address)
			}
		}
		if limit := int64(4*cluster) * int64(len(image)); r.bytes > limit {
			t.Errorf("read %d bytes of an image of %d", r.bytes, len(image))
		}
	})
}

// FuzzReadSessionBytes reads arbitrary bytes behind a volume descriptor that is
// as it should be.
func FuzzReadSessionBytes(f *testing.F) {
	clean, _ := testArchive(f, 1, 0)
	head := clean[:tableSector*sectorSize]
	f.Add(clean[len(head) : 30*sectorSize])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, tail []byte) {
		image := append(bytes.Clone(head), tail...)
		if len(image) < len(clean) {
			image = append(image, make([]byte, len(clean)-len(image))...)
		}
		s, err := ReadSession(bytes.NewReader(image), int64(len(image)), 0)
		if err != nil {
			return
		}
		for _, d := range s.Directories {
			for _, file := range d.Files {
				if _, err := io.Copy(io.Discard, io.NewSectionReader(file.Content, 0, file.Size)); err != nil {
					t.Error(err)
				}
			}
		}
	})
}

// FuzzSense reads arbitrary sense data.
func FuzzSense(f *testing.F) {
	f.Add([]byte{0x70, 0, 3, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x0C, 0})
	f.Add([]byte{0x72, 5, 0x21, 2})
	f.Add([]byte{0xF1, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 8, 0, 0x80, 1, 2})
	f.Fuzz(func(t *testing.T, sense []byte) {
		if SenseText(sense) == "" {
			t.Error("sense data without words")
		}
		if s := parseSense(sense); s.Key > 15 || s.busy() && s.Key != keyNotReady {
			t.Errorf("sense %+v", s)
		}
	})
}
