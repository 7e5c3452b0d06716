//go:build vm

package clock

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"anodize/devices/qemu"
	"anodize/devices/qemu/guest"
)

// TestMain is also the program of the virtual machine.
func TestMain(m *testing.M) {
	if os.Getpid() == 1 {
		inGuest()
		return
	}
	os.Exit(m.Run())
}

func inGuest() {
	defer guest.PowerOff()
	port, err := guest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	t := time.Date(2031, 12, 24, 18, 30, 15, 0, time.UTC)
	err = New("").Set(t)
	now := time.Now()
	shown, readErr := os.ReadFile("/sys/class/rtc/rtc0/since_epoch")
	port.Say("SET %d %s %v", now.Sub(t)/time.Minute, strings.TrimSpace(string(shown)), errors.Join(err, readErr))
	var battery *BatteryError
	err = New("").Set(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)) // PC clocks end in 2099
	port.Say("LATE %t", errors.As(err, &battery))
	err = errors.Join(unix.Prctl(unix.PR_SET_KEEPCAPS, 0, 0, 0, 0), unix.Setresuid(1000, 1000, 1000))
	if err == nil {
		err = New("").Set(t)
	}
	port.Say("PRIVILEGE %t", errors.Is(err, ErrPrivilege))
}

func TestTheMachinesClocksAreSet(t *testing.T) {
	out := filepath.Join(t.TempDir(), "guest")
	cmd := exec.Command("go", "test", "-c", "-tags", "vm", "-trimpath", "-ldflags=-s -w", "-o", out, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the guest's program: %v\n%s", err, text)
	}
	vm := qemu.Boot(t, qemu.Options{Program: out})
	var minutes int
	var seconds int64
	answer := vm.Expect("SET ")
	if _, err := fmt.Sscanf(answer, "%d %d <nil>", &minutes, &seconds); err != nil || minutes != 0 {
		t.Errorf("setting the clocks: %s", answer)
	}
	if rtc := time.Unix(seconds, 0).UTC(); rtc.Format("2006-01-02 15:04") != "2031-12-24 18:30" {
		t.Errorf("the clock on a battery shows %v", rtc)
	}
	if got := vm.Expect("LATE "); got != "true" {
		t.Errorf("a year that the clock on a battery cannot hold: %s", got)
	}
	if got := vm.Expect("PRIVILEGE "); got != "true" {
		t.Errorf("without privileges: %s", got)
	}
}
