// Command loader is the first process of a test's virtual machine. It mounts the
// kernel's file systems, loads the modules that /modules.list names, one path a
// line, in that order, and becomes /program with the arguments of /program.args.
package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	for dir, kind := range map[string]string{"/dev": "devtmpfs", "/proc": "proc", "/sys": "sysfs"} {
		if err := unix.Mount(kind, dir, kind, 0, ""); err != nil {
			fmt.Printf("loader: mounting %s: %v\n", dir, err)
		}
	}
	for _, name := range lines("/modules.list") {
		if err := load(name); err != nil {
			fmt.Printf("loader: loading %s: %v\n", name, err)
		}
	}
	args := append([]string{"/program"}, lines("/program.args")...)
	fmt.Printf("loader: cannot become /program: %v\n", syscall.Exec("/program", args, os.Environ()))
	unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF)
}

func lines(name string) []string {
	data, err := os.ReadFile(name)
	if err != nil || len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func load(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}
