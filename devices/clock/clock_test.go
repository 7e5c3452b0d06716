package clock

import (
	"errors"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// clocks is a kernel whose clocks are variables.
type clocks struct {
	system, battery       time.Time
	systemErr, batteryErr error
}

func (c *clocks) setSystem(t time.Time) error {
	if c.systemErr == nil {
		c.system = t
	}
	return c.systemErr
}

func (c *clocks) setBattery(_ string, t time.Time) error {
	if c.batteryErr == nil {
		c.battery = t
	}
	return c.batteryErr
}

var spring = time.Date(2026, 4, 25, 16, 31, 22, 5, time.FixedZone("CEST", 7200))

func TestBothClocksAreSet(t *testing.T) {
	var k clocks
	if err := (&Clock{kernel: &k}).Set(spring); err != nil || !k.system.Equal(spring) || !k.battery.Equal(spring) {
		t.Errorf("%v: %+v", err, k)
	}
	if k.battery.Location() != time.UTC {
		t.Errorf("the clock on a battery shows %v", k.battery)
	}
}

func TestWhatCanGoWrong(t *testing.T) {
	for _, c := range []struct {
		name        string
		kernel      clocks
		battery     bool // the error is a BatteryError
		is          error
		systemIsSet bool
	}{
		{"not allowed", clocks{systemErr: unix.EPERM}, false, ErrPrivilege, false},
		{"the one on a battery not allowed", clocks{batteryErr: &os.PathError{Op: "open", Path: "/dev/rtc0", Err: unix.EACCES}}, true, ErrPrivilege, true},
		{"the one on a battery cannot hold the year", clocks{batteryErr: unix.EINVAL}, true, unix.EINVAL, true},
		{"no clock on a battery", clocks{batteryErr: unix.ENOENT}, false, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := (&Clock{kernel: &c.kernel}).Set(spring)
			var battery *BatteryError
			if !errors.Is(err, c.is) || errors.As(err, &battery) != c.battery || c.kernel.system.IsZero() == c.systemIsSet || !c.kernel.battery.IsZero() {
				t.Errorf("%v: %+v", err, c.kernel)
			}
		})
	}
	if err := (&Clock{kernel: &clocks{}}).Set(time.Unix(-1, 0)); err == nil {
		t.Error("the clock was set to 1969")
	}
}

// The example of rtc(4) and of struct tm: months from 0, years from 1900.
func TestTheFieldsAreThoseOfTm(t *testing.T) {
	want := unix.RTCTime{Sec: 22, Min: 31, Hour: 14, Mday: 25, Mon: 3, Year: 126}
	if got := broken(spring.UTC()); got != want {
		t.Errorf("%+v, not %+v", got, want)
	}
}
