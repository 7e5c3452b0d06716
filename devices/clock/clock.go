// Package clock sets the machine's clocks: the kernel's, and the one that runs on a
// battery while the machine is off.
//
// It guarantees that Set succeeds only if both show the new time, as far as the
// machine has the second. That one keeps universal time.
//
// Sources: clock_settime(2), rtc(4), Linux's include/uapi/linux/rtc.h.
package clock

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// ErrPrivilege means that this program may not set the clock.
var ErrPrivilege = errors.New("this program may not set the clock: it needs CAP_SYS_TIME and the use of /dev/rtc0")

// BatteryError means that the kernel's clock was set and that the one on a battery
// was not: the time will be wrong again after the machine was switched off.
type BatteryError struct{ Err error }

func (e *BatteryError) Error() string {
	return "the clock is set, but the one that runs while the machine is off is not: " + e.Err.Error()
}

// Unwrap gives the reason.
func (e *BatteryError) Unwrap() error { return e.Err }

// Clock is the clock of one machine.
type Clock struct {
	node   string
	kernel kernel
}

// kernel sets the clocks. Tests put their own here.
type kernel interface {
	setSystem(time.Time) error
	setBattery(node string, t time.Time) error
}

// New returns the clock of the machine whose root folder is root ("" is this one).
func New(root string) *Clock {
	return &Clock{node: filepath.Join(root, "/dev/rtc0"), kernel: linux{}}
}

// Now is the kernel's clock.
func (c *Clock) Now() time.Time { return time.Now() }

// Set sets both clocks to t, the one on a battery to the whole second. A machine
// without that one is no error; if it is there and does not take the time, the
// error is a *BatteryError.
func (c *Clock) Set(t time.Time) error {
	if t.Unix() < 0 {
		return fmt.Errorf("setting the clock to %v: that is before 1970", t)
	}
	if err := c.kernel.setSystem(t); err != nil {
		return fmt.Errorf("setting the clock: %w", explain(err))
	}
	err := c.kernel.setBattery(c.node, t.UTC())
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return &BatteryError{explain(err)}
}

func explain(err error) error {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return fmt.Errorf("%w (%w)", ErrPrivilege, err)
	}
	return err
}

// linux is the kernel's own.
type linux struct{}

func (linux) setSystem(t time.Time) error {
	ts, err := unix.TimeToTimespec(t)
	if err != nil {
		return err
	}
	return os.NewSyscallError("clock_settime", unix.ClockSettime(unix.CLOCK_REALTIME, &ts))
}

func (linux) setBattery(node string, t time.Time) (err error) {
	f, err := os.Open(node) // rtc(4) asks for no more
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	rtc := broken(t)
	return os.NewSyscallError("RTC_SET_TIME", unix.IoctlSetRTCTime(int(f.Fd()), &rtc))
}

// broken is t, in UTC, in the fields of struct rtc_time: those of struct tm, of
// which the kernel does not read the last three.
func broken(t time.Time) unix.RTCTime {
	return unix.RTCTime{
		Sec: int32(t.Second()), Min: int32(t.Minute()), Hour: int32(t.Hour()),
		Mday: int32(t.Day()), Mon: int32(t.Month()) - 1, Year: int32(t.Year()) - 1900,
	}
}
