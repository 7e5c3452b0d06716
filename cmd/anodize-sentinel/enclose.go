package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"anodize/devices/landlock"
)

// kioskID is the kiosk's user and group.
const kioskID = 1000

// encloseName is the first argument by which this program becomes the kiosk: it gives
// up everything, and is then replaced by it. The other arguments are the kiosk's
// program and its arguments.
const encloseName = "enclose"

// exitNotEnclosed says that the kiosk was not started.
const exitNotEnclosed = 125

// enclose becomes the kiosk. It returns only if it cannot.
func enclose(args []string) error {
	if len(args) == 0 {
		return errors.New("enclosing the kiosk: no program is named")
	}
	runtime.LockOSThread() // the thread's privileges are those of what it becomes
	if err := giveUp(); err != nil {
		return fmt.Errorf("giving up privileges: %w", err)
	}
	err := landlock.Restrict([]landlock.Rule{
		{Path: args[0], Allow: landlock.Run},
		{Path: "/dev", Allow: landlock.Use}, // of these, its group's nodes
		{Path: "/sys", Allow: landlock.Read},
		{Path: stickFolder, Allow: landlock.Change},
	})
	if err != nil {
		return err
	}
	return fmt.Errorf("becoming %s: %w", args[0], unix.Exec(args[0], args, os.Environ()))
}

// giveUp leaves this thread no capability, no group and no way to gain any.
func giveUp() error {
	for c := uintptr(0); ; c++ {
		err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
		if errors.Is(err, unix.EINVAL) && c > 0 { // the last one was before it
			break
		}
		if err != nil {
			return os.NewSyscallError("PR_CAPBSET_DROP", err)
		}
	}
	return errors.Join(
		os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})),
		os.NewSyscallError("setgroups", syscall.Setgroups(nil)),
		os.NewSyscallError("setresgid", syscall.Setresgid(kioskID, kioskID, kioskID)),
		os.NewSyscallError("setresuid", syscall.Setresuid(kioskID, kioskID, kioskID)),
		os.NewSyscallError("PR_SET_NO_NEW_PRIVS", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)),
	)
}
