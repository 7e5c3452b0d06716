package disc

import (
	"context"
	"time"
)

// Transport carries SCSI commands to one optical drive. It is all that this
// package knows of hardware: SG_IO on Linux, a simulator in a rehearsal.
type Transport interface {
	// Command sends cdb (6 to 16 bytes) and moves data one way: out to the
	// drive, or from the drive into in; at most one of them is non-empty and
	// neither is longer than 65,536 bytes. It returns how many bytes arrived in
	// in and, after CHECK CONDITION, the sense data (fixed or descriptor
	// format, SPC-4 section 4.5); sense is nil after GOOD. A non-nil error says
	// that the command's outcome is unknown: device gone, time-out, reset.
	// Nothing is ever sent again by the transport itself.
	Command(ctx context.Context, cdb, out, in []byte, timeout time.Duration) (n int, sense []byte, err error)
}
