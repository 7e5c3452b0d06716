// Package guest is the end of a test's conversation that runs in the virtual
// machine: lines over the second serial port, see package qemu.
package guest

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Port is the line to the test.
type Port struct {
	file *os.File
	in   *bufio.Scanner
}

// Open opens the second serial port, raw: no echo, no translation.
func Open() (*Port, error) {
	f, err := os.OpenFile("/dev/ttyS1", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("reading the serial port's mode: %w", err)
	}
	t.Iflag, t.Oflag, t.Lflag = 0, 0, 0
	t.Cflag = unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("making the serial port raw: %w", err)
	}
	return &Port{file: f, in: bufio.NewScanner(f)}, nil
}

// Say sends the test a line.
func (p *Port) Say(format string, arguments ...any) {
	fmt.Fprintf(p.file, format+"\n", arguments...)
}

// Hear returns the words of the test's next line; false when it has gone.
func (p *Port) Hear() ([]string, bool) {
	if !p.in.Scan() {
		return nil, false
	}
	return strings.Fields(p.in.Text()), true
}

// PowerOff ends the machine.
func PowerOff() {
	unix.Sync()
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) // a machine that stays on is stopped by the test
}
