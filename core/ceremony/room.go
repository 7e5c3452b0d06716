package ceremony

import (
	"context"
	"errors"
	"io"
	"time"

	"anodize/core/disc"
	"anodize/core/hsm"
)

// ErrAbsent says that a device is not plugged in, or that the drive is empty.
// Whatever opens a device wraps it.
var ErrAbsent = errors.New("not there")

// Mode says what an archive is for. A kiosk refuses an archive of another mode.
type Mode string

const (
	Production Mode = "production"
	Rehearsal  Mode = "rehearsal"
	Dev        Mode = "dev"
)

// NamePrefix is what every common name begins with in this mode, so that a
// rehearsal's certificate can never be taken for a real one.
func (m Mode) NamePrefix() string {
	if m == Rehearsal {
		return "REHEARSAL "
	}
	return ""
}

// banner is the word that every screen of this mode carries.
func (m Mode) banner() string {
	switch m {
	case Rehearsal:
		return "REHEARSAL"
	case Dev:
		return "DEV"
	}
	return ""
}

// Room is what the ceremony can reach: the devices on the table, the clock and
// the kernel's randomness. The devices may come and go at any moment.
type Room interface {
	// Now is the machine's clock; SetClock changes it.
	Now() time.Time
	SetClock(time.Time) error

	// Stick, HSMs and Drive return what is plugged in right now. The error wraps
	// ErrAbsent if nothing is. They are asked often: a device that stays where
	// it is gives the same handle again, one that was plugged in anew another.
	// The room lets go of a device when it is gone; the ceremony closes none.
	Stick(context.Context) (Stick, error)
	// HSMs returns all that are there, one at least, in an order that does not
	// change while they stay.
	HSMs(ctx context.Context, backend string) ([]hsm.Device, error)
	Drive(context.Context) (disc.Transport, error)

	// Changed delivers a value after a device came or went.
	Changed() <-chan struct{}
}

// Stick is the USB stick, the shuttle between the room and the world. All names
// are plain file names at its top level.
type Stick interface {
	List(context.Context) ([]string, error)
	// ReadFile refuses a file longer than limit bytes.
	ReadFile(ctx context.Context, name string, limit int64) ([]byte, error)
	// WriteFile returns only after the file was synced and read back equal.
	WriteFile(ctx context.Context, name string, data []byte) error
}

// Setup is what a ceremony is started with.
type Setup struct {
	Room    Room
	Mode    Mode
	Random  io.Reader // the kernel's generator
	Image   [32]byte  // SHA-256 of the running image or program
	Program string    // version of the program
	Built   time.Time // when the image was built, or rather its source committed; zero: not known
	Machine Machine   // nil: nothing is known of it
	Power   bool      // the machine is ended after Run, as Ending says
}
