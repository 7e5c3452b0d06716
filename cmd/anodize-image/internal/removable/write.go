package removable

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// tail is how much of a stick's end is emptied: a partition table's second copy that
// an earlier use left there.
const tail = 1 << 20

// Write writes an image to the beginning of a disk, waits until the disk has it, and
// compares what it reads from there. The disk is looked at once more before: another
// one that came in its place meanwhile is refused.
func (s System) Write(agreed Disk, image []byte) error {
	d, err := s.Disk(agreed.Name)
	if err != nil {
		return err
	}
	if err := d.Refusal(); err != nil {
		return err
	}
	if d.Size < int64(len(image)) {
		return fmt.Errorf("%w: %s holds %d bytes, the image has %d", ErrRefused, d.Name, d.Size, len(image))
	}
	// O_EXCL: nobody may have it mounted, and nobody can mount it meanwhile (open(2)).
	f, err := os.OpenFile(filepath.Join("/", s.Root, "dev", d.Name), os.O_RDWR|unix.O_EXCL, 0)
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("opening the stick: %w; run this as root", err)
	} else if err != nil {
		return fmt.Errorf("opening the stick: %w", err)
	}
	err = s.write(f, agreed, image)
	return errors.Join(err, f.Close())
}

func (s System) write(f *os.File, d Disk, image []byte) error {
	// The node is open: whatever comes in the disk's place now, is not written to.
	if now, err := s.Disk(d.Name); err != nil {
		return err
	} else if now.ID != d.ID || now.Sold() != d.Sold() || now.Size != d.Size {
		return fmt.Errorf("%w: %s is another disk by now; nothing was written", ErrRefused, d.Name)
	}
	if err := s.same(f, d); err != nil {
		return err
	}
	if from := max(int64(len(image)), d.Size-tail); from < d.Size {
		if _, err := f.WriteAt(make([]byte, d.Size-from), from); err != nil {
			return fmt.Errorf("emptying the end of %s: %w", d.Name, err)
		}
	}
	if _, err := f.WriteAt(image, 0); err != nil {
		return fmt.Errorf("writing to %s: %w", d.Name, err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("writing to %s: %w", d.Name, err)
	}
	// What is read next comes from the stick, not from memory. A file, which stands for
	// a stick in tests, has no such call.
	if err := unix.IoctlSetInt(int(f.Fd()), unix.BLKFLSBUF, 0); err != nil && (s.Root == "" || !errors.Is(err, unix.ENOTTY)) {
		return fmt.Errorf("forgetting what was written to %s: %w", d.Name, err)
	}
	got := make([]byte, len(image))
	if _, err := io.ReadFull(io.NewSectionReader(f, 0, int64(len(got))), got); err != nil {
		return fmt.Errorf("reading %s back: %w", d.Name, err)
	}
	if !bytes.Equal(got, image) {
		return fmt.Errorf("%s does not hold what was written to it: use another stick", d.Name)
	}
	return nil
}

// same checks that the opened node is the disk that was looked at. Under another
// root a file stands for it.
func (s System) same(f *os.File, d Disk) error {
	if s.Root != "" {
		return nil
	}
	var st unix.Stat_t
	if err := unix.Fstat(int(f.Fd()), &st); err != nil {
		return fmt.Errorf("looking at %s: %w", d.Name, err)
	}
	number := fmt.Sprintf("%d:%d", unix.Major(st.Rdev), unix.Minor(st.Rdev))
	if st.Mode&unix.S_IFMT != unix.S_IFBLK || number != d.Number {
		return fmt.Errorf("%w: /dev/%s is not the disk that the kernel calls %s", ErrRefused, d.Name, d.Name)
	}
	return nil
}
