package hsm

import (
	"errors"
	"strings"
)

// Errors that a caller must tell apart. A back-end wraps them with what it was
// doing; errors.Is finds them.
var (
	ErrWrongPIN       = errors.New("the PIN does not open this device: check which shares were entered, and that this is the device they belong to")
	ErrNotFresh       = errors.New("the device is not factory-fresh: take another one, or reset this one by holding its metal rim for 10 seconds while plugging it in")
	ErrNotEnrolled    = errors.New("the device holds no key of this ceremony: plug in one that the archive lists")
	ErrKeyExists      = errors.New("a key of that label already exists in the device")
	ErrKeyNotFound    = errors.New("no key of that label exists in the device")
	ErrLogFull        = errors.New("the device's log is full: burn its entries to the disc and acknowledge them first")
	ErrBusy           = errors.New("the device has no session free: wait 30 seconds and try again")
	ErrStorage        = errors.New("the device's object store is full: take another device, or reset this one by holding its metal rim for 10 seconds while plugging it in")
	ErrFirmware       = errors.New("the device's firmware is too old for this")
	ErrUnsupported    = errors.New("this back-end cannot do that")
	ErrOutcomeUnknown = errors.New("whether the command was carried out is not known: read the device's log before anything else")
	ErrSessionDead    = errors.New("the session with the device has ended: open it again")
	ErrCannotAttest   = errors.New("the device does not attest keys of this kind")
	ErrLog            = errors.New("the device's log does not continue from the entries on record")
)

// ForeignObjectsError says that a device holds what the ceremony did not put
// there.
type ForeignObjectsError struct {
	Objects []string // each named by kind, number and label
}

func (e *ForeignObjectsError) Error() string {
	return "the device holds objects that do not belong to this ceremony (" + strings.Join(e.Objects, ", ") +
		"): if nobody needs them, reset it by holding its metal rim for 10 seconds while plugging it in; otherwise take another device"
}
