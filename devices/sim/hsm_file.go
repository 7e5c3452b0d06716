package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// hsmFile is where a device keeps its state.
type hsmFile struct {
	path string
	last []byte // what stands there
}

// OpenHSM makes the device whose state stands in a file, and plugs it in as
// LoadHSM does. Without the file it is a factory-fresh one of that serial
// number; a file of another serial number is refused. From then on every change
// is in the file before the host gets its answer. The file holds private keys in
// the clear; one process at a time may use it.
func OpenHSM(path string, serial uint32, options ...HSMOption) (*HSM, error) {
	saved, err := hsmReadFile(path)
	var h *HSM
	switch {
	case errors.Is(err, fs.ErrNotExist):
		h = NewHSM(serial, options...)
	case err != nil:
		return nil, fmt.Errorf("simulated HSM: %w", err)
	default:
		if h, err = LoadHSM(saved, options...); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if h.Serial() != serial {
			return nil, fmt.Errorf("simulated HSM: %s holds the device %010d, not %010d", path, h.Serial(), serial)
		}
	}
	h.file = &hsmFile{path: path, last: saved}
	return h, h.keep()
}

func hsmReadFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, hsmMaxState+1)) // LoadHSM refuses what is longer
}

// keep writes the state to its file if it has changed: whole, or not at all.
func (h *HSM) keep() error {
	if h.file == nil {
		return nil
	}
	now, err := h.encode()
	if err != nil || bytes.Equal(now, h.file.last) {
		return err
	}
	next := h.file.path + ".new"
	err = os.WriteFile(next, now, 0o600)
	if err == nil {
		err = os.Rename(next, h.file.path)
	}
	if err != nil {
		return fmt.Errorf("simulated HSM: keeping its state: %w", err)
	}
	h.file.last = now
	return nil
}
