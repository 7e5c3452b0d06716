package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// wipe gives all memory but the kernel's and this process's back, which the kernel
// clears as it takes it (init_on_free): the kiosk's, its files' and the caches'.
func (s *sentinel) wipe() {
	s.status.set("The ceremony on this machine is over.")
	reapAll()
	unix.Sync()
	s.say(errors.Join(
		s.keeper.UnmountStick(),
		unix.Unmount("/run", unix.MNT_DETACH),
		os.WriteFile("/proc/sys/vm/drop_caches", []byte("3"), 0),
	))
}

// halt switches the machine off, or starts it again.
func halt(how int) {
	for {
		err := unix.Reboot(how)
		fmt.Printf("anodize-sentinel: switching the machine off: %v; switch it off by hand\n", err)
		time.Sleep(time.Minute)
	}
}
