//go:build vm

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"anodize/cmd/internal/gate"
	"anodize/devices/drm"
)

// probe runs in place of the kiosk. It tries what a kiosk must not be able to do, and
// what it must, and says the first thing that is not as it should be.
func probe() {
	g := gate.NewClient(os.NewFile(gate.AnswersFD, "answers"), os.NewFile(gate.RequestsFD, "requests"))
	for readable("/dev/sda") != nil || readable("/dev/sdb") != nil { // they take a second
		time.Sleep(100 * time.Millisecond)
	}
	for _, try := range []func(*gate.Client) error{closedFiles, closedCalls, openDevices, theStick, theClock} {
		if err := try(g); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	fmt.Fprintln(os.Stderr, "all is as it should be")
	os.Exit(9)
}

func readable(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return f.Close()
}

// refused wants an error of the kernel's.
func refused(what string, err error) error {
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.EROFS) {
		return nil
	}
	return fmt.Errorf("%s is not refused: %v", what, err)
}

func closedFiles(*gate.Client) error {
	var errs []error
	for path, flags := range map[string]int{
		"/program.args": os.O_RDONLY, "/modules.list": os.O_RDONLY, "/proc/self/status": os.O_RDONLY, "/proc/1/status": os.O_RDONLY,
		"/dev/ttyS0": os.O_RDWR, "/dev/ttyS1": os.O_RDWR, "/dev/mem": os.O_RDONLY, "/dev/kmsg": os.O_RDONLY, "/dev/sda": os.O_RDWR,
		lockFile: os.O_RDWR, "/run/anodize/more": os.O_RDWR | os.O_CREATE, "/tmp/file": os.O_RDWR | os.O_CREATE, "/dev/file": os.O_RDWR | os.O_CREATE,
		stickFolder + "/file":                          os.O_RDWR | os.O_CREATE,
		"/sys/bus/usb/devices/usb1/authorized_default": os.O_WRONLY,
	} {
		f, err := os.OpenFile(path, flags, 0o600)
		if err == nil {
			f.Close()
		}
		if !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, refused("opening "+path, err))
		}
	}
	return errors.Join(errs...)
}

func closedCalls(*gate.Client) error {
	_, err := syscall.ForkExec("/init", []string{"/init"}, nil)
	_, space := syscall.ForkExec("/program", []string{"/program"}, &syscall.ProcAttr{Sys: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}})
	return errors.Join(
		refused("running another program", err),
		refused("becoming root", unix.Setresuid(0, 0, 0)),
		refused("mounting", unix.Mount("tmpfs", "/tmp", "tmpfs", 0, "")),
		refused("making a device node", unix.Mknod("/dev/mine", unix.S_IFCHR|0o600, 0x101)),
		refused("ending the sentinel", unix.Kill(1, unix.SIGTERM)),
		refused("changing the rights of a device", os.Chmod("/dev/sda", 0o666)),
		refused("setting the clock", unix.ClockSettime(unix.CLOCK_REALTIME, &unix.Timespec{Sec: 1})),
		refused("switching the machine off", unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)),
		refused("a namespace of its own", notSpace(space)),
	)
}

// notSpace takes the error by which user.max_user_namespaces refuses for EPERM.
func notSpace(err error) error {
	if errors.Is(err, unix.ENOSPC) {
		return unix.EPERM
	}
	return err
}

func openDevices(*gate.Client) error {
	found, err := filepath.Glob("/dev/input/event*")
	if err != nil || len(found) == 0 {
		return fmt.Errorf("input devices: %q, %v", found, err)
	}
	for _, path := range found {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		const grab = 0x40044590 // EVIOCGRAB
		if _, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), grab, 1); errno != 0 {
			return fmt.Errorf("grabbing %s: %w", path, errno)
		}
	}
	s, err := drm.Open(drm.Folder) // it becomes the card's master
	if err != nil {
		return err
	}
	return s.Close()
}

// theStick is written, and nothing on it can be run; the other one is damaged.
func theStick(g *gate.Client) error {
	good, bad := "sda", "sdb"
	if _, err := g.MountStick(good, false); err != nil {
		good, bad = bad, good
	}
	folder, err := g.MountStick(good, true)
	if err != nil {
		return err
	}
	name := filepath.Join(folder, "WRITTEN.TXT")
	if err := os.WriteFile(name, []byte("by the kiosk"), 0o600); err != nil {
		return err
	}
	err = errors.Join(
		refused("running a program on the stick", unix.Exec(filepath.Join(folder, "PROGRAM"), []string{"x"}, nil)),
		refused("making the folder that firmware starts from", os.Mkdir(filepath.Join(folder, "EFI"), 0o700)),
	)
	if err := errors.Join(err, os.Rename(name, filepath.Join(folder, "RENAMED.TXT")), g.UnmountStick()); err != nil {
		return err
	}
	if folder, err = g.MountStick(good, false); err != nil {
		return err
	}
	b, err := os.ReadFile(filepath.Join(folder, "RENAMED.TXT"))
	if err != nil || !bytes.Equal(b, []byte("by the kiosk")) {
		return fmt.Errorf("read back: %q, %v", b, err)
	}
	if err := os.WriteFile(name, nil, 0o600); !errors.Is(err, unix.EROFS) {
		return fmt.Errorf("a stick that is mounted for reading is written: %v", err)
	}
	if err := g.UnmountStick(); err != nil {
		return err
	}
	if _, err := os.ReadFile(filepath.Join(folder, "RENAMED.TXT")); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("after it was unmounted: %v", err)
	}
	if _, err := g.MountStick(bad, false); err == nil || !strings.Contains(err.Error(), "damaged") {
		return fmt.Errorf("a damaged stick: %v", err)
	}
	if _, err := g.MountStick("sdc", false); err == nil || errors.Is(err, gate.ErrProtocol) {
		return fmt.Errorf("a stick that is not there: %v", err)
	}
	return nil
}

func theClock(g *gate.Client) error {
	want := time.Date(2031, 12, 24, 18, 30, 15, 0, time.UTC)
	if err := g.SetClock(want); err != nil {
		return err
	}
	if now := time.Now(); now.Sub(want) < 0 || now.Sub(want) > time.Hour {
		return fmt.Errorf("the clock is %v", now)
	}
	if err := g.SetClock(time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)); err == nil {
		return errors.New("the clock is set to 1970")
	}
	return nil
}
