package sim

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// hsmFormat is the version of what Save writes.
const hsmFormat = 1

// hsmMaxState bounds what LoadHSM reads: 256 objects and a log fit many times.
const hsmMaxState = 4 << 20

// hsmState is what survives without power. Its private keys are in the clear:
// a simulated device guards nothing.
type hsmState struct {
	Format          int
	Serial          uint32
	Firmware        [3]byte
	AttestationKey  []byte
	AttestationCert []byte
	Objects         []*hsmObject
	Sequences       map[string]byte
	ForceAudit      byte
	Audit           map[byte]byte
	Disabled        []byte
	Log             [][]byte
	LogNumber       uint16
	LogDigest       []byte
	UnloggedBoots   uint16
	UnloggedAuths   uint16
}

// Save writes the device's non-volatile state as JSON, private keys included.
func (h *HSM) Save() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.encode()
}

func (h *HSM) encode() ([]byte, error) {
	out, err := json.MarshalIndent(h.state, "", "\t")
	if err != nil {
		return nil, fmt.Errorf("simulated HSM: save: %w", err)
	}
	return append(out, '\n'), nil
}

// LoadHSM makes a device from what Save wrote and plugs it in: its sessions
// are gone and its log says that it booted. WithHSMFirmware changes the version.
func LoadHSM(saved []byte, options ...HSMOption) (*HSM, error) {
	if len(saved) > hsmMaxState {
		return nil, fmt.Errorf("simulated HSM: load: %d bytes, more than a device's state can be", len(saved))
	}
	h := newHSM()
	decoder := json.NewDecoder(bytes.NewReader(saved))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&h.state); err != nil {
		return nil, fmt.Errorf("simulated HSM: load: %w", err)
	}
	if err := h.state.check(); err != nil {
		return nil, fmt.Errorf("simulated HSM: load: %w; delete the file to begin with a new device", err)
	}
	for _, option := range options {
		option(h)
	}
	h.boot()
	return h, nil
}

func (s *hsmState) check() error {
	switch {
	case s.Format != hsmFormat:
		return fmt.Errorf("format %d, want %d", s.Format, hsmFormat)
	case len(s.Objects) > hsmMaxObjects:
		return fmt.Errorf("%d objects, at most %d fit", len(s.Objects), hsmMaxObjects)
	case len(s.Log) > hsmLogSize || len(s.LogDigest) != 16:
		return errors.New("the log is not one")
	case s.Sequences == nil || s.Audit == nil:
		return errors.New("a field is missing")
	}
	seen := map[string]bool{}
	for i, o := range s.Objects {
		if o == nil {
			return fmt.Errorf("object %d is empty", i)
		}
		if err := o.check(); err != nil {
			return fmt.Errorf("object %#04x of type %d: %w", o.ID, o.Type, err)
		}
		if seen[hsmSequenceKey(o)] {
			return fmt.Errorf("object %#04x of type %d is there twice", o.ID, o.Type)
		}
		seen[hsmSequenceKey(o)] = true
	}
	for _, e := range s.Log {
		if len(e) != len(hsmLogEntry{}) {
			return errors.New("a log entry is not 32 bytes long")
		}
	}
	return nil
}
